/**
 * What every verifier does around a random linear combination (Bellare, Garay, Rabin 1998), apart from the arithmetic:
 * coefficients, grouping by message, and naming the bad items by bisection.
 */
import { assert } from '../base/assert.ts'
import { compareBytes, concatBytes, u32 } from '../base/bytes.ts'
import type { SignedMessage } from './bls-contract.ts'

export const BLS_MESSAGE_BYTES = 32
export const BLS_KEY_BYTES = 48
export const BLS_SIGNATURE_BYTES = 96
export const COEFFICIENT_BYTES = 16
export const BATCH_SEED_BYTES_MIN = 32

/**
 * One 16-byte big-endian coefficient per item, never zero. They depend on the seed and on every byte of every item, so
 * that even a seed that an attacker guessed does not let him choose items to fit.
 */
export function batchCoefficients(
  items: readonly SignedMessage[],
  seed: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Uint8Array[] {
  assert(seed.length >= BATCH_SEED_BYTES_MIN, `seed must be ≥ ${BATCH_SEED_BYTES_MIN} bytes, got ${seed.length}`)
  const parts = [u32(seed.length), seed]
  for (const item of items)
    parts.push(item.key.bytes, u32(item.message.length), item.message, u32(item.signature.length), item.signature)
  const transcript = sha256(concatBytes(...parts))
  return items.map((_, index) => {
    const coefficient = sha256(concatBytes(transcript, u32(index))).slice(0, COEFFICIENT_BYTES)
    if (coefficient.every((byte) => byte === 0)) coefficient[COEFFICIENT_BYTES - 1] = 1
    return coefficient
  })
}

/** Splits `indices` into runs of equal message; each keeps the order of `indices`. */
export function groupByMessage(items: readonly SignedMessage[], indices: readonly number[]): number[][] {
  const sorted = [...indices].sort((a, b) => compareBytes(items[a]!.message, items[b]!.message) || a - b)
  const groups: number[][] = []
  for (const index of sorted) {
    const group = groups.at(-1)
    if (group !== undefined && compareBytes(items[group[0]!]!.message, items[index]!.message) === 0) group.push(index)
    else groups.push([index])
  }
  return groups
}

/**
 * The indices for which `holds` fails, ascending. `holds` must be true of a set exactly when it is true of each member
 * (up to the soundness error of the combination). Costs one call when all is well, about 2·k·log₂(n/k) for k bad ones.
 */
export function findFailures(indices: readonly number[], holds: (indices: readonly number[]) => boolean): number[] {
  if (indices.length === 0 || holds(indices)) return []
  return splitFailures(indices, holds)
}

/** `indices` as a whole is known to fail. */
function splitFailures(indices: readonly number[], holds: (indices: readonly number[]) => boolean): number[] {
  if (indices.length === 1) return [...indices]
  const middle = indices.length >> 1
  const left = indices.slice(0, middle)
  const right = indices.slice(middle)
  // The product of both halves fails, so when the left one holds the right one need not be asked.
  if (holds(left)) return splitFailures(right, holds)
  return [...splitFailures(left, holds), ...findFailures(right, holds)]
}
