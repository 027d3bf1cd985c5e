/** `stakecube sim`: simulated networks from a seed, with the code that production runs. */
import { writeFile } from 'node:fs/promises'
import { createModelBls, modelBlsSigner } from '../crypto/bls-model.ts'
import { createNobleBls } from '../crypto/bls-noble.ts'
import { nobleBlsSigner } from '../crypto/bls-signer.ts'
import { loadKernels } from '../kernels/load.ts'
import { CampaignTally, realRun, runPlanted, type PlantedResult } from '../sim/campaign.ts'
import { STRATEGIES, type Strategy } from '../sim/faulty-node.ts'
import { htmlReport } from '../sim/html-report.ts'
import { randomRun, smallParams, type RunOptions } from '../sim/run-options.ts'
import { simulate, type RunReport } from '../sim/simulate.ts'
import type { SimTools } from '../sim/world.ts'
import { parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'

const DEFINITION: CommandDefinition = {
  name: 'sim',
  summary:
    'Run simulated networks: virtual time, a faulty network, crashes and Byzantine validators, all from one seed. What a flag does not say, the seed decides.',
  flags: {
    seed: { kind: 'text', value: 'TEXT', help: 'seed of the run, or first part of the seeds of several (default 1)' },
    runs: {
      kind: 'number',
      value: 'N',
      help: 'runs, with the seeds SEED-0, SEED-1, … (default: one run of SEED itself)',
      low: 1,
      high: 10_000_000,
    },
    signatures: {
      kind: 'text',
      value: 'KIND',
      help: 'model (quick, not secure) or bls (default model)',
      oneOf: ['model', 'bls'],
    },
    validators: { kind: 'number', value: 'N', help: 'validators of equal stake', low: 1, high: 4096 },
    faulty: {
      kind: 'number',
      value: 'N',
      help: 'how many of them are Byzantine; above the bound some become honest in time',
      low: 0,
      high: 4096,
    },
    strategy: {
      kind: 'text',
      value: 'NAME',
      help: `what Byzantine validators do: ${STRATEGIES.join(', ')}`,
      oneOf: STRATEGIES,
    },
    quorum: { kind: 'text', value: 'RULE', help: 'flat or two-level', oneOf: ['flat', 'two-level'] },
    faults: {
      kind: 'number',
      value: 'F',
      help: 'f and F of the committee: 1 (16 seats) or 2 (49 seats)',
      low: 1,
      high: 2,
    },
    latency: { kind: 'number', value: 'MS', help: 'least one-way delay', low: 0, high: 60_000, fraction: true },
    jitter: { kind: 'number', value: 'MS', help: 'further delay, at random', low: 0, high: 60_000, fraction: true },
    loss: {
      kind: 'number',
      value: 'P',
      help: 'chance that a message is lost until the heal',
      low: 0,
      high: 0.9,
      fraction: true,
    },
    bandwidth: { kind: 'number', value: 'BYTES', help: 'bytes per second of each uplink', low: 1000, high: 1e12 },
    drift: { kind: 'number', value: 'MS', help: 'largest error of a clock', low: 0, high: 10_000 },
    crashes: { kind: 'number', value: 'N', help: 'crashes and restarts before the heal', low: 0, high: 10_000 },
    partitions: { kind: 'number', value: 'N', help: 'partitions before the heal', low: 0, high: 10_000 },
    eclipses: {
      kind: 'number',
      value: 'N',
      help: 'honest nodes cut off from all but Byzantine ones for a while',
      low: 0,
      high: 10_000,
    },
    'heal-after': { kind: 'number', value: 'MS', help: 'virtual time of the heal', low: 0, high: 86_400_000 },
    planted: { kind: 'switch', help: 'also run each planted bug until its checker catches it' },
    html: { kind: 'text', value: 'FILE', help: 'write a report with plots' },
  },
  epilogue: [
    'Checkers: one final block per height, a valid chain when executed anew, money conserved, nothing signed twice,',
    'no honest node blamed, progress after the heal. A failed run prints the seed that repeats it exactly.',
    '',
    '  stakecube sim --runs 1000 --planted --json',
    '  stakecube sim --validators 8 --faulty 2 --strategy equivocating --seed 7',
  ].join('\n'),
}

/** Rows of the HTML report's plots; beyond them only the summary grows. */
const REPORTS_KEPT_MAX = 100_000

export async function simCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const tools = await toolsOf(line.text('signatures') ?? 'model')
  const seed = line.text('seed') ?? '1'
  const runs = line.number('runs')
  const seeds = runs === undefined ? [seed] : Array.from({ length: runs }, (_, index) => `${seed}-${index}`)
  const tally = new CampaignTally()
  const reports: RunReport[] = []
  for (const one of seeds) {
    const report = simulate(optionsOf(line, one, tools.signer.scheme), tools)
    tally.add(report)
    if (reports.length < REPORTS_KEPT_MAX) reports.push(report)
    if (!report.ok || runs === undefined) print(line, report)
    await showProgress(tally.runs, seeds.length)
  }
  const planted = line.has('planted') ? [...runPlanted(seed, tools)] : []
  const summary = tally.summary(tools.signer.scheme)
  if (line.has('json')) process.stdout.write(`${JSON.stringify({ ...summary, planted })}\n`)
  else printSummary(summary, planted)
  await writeHtml(line.text('html'), htmlReport(summary, planted, reports))
  return tally.failures.length === 0 && planted.every(({ caught }) => caught) ? EXIT.ok : EXIT.bug
}

