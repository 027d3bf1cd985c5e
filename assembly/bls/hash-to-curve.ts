/** RFC 9380, suite BLS12381G2_XMD:SHA-256_SSWU_RO_ with the domain separation tag that the host gives. */
import {
  ISO_X_DENOMINATOR,
  ISO_X_NUMERATOR,
  ISO_Y_DENOMINATOR,
  ISO_Y_NUMERATOR,
  ONE,
  R_SQUARED,
  SSWU_A,
  SSWU_B,
  SSWU_B_OVER_ZA,
  SSWU_MINUS_B_OVER_A,
  SSWU_NORM_ROOT,
  SSWU_Z,
  SSWU_Z_CUBED,
  TWO_256,
} from './constants'
import { addPoints, clearCofactor } from './curve'
import { copy, fpMul, isZero, plainFromBytes } from './fp'
import { combine, fp2Inverse, fp2Mul, fp2NormRoot, fp2RootFromNorm, fp2Sign, fp2Sqr, negate } from './fp2'
import { FP, FP2, FRAME_MAP, FRAME_MULTIPLE, G2_POINT, HASH_BLOCK, HASH_MESSAGE, HASH_UNIFORM } from './memory'
import { sha256 } from './sha256'

const UNIFORM_BYTES: usize = 256
const DIGEST_BYTES: usize = 32

/** expand_message_xmd, 256 bytes to HASH_UNIFORM. */
function expandMessage(message: usize, messageLength: usize, tag: usize, tagLength: usize): void {
  let at = HASH_MESSAGE
  memory.fill(at, 0, 64)
  at += 64
  memory.copy(at, message, messageLength)
  at += messageLength
  store<u8>(at, 1) // 256 as two bytes, then a zero
  store<u16>(at, 0, 1)
  at += 3
  at = appendTag(at, tag, tagLength)
  sha256(HASH_BLOCK, HASH_MESSAGE, at - HASH_MESSAGE)
  memory.fill(HASH_UNIFORM, 0, DIGEST_BYTES)
  for (let index: usize = 1; index <= 8; index++) {
    const previous = index == 1 ? HASH_UNIFORM : HASH_UNIFORM + (index - 2) * DIGEST_BYTES
    for (let byte: usize = 0; byte < DIGEST_BYTES; byte += 8)
      store<u64>(HASH_MESSAGE + byte, load<u64>(HASH_BLOCK + byte) ^ load<u64>(previous + byte))
    store<u8>(HASH_MESSAGE + DIGEST_BYTES, <u8>index)
    at = appendTag(HASH_MESSAGE + DIGEST_BYTES + 1, tag, tagLength)
    sha256(HASH_UNIFORM + (index - 1) * DIGEST_BYTES, HASH_MESSAGE, at - HASH_MESSAGE)
  }
}

/** DST_prime: the tag and its length. */
function appendTag(at: usize, tag: usize, tagLength: usize): usize {
  memory.copy(at, tag, tagLength)
  store<u8>(at + tagLength, <u8>tagLength)
  return at + tagLength + 1
}

const SCRATCH: usize = FRAME_MAP
/** r = 64 bytes big-endian mod p. */
function fieldFrom64(r: usize, bytes: usize): void {
  plainFromBytes(SCRATCH, bytes, 32, 0xff)
  fpMul(SCRATCH, SCRATCH, R_SQUARED)
  fpMul(SCRATCH, SCRATCH, TWO_256)
  plainFromBytes(r, bytes + 32, 32, 0xff)
  fpMul(r, r, R_SQUARED)
  combine(FP, r, r, 1, SCRATCH, 1)
}

const U: usize = FRAME_MAP + FP2
const ZU2: usize = FRAME_MAP + 2 * FP2
const TV: usize = FRAME_MAP + 3 * FP2
const X: usize = FRAME_MAP + 4 * FP2
const Y: usize = FRAME_MAP + 5 * FP2
const GX: usize = FRAME_MAP + 6 * FP2
const ROOT: usize = FRAME_MAP + 7 * FP2
const X_NUMERATOR: usize = FRAME_MAP + 8 * FP2
const X_DENOMINATOR: usize = FRAME_MAP + 9 * FP2
const Y_NUMERATOR: usize = FRAME_MAP + 10 * FP2
const Y_DENOMINATOR: usize = FRAME_MAP + 11 * FP2

