/** Flags of a board's role among the devices (§8); apart from roles.ts, which is loaded only when one is used. */
import { LEASE_NODES_MAX } from '../wire/lease.ts'
import type { CommandLine, Flag } from './command-line.ts'

export const ROLE_FLAGS = {
  'device-key': {
    kind: 'text',
    value: 'FILE',
    help: 'key file of this device (stakecube wallet new): its PeerId stays the same, and can be registered',
  },
  coordinator: {
    kind: 'text',
    value: 'ADDR',
    help: 'with --device-key: ask this coordination node for full nodes to follow, in place of those of --devnet; may be given often',
    many: true,
  },
  coordinate: {
    kind: 'number',
    value: 'N',
    low: 1,
    high: LEASE_NODES_MAX,
    help: 'with --serve: be a coordination node, that assigns N of its peers to each registered device that asks',
  },
} as const satisfies Record<string, Flag>

/** Whether a flag gives this board a role. */
export const hasRole = (line: CommandLine): boolean =>
  line.has('device-key') || line.has('coordinate') || line.has('coordinator')
