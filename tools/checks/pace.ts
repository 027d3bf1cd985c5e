/**
 * Check `pace`: what a person sees after `npm start`. A devnet of 8 validators in its own process, with a page in Chromium
 * and a headless client following over webrtc-direct: time to ready, median time between final blocks, pairings per
 * block, a Ctrl-C that stops all of it, and a second start that goes on from the stored chain.
 */
import { chromium, type Browser } from 'playwright-core'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

const MAIN = 'dist/cli/main.js'
const READY_MS_MAX = 60_000
const MEDIAN_MS_MAX = 1500
const STOP_MS_MAX = 10_000

interface Line {
  readonly event: string
  readonly page?: string
  readonly height?: number
  readonly sinceLastMs?: number
  readonly pairings?: number
}

/** A command of ours in a process of its own, and the JSON lines that it has printed. */
class Command {
  readonly lines: Line[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  /** How it ended: an exit code or a signal. */
  #end: string | undefined
  #waiting: (() => void)[] = []

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, ...args, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    createInterface({ input: this.#child.stdout! }).on('line', (text) => {
      this.lines.push(JSON.parse(text) as Line)
      this.#wake()
    })
    this.#exited = once(this.#child, 'exit').then(([code, signal]) => {
      this.#end = String(code ?? signal)
      this.#wake()
    })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** The first line for which `isWanted` holds. Rejects if the command ends before. */
  async line(what: string, isWanted: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.lines.find(isWanted)
      if (found !== undefined) return found
      if (this.#child.exitCode !== null)
        throw new Error(`the command ended with ${this.#child.exitCode} before ${what}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Ctrl-C. Milliseconds until the process is gone. */
  async interrupt(): Promise<number> {
    if (this.#end !== undefined) return 0
    const startedMs = performance.now()
    this.#child.kill('SIGINT')
    await this.#exited
    return Math.round(performance.now() - startedMs)
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const blocksOf = (command: Command): Line[] => command.lines.filter(({ event }) => event === 'block')

async function openPage(browser: Browser, address: string): Promise<void> {
  const page = await browser.newPage()
  await page.goto(address)
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  if (!existsSync(MAIN)) return { results: [], notRun: [`${MAIN} is not there: run "npm run build" first`] }
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-pace-'))
  const data = join(folder, 'devnet')
  const devnetFlags = ['devnet', '--data', data, '--http', '0', '--p2p-port', '0', '--traffic', '1']
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS] })
  const running: Command[] = []
  const start = (args: readonly string[]): Command => {
    const command = new Command(args)
    running.push(command)
    return command
  }
  try {
    const startedMs = performance.now()
    const devnet = start(devnetFlags)
    const { page } = await devnet.line('it was ready', ({ event }) => event === 'ready')
    const readyMs = Math.round(performance.now() - startedMs)
    await openPage(browser, page!)
    const light = start(['light', '--devnet', page!, '--transport', 'webrtc-direct'])
    const blockCount = full ? 120 : 20
    const firstHead = await light.line('its first head', ({ event }) => event === 'head')
    await devnet.line('enough blocks', () => blocksOf(devnet).length > blockCount)
    const blocks = blocksOf(devnet).slice(1)
    const lastHeight = blocks.at(-1)!.height!
    await light.line('the last of these blocks', ({ event, height }) => event === 'head' && height! >= lastHeight)
    const stopMs = await devnet.interrupt()
    await light.interrupt()
    const again = start(devnetFlags)
    const next = await again.line('a block after the restart', ({ event }) => event === 'block')
    await again.interrupt()
    return {
      results: [
        measured('readyMs', readyMs, 'ms', '<=', READY_MS_MAX),
        measured('medianBlockMs', median(blocks.map(({ sinceLastMs }) => sinceLastMs!)), 'ms', '<=', MEDIAN_MS_MAX),
        noted('pairingsPerBlock', median(blocks.map(({ pairings }) => pairings!)), 'pairings, 8 validators together'),
        noted('blocks', blocks.length, 'blocks'),
        noted('firstVerifiedHeight', firstHead.height, 'height, headless client over webrtc-direct'),
        measured('ctrlCMs', stopMs, 'ms', '<=', STOP_MS_MAX),
        measured('blocksLostByRestart', Math.max(0, lastHeight + 1 - next.height!), 'blocks', '==', 0),
      ],
      notRun: [],
    }
  } finally {
    for (const command of running) await command.interrupt()
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
