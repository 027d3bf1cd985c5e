/**
 * bls.wasm: BLS12-381 verification of public data. No imports, no allocation; the facade is src/crypto/bls-kernel/.
 *
 * The host writes bytes and lists to INPUT and names points by index: keys [0, KEY_COUNT_MAX), messages and signatures
 * [0, 256). It keeps indices and counts in range; what bytes hold is checked here. Functions that answer return 1 or 0.
 */
import { G1_NEGATED_BASE } from './constants'
import { addTerm, beginCombination, finishCombination } from './combination'
import { addPoints, copyPoint, isIdentity, multiplySmall, negatePoint, setIdentity, subtractPoints, toAffine } from './curve'
import { copy } from './fp'
import { setOne } from './fp2'
import { hashToG2 } from './hash-to-curve'
import {
  FP,
  FP2,
  FRAME_MULTIPLE,
  G1_POINT,
  G2_POINT,
  INPUT,
  KEYS,
  KEY_SUM,
  MESSAGES,
  OUTPUT,
  SCALED_KEYS,
  SIGNATURES,
  SIGNATURE_SUM,
} from './memory'
import { addPair, beginProduct, nextPair, productIsOne } from './pairing'
import { decodePoint, encodePoint } from './points'

export { INPUT, INPUT_SIZE, KEYS, KEY_COUNT_MAX, MESSAGE_COUNT_MAX, OUTPUT, SIGNATURE_COUNT_MAX } from './memory'
export const KEY_SIZE: usize = G1_POINT

const MULTIPLE: usize = FRAME_MULTIPLE + 2 * G2_POINT
/** −G1, affine, in the place of a scaled key. */
const NEGATED_BASE: usize = SCALED_KEYS

function keyAt(index: usize): usize {
  return KEYS + index * G1_POINT
}

function messageAt(index: usize): usize {
  return MESSAGES + index * G2_POINT
}

function signatureAt(index: usize): usize {
  return SIGNATURES + index * G2_POINT
}

// ── Keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Decodes and validates 48 bytes at INPUT. */
export function decodeKey(index: usize): bool {
  return decodePoint(FP, keyAt(index), INPUT)
}

/** 48 bytes to OUTPUT. */
export function encodeKey(index: usize): void {
  toAffine(FP, keyAt(index))
  encodePoint(FP, OUTPUT, keyAt(index))
}

export function beginKeySum(): void {
  setIdentity(FP, KEY_SUM)
}

/** Adds times·key for each of `count` pairs (index u32, times i32 ≠ 0) at INPUT; negative times subtract. */
export function addKeys(count: usize): void {
  for (let entry = INPUT, end = INPUT + 8 * count; entry < end; entry += 8) {
    const times = load<i32>(entry, 4)
    addMultiple(FP, KEY_SUM, keyAt(load<u32>(entry)), times)
  }
}

/** Stores the sum as a key; 0 if it is the identity. */
export function finishKeySum(index: usize): bool {
  copyPoint(FP, keyAt(index), KEY_SUM)
  return !isIdentity(FP, KEY_SUM)
}

/**
 * The sum of the keys of the set bits: at INPUT the index (u16) of the key of each of `seats` seats, then their bitmap, the
 * most significant bit first. With the index of the sum of all of them as `total`, the keys of the clear bits are taken from
 * it instead and the others are not read; −1 for none.
 */
export function sumSeats(seats: u32, total: i32): void {
  const bitmap = INPUT + 2 * seats
  const wanted: u32 = total < 0 ? 1 : 0
  if (wanted) setIdentity(FP, KEY_SUM)
  else copyPoint(FP, KEY_SUM, keyAt(total))
  for (let seat: u32 = 0; seat < seats; seat++) {
    const bit = ((<u32>load<u8>(bitmap + (seat >> 3))) >> (7 - (seat & 7))) & 1
    if (bit != wanted) continue
    const key = keyAt(load<u16>(INPUT + 2 * seat))
    if (wanted) addPoints(FP, KEY_SUM, KEY_SUM, key)
    else subtractPoints(FP, KEY_SUM, KEY_SUM, key)
  }
}

