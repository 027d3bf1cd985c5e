/**
 * Ed25519 verification over the point arithmetic of @noble/ed25519, a fifth of the size of the curve library: for whoever
 * checks a handful of signatures, such as those of a genesis, and must fit in a page. test/crypto compares it with
 * {@link ./ed25519.ts}.
 */
import { Point } from '@noble/ed25519'
import { verifiesOver } from './ed25519-rule.ts'

/** The rule [ED-1], see {@link verifiesOver}. */
export const verifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verifiesOver(Point, publicKey, message, signature)
