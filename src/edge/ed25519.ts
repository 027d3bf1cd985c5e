/**
 * Stands in for @noble/curves/ed25519.js in the edge file: the board's OpenSSL makes keys and signatures, and the small library
 * has the points that the rule [ED-1] is computed over. x25519 is not there: in Node the noise package takes OpenSSL's.
 */
import { Point } from '@noble/ed25519'
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { assertLength } from '../base/assert.ts'

/** DER (RFC 8410) of a private key, up to its 32 bytes. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const KEY_BYTES = 32

function privateKey(seed: Uint8Array): KeyObject {
  assertLength('seed', seed, KEY_BYTES)
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
}

/** Those of the package's functions that StakeCube and libp2p call. */
export const ed25519 = {
  Point,
  getPublicKey(seed: Uint8Array): Uint8Array {
    const der = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
    return Uint8Array.from(der.subarray(-KEY_BYTES))
  },
  sign(message: Uint8Array, seed: Uint8Array): Uint8Array {
    return Uint8Array.from(sign(null, message, privateKey(seed)))
  },
}

export const x25519 = undefined
