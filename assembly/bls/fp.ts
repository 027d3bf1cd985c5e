/** The base field. Arguments named r may be one of the operands. */
import { ONE_PLAIN, POWER_STEPS, POWER_STEPS_END, P_PLAIN, R_SQUARED } from './constants'
import { mulWide, redc, reduceOne, sqrWide } from './limbs'
import { FP, FRAME_FP, POWER_TABLE, WIDE0, ZERO_WIDE } from './memory'

const T0: usize = FRAME_FP
const T1: usize = FRAME_FP + FP
/** Used by fpPower and fpInverse only. */
const BASE: usize = FRAME_FP + 2 * FP
const SQUARE: usize = FRAME_FP + 3 * FP

const LIMB_MASK: i32 = 0xfffffff

export function fpMul(r: usize, a: usize, b: usize): void {
  mulWide(WIDE0, a, b)
  redc(r, WIDE0, ZERO_WIDE, ZERO_WIDE)
}

export function fpSqr(r: usize, a: usize): void {
  sqrWide(WIDE0, a)
  redc(r, WIDE0, ZERO_WIDE, ZERO_WIDE)
}

/** `size` bytes, a multiple of 8. */
export function copy(size: usize, r: usize, a: usize): void {
  for (const end = r + size; r < end; r += 8, a += 8) store<u64>(r, load<u64>(a))
}

export function setZero(size: usize, r: usize): void {
  for (const end = r + size; r < end; r += 8) store<u64>(r, 0)
}

/** Are `size` bytes of limbs the same? */
export function sameLimbs(size: usize, a: usize, b: usize): bool {
  for (const end = a + size; a < end; a += 8, b += 8) if (load<u64>(a) != load<u64>(b)) return false
  return true
}

/** Is every coordinate of a tight element zero mod p? Such a one is 0 or p, limb by limb. */
export function isZero(size: usize, a: usize): bool {
  for (const end = a + size; a < end; a += FP)
    if (!sameLimbs(FP, a, ZERO_WIDE) && !sameLimbs(FP, a, P_PLAIN)) return false
  return true
}

/** Are tight elements equal mod p? */
export function isEqual(size: usize, a: usize, b: usize): bool {
  for (const end = a + size; a < end; a += FP, b += FP) {
    for (let at: usize = 0; at < FP; at += 4) store<i32>(T0 + at, load<i32>(a + at) - load<i32>(b + at))
    reduceOne(T0, T0)
    if (!isZero(FP, T0)) return false
  }
  return true
}

/** Sign of a − b for elements with limbs in [0, 2²⁸). */
export function comparePlain(a: usize, b: usize): i32 {
  for (let at: i32 = 52; at >= 0; at -= 4) {
    const difference = load<i32>(a + at) - load<i32>(b + at)
    if (difference != 0) return difference
  }
  return 0
}

/** r = a + sign·p, carried. */
function addModulus(r: usize, a: usize, sign: i32): void {
  let carry: i32 = 0
  for (let at: usize = 0; at < 52; at += 4) {
    carry += load<i32>(a + at) + sign * load<i32>(P_PLAIN + at)
    store<i32>(r + at, carry & LIMB_MASK)
    carry >>= 28
  }
  store<i32>(r + 52, carry + load<i32>(a + 52) + sign * load<i32>(P_PLAIN + 52))
}

/** r = the representative of tight a in [0, p), out of Montgomery form: plain. */
export function fpToPlain(r: usize, a: usize): void {
  fpMul(r, a, ONE_PLAIN)
  if (load<i32>(r + 52) < 0) addModulus(r, r, 1)
  if (comparePlain(r, P_PLAIN) >= 0) addModulus(r, r, -1)
}

/** Parity of the plain value. */
export function fpParity(a: usize): i32 {
  fpToPlain(T1, a)
  return load<i32>(T1) & 1
}

/** r = `bytes` big-endian, plain and unreduced; `byteCount` ≤ 48. The first byte is masked by `mask`. */
export function plainFromBytes(r: usize, bytes: usize, byteCount: i32, mask: u32): void {
  setZero(FP, r)
  let bits: u32 = 0
  let window: u64 = 0
  for (let index = byteCount - 1; index >= 0; index--) {
    const byte: u32 = (<u32>load<u8>(bytes + index)) & (index == 0 ? mask : 0xff)
    window |= (<u64>byte) << bits
    bits += 8
    if (bits >= 28) {
      store<u32>(r, (<u32>window) & (<u32>LIMB_MASK))
      r += 4
      window >>= 28
      bits -= 28
    }
  }
  if (bits > 0) store<u32>(r, <u32>window)
}

/** 48 bytes big-endian of a plain value. */
export function plainToBytes(bytes: usize, a: usize): void {
  let bits: u32 = 0
  let window: u64 = 0
  for (let index = 47; index >= 0; index--) {
    if (bits < 8) {
      window |= (<u64>load<u32>(a)) << bits
      bits += 28
      a += 4
    }
    store<u8>(bytes + index, <u8>window)
    window >>= 8
    bits -= 8
  }
}

/** r = 48 bytes big-endian in Montgomery form; false if they are ≥ p. */
export function fpFromBytes(r: usize, bytes: usize, mask: u32): bool {
  plainFromBytes(r, bytes, 48, mask)
  const canonical = comparePlain(r, P_PLAIN) < 0
  fpMul(r, r, R_SQUARED)
  return canonical
}

/** r = a^((p − 3)/4), sliding windows of five bits. */
export function fpPower(r: usize, a: usize): void {
  copy(FP, BASE, a)
  copy(FP, POWER_TABLE, a)
  fpSqr(SQUARE, a)
  for (let at: usize = FP; at < 16 * FP; at += FP) fpMul(POWER_TABLE + at, POWER_TABLE + at - FP, SQUARE)
  copy(FP, r, POWER_TABLE + FP * load<u8>(POWER_STEPS, 1))
  for (let step: usize = POWER_STEPS + 2; step < POWER_STEPS_END; step += 2) {
    for (let count = load<u8>(step); count > 0; count--) fpSqr(r, r)
    const index = load<u8>(step, 1)
    if (index != 255) fpMul(r, r, POWER_TABLE + FP * index)
  }
}

/** r = 1/a, and 0 for 0: a^(p − 2) = (a^((p − 3)/4))⁴·a. */
export function fpInverse(r: usize, a: usize): void {
  fpPower(T1, a)
  fpSqr(T1, T1)
  fpSqr(T1, T1)
  fpMul(r, T1, BASE)
}
