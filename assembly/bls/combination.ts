/**
 * Σ (aᵢ + bᵢλ)·Pᵢ for 64-bit aᵢ, bᵢ and λ = −x², the eigenvalue of the endomorphism: 2¹²⁸ different coefficients for 64
 * shared doublings. Since x² is about 2¹²⁷ and r about 2²⁵⁵, different pairs (a, b) are different modulo r.
 *
 * Straus's method: odd multiples P, 3P, 5P, 7P of each point, and the signed digits of each scalar.
 */
import { addPoints, copyPoint, doublePoint, endomorphism, negatePoint, setIdentity } from './curve'
import { DIGITS, DIGITS_SIZE, FRAME_MULTIPLE, G2_POINT, MULTIPLES } from './memory'

const TERM: usize = FRAME_MULTIPLE + 4 * G2_POINT
const DIGIT_COUNT: i32 = 66
const WINDOW_BITS = 4
const WINDOW: i32 = 1 << WINDOW_BITS
const MULTIPLE_COUNT: usize = 4

let termCount: usize = 0

/** Signed odd digits below 8 in size, at most one in any four places, least significant first. */
function recode(digits: usize, scalar: u64): void {
  memory.fill(digits, 0, DIGITS_SIZE)
  let carry: u64 = 0
  for (let bit: i32 = 0; bit < DIGIT_COUNT;) {
    const low = bit < 64 ? (scalar >> bit) & 1 : 0
    if (low == carry) {
      bit++
      continue
    }
    const window = bit < 64 ? <i32>((scalar >> bit) & (WINDOW - 1)) : 0
    let digit = window + <i32>carry
    carry = digit > WINDOW / 2 ? 1 : 0
    if (carry) digit -= WINDOW
    store<i8>(digits + bit, <i8>digit)
    bit += WINDOW_BITS
  }
}

export function beginCombination(): void {
  termCount = 0
}

/** Adds (a + bλ)·P; at most 256 terms. */
export function addTerm(size: usize, point: usize, a: u64, b: u64): void {
  const digits = DIGITS + termCount * 2 * DIGITS_SIZE
  recode(digits, a)
  recode(digits + DIGITS_SIZE, b)
  const stride: usize = 3 * size
  const table = MULTIPLES + termCount * MULTIPLE_COUNT * stride
  copyPoint(size, table, point)
  doublePoint(size, TERM, point)
  for (let at: usize = stride; at < MULTIPLE_COUNT * stride; at += stride)
    addPoints(size, table + at, TERM, table + at - stride)
  termCount++
}

/** r = the sum of all terms. */
export function finishCombination(size: usize, r: usize): void {
  setIdentity(size, r)
  const stride: usize = 3 * size
  for (let bit = DIGIT_COUNT; bit >= 0; bit--) {
    doublePoint(size, r, r)
    for (let half: usize = 0; half < 2 * termCount; half++) {
      const digit = <i32>load<i8>(DIGITS + half * DIGITS_SIZE + bit)
      if (digit == 0) continue
      const multiple = MULTIPLES + ((half >> 1) * MULTIPLE_COUNT + <usize>(abs(digit) >> 1)) * stride
      copyPoint(size, TERM, multiple)
      if (half & 1) endomorphism(size, TERM, TERM)
      if (digit < 0) negatePoint(size, TERM, TERM)
      addPoints(size, r, r, TERM)
    }
  }
}
