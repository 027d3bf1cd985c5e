import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import type { LightClient } from '../../src/client/index.ts'
import { CommandLine } from '../../src/cli/command-line.ts'
import { startService } from '../../src/cli/service.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-service-'))
after(() => rmSync(folder, { recursive: true }))

/** As much of a client as a service looks at. */
class FakeClient {
  head:
    | { readonly header: { readonly height: bigint; readonly timeMs: bigint }; readonly peer: string | undefined }
    | undefined
  phase = 'waiting'
  peers = [{ state: 'connected' }]
  readonly #listeners = new Set<(head: unknown) => void>()
  on(_: string, listener: (head: unknown) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  bring(height: bigint, peer: string | undefined): void {
    this.head = { header: { height, timeMs: BigInt(Date.now()) }, peer }
    this.phase = 'following'
    for (const listener of [...this.#listeners]) listener(this.head)
  }
}

async function serviceOf(values: Readonly<Record<string, number>>, client: FakeClient) {
  const notes: string[] = []
  const line = new CommandLine([], new Map(Object.entries(values)))
  const service = await startService(line, {
    client: client as unknown as LightClient,
    note: (text) => notes.push(text),
  })
  return { service, notes, url: /http:\/\/127\.0\.0\.1:\d+/.exec(notes.join())?.[0] }
}

test('health is 503 until heads are followed and 200 then; metrics are in the text form; nothing else is served', async () => {
  const client = new FakeClient()
  const { service, url } = await serviceOf({ metrics: 0 }, client)
  equal((await fetch(`${url}/health`)).status, 503)
  client.bring(7n, 'peer')
  const health = await fetch(`${url}/health`)
  equal(health.status, 200)
  equal(((await health.json()) as { height: number }).height, 7)
  const text = await (await fetch(`${url}/metrics`)).text()
  match(text, /^# TYPE stakecube_head_height gauge\nstakecube_head_height 7$/m)
  match(text, /^stakecube_cpu_seconds_total \d/m)
  equal((await fetch(`${url}/`)).status, 404)
  equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 404)
  await service.close()
})

test('a port that is taken is named', async () => {
  const client = new FakeClient()
  const { service, url } = await serviceOf({ metrics: 0 }, client)
  const port = Number(new URL(url!).port)
  await rejects(serviceOf({ metrics: port }, client), {
    name: 'CliError',
    message: `cannot listen on 127.0.0.1:${port} (EADDRINUSE): give another --metrics port`,
  })
  await service.close()
})

test('systemd hears of readiness with the first head of a peer, not of the store, then of the watchdog and of the stop', async () => {
  const said = join(folder, 'said')
  writeFileSync(said, '')
  // Stands in for systemd-notify; that the real one reaches a socket is the next test.
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$@" >> '${said}'\n`)
  chmodSync(join(folder, 'systemd-notify'), 0o755)
  const before = { ...process.env }
  Object.assign(process.env, {
    PATH: `${folder}:${before['PATH']}`,
    NOTIFY_SOCKET: '/nowhere',
    WATCHDOG_USEC: '100000',
  })
  try {
    const client = new FakeClient()
    const { service } = await serviceOf({}, client)
    client.bring(3n, undefined)
    client.bring(4n, 'peer')
    client.bring(5n, 'peer')
    const lines = () => readFileSync(said, 'utf8').trim().split('\n')
    // Loaded machines are slow; what is waited for are the facts, not a time.
    while (!lines().includes('WATCHDOG=1')) await new Promise((resolve) => setTimeout(resolve, 20))
    await service.close()
    while (!lines().includes('STOPPING=1')) await new Promise((resolve) => setTimeout(resolve, 20))
    deepEqual(
      lines().filter((text) => text.startsWith('--ready')),
      ['--ready --status=following, height 4'],
    )
  } finally {
    process.env = before
  }
})

const real = ['/usr/bin/systemd-notify', '/bin/systemd-notify'].some((path) => existsSync(path))
const SOCKET = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", " "), flush=True)
`

test(
  'the real systemd-notify brings READY=1 to the socket',
  { skip: real ? false : 'systemd-notify is not here' },
  async (t) => {
    const path = join(folder, 'notify')
    const python = spawn('python3', ['-c', SOCKET, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [failure] = await Promise.race([once(python, 'error'), once(python, 'spawn').then(() => [undefined])])
    if (failure !== undefined) return t.skip('python3 is not here to listen')
    const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
    await lines.next()
    const before = { ...process.env }
    Object.assign(process.env, { NOTIFY_SOCKET: path })
    try {
      const client = new FakeClient()
      const { service } = await serviceOf({}, client)
      client.bring(9n, 'peer')
      match(String((await lines.next()).value), /READY=1/)
      await service.close()
    } finally {
      process.env = before
      python.kill()
    }
  },
)
