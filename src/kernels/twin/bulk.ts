/** The bulk entry points, one item after the other. */
import { concatBytes, equalBytes } from '../../base/bytes.ts'
import type { DrawAudit, Kernels, ProvenTree } from '../contract.ts'
import { reduceNodes, rootFromInclusion } from './merkle.ts'
import { HASH_BYTES, hashMany } from './sha256.ts'

const DRAW_BYTES = 44
const MEMBER_BYTES = 96

/** See Kernels.reduceLevel. */
export function reduceLevel(level: Uint8Array, nodes: 'plain' | 'rfc9162'): number {
  const count = level.length / HASH_BYTES
  if (nodes === 'rfc9162') return count === 0 ? 0 : reduceNodes(level, count)
  const pairs = count >>> 1
  level.set(hashMany(level.subarray(0, 64 * pairs), 64))
  if (count % 2 === 1) level.copyWithin(pairs * HASH_BYTES, 64 * pairs, 64 * pairs + HASH_BYTES)
  return pairs + (count % 2)
}

export function hashTree64(hashes: Uint8Array): Uint8Array {
  let level = hashes
  while (level.length > HASH_BYTES) level = hashMany(level, 64)
  return level.slice()
}

/** All levels, leaves first. */
function levelsOf(leafHashes: Uint8Array): Uint8Array[] {
  const levels = [leafHashes]
  for (let level = leafHashes; level.length > HASH_BYTES; levels.push(level)) {
    const copy = level.slice()
    level = copy.subarray(0, reduceNodes(copy, level.length / HASH_BYTES) * HASH_BYTES)
  }
  return levels
}

export function inclusionProofs(leafHashes: Uint8Array, indices: readonly number[]): ProvenTree {
  const levels = levelsOf(leafHashes)
  const proofs = indices.map((index) => {
    const path: Uint8Array[] = []
    for (const level of levels) {
      const sibling = (index ^ 1) * HASH_BYTES
      if (sibling < level.length) path.push(level.subarray(sibling, sibling + HASH_BYTES))
      index >>>= 1
    }
    return concatBytes(...path)
  })
  return { root: levels.at(-1)!.slice(), proofs }
}

export function verifyInclusions(
  root: Uint8Array,
  size: bigint,
  indices: readonly bigint[],
  leafHashes: Uint8Array,
  paths: readonly Uint8Array[],
): boolean[] {
  return indices.map((index, at) => {
    const leaf = leafHashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
    const shown = rootFromInclusion(index, size, leaf, paths[at]!)
    return shown !== undefined && equalBytes(shown, root)
  })
}

interface Draw {
  readonly seed: Uint8Array
  readonly stake: bigint
}

function drawsByEpoch(draws: Uint8Array): Map<number, Draw> {
  const view = new DataView(draws.buffer, draws.byteOffset, draws.byteLength)
  const byEpoch = new Map<number, Draw>()
  for (let at = 0; at < draws.length; at += DRAW_BYTES) {
    const epoch = view.getUint32(at)
    if (byEpoch.has(epoch)) continue
    byEpoch.set(epoch, { seed: draws.subarray(at + 4, at + 36), stake: view.getBigUint64(at + 36) })
  }
  return byEpoch
}

/** Select is asked once for each (credential, draw, amount): a credential often holds several seats. */
export function auditDraws(twin: Kernels, draws: Uint8Array, members: Uint8Array, expected: bigint): DrawAudit {
  const count = members.length / MEMBER_BYTES
  const digests = new Uint8Array(count * HASH_BYTES)
  const positions = new Uint8Array(count * HASH_BYTES)
  const seats = new BigUint64Array(count)
  const byEpoch = drawsByEpoch(draws)
  const selected = new Map<string, bigint>()
  const view = new DataView(members.buffer, members.byteOffset, members.byteLength)
  for (let index = 0; index < count; index++) {
    const at = index * MEMBER_BYTES
    const amount = view.getBigUint64(at + 80)
    const draw = byEpoch.get(view.getUint32(at + 88))
    if (draw === undefined || amount > draw.stake || amount >> 56n !== 0n) continue
    const credential = members.subarray(at + 48, at + 80)
    const digest = twin.tagged('stakecube/draw').hash(draw.seed, credential)
    digests.set(digest, index * HASH_BYTES)
    positions.set(
      twin.tagged('stakecube/seat').hash(draw.seed, credential, members.subarray(at + 92, at + 96)),
      index * HASH_BYTES,
    )
    if (amount === 0n) continue
    const key = `${amount} ${digest.join()}`
    let won = selected.get(key)
    if (won === undefined) selected.set(key, (won = twin.select(amount, draw.stake, expected, digest)))
    seats[index] = won
  }
  return { digests, positions, seats }
}
