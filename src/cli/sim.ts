/** `stakecube sim`: simulated networks from a seed, with the code that production runs. */
import { existsSync } from 'node:fs'
import { open, unlink, writeFile } from 'node:fs/promises'
import { loadBls } from '../crypto/bls-kernel/load.ts'
import { createModelBls, modelBlsSigner } from '../crypto/bls-model.ts'
import { nobleBlsSigner } from '../crypto/bls-signer.ts'
import { loadKernels } from '../kernels/load.ts'
import { CampaignTally, runPlanted, type PlantedResult } from '../sim/campaign.ts'
import { htmlReport, type SingleRun } from '../sim/html-report.ts'
import { sharedSigner, sharedVerifier } from '../sim/shared-bls.ts'
import type { RunOptions } from '../sim/run-options.ts'
import { simulation, type RunReport, type RunResult } from '../sim/simulate.ts'
import type { SimTools } from '../sim/world.ts'
import { parseCommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { DEFINITION, optionsOf } from './sim-options.ts'

/** Rows of the HTML report's plots; beyond them only the summary grows. */
const REPORTS_KEPT_MAX = 100_000
const BAR_WIDTH = 30
const LOOK_EVERY_MS = 50

export async function simCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const scheme = (line.text('signatures') ?? 'model') as 'model' | 'bls'
  const seed = line.text('seed') ?? '1'
  const runs = line.number('runs')
  const optionsAt = (index: number) => optionsOf(line, runs === undefined ? seed : `${seed}-${index}`, scheme)
  const first = optionsAt(0)
  await claim(line.text('html'))
  const makeTools = await toolsMaker(scheme)
  const stop = new Interruption()
  const shown = (report: RunReport) =>
    !line.has('json') && (!report.ok || report.unfinished === true || runs === undefined)
  const { tally, reports, last } = await runAll(runs ?? 1, optionsAt, makeTools, stop, (report) => {
    if (shown(report)) print(argv, report)
  })
  const planted = line.has('planted') ? await runBugs(seed, makeTools(), stop) : []
  const interrupted = stop.isAsked
  const unfinished = last?.report.unfinished === true ? last.report : undefined
  if (interrupted) sayInterrupted(tally.runs, runs ?? 1, unfinished)
  const summary = { ...tally.summary(scheme), interrupted }
  const run = runs === undefined && unfinished === undefined ? { run: last?.report } : {}
  if (line.has('json'))
    printJson({ ...summary, planted, failures: tally.failures, ...run, ...(unfinished && { unfinished }) })
  else printSummary(summary, planted)
  const single: SingleRun | undefined =
    runs === undefined && last !== undefined ? { options: first, trace: last.trace } : undefined
  await writeHtml(line.text('html'), htmlReport(summary, planted, reports, single))
  if (interrupted) return EXIT.interrupted
  return tally.failures.length === 0 && planted.every(({ caught }) => caught) ? EXIT.ok : EXIT.bug
}

/** One run after the other until it is stopped. The one that was under way then counts only if it had failed. */
async function runAll(
  count: number,
  optionsAt: (index: number) => RunOptions,
  makeTools: () => SimTools,
  stop: Interruption,
  show: (report: RunReport) => void,
) {
  const tally = new CampaignTally()
  const reports: RunReport[] = []
  let last: RunResult | undefined
  for (let index = 0; index < count && !stop.isAsked; index++) {
    last = await runOne(optionsAt(index), makeTools(), stop, (share) => showProgress(index + share, count))
    const { report } = last
    show(report)
    if (report.unfinished === true && report.ok) break
    tally.add(report)
    if (reports.length < REPORTS_KEPT_MAX) reports.push(report)
  }
  return { tally, reports, last }
}

/** Ctrl-C, for work that holds the thread. */
class Interruption {
  isAsked = false
  #lookedMs = 0

  /** The first signal asks; the second one finds nobody listening and ends the program at once. */
  constructor() {
    const interrupt = () => {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
      this.isAsked = true
    }
    process.on('SIGINT', interrupt)
    process.on('SIGTERM', interrupt)
  }

  /** Lets signals have their turn, as often as a person can tell; `show` is called when they had. */
  async look(show: () => void): Promise<boolean> {
    const nowMs = performance.now()
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return this.isAsked
    this.#lookedMs = nowMs
    show()
    await new Promise((resolve) => setImmediate(resolve))
    return this.isAsked
  }
}

