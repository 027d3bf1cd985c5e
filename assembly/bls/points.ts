/** Compressed points: decoding with every check of §1, encoding, and the sign rule of both groups. */
import { G1_B, G2_B, HALF_PLAIN } from './constants'
import { isInG1, isInG2 } from './curve'
import { fpFromBytes, fpMul, fpSqr, fpToPlain, isZero, plainToBytes } from './fp'
import { combine, fp2Root, fp2Sqr, fpIsLarge, fpRoot, mul, negate, setOne } from './fp2'
import { FP, FP2, FRAME_MAP } from './memory'

const COMPRESSED: u32 = 0x80
const INFINITY: u32 = 0x40
const SORT: u32 = 0x20
const X_MASK: u32 = 0x1f

const RIGHT: usize = FRAME_MAP
const PLAIN: usize = FRAME_MAP + FP2

/** 1 if the root y is the one with the sort flag: the larger of the two, by the imaginary part unless that is zero. */
function sortFlag(size: usize, y: usize): i32 {
  if (size == FP2 && !isZero(FP, y + FP)) return fpIsLarge(y + FP, HALF_PLAIN)
  return fpIsLarge(y, HALF_PLAIN)
}

/** Finds y for the x that stands in `point`, with that sort flag, and sets Z; false if x is off the curve. */
function findY(size: usize, point: usize, sort: i32): bool {
  const y = point + size
  if (size == FP) {
    fpSqr(RIGHT, point)
    fpMul(RIGHT, RIGHT, point)
    combine(FP, RIGHT, RIGHT, 1, G1_B, 1)
    if (!fpRoot(y, RIGHT)) return false
  } else {
    fp2Sqr(RIGHT, point)
    mul(FP2, RIGHT, RIGHT, point)
    combine(FP2, RIGHT, RIGHT, 1, G2_B, 1)
    if (!fp2Root(y, RIGHT)) return false
  }
  if (sortFlag(size, y) != sort) negate(size, y, y)
  setOne(size, y + size)
  return true
}

/**
 * Reads the 48 (G1) or 96 (G2) bytes at `bytes` into an affine point; false unless they are the canonical encoding of a
 * point of the curve, in the subgroup and not the identity. G2 has the imaginary part of x first.
 */
export function decodePoint(size: usize, point: usize, bytes: usize): bool {
  const flags = <u32>load<u8>(bytes)
  if ((flags & COMPRESSED) == 0 || (flags & INFINITY) != 0) return false
  const imaginary = size == FP2 ? point + FP : point
  let canonical = fpFromBytes(imaginary, bytes, X_MASK)
  if (size == FP2) canonical = fpFromBytes(point, bytes + 48, 0xff) && canonical
  if (!canonical) return false
  if (!findY(size, point, (flags & SORT) != 0 ? 1 : 0)) return false
  return size == FP ? isInG1(point) : isInG2(point)
}

/** Writes an affine point. */
export function encodePoint(size: usize, bytes: usize, point: usize): void {
  fpToPlain(PLAIN, size == FP2 ? point + FP : point)
  plainToBytes(bytes, PLAIN)
  if (size == FP2) {
    fpToPlain(PLAIN, point)
    plainToBytes(bytes + 48, PLAIN)
  }
  const sort = sortFlag(size, point + size) != 0 ? SORT : 0
  store<u8>(bytes, <u8>((<u32>load<u8>(bytes)) | COMPRESSED | sort))
}
