/**
 * Ed25519 verification by the exact rule [ED-1] over the point arithmetic of @noble/ed25519, a fifth of the size of the curve
 * library: for whoever checks a handful of signatures, such as those of a genesis, and must fit in a page.
 * {@link ./ed25519.ts} answers the same, faster; test/crypto compares the two.
 */
import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../base/bytes.ts'

/** The order L of the base point. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/**
 * True iff S < L, A and R are canonical encodings of points, A is not of small order, and enc([S]B − [k]A) equals the
 * bytes of R, k = SHA-512(R ‖ A ‖ message) mod L; no cofactor. Bytes of any length are answered, none throw.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const r = signature.slice(0, 32)
  const s = littleEndian(signature.subarray(32))
  const a = s < ORDER ? decodeCanonical(publicKey) : undefined
  if (a === undefined || a.isSmallOrder()) return false
  const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % ORDER
  // toBytes is canonical, so bytes equal to it are a canonical encoding of a point: R needs no decoding of its own.
  return equalBytes(Point.BASE.multiplyUnsafe(s).add(a.multiplyUnsafe(k).negate()).toBytes(), r)
}

/** A point from its one canonical encoding: y < p, and no sign bit on x = 0. */
function decodeCanonical(bytes: Uint8Array): Point | undefined {
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
