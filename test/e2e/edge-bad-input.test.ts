/** What a board meets: a network that comes and goes, a clock at 1970, a card that is full or read-only. With the edge file. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { edgeDevnet } from './edge-devnet.ts'

const WAIT_MS = 120_000
const { file, spec, stakecube } = edgeDevnet('bad-input')

interface Line {
  readonly event: string
  readonly height: number
  readonly source: string
}

/** `stakecube light --json`, running. */
class Light {
  readonly heads: Line[] = []
  /** What it says to the person, a line each. */
  readonly said: string[] = []
  readonly #child: ChildProcess
  #look: () => void = () => undefined
  #isOver = false

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const flags = ['light', '--json', '--spec', spec(), '--save-every', '0', ...args]
    this.#child = spawn(process.execPath, ['dist/edge/stakecube.mjs', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as Line
      if (line.event === 'head') this.heads.push(line)
      this.#look()
    })
    createInterface({ input: this.#child.stderr! }).on('line', (text) => {
      if (!text.includes('for trying out, not secure')) this.said.push(text)
      this.#look()
    })
    this.#child.once('exit', () => {
      this.#isOver = true
      this.#look()
    })
  }

  get newest(): number {
    return this.heads.at(-1)?.height ?? -1
  }

  /** Resolves once `holds`, looked at with each line; rejects with all it said when it ends before or takes too long. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const timer = setTimeout(() => ((this.#isOver = true), this.#look()), WAIT_MS)
    await new Promise<void>((resolve, reject) => {
      this.#look = () => {
        if (holds()) resolve()
        else if (this.#isOver) reject(new Error(`${what}: not at height ${this.newest}\n${this.said.join('\n')}`))
      }
      this.#look()
    }).finally(() => clearTimeout(timer))
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.kill('SIGINT')
    await gone
  }
}

/** The first validator over TCP. */
function peer(): { readonly address: string; readonly port: number } {
  const { tcpPeers } = JSON.parse(readFileSync(file('devnet/devnet.json'), 'utf8')) as { tcpPeers: string[] }
  const [address] = tcpPeers as [string]
  return { address, port: Number(/\/tcp\/(\d+)/.exec(address)![1]) }
}

