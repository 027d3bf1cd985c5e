/** Fp2 = Fp[i]/(i² + 1), and what Fp and Fp2 share: functions that take the size in bytes of an element first. */
import { HALF, ONE } from './constants'
import { fpInverse, fpMul, fpParity, fpPower, fpSqr, isEqual, isZero, setZero, copy, fpToPlain } from './fp'
import { addOne, combineOne, mulWide, redc, reduceOne, sqrWide, subOne } from './limbs'
import { FP, FP2, FRAME_FP2, FRAME_FP2_ROOT, WIDE0, WIDE1, WIDE2, ZERO_WIDE } from './memory'

const S0: usize = FRAME_FP2
const S1: usize = FRAME_FP2 + FP

/** r = a + b, loose. */
export function add(size: usize, r: usize, a: usize, b: usize): void {
  for (const end = r + size; r < end; r += FP, a += FP, b += FP) addOne(r, a, b)
}

/** r = a − b, loose. */
export function sub(size: usize, r: usize, a: usize, b: usize): void {
  for (const end = r + size; r < end; r += FP, a += FP, b += FP) subOne(r, a, b)
}

/** r = a, tight. */
export function reduce(size: usize, r: usize, a: usize): void {
  for (const end = r + size; r < end; r += FP, a += FP) reduceOne(r, a)
}

/** r = m·a + n·b, tight. */
export function combine(size: usize, r: usize, a: usize, m: i64, b: usize, n: i64): void {
  for (const end = r + size; r < end; r += FP, a += FP, b += FP) combineOne(r, a, m, b, n)
}

/** r = −a, tight. */
export function negate(size: usize, r: usize, a: usize): void {
  combine(size, r, a, -1, a, 0)
}

/** Karatsuba: three products, two reductions. Sizes n·m ≤ 4. */
export function fp2Mul(r: usize, a: usize, b: usize): void {
  addOne(S0, a, a + FP)
  addOne(S1, b, b + FP)
  mulWide(WIDE0, a, b)
  mulWide(WIDE1, a + FP, b + FP)
  mulWide(WIDE2, S0, S1)
  redc(r, WIDE0, WIDE1, ZERO_WIDE)
  redc(r + FP, WIDE2, WIDE0, WIDE1)
}

/** Size ≤ 2. */
export function fp2Sqr(r: usize, a: usize): void {
  addOne(S0, a, a)
  sqrWide(WIDE0, a)
  sqrWide(WIDE1, a + FP)
  mulWide(WIDE2, S0, a + FP)
  redc(r, WIDE0, WIDE1, ZERO_WIDE)
  redc(r + FP, WIDE2, ZERO_WIDE, ZERO_WIDE)
}

export function mul(size: usize, r: usize, a: usize, b: usize): void {
  if (size == FP) fpMul(r, a, b)
  else fp2Mul(r, a, b)
}

export function sqr(size: usize, r: usize, a: usize): void {
  if (size == FP) fpSqr(r, a)
  else fp2Sqr(r, a)
}

/** r = a·k, k in Fp. */
export function mulByFp(size: usize, r: usize, a: usize, k: usize): void {
  for (const end = r + size; r < end; r += FP, a += FP) fpMul(r, a, k)
}

/** r = a·ξ, ξ = 1 + i: loose, twice the size. */
export function mulByXi(r: usize, a: usize): void {
  for (const end = r + FP; r < end; r += 4, a += 4) {
    const c0 = load<i32>(a)
    const c1 = load<i32>(a, FP)
    store<i32>(r, c0 - c1)
    store<i32>(r, c0 + c1, FP)
  }
}

/** r = the conjugate a0 − a1·i, tight. */
export function fp2Conjugate(r: usize, a: usize): void {
  if (r != a) copy(FP, r, a)
  negate(FP, r + FP, a + FP)
}

/** r = |a|² in Fp, tight. */
export function fp2Norm(r: usize, a: usize): void {
  fpSqr(S0, a)
  fpSqr(S1, a + FP)
  combineOne(r, S0, 1, S1, 1)
}

/** r = 1/a given the inverse of its norm. */
export function fp2InverseFromNorm(r: usize, a: usize, normInverse: usize): void {
  fpMul(S0, a + FP, normInverse)
  fpMul(r, a, normInverse)
  negate(FP, r + FP, S0)
}

/** r = 1/a, and 0 for 0. */
export function fp2Inverse(r: usize, a: usize): void {
  fp2Norm(S1, a)
  fpInverse(S1, S1)
  fp2InverseFromNorm(r, a, S1)
}

export function setOne(size: usize, r: usize): void {
  setZero(size, r)
  copy(FP, r, ONE)
}

/** sgn0 of RFC 9380 §4.1 for Fp2. */
export function fp2Sign(a: usize): i32 {
  const sign0 = fpParity(a)
  return isZero(FP, a) ? fpParity(a + FP) : sign0
}

// ── Square roots ───────────────────────────────────────────────────────────────────────────────────────────────────

const NORM_ROOT: usize = FRAME_FP2_ROOT
const D: usize = FRAME_FP2_ROOT + FP
const E: usize = FRAME_FP2_ROOT + 2 * FP
const ROOT: usize = FRAME_FP2_ROOT + 3 * FP
const CHECK: usize = ROOT + FP2

/** r = √a in Fp; false (and r of no use) if a is no square. r is not a. */
export function fpRoot(r: usize, a: usize): bool {
  fpPower(r, a)
  fpMul(r, r, a)
  fpSqr(CHECK, r)
  return isEqual(FP, CHECK, a)
}

/** r = N^((p + 1)/4), N the norm of a; false if N, and with it a, is no square. Then r² = −N. */
export function fp2NormRoot(r: usize, a: usize): bool {
  fp2Norm(D, a)
  return fpRoot(r, D)
}

/**
 * r = √a, given a root s of its norm: with d = (a0 + s)/2 and e = d^((p − 3)/4), the root is (d·e, a1·e/2) when d is a
 * square, else (a1·e/2, −d·e); no inversion either way. False if a is no square (only when s is no root of the norm).
 */
export function fp2RootFromNorm(r: usize, a: usize, s: usize): bool {
  addOne(D, a, s)
  reduceOne(D, D)
  // d = 0 happens for a1 = 0 and s = −a0; the other root of the norm then gives d = a0.
  if (isZero(FP, D)) combineOne(D, a, 2, a, 0)
  fpMul(D, D, HALF)
  fpPower(E, D)
  fpMul(ROOT, D, E)
  fpMul(ROOT + FP, E, a + FP)
  fpMul(ROOT + FP, ROOT + FP, HALF)
  fpMul(E, ROOT, E)
  if (!isEqual(FP, E, ONE) && !isZero(FP, D)) {
    copy(FP, E, ROOT)
    copy(FP, ROOT, ROOT + FP)
    negate(FP, ROOT + FP, E)
  }
  fp2Sqr(CHECK, ROOT)
  const square = isEqual(FP2, CHECK, a)
  copy(FP2, r, ROOT)
  return square
}

export function fp2Root(r: usize, a: usize): bool {
  if (!fp2NormRoot(NORM_ROOT, a)) return false
  return fp2RootFromNorm(r, a, NORM_ROOT)
}

/** 1 if plain(a) > (p − 1)/2. `half` is (p − 1)/2, plain. */
export function fpIsLarge(a: usize, half: usize): i32 {
  fpToPlain(S0, a)
  let at: i32 = 52
  for (; at >= 0; at -= 4) {
    const difference = load<i32>(S0 + at) - load<i32>(half + at)
    if (difference != 0) return difference > 0 ? 1 : 0
  }
  return 0
}
