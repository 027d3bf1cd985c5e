/**
 * Ed25519 by the exact rule [ED-1], over the point arithmetic of @noble/curves. Engines disagree on odd inputs (small and
 * mixed orders, non-canonical points, cofactors), and a rule on which validators disagree splits a chain, so none of their
 * `verify` functions is used.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { assertLength } from '../base/assert.ts'
import { decodeCanonical, ED25519_KEY_BYTES, verifiesOver } from './ed25519-rule.ts'

const Point = ed25519.Point

/** The rule [ED-1], see {@link verifiesOver}. About 1 ms. */
export const ed25519Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verifiesOver(Point, publicKey, message, signature)

/** True iff `publicKey` could ever verify something: 32 bytes, canonical, not of small order. */
export function isEd25519Key(publicKey: Uint8Array): boolean {
  return publicKey.length === ED25519_KEY_BYTES && decodeCanonical(Point, publicKey)?.isSmallOrder() === false
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
