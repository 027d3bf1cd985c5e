/**
 * [REW-1]: what the signers of an epoch's blocks are paid.
 *
 * During epoch e a book counts the set bits of each credential over the parentCerts that the blocks of e commit, the seats
 * that could have been set, and the fees. The first block of e+1 pays it out:
 *
 *     share = ⌊(fees + blockReward × epochLength) × set bits / seats counted⌋
 *
 * where "seats counted" adds n of each certificate's own committee: the first block of an epoch carries a certificate of
 * the committee before, whose n may differ. Remainder and shares below minOutput are burnt. Index i of the outpoints
 * counts the outputs that are made. Block rewards stop for good in the epoch whose reward would bring genesis amounts and
 * all rewards to 2^63.
 */
import { bitAt, toHex, u32 } from '../base/bytes.ts'
import type { Hash32 } from '../base/brand.ts'
import { KIND, type Owner, type Utxo } from '../chain/output.ts'
import { SUPPLY_LIMIT } from '../chain/spec-rules.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { EpochRecord } from './epochs.ts'
import type { Chain } from './transaction-rules.ts'

export interface Earned {
  readonly owner: Owner
  /** Set bits so far. */
  readonly bits: number
}

/** The epoch's account so far. Immutable. */
export interface RewardBook {
  readonly fees: bigint
  /** Seats over all counted certificates: n × blocks while the committee stays the same size. */
  readonly seats: number
  /** By credential id in hex. */
  readonly earned: ReadonlyMap<string, Earned>
}

export const EMPTY_BOOK: RewardBook = { fees: 0n, seats: 0, earned: new Map() }

/** The book after a block that takes `fees` and commits a valid certificate with this bitmap under `signers`. */
export function accrue(
  book: RewardBook,
  fees: bigint,
  cert: { readonly signers: EpochRecord; readonly bitmap: Uint8Array } | undefined,
): RewardBook {
  if (cert === undefined) return { ...book, fees: book.fees + fees }
  const { signers, bitmap } = cert
  const earned = new Map(book.earned)
  const members = signers.committee!.committee.shards.flatMap((shard) => shard.members)
  for (const [seat, { credential }] of members.entries()) {
    if (bitAt(bitmap, seat) === 0) continue
    const id = toHex(credential)
    const before = earned.get(id)
    earned.set(id, { owner: before?.owner ?? signers.owners.get(id)!, bits: (before?.bits ?? 0) + 1 })
  }
  return { fees: book.fees + fees, seats: book.seats + members.length, earned }
}

export interface Payout {
  /** Kind-0 outputs, in credential-id order. */
  readonly outputs: readonly Utxo[]
  /** New money: the block rewards of the epoch, or 0 once they have stopped. */
  readonly issued: bigint
  /** Of fees and new money, what nobody got. */
  readonly burnt: bigint
}

/** The outpoint of reward `index` for `epoch`. */
export const rewardTxid = (kernels: Kernels, chainId: Hash32, epoch: number): Hash32 =>
  kernels.tagged('stakecube/reward').hash(chainId, u32(epoch))

/** Pays the book of `epoch` in the block at `height`; `issuedBefore` is genesis amounts and all rewards so far. */
export function payOut(
  kernels: Kernels,
  { params, chainId }: Chain,
  epoch: number,
  book: RewardBook,
  issuedBefore: bigint,
  height: bigint,
): Payout {
  const reward = params.blockReward * BigInt(params.epochLength)
  const issued = issuedBefore + reward < SUPPLY_LIMIT ? reward : 0n
  const total = book.fees + issued
  const txid = rewardTxid(kernels, chainId, epoch)
  const outputs: Utxo[] = []
  let paid = 0n
  for (const id of [...book.earned.keys()].sort()) {
    const { owner, bits } = book.earned.get(id)!
    const amount = (total * BigInt(bits)) / BigInt(book.seats)
    if (amount < params.minOutput || amount === 0n) continue
    const output = { kind: KIND.transfer, amount, owner, data: new Uint8Array(0) }
    outputs.push({ outpoint: { txid, index: outputs.length }, createdHeight: height, output })
    paid += amount
  }
  return { outputs, issued, burnt: total - paid }
}