/** (X, Y) = the simplified SWU map of U to y² = x³ + A'x + B' (§6.6.2), with the roots of fp2RootFromNorm. */
function mapToIsogenous(): void {
  fp2Sqr(ZU2, U)
  fp2Mul(ZU2, ZU2, SSWU_Z)
  fp2Sqr(TV, ZU2)
  combine(FP2, TV, TV, 1, ZU2, 1)
  if (isZero(FP2, TV)) copy(FP2, X, SSWU_B_OVER_ZA)
  else {
    fp2Inverse(TV, TV)
    combine(FP, TV, TV, 1, ONE, 1)
    fp2Mul(X, TV, SSWU_MINUS_B_OVER_A)
  }
  fp2Sqr(GX, X)
  combine(FP2, GX, GX, 1, SSWU_A, 1)
  fp2Mul(GX, GX, X)
  combine(FP2, GX, GX, 1, SSWU_B, 1)
  if (fp2NormRoot(ROOT, GX)) fp2RootFromNorm(Y, GX, ROOT)
  else {
    // x2 = Zu²·x1 has g(x2) = (u³)²·Z³·g(x1), a square; the root of its norm is a constant times the one at hand.
    fp2Mul(X, X, ZU2)
    fp2Mul(GX, GX, SSWU_Z_CUBED)
    fpMul(ROOT, ROOT, SSWU_NORM_ROOT)
    fp2RootFromNorm(Y, GX, ROOT)
    fp2Sqr(TV, U)
    fp2Mul(TV, TV, U)
    fp2Mul(Y, Y, TV)
  }
  if (fp2Sign(U) != fp2Sign(Y)) negate(FP2, Y, Y)
}

/** r = Σ coefficientₖ·Xᵏ, k < count, and Xᶜᵒᵘⁿᵗ if monic. */
function polynomial(r: usize, coefficients: usize, count: usize, monic: bool): void {
  let at = coefficients + (count - 1) * FP2
  if (monic) combine(FP2, r, X, 1, at, 1)
  else copy(FP2, r, at)
  while (at > coefficients) {
    at -= FP2
    fp2Mul(r, r, X)
    combine(FP2, r, r, 1, at, 1)
  }
}

/** r = the 3-isogeny of (X, Y), Jacobian with Z = the product of both denominators. */
function isogeny(r: usize): void {
  polynomial(X_NUMERATOR, ISO_X_NUMERATOR, 4, false)
  polynomial(X_DENOMINATOR, ISO_X_DENOMINATOR, 2, true)
  polynomial(Y_NUMERATOR, ISO_Y_NUMERATOR, 4, false)
  polynomial(Y_DENOMINATOR, ISO_Y_DENOMINATOR, 3, true)
  const z = r + 2 * FP2
  fp2Mul(z, X_DENOMINATOR, Y_DENOMINATOR)
  // X = xn/xd·Z² = xn·yd·Z, Y = y·yn/yd·Z³ = y·yn·xd·Z²
  fp2Mul(X_NUMERATOR, X_NUMERATOR, Y_DENOMINATOR)
  fp2Mul(r, X_NUMERATOR, z)
  fp2Mul(Y_NUMERATOR, Y_NUMERATOR, Y)
  fp2Mul(Y_NUMERATOR, Y_NUMERATOR, X_DENOMINATOR)
  fp2Sqr(TV, z)
  fp2Mul(r + FP2, Y_NUMERATOR, TV)
}

function mapToCurve(r: usize, uniform: usize): void {
  fieldFrom64(U, uniform)
  fieldFrom64(U + FP, uniform + 64)
  mapToIsogenous()
  isogeny(r)
}

const FIRST: usize = FRAME_MULTIPLE + 4 * G2_POINT

/** r = hash_to_curve(message), Jacobian, in G2. Message and tag together take at most 1 kB, the tag at most 255 bytes. */
export function hashToG2(r: usize, message: usize, messageLength: usize, tag: usize, tagLength: usize): void {
  expandMessage(message, messageLength, tag, tagLength)
  mapToCurve(FIRST, HASH_UNIFORM)
  mapToCurve(r, HASH_UNIFORM + 128)
  addPoints(FP2, FIRST, FIRST, r)
  clearCofactor(r, FIRST)
}
