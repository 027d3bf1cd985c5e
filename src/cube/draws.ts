/** When a credential is drawn and what it wins ([DRAW-1], [DRAW-2]). */
import { assert, assertRange } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import type { Draw } from '../chain/committee.ts'
import type { Outpoint, Owner } from '../chain/output.ts'
import { firstHeightOf, type ChainParams } from '../chain/params.ts'
import type { Kernels } from '../kernels/contract.ts'

/** The parameters that a cube and its committee depend on. */
export type CubeParams = Pick<ChainParams, 'f' | 'F' | 'seatsTarget' | 'shardSizeMax' | 'seatLifetime'>

/** A stake output as the draws see it. */
export interface Credential {
  /** H("stakecube/credential", Outpoint). */
  readonly id: Hash32
  readonly outpoint: Outpoint
  /** Micro-units, in [1, 2^56). */
  readonly amount: bigint
  readonly blsPk: Uint8Array
  readonly owner: Owner
  /** j of [DRAW-2]: the first epoch whose stake set holds it. */
  readonly firstEpoch: number
}

/**
 * d' of [DRAW-2]: the largest epoch ≤ `epoch` that is u16(first two bytes of id) modulo the lifetime; undefined if there
 * is none yet. It never lies more than seatLifetime − 1 epochs back.
 */
export function redrawEpoch(seatLifetime: number, id: Hash32, epoch: number): number | undefined {
  const residue = ((id[0]! << 8) | id[1]!) % seatLifetime
  const back = (((epoch - residue) % seatLifetime) + seatLifetime) % seatLifetime
  return epoch - back >= 0 ? epoch - back : undefined
}

/** d of [DRAW-2]: the epoch with whose seed and stake the credential's seats in `epoch` ≥ firstEpoch are drawn. */
export function drawEpoch(seatLifetime: number, id: Hash32, firstEpoch: number, epoch: number): number {
  assertRange('firstEpoch', firstEpoch, 0, epoch)
  return Math.max(firstEpoch, redrawEpoch(seatLifetime, id, epoch) ?? 0)
}

/** Seats that `amount` wins in `draw`. The caller keeps amount ≤ draw.stake and below 2^56, and draw.stake ≥ 1. */
export function seatCount(kernels: Kernels, seatsTarget: number, id: Hash32, amount: bigint, draw: Draw): number {
  const digest = kernels.tagged('stakecube/draw').hash(draw.seed, id)
  return Number(kernels.select(amount, draw.stake, BigInt(seatsTarget), digest))
}

/** First epoch of the draws that a head of `epoch` lists: the last min(T, epoch+1), up to `epoch`. */
export function firstDrawEpoch(seatLifetime: number, epoch: number): number {
  return Math.max(0, epoch - seatLifetime + 1)
}

/** The draw of `epoch`, from a list that is ascending without gaps. Asserts that it is there. */
export function drawOf(draws: readonly Draw[], epoch: number): Draw {
  const draw = draws[epoch - (draws[0]?.epoch ?? 0)]
  assert(draw?.epoch === epoch, `draws must hold epoch ${epoch}`)
  return draw
}

/** Height whose header's seed is D of `epoch`: the last block of epoch − 2. Height 0, the genesis seed, for epoch ≤ 1. */
export function drawSeedHeight(params: Pick<ChainParams, 'epochLength'>, epoch: number): bigint {
  return epoch <= 1 ? 0n : firstHeightOf(epoch - 1, params) - 1n
}

/** Height after which the stake set of `epoch` is taken: the last block of epoch − 3. Height 0, genesis, for epoch ≤ 2. */
export function stakeSetHeight(params: Pick<ChainParams, 'epochLength'>, epoch: number): bigint {
  return epoch <= 2 ? 0n : firstHeightOf(epoch - 2, params) - 1n
}
