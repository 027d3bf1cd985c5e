/**
 * [PROOF-4] in one block: the complete list of the transactions of a topic, or of a topic prefix.
 *
 * The leaves of the transaction tree are `topic 8 ‖ txid 32`, strictly ascending. The proof is the range of the topic's
 * leaves with exactly one neighbour on each side, unless the range touches that end of the tree; so an absent topic is
 * shown by two adjacent leaves, or one at an end. Nothing is to prove if the tree is empty.
 *
 *     … | below | topic | topic | topic | above | …
 *         ^ start                          ^ start + leaves − 1
 */
import { assertLength, assertRange } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { compareBytes, concatBytes, equalBytes } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { TX_COUNT_MAX } from '../chain/block.ts'
import type { Kernels } from '../kernels/contract.ts'
import { buildRangeProof, emptyMerkleRoot, verifyRangeProof, type MerkleCode } from './merkle.ts'

export const TOPIC_LENGTH = 8
export const TX_LEAF_LENGTH = 40

export type TopicCode = MerkleCode | 'topic-empty-tree' | 'topic-leaf-order' | 'topic-leaf-length' | 'topic-neighbours'
export const TOPIC_CODES: readonly TopicCode[] = [
  'topic-empty-tree',
  'topic-leaf-length',
  'topic-leaf-order',
  'topic-neighbours',
]

/** A topic, or its first `bits` bits; ⌈bits/8⌉ bytes, unused low bits zero. */
export interface TopicPrefix {
  readonly bits: number
  readonly bytes: Uint8Array
}

export interface TopicRange {
  /** Index of the first of `leaves`. */
  readonly start: number
  /** Neighbours included, 40 bytes each. */
  readonly leaves: readonly Uint8Array[]
  /** Range proof, concatenated hashes. */
  readonly proof: Uint8Array
}

/** Leaf of the transaction tree. */
export const txLeaf = (topic: Uint8Array, txid: Hash32): Uint8Array => concatBytes(topic, txid)
export const wholeTopic = (topic: Uint8Array): TopicPrefix => ({ bits: 8 * TOPIC_LENGTH, bytes: topic })

/** Whether the leaf's topic is below (negative), in (0) or above (positive) the prefix. */
function side(leaf: Uint8Array, { bits, bytes }: TopicPrefix): number {
  const whole = bits >> 3
  const difference = compareBytes(leaf.subarray(0, whole), bytes.subarray(0, whole))
  if (difference !== 0 || bits % 8 === 0) return difference
  const shift = 8 - (bits % 8)
  return (leaf[whole]! >> shift) - (bytes[whole]! >> shift)
}

/** The answer for `prefix` in the block with these transaction leaves (ascending, 40 bytes each). */
export function buildTopicRange(kernels: Kernels, leaves: readonly Uint8Array[], prefix: TopicPrefix): TopicRange {
  assertRange('prefix.bits', prefix.bits, 0, 8 * TOPIC_LENGTH)
  if (leaves.length === 0) return { start: 0, leaves: [], proof: new Uint8Array(0) }
  let first = leaves.findIndex((leaf) => side(leaf, prefix) >= 0)
  if (first === -1) first = leaves.length
  let end = first
  while (end < leaves.length && side(leaves[end]!, prefix) === 0) end++
  const start = Math.max(0, first - 1)
  const stop = Math.min(leaves.length, end + 1)
  const leafHashes = kernels.leafHashes(concatBytes(...leaves), TX_LEAF_LENGTH)
  return { start, leaves: leaves.slice(start, stop), proof: buildRangeProof(kernels, leafHashes, start, stop) }
}

/**
 * Verifies an untrusted answer for a topic prefix against a final header's txRoot and txCount; the complete list of its
 * leaves, ascending, or why not. Order and neighbours are checked before anything is hashed.
 */
export function verifyTopicPrefixRange(
  kernels: Kernels,
  root: Hash32,
  txCount: number,
  prefix: TopicPrefix,
  range: TopicRange,
): Result<Uint8Array[], TopicCode> {
  const { start, leaves, proof } = range
  if (txCount === 0) {
    const nothing =
      start === 0 && leaves.length === 0 && proof.length === 0 && equalBytes(root, emptyMerkleRoot(kernels))
    return nothing ? accepted([]) : rejected('topic-empty-tree', { start, leaves: leaves.length })
  }
  const shape = checkLeaves(leaves)
  if (shape.kind === 'rejected') return shape
  const below = leaves.filter((leaf) => side(leaf, prefix) < 0).length
  const above = leaves.filter((leaf) => side(leaf, prefix) > 0).length
  const leftComplete = below === 1 || (below === 0 && start === 0)
  const rightComplete = above === 1 || (above === 0 && start + leaves.length === txCount)
  if (!leftComplete || !rightComplete)
    return rejected('topic-neighbours', { below, above, start, leaves: leaves.length, txCount })
  const leafHashes = kernels.leafHashes(concatBytes(...leaves), TX_LEAF_LENGTH)
  const verified = verifyRangeProof(kernels, root, txCount, start, leafHashes, proof)
  return verified.kind === 'rejected' ? verified : accepted(leaves.slice(below, leaves.length - above))
}

function checkLeaves(leaves: readonly Uint8Array[]): Result<void, TopicCode> {
  for (const [index, leaf] of leaves.entries()) {
    if (leaf.length !== TX_LEAF_LENGTH)
      return rejected('topic-leaf-length', { index, length: leaf.length, expected: TX_LEAF_LENGTH })
    if (index > 0 && compareBytes(leaves[index - 1]!, leaf) >= 0) return rejected('topic-leaf-order', { index })
  }
  return accepted(undefined)
}

/** As {@link verifyTopicPrefixRange} for one whole topic (8 bytes): the complete list of its txids in block order. */
export function verifyTopicRange(
  kernels: Kernels,
  root: Hash32,
  txCount: number,
  topic: Uint8Array,
  start: number,
  rangeLeaves: readonly Uint8Array[],
  proof: Uint8Array,
): Result<Hash32[], TopicCode> {
  assertLength('topic', topic, TOPIC_LENGTH)
  const range = { start, leaves: rangeLeaves, proof }
  const verified = verifyTopicPrefixRange(kernels, root, txCount, wholeTopic(topic), range)
  return verified.kind === 'rejected' ? verified : accepted(verified.value.map((leaf) => leaf.slice(TOPIC_LENGTH)))
}

/** start u32 ‖ list of leaves 40 ‖ proof (byte string). */
export function writeTopicRange(writer: Writer, { start, leaves, proof }: TopicRange): void {
  writer
    .u32(start)
    .list(leaves, (out, leaf) => out.bytes(leaf))
    .byteString(proof)
}
export const readTopicRange = (reader: Reader): TopicRange => ({
  start: reader.u32(),
  leaves: reader.list('range leaves', 0, TX_COUNT_MAX, (item) => item.bytes(TX_LEAF_LENGTH)),
  proof: reader.byteString('range proof'),
})
export function encodeTopicRange(range: TopicRange): Uint8Array {
  const writer = new Writer(64 + TX_LEAF_LENGTH * range.leaves.length + range.proof.length)
  writeTopicRange(writer, range)
  return writer.finish()
}
export function decodeTopicRange(bytes: Uint8Array): Result<TopicRange, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readTopicRange(reader))
}
