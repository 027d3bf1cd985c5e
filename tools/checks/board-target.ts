/**
 * What the edge file is measured on: the emulated board, and this machine's Node beside it. CPU time and memory are read from
 * /proc, from outside, and so the same way for both.
 *
 * Under user emulation the program of the board lives in the lowest 4 GiB of the emulator's address space; its resident memory
 * is what is resident there. The rest (translated code, the emulator itself) a real board does not have.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const CLOCK_TICKS_PER_SECOND = 100
const WINDOW_END = 2 ** 32
const WRAPPER = 'packaging/stakecube'

export interface Target {
  readonly name: 'board' | 'host'
  /** How reports call it. */
  readonly title: string
  /** What stands for `node` there. */
  readonly node: readonly string[]
  /** Whether only memory below 4 GiB is the program's. */
  readonly isEmulated: boolean
}

export const HOST: Target = { name: 'host', title: 'this machine', node: [process.execPath], isEmulated: false }
export const BOARD: Target = {
  name: 'board',
  title: 'emulated ARM1176',
  node: ['sh', resolve('tools/board.sh'), 'run'],
  isEmulated: true,
}

/** The product as packaging/install.sh puts it in place, below a folder, with a `node` for a target in the path. */
export class Installation {
  readonly target: Target
  readonly #program: string
  readonly #bin: string

  /** Throws when install.sh fails, with what it said. */
  constructor(target: Target, folder: string) {
    this.target = target
    const root = join(folder, `${target.name}-root`)
    this.#program = join(root, 'usr/local/bin/stakecube')
    this.#bin = join(folder, `${target.name}-bin`)
    mkdirSync(root)
    mkdirSync(this.#bin)
    const words = target.node.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    writeFileSync(join(this.#bin, 'node'), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 })
    // Installed by this machine's Node: what is measured starts later.
    const { status, stderr } = spawnSync('packaging/install.sh', {
      env: { ...process.env, DESTDIR: root },
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`install.sh ended with ${status}: ${stderr}`)
  }

  /** `stakecube` as the units and people start it. */
  start(...args: readonly string[]): TargetProcess {
    return new TargetProcess(this.target, this.#program, args, this.#environment({}))
  }

  /** Node itself: with the flags and the environment that the program is started with, or without any. */
  node(isLimited: boolean, ...args: readonly string[]): TargetProcess {
    const { flags, environment } = isLimited ? limits() : { flags: [], environment: {} }
    return new TargetProcess(this.target, join(this.#bin, 'node'), [...flags, ...args], this.#environment(environment))
  }

  #environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${this.#bin}:${process.env['PATH']}`, ...more }
  }
}

interface Limits {
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** What the wrapper gives to Node. */
export function limits(): Limits {
  const text = readFileSync(WRAPPER, 'utf8')
  const exported = /^export (.+)$/m.exec(text)?.[1]
  const flags = /^exec node (.+?) "\$\{0/m.exec(text)?.[1]
  if (exported === undefined || flags === undefined) throw new Error(`${WRAPPER} does not read as this check expects`)
  const environment = Object.fromEntries(exported.split(' ').map((word) => word.split('=') as [string, string]))
  return { flags: flags.split(' '), environment }
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

  constructor(target: Target, command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#target = target
    // Every script on the way ends in exec: the process that is watched is Node's own.
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
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
