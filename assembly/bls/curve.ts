/**
 * Points of G1 (size FP) and G2 (size FP2), Jacobian: x = X/Z², y = Y/Z³, the identity has Z = 0. Coordinates are tight.
 * A point is affine when Z is ONE limb by limb; functions notice and save the products by Z.
 */
import { BETA, CURVE_X, CURVE_X_BITS, ONE, PSI2_X, PSI_X, PSI_Y } from './constants'
import { copy, fpInverse, fpMul, isEqual, isZero, sameLimbs, setZero } from './fp'
import { combine, fp2Conjugate, fp2InverseFromNorm, fp2Norm, mul, mulByFp, negate, setOne, sqr, sub } from './fp2'
import { FP, FP2, FRAME_MULTIPLE, FRAME_POINT, G2_POINT, INVERSES, INVERSE_PRODUCTS, ZERO_WIDE } from './memory'

const A: usize = FRAME_POINT
const B: usize = FRAME_POINT + FP2
const C: usize = FRAME_POINT + 2 * FP2
const D: usize = FRAME_POINT + 3 * FP2
const E: usize = FRAME_POINT + 4 * FP2
const F: usize = FRAME_POINT + 5 * FP2
const U1: usize = FRAME_POINT + 6 * FP2
const S1: usize = FRAME_POINT + 7 * FP2
const H: usize = FRAME_POINT + 8 * FP2
const K: usize = FRAME_POINT + 9 * FP2
const ZZ: usize = FRAME_POINT + 10 * FP2
const ZZ2: usize = FRAME_POINT + 11 * FP2
const Z3: usize = FRAME_POINT + 12 * FP2

const BASE: usize = FRAME_MULTIPLE
const NEGATED: usize = FRAME_MULTIPLE + G2_POINT

export function isIdentity(size: usize, p: usize): bool {
  return isZero(size, p + 2 * size)
}

export function isAffine(size: usize, p: usize): bool {
  const z = p + 2 * size
  return sameLimbs(FP, z, ONE) && (size == FP || sameLimbs(FP, z + FP, ZERO_WIDE))
}

export function setIdentity(size: usize, r: usize): void {
  setZero(3 * size, r)
}

export function copyPoint(size: usize, r: usize, p: usize): void {
  copy(3 * size, r, p)
}

export function negatePoint(size: usize, r: usize, p: usize): void {
  if (r != p) copyPoint(size, r, p)
  negate(size, r + size, r + size)
}

/** r = 2p (dbl-2009-l, a = 0). */
export function doublePoint(size: usize, r: usize, p: usize): void {
  const y = p + size
  const z = y + size
  sqr(size, A, p)
  sqr(size, B, y)
  sqr(size, C, B)
  combine(size, D, p, 1, B, 1)
  sqr(size, D, D)
  sub(size, D, D, A)
  combine(size, D, D, 2, C, -2)
  combine(size, E, A, 3, A, 0)
  sqr(size, F, E)
  mul(size, Z3, y, z)
  combine(size, r + 2 * size, Z3, 2, Z3, 0)
  combine(size, r, F, 1, D, -2)
  sub(size, D, D, r)
  mul(size, E, E, D)
  combine(size, r + size, E, 1, C, -8)
}

/** r = p + q, whatever they are: equal, opposite or the identity (add-2007-bl). */
export function addPoints(size: usize, r: usize, p: usize, q: usize): void {
  if (isIdentity(size, q)) return copyPoint(size, r, p)
  if (isIdentity(size, p)) return copyPoint(size, r, q)
  const z = p + 2 * size
  const z2 = q + 2 * size
  const affine = isAffine(size, q)
  sqr(size, ZZ, z)
  mul(size, H, q, ZZ)
  mul(size, A, z, ZZ)
  mul(size, K, q + size, A)
  if (affine) {
    copy(size, Z3, z)
    copy(size, U1, p)
    copy(size, S1, p + size)
  } else {
    mul(size, Z3, z, z2)
    sqr(size, ZZ2, z2)
    mul(size, U1, p, ZZ2)
    mul(size, ZZ2, ZZ2, z2)
    mul(size, S1, p + size, ZZ2)
  }
  combine(size, H, H, 1, U1, -1)
  combine(size, K, K, 2, S1, -2)
  if (isZero(size, H)) {
    if (isZero(size, K)) doublePoint(size, r, p)
    else setIdentity(size, r)
    return
  }
  mul(size, Z3, Z3, H)
  combine(size, r + 2 * size, Z3, 2, Z3, 0)
  // I = (2H)², J = H·I, V = U1·I; X3 = K² − J − 2V, Y3 = K(V − X3) − 2·S1·J
  combine(size, A, H, 2, H, 0)
  sqr(size, A, A)
  mul(size, B, H, A)
  mul(size, C, U1, A)
  sqr(size, D, K)
  sub(size, D, D, B)
  combine(size, r, D, 1, C, -2)
  sub(size, C, C, r)
  mul(size, C, K, C)
  mul(size, D, S1, B)
  combine(size, r + size, C, 1, D, -2)
}

/** r = p − q. */
export function subtractPoints(size: usize, r: usize, p: usize, q: usize): void {
  negatePoint(size, NEGATED, q)
  addPoints(size, r, p, NEGATED)
}

