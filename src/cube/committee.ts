/** The committee of an epoch: random shards, the core of each, and the root that binds them ([CUBE-2], [CUBE-3], §5). */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { compareBytes, concatBytes, u16 } from '../base/bytes.ts'
import {
  encodeCommitteeHead,
  encodeLabel,
  encodeMember,
  MEMBER_LENGTH,
  type Committee,
  type CommitteeHead,
  type CommitteeShard,
  type Label,
} from '../chain/committee.ts'
import type { BlsKey, BlsVerifier } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { CubeParams } from './draws.ts'
import type { Seat } from './seats.ts'
import { faultBounds, type Cube, type Shard } from './shards.ts'

/** committeeRoot of an epoch without a committee: an empty cube stops the chain ([CUBE-2]). */
export const NO_COMMITTEE_ROOT: Hash32 = new Uint8Array(32)

/** In the place of a seat or shard number in leaves that are none. */
const NO_INDEX = 0xffff

/**
 * The committee of `cube`; undefined for an empty cube, and for one whose keys add up to the identity (its owner chose
 * them so): either stops the chain. Stake keys were validated when the stake came in, so an invalid one asserts.
 */
export function electCommittee(engine: Engine, params: CubeParams, cube: Cube): Committee | undefined {
  const { kernels, bls } = engine
  if (cube.shards.some(({ seats }) => seats.length === 0)) return undefined
  const sizes = cube.shards.map(({ label, seats }) => ({ label, seats: seats.length }))
  const { f, F } = faultBounds(params, sizes)
  const seed = cube.draws.at(-1)!.seed
  const byLabel = new Map(cube.shards.map((shard) => [shard.label, shard]))
  const shards = committeeLabels(kernels, seed, F, sizes).map((label) => coreOf(kernels, seed, f, byLabel.get(label)!))
  const aggregateKey = sumOfSeats(bls, shards)
  if (aggregateKey === undefined) return undefined
  return {
    head: { epoch: cube.epoch, f, F, aggregateKey: aggregateKey.bytes, draws: cube.draws, cube: sizes },
    shards,
  }
}

/** The labels of the 3F+1 shards with the smallest H("stakecube/committee", D_e, label), in that order ([CUBE-3]). */
export function committeeLabels(
  kernels: Kernels,
  seed: Hash32,
  F: number,
  shards: readonly { readonly label: Label }[],
): Label[] {
  const rank = kernels.tagged('stakecube/committee')
  return shards
    .map(({ label }) => ({ label, hash: rank.hash(seed, encodeLabel(label)) }))
    .sort((a, b) => compareBytes(a.hash, b.hash))
    .slice(0, 3 * F + 1)
    .map(({ label }) => label)
}

/** Core rank of each position: H("stakecube/core", D_e, position) ([CUBE-2]). */
export function coreRanks(kernels: Kernels, seed: Hash32, positions: readonly Hash32[]): Hash32[] {
  if (positions.length === 0) return []
  const messages = concatBytes(...positions.flatMap((position) => [seed, position]))
  const hashes = kernels.tagged('stakecube/core').hashMany(messages, 64)
  return positions.map((_, index) => hashes.slice(32 * index, 32 * index + 32))
}

function coreOf(kernels: Kernels, seed: Hash32, f: number, { label, seats }: Shard): CommitteeShard {
  const ranks = coreRanks(
    kernels,
    seed,
    seats.map(({ position }) => position),
  )
  const members = seats
    .map((seat, index) => ({ seat, rank: ranks[index]! }))
    .sort((a, b) => compareBytes(a.rank, b.rank))
    .slice(0, 3 * f + 1)
    .map(({ seat }) => memberOf(seat))
  return { label, members }
}

const memberOf = ({ credential, drawEpoch, seat }: Seat) => ({
  blsPk: credential.blsPk,
  credential: credential.id,
  amount: credential.amount,
  drawEpoch,
  seat,
})

/** Sum of the keys of all members, one term per seat; undefined if it is the identity. Asserts that each key is valid. */
function sumOfSeats(bls: BlsVerifier, shards: readonly CommitteeShard[]): BlsKey | undefined {
  const keys = shards.flatMap(({ members }) => members.map(({ blsPk }) => bls.decodeKey(blsPk)))
  return bls.sumKeys(
    keys.map((key) => {
      assert(key !== undefined, 'stake keys must be valid')
      return { key, times: 1 }
    }),
  )
}

/** The leaves of the committee tree: the head, then for each shard its label and its core. */
export function committeeLeaves({ head, shards }: Committee): Uint8Array[] {
  return [
    headLeaf(head),
    ...shards.flatMap(({ label, members }, shard) => [
      labelLeaf(shard, label),
      ...members.map((member, seat) => memberLeaf(shard, seat, encodeMember(member))),
    ]),
  ]
}

/** Leaf 0: 0xffff ‖ 0xffff ‖ CommitteeHead. */
export const headLeaf = (head: CommitteeHead): Uint8Array =>
  concatBytes(u16(NO_INDEX), u16(NO_INDEX), encodeCommitteeHead(head))
/** s u16 ‖ 0xffff ‖ label. */
export const labelLeaf = (shard: number, label: Label): Uint8Array =>
  concatBytes(u16(shard), u16(NO_INDEX), encodeLabel(label))
/** s u16 ‖ m u16 ‖ Member. */
export const memberLeaf = (shard: number, seat: number, member: Uint8Array): Uint8Array =>
  concatBytes(u16(shard), u16(seat), member)

/** Leaf index of seat (shard, seat): 2 + s(3f_e+2) + m. */
export const memberLeafIndex = ({ f }: Pick<CommitteeHead, 'f'>, shard: number, seat: number): number =>
  2 + shard * (3 * f + 2) + seat
/** Leaves of a committee tree: 1 + (3F_e+1)(3f_e+2). */
export const committeeLeafCount = ({ f, F }: Pick<CommitteeHead, 'f' | 'F'>): number => 1 + (3 * F + 1) * (3 * f + 2)

/** RFC 9162 root over {@link committeeLeaves}. */
export function committeeRoot(kernels: Kernels, { head, shards }: Committee): Hash32 {
  const hashes = [kernels.leafHash(headLeaf(head))]
  for (const [shard, { label, members }] of shards.entries()) {
    hashes.push(kernels.leafHash(labelLeaf(shard, label)))
    const leaves = members.map((member, seat) => memberLeaf(shard, seat, encodeMember(member)))
    if (leaves.length > 0) hashes.push(kernels.leafHashes(concatBytes(...leaves), 4 + MEMBER_LENGTH))
  }
  return kernels.merkleRoot(concatBytes(...hashes))
}
