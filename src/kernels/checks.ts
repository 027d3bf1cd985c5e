/**
 * Argument checks of the Kernels contract, made once on the JavaScript side before any memory is touched. A failure is a
 * bug of the caller and throws AssertionError. Shared by all implementations: a check computes nothing that is compared.
 */
import { assert, AssertionError, assertLength, assertRange } from '../base/assert.ts'

const U64_END = 1n << 64n
const UNITS_END = 1n << 56n

/** (The sentence is made only for a failure: this runs before every hash.) */
export function checkBytes(name: string, bytes: Uint8Array): void {
  if (!(bytes instanceof Uint8Array)) throw new AssertionError(`${name} must be a Uint8Array`)
}

/** The count of equal-length messages in `messages`. */
export function checkMessages(messages: Uint8Array, messageLength: number): number {
  checkBytes('messages', messages)
  assertRange('messageLength', messageLength, 1, 0x7fffffff)
  if (messages.length % messageLength !== 0)
    throw new AssertionError(
      `messages must be a multiple of messageLength ${messageLength}, got ${messages.length} bytes`,
    )
  return messages.length / messageLength
}

export function checkHash(name: string, hash: Uint8Array): void {
  assertLength(name, hash, 32)
}

export function checkPair(left: Uint8Array, right: Uint8Array): void {
  assertLength('first hash', left, 32)
  assertLength('second hash', right, 32)
}

/** The count of hashes in `hashes`. */
export function checkHashes(name: string, hashes: Uint8Array): number {
  checkBytes(name, hashes)
  if (hashes.length % 32 !== 0) throw new AssertionError(`${name} must be a multiple of 32 bytes, got ${hashes.length}`)
  return hashes.length / 32
}

export function checkIndex(leafHashes: Uint8Array, index: number): void {
  const count = checkHashes('leafHashes', leafHashes)
  assert(count > 0, 'leafHashes must not be empty')
  assertRange('index', index, 0, count - 1)
}

export function checkFirstSize(leafHashes: Uint8Array, firstSize: number): void {
  const count = checkHashes('leafHashes', leafHashes)
  assert(count > 0, 'leafHashes must not be empty')
  assertRange('firstSize', firstSize, 1, count)
}

export function checkU64(name: string, value: bigint): void {
  if (typeof value !== 'bigint' || value < 0n || value >= U64_END)
    throw new AssertionError(`${name} must be in [0, 2^64), got ${value}`)
}

/** Entries of the state tree: strictly ascending keys that share their first `depth` bits. */
export function checkEntries(entries: Uint8Array, depth: number): void {
  checkBytes('entries', entries)
  assertRange('depth', depth, 0, 256)
  assert(entries.length % 64 === 0, `entries must be a multiple of 64 bytes, got ${entries.length}`)
  const count = entries.length / 64
  if (count < 2) return
  const key = (index: number) => entries.subarray(64 * index, 64 * index + 32)
  for (let index = 1; index < count; index++)
    if (!isBelow(entries, 64 * index - 64, 64 * index))
      throw new AssertionError(`key ${index} must be above key ${index - 1}`)
  const shared = sharedBits(key(0), key(count - 1))
  assert(shared >= depth, `keys must share their first ${depth} bits, they share ${shared}`)
}

/** Compares the 32-byte keys at two offsets. */
function isBelow(entries: Uint8Array, first: number, second: number): boolean {
  for (let byte = 0; byte < 32; byte++) {
    const difference = entries[first + byte]! - entries[second + byte]!
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Length of the common bit prefix of two 32-byte keys. In an ascending list that of the ends is that of all. */
function sharedBits(a: Uint8Array, b: Uint8Array): number {
  let byte = 0
  while (byte < 32 && a[byte] === b[byte]) byte++
  return byte === 32 ? 256 : 8 * byte + Math.clz32(a[byte]! ^ b[byte]!) - 24
}

export function checkSelect(n: bigint, total: bigint, expected: bigint, digest: Uint8Array): void {
  checkU64('total', total)
  checkU64('expected', expected)
  if (total < 1n || expected < 1n)
    throw new AssertionError(`total and expected must be at least 1, got ${total} and ${expected}`)
  if (typeof n !== 'bigint' || n < 0n || n > total || n >= UNITS_END)
    throw new AssertionError(`n must be in [0, total ${total}] and below 2^56, got ${n}`)
  assertLength('digest', digest, 32)
}

export function checkInputLength(length: number, inputBytesMax: number): void {
  assertRange('length', length, 0, inputBytesMax)
}

/** The count of hashes in a tree of 64-byte nodes: a power of two. */
export function checkPerfect(hashes: Uint8Array): number {
  const count = checkHashes('hashes', hashes)
  assert(count > 0 && Number.isInteger(Math.log2(count)), `the count of hashes must be a power of two, got ${count}`)
  return count
}

export function checkIndices(leafHashes: Uint8Array, indices: readonly number[]): number {
  const count = checkHashes('leafHashes', leafHashes)
  assert(count > 0, 'leafHashes must not be empty')
  for (const index of indices) assertRange('index', index, 0, count - 1)
  return count
}

/** The count of proofs in three parallel lists. Their content may be hostile, their shape not. */
export function checkProofs(
  root: Uint8Array,
  size: bigint,
  indices: readonly bigint[],
  leafHashes: Uint8Array,
  paths: readonly Uint8Array[],
): number {
  assertLength('root', root, 32)
  checkU64('size', size)
  for (const index of indices) checkU64('index', index)
  assertLength('leafHashes', leafHashes, 32 * indices.length)
  assert(paths.length === indices.length, `paths must be as many as indices ${indices.length}, got ${paths.length}`)
  for (const path of paths) checkBytes('path', path)
  return indices.length
}

/** The count of members. */
export function checkAudit(draws: Uint8Array, members: Uint8Array, expected: bigint): number {
  checkBytes('draws', draws)
  checkBytes('members', members)
  assert(draws.length % 44 === 0, `draws must be a multiple of 44 bytes, got ${draws.length}`)
  assert(members.length % 96 === 0, `members must be a multiple of 96 bytes, got ${members.length}`)
  checkU64('expected', expected)
  assert(expected >= 1n, `expected must be at least 1, got ${expected}`)
  return members.length / 96
}

/** UTF-8 of `text` without the platform's encoder, which core does not name. Lone surrogates become U+FFFD. */
export function utf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0)!
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
  }
  return Uint8Array.from(bytes)
}
