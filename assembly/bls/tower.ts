/**
 * Fp6 = Fp2[v]/(v³ − ξ) and Fp12 = Fp6[w]/(w² − v), ξ = 1 + i. Operands and results are tight; r may be an operand.
 */
import { FROBENIUS, ONE } from './constants'
import { copy, isEqual, isZero } from './fp'
import { add, combine, fp2Conjugate, fp2Inverse, fp2Mul, fp2Sqr, mulByXi, negate, reduce, setOne, sub } from './fp2'
import { FP, FP12, FP2, FP6, FRAME_FP12, FRAME_FP6 } from './memory'

const V0: usize = FRAME_FP6
const V1: usize = FRAME_FP6 + FP2
const V2: usize = FRAME_FP6 + 2 * FP2
const X0: usize = FRAME_FP6 + 3 * FP2
const X1: usize = FRAME_FP6 + 4 * FP2
const X2: usize = FRAME_FP6 + 5 * FP2
const S: usize = FRAME_FP6 + 6 * FP2
const T: usize = FRAME_FP6 + 7 * FP2

/** r = (a + b)·(c + d) in Fp2. */
function mulOfSums(r: usize, a: usize, b: usize, c: usize, d: usize): void {
  add(FP2, S, a, b)
  add(FP2, T, c, d)
  fp2Mul(r, S, T)
}

/** Karatsuba, six products in Fp2. */
export function fp6Mul(r: usize, a: usize, b: usize): void {
  const a1 = a + FP2
  const a2 = a + 2 * FP2
  const b1 = b + FP2
  const b2 = b + 2 * FP2
  fp2Mul(V0, a, b)
  fp2Mul(V1, a1, b1)
  fp2Mul(V2, a2, b2)
  mulOfSums(X0, a1, a2, b1, b2)
  mulOfSums(X1, a, a1, b, b1)
  mulOfSums(X2, a, a2, b, b2)
  // r0 = ξ(x0 − v1 − v2) + v0, r1 = x1 − v0 − v1 + ξv2, r2 = x2 − v0 − v2 + v1
  sub(FP2, X0, X0, V1)
  sub(FP2, X0, X0, V2)
  mulByXi(X0, X0)
  combine(FP2, r, X0, 1, V0, 1)
  sub(FP2, X1, X1, V0)
  sub(FP2, X1, X1, V1)
  mulByXi(S, V2)
  combine(FP2, r + FP2, X1, 1, S, 1)
  sub(FP2, X2, X2, V0)
  add(FP2, X2, X2, V1)
  combine(FP2, r + 2 * FP2, X2, 1, V2, -1)
}

/** r = a·(b0 + b1·v), five products. */
export function fp6MulBy01(r: usize, a: usize, b0: usize, b1: usize): void {
  const a1 = a + FP2
  const a2 = a + 2 * FP2
  fp2Mul(V0, a, b0)
  fp2Mul(V1, a1, b1)
  add(FP2, S, a1, a2)
  fp2Mul(X0, S, b1)
  mulOfSums(X1, a, a1, b0, b1)
  add(FP2, S, a, a2)
  fp2Mul(X2, S, b0)
  // r0 = ξ(x0 − v1) + v0, r1 = x1 − v0 − v1, r2 = x2 − v0 + v1
  sub(FP2, X0, X0, V1)
  mulByXi(X0, X0)
  combine(FP2, r, X0, 1, V0, 1)
  sub(FP2, X1, X1, V0)
  combine(FP2, r + FP2, X1, 1, V1, -1)
  sub(FP2, X2, X2, V0)
  combine(FP2, r + 2 * FP2, X2, 1, V1, 1)
}

/** r = a·b1·v, three products. r is not a. */
export function fp6MulBy1(r: usize, a: usize, b1: usize): void {
  fp2Mul(S, a + 2 * FP2, b1)
  mulByXi(S, S)
  reduce(FP2, r, S)
  fp2Mul(r + FP2, a, b1)
  fp2Mul(r + 2 * FP2, a + FP2, b1)
}

/** r = a + m·v·b, tight. r is not b. */
function addTimesV(r: usize, a: usize, b: usize, m: i64): void {
  mulByXi(S, b + 2 * FP2)
  combine(FP2, r, a, 1, S, m)
  combine(2 * FP2, r + FP2, a + FP2, 1, b, m)
}

function fp6Inverse(r: usize, a: usize): void {
  const a1 = a + FP2
  const a2 = a + 2 * FP2
  // c0 = a0² − ξa1a2, c1 = ξa2² − a0a1, c2 = a1² − a0a2, and a·(c0 + c1v + c2v²) = a0c0 + ξ(a2c1 + a1c2)
  fp2Sqr(V0, a)
  fp2Mul(S, a1, a2)
  mulByXi(S, S)
  combine(FP2, V0, V0, 1, S, -1)
  fp2Sqr(S, a2)
  mulByXi(S, S)
  fp2Mul(T, a, a1)
  combine(FP2, V1, S, 1, T, -1)
  fp2Sqr(S, a1)
  fp2Mul(T, a, a2)
  combine(FP2, V2, S, 1, T, -1)
  fp2Mul(S, a2, V1)
  fp2Mul(T, a1, V2)
  add(FP2, S, S, T)
  mulByXi(S, S)
  fp2Mul(T, a, V0)
  combine(FP2, T, T, 1, S, 1)
  fp2Inverse(T, T)
  fp2Mul(r, V0, T)
  fp2Mul(r + FP2, V1, T)
  fp2Mul(r + 2 * FP2, V2, T)
}

