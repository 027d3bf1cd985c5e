/**
 * What the edge file is measured on: the emulated board, and this machine's Node beside it. CPU time and memory are read from
 * /proc, from outside, and so the same way for both.
 *
 * Under user emulation the program of the board lives in the lowest 4 GiB of the emulator's address space; its resident memory
 * is what is resident there. The rest (translated code, the emulator itself) a real board does not have.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** As packaging/systemd/stakecube-light.service starts it: heap limits for 512 MB boards. */
export const NODE_FLAGS = ['--max-old-space-size=48', '--max-semi-space-size=1'] as const
const CLOCK_TICKS_PER_SECOND = 100
const WINDOW_END = 2 ** 32

export interface Target {
  readonly name: 'board' | 'host'
  /** How reports call it. */
  readonly title: string
  readonly command: string
  /** Before the script. */
  readonly args: readonly string[]
  /** Whether only memory below 4 GiB is the program's. */
  readonly isEmulated: boolean
}

export const HOST: Target = {
  name: 'host',
  title: 'this machine',
  command: process.execPath,
  args: [],
  isEmulated: false,
}
export const BOARD: Target = {
  name: 'board',
  title: 'emulated ARM1176',
  command: 'sh',
  args: ['tools/board.sh', 'run'],
  isEmulated: true,
}

/** Why there is no emulated board here; undefined when there is. */
export function boardMissing(): string | undefined {
  const root = process.env['STAKECUBE_BOARD_ROOT'] ?? '.cache/board'
  if (!existsSync('/usr/bin/qemu-arm-static')) return 'the emulated board: qemu-arm-static is not installed'
  if (!existsSync(`${root}/usr/bin/node`))
    return `the emulated board: ${root} is not there; make it with tools/board.sh setup`
  return undefined
}

export interface HeadLine {
  readonly event: string
  readonly height: number
  readonly hash: string
  readonly source: string
  /** Since the process was started. */
  readonly sinceStartMs: number
}

/** One process on a target. */
export class TargetProcess {
  readonly child: ChildProcess
  readonly heads: HeadLine[] = []
  readonly exited: Promise<number | null>
  complaints = ''
  readonly #target: Target
  readonly #startedMs = performance.now()
  readonly #listeners: ((head: HeadLine) => void)[] = []

  constructor(target: Target, args: readonly string[]) {
    this.#target = target
    this.child = spawn(target.command, [...target.args, ...NODE_FLAGS, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stderr!.on(
      'data',
      (chunk: Buffer) => (this.complaints = (this.complaints + chunk.toString()).slice(-4000)),
    )
    createInterface({ input: this.child.stdout! }).on('line', (text) => this.#onLine(text))
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null)
  }

  #onLine(text: string): void {
    let line: HeadLine
    try {
      line = { ...(JSON.parse(text) as HeadLine), sinceStartMs: performance.now() - this.#startedMs }
    } catch {
      return // A line that a kill cut off.
    }
    if (line.event !== 'head') return
    this.heads.push(line)
    for (const listener of this.#listeners) listener(line)
  }

  /** The first head for which `wanted` holds; rejects when the process ends or `timeoutMs` is over. */
  head(wanted: (head: HeadLine) => boolean, timeoutMs: number): Promise<HeadLine> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#target.title}: no such head in ${timeoutMs / 1000} s: ${this.complaints}`)),
        timeoutMs,
      )
      const settle = (head: HeadLine) => {
        if (!wanted(head)) return
        clearTimeout(timer)
        resolve(head)
      }
      this.#listeners.push(settle)
      for (const head of this.heads) settle(head)
      void this.exited.then((code) => {
        clearTimeout(timer)
        reject(new Error(`${this.#target.title}: ended with ${code}: ${this.complaints}`))
      })
    })
  }

  /** User and system time so far. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / CLOCK_TICKS_PER_SECOND
  }

  /** Until it has started: for `quietMs` it has used no CPU time to speak of. */
  async idle(quietMs: number): Promise<void> {
    for (let before = -Infinity; this.cpuMs() - before > 50 || before < 50;) {
      before = this.cpuMs()
      await sleep(quietMs)
    }
  }

  /** Resident memory of the program, and of the emulator with it. */
  residentBytes(): { readonly program: number; readonly whole: number } {
    let program = 0
    let whole = 0
    let isInside = true
    for (const line of readFileSync(`/proc/${this.child.pid}/smaps`, 'utf8').split('\n')) {
      const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line)
      if (range !== null) isInside = !this.#target.isEmulated || Number.parseInt(range[2]!, 16) <= WINDOW_END
      if (!line.startsWith('Rss:')) continue
      const bytes = 1024 * Number(/\d+/.exec(line)![0])
      whole += bytes
      if (isInside) program += bytes
    }
    return { program, whole }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill(signal)
    await this.exited
  }
}
