/** How stake may be spread over validators at genesis. */
import type { Prng } from '../base/prng.ts'

/** `zipf`: the k-th has 1/k of the first; `whale`: the first has as much as all others; `random`: from a third to three times. */
export const STAKE_DISTRIBUTIONS = ['equal', 'random', 'zipf', 'whale'] as const
export type StakeDistribution = (typeof STAKE_DISTRIBUTIONS)[number]

/** The usual stake of a simulated validator, micro-units. */
const MIDDLE = 90_000_000n
/** What the last of a long tail still has: a stake must not be dust. */
const LEAST = 1_000_000n

/** Amounts for `count` validators, micro-units. */
export function distributeStake(kind: StakeDistribution, count: number, prng: Prng): bigint[] {
  const amountOf = (index: number): bigint => {
    switch (kind) {
      case 'equal':
        return MIDDLE
      case 'random':
        return BigInt(Math.round(Number(MIDDLE) * 3 ** (2 * prng.float() - 1)))
      case 'zipf':
        return (10n * MIDDLE) / BigInt(index + 1)
      case 'whale':
        return index === 0 ? MIDDLE * BigInt(Math.max(1, count - 1)) : MIDDLE
    }
  }
  return Array.from({ length: count }, (_, index) => {
    const amount = amountOf(index)
    return amount < LEAST ? LEAST : amount
  })
}
