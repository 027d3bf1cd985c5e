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
}

export interface DevnetOptions {
  readonly folder: string
  /** Port of the page; any free one if left out. */
  readonly httpPort?: number
  /** First of the validators' ports; free ones if left out. */
  readonly p2pPort?: number
  readonly flags?: readonly string[]
}

const READY_TIMEOUT_MS = 120_000
export const COMMAND = ['--import', 'tsx', 'src/cli/main.ts']

export class DevnetProcess {
  readonly ready: ReadyEvent
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, ready: ReadyEvent) {
    this.#child = child
    this.ready = ready
  }

  /** Resolves when the devnet is ready; rejects with all it said if it ends before. */
  static async start({ folder, httpPort = 0, p2pPort = 0, flags = [] }: DevnetOptions): Promise<DevnetProcess> {
    const ports = ['--http', String(httpPort), '--p2p-port', String(p2pPort)]
    const child = spawn(process.execPath, [...COMMAND, 'devnet', '--json', '--data', folder, ...ports, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said: string[] = []
    child.stderr!.on('data', (chunk: Buffer) => said.push(chunk.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS)
    try {
      for await (const line of createInterface({ input: child.stdout! })) {
        said.push(line)
        const event = JSON.parse(line) as ReadyEvent & { readonly event: string }
        if (event.event !== 'ready') continue
        child.stdout!.resume()
        return new DevnetProcess(child, event)
      }
    } finally {
      clearTimeout(timer)
    }
    throw new Error(`the devnet ended before it was ready:\n${said.join('\n')}`)
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