function addMultiple(size: usize, sum: usize, point: usize, times: i32): void {
  if (times == 1) return addPoints(size, sum, sum, point)
  multiplySmall(size, MULTIPLE, point, <u64>abs(times))
  if (times < 0) negatePoint(size, MULTIPLE, MULTIPLE)
  addPoints(size, sum, sum, MULTIPLE)
}

// ── Messages and signatures ────────────────────────────────────────────────────────────────────────────────────────

/** Hashes to G2 a message and its domain separation tag, one behind the other at INPUT; at most 1 kB, tag ≤ 255 B. */
export function hashMessage(index: usize, messageLength: usize, tagLength: usize): void {
  hashToG2(messageAt(index), INPUT, messageLength, INPUT + messageLength, tagLength)
}

/** 96 bytes to OUTPUT: the point of a message, for tests against published vectors. */
export function encodeMessage(index: usize): void {
  toAffine(FP2, messageAt(index))
  encodePoint(FP2, OUTPUT, messageAt(index))
}

/** Decodes and validates 96 bytes at INPUT. */
export function decodeSignature(index: usize): bool {
  return decodePoint(FP2, signatureAt(index), INPUT)
}

export function beginSignatureSum(): void {
  setIdentity(FP2, SIGNATURE_SUM)
}

export function addSignature(index: usize, times: i32): void {
  addMultiple(FP2, SIGNATURE_SUM, signatureAt(index), times)
}

/** 96 bytes to OUTPUT; 0 if the sum is the identity. */
export function finishSignatureSum(): bool {
  if (isIdentity(FP2, SIGNATURE_SUM)) return false
  toAffine(FP2, SIGNATURE_SUM)
  encodePoint(FP2, OUTPUT, SIGNATURE_SUM)
  return true
}

// ── Verification ───────────────────────────────────────────────────────────────────────────────────────────────────

/** e(key, message) = e(G1, signature)? */
export function verify(key: usize, message: usize, signature: usize): bool {
  beginProduct()
  addPair(keyAt(key), messageAt(message))
  addPair(negatedBase(), signatureAt(signature))
  return productIsOne()
}

/**
 * A certificate or vote aggregate of the seats at INPUT (see sumSeats) over a hashed message, with a decoded signature:
 * 0 valid, 1 the keys add up to the identity, 2 the signature is not theirs.
 */
export function verifySeats(seats: u32, total: i32, message: usize, signature: usize): i32 {
  sumSeats(seats, total)
  if (isIdentity(FP, KEY_SUM)) return 1
  beginProduct()
  addPair(KEY_SUM, messageAt(message))
  addPair(negatedBase(), signatureAt(signature))
  return productIsOne() ? 0 : 2
}

function negatedBase(): usize {
  copy(2 * FP, NEGATED_BASE, G1_NEGATED_BASE)
  setOne(FP, NEGATED_BASE + 2 * FP)
  return NEGATED_BASE
}

/** Starts a combined check; follow with combineSignatures, combineKeys for each message, and combinationHolds. */
export function beginBatch(): void {
  beginProduct()
}

/** `count` entries at INPUT: index u32, 0 u32, coefficient (a u64, b u64), 24 bytes each. */
function combineEntries(size: usize, base: usize, count: usize, r: usize): void {
  beginCombination()
  for (let entry = INPUT, end = INPUT + 24 * count; entry < end; entry += 24)
    addTerm(size, base + <usize>load<u32>(entry) * 3 * size, load<u64>(entry, 8), load<u64>(entry, 16))
  finishCombination(size, r)
}

/** Puts e(−G1, Σ cᵢ·signatureᵢ) into the product. */
export function combineSignatures(count: usize): void {
  combineEntries(FP2, SIGNATURES, count, SIGNATURE_SUM)
  if (!isIdentity(FP2, SIGNATURE_SUM)) addPair(negatedBase(), SIGNATURE_SUM)
}

/** Puts e(Σ cᵢ·keyᵢ, message) into the product. A message comes once in a product. */
export function combineKeys(message: usize, count: usize): void {
  const sum = SCALED_KEYS + (1 + nextPair()) * G1_POINT
  combineEntries(FP, KEYS, count, sum)
  if (!isIdentity(FP, sum)) addPair(sum, messageAt(message))
}

export function combinationHolds(): bool {
  return productIsOne()
}
