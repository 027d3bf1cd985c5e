/** One run from its options to its report. The same options give the same report, to the last digit. */
import type { CheckerName, StakeHistory, Violation } from './checkers.ts'
import type { PlantedBug } from './planted-bugs.ts'
import type { RunOptions } from './run-options.ts'
import { World, type SimTools } from './world.ts'

export interface RunReport extends Readonly<StakeHistory> {
  readonly seed: string
  readonly signatures: 'model' | 'bls'
  readonly ok: boolean
  readonly violations: readonly Violation[]
  readonly validators: number
  readonly quorum: string
  readonly strategies: readonly string[]
  /** Final blocks. */
  readonly height: number
  readonly virtualMs: number
  /** From a block's time to its finality at a node. */
  readonly finalityMedianMs: number
  readonly finalityP99Ms: number
  readonly messagesPerNodeBlock: number
  readonly bytesPerNodeBlock: number
  readonly equivocationsFound: number
  /** Double votes in final blocks, for which stake was burnt. */
  readonly evidenceIncluded: number
  readonly peersBlamed: number
}

export function simulate(options: RunOptions, tools: SimTools, bug?: PlantedBug): RunReport {
  const world = new World(options, tools, bug)
  world.start()
  world.runUntil(() => world.nowMs > options.healAfterMs, options.healAfterMs + 1)
  const goal = world.checkers.height + 1 + options.progressBlocks
  if (!world.runUntil(() => world.lowestHeight > goal, options.progressMs)) {
    const standings = world.honest.map(({ index, standing }) =>
      standing === undefined ? `${index}: down` : `${index}: ${standing.height}/${standing.round} ${standing.step}`,
    )
    world.checkers.fail('progress', `height ${goal} not reached by all: ${standings.join(', ')}`)
  }
  world.checkAll()
  return reportOf(options, tools, world)
}

export function violationsOf(report: RunReport, checker: CheckerName): readonly Violation[] {
  return report.violations.filter((violation) => violation.checker === checker)
}

function reportOf(options: RunOptions, { signer }: SimTools, world: World): RunReport {
  const { height, violations } = world.checkers
  const sorted = [...world.finalityMs].sort((a, b) => a - b)
  const traffic = world.honest.map(({ index }) => world.network.traffic[index]!)
  const perNodeBlock = (total: number) => Math.round(total / Math.max(1, traffic.length * height))
  return {
    seed: options.seed,
    signatures: signer.scheme,
    ok: violations.length === 0,
    violations,
    validators: options.stakes.length,
    quorum: options.params.quorum,
    strategies: [...options.faulty.values()],
    height,
    virtualMs: Math.round(world.nowMs),
    finalityMedianMs: Math.round(quantile(sorted, 0.5)),
    finalityP99Ms: Math.round(quantile(sorted, 0.99)),
    messagesPerNodeBlock: perNodeBlock(traffic.reduce((sum, { messages }) => sum + messages, 0)),
    bytesPerNodeBlock: perNodeBlock(traffic.reduce((sum, { bytes }) => sum + bytes, 0)),
    equivocationsFound: world.equivocationCount,
    evidenceIncluded: world.evidenceCount,
    peersBlamed: world.blameCount,
    ...world.checkers.history,
  }
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
}
