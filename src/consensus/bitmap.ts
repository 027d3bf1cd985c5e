/** Bitmaps of committee seats: first seat in the most significant bit, zero padding (§6). */
import { popCount } from '../base/bytes.ts'

export const emptyBitmap = (count: number): Uint8Array => new Uint8Array((count + 7) >> 3)

export const bitIsSet = (bitmap: Uint8Array, index: number): boolean =>
  ((bitmap[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0

export function setBit(bitmap: Uint8Array, index: number): void {
  bitmap[index >> 3]! |= 0x80 >> (index & 7)
}

/** Exact length for `count` seats, and nothing set in the padding. */
export function isBitmap(bitmap: Uint8Array, count: number): boolean {
  if (bitmap.length !== (count + 7) >> 3) return false
  const padding = (8 - (count & 7)) & 7
  return ((bitmap.at(-1) ?? 0) & ((1 << padding) - 1)) === 0
}

export function union(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte | b[index]!)
}

/** What is set in `a` and not in `b`. */
export function without(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte & ~b[index]!)
}

export function intersects(a: Uint8Array, b: Uint8Array): boolean {
  return a.some((byte, index) => (byte & b[index]!) !== 0)
}

export function isSubset(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => (byte & ~b[index]!) === 0)
}

export const isEmpty = (bitmap: Uint8Array): boolean => popCount(bitmap) === 0
