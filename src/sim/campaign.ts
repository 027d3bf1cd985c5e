/** Many runs, one after the other, and what they come to. */
import { CHECKERS, type CheckerName } from './checkers.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'
import { randomRun, smallParams, type RunOptions } from './run-options.ts'
import { simulate, type RunReport } from './simulate.ts'
import type { SimTools } from './world.ts'

export interface PlantedResult {
  readonly bug: string
  readonly checker: CheckerName
  readonly caught: boolean
  /** Run that caught it. */
  readonly seed: string | null
}

export interface CampaignSummary {
  readonly runs: number
  readonly signatures: 'model' | 'bls'
  /** Runs in which a checker other than `progress` saw something. */
  readonly safetyViolations: number
  readonly stalledAfterHeal: number
  /** Seeds to repeat, at most ten. */
  readonly failedSeeds: readonly string[]
  /** Final blocks of all runs. */
  readonly blocks: number
  readonly virtualHours: number
  readonly faultyValidators: number
  readonly equivocationsFound: number
  readonly evidenceIncluded: number
  readonly peersBlamed: number
  /** Sums over the runs: what happened to stake and cubes. */
  readonly epochs: number
  readonly stakesJoined: number
  readonly stakesLeft: number
  readonly splits: number
  readonly merges: number
  readonly newcomerEpochs: number
  /** Over the runs' medians. */
  readonly finalityMedianMs: number
}

/** Yields a report for each seed. */
export function* runCampaign(
  seeds: Iterable<string>,
  tools: SimTools,
  optionsOf: (seed: string) => RunOptions = randomRun,
): Generator<RunReport> {
  for (const seed of seeds) yield simulate(optionsOf(seed), tools)
}

const SAFETY: readonly CheckerName[] = CHECKERS.filter((name) => name !== 'progress')

const HISTORY_NAMES = ['epochs', 'stakesJoined', 'stakesLeft', 'splits', 'merges', 'newcomerEpochs'] as const

/** Adds up reports as they come, in constant memory but for one number each. */
export class CampaignTally {
  readonly failures: RunReport[] = []
  readonly #medians: number[] = []
  #safety = 0
  #stalled = 0
  #blocks = 0
  #virtualMs = 0
  #faulty = 0
  #equivocations = 0
  #evidence = 0
  #blamed = 0
  readonly #history = { epochs: 0, stakesJoined: 0, stakesLeft: 0, splits: 0, merges: 0, newcomerEpochs: 0 }

  get runs(): number {
    return this.#medians.length
  }

  add(report: RunReport): void {
    if (report.violations.some(({ checker }) => SAFETY.includes(checker))) this.#safety++
    if (report.violations.some(({ checker }) => checker === 'progress')) this.#stalled++
    if (!report.ok && this.failures.length < 10) this.failures.push(report)
    this.#medians.push(report.finalityMedianMs)
    this.#blocks += report.height
    this.#virtualMs += report.virtualMs
    this.#faulty += report.strategies.length
    this.#equivocations += report.equivocationsFound
    this.#evidence += report.evidenceIncluded
    this.#blamed += report.peersBlamed
    for (const name of HISTORY_NAMES) this.#history[name] += report[name]
  }

  summary(signatures: 'model' | 'bls'): CampaignSummary {
    const sorted = [...this.#medians].sort((a, b) => a - b)
    return {
      runs: this.runs,
      signatures,
      safetyViolations: this.#safety,
      stalledAfterHeal: this.#stalled,
      failedSeeds: this.failures.map(({ seed }) => seed),
      blocks: this.#blocks,
      virtualHours: Math.round(this.#virtualMs / 36_000) / 100,
      faultyValidators: this.#faulty,
      equivocationsFound: this.#equivocations,
      evidenceIncluded: this.#evidence,
      peersBlamed: this.#blamed,
      ...this.#history,
      finalityMedianMs: sorted[sorted.length >> 1] ?? 0,
    }
  }
}

/** Runs with each planted bug until its checker sees it, at most `runsMax` each. */
export function* runPlanted(seed: string, tools: SimTools, runsMax = 12): Generator<PlantedResult> {
  for (const bug of PLANTED_BUGS) {
    let caughtSeed: string | null = null
    for (let attempt = 0; attempt < runsMax && caughtSeed === null; attempt++) {
      const report = simulate(bug.provoke(randomRun(`${seed} planted ${attempt}`)), tools, bug)
      const seen = report.violations.filter(({ checker }) => checker === bug.caughtBy)
      if (seen.some(({ detail }) => bug.says?.test(detail) ?? true)) caughtSeed = report.seed
    }
    yield { bug: bug.name, checker: bug.caughtBy, caught: caughtSeed !== null, seed: caughtSeed }
  }
}

/** A small run for real BLS: few validators and one shape of committee, since each signature costs milliseconds. */
export function realRun(seed: string): RunOptions {
  const base = randomRun(seed)
  const { f, F, seatsTarget } = smallParams(base.params.quorum, 1, base.params.epochLength)
  const staked = base.stakes.filter((stakes) => stakes.length > 0).slice(0, 4)
  return {
    ...base,
    params: { ...base.params, f, F, seatsTarget, shardSizeMax: 8 },
    stakes: [...staked.map((stakes) => stakes.slice(0, 1)), []],
    faulty: new Map([...base.faulty].filter(([index]) => index < staked.length).slice(0, 1)),
    healAfterMs: 3000,
  }
}
