/** Bulk entry points: one call, one copy in, one copy out; what is larger than the arena goes in pieces. */
import { assert } from '../../base/assert.ts'
import type { Hash32 } from '../../base/brand.ts'
import { concatBytes, equalBytes } from '../../base/bytes.ts'
import * as checks from '../checks.ts'
import type { DrawAudit, ProvenTree } from '../contract.ts'
import type { Machine } from './machine.ts'
import { CHUNK, chunkRoots } from './merkle.ts'
import { hashMany, type WasmTaggedHash } from './sha256.ts'

/** Leaves what a call needs of the arena beside its input. */
export const INPUT_BYTES_MAX = 1 << 22
const DRAW_BYTES = 44
const MEMBER_BYTES = 96
/** A proof in work: hash 32 ‖ index u64 ‖ size−1 u64 ‖ path address u32 ‖ path length u32 ‖ 8 unused. */
const PROOF_BYTES = 64

export function inputView(machine: Machine, length: number): Uint8Array {
  checks.checkInputLength(length, INPUT_BYTES_MAX)
  return machine.bytes.subarray(machine.arena, machine.arena + length)
}

export function reduceLevel(machine: Machine, level: Uint8Array, nodes: 'plain' | 'rfc9162'): number {
  const count = checks.checkHashes('level', level)
  const pairs = count >>> 1
  const odd = count % 2 === 1 ? level.slice(64 * pairs) : undefined
  const prefix = nodes === 'rfc9162' ? 1 : -1
  if (level.length <= machine.capacity) {
    machine.put(level)
    machine.call.hashMany(machine.iv, 0, prefix, machine.arena, 64, pairs, machine.arena)
    if (level.buffer !== machine.bytes.buffer)
      level.set(machine.bytes.subarray(machine.arena, machine.arena + 32 * pairs))
  } else level.set(hashMany(machine, machine.iv, 0, prefix, level.subarray(0, 64 * pairs), 64))
  if (odd !== undefined) level.set(odd, 32 * pairs)
  return pairs + (count % 2)
}

export function hashTree64(machine: Machine, hashes: Uint8Array): Hash32 {
  const count = checks.checkPerfect(hashes)
  if (count <= CHUNK) return perfectRoot(machine, hashes)
  hashes = machine.outside(hashes)
  const roots = new Uint8Array((32 * count) / CHUNK)
  for (let chunk = 0; chunk < count / CHUNK; chunk++)
    roots.set(perfectRoot(machine, hashes.subarray(32 * CHUNK * chunk, 32 * CHUNK * (chunk + 1))), 32 * chunk)
  return hashTree64(machine, roots)
}

function perfectRoot(machine: Machine, hashes: Uint8Array): Hash32 {
  machine.put(hashes)
  machine.call.hashTree64(machine.arena, hashes.length / 32, machine.arena + hashes.length)
  return machine.take(machine.arena, 32)
}

/**
 * Hashes in the inclusion path of `index` in a tree of `size` leaves, index < size: one for every level on which the index
 * and the last leaf part, then one for every set bit above.
 */
function pathLength(index: bigint, size: bigint): number {
  if (size > 0xffffffffn) return longPathLength(index, size)
  const own = Number(index)
  const inner = 32 - Math.clz32(own ^ (Number(size) - 1))
  return inner + (inner === 32 ? 0 : ones(own >>> inner))
}

function ones(word: number): number {
  let count = 0
  for (let rest = word; rest !== 0; rest &= rest - 1) count++
  return count
}

function longPathLength(index: bigint, size: bigint): number {
  let length = 0
  let [fn, sn] = [index, size - 1n]
  for (; sn > 0n; fn >>= 1n, sn >>= 1n) if ((fn & 1n) === 1n || fn < sn) length++
  return length
}

export function inclusionProofs(machine: Machine, leafHashes: Uint8Array, indices: readonly number[]): ProvenTree {
  const count = checks.checkIndices(leafHashes, indices)
  if (count > CHUNK) return largeProofs(machine, machine.outside(leafHashes), indices)
  machine.put(leafHashes)
  const root = machine.call.buildTree(machine.arena, count)
  const list = (root + 32 - machine.arena + 63) & ~63
  const longest = 32 * Math.ceil(Math.log2(count))
  const batch = Math.max(1, Math.floor((machine.capacity - list) / (4 + longest)))
  const proofs: Uint8Array[] = []
  for (let start = 0; start < indices.length; start += batch)
    takeProofs(machine, count, indices.slice(start, start + batch), list, proofs)
  return { root: machine.take(root, 32), proofs }
}

/** The proofs of some leaves of the tree that stands in the arena; `list` is free room in it. */
function takeProofs(machine: Machine, count: number, indices: readonly number[], list: number, to: Uint8Array[]): void {
  const { bytes, call, arena } = machine
  bytes.set(new Uint8Array(Uint32Array.from(indices).buffer), arena + list)
  const out = arena + list + 4 * indices.length
  const end = call.treeProofs(arena, count, arena + list, indices.length, out)
  let at = out
  for (const index of indices) {
    const length = 32 * pathLength(BigInt(index), BigInt(count))
    to.push(machine.take(at, length))
    at += length
  }
  assert(at === end, 'the kernel wrote as many hashes as the paths have')
}

