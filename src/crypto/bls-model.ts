/**
 * The **model** signature scheme: BLS with the hard problem taken out, for simulations of thousands of runs. It is NOT
 * secure: a public key is its secret. Only sim/ and tests may import it; reports that it had a part in say `model`.
 *
 * Groups are the integers modulo p = 2^61 − 1, the pairing is multiplication, so sums, weights, batches and proofs of
 * possession work as in BLS. What BLS refuses is refused: other lengths, wrong flag bits, values that are not reduced,
 * the identity, and elements outside the "subgroup" (a marker byte that a real point would have no room for).
 *
 *   key        0xa0 ‖ subgroup u8 (=1) ‖ 38 zero bytes ‖ value u64            (48 B)
 *   signature  0xb0 ‖ subgroup u8 (=1) ‖ 86 zero bytes ‖ value u64            (96 B)
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { assert, assertLength, assertRange } from '../base/assert.ts'
import { concatBytes } from '../base/bytes.ts'
import {
  BATCH_SEED_BYTES_MIN,
  BLS_KEY_BYTES,
  BLS_MESSAGE_BYTES,
  BLS_SIGNATURE_BYTES,
  findFailures,
} from './bls-batch.ts'
import type {
  BlsKey,
  BlsSigner,
  BlsVerifier,
  SeatClaim,
  SeatKeys,
  SeatVerdict,
  SignedMessage,
  WeightedKey,
} from './bls-contract.ts'
import { sumSeatsBy, verifySeatsBatchBy, verifySeatsBy } from './bls-seats.ts'
import { BLS_WEIGHT_MAX } from './bls-suite.ts'

const P = (1n << 61n) - 1n
const KEY_FLAG = 0xa0
const SIGNATURE_FLAG = 0xb0
const IN_SUBGROUP = 1
/** A second "hash to curve", for proofs of possession. */
const POSSESSION_FACTOR = 0x1d2c3b4a59687f61n

class ModelKey implements BlsKey {
  readonly value: bigint
  readonly bytes: Uint8Array

  constructor(value: bigint) {
    this.value = value
    this.bytes = encode(value, KEY_FLAG, BLS_KEY_BYTES)
  }
}

export function createModelBls(): BlsVerifier {
  return new ModelBls()
}

class ModelBls implements BlsVerifier {
  readonly scheme = 'model'
  readonly engine = 'model'

  decodeKey(bytes: Uint8Array): BlsKey | undefined {
    const value = decode(bytes, KEY_FLAG, BLS_KEY_BYTES)
    return value === undefined ? undefined : new ModelKey(value)
  }

  isSignature(bytes: Uint8Array): boolean {
    return decodeSignature(bytes) !== undefined
  }

  sumKeys(keys: readonly WeightedKey[]): BlsKey | undefined {
    return keyOf(weigh(keys))
  }

  subtractKeys(total: BlsKey, keys: readonly WeightedKey[]): BlsKey | undefined {
    return keyOf(valueOf(total) - weigh(keys))
  }

  verify(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    const value = decodeSignature(signature)
    if (value === undefined || message.length !== BLS_MESSAGE_BYTES) return false
    return value === reduce(valueOf(key) * hashed(message))
  }

  verifyPossession(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    const value = decodeSignature(signature)
    if (value === undefined || message.length !== BLS_MESSAGE_BYTES) return false
    return value === reduce(valueOf(key) * reduce(hashed(message) * POSSESSION_FACTOR))
  }

  verifyBatch(items: readonly SignedMessage[], seed: Uint8Array): readonly number[] {
    assert(seed.length >= BATCH_SEED_BYTES_MIN, `seed must be ≥ ${BATCH_SEED_BYTES_MIN} bytes, got ${seed.length}`)
    const holds = (indices: readonly number[]) =>
      indices.every((index) => this.verify(items[index]!.key, items[index]!.message, items[index]!.signature))
    return findFailures(
      items.map((_, index) => index),
      holds,
    )
  }