async function toolsOf(signatures: string): Promise<SimTools> {
  const kernels = await loadKernels()
  return signatures === 'bls'
    ? { engine: { kernels, bls: createNobleBls((bytes) => kernels.sha256(bytes)) }, signer: nobleBlsSigner }
    : { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
}

/** The seed's own run, with what the flags say put in its place. */
function optionsOf(line: CommandLine, seed: string, signatures: string): RunOptions {
  const base = signatures === 'bls' ? realRun(seed) : randomRun(seed)
  const validators = line.number('validators') ?? base.stakes.length
  const stakes =
    line.number('validators') === undefined ? base.stakes : Array.from({ length: validators }, () => [80_000_000n])
  const quorum = (line.text('quorum') ?? base.params.quorum) as 'flat' | 'two-level'
  const faults = (line.number('faults') ?? base.params.f) as 1 | 2
  return {
    ...base,
    stakes,
    params: smallParams(quorum, faults, base.params.epochLength),
    faulty: faultyOf(line, base, validators),
    network: {
      ...base.network,
      latencyMs: line.number('latency') ?? base.network.latencyMs,
      jitterMs: line.number('jitter') ?? base.network.jitterMs,
      loss: line.number('loss') ?? base.network.loss,
      bytesPerSecond: line.number('bandwidth') ?? base.network.bytesPerSecond,
    },
    clockOffsetMsMax: line.number('drift') ?? base.clockOffsetMsMax,
    crashCount: line.number('crashes') ?? base.crashCount,
    partitionCount: line.number('partitions') ?? base.partitionCount,
    eclipseCount: line.number('eclipses') ?? base.eclipseCount,
    healAfterMs: line.number('heal-after') ?? base.healAfterMs,
  }
}

function faultyOf(line: CommandLine, base: RunOptions, validators: number): ReadonlyMap<number, Strategy> {
  const strategy = line.text('strategy') as Strategy | undefined
  const count = line.number('faulty')
  const known = [...base.faulty].filter(([index]) => index < validators)
  if (count === undefined) return new Map(known.map(([index, own]) => [index, strategy ?? own]))
  if (count > validators) throw usage(DEFINITION, `--faulty ${count} is more than the ${validators} validators`)
  const strategies = known.map(([, own]) => own)
  return new Map(
    Array.from({ length: count }, (_, index) => [
      index,
      strategy ?? strategies[index] ?? STRATEGIES[index % STRATEGIES.length]!,
    ]),
  )
}

function print(line: CommandLine, report: RunReport): void {
  if (line.has('json')) return void process.stdout.write(`${JSON.stringify(report)}\n`)
  const { seed, ok, violations, ...figures } = report
  process.stdout.write(`run ${seed}: ${ok ? 'ok' : 'FAILED'} ${JSON.stringify(figures)}\n`)
  for (const { checker, detail } of violations) process.stdout.write(`  ${checker}: ${detail}\n`)
  if (!ok) process.stdout.write(`  repeat it: stakecube sim --seed ${seed}, with the same flags and without --runs\n`)
}

function printSummary(summary: object, planted: readonly PlantedResult[]): void {
  for (const [name, value] of Object.entries(summary))
    process.stdout.write(`${name.padEnd(20)} ${Array.isArray(value) ? value.join(', ') || 'none' : String(value)}\n`)
  for (const { bug, checker, caught, seed } of planted)
    process.stdout.write(
      `planted: ${bug}: ${caught ? `caught by ${checker} (seed ${seed})` : `NOT caught by ${checker}`}\n`,
    )
}

/** A bar on a terminal, nothing elsewhere; lets Ctrl-C in between. */
async function showProgress(done: number, all: number): Promise<void> {
  if (process.stderr.isTTY && all > 1) {
    const filled = Math.floor((30 * done) / all)
    process.stderr.write(
      `\r[${'#'.repeat(filled)}${'.'.repeat(30 - filled)}] ${done}/${all}${done === all ? '\n' : ''}`,
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
}

async function writeHtml(file: string | undefined, html: string): Promise<void> {
  if (file === undefined) return
  try {
    await writeFile(file, html)
  } catch (error) {
    throw new CliError('environment', `cannot write ${file}: ${(error as Error).message}`, { cause: error })
  }
}