/** Chunk by chunk; then the paths of the chunks' roots. */
function largeProofs(machine: Machine, leafHashes: Uint8Array, indices: readonly number[]): ProvenTree {
  const low: Uint8Array[] = []
  const byChunk = new Map<number, number[]>()
  for (const [at, index] of indices.entries()) {
    const chunk = Math.floor(index / CHUNK)
    byChunk.set(chunk, [...(byChunk.get(chunk) ?? []), at])
  }
  for (const [chunk, places] of byChunk) {
    const own = leafHashes.subarray(32 * CHUNK * chunk, 32 * CHUNK * (chunk + 1))
    const tree = inclusionProofs(
      machine,
      own,
      places.map((at) => indices[at]! % CHUNK),
    )
    for (const [which, at] of places.entries()) low[at] = tree.proofs[which]!
  }
  const high = inclusionProofs(
    machine,
    chunkRoots(machine, leafHashes),
    indices.map((index) => Math.floor(index / CHUNK)),
  )
  return { root: high.root, proofs: indices.map((_, at) => concatBytes(low[at]!, high.proofs[at]!)) }
}

export function verifyInclusions(
  machine: Machine,
  root: Hash32,
  size: bigint,
  indices: readonly bigint[],
  leafHashes: Uint8Array,
  paths: readonly Uint8Array[],
): boolean[] {
  const count = checks.checkProofs(root, size, indices, leafHashes, paths)
  const wanted = machine.outside(root)
  const valid = new Array<boolean>(count).fill(false)
  const fitting: number[] = []
  for (let at = 0; at < count; at++)
    if (indices[at]! < size && paths[at]!.length === 32 * pathLength(indices[at]!, size)) fitting.push(at)
  const room = Math.floor(machine.capacity / (PROOF_BYTES + 64 * 32))
  for (let start = 0; start < fitting.length; start += room)
    foldSome(machine, wanted, size, indices, leafHashes, paths, fitting.slice(start, start + room), valid)
  return valid
}

/** Folds the paths of `places` in one call and marks those that lead to `root`. */
function foldSome(
  machine: Machine,
  root: Hash32,
  size: bigint,
  indices: readonly bigint[],
  leafHashes: Uint8Array,
  paths: readonly Uint8Array[],
  places: readonly number[],
  valid: boolean[],
): void {
  const { bytes, call, arena } = machine
  const records = new DataView(bytes.buffer, arena, PROOF_BYTES * places.length)
  let path = arena + PROOF_BYTES * places.length
  for (const [which, at] of places.entries()) {
    const record = PROOF_BYTES * which
    bytes.set(leafHashes.subarray(32 * at, 32 * at + 32), arena + record)
    records.setBigUint64(record + 32, indices[at]!, true)
    records.setBigUint64(record + 40, size - 1n, true)
    records.setUint32(record + 48, path, true)
    records.setUint32(record + 52, paths[at]!.length / 32, true)
    bytes.set(paths[at]!, path)
    path += paths[at]!.length
  }
  call.foldProofs(arena, places.length)
  for (const [which, at] of places.entries()) {
    const shown = arena + PROOF_BYTES * which
    valid[at] = equalBytes(bytes.subarray(shown, shown + 32), root)
  }
}

export function auditDraws(
  machine: Machine,
  tags: { readonly draw: WasmTaggedHash; readonly seat: WasmTaggedHash },
  draws: Uint8Array,
  members: Uint8Array,
  expected: bigint,
): DrawAudit {
  const count = checks.checkAudit(draws, members, expected)
  const audit = {
    digests: new Uint8Array(32 * count),
    positions: new Uint8Array(32 * count),
    seats: new BigUint64Array(count),
  }
  const memberBytes = machine.call.AUDIT_MEMBER_BYTES.value
  const batch = Math.floor((machine.capacity - draws.length) / memberBytes)
  assert(batch > 0, `draws must leave room for a member, got ${draws.length} bytes`)
  for (let start = 0; start < count; start += batch) {
    const own = Math.min(batch, count - start)
    machine.put(draws)
    machine.put(members.subarray(MEMBER_BYTES * start, MEMBER_BYTES * (start + own)), draws.length)
    const { call, arena, bytes } = machine
    const at = call.auditDraws(
      arena,
      draws.length / DRAW_BYTES,
      own,
      expected,
      tags.draw.address(),
      tags.seat.address(),
    )
    audit.digests.set(bytes.subarray(at, at + 32 * own), 32 * start)
    audit.positions.set(bytes.subarray(at + 32 * own, at + 64 * own), 32 * start)
    audit.seats.set(new BigUint64Array(machine.take(at + 64 * own, 8 * own).buffer), start)
  }
  return audit
}