  sumSignatures(
    signatures: readonly { readonly signature: Uint8Array; readonly times: number }[],
  ): Uint8Array | undefined {
    let sum = 0n
    for (const { signature, times } of signatures) {
      assertRange('times', times, 1, BLS_WEIGHT_MAX)
      const value = decodeSignature(signature)
      if (value === undefined) return undefined
      sum += value * BigInt(times)
    }
    const reduced = reduce(sum)
    return reduced === 0n ? undefined : encode(reduced, SIGNATURE_FLAG, BLS_SIGNATURE_BYTES)
  }

  sumSeats(seats: SeatKeys, bitmap: Uint8Array): BlsKey | undefined {
    return sumSeatsBy(this, seats, bitmap)
  }

  verifySeats(claim: SeatClaim): SeatVerdict {
    return verifySeatsBy(this, claim)
  }

  verifySeatsBatch(claims: readonly SeatClaim[], seed: Uint8Array): readonly SeatVerdict[] {
    return verifySeatsBatchBy(this, claims, seed)
  }
}

export const modelBlsSigner: BlsSigner = {
  scheme: 'model',

  publicKey(secretKey) {
    return encode(secretOf(secretKey), KEY_FLAG, BLS_KEY_BYTES)
  },

  sign(secretKey, message) {
    assertLength('message', message, BLS_MESSAGE_BYTES)
    return encode(reduce(secretOf(secretKey) * hashed(message)), SIGNATURE_FLAG, BLS_SIGNATURE_BYTES)
  },

  provePossession(secretKey, message) {
    assertLength('message', message, BLS_MESSAGE_BYTES)
    const base = reduce(hashed(message) * POSSESSION_FACTOR)
    return encode(reduce(secretOf(secretKey) * base), SIGNATURE_FLAG, BLS_SIGNATURE_BYTES)
  },

  secretKeyFrom(entropy) {
    assert(entropy.length >= 32, `entropy must be ≥ 32 bytes, got ${entropy.length}`)
    const value = reduce(readValue(sha256(concatBytes(entropy, Uint8Array.of(0)))))
    const secretKey = new Uint8Array(32)
    new DataView(secretKey.buffer).setBigUint64(24, value === 0n ? 1n : value)
    return secretKey
  },
}

/** Stand-in for hashing to the curve: the last 8 bytes of the digest, never zero modulo p. */
function hashed(message: Uint8Array): bigint {
  const value = reduce(readValue(message))
  return value === 0n ? 1n : value
}

function secretOf(secretKey: Uint8Array): bigint {
  assertLength('secretKey', secretKey, 32)
  const value = readValue(secretKey)
  assert(value > 0n && value < P, 'secretKey is in [1, p)')
  return value
}

function weigh(keys: readonly WeightedKey[]): bigint {
  let sum = 0n
  for (const { key, times } of keys) {
    assertRange('times', times, 1, BLS_WEIGHT_MAX)
    sum += valueOf(key) * BigInt(times)
  }
  return sum
}

function valueOf(key: BlsKey): bigint {
  assert(key instanceof ModelKey, 'key must come from this verifier')
  return key.value
}

function keyOf(value: bigint): BlsKey | undefined {
  const reduced = reduce(value)
  return reduced === 0n ? undefined : new ModelKey(reduced)
}

const decodeSignature = (bytes: Uint8Array) => decode(bytes, SIGNATURE_FLAG, BLS_SIGNATURE_BYTES)

/** Modulo p, in [0, p). */
function reduce(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function readValue(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(bytes.length - 8)
}

function encode(value: bigint, flag: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes[0] = flag
  bytes[1] = IN_SUBGROUP
  new DataView(bytes.buffer).setBigUint64(length - 8, value)
  return bytes
}

function decode(bytes: Uint8Array, flag: number, length: number): bigint | undefined {
  if (bytes.length !== length || bytes[0] !== flag || bytes[1] !== IN_SUBGROUP) return undefined
  for (let index = 2; index < length - 8; index++) if (bytes[index] !== 0) return undefined
  const value = readValue(bytes)
  return value === 0n || value >= P ? undefined : value
}