/** r = times·p by doubling and adding; times ≥ 1. */
export function multiplySmall(size: usize, r: usize, p: usize, times: u64): void {
  copyPoint(size, BASE, p)
  copyPoint(size, r, p)
  for (let bit = 62 - <i32>clz<u64>(times); bit >= 0; bit--) {
    doublePoint(size, r, r)
    if ((times >> bit) & 1) addPoints(size, r, r, BASE)
  }
}

/** r = |x|·p. */
export function multiplyByX(size: usize, r: usize, p: usize): void {
  multiplySmall(size, r, p, CURVE_X)
}

/** Is the Jacobian p the affine (x, y)? */
function equalsAffine(size: usize, p: usize, x: usize, y: usize): bool {
  const z = p + 2 * size
  if (isZero(size, z)) return false
  sqr(size, ZZ, z)
  mul(size, A, x, ZZ)
  if (!isEqual(size, A, p)) return false
  mul(size, ZZ, ZZ, z)
  mul(size, A, y, ZZ)
  return isEqual(size, A, p + size)
}

const TEMP: usize = FRAME_MULTIPLE + 2 * G2_POINT
const TEMP2: usize = FRAME_MULTIPLE + 3 * G2_POINT

/** Is an affine point of the curve in G1: φ(P) = −[x²]P (Scott 2021, Bowe 2019)? */
export function isInG1(p: usize): bool {
  multiplyByX(FP, TEMP, p)
  multiplyByX(FP, TEMP, TEMP)
  fpMul(TEMP2, p, BETA)
  negate(FP, TEMP2 + FP, p + FP)
  return equalsAffine(FP, TEMP, TEMP2, TEMP2 + FP)
}

/** Is an affine point of the twist in G2: ψ(P) = [x]P (Scott 2021)? */
export function isInG2(p: usize): bool {
  multiplyByX(FP2, TEMP, p)
  psi(TEMP2, p)
  negate(FP2, TEMP2 + FP2, TEMP2 + FP2)
  return equalsAffine(FP2, TEMP, TEMP2, TEMP2 + FP2)
}

/** r = ψ(p), any Jacobian point of the twist. */
export function psi(r: usize, p: usize): void {
  fp2Conjugate(A, p)
  mul(FP2, r, A, PSI_X)
  fp2Conjugate(A, p + FP2)
  mul(FP2, r + FP2, A, PSI_Y)
  fp2Conjugate(r + 2 * FP2, p + 2 * FP2)
}

/** r = λp, λ = −x²: (βx, y) in G1, −ψ² in G2. For points of the subgroups. */
export function endomorphism(size: usize, r: usize, p: usize): void {
  if (r != p) copyPoint(size, r, p)
  mulByFp(size, r, r, size == FP ? BETA : PSI2_X)
}

/**
 * r = the cofactor cleared (Budroni, Pintore 2017; RFC 9380 G.3): [x² − x − 1]P + [x − 1]ψ(P) + ψ²(2P).
 * r is not p.
 */
export function clearCofactor(r: usize, p: usize): void {
  multiplyByX(FP2, TEMP, p)
  negatePoint(FP2, TEMP, TEMP) // [x]P
  psi(TEMP2, p)
  doublePoint(FP2, r, p)
  psi(r, r)
  psi(r, r)
  subtractPoints(FP2, r, r, TEMP2)
  addPoints(FP2, TEMP2, TEMP, TEMP2) // [x]P + ψ(P)
  subtractPoints(FP2, r, r, TEMP)
  multiplyByX(FP2, TEMP, TEMP2)
  subtractPoints(FP2, r, r, TEMP)
  subtractPoints(FP2, r, r, p)
}

// ── Back to affine, many at once ──────────────────────────────────────────────────────────────────────────────────

let inverseCount: i32 = 0

/** Starts a list of points that toAffineAll will make affine with one inversion. */
export function beginAffine(): void {
  inverseCount = 0
}

/** Adds p, not the identity, to the list: at most 130 of them. Those that are affine cost nothing. */
export function noteAffine(size: usize, p: usize): void {
  if (isAffine(size, p)) return
  const at = <usize>inverseCount * FP
  if (size == FP) copy(FP, INVERSES + at, p + 2 * FP)
  else fp2Norm(INVERSES + at, p + 2 * FP2)
  if (at == 0) copy(FP, INVERSE_PRODUCTS, INVERSES)
  else fpMul(INVERSE_PRODUCTS + at, INVERSE_PRODUCTS + at - FP, INVERSES + at)
  inverseCount++
}

/** Inverts what was noted. takeAffine must then be called for the same points in the opposite order. */
export function invertNoted(): void {
  if (inverseCount > 0) fpInverse(E, INVERSE_PRODUCTS + <usize>(inverseCount - 1) * FP)
}

/** Makes p affine in place. E holds the inverse of the product of what was noted up to p. */
export function takeAffine(size: usize, p: usize): void {
  if (isAffine(size, p)) return
  inverseCount--
  const at = <usize>inverseCount * FP
  if (inverseCount > 0) {
    fpMul(A, E, INVERSE_PRODUCTS + at - FP)
    fpMul(E, E, INVERSES + at)
  } else copy(FP, A, E)
  const z = p + 2 * size
  if (size == FP2) fp2InverseFromNorm(A, z, A)
  sqr(size, B, A)
  mul(size, p, p, B)
  mul(size, B, B, A)
  mul(size, p + size, p + size, B)
  setOne(size, z)
}

export function toAffine(size: usize, p: usize): void {
  beginAffine()
  noteAffine(size, p)
  invertNoted()
  takeAffine(size, p)
}
