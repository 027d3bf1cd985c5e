/** Flags of the commands that run as a service; apart from service.ts, which is loaded only when one is used. */
import type { CommandLine, Flag } from './command-line.ts'

export const SERVICE_FLAGS = {
  metrics: {
    kind: 'number',
    value: 'PORT',
    low: 0,
    high: 65_535,
    help: 'serve /health and /metrics (Prometheus) on 127.0.0.1 at this port (0: any free one)',
  },
} as const satisfies Record<string, Flag>

/** Whether the flags or systemd ask for a service. */
export const isService = (line: CommandLine): boolean =>
  line.number('metrics') !== undefined || process.env['NOTIFY_SOCKET'] !== undefined
