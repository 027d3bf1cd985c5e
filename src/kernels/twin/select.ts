/**
 * Select (§7): the binomial quantile of a digest, in BigInt. A float is mantissa × 2^exponent with a mantissa of exactly
 * 128 bits; every operation rounds to nearest, ties to even.
 */
interface Float {
  readonly mantissa: bigint
  readonly exponent: bigint
}

const PRECISION = 128n
const TOP = 1n << PRECISION
const ONE: Float = { mantissa: TOP >> 1n, exponent: -127n }
const RATIO_DENOMINATOR = (1n << 256n) - 1n

/** Bits of a positive integer. */
function bitLength(value: bigint): bigint {
  const digits = value.toString(16)
  return BigInt(4 * digits.length - Math.clz32(parseInt(digits[0]!, 16)) + 28)
}

/** `value` × 2^exponent rounded; `sticky` says that something non-zero was cut off below `value`. */
function round(value: bigint, exponent: bigint, sticky: boolean): Float {
  const excess = bitLength(value) - PRECISION
  if (excess <= 0n) return { mantissa: value << -excess, exponent: exponent + excess }
  return cut(value, excess, exponent, sticky)
}

/** Drops the lowest `excess` ≥ 1 bits of `value`, rounding; 128 bits are left. */
function cut(value: bigint, excess: bigint, exponent: bigint, sticky: boolean): Float {
  const half = 1n << (excess - 1n)
  const rest = value & ((half << 1n) - 1n)
  let mantissa = value >> excess
  if (rest > half || (rest === half && (sticky || (mantissa & 1n) === 1n))) mantissa++
  if (mantissa === TOP) return { mantissa: TOP >> 1n, exponent: exponent + excess + 1n }
  return { mantissa, exponent: exponent + excess }
}

/** The exact quotient of two positive integers, rounded once. */
function quotient(numerator: bigint, denominator: bigint): Float {
  const wanted = bitLength(denominator) - bitLength(numerator) + PRECISION + 2n
  const shift = wanted > 0n ? wanted : 0n
  const shifted = numerator << shift
  const whole = shifted / denominator
  return round(whole, -shift, whole * denominator !== shifted)
}

/** The product of two mantissas has 255 or 256 bits. */
function multiply(a: Float, b: Float): Float {
  const product = a.mantissa * b.mantissa
  return cut(product, product >> 255n === 1n ? 128n : 127n, a.exponent + b.exponent, false)
}

function add(a: Float, b: Float): Float {
  const [high, low] = a.exponent >= b.exponent ? [a, b] : [b, a]
  const distance = high.exponent - low.exponent
  if (distance > PRECISION + 1n) return high
  return round((high.mantissa << distance) + low.mantissa, low.exponent, false)
}

/** Mantissas are normal, so the exponent decides first. */
function lessThan(a: Float, b: Float): boolean {
  return a.exponent !== b.exponent ? a.exponent < b.exponent : a.mantissa < b.mantissa
}

const equal = (a: Float, b: Float): boolean => a.exponent === b.exponent && a.mantissa === b.mantissa

/** Square-and-multiply from the least significant bit, n ≥ 1. */
function power(base: Float, n: bigint): Float {
  let result = ONE
  for (let bits = n; ;) {
    if ((bits & 1n) === 1n) result = multiply(result, base)
    bits >>= 1n
    if (bits === 0n) return result
    base = multiply(base, base)
  }
}

function toInteger(digest: Uint8Array): bigint {
  let value = 0n
  for (const byte of digest) value = (value << 8n) | BigInt(byte)
  return value
}

/** Arguments are in the domain: 0 ≤ n ≤ total, n < 2^56, 1 ≤ total, expected < 2^64. */
export function select(n: bigint, total: bigint, expected: bigint, digest: Uint8Array): bigint {
  const value = toInteger(digest)
  if (n === 0n || value === 0n) return 0n
  if (expected >= total) return n
  const ratio = quotient(value, RATIO_DENOMINATOR)
  const odds = quotient(expected, total - expected)
  let pmf = power(quotient(total - expected, total), n)
  let cumulative = pmf
  for (let j = 0n; j < n;) {
    if (!lessThan(cumulative, ratio)) return j
    j++
    const next = multiply(multiply(quotient(n - j + 1n, j), odds), pmf)
    const sum = add(cumulative, next)
    if (equal(sum, cumulative) && lessThan(next, pmf)) return n
    cumulative = sum
    pmf = next
  }
  return n
}
