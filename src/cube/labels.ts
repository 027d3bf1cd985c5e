/** Labels as bit strings: prefixes, order, and whether a set of them covers the id space exactly once ([CUBE-1]). */
import { bitAt } from '../base/bytes.ts'
import type { Label } from '../chain/committee.ts'

export const ROOT_LABEL: Label = { bits: 0, bytes: new Uint8Array(0) }

/** `label` with one more bit. */
export function childLabel(label: Label, bit: 0 | 1): Label {
  const bytes = new Uint8Array((label.bits + 8) >> 3)
  bytes.set(label.bytes)
  if (bit === 1) bytes[label.bits >> 3]! |= 0x80 >> (label.bits & 7)
  return { bits: label.bits + 1, bytes }
}

/** True iff `key` begins with the bits of `label`. A key with fewer bits does not. */
export function isPrefix(label: Label, key: Uint8Array): boolean {
  return label.bits <= 8 * key.length && sharedBits(label.bytes, key, label.bits) === label.bits
}

/** Number of equal leading bits of two byte strings, at most `bitsMax`, which neither may be shorter than. */
export function sharedBits(a: Uint8Array, b: Uint8Array, bitsMax: number): number {
  for (let byte = 0; 8 * byte < bitsMax; byte++) {
    const difference = a[byte]! ^ b[byte]!
    if (difference !== 0) return Math.min(bitsMax, 8 * byte + Math.clz32(difference) - 24)
  }
  return bitsMax
}

/** True iff `a` comes before `b` from left to right and neither is a prefix of the other. */
export function isBefore(a: Label, b: Label): boolean {
  const bits = Math.min(a.bits, b.bits)
  const shared = sharedBits(a.bytes, b.bytes, bits)
  return shared < bits && bitAt(a.bytes, shared) === 0
}

/** Index of the first label that does not come after the one before it ([LC-4]: ascending and prefix-free). */
export function firstDisorder(labels: readonly Label[]): number | undefined {
  for (let index = 1; index < labels.length; index++) if (!isBefore(labels[index - 1]!, labels[index]!)) return index
  return undefined
}

/** True iff Σ 2^−bits = 1: prefix-free labels then cover the whole space. Exact at any depth. */
export function coversSpace(labels: readonly Label[]): boolean {
  const depth = labels.reduce((most, { bits }) => Math.max(most, bits), 0)
  return labels.reduce((sum, { bits }) => sum + (1n << BigInt(depth - bits)), 0n) === 1n << BigInt(depth)
}

/** The bits as text, "" for the whole space. */
export function labelText(label: Label): string {
  let text = ''
  for (let bit = 0; bit < label.bits; bit++) text += bitAt(label.bytes, bit)
  return text
}
