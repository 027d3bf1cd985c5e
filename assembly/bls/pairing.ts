/**
 * Products of pairings e(P₁, Q₁)·…·e(Pₙ, Qₙ) = 1?
 *
 * One Miller loop squares once for all pairs, with projective lines (Costello, Lange, Naehrig 2010; Aranha et al. 2011),
 * then one final exponentiation by 3·(p¹² − 1)/r (Hayashida, Hayasaka, Teruya 2020). The parameter's sign is left out:
 * it conjugates the value, which does not change whether it is one.
 */
import { CURVE_X, CURVE_X_BITS } from './constants'
import { beginAffine, invertNoted, noteAffine, takeAffine } from './curve'
import { copy } from './fp'
import { combine, fp2Mul, fp2Sqr, mulByFp, mulByXi, negate, sub } from './fp2'
import {
  FP,
  FP12,
  FP2,
  FRAME_EXPONENT,
  FRAME_LINE,
  MILLER_PRODUCT,
  MILLER_VALUE,
  PAIRS,
  PAIR_COUNT_MAX,
  PAIR_SIZE,
} from './memory'
import {
  fp12Conjugate,
  fp12CyclotomicSqr,
  fp12Frobenius,
  fp12Inverse,
  fp12IsOne,
  fp12Mul,
  fp12MulByLine,
  fp12SetOne,
  fp12Sqr,
} from './tower'

/** A pair: pointer to P (G1), pointer to Q (G2), and at 16 the running point R, projective. */
const RUNNING: usize = 16

const T0: usize = FRAME_LINE
const T1: usize = FRAME_LINE + FP2
const T2: usize = FRAME_LINE + 2 * FP2
const T3: usize = FRAME_LINE + 3 * FP2
const T4: usize = FRAME_LINE + 4 * FP2
const C0: usize = FRAME_LINE + 5 * FP2
const C1: usize = FRAME_LINE + 6 * FP2
const C4: usize = FRAME_LINE + 7 * FP2

let pairCount: i32 = 0

export function beginProduct(): void {
  pairCount = 0
  fp12SetOne(MILLER_PRODUCT)
}

/** The number of the next pair, in [0, PAIR_COUNT_MAX); points of pairs with other numbers are in use. */
export function nextPair(): usize {
  if (pairCount == PAIR_COUNT_MAX) millerLoop()
  return <usize>pairCount
}

/**
 * Multiplies the product by e(P, Q). The points may be Jacobian, are not the identity, become affine in place, and all
 * those of one loop are different ones.
 */
export function addPair(p: usize, q: usize): void {
  const pair = PAIRS + nextPair() * PAIR_SIZE
  store<usize>(pair, p)
  store<usize>(pair, q, 4)
  pairCount++
}

/** R = 2R and the tangent's coefficients in C0, C1, C4. */
function doublingStep(r: usize): void {
  const y = r + FP2
  const z = y + FP2
  fp2Sqr(T0, y)
  fp2Sqr(T1, z)
  // t2 = 3b·z², b = 4ξ
  mulByXi(T2, T1)
  combine(FP2, T2, T2, 12, T2, 0)
  // t4 = 2yz
  combine(FP2, T4, y, 1, z, 1)
  fp2Sqr(T4, T4)
  sub(FP2, T4, T4, T1)
  combine(FP2, T4, T4, 1, T0, -1)
  combine(FP2, C0, T2, 1, T0, -1)
  fp2Sqr(C1, r)
  combine(FP2, C1, C1, 3, C1, 0)
  negate(FP2, C4, T4)
  // All three coordinates times four, which saves the halves: 2xy(t0 − 3t2), (t0 + 3t2)² − 12t2², 4t0t4
  combine(FP2, T1, T0, 2, T2, -6)
  fp2Mul(T3, r, y)
  fp2Mul(r, T1, T3)
  combine(FP2, T1, T0, 1, T2, 3)
  fp2Sqr(T1, T1)
  fp2Sqr(T2, T2)
  combine(FP2, y, T1, 1, T2, -12)
  combine(FP2, T0, T0, 4, T0, 0)
  fp2Mul(z, T0, T4)
}

/** R = R + Q and the line's coefficients. */
function additionStep(r: usize, q: usize): void {
  const y = r + FP2
  const z = y + FP2
  fp2Mul(T0, q + FP2, z)
  combine(FP2, T0, y, 1, T0, -1)
  fp2Mul(T1, q, z)
  combine(FP2, T1, r, 1, T1, -1)
  fp2Mul(C0, T0, q)
  fp2Mul(T2, T1, q + FP2)
  combine(FP2, C0, C0, 1, T2, -1)
  negate(FP2, C1, T0)
  copy(FP2, C4, T1)
  fp2Sqr(T2, T1)
  fp2Mul(T3, T2, T1)
  fp2Mul(T2, T2, r)
  // t5 = t3 − 2t2·x + t0²z
  fp2Sqr(T4, T0)
  fp2Mul(T4, T4, z)
  combine(FP2, T4, T4, 1, T2, -2)
  combine(FP2, T4, T4, 1, T3, 1)
  fp2Mul(r, T1, T4)
  combine(FP2, T2, T2, 1, T4, -1)
  fp2Mul(T2, T2, T0)
  fp2Mul(T4, T3, y)
  combine(FP2, y, T2, 1, T4, -1)
  fp2Mul(z, z, T3)
}

