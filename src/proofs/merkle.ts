/**
 * Multiproofs and range proofs over the RFC 9162 tree (§1): the hashes, left to right, of the fewest nodes of the RFC's
 * recursion that hold none of the proven leaves and cover all others.
 *
 * The recursion visits a subtree of `size` leaves from leaf `start` on with the proven leaves `[first, last)` of the list:
 *
 *     none of them in it      one hash of the proof
 *     all of it proven        MTH of the leaf hashes
 *     else                    split at the largest power of two below `size`
 *
 * Attack: a hostile proof, size or index list. All counts are checked before anything is hashed, and the work is bounded
 * by the leaves and hashes that came with the proof, never by the claimed size.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import type { Kernels } from '../kernels/contract.ts'

export type MerkleCode = 'merkle-indices' | 'merkle-leaves' | 'merkle-proof-length' | 'merkle-root'
export const MERKLE_CODES: readonly MerkleCode[] = [
  'merkle-indices',
  'merkle-leaves',
  'merkle-proof-length',
  'merkle-root',
]

/** SHA256(""), the root of the tree without leaves. */
export const emptyMerkleRoot = (kernels: Kernels): Hash32 => kernels.merkleRoot(new Uint8Array(0))

const hashes = (joined: Uint8Array, start: number, end: number) => joined.subarray(32 * start, 32 * end)

/** The largest power of two below `size`, size ≥ 2. Exact up to 2^53. */
export function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** First position in [first, last) whose index is at least `bound`, or last. */
function positionOf(indices: readonly number[], first: number, last: number, bound: number): number {
  while (first < last) {
    const middle = (first + last) >>> 1
    if (indices[middle]! >= bound) last = middle
    else first = middle + 1
  }
  return first
}

/** True iff `indices` is not empty, strictly ascending, and below `size`. */
function areIndices(indices: readonly number[], size: number): boolean {
  if (!Number.isSafeInteger(size) || indices.length === 0 || indices.length > size) return false
  let above = -1
  for (const index of indices) {
    if (!Number.isSafeInteger(index) || index <= above || index >= size) return false
    above = index
  }
  return true
}

interface Fold<Node> {
  /** The subtree [start, start + size) holds no proven leaf. */
  other(start: number, size: number): Node
  /** All leaves of the subtree are proven: positions [first, last) of the list. */
  proven(first: number, last: number): Node
  join(left: Node, right: Node): Node
}

function fold<Node>(indices: readonly number[], size: number, visit: Fold<Node>): Node {
  const subtree = (start: number, count: number, first: number, last: number): Node => {
    if (first === last) return visit.other(start, count)
    if (last - first === count) return visit.proven(first, last)
    const split = splitOf(count)
    const middle = positionOf(indices, first, last, start + split)
    return visit.join(subtree(start, split, first, middle), subtree(start + split, count - split, middle, last))
  }
  return subtree(0, size, 0, indices.length)
}

/** Number of hashes in the multiproof of leaves `indices` of a tree of `size`. Hashes nothing. */
export function multiproofCount(indices: readonly number[], size: number): number {
  assert(areIndices(indices, size), `indices must be strictly ascending and below size ${size}`)
  return fold(indices, size, { other: () => 1, proven: () => 0, join: (left, right) => left + right })
}

/** The multiproof of the leaves `indices` (strictly ascending, not empty), concatenated hashes. */
export function buildMultiproof(kernels: Kernels, leafHashes: Uint8Array, indices: readonly number[]): Uint8Array {
  const size = leafHashes.length / 32
  const proof = new Uint8Array(32 * multiproofCount(indices, size))
  let at = 0
  fold<void>(indices, size, {
    other: (start, count) => {
      proof.set(kernels.merkleRoot(hashes(leafHashes, start, start + count)), at)
      at += 32
    },
    proven: () => undefined,
    join: () => undefined,
  })
  return proof
}

/**
 * Recomputes the root from untrusted leaf hashes and an untrusted multiproof (both concatenated, 32 bytes each). Rejects
 * indices that are no ascending set below `size` and counts that do not fit.
 */
export function rootFromMultiproof(
  kernels: Kernels,
  size: number,
  indices: readonly number[],
  leafHashes: Uint8Array,
  proof: Uint8Array,
): Result<Hash32, MerkleCode> {
  if (!areIndices(indices, size)) return rejected('merkle-indices', { size, count: indices.length })
  if (leafHashes.length !== 32 * indices.length)
    return rejected('merkle-leaves', { bytes: leafHashes.length, expected: 32 * indices.length })
  const expected = 32 * multiproofCount(indices, size)
  if (proof.length !== expected) return rejected('merkle-proof-length', { bytes: proof.length, expected })
  let at = 0
  const root = fold<Hash32>(indices, size, {
    other: () => proof.slice(at, (at += 32)),
    proven: (first, last) => kernels.merkleRoot(hashes(leafHashes, first, last)),
    join: (left, right) => kernels.nodeHash(left, right),
  })
  return accepted(root)
}

export function verifyMultiproof(
  kernels: Kernels,
  root: Hash32,
  size: number,
  indices: readonly number[],
  leafHashes: Uint8Array,
  proof: Uint8Array,
): Result<void, MerkleCode> {
  const computed = rootFromMultiproof(kernels, size, indices, leafHashes, proof)
  if (computed.kind === 'rejected') return computed
  return equalBytes(computed.value, root) ? accepted(undefined) : rejected('merkle-root', { size })
}

/** The indices start, start + 1, …, end − 1. */
const rangeIndices = (start: number, end: number) => Array.from({ length: end - start }, (_, offset) => start + offset)

/** The multiproof of the leaves [start, end), start < end. */
export function buildRangeProof(kernels: Kernels, leafHashes: Uint8Array, start: number, end: number): Uint8Array {
  assert(0 <= start && start < end && 32 * end <= leafHashes.length, `no range [${start}, ${end}) in the tree`)
  return buildMultiproof(kernels, leafHashes, rangeIndices(start, end))
}

/** Verifies that the concatenated `leafHashes` are the leaves from `start` on of the tree (size, root). */
export function verifyRangeProof(
  kernels: Kernels,
  root: Hash32,
  size: number,
  start: number,
  leafHashes: Uint8Array,
  proof: Uint8Array,
): Result<void, MerkleCode> {
  const count = leafHashes.length / 32
  if (!Number.isSafeInteger(count)) return rejected('merkle-leaves', { bytes: leafHashes.length, expected: 32 })
  if (!Number.isSafeInteger(start) || start < 0 || count === 0 || start + count > size)
    return rejected('merkle-indices', { size, start, count })
  return verifyMultiproof(kernels, root, size, rangeIndices(start, start + count), leafHashes, proof)
}
