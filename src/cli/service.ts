/**
 * What makes a command a service: readiness and watchdog for systemd, health and metrics over HTTP on loopback.
 *
 * systemd is told through its own `systemd-notify`, since Node has no datagram sockets of the unix kind (NotifyAccess=all in the
 * unit): READY=1 with the first verified head of a peer, WATCHDOG=1 in half the interval that systemd asks for as long as
 * the event loop turns.
 */
import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { LightClient } from '../client/index.ts'
import type { CommandLine } from './command-line.ts'
import { CliError } from './exit-codes.ts'

/** One line of /metrics. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly kind: 'gauge' | 'counter'
  readonly value: number
}

export interface Service {
  close(): Promise<void>
}

export interface ServiceParts {
  readonly client: LightClient
  /** Beyond those of the client: of the store, of a queue. */
  readonly metrics?: () => readonly Metric[]
  note(text: string): void
}

/** Starts what the flags and the environment ask for. Rejects when the port is taken. */
export async function startService(line: CommandLine, parts: ServiceParts): Promise<Service> {
  const server = await serveMetrics(line.number('metrics'), parts)
  const stopNotifying = notifySystemd(parts)
  return {
    async close() {
      stopNotifying()
      server?.closeAllConnections()
      await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)))
    },
  }
}

// ── Health and metrics ───────────────────────────────────────────────────────────────────────────────────────────────

async function serveMetrics(port: number | undefined, parts: ServiceParts): Promise<Server | undefined> {
  if (port === undefined) return undefined
  const server = createServer((request, response) => {
    const page = request.method === 'GET' ? PAGES[request.url ?? ''] : undefined
    const { status, type, body } = page?.(parts) ?? {
      status: 404,
      type: 'text/plain',
      body: 'see /health and /metrics\n',
    }
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  })
  server.maxConnections = 8
  server.requestTimeout = 5000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CliError('environment', `cannot listen on 127.0.0.1:${port} (${error.code}): give another --metrics port`),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address() as { port: number }
  parts.note(`health and metrics on http://127.0.0.1:${address.port}/`)
  server.unref()
  return server
}

interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

const PAGES: Readonly<Record<string, (parts: ServiceParts) => Page>> = {
  '/health': ({ client }) => {
    const { head, phase } = client
    const isHealthy = head !== undefined && phase === 'following'
    const ageMs = head === undefined ? null : Date.now() - Number(head.header.timeMs)
    const facts = { healthy: isHealthy, phase, height: head === undefined ? null : Number(head.header.height), ageMs }
    return { status: isHealthy ? 200 : 503, type: 'application/json', body: `${JSON.stringify(facts)}\n` }
  },
  '/metrics': (parts) => ({
    status: 200,
    type: 'text/plain; version=0.0.4',
    body: metricsOf(parts)
      .map(
        ({ name, help, kind, value }) =>
          `# HELP stakecube_${name} ${help}\n# TYPE stakecube_${name} ${kind}\nstakecube_${name} ${value}\n`,
      )
      .join(''),
  }),
}

function metricsOf({ client, metrics }: ServiceParts): readonly Metric[] {
  const { head, peers } = client
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const gauge = (name: string, help: string, value: number): Metric => ({ name, help, kind: 'gauge', value })
  const counter = (name: string, help: string, value: number): Metric => ({ name, help, kind: 'counter', value })
  return [
    gauge('head_height', 'Height of the newest verified head.', Number(head?.header.height ?? -1)),
    gauge('head_time_seconds', 'Block time of that head.', Number(head?.header.timeMs ?? 0) / 1000),
    gauge('following', '1 while heads of a peer are followed.', client.phase === 'following' ? 1 : 0),
    gauge('peers', 'Connected peers.', peers.filter(({ state }) => state === 'connected').length),
    gauge('heap_used_bytes', 'JavaScript heap in use.', heapUsed),
    gauge('heap_total_bytes', 'JavaScript heap taken.', heapTotal),
    gauge('external_bytes', 'Memory outside of the heap that the heap holds, wasm included.', external),
    gauge('resident_bytes', 'Resident memory of the process.', rss),
    counter('cpu_seconds_total', 'CPU time of the process.', (user + system) / 1e6),
    ...(metrics?.() ?? []),
  ]
}

// ── systemd ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Returns what ends it. Does nothing unless systemd asked for notices. */
function notifySystemd({ client, note }: ServiceParts): () => void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return () => undefined
  let isFailed = false
  const tell = (...words: string[]) =>
    execFile('systemd-notify', words, { timeout: 5000 }, (error) => {
      if (error === null || isFailed) return
      isFailed = true
      note(`systemd is not told that this runs (${error.message.split('\n', 1)[0]}): install systemd-notify`)
    })
  const off = client.on('head', ({ peer, header }) => {
    if (peer === undefined) return
    off()
    tell('--ready', `--status=following, height ${header.height}`)
  })
  const everyMs = Number(process.env['WATCHDOG_USEC'] ?? 0) / 2000
  const timer = everyMs >= 1 ? setInterval(() => tell('WATCHDOG=1'), everyMs) : undefined
  timer?.unref()
  return () => {
    off()
    clearInterval(timer)
    tell('STOPPING=1')
  }
}
