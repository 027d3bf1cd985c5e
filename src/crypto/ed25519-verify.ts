/**
 * Ed25519 verification by the exact rule [ED-1] in little code: for whoever checks a handful of signatures, such as those of
 * a genesis, and must fit in a page. {@link ./ed25519.ts} answers the same, three times faster, with a curve library;
 * test/crypto compares the two. Everything here is public, so nothing is constant-time.
 */
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../base/bytes.ts'

/** The field's prime, 2^255 − 19, and the order L of the base point. */
const P = 2n ** 255n - 19n
const L = 2n ** 252n + 27742317777372353535851937790883648493n
/** The curve −x² + y² = 1 + d·x²·y², with d = −121665/121666. */
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n
const SQRT_MINUS_1 = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n
const SIGN = 1n << 255n

/** Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z. */
interface Point {
  readonly X: bigint
  readonly Y: bigint
  readonly Z: bigint
  readonly T: bigint
}

const mod = (value: bigint): bigint => ((value % P) + P) % P
const affine = (X: bigint, Y: bigint): Point => ({ X, Y, Z: 1n, T: mod(X * Y) })
const ZERO = affine(0n, 1n)
const BASE = affine(
  0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
  0x6666666666666666666666666666666666666666666666666666666666666658n,
)

/**
 * True iff S < L, A and R are canonical encodings of points, A is not of small order, and enc([S]B − [k]A) equals the
 * bytes of R, k = SHA-512(R ‖ A ‖ message) mod L; no cofactor. Bytes of any length are answered, none throw.
 * About 3 ms.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const r = signature.slice(0, 32)
  const s = littleEndian(signature.subarray(32))
  const a = s < L ? decode(publicKey) : undefined
  if (a === undefined || isSmallOrder(a)) return false
  const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % L
  const minusA = { ...a, X: mod(-a.X), T: mod(-a.T) }
  // An encoding that equals R's bytes is canonical, so R needs no decoding of its own.
  return equalBytes(encode(sumOfMultiples(s, BASE, k, minusA)), r)
}

/** Adding and doubling by one formula, which is complete on this curve (add-2008-hwcd-3 with k = 2d). */
function add(p: Point, q: Point): Point {
  const a = (p.Y - p.X) * (q.Y - q.X)
  const b = (p.Y + p.X) * (q.Y + q.X)
  const c = ((p.T * 2n * D) % P) * q.T
  const d = p.Z * 2n * q.Z
  const [e, f, g, h] = [mod(b - a), mod(d - c), mod(d + c), mod(b + a)]
  return { X: mod(e * f), Y: mod(g * h), Z: mod(f * g), T: mod(e * h) }
}

/** [m]P + [n]Q, both bit by bit in one pass. */
function sumOfMultiples(m: bigint, p: Point, n: bigint, q: Point): Point {
  const both = add(p, q)
  let sum = ZERO
  for (let bit = 252n; bit >= 0n; bit--) {
    sum = add(sum, sum)
    const [hasM, hasN] = [((m >> bit) & 1n) === 1n, ((n >> bit) & 1n) === 1n]
    if (hasM || hasN) sum = add(sum, hasM && hasN ? both : hasM ? p : q)
  }
  return sum
}

/** 8·A is the neutral element. */
function isSmallOrder(a: Point): boolean {
  const two = add(a, a)
  const four = add(two, two)
  const { X, Y, Z } = add(four, four)
  return X === 0n && Y === Z
}

/** A point from its one canonical encoding: y < P, and no sign bit on x = 0. */
function decode(bytes: Uint8Array): Point | undefined {
  const value = littleEndian(bytes)
  const y = value & ~SIGN
  if (y >= P) return undefined
  const square = mod(y * y)
  const x = rootOfQuotient(mod(square - 1n), mod(D * square + 1n))
  const wantsOdd = (value & SIGN) !== 0n
  if (x === undefined || (x === 0n && wantsOdd)) return undefined
  return affine(((x & 1n) === 1n) === wantsOdd ? x : mod(-x), y)
}

/** √(u/v), RFC 8032 §5.1.3; undefined where there is none. */
function rootOfQuotient(u: bigint, v: bigint): bigint | undefined {
  const v3 = mod(v * v * v)
  const x = mod(u * v3 * power(mod(u * v3 * v3 * v), (P - 5n) / 8n))
  const vxx = mod(v * x * x)
  if (vxx === u) return x
  return vxx === mod(-u) ? mod(x * SQRT_MINUS_1) : undefined
}

function power(value: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let base = value, left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * base) % P
    base = (base * base) % P
  }
  return result
}

function encode({ X, Y, Z }: Point): Uint8Array {
  const inverse = power(Z, P - 2n)
  const value = mod(Y * inverse) | ((mod(X * inverse) & 1n) === 1n ? SIGN : 0n)
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!)
  return value
}
