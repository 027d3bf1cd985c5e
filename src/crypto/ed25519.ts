/**
 * Ed25519 by the exact rule [ED-1], over the point arithmetic of @noble/curves. Engines disagree on odd inputs (small and
 * mixed orders, non-canonical points, cofactors), and a rule on which validators disagree splits a chain, so none of their
 * `verify` functions is used.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { assertLength } from '../base/assert.ts'
import { concatBytes, equalBytes } from '../base/bytes.ts'

export const ED25519_KEY_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64

const Point = ed25519.Point
type EdPoint = InstanceType<typeof Point>
/** L, the prime order of the base point. */
const ORDER = Point.Fn.ORDER

/**
 * True iff S < L, A and R are canonical encodings of points, A is not of small order, and enc([S]B − [k]A) equals the
 * bytes of R, k = SHA-512(R ‖ A ‖ message) mod L; no cofactor. Bytes of any length are answered, none throw.
 * About 1 ms.
 */
export function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES || signature.length !== ED25519_SIGNATURE_BYTES) return false
  const r = signature.slice(0, 32)
  const s = littleEndian(signature.subarray(32))
  if (s >= ORDER) return false
  const a = decodeCanonical(publicKey)
  if (a === undefined || a.isSmallOrder()) return false
  const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % ORDER
  // toBytes is canonical, so bytes equal to it are a canonical encoding of a point: R needs no decoding of its own.
  return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r)
}

/** True iff `publicKey` could ever verify something: 32 bytes, canonical, not of small order. */
export function isEd25519Key(publicKey: Uint8Array): boolean {
  return publicKey.length === ED25519_KEY_BYTES && decodeCanonical(publicKey)?.isSmallOrder() === false
}

/** The 32-byte public key of a 32-byte secret seed (RFC 8032). */
export function ed25519PublicKey(secretKey: Uint8Array): Uint8Array {
  assertLength('secretKey', secretKey, 32)
  return ed25519.getPublicKey(secretKey)
}

/** The deterministic 64-byte signature of RFC 8032. */
export function ed25519Sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  assertLength('secretKey', secretKey, 32)
  return ed25519.sign(message, secretKey)
}

/** A point from its one canonical encoding: y < p, and no sign bit on x = 0. */
function decodeCanonical(bytes: Uint8Array): EdPoint | undefined {
  try {
    return Point.fromBytes(bytes, false)
  } catch {
    return undefined
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!)
  return value
}
