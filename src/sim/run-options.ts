/** What one simulated run is: who takes part, how the network behaves, what goes wrong and when. All of it from one seed. */
import { Prng } from '../base/prng.ts'
import { DEVNET_PARAMS, type ChainParams, type QuorumRule } from '../chain/params.ts'
import type { AgreementTimes } from '../consensus/agreement.ts'
import type { CryptoCosts } from './crypto-costs.ts'
import { STRATEGIES, type Strategy } from './faulty-node.ts'
import type { NetworkModel } from './network.ts'

export interface RunOptions {
  readonly seed: string
  readonly params: ChainParams
  /** Credentials of each validator, by stake in micro-units. */
  readonly stakes: readonly (readonly bigint[])[]
  readonly network: NetworkModel
  /** Largest difference of a clock from the world's time. */
  readonly clockOffsetMsMax: number
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
  /** Blocks that every honest node must add after the heal, and the time it has for them. */
  readonly progressBlocks: number
  readonly progressMs: number
  /** Time-outs; undefined: quick ones. */
  readonly times?: AgreementTimes
  /** What cryptography costs in virtual time; undefined: nothing. */
  readonly costs?: CryptoCosts
}

/** Small committees, short epochs: 16 seats for f = F = 1, 49 for 2. */
export function smallParams(quorum: QuorumRule, faults: 1 | 2, epochLength: number): ChainParams {
  return {
    ...DEVNET_PARAMS,
    f: faults,
    F: faults,
    quorum,
    seatsTarget: faults === 1 ? 48 : 120,
    shardSizeMax: faults === 1 ? 8 : 14,
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
  const validatorCount = 4 + prng.below(7)
  const faults = prng.chance(0.2) ? 2 : 1
  const params = smallParams(prng.pick(['flat', 'flat', 'two-level']), faults, 3 + prng.below(4))
  const stakes = Array.from({ length: validatorCount }, () =>
    Array.from({ length: prng.chance(0.2) ? 2 : 1 }, () => 1_000_000n * BigInt(50 + prng.below(100))),
  )
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
    params,
    stakes,
    network: {
      latencyMs: 1 + prng.below(80),
      jitterMs: 1 + prng.below(100),
      loss: isCalm ? 0 : 0.25 * prng.float() * prng.float(),
      doubling: 0.1 * prng.float(),
      bytesPerSecond: 250_000 + prng.below(5_000_000),
    },
    clockOffsetMsMax: prng.below(800),
    diskMs: 1 + prng.below(10),
    faulty,
    healAfterMs: 3000 + prng.below(6000),
    crashCount: isCalm ? 0 : prng.below(6),
    partitionCount: isCalm ? 0 : prng.below(3),
    eclipseCount: isCalm ? 0 : prng.below(3),
    walletCount: 2,
    paymentEveryMs: 1700,
    progressBlocks: 2,
    progressMs: 180_000,
  }
}
