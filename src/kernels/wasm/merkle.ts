/**
 * RFC 9162 over the kernels. A tree larger than the arena is cut into perfect subtrees of CHUNK leaves; the tree over
 * their roots has the same upper levels, as the RFC splits at powers of two.
 */
import { concatBytes, equalBytes } from '../../base/bytes.ts'
import type { Hash32 } from '../../base/brand.ts'
import * as checks from '../checks.ts'
import type { Machine } from './machine.ts'
import { fits, hashMany, sha256, streamMany, WasmStream } from './sha256.ts'

/** Leaves hashed in one call, a power of two; 2 MiB. */
export const CHUNK = 1 << 16

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

export function leafHash(machine: Machine, data: Uint8Array): Hash32 {
  checks.checkBytes('data', data)
  if (data.length >= machine.capacity) return new WasmStream(machine).update(LEAF_PREFIX).update(data).digest()
  machine.put(data, 1)
  machine.put(LEAF_PREFIX)
  machine.hash(machine.iv, 0, machine.arena, data.length + 1, machine.result)
  return machine.takeResult()
}

export function leafHashes(machine: Machine, leaves: Uint8Array, leafLength: number): Uint8Array {
  if (fits(machine, leafLength)) return hashMany(machine, machine.iv, 0, 0, leaves, leafLength)
  return streamMany(leaves, leafLength, () => new WasmStream(machine).update(LEAF_PREFIX))
}

export function nodeHash(machine: Machine, left: Hash32, right: Hash32): Hash32 {
  checks.checkPair(left, right)
  machine.put(left, 1)
  machine.put(right, 33)
  machine.put(NODE_PREFIX)
  machine.hash(machine.iv, 0, machine.arena, 65, machine.result)
  return machine.takeResult()
}

/** Root of at most CHUNK leaf hashes, at least one. */
function chunkRoot(machine: Machine, hashes: Uint8Array): Uint8Array {
  machine.put(hashes)
  machine.call.merkleRoot(machine.arena, hashes.length / 32, machine.arena + hashes.length)
  return machine.take(machine.arena, 32)
}

const chunkOf = (hashes: Uint8Array, chunk: number) => hashes.subarray(32 * CHUNK * chunk, 32 * CHUNK * (chunk + 1))

/** The hashes, where no call overwrites them before all chunks were read. */
export function wholeOf(machine: Machine, hashes: Uint8Array): Uint8Array {
  return hashes.length > 32 * CHUNK ? machine.outside(hashes) : hashes
}

/** Roots of the chunks, one after the other. */
export function chunkRoots(machine: Machine, hashes: Uint8Array): Uint8Array {
  const roots = new Uint8Array(32 * Math.ceil(hashes.length / 32 / CHUNK))
  for (let chunk = 0; 32 * chunk < roots.length; chunk++)
    roots.set(chunkRoot(machine, chunkOf(hashes, chunk)), 32 * chunk)
  return roots
}

export function merkleRoot(machine: Machine, hashes: Uint8Array): Hash32 {
  const count = checks.checkHashes('leafHashes', hashes)
  if (count === 0) return sha256(machine, hashes)
  let level = wholeOf(machine, hashes)
  while (level.length > 32 * CHUNK) level = chunkRoots(machine, level)
  return chunkRoot(machine, level)
}

/** Path of a leaf in a tree of at most CHUNK leaves. */
function chunkProof(machine: Machine, hashes: Uint8Array, index: number): Uint8Array {
  machine.put(hashes)
  const out = machine.arena + hashes.length
  return machine.take(out, 32 * machine.call.inclusionProof(machine.arena, hashes.length / 32, index, out))
}

export function inclusionProof(machine: Machine, hashes: Uint8Array, index: number): Uint8Array {
  checks.checkIndex(hashes, index)
  return pathOf(machine, wholeOf(machine, hashes), index)
}

