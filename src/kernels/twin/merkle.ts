/** RFC 9162 §2.1: trees over concatenated 32-byte leaf hashes, by the RFC's own recursion. */
import { equalBytes } from '../../base/bytes.ts'
import { hash, hashInto, HASH_BYTES } from './sha256.ts'

const NODE = new Uint8Array(65)
NODE[0] = 1

/** SHA256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  NODE.set(left, 1)
  NODE.set(right, 33)
  return hash(NODE)
}

/** SHA256(0x00 ‖ data). */
export function leafHash(data: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(1 + data.length)
  prefixed.set(data, 1)
  return hash(prefixed)
}

export function leafHashes(leaves: Uint8Array, leafLength: number): Uint8Array {
  const count = leaves.length / leafLength
  const out = new Uint8Array(count * HASH_BYTES)
  const prefixed = new Uint8Array(1 + leafLength)
  for (let index = 0; index < count; index++) {
    prefixed.set(leaves.subarray(index * leafLength, (index + 1) * leafLength), 1)
    hashInto(prefixed, 0, prefixed.length, out, index * HASH_BYTES)
  }
  return out
}

/** The largest power of two below `count`, count ≥ 2. */
function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

/** One level up, written over the front of `level`; a last odd hash moves up as it is. Returns the new count. */
export function reduceNodes(level: Uint8Array, count: number): number {
  const pairs = count >>> 1
  for (let pair = 0; pair < pairs; pair++) {
    for (let byte = 0; byte < 64; byte++) NODE[byte + 1] = level[64 * pair + byte]!
    hashInto(NODE, 0, 65, level, pair * HASH_BYTES)
  }
  if (count % 2 === 1) level.copyWithin(pairs * HASH_BYTES, 2 * pairs * HASH_BYTES, count * HASH_BYTES)
  return pairs + (count % 2)
}

/** MTH over `hashes`; the RFC's split at a power of two is the same as pairing level by level. */
export function merkleRoot(hashes: Uint8Array): Uint8Array {
  let count = hashes.length / HASH_BYTES
  if (count === 0) return hash(hashes)
  const level = hashes.slice()
  while (count > 1) count = reduceNodes(level, count)
  return level.slice(0, HASH_BYTES)
}

const part = (hashes: Uint8Array, start: number, end: number) => hashes.subarray(start * HASH_BYTES, end * HASH_BYTES)

/** PATH(index, D[n]) of §2.1.3.1, leaf to root. */
export function inclusionProof(hashes: Uint8Array, index: number): Uint8Array[] {
  const count = hashes.length / HASH_BYTES
  if (count === 1) return []
  const split = splitOf(count)
  const [own, other] = [part(hashes, 0, split), part(hashes, split, count)]
  return index < split
    ? [...inclusionProof(own, index), merkleRoot(other)]
    : [...inclusionProof(other, index - split), merkleRoot(own)]
}

/** SUBPROOF(m, D[n], whole) of §2.1.4.1. */
export function consistencyProof(hashes: Uint8Array, first: number, whole: boolean): Uint8Array[] {
  const count = hashes.length / HASH_BYTES
  if (first === count) return whole ? [] : [merkleRoot(hashes)]
  const split = splitOf(count)
  const [left, right] = [part(hashes, 0, split), part(hashes, split, count)]
  return first <= split
    ? [...consistencyProof(left, first, whole), merkleRoot(right)]
    : [...consistencyProof(right, first - split, false), merkleRoot(left)]
}

/** §2.1.3.2, steps 1 to 4. */
export function rootFromInclusion(
  index: bigint,
  size: bigint,
  leaf: Uint8Array,
  path: Uint8Array,
): Uint8Array | undefined {
  if (index >= size || leaf.length !== HASH_BYTES || path.length % HASH_BYTES !== 0) return undefined
  let fn = index
  let sn = size - 1n
  let root: Uint8Array = leaf.slice()
  for (let at = 0; at < path.length; at += HASH_BYTES) {
    if (sn === 0n) return undefined
    const sibling = path.subarray(at, at + HASH_BYTES)
    if ((fn & 1n) === 1n || fn === sn) {
      root = nodeHash(sibling, root)
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n
        sn >>= 1n
      }
    } else root = nodeHash(root, sibling)
    fn >>= 1n
    sn >>= 1n
  }
  return sn === 0n ? root : undefined
}

/** §2.1.4.2. */
export function verifyConsistency(
  first: bigint,
  second: bigint,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: Uint8Array,
): boolean {
  if (first === 0n || first > second || proof.length % HASH_BYTES !== 0) return false
  if (firstRoot.length !== HASH_BYTES || secondRoot.length !== HASH_BYTES) return false
  if (first === second) return proof.length === 0 && equalBytes(firstRoot, secondRoot)
  const power = (first & (first - 1n)) === 0n
  if (!power && proof.length === 0) return false
  let at = power ? 0 : HASH_BYTES
  let fn = first - 1n
  let sn = second - 1n
  while ((fn & 1n) === 1n) {
    fn >>= 1n
    sn >>= 1n
  }
  let fr = power ? firstRoot : proof.subarray(0, HASH_BYTES)
  let sr = fr
  for (; at < proof.length; at += HASH_BYTES) {
    if (sn === 0n) return false
    const sibling = proof.subarray(at, at + HASH_BYTES)
    if ((fn & 1n) === 1n || fn === sn) {
      fr = nodeHash(sibling, fr)
      sr = nodeHash(sibling, sr)
      while ((fn & 1n) === 0n && fn !== 0n) {
        fn >>= 1n
        sn >>= 1n
      }
    } else sr = nodeHash(sr, sibling)
    fn >>= 1n
    sn >>= 1n
  }
  return sn === 0n && equalBytes(fr, firstRoot) && equalBytes(sr, secondRoot)
}
