/** The flags of `stakecube sim` and what they make of a seed's own run: every number is checked here, with both values named. */
import { Prng } from '../base/prng.ts'
import type { ChainParams, QuorumRule } from '../chain/params.ts'
import { realRun } from '../sim/campaign.ts'
import { STRATEGIES, type Strategy } from '../sim/faulty-node.ts'
import { MEASURED_COSTS, scaledCosts } from '../sim/measured-costs.ts'
import type { NetworkModel } from '../sim/network.ts'
import { randomRun, smallParams, type RunOptions } from '../sim/run-options.ts'
import { STAKE_DISTRIBUTIONS, distributeStake, type StakeDistribution } from '../sim/stake-distribution.ts'
import { usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import type { CliError } from './exit-codes.ts'

/** Latency and jitter one way, ms, and the uplink, bytes per second. */
const NETWORKS: Readonly<Record<string, Pick<NetworkModel, 'latencyMs' | 'jitterMs' | 'bytesPerSecond'>>> = {
  lan: { latencyMs: 0.5, jitterMs: 0.5, bytesPerSecond: 125_000_000 },
  continent: { latencyMs: 15, jitterMs: 15, bytesPerSecond: 12_500_000 },
  world: { latencyMs: 40, jitterMs: 100, bytesPerSecond: 2_500_000 },
  mobile: { latencyMs: 60, jitterMs: 250, bytesPerSecond: 250_000 },
}

const NODES_MAX = 4096
/** One unit of a stake list. */
const STAKE_UNIT = 1_000_000n
const STAKE_UNITS_MAX = 1_000_000
const SEATS_MAX = 65_535

const ms = (help: string, high: number, low = 0) =>
  ({ kind: 'number', value: 'MS', help, low, high, fraction: true }) as const
const count = (help: string, high: number, low = 0) => ({ kind: 'number', value: 'N', help, low, high }) as const
const oneOf = (value: string, help: string, allowed: readonly string[]) =>
  ({ kind: 'text', value, help: `${help}: ${allowed.join(', ')}`, oneOf: allowed }) as const

export const DEFINITION: CommandDefinition = {
  name: 'sim',
  summary:
    'Runs simulated networks: virtual time, a faulty network, crashes and Byzantine validators, all from one seed. What a flag does not say, the seed decides.',
  flags: {
    seed: { kind: 'text', value: 'TEXT', help: 'seed of the run, or first part of the seeds of several (default 1)' },
    runs: count('runs, with the seeds SEED-0, SEED-1, … (default: one run of SEED itself)', 10_000_000, 1),
    signatures: oneOf('KIND', 'model (quick, not secure; the default) or real BLS', ['model', 'bls']),
    nodes: count('validators with stake at genesis', NODES_MAX, 1),
    newcomers: count('further nodes, which have money and may stake later', 256),
    stake: {
      kind: 'text',
      value: 'DIST',
      help: `stake at genesis: ${STAKE_DISTRIBUTIONS.join(', ')}, or a list such as 50,20,20,10`,
    },
    'stake-every': ms('a validator stakes, unstakes or takes its money back so often; 0: never', 86_400_000),
    'pay-every': ms('a wallet pays another so often', 86_400_000, 1),
    shards: count('shards that the cube has, about', 4096, 1),
    faults: count('f and F of the committee, (3f+1)(3F+1) seats', 5, 1),
    quorum: oneOf('RULE', 'rule of finality', ['flat', 'two-level']),
    'epoch-length': count('blocks in an epoch', 10_000, 1),
    'seat-lifetime': count('epochs that a draw lives', 64, 1),
    'block-time': { kind: 'number', value: 'MS', help: 'least time between blocks', low: 1, high: 600_000 },
    'trust-period': { kind: 'number', value: 'MS', help: 'decides the unbonding time', low: 1, high: 1_000_000_000 },
    network: oneOf('NAME', 'latency, jitter and bandwidth by name', Object.keys(NETWORKS)),
    latency: ms('least one-way delay', 60_000),
    jitter: ms('further delay, at random', 60_000),
    bandwidth: { kind: 'number', value: 'BYTES', help: 'bytes per second of each uplink', low: 1000, high: 1e12 },
    'fan-out': count('broadcast through trees in which each node hands on to N others (default: to all)', 4096, 1),
    routes: count(
      'nodes are linked along the cube only; what is for one node takes N ways without a shard in common (default: all are linked)',
      8,
      1,
    ),
    loss: {
      kind: 'number',
      value: 'P',
      help: 'chance that a message is lost until the heal',
      low: 0,
      high: 0.9,
      fraction: true,
    },
    drift: { kind: 'number', value: 'MS', help: 'largest error of a clock', low: 0, high: 60_000 },
    'drift-period': ms('a clock drifts so long until it is set; 0: its error is constant', 86_400_000),
    crypto: {
      kind: 'number',
      value: 'X',
      help: 'cryptography costs X times what was measured (default 1; 0: nothing)',
      low: 0,
      high: 1000,
      fraction: true,
    },
    faulty: count('how many are Byzantine; above the bound some become honest in time', NODES_MAX),
    strategy: {
      kind: 'text',
      value: 'NAME',
      help: `what Byzantine ones do; again for further ones: ${STRATEGIES.join(', ')}`,
      oneOf: STRATEGIES,
      many: true,
    },
    crashes: count('crashes and restarts before the heal', 10_000),
    partitions: count('partitions before the heal', 10_000),
    eclipses: count('honest nodes cut off from all but Byzantine ones for a while', 10_000),
    'heal-after': ms('virtual time of the heal', 86_400_000),
    blocks: count('blocks that every honest node must add after the heal', 100_000, 1),
    patience: ms('virtual time that it has for them', 86_400_000, 1),
    planted: { kind: 'switch', help: 'also run each planted bug until its checker catches it' },
    html: { kind: 'text', value: 'FILE', help: 'write a report with plots' },
  },
  epilogue: [
    'Checkers: one final block per height, a valid chain when executed anew, money conserved, nothing signed twice,',
    'no honest node blamed, progress after the heal. A failed run prints the command that repeats it exactly.',
    'Time to final (finalityMedianMs, finalityP99Ms): from the making of a block to its finality at an honest node, in virtual time,',
    'whatever the clocks of the nodes show.',
    '',
    '  stakecube sim --runs 1000 --planted --json',
    '  stakecube sim --nodes 8 --faulty 2 --strategy equivocating --seed 7 --html report.html',
    '  stakecube sim --nodes 32 --stake zipf --shards 16 --network world --blocks 40 --heal-after 0',
  ].join('\n'),
}

const refuse = (sentence: string): CliError => usage(DEFINITION, sentence)

/** The seed's own run, with what the flags say put in its place. */
export function optionsOf(line: CommandLine, seed: string, signatures: 'model' | 'bls'): RunOptions {
  const base = signatures === 'bls' ? realRun(seed) : randomRun(seed)
  const stakes = stakesOf(line, base, seed)
  const params = paramsOf(line, base.params)
  const stakeEveryMs = line.number('stake-every') ?? base.stakeEveryMs ?? 0
  const factor = line.number('crypto') ?? 1
  const { stakeEveryMs: _, costs: __, ...rest } = base
  return {
    ...rest,
    stakes,
    params,
    faulty: faultyOf(line, base, stakes.length),
    network: networkOf(line, base.network),
    ...clockOf(line, base),
    crashCount: line.number('crashes') ?? base.crashCount,
    partitionCount: line.number('partitions') ?? base.partitionCount,
    eclipseCount: line.number('eclipses') ?? base.eclipseCount,
    healAfterMs: line.number('heal-after') ?? base.healAfterMs,
    paymentEveryMs: line.number('pay-every') ?? base.paymentEveryMs,
    progressBlocks: line.number('blocks') ?? base.progressBlocks,
    progressMs: patienceOf(line, base, params),
    ...(stakeEveryMs === 0 ? {} : { stakeEveryMs }),
    ...(factor === 0 ? {} : { costs: scaledCosts(MEASURED_COSTS, factor) }),
  }
}

/** Time for the blocks that are asked for, a hundred times what they take when all goes well. */
function patienceOf(line: CommandLine, base: RunOptions, { blockTimeMs }: ChainParams): number {
  const blocks = line.number('blocks')
  return line.number('patience') ?? Math.max(base.progressMs, 100 * (blocks ?? 0) * Math.max(blockTimeMs, 500))
}

// ── Who takes part ───────────────────────────────────────────────────────────────────────────────────────────────────

function stakesOf(line: CommandLine, base: RunOptions, seed: string): readonly (readonly bigint[])[] {
  const staked = base.stakes.filter((stakes) => stakes.length > 0)
  const nodes = line.number('nodes')
  const distribution = line.text('stake')
  const isOwn = nodes === undefined && distribution === undefined
  const newcomers = line.number('newcomers') ?? (isOwn ? base.stakes.length - staked.length : 0)
  return [...genesisStakes(nodes, distribution, staked, seed), ...Array.from({ length: newcomers }, (): bigint[] => [])]
}

function genesisStakes(
  nodes: number | undefined,
  distribution: string | undefined,
  own: readonly (readonly bigint[])[],
  seed: string,
): readonly (readonly bigint[])[] {
  if (distribution === undefined && nodes === undefined) return own
  if (distribution !== undefined && !(STAKE_DISTRIBUTIONS as readonly string[]).includes(distribution))
    return listedStakes(distribution, nodes).map((units) => [units * STAKE_UNIT])
  const kind = (distribution ?? 'equal') as StakeDistribution
  return distributeStake(kind, nodes ?? own.length, new Prng(`stake/${seed}`)).map((amount) => [amount])
}

function listedStakes(text: string, nodes: number | undefined): bigint[] {
  const units = text.split(',').map((entry) => {
    const isWhole = /^[1-9]\d{0,6}$/.test(entry) && Number(entry) <= STAKE_UNITS_MAX
    if (!isWhole)
      throw refuse(
        `--stake must be one of ${STAKE_DISTRIBUTIONS.join(', ')} or a list of whole numbers from 1 to ${STAKE_UNITS_MAX}, got "${entry}" in "${text.slice(0, 60)}"`,
      )
    return BigInt(entry)
  })
  if (nodes !== undefined && nodes !== units.length)
    throw refuse(`--nodes ${nodes} and the ${units.length} stakes of --stake contradict each other: leave --nodes out`)
  if (units.length > NODES_MAX) throw refuse(`--stake lists ${units.length} stakes, at most ${NODES_MAX} are allowed`)
  return units
}

function faultyOf(line: CommandLine, base: RunOptions, nodes: number): ReadonlyMap<number, Strategy> {
  const strategies = line.texts('strategy') as readonly Strategy[]
  const faulty = line.number('faulty')
  if (faulty === undefined && strategies.length === 0) {
    const known = [...base.faulty].filter(([index]) => index < nodes)
    return new Map(known)
  }
  const size = faulty ?? Math.max(strategies.length, Math.min(base.faulty.size, nodes), 1)
  if (size > nodes) throw refuse(`--faulty ${size} is more than the ${nodes} nodes`)
  if (strategies.length > size)
    throw refuse(
      `--strategy is given ${strategies.length} times, for ${size} faulty nodes: raise --faulty or leave some out`,
    )
  const own = [...base.faulty.values()]
  const strategyOf = (index: number): Strategy =>
    strategies.length > 0
      ? strategies[index % strategies.length]!
      : (own[index] ?? STRATEGIES[index % STRATEGIES.length]!)
  return new Map(Array.from({ length: size }, (_, index) => [index, strategyOf(index)]))
}

// ── Chain and network ────────────────────────────────────────────────────────────────────────────────────────────────

function paramsOf(line: CommandLine, base: ChainParams): ChainParams {
  const quorum = (line.text('quorum') ?? base.quorum) as QuorumRule
  const faults = line.number('faults')
  const epochLength = line.number('epoch-length') ?? base.epochLength
  const sized = faults === undefined ? base : { ...base, ...sizesOf(smallParams(quorum, faults, epochLength)) }
  return {
    ...sized,
    ...cubeOf(line, sized),
    quorum,
    epochLength,
    seatLifetime: line.number('seat-lifetime') ?? base.seatLifetime,
    blockTimeMs: line.number('block-time') ?? base.blockTimeMs,
    trustPeriodMs: line.number('trust-period') ?? base.trustPeriodMs,
    clockDriftMsMax: Math.max(base.clockDriftMsMax, 2 * (line.number('drift') ?? 0)),
  }
}

const sizesOf = ({ f, F, seatsTarget, shardSizeMax }: ChainParams) => ({ f, F, seatsTarget, shardSizeMax })

/** Two cores of seats for each shard: between half and one and a half of that nothing splits, and little merges. */
function cubeOf(line: CommandLine, { f, F }: ChainParams): Partial<ChainParams> {
  const shards = line.number('shards')
  if (shards === undefined) return {}
  const [core, least] = [3 * f + 1, 3 * F + 1]
  if (shards < least)
    throw refuse(
      `--shards ${shards} is below the committee's ${least} shards (3F+1, F = ${F}): raise it, or lower --faults`,
    )
  const seatsTarget = 2 * core * shards
  if (seatsTarget > SEATS_MAX)
    throw refuse(`--shards ${shards} of ${2 * core} seats are ${seatsTarget} seats, at most ${SEATS_MAX} are allowed`)
  return { seatsTarget, shardSizeMax: 3 * core }
}

/** A clock that drifts by as much as half its period either way would stand still or run backwards. */
function clockOf(line: CommandLine, base: RunOptions): Pick<RunOptions, 'clockOffsetMsMax' | 'clockPeriodMs'> {
  const [drift, period] = [line.number('drift'), line.number('drift-period')]
  if (drift !== undefined && period !== undefined && period > 0 && drift > period / 4)
    throw refuse(
      `--drift ${drift} is more than a quarter of --drift-period ${period}: clocks that wrong would nearly stand still; lower one or raise the other`,
    )
  const clockPeriodMs = period ?? (drift !== undefined && drift > base.clockPeriodMs / 4 ? 0 : base.clockPeriodMs)
  const own = clockPeriodMs === 0 ? base.clockOffsetMsMax : Math.min(base.clockOffsetMsMax, clockPeriodMs / 4)
  return { clockOffsetMsMax: drift ?? own, clockPeriodMs }
}

function networkOf(line: CommandLine, base: NetworkModel): NetworkModel {
  const named = line.text('network')
  const fanOut = line.number('fan-out')
  const loss = line.number('loss')
  if (fanOut !== undefined && (loss ?? 0) > 0)
    throw refuse(
      `--fan-out ${fanOut} broadcasts through trees that lose nothing, so --loss ${loss} cannot be kept: leave one out`,
    )
  const routes = line.number('routes')
  if (routes !== undefined && (loss ?? 0) > 0)
    throw refuse(
      `--routes ${routes} broadcasts through trees that lose nothing, so --loss ${loss} cannot be kept: leave one out`,
    )
  const hasTrees = fanOut !== undefined || routes !== undefined
  const { latencyMs, jitterMs, bytesPerSecond } = named === undefined ? base : NETWORKS[named]!
  return {
    ...base,
    latencyMs: line.number('latency') ?? latencyMs,
    jitterMs: line.number('jitter') ?? jitterMs,
    bytesPerSecond: line.number('bandwidth') ?? bytesPerSecond,
    loss: loss ?? (hasTrees ? 0 : base.loss),
    ...(fanOut === undefined ? {} : { fanOut }),
    ...(routes === undefined ? {} : { routes }),
  }
}
