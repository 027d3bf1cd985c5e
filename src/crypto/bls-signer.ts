/** BlsSigner over @noble/curves. Everything secret stays here; the kernel only ever sees public data. */
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { extract, expand } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { assert, assertLength } from '../base/assert.ts'
import { concatBytes, isZero } from '../base/bytes.ts'
import { BLS_MESSAGE_BYTES } from './bls-batch.ts'
import type { BlsSigner } from './bls-contract.ts'
import { ByteCache } from './byte-cache.ts'
import { BLS_POSSESSION_SUITE, BLS_SIGNATURE_SUITE } from './bls-suite.ts'

const SECRET_KEY_BYTES = 32
const ENTROPY_BYTES_MIN = 32
/** ⌈(3·⌈log₂ r⌉)/16⌉: so many bytes that reduction modulo r leaves no bias. */
const KEYGEN_BYTES = 48
const Fr = bls.fields.Fr
const long = bls.longSignatures
type HashedMessage = ReturnType<typeof long.hash>
const HASHED_MESSAGES_MAX = 16
const hashedMessages = new ByteCache<HashedMessage>(HASHED_MESSAGES_MAX)

export const nobleBlsSigner: BlsSigner = {
  scheme: 'bls',

  publicKey(secretKey) {
    assertLength('secretKey', secretKey, SECRET_KEY_BYTES)
    return long.getPublicKey(secretKey).toBytes(true)
  },

  sign(secretKey, message) {
    return signUnder(BLS_SIGNATURE_SUITE, secretKey, message)
  },

  provePossession(secretKey, message) {
    return signUnder(BLS_POSSESSION_SUITE, secretKey, message)
  },

  /** KeyGen of draft-irtf-cfrg-bls-signature-05 §2.3 with the salt "BLS-SIG-KEYGEN-SALT-" hashed once and no key_info. */
  secretKeyFrom(entropy) {
    assert(entropy.length >= ENTROPY_BYTES_MIN, `entropy must be ≥ ${ENTROPY_BYTES_MIN} bytes, got ${entropy.length}`)
    let salt: Uint8Array = ascii('BLS-SIG-KEYGEN-SALT-')
    for (;;) {
      salt = sha256(salt)
      const key = extract(sha256, concatBytes(entropy, Uint8Array.of(0)), salt)
      const scalar = Fr.create(toInteger(expand(sha256, key, Uint8Array.of(0, KEYGEN_BYTES), KEYGEN_BYTES)))
      const secretKey = Fr.toBytes(scalar)
      if (!isZero(secretKey)) return secretKey
    }
  },
}

function signUnder(suite: string, secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  assertLength('secretKey', secretKey, SECRET_KEY_BYTES)
  assertLength('message', message, BLS_MESSAGE_BYTES)
  return long.sign(hashed(message, suite), secretKey).toBytes(true)
}

/** A validator with several keys, and the validators of one devnet, sign the same message one after the other. */
function hashed(message: Uint8Array, suite: string): HashedMessage {
  const cache = suite === BLS_SIGNATURE_SUITE ? hashedMessages : undefined
  const known = cache?.get(message)
  if (known !== undefined) return known
  const point = long.hash(message, suite)
  cache?.set(message, point)
  return point
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function toInteger(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}
