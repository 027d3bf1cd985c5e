/** Valid and hostile BLS material, all derived from one seeded generator. Shared by the tests and the check bls-agree. */
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import type { Prng } from '../../src/base/prng.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'

const { Fp, Fp2 } = bls.fields
const P = Fp.ORDER
const COMPRESSED = 0x80
const INFINITY = 0x40
const SORT = 0x20

export interface Signer {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
}

export function signerFrom(prng: Prng): Signer {
  const secretKey = nobleBlsSigner.secretKeyFrom(prng.bytes(32))
  return { secretKey, publicKey: nobleBlsSigner.publicKey(secretKey) }
}

export function fieldElement(prng: Prng): bigint {
  return integer(prng.bytes(64)) % P
}

export function integer(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

/** 48 bytes, big-endian. */
export function fieldBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(48)
  for (let index = 47; index >= 0; index--) {
    bytes[index] = Number(value & 0xffn)
    value >>= 8n
  }
  return bytes
}

function onG1(x: bigint): boolean {
  return isSquare(Fp.add(Fp.pow(x, 3n), 4n))
}

function isSquare(value: bigint): boolean {
  return value === 0n || Fp.pow(value, (P - 1n) / 2n) === 1n
}

type Fp2Value = ReturnType<typeof Fp2.create>

function onG2(x: Fp2Value): boolean {
  const right = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n]))
  return isSquare(Fp.add(Fp.sqr(right.c0), Fp.sqr(right.c1)))
}

function flagged(bytes: Uint8Array, flags: number): Uint8Array {
  const result = bytes.slice()
  result[0] = (result[0]! & 0x1f) | flags
  return result
}

const concat2 = (a: bigint, b: bigint) => Uint8Array.of(...fieldBytes(a), ...fieldBytes(b))

/** A compressed G1 point on the curve, which is out of the subgroup (its cofactor is about 2^125). */
export function keyOutsideSubgroup(prng: Prng): Uint8Array {
  for (;;) {
    const x = fieldElement(prng)
    if (onG1(x)) return flagged(fieldBytes(x), COMPRESSED | (prng.chance(0.5) ? SORT : 0))
  }
}

/** A compressed encoding whose x has no point on E(Fp). */
export function keyOffCurve(prng: Prng): Uint8Array {
  for (;;) {
    const x = fieldElement(prng)
    if (!onG1(x)) return flagged(fieldBytes(x), COMPRESSED | (prng.chance(0.5) ? SORT : 0))
  }
}

export function signatureOutsideSubgroup(prng: Prng): Uint8Array {
  for (;;) {
    const x = Fp2.fromBigTuple([fieldElement(prng), fieldElement(prng)])
    if (onG2(x)) return flagged(concat2(x.c1, x.c0), COMPRESSED | (prng.chance(0.5) ? SORT : 0))
  }
}

export function signatureOffCurve(prng: Prng): Uint8Array {
  for (;;) {
    const x = Fp2.fromBigTuple([fieldElement(prng), fieldElement(prng)])
    if (!onG2(x)) return flagged(concat2(x.c1, x.c0), COMPRESSED | (prng.chance(0.5) ? SORT : 0))
  }
}

/** The same point with x + p in place of x, where that fits 381 bits; undefined where it does not. `part` 0 is the first 48 bytes. */
export function withXPlusP(encoding: Uint8Array, part: 0 | 1): Uint8Array | undefined {
  const flags = encoding[0]! & 0xe0
  const bytes = flagged(encoding, 0)
  const raised = integer(bytes.subarray(48 * part, 48 * part + 48)) + P
  if (raised >= 1n << (part === 0 ? 381n : 384n)) return undefined
  bytes.set(fieldBytes(raised), 48 * part)
  return flagged(bytes, flags)
}

/** Named hostile variants of a valid 48- or 96-byte encoding. None of them may be accepted. */
export function hostileEncodings(valid: Uint8Array, prng: Prng): { name: string; bytes: Uint8Array }[] {
  const size = valid.length
  const flags = valid[0]! & 0xe0
  const identity = flagged(new Uint8Array(size), COMPRESSED | INFINITY)
  const cases: { name: string; bytes: Uint8Array }[] = [
    { name: 'empty', bytes: new Uint8Array(0) },
    { name: 'one byte short', bytes: valid.slice(0, size - 1) },
    { name: 'one byte long', bytes: Uint8Array.of(...valid, 0) },
    { name: 'all zero', bytes: new Uint8Array(size) },
    { name: 'all ones', bytes: new Uint8Array(size).fill(0xff) },
    { name: 'identity', bytes: identity },
    { name: 'identity with the sort flag', bytes: flagged(identity, COMPRESSED | INFINITY | SORT) },
    { name: 'identity without the compression flag', bytes: flagged(identity, INFINITY) },
    { name: 'identity with a stray bit', bytes: withBitFlipped(identity, 8 + prng.below(8 * size - 8)) },
    { name: 'uncompressed identity', bytes: flagged(new Uint8Array(2 * size), INFINITY) },
    { name: 'without the compression flag', bytes: flagged(valid, flags & ~COMPRESSED) },
    { name: 'with the infinity flag', bytes: flagged(valid, flags | INFINITY) },
    { name: 'x = p', bytes: flagged(size === 48 ? fieldBytes(P) : concat2(P, 0n), flags) },
    { name: 'x = 2^381 − 1', bytes: flagged(new Uint8Array(size).fill(0xff), COMPRESSED) },
    { name: 'twice as long', bytes: Uint8Array.of(...valid, ...valid) },
  ]
  if (size === 96) {
    cases.push({ name: 'real part = p', bytes: flagged(concat2(0n, P), COMPRESSED) })
    const raised = withXPlusP(valid, 1)
    if (raised !== undefined) cases.push({ name: 'real part + p', bytes: raised })
  }
  const raised = withXPlusP(valid, 0)
  if (raised !== undefined) cases.push({ name: 'x + p', bytes: raised })
  return cases
}

export function withBitFlipped(bytes: Uint8Array, index: number): Uint8Array {
  const result = bytes.slice()
  result[index >> 3]! ^= 0x80 >> (index & 7)
  return result
}

/** −point: the other sign flag. */
export function negated(encoding: Uint8Array): Uint8Array {
  return flagged(encoding, (encoding[0]! & 0xe0) ^ SORT)
}