// ── Fp12 ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const A: usize = FRAME_FP12
const B: usize = FRAME_FP12 + FP6
const C: usize = FRAME_FP12 + 2 * FP6
const U: usize = FRAME_FP12 + 3 * FP6
const W: usize = FRAME_FP12 + 4 * FP6

export function fp12Mul(r: usize, a: usize, b: usize): void {
  fp6Mul(A, a, b)
  fp6Mul(B, a + FP6, b + FP6)
  combine(FP6, U, a, 1, a + FP6, 1)
  combine(FP6, W, b, 1, b + FP6, 1)
  fp6Mul(C, U, W)
  sub(FP6, C, C, A)
  combine(FP6, r + FP6, C, 1, B, -1)
  addTimesV(r, A, B, 1)
}

/** Complex squaring: two products in Fp6. */
export function fp12Sqr(r: usize, a: usize): void {
  fp6Mul(A, a, a + FP6)
  combine(FP6, U, a, 1, a + FP6, 1)
  addTimesV(W, a, a + FP6, 1)
  fp6Mul(C, U, W)
  sub(FP6, C, C, A)
  addTimesV(r, C, A, -1)
  combine(FP6, r + FP6, A, 2, A, 0)
}

/** r = r·(o0 + o1·v + o4·v·w): a line. */
export function fp12MulByLine(r: usize, o0: usize, o1: usize, o4: usize): void {
  fp6MulBy01(A, r, o0, o1)
  fp6MulBy1(B, r + FP6, o4)
  combine(FP6, U, r, 1, r + FP6, 1)
  combine(FP2, W, o1, 1, o4, 1)
  fp6MulBy01(C, U, o0, W)
  sub(FP6, C, C, A)
  combine(FP6, r + FP6, C, 1, B, -1)
  addTimesV(r, A, B, 1)
}

/** r = a0 − a1·w: the inverse of an element of the cyclotomic subgroup. */
export function fp12Conjugate(r: usize, a: usize): void {
  if (r != a) copy(FP6, r, a)
  negate(FP6, r + FP6, a + FP6)
}

export function fp12Inverse(r: usize, a: usize): void {
  fp6Mul(A, a, a)
  fp6Mul(B, a + FP6, a + FP6)
  addTimesV(A, A, B, -1)
  fp6Inverse(A, A)
  fp6Mul(B, a + FP6, A)
  fp6Mul(r, a, A)
  negate(FP6, r + FP6, B)
}

/** r = aᵖ. */
export function fp12Frobenius(r: usize, a: usize): void {
  // Coefficients of w⁰ … w⁵ stand at 0, FP6, FP2, FP6 + FP2, 2·FP2, FP6 + 2·FP2.
  fp2Conjugate(r, a)
  for (let power: usize = 1; power < 6; power++) {
    const at = (power >> 1) * FP2 + (power & 1) * FP6
    fp2Conjugate(S, a + at)
    fp2Mul(r + at, S, FROBENIUS + (power - 1) * FP2)
  }
}

/** (a + b·√ξ…)²: r = a² + ξb², s = 2ab, for one of the three quadratic parts of a cyclotomic element. */
function fp4Sqr(r: usize, s: usize, a: usize, b: usize): void {
  fp2Sqr(S, a)
  fp2Sqr(T, b)
  add(FP2, X2, a, b)
  fp2Sqr(X2, X2)
  sub(FP2, X2, X2, S)
  sub(FP2, s, X2, T)
  mulByXi(T, T)
  add(FP2, r, S, T)
}

/** r = a² for a in the cyclotomic subgroup (Granger, Scott 2009): nine squarings in Fp2. */
export function fp12CyclotomicSqr(r: usize, a: usize): void {
  const d = a + FP6
  const s = r + FP6
  fp4Sqr(A, B, a, d + FP2)
  fp4Sqr(A + FP2, B + FP2, d, a + 2 * FP2)
  fp4Sqr(A + 2 * FP2, B + 2 * FP2, a + FP2, d + 2 * FP2)
  mulByXi(C, B + 2 * FP2)
  combine(FP6, r, A, 3, a, -2)
  combine(FP2, s, C, 3, d, 2)
  combine(2 * FP2, s + FP2, B, 3, d + FP2, 2)
}

export function fp12SetOne(r: usize): void {
  setOne(FP12, r)
}

export function fp12IsOne(a: usize): bool {
  return isEqual(FP, a, ONE) && isZero(FP12 - FP, a + FP)
}
