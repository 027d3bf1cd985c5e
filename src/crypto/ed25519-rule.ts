/**
 * The exact rule [ED-1], once, over whichever point arithmetic: {@link ./ed25519.ts} brings that of @noble/curves, which is
 * faster, {@link ./ed25519-verify.ts} that of @noble/ed25519, which is small. Everything here is public.
 */
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../base/bytes.ts'

export const ED25519_KEY_BYTES = 32
const ED25519_SIGNATURE_BYTES = 64

/** What both libraries' points can do. */
interface EdPoint<Self> {
  subtract(other: Self): Self
  multiplyUnsafe(scalar: bigint): Self
  isSmallOrder(): boolean
  toBytes(): Uint8Array
}

/** A library's point class. */
export interface EdPoints<Point extends EdPoint<Point>> {
  readonly BASE: Point
  /** Throws on bytes that are no point; `zip215` false: on those that are not canonical, too. */
  fromBytes(bytes: Uint8Array, zip215: boolean): Point
}

/** L, the prime order of the base point. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/**
 * True iff S < L, A and R are canonical encodings of points, A is not of small order, and enc([S]B − [k]A) equals the
 * bytes of R, k = SHA-512(R ‖ A ‖ message) mod L; no cofactor. Bytes of any length are answered, none throw.
 */
export function verifiesOver<Point extends EdPoint<Point>>(
  points: EdPoints<Point>,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES || signature.length !== ED25519_SIGNATURE_BYTES) return false
  const r = signature.slice(0, 32)
  const s = littleEndian(signature.subarray(32))
  if (s >= ORDER) return false
  const a = decodeCanonical(points, publicKey)
  if (a === undefined || a.isSmallOrder()) return false
  const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % ORDER
  // toBytes is canonical, so bytes equal to it are a canonical encoding of a point: R needs no decoding of its own.
  return equalBytes(points.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r)
}

/** A point from its one canonical encoding: y < p, and no sign bit on x = 0. */
export function decodeCanonical<Point extends EdPoint<Point>>(
  points: EdPoints<Point>,
  bytes: Uint8Array,
): Point | undefined {
  try {
    return points.fromBytes(bytes, false)
  } catch {
    return undefined
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!)
  return value
}
