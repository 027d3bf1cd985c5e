/** Byte strings: hex, comparison, concatenation, big-endian integers. Everything copies unless it says otherwise. */
import { assert, assertRange } from './assert.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex without prefix. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Bytes of lower- or upper-case hex, or undefined when `text` is not an even number of hex digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) bytes[index] = parseInt(text.slice(2 * index, 2 * index + 2), 16)
  return bytes
}

/** Bytes of hex that the caller knows to be good (constants, fixtures). Asserts otherwise. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text)
  assert(bytes !== undefined, `not hex: ${text.slice(0, 80)}`)
  return bytes
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}

/** Order of byte strings from the left ("smallest hash" of the spec): negative, zero or positive; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let index = 0; index < shared; index++) {
    const difference = a[index]! - b[index]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

export function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false
  return true
}

/** Bit `index` counted from the most significant bit of the first byte. */
export function bitAt(bytes: Uint8Array, index: number): 0 | 1 {
  assertRange('index', index, 0, bytes.length * 8 - 1)
  return ((bytes[index >> 3]! >> (7 - (index & 7))) & 1) as 0 | 1
}

/** Number of set bits. */
export function popCount(bytes: Uint8Array): number {
  let count = 0
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count++
  return count
}

/** Big-endian encodings of §1. */
export function u16(value: number): Uint8Array {
  assertRange('u16', value, 0, 0xffff)
  return Uint8Array.of(value >> 8, value)
}

export function u32(value: number): Uint8Array {
  assertRange('u32', value, 0, 0xffffffff)
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

export function u64(value: bigint): Uint8Array {
  assert(value >= 0n && value < 1n << 64n, `u64 must be in [0, 2^64), got ${value}`)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}