/** A network between client and peer that can be taken away: connections break, and new ones are refused. */
class Cable {
  isUp = true
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(port: number): Promise<Cable> {
    const server = createServer()
    const cable = new Cable(server)
    server.on('connection', (near) => {
      near.on('error', () => undefined)
      if (!cable.isUp) return near.destroy()
      const far = connect(port, '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        cable.#sockets.add(from)
        from.on('error', () => to.destroy())
        from.on('close', () => (cable.#sockets.delete(from), to.destroy()))
        from.pipe(to)
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return cable
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** Away until `over` resolves. */
  async cutUntil(over: () => Promise<unknown>): Promise<void> {
    this.isUp = false
    for (const socket of this.#sockets) socket.destroy()
    await over()
    this.isUp = true
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

test('a network that comes and goes every few seconds: the chain is followed in between, and it is said in one line', async () => {
  const { address, port } = peer()
  const cable = await Cable.to(port)
  const light = new Light(['--peer', address.replace(`/tcp/${port}`, `/tcp/${cable.port}`), '--store', file('flap')])
  try {
    const said = (): readonly string[] => light.said.filter((text) => text.includes(`/tcp/${cable.port}/`))
    for (let round = 0; round < 3; round++) {
      const before = light.newest
      await light.until(`a head after ${round} cuts`, () => light.newest > Math.max(0, before))
      // The first one for as long as it takes to be noticed, the others about as long as a dial that fails and the wait after it.
      await cable.cutUntil(() =>
        round === 0
          ? light.until('a word about the network', () => said().length > 0)
          : new Promise((resolve) => setTimeout(resolve, 1500)),
      )
    }
    deepEqual(
      light.heads.map(({ height }) => height),
      light.heads.map(({ height }) => height).toSorted((a, b) => a - b),
    )
    equal(said().length, 1, light.said.join('\n'))
    match(said()[0]!, /^stakecube light: could not connect to \S+: .*; it is tried again, at most 30 s apart$/)
  } finally {
    await light.stop()
    await cable.close()
  }
})

/** Stands before the program: its clock begins at 1970, until a signal sets it. */
const CLOCK = `
const RealDate = Date
let behindMs = RealDate.now() - 7000
globalThis.Date = class extends RealDate {
  constructor(...parts) { if (parts.length === 0) super(RealDate.now() - behindMs); else super(...parts) }
  static now() { return RealDate.now() - behindMs }
}
process.on('SIGUSR2', () => { behindMs = 0 })
`

test('a clock at 1970: no head is taken and it is said in one line; once the clock is set it goes on by itself', async () => {
  writeFileSync(file('clock.cjs'), CLOCK)
  const light = new Light(['--peer', peer().address, '--store', file('clock')], {
    NODE_OPTIONS: `--require ${file('clock.cjs')}`,
  })
  try {
    await light.until('a word about the clock', () => light.said.length > 0)
    deepEqual(
      light.heads.filter(({ source }) => source !== 'genesis'),
      [],
    )
    equal(light.said.length, 1, light.said.join('\n'))
    match(light.said[0]!, /^stakecube light: .*clock/)
    light.kill('SIGUSR2')
    await light.until('a head after the clock is set', () => light.newest > 0)
    equal(light.said.length, 1, light.said.join('\n'))
  } finally {
    await light.stop()
  }
})

// ── Cards: small file systems of their own ───────────────────────────────────────────────────────────────────────────

/** A file system of so many bytes, until the test ends; undefined where this user may not mount one. */
function card(t: TestContext, name: string, bytes: number): string | undefined {
  const folder = file(name)
  mkdirSync(folder)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]).status !== 0) return undefined
  t.after(() => spawnSync('umount', [folder]))
  return folder
}

const NO_MOUNT = 'this user may not mount a file system'

test('a card that is full: said in one line, exit 7, and nothing half-made stays', (t) => {
  const folder = card(t, 'full', 64 * 1024)
  if (folder === undefined) return t.skip(NO_MOUNT)
  const { status, said } = stakecube('light', '--spec', spec(), '--peer', peer().address, '--store', `${folder}/store`)
  equal(status, 7)
  equal(said.length, 1)
  match(said[0]!, /ENOSPC/)
  deepEqual(existsSync(`${folder}/store`) ? readdirSync(`${folder}/store`).filter((name) => name !== 'lock') : [], [])
})

test('a card that is read-only: said in one line, exit 7, whether there is a store on it or not', (t) => {
  const folder = card(t, 'readonly', 1024 * 1024)
  if (folder === undefined) return t.skip(NO_MOUNT)
  mkdirSync(`${folder}/known`)
  equal(spawnSync('mount', ['-o', 'remount,ro', folder]).status, 0)
  for (const [store, reason] of [
    ['new', /the card may be read-only/],
    ['known', /EROFS/],
  ] as const) {
    const path = `${folder}/${store}`
    const { status, said } = stakecube('light', '--spec', spec(), '--peer', peer().address, '--store', path)
    equal(status, 7)
    equal(said.length, 1)
    match(said[0]!, reason)
  }
})

test('a card that fills up later stops nothing: heads go on being saved', async (t) => {
  const folder = card(t, 'filling', 700 * 1024)
  if (folder === undefined) return t.skip(NO_MOUNT)
  const light = new Light(['--peer', peer().address, '--store', `${folder}/store`])
  try {
    await light.until('a head', () => light.newest > 0)
    fill(`${folder}/other`)
    const before = light.newest
    // A head is told once it is saved: three more were written to a full card.
    await light.until('more heads', () => light.newest >= before + 3)
    deepEqual(light.said, [])
  } finally {
    await light.stop()
  }
  ok(
    stakecube('light', '--once', '--spec', spec(), '--peer', peer().address, '--store', `${folder}/store`).status === 0,
  )
})

/** Writes until nothing more fits. */
function fill(path: string): void {
  const handle = openSync(path, 'w')
  try {
    for (const block = new Uint8Array(4096); ;) writeSync(handle, block)
  } catch (error) {
    equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  } finally {
    closeSync(handle)
  }
}