function pathOf(machine: Machine, hashes: Uint8Array, index: number): Uint8Array {
  if (hashes.length <= 32 * CHUNK) return chunkProof(machine, hashes, index)
  const chunk = Math.floor(index / CHUNK)
  const low = chunkProof(machine, chunkOf(hashes, chunk), index % CHUNK)
  return concatBytes(low, pathOf(machine, chunkRoots(machine, hashes), chunk))
}

export function consistencyProof(machine: Machine, hashes: Uint8Array, firstSize: number): Uint8Array {
  checks.checkFirstSize(hashes, firstSize)
  return firstSize === hashes.length / 32
    ? new Uint8Array(0)
    : suffixProof(machine, wholeOf(machine, hashes), firstSize)
}

/** 0 < firstSize < count. */
function suffixProof(machine: Machine, hashes: Uint8Array, firstSize: number): Uint8Array {
  if (hashes.length <= 32 * CHUNK) {
    machine.put(hashes)
    const out = machine.arena + hashes.length
    return machine.take(out, 32 * machine.call.consistencyProof(machine.arena, hashes.length / 32, firstSize, out))
  }
  const roots = chunkRoots(machine, hashes)
  if (firstSize % CHUNK === 0) return suffixProof(machine, roots, firstSize / CHUNK)
  const chunk = Math.floor(firstSize / CHUNK)
  const low = lastNodeProof(machine, chunkOf(hashes, chunk), firstSize % CHUNK, chunk > 0)
  return concatBytes(low, pathOf(machine, roots, chunk))
}

/**
 * Within one chunk: the last perfect subtree of the first `size` leaves and its path to the chunk's root. The subtree itself
 * is left out if it is the whole old tree: if no chunk was `before` it and nothing of its own chunk.
 */
function lastNodeProof(machine: Machine, hashes: Uint8Array, size: number, before: boolean): Uint8Array {
  let level = hashes
  let index = size
  while (index % 2 === 0) {
    level = reduced(machine, level)
    index /= 2
  }
  const path = chunkProof(machine, level, index - 1)
  return before || index > 1 ? concatBytes(level.slice(32 * (index - 1), 32 * index), path) : path
}

/** One level up; a last odd hash moves up as it is. */
function reduced(machine: Machine, hashes: Uint8Array): Uint8Array {
  const even = hashes.length - (hashes.length % 64)
  const parents = hashMany(machine, machine.iv, 0, 1, hashes.subarray(0, even), 64)
  return concatBytes(parents, hashes.subarray(even))
}

export function rootFromInclusion(
  machine: Machine,
  index: bigint,
  size: bigint,
  leaf: Uint8Array,
  path: Uint8Array,
): Hash32 | undefined {
  checks.checkU64('index', index)
  checks.checkU64('size', size)
  if (leaf.length !== 32 || path.length % 32 !== 0 || path.length > 32 * 64) return undefined
  machine.put(leaf)
  machine.put(path, 32)
  const { call, arena } = machine
  if (call.rootFromInclusion(index, size, arena, arena + 32, path.length / 32) === 0) return undefined
  return machine.take(arena, 32)
}

export function verifyConsistency(
  machine: Machine,
  firstSize: bigint,
  secondSize: bigint,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: Uint8Array,
): boolean {
  checks.checkU64('firstSize', firstSize)
  checks.checkU64('secondSize', secondSize)
  if (firstSize === 0n || firstSize > secondSize || firstRoot.length !== 32 || secondRoot.length !== 32) return false
  if (proof.length % 32 !== 0 || proof.length > 32 * 65) return false
  if (firstSize === secondSize) return proof.length === 0 && equalBytes(firstRoot, secondRoot)
  machine.put(firstRoot)
  machine.put(secondRoot, 32)
  machine.put(proof, 128)
  const { call, arena } = machine
  return call.verifyConsistency(firstSize, secondSize, arena, arena + 128, proof.length / 32) !== 0
}
