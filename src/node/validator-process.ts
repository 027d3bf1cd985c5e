/** One `stakecube validator` as a process of its own: started, listened to, restarted when it dies, stopped. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface ProcessFinal {
  readonly height: number
  /** Hex of the block hash. */
  readonly hash: string
  readonly round: number
  readonly transactions: number
}

export interface ProcessReady {
  readonly height: number
  readonly hash: string
  readonly addresses: readonly string[]
  /** Where /metrics and /health are. */
  readonly monitor?: string
}

export interface ValidatorProcessWorld {
  /** Arguments of `node` that run this validator. */
  readonly args: readonly string[]
  readonly restarts: boolean
  onReady(ready: ProcessReady): void
  onFinal(final: ProcessFinal): void
  onLog(level: string, message: string): void
  /** It ended without being told to; `pauseMs` until it is started again, undefined: never. */
  onDeath(how: string, pauseMs: number | undefined): void
}

/** Pauses before a restart double from the first to the last, and begin anew after a run that lasted. */
export const RESTART_MS_MIN = 500
export const RESTART_MS_MAX = 30_000
const LASTING_RUN_MS = 60_000
/** How long a validator may take to close its store before it is killed. */
const STOP_TIMEOUT_MS = 8000

export class ValidatorProcess {
  readonly #world: ValidatorProcessWorld
  #child: ChildProcess | undefined
  #gone: Promise<void> = Promise.resolve()
  #isStopping = false
  #pauseMs = RESTART_MS_MIN
  #timer: ReturnType<typeof setTimeout> | undefined
  #ready: ProcessReady | undefined
  #last: ProcessFinal | undefined
  #lastWords = ''
  #starts = 0

  constructor(world: ValidatorProcessWorld) {
    this.#world = world
  }

  /** Set while it runs and is ready. */
  get ready(): ProcessReady | undefined {
    return this.#ready
  }

  /** The last block it said is final. */
  get last(): ProcessFinal | undefined {
    return this.#last
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Times it was started. */
  get startCount(): number {
    return this.#starts
  }

  start(): void {
    if (this.#child !== undefined) return
    clearTimeout(this.#timer)
    this.#isStopping = false
    this.#starts++
    const startedMs = performance.now()
    // A group of its own: Ctrl-C in the terminal reaches the supervisor, which stops its validators. The IPC channel ends
    // with the supervisor, whatever way it ends, and the validator with the channel.
    const child = spawn(process.execPath, [...this.#world.args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    })
    this.#child = child
    createInterface({ input: child.stdout! }).on('line', (line) => this.#heard(line))
    createInterface({ input: child.stderr! }).on('line', (line) => (this.#lastWords = line))
    this.#gone = new Promise((resolve) => {
      const ended = (how: string): void => {
        if (this.#child !== child) return
        this.#child = undefined
        this.#ready = undefined
        resolve()
        if (!this.#isStopping) this.#died(how, performance.now() - startedMs)
      }
      child.once('error', (error) => ended(error.message))
      child.once('close', (code, signal) => ended(signal ?? `exit code ${code}`))
    })
  }

  /** SIGKILL, as an accident: it is started again if it restarts at all. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Resolves when the process is gone and will not come back. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#timer)
    this.#child?.kill('SIGTERM')
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#gone
    clearTimeout(timer)
  }

  #died(how: string, ranMs: number): void {
    if (ranMs > LASTING_RUN_MS) this.#pauseMs = RESTART_MS_MIN
    const pauseMs = this.#world.restarts ? this.#pauseMs : undefined
    this.#world.onDeath(this.#lastWords === '' ? how : `${how}; ${this.#lastWords}`, pauseMs)
    this.#lastWords = ''
    if (pauseMs === undefined || this.#isStopping) return
    this.#pauseMs = Math.min(2 * pauseMs, RESTART_MS_MAX)
    this.#timer = setTimeout(() => this.start(), pauseMs)
  }

  #heard(line: string): void {
    const event = parseEvent(line)
    if (event === undefined) return
    if (event['event'] === 'ready') {
      this.#ready = event as unknown as ProcessReady
      this.#world.onReady(this.#ready)
    } else if (event['event'] === 'block') {
      this.#last = event as unknown as ProcessFinal
      this.#world.onFinal(this.#last)
    } else if (event['event'] === 'log') this.#world.onLog(String(event['level']), String(event['message']))
  }
}

/** A line that a kill cut off is no event. */
function parseEvent(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const event = JSON.parse(line) as unknown
    return typeof event === 'object' && event !== null ? (event as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
