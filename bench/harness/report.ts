/**
 * From samples to the report: medians, spreads, ratios against peers and bars. A ratio is the median of the ratios within each
 * round, where both sides were measured within moments: on a machine whose speed changes between rounds, the ratio of two
 * medians would compare a fast phase with a slow one.
 */
import type { NetworkCost } from '../verify/network.ts'
import type { Samples } from './measure.ts'
import { barFor, TARGETS, type Target } from './targets.ts'

export interface CaseResult {
  readonly id: string
  readonly impl: string
  readonly medianNs: number
  readonly p10Ns: number
  readonly p90Ns: number
  /** Samples. */
  readonly n: number
  readonly checked: boolean
}

/** How many times longer the peer takes (`>=`), or how many times longer we take than the peer (`<=`). */
export interface RatioResult {
  readonly id: string
  readonly impl: string
  readonly peer: string
  readonly ratio: number
  /** The ratio of the two medians, for whoever divides the figures in `cases`. */
  readonly ofMedians: number
  readonly op: '>=' | '<='
  /** What the issue asks for; null where nothing is. */
  readonly bar: number | null
  readonly pass: boolean
  readonly bold: number | null
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Name and version, e.g. `Node 20.20.2 (V8 11.3)`. */
  readonly engine: string
  /** Decides which bars hold: `v8-11` is Node 20's, `later` every newer one, `board` the emulated board. */
  readonly generation: Generation
}

export type Generation = 'v8-11' | 'later' | 'board'

export interface BenchReport {
  readonly kind: 'stakecube-bench'
  readonly date: string
  readonly commit: string
  readonly machine: Machine
  readonly processes: number
  readonly cases: readonly CaseResult[]
  readonly ratios: readonly RatioResult[]
  readonly notRun: readonly string[]
  /** With noble and with the kernel; only where it was asked for. */
  readonly network?: readonly NetworkCost[]
}

/** The samples of each process. */
type Runs = readonly (readonly Samples[])[]

/** A case's id and the implementation. */
type Name = readonly [id: string, impl: string]

function percentile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share
  const low = Math.floor(at)
  return sorted[low]! + (sorted[Math.min(low + 1, sorted.length - 1)]! - sorted[low]!) * (at - low)
}

const median = (values: readonly number[]) =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  )

/** Pools the samples of several processes. */
export function summarise(runs: Runs): CaseResult[] {
  const pooled = new Map<string, Samples>()
  for (const { id, impl, checked, samplesNs } of runs.flat()) {
    const key = `${id} ${impl}`
    const known = pooled.get(key)
    if (known === undefined) pooled.set(key, { id, impl, checked, samplesNs: [...samplesNs] })
    else known.samplesNs.push(...samplesNs)
  }
  return [...pooled.values()].map(({ id, impl, checked, samplesNs }) => {
    const sorted = [...samplesNs].sort((a, b) => a - b)
    const at = (share: number) => Number(percentile(sorted, share).toPrecision(5))
    return { id, impl, medianNs: at(0.5), p10Ns: at(0.1), p90Ns: at(0.9), n: sorted.length, checked }
  })
}

const find = (cases: readonly CaseResult[], id: string, impl: string) =>
  cases.find((result) => result.id === id && result.impl === impl)

/** One number a round and process: by what factor `over` took longer than `under`. Empty where one was not measured. */
function ratioInRounds(runs: Runs, [overId, over]: Name, [underId, under]: Name): number[] {
  return runs.flatMap((run) => {
    const samplesOf = (id: string, impl: string) => run.find((of) => of.id === id && of.impl === impl)?.samplesNs ?? []
    const below = samplesOf(underId, under)
    return samplesOf(overId, over)
      .slice(0, below.length)
      .map((ns, round) => ns / below[round]!)
  })
}

function ratioOf(target: Target, runs: Runs, cases: readonly CaseResult[], generation: Generation) {
  const own = find(cases, target.id, target.impl)
  const peer = find(cases, target.peerId ?? target.id, target.peer)
  if (own === undefined || peer === undefined) return undefined
  const [over, under] = target.op === '>=' ? [peer, own] : [own, peer]
  const ratio = median(ratioInRounds(runs, [over.id, over.impl], [under.id, under.impl]))
  const bar = barFor(target, generation)
  const pass = bar === null || (target.op === '>=' ? ratio >= bar.least : ratio <= bar.least)
  const peerName = target.peerId === undefined ? target.peer : `${target.peer} ${target.peerId}`
  return {
    id: target.id,
    impl: target.impl,
    peer: peerName,
    ratio: Number(ratio.toPrecision(4)),
    ofMedians: Number((over.medianNs / under.medianNs).toPrecision(4)),
    op: target.op,
    bar: bar?.least ?? null,
    pass,
    bold: bar?.bold ?? null,
  } satisfies RatioResult
}

/** The ratios that have a bar first, then our best build against everybody else. */
export function ratiosOf(runs: Runs, generation: Generation): RatioResult[] {
  const cases = summarise(runs)
  const barred = TARGETS.filter((target) => barFor(target, generation) !== null)
  const ratios: RatioResult[] = barred.flatMap((target) => ratioOf(target, runs, cases, generation) ?? [])
  for (const { id, impl: peer } of cases) {
    const impl = ['simd', 'scalar', 'kernel'].find((name) => find(cases, id, name) !== undefined)
    if (impl === undefined || peer === impl || peer === 'scalar') continue
    if (ratios.some((known) => known.id === id && known.peer === peer)) continue
    ratios.push(ratioOf({ id, impl, peer, op: '>=', bars: {} }, runs, cases, generation)!)
  }
  return ratios
}

/** Targets of this generation for which a figure is missing, among those whose id contains one of `only` (if any). */
export function missingTargets(
  cases: readonly CaseResult[],
  generation: Generation,
  only: readonly string[] = [],
): string[] {
  return TARGETS.filter((target) => barFor(target, generation) !== null)
    .filter(({ id }) => only.length === 0 || only.some((word) => id.includes(word)))
    .filter(
      ({ id, impl, peer, peerId }) =>
        find(cases, id, impl) === undefined || find(cases, peerId ?? id, peer) === undefined,
    )
    .map((target) => `${target.id}: ${target.impl} against ${target.peer}`)
}