/** Multiplies the Miller value by the line at P. */
function multiplyByLine(p: usize): void {
  mulByFp(FP2, C1, C1, p)
  mulByFp(FP2, C4, C4, p + FP)
  fp12MulByLine(MILLER_VALUE, C0, C1, C4)
}

function makePairsAffine(): void {
  const end = PAIRS + <usize>pairCount * PAIR_SIZE
  beginAffine()
  for (let pair = PAIRS; pair < end; pair += PAIR_SIZE) {
    noteAffine(FP, load<usize>(pair))
    noteAffine(FP2, load<usize>(pair, 4))
  }
  invertNoted()
  for (let pair = end - PAIR_SIZE; pair >= PAIRS; pair -= PAIR_SIZE) {
    takeAffine(FP2, load<usize>(pair, 4))
    takeAffine(FP, load<usize>(pair))
  }
}

/** Multiplies MILLER_PRODUCT by the Miller values of all pairs, and forgets them. */
function millerLoop(): void {
  if (pairCount == 0) return
  const end = PAIRS + <usize>pairCount * PAIR_SIZE
  makePairsAffine()
  for (let pair = PAIRS; pair < end; pair += PAIR_SIZE) copy(3 * FP2, pair + RUNNING, load<usize>(pair, 4))
  fp12SetOne(MILLER_VALUE)
  for (let bit = CURVE_X_BITS - 2; bit >= 0; bit--) {
    if (bit != CURVE_X_BITS - 2) fp12Sqr(MILLER_VALUE, MILLER_VALUE)
    for (let pair = PAIRS; pair < end; pair += PAIR_SIZE) {
      doublingStep(pair + RUNNING)
      multiplyByLine(load<usize>(pair))
      if ((CURVE_X >> bit) & 1) {
        additionStep(pair + RUNNING, load<usize>(pair, 4))
        multiplyByLine(load<usize>(pair))
      }
    }
  }
  fp12Mul(MILLER_PRODUCT, MILLER_PRODUCT, MILLER_VALUE)
  pairCount = 0
}

const M: usize = FRAME_EXPONENT
const N: usize = FRAME_EXPONENT + FP12
const O: usize = FRAME_EXPONENT + 2 * FP12
const Q: usize = FRAME_EXPONENT + 3 * FP12
const BASE: usize = FRAME_EXPONENT + 4 * FP12

/** r = aˣ in the cyclotomic subgroup: the conjugate of a^|x|. r is not a. */
function powerOfX(r: usize, a: usize): void {
  copy(FP12, r, a)
  for (let bit = CURVE_X_BITS - 2; bit >= 0; bit--) {
    fp12CyclotomicSqr(r, r)
    if ((CURVE_X >> bit) & 1) fp12Mul(r, r, a)
  }
  fp12Conjugate(r, r)
}

/** r = a^(x − 1). r is not a. */
function powerOfXMinus1(r: usize, a: usize): void {
  powerOfX(r, a)
  fp12Conjugate(BASE, a)
  fp12Mul(r, r, BASE)
}

/** Is the product of all pairings one? */
export function productIsOne(): bool {
  millerLoop()
  // M = f^((p⁶ − 1)(p² + 1))
  fp12Inverse(N, MILLER_PRODUCT)
  fp12Conjugate(M, MILLER_PRODUCT)
  fp12Mul(N, M, N)
  fp12Frobenius(M, N)
  fp12Frobenius(M, M)
  fp12Mul(M, M, N)
  // (x − 1)²·(x + p)·(x² + p² − 1) + 3
  powerOfXMinus1(N, M)
  powerOfXMinus1(O, N)
  powerOfX(N, O)
  fp12Frobenius(O, O)
  fp12Mul(N, N, O)
  powerOfX(O, N)
  powerOfX(Q, O)
  fp12Frobenius(O, N)
  fp12Frobenius(O, O)
  fp12Mul(Q, Q, O)
  fp12Conjugate(N, N)
  fp12Mul(Q, Q, N)
  fp12CyclotomicSqr(N, M)
  fp12Mul(N, N, M)
  fp12Mul(Q, Q, N)
  return fp12IsOne(Q)
}
