/** What one simulated run is: who takes part, how the network behaves, what goes wrong and when. All of it from one seed. */
import { Prng } from '../base/prng.ts'
import { DEVNET_PARAMS, type ChainParams, type QuorumRule } from '../chain/params.ts'
import type { AgreementTimes } from '../consensus/agreement.ts'
import { STRATEGIES, type Strategy } from './faulty-node.ts'
import { MEASURED_COSTS, type SimCosts } from './measured-costs.ts'
import type { NetworkModel } from './network.ts'

export interface RunOptions {
  readonly seed: string
  readonly params: ChainParams
  /** Credentials of each validator at genesis, by stake in micro-units; none: a newcomer, who may stake later. */
  readonly stakes: readonly (readonly bigint[])[]
  readonly network: NetworkModel
  /** Largest difference of a clock from the world's time. */
  readonly clockOffsetMsMax: number
  /** Clocks drift so long between two settings; 0: each is off by a constant. */
  readonly clockPeriodMs: number
  readonly diskMs: number
  /** Strategy of each validator that is faulty from the start. */
  readonly faulty: ReadonlyMap<number, Strategy>
  /** Crashes, partitions and loss last until then (virtual, from the start). */
  readonly healAfterMs: number
  readonly crashCount: number
  readonly partitionCount: number
  /** Honest nodes that for a while reach Byzantine ones only. */
  readonly eclipseCount: number
  readonly walletCount: number
  /** One payment every so often. */
  readonly paymentEveryMs: number
  /** A validator stakes, gives stake up or takes it back every so often; undefined: never. */
  readonly stakeEveryMs?: number
  /** Blocks that every honest node must add after the heal, and the time it has for them. */
  readonly progressBlocks: number
  readonly progressMs: number
  /** Time-outs; undefined: quick ones. */
  readonly times?: AgreementTimes
  /** What cryptography costs in virtual time; undefined: nothing. */
  readonly costs?: SimCosts
}

/** Small committees, short epochs: 16 seats for f = F = 1, 49 for 2, 256 for 5. */
export function smallParams(quorum: QuorumRule, faults: number, epochLength: number): ChainParams {
  const core = 3 * faults + 1
  return {
    ...DEVNET_PARAMS,
    f: faults,
    F: faults,
    quorum,
    seatsTarget: faults === 1 ? 48 : faults === 2 ? 120 : 3 * core * core,
    shardSizeMax: 2 * core,
    epochLength,
    seatLifetime: 2,
    blockTimeMs: 500,
    trustPeriodMs: 60_000,
    clockDriftMsMax: 2000,
  }
}

/** A random small run: every kind of trouble, in every mixture. The seed says all. */
export function randomRun(seed: string): RunOptions {
  const prng = new Prng(`run/${seed}`)
  const validatorCount = 4 + prng.below(4)
  const newcomerCount = prng.below(3)
  const stakes = [
    ...Array.from({ length: validatorCount }, () =>
      Array.from({ length: prng.chance(0.2) ? 2 : 1 }, () => 1_000_000n * BigInt(50 + prng.below(100))),
    ),
    ...Array.from({ length: newcomerCount }, (): bigint[] => []),
  ]
  const faultyCount = prng.below(Math.floor((validatorCount + 2) / 3) + 1)
  const faulty = new Map(
    prng
      .shuffled(stakes.map((_, index) => index))
      .slice(0, faultyCount)
      .map((index): [number, Strategy] => [index, prng.pick(STRATEGIES)]),
  )
  const isCalm = prng.chance(0.2)
  return {
    seed,
    params: randomParams(prng),
    stakes,
    network: {
      latencyMs: 1 + prng.below(80),
      jitterMs: 1 + prng.below(100),
      loss: isCalm ? 0 : 0.25 * prng.float() * prng.float(),
      doubling: 0.1 * prng.float(),
      bytesPerSecond: 250_000 + prng.below(5_000_000),
    },
    clockOffsetMsMax: prng.below(800),
    clockPeriodMs: prng.chance(0.5) ? 0 : 3000 + prng.below(20_000),
    diskMs: 1 + prng.below(10),
    faulty,
    healAfterMs: 3000 + prng.below(6000),
    crashCount: isCalm ? 0 : prng.below(6),
    partitionCount: isCalm ? 0 : prng.below(3),
    eclipseCount: isCalm ? 0 : prng.below(3),
    walletCount: 2,
    paymentEveryMs: 2300,
    stakeEveryMs: 600 + prng.below(2400),
    progressBlocks: 2,
    progressMs: 180_000,
    costs: MEASURED_COSTS,
  }
}

/** Epochs so short that stake which comes and goes is drawn, splits and merges shards and is free again within a run. */
function randomParams(prng: Prng): ChainParams {
  const faults = prng.chance(0.2) ? 2 : 1
  const base = smallParams(prng.pick(['flat', 'flat', 'two-level']), faults, 2 + prng.below(4))
  return {
    ...base,
    shardSizeMax: base.shardSizeMax + prng.below(5),
    seatLifetime: 1 + prng.below(3),
    blockTimeMs: prng.pick([250, 500]),
    trustPeriodMs: prng.pick([500, 3000, 60_000]),
  }
}
