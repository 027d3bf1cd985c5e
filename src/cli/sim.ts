/** `stakecube sim`: simulated networks from a seed, with the code that production runs. */
import { writeFile } from 'node:fs/promises'
import { loadBls } from '../crypto/bls-kernel/load.ts'
import { createModelBls, modelBlsSigner } from '../crypto/bls-model.ts'
import { nobleBlsSigner } from '../crypto/bls-signer.ts'
import { loadKernels } from '../kernels/load.ts'
import { CampaignTally, runPlanted, type PlantedResult } from '../sim/campaign.ts'
import { htmlReport, type SingleRun } from '../sim/html-report.ts'
import { sharedSigner, sharedVerifier } from '../sim/shared-bls.ts'
import { simulate, type RunReport, type RunTrace } from '../sim/simulate.ts'
import type { SimTools } from '../sim/world.ts'
import { parseCommandLine, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { DEFINITION, optionsOf } from './sim-options.ts'

/** Rows of the HTML report's plots; beyond them only the summary grows. */
const REPORTS_KEPT_MAX = 100_000
const BAR_WIDTH = 30

export async function simCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const scheme = (line.text('signatures') ?? 'model') as 'model' | 'bls'
  const seed = line.text('seed') ?? '1'
  const runs = line.number('runs')
  const first = optionsOf(line, runs === undefined ? seed : `${seed}-0`, scheme)
  await claim(line.text('html'))
  const makeTools = await toolsMaker(scheme)
  const tally = new CampaignTally()
  const reports: RunReport[] = []
  let trace: RunTrace | undefined
  for (let index = 0; index < (runs ?? 1); index++) {
    const name = runs === undefined ? seed : `${seed}-${index}`
    const options = index === 0 ? first : optionsOf(line, name, scheme)
    const onProgress = (share: number) => showProgress(index + share, runs ?? 1)
    const report = simulate(options, makeTools(), undefined, { onProgress, onTrace: (own) => (trace = own) })
    tally.add(report)
    if (reports.length < REPORTS_KEPT_MAX) reports.push(report)
    if (!line.has('json') && (!report.ok || runs === undefined)) print(argv, report)
    showProgress(index + 1, runs ?? 1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const planted = line.has('planted') ? [...runPlanted(seed, makeTools())] : []
  const summary = tally.summary(scheme)
  if (line.has('json')) printJson(line, { ...summary, planted, failures: tally.failures }, reports)
  else printSummary(summary, planted)
  const single: SingleRun | undefined =
    runs === undefined && trace !== undefined ? { options: first, trace } : undefined
  await writeHtml(line.text('html'), htmlReport(summary, planted, reports, single))
  return tally.failures.length === 0 && planted.every(({ caught }) => caught) ? EXIT.ok : EXIT.bug
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
  const { seed, ok, violations, ...figures } = report
  clearProgress()
  process.stdout.write(`run ${seed}: ${ok ? 'ok' : 'FAILED'} ${JSON.stringify(figures)}\n`)
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

/** One object on one line; of a single run its report, too. */
function printJson(line: CommandLine, summary: object, reports: readonly RunReport[]): void {
  const run = line.number('runs') === undefined ? { run: reports[0] } : {}
  process.stdout.write(`${JSON.stringify({ ...summary, ...run })}\n`)
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

/** Fails before hours of runs, not after them. */
async function claim(file: string | undefined): Promise<void> {
  await writeHtml(file, '')
}

async function writeHtml(file: string | undefined, html: string): Promise<void> {
  if (file === undefined) return
  try {
    await writeFile(file, html)
  } catch (error) {
    throw new CliError('environment', `cannot write ${file} (${(error as Error).message}): name another file`, {
      cause: error,
    })
  }
}
