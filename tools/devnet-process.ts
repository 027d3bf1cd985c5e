/** `stakecube devnet` as a process of its own, as a person would start it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

/** What the devnet says when it is ready. */
export interface ReadyEvent {
  readonly page: string
  readonly checkpoint: string
  readonly spec: string
  readonly chainId: string
  /** Addresses over webrtc-direct. */
  readonly peers: readonly string[]
  readonly tcpPeers: readonly string[]
  /** The command that follows the chain, to paste. */
  readonly light: string
  /** With --processes, where each validator's metrics and health are. */
  readonly monitors?: readonly string[]
}

export interface DevnetOptions {
  readonly folder: string
  /** Port of the page; any free one if left out. */
  readonly httpPort?: number
  /** First of the validators' ports; free ones if left out. */
  readonly p2pPort?: number
  readonly flags?: readonly string[]
  /** What runs the command line; the sources if left out. */
  readonly command?: readonly string[]
  /** How long it may take until it is ready. */
  readonly readyMs?: number
}

const READY_TIMEOUT_MS = 120_000
/** Lines that are kept for the error when it ends. */
const SAID_COUNT_MAX = 200
export const COMMAND = ['--import', 'tsx', 'src/cli/main.ts']

type Told = ({ readonly event: 'ready' } & ReadyEvent) | { readonly event: 'block'; readonly height: number }

export class DevnetProcess {
  readonly #child: ChildProcess
  readonly #watchers = new Set<() => void>()
  #said: string[] = []
  #ready: ReadyEvent | undefined
  #height = 0
  #hasEnded = false

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stderr!.on('data', (chunk: Buffer) => this.#keep(chunk.toString()))
    createInterface({ input: child.stdout! }).on('line', (line) => this.#take(line))
    child.on('close', () => {
      this.#hasEnded = true
      this.#look()
    })
  }

  /** Resolves when the devnet is ready; rejects with what it said if it ends before. */
  static async start(options: DevnetOptions): Promise<DevnetProcess> {
    const { folder, httpPort = 0, p2pPort = 0, flags = [], command = COMMAND, readyMs = READY_TIMEOUT_MS } = options
    const ports = ['--http', String(httpPort), '--p2p-port', String(p2pPort)]
    const child = spawn(process.execPath, [...command, 'devnet', '--json', '--data', folder, ...ports, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const devnet = new DevnetProcess(child)
    const timer = setTimeout(() => child.kill('SIGKILL'), readyMs)
    try {
      await devnet.#until('it was ready', () => devnet.#ready !== undefined)
    } finally {
      clearTimeout(timer)
    }
    return devnet
  }

  get ready(): ReadyEvent {
    if (this.#ready === undefined) throw new Error('the devnet is not ready')
    return this.#ready
  }

  /** Resolves when block `height` is final; rejects if the devnet ends before. */
  reaches(height: number): Promise<void> {
    return this.#until(`block ${height} was final`, () => this.#height >= height)
  }

  #keep(text: string): void {
    this.#said = [...this.#said, text].slice(-SAID_COUNT_MAX)
  }

  #take(line: string): void {
    this.#keep(line)
    const told = JSON.parse(line) as Told
    if (told.event === 'ready') this.#ready = told
    if (told.event === 'block') this.#height = told.height
    this.#look()
  }

  #look(): void {
    for (const watcher of this.#watchers) watcher()
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!isSo() && !this.#hasEnded) return
        this.#watchers.delete(look)
        if (isSo()) resolve()
        else reject(new Error(`the devnet ended before ${what}:\n${this.#said.join('\n')}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** Ctrl-C, and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGINT')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000)
    await gone
    clearTimeout(timer)
  }
}

/** A TCP port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** First of a run of ports for validators, drawn below the range that systems hand out. */
export const drawPortBase = (): number => 10_000 + 64 * Math.floor(Math.random() * 300)
