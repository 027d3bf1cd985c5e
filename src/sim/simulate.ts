/** One run from its options to its report. The same options give the same report, to the last digit. */
import type { CheckerName, EpochShape, StakeHistory, Violation } from './checkers.ts'
import type { PlantedBug } from './planted-bugs.ts'
import type { RunOptions } from './run-options.ts'
import { World, type SimTools } from './world.ts'

export interface RunReport extends Readonly<StakeHistory> {
  readonly seed: string
  readonly signatures: 'model' | 'bls'
  readonly ok: boolean
  /** It was stopped; the figures and `ok` are of what there was until then. */
  readonly unfinished?: true
  readonly violations: readonly Violation[]
  readonly validators: number
  readonly quorum: string
  readonly strategies: readonly string[]
  /** Final blocks. */
  readonly height: number
  readonly virtualMs: number
  /** From the making of a block to its finality at an honest node, by the world's clock; never negative. */
  readonly finalityMedianMs: number
  readonly finalityP99Ms: number
  readonly messagesPerNodeBlock: number
  readonly bytesPerNodeBlock: number
  readonly equivocationsFound: number
  /** Double votes in final blocks, for which stake was burnt. */
  readonly evidenceIncluded: number
  readonly peersBlamed: number
  /** Where nodes are linked along the cube: messages for one node that were relayed, hops on average, what relays dropped. */
  readonly relayed?: {
    readonly messages: number
    readonly delivered: number
    readonly hopsMean: number
    readonly dropped: number
    readonly linksMax: number
  }
}

/** One final block of a run, for plots. */
export interface BlockTrace {
  readonly height: number
  /** From the block's making to its finality, over honest nodes, ms by the world's clock. */
  readonly medianMs: number
  readonly lastMs: number
}
export interface RunTrace {
  readonly blocks: readonly BlockTrace[]
  readonly epochs: readonly EpochShape[]
}

export interface RunResult {
  readonly report: RunReport
  readonly trace: RunTrace
}

export function simulate(options: RunOptions, tools: SimTools, bug?: PlantedBug): RunReport {
  const steps = simulation(options, tools, bug)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value.report
  }
}

/**
 * The same in pieces of some events: yields the share that is done, in [0, 1], by virtual time until the heal and by blocks after
 * it. `next(true)` ends the run where it is; its report is of what there was until then and says so.
 */
export function* simulation(
  options: RunOptions,
  tools: SimTools,
  bug?: PlantedBug,
): Generator<number, RunResult, boolean | undefined> {
  const world = new World(options, tools, bug)
  const { healAfterMs, progressBlocks, progressMs } = options
  const weight = healAfterMs / (healAfterMs + 1000 * progressBlocks)
  world.start()
  const isHealed = () => world.nowMs > healAfterMs
  const healing = () => (weight * world.nowMs) / (healAfterMs + 1)
  let end = yield* advance(world, isHealed, healAfterMs + 1, healing)
  const start = world.checkers.height + 1
  const goal = start + progressBlocks
  const isThere = () => world.lowestHeight > goal
  const going = () => weight + ((1 - weight) * Math.max(0, world.lowestHeight - start)) / (progressBlocks + 1)
  if (end !== 'stopped') end = yield* advance(world, isThere, progressMs, going)
  if (end === 'late') {
    const standings = world.honest.map(({ index, standing }) =>
      standing === undefined ? `${index}: down` : `${index}: ${standing.height}/${standing.round} ${standing.step}`,
    )
    world.checkers.fail('progress', `height ${goal} not reached by all: ${standings.join(', ')}`)
  }
  world.checkAll()
  const report = reportOf(options, tools, world)
  return { report: end === 'stopped' ? { ...report, unfinished: true } : report, trace: traceOf(world) }
}

/** In a network of a thousand nodes one event may take ten milliseconds. */
const EVENTS_PER_LOOK = 10

/** As {@link World.runUntil}, in pieces; `late` when the time is over before it is done. */
function* advance(
  world: World,
  isDone: () => boolean,
  forMs: number,
  share: () => number,
): Generator<number, 'done' | 'late' | 'stopped', boolean | undefined> {
  const { queue } = world
  const endMs = queue.nowMs + forMs
  for (let events = 0; !isDone(); events++) {
    if (events % EVENTS_PER_LOOK === 0 && (yield Math.min(1, share())) === true) return 'stopped'
    if ((queue.next() ?? Infinity) > endMs) return 'late'
    queue.step()
  }
  return 'done'
}

function traceOf({ finalityMsOf, checkers }: World): RunTrace {
  const blocks = [...finalityMsOf]
    .sort(([a], [b]) => a - b)
    .map(([height, ms]) => {
      const sorted = [...ms].sort((a, b) => a - b)
      return { height, medianMs: Math.round(quantile(sorted, 0.5)), lastMs: Math.round(sorted.at(-1)!) }
    })
  return { blocks, epochs: checkers.shapes }
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
    ...relayedBy(world),
  }
}

function relayedBy({ network, linkCounts }: World): Pick<RunReport, 'relayed'> {
  if (linkCounts === undefined) return {}
  const { messages, delivered, hops, dropped } = network.relayed
  const hopsMean = Math.round((100 * hops) / Math.max(1, delivered)) / 100
  return { relayed: { messages, delivered, hopsMean, dropped, linksMax: Math.max(...linkCounts) } }
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
}