/** Ends between two events when it is interrupted. */
async function runOne(
  options: RunOptions,
  tools: SimTools,
  stop: Interruption,
  show: (share: number) => void,
): Promise<RunResult> {
  const steps = simulation(options, tools)
  let step = steps.next()
  while (step.done !== true) {
    const share = step.value
    step = steps.next(await stop.look(() => show(share)))
  }
  if (step.value.report.unfinished !== true) show(1)
  return step.value
}

async function runBugs(seed: string, tools: SimTools, stop: Interruption): Promise<PlantedResult[]> {
  const planted: PlantedResult[] = []
  const bugs = runPlanted(seed, tools)
  while (!(await stop.look(() => undefined))) {
    const next = bugs.next()
    if (next.done === true) break
    planted.push(next.value)
  }
  return planted
}

/** What is kept of real BLS is kept for one run, so that it does not grow. */
async function toolsMaker(scheme: 'model' | 'bls'): Promise<() => SimTools> {
  const kernels = await loadKernels()
  if (scheme === 'model') return () => ({ engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner })
  const bls = await loadBls({ sha256: (bytes) => kernels.sha256(bytes) })
  return () => ({ engine: { kernels, bls: sharedVerifier(bls) }, signer: sharedSigner(nobleBlsSigner) })
}

// ── What it says ─────────────────────────────────────────────────────────────────────────────────────────────────────

function print(argv: readonly string[], report: RunReport): void {
  const { seed, ok, violations, unfinished, ...figures } = report
  clearProgress()
  const outcome = `${ok ? 'ok' : 'FAILED'}${unfinished === true ? ' so far, not finished' : ''}`
  process.stdout.write(`run ${seed}: ${outcome} ${JSON.stringify(figures)}\n`)
  for (const { checker, detail } of violations) process.stdout.write(`  ${checker}: ${detail}\n`)
  if (!ok) process.stdout.write(`  repeat it: stakecube sim ${repeating(argv, seed).join(' ')}\n`)
}

/** As a shell takes it for one word, nothing in it expanded. */
const shellWord = (text: string): string => (/^[\w.,=/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** The flags of one run out of several. */
export function repeating(argv: readonly string[], seed: string): string[] {
  const kept: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const [name] = argv[index]!.split('=', 1)
    if (name === '--seed' || name === '--runs' || name === '--html') {
      if (!argv[index]!.includes('=')) index++
    } else if (name !== '--planted' && name !== '--json') kept.push(argv[index]!)
  }
  const seedWords = seed.startsWith('-') ? [`--seed=${seed}`] : ['--seed', seed]
  return [...seedWords, ...kept].map(shellWord)
}

/** One object on one line. */
function printJson(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

function sayInterrupted(done: number, all: number, unfinished: RunReport | undefined): void {
  clearProgress()
  const where =
    unfinished === undefined ? '' : `; run ${unfinished.seed} was under way, at ${unfinished.virtualMs} virtual ms`
  process.stderr.write(`stakecube sim: stopped after ${done} of ${all} runs${where}\n`)
}

function printSummary(summary: object, planted: readonly PlantedResult[]): void {
  for (const [name, value] of Object.entries(summary))
    process.stdout.write(`${name.padEnd(20)} ${Array.isArray(value) ? value.join(', ') || 'none' : String(value)}\n`)
  for (const { bug, checker, caught, seed } of planted)
    process.stdout.write(
      `planted: ${bug}: ${caught ? `caught by ${checker} (seed ${seed})` : `NOT caught by ${checker}`}\n`,
    )
}

// ── Progress ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A bar on a terminal, nothing elsewhere. */
function showProgress(done: number, all: number): void {
  if (!process.stderr.isTTY) return
  const filled = Math.floor((BAR_WIDTH * done) / all)
  const count = all === 1 ? `${Math.floor(100 * done)} %` : `${Math.floor(done)}/${all}`
  process.stderr.write(`\r[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${count}${done >= all ? '\n' : ''}`)
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}

// ── The report ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Fails before hours of runs, not after them. What is in the file stays there until the report is written. */
const claim = (file: string | undefined): Promise<void> =>
  onFile(file, async (name) => {
    const isNew = !existsSync(name)
    await (await open(name, 'a')).close()
    if (isNew) await unlink(name)
  })

const writeHtml = (file: string | undefined, html: string): Promise<void> =>
  onFile(file, (name) => writeFile(name, html))

async function onFile(file: string | undefined, act: (name: string) => Promise<void>): Promise<void> {
  if (file === undefined) return
  try {
    await act(file)
  } catch (error) {
    throw new CliError('environment', `cannot write ${file} (${(error as Error).message}): name another file`, {
      cause: error,
    })
  }
}
