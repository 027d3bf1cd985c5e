/**
 * BlsVerifier over @noble/curves: the oracle of the AssemblyScript kernel, and the fallback where WebAssembly is missing.
 *
 * noble refuses non-canonical encodings, points off the curve and out of the subgroup by throwing; those throws end here
 * and become `undefined` or `false`. The identity is refused here, since noble's point decoders allow it.
 */
import { pippenger } from '@noble/curves/abstract/curve.js'
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js'
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { assert, assertRange } from '../base/assert.ts'
import {
  BLS_KEY_BYTES,
  BLS_MESSAGE_BYTES,
  BLS_SIGNATURE_BYTES,
  batchCoefficients,
  findFailures,
  groupByMessage,
} from './bls-batch.ts'
import type {
  BlsKey,
  BlsVerifier,
  SeatClaim,
  SeatKeys,
  SeatVerdict,
  SignedMessage,
  WeightedKey,
} from './bls-contract.ts'
import { sumSeatsBy, verifySeatsBatchBy, verifySeatsBy } from './bls-seats.ts'
import { BLS_POSSESSION_SUITE, BLS_SIGNATURE_SUITE, BLS_WEIGHT_MAX } from './bls-suite.ts'
import { ByteCache } from './byte-cache.ts'

const G1 = bls.G1.Point
const G2 = bls.G2.Point
const Fp12 = bls.fields.Fp12

type G1Point = InstanceType<typeof G1>
type G2Point = WeierstrassPoint<Parameters<typeof bls.fields.Fp2.neg>[0]>
/** Line coefficients of a G2 point: what the Miller loop needs of it, whatever G1 point it is paired with. */
type Lines = ReturnType<typeof bls.utils.calcPairingPrecomputes>
type Pair = [Lines, bigint, bigint]

const KEY_CACHE_SIZE_MAX = 4096
const SIGNATURE_CACHE_SIZE_MAX = 512
const MESSAGE_CACHE_SIZE_MAX = 16

/** −G1: e(key, H(m)) · e(−G1, signature) = 1. */
const NEGATED_BASE = G1.BASE.negate()

class NobleKey implements BlsKey {
  readonly point: G1Point
  #bytes: Uint8Array | undefined

  constructor(point: G1Point, bytes?: Uint8Array) {
    this.point = point
    this.#bytes = bytes
  }

  /** Encoded on first use: a sum that is only verified with never needs it. */
  get bytes(): Uint8Array {
    this.#bytes ??= this.point.toBytes(true)
    return this.#bytes
  }
}

/** `sha256` makes the coefficients of verifyBatch; any SHA-256 will do. */
export function createNobleBls(sha256: (bytes: Uint8Array) => Uint8Array = nobleSha256): BlsVerifier {
  return new NobleBls(sha256)
}

class NobleBls implements BlsVerifier {
  readonly scheme = 'bls'
  readonly engine = 'noble'
  readonly #sha256: (bytes: Uint8Array) => Uint8Array
  readonly #keys = new ByteCache<NobleKey>(KEY_CACHE_SIZE_MAX)
  readonly #signatures = new ByteCache<G2Point>(SIGNATURE_CACHE_SIZE_MAX)
  readonly #messageLines = new ByteCache<Lines>(MESSAGE_CACHE_SIZE_MAX)
  readonly #possessionLines = new ByteCache<Lines>(MESSAGE_CACHE_SIZE_MAX)

  constructor(sha256: (bytes: Uint8Array) => Uint8Array) {
    this.#sha256 = sha256
  }

  decodeKey(bytes: Uint8Array): BlsKey | undefined {
    if (bytes.length !== BLS_KEY_BYTES) return undefined
    const known = this.#keys.get(bytes)
    if (known !== undefined) return known
    const point = decodePoint(G1, bytes)
    if (point === undefined) return undefined
    const key = new NobleKey(point, bytes.slice())
    this.#keys.set(bytes, key)
    return key
  }

  isSignature(bytes: Uint8Array): boolean {
    return this.#decodeSignature(bytes) !== undefined
  }

  sumKeys(keys: readonly WeightedKey[]): BlsKey | undefined {
    const sum = sumWeightedKeys(keys)
    return sum.is0() ? undefined : new NobleKey(sum)
  }

  subtractKeys(total: BlsKey, keys: readonly WeightedKey[]): BlsKey | undefined {
    const difference = pointOf(total).subtract(sumWeightedKeys(keys))
    return difference.is0() ? undefined : new NobleKey(difference)
  }

  verify(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#verify(key, message, signature, this.#messageLines, BLS_SIGNATURE_SUITE)
  }

  verifyPossession(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#verify(key, message, signature, this.#possessionLines, BLS_POSSESSION_SUITE)
  }

  verifyBatch(items: readonly SignedMessage[], seed: Uint8Array): readonly number[] {
    const coefficients = batchCoefficients(items, seed, this.#sha256).map(toInteger)
    const signatures = items.map((item) =>
      item.message.length === BLS_MESSAGE_BYTES ? this.#decodeSignature(item.signature) : undefined,
    )
    const decoded = items.map((_, index) => index).filter((index) => signatures[index] !== undefined)
    const malformed = items.map((_, index) => index).filter((index) => signatures[index] === undefined)
    const wrong = findFailures(decoded, (indices) => this.#combinationHolds(items, signatures, coefficients, indices))
    return [...malformed, ...wrong].sort((a, b) => a - b)
  }

  sumSignatures(
    signatures: readonly { readonly signature: Uint8Array; readonly times: number }[],
  ): Uint8Array | undefined {
    let sum: G2Point = G2.ZERO
    for (const { signature, times } of signatures) {
      assertRange('times', times, 1, BLS_WEIGHT_MAX)
      const point = this.#decodeSignature(signature)
      if (point === undefined) return undefined
      sum = sum.add(times === 1 ? point : point.multiplyUnsafe(BigInt(times)))
    }
    return sum.is0() ? undefined : sum.toBytes(true)
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

  #decodeSignature(bytes: Uint8Array): G2Point | undefined {
    if (bytes.length !== BLS_SIGNATURE_BYTES) return undefined
    const known = this.#signatures.get(bytes)
    if (known !== undefined) return known
    const point = decodePoint(G2, bytes)
    if (point !== undefined) this.#signatures.set(bytes, point)
    return point
  }

  #verify(key: BlsKey, message: Uint8Array, signature: Uint8Array, cache: ByteCache<Lines>, suite: string): boolean {
    const point = pointOf(key)
    if (message.length !== BLS_MESSAGE_BYTES) return false
    const signaturePoint = this.#decodeSignature(signature)
    if (signaturePoint === undefined) return false
    return productIsOne([
      pair(point, hashedLines(message, cache, suite)),
      pair(NEGATED_BASE, bls.utils.calcPairingPrecomputes(signaturePoint)),
    ])
  }

  /** Π over messages e(Σ cᵢ·keyᵢ, H(m)) = e(G1, Σ cᵢ·signatureᵢ), over the items in `indices`. */
  #combinationHolds(
    items: readonly SignedMessage[],
    signatures: readonly (G2Point | undefined)[],
    coefficients: readonly bigint[],
    indices: readonly number[],
  ): boolean {
    const scalars = indices.map((index) => coefficients[index]!)
    const signatureSum = pippenger(
      G2,
      indices.map((index) => signatures[index]!),
      scalars,
    )
    const pairs: Pair[] = []
    if (!signatureSum.is0()) pairs.push(pair(NEGATED_BASE, bls.utils.calcPairingPrecomputes(signatureSum)))
    for (const group of groupByMessage(items, indices)) {
      const keys = group.map((index) => pointOf(items[index]!.key))
      const keySum = pippenger(
        G1,
        keys,
        group.map((index) => coefficients[index]!),
      )
      const message = items[group[0]!]!.message
      if (!keySum.is0()) pairs.push(pair(keySum, hashedLines(message, this.#messageLines, BLS_SIGNATURE_SUITE)))
    }
    return productIsOne(pairs)
  }
}

function pointOf(key: BlsKey): G1Point {
  assert(key instanceof NobleKey, 'key must come from this verifier')
  return key.point
}

function sumWeightedKeys(keys: readonly WeightedKey[]): G1Point {
  let sum = G1.ZERO
  for (const { key, times } of keys) {
    assertRange('times', times, 1, BLS_WEIGHT_MAX)
    const point = pointOf(key)
    sum = sum.add(times === 1 ? point : point.multiplyUnsafe(BigInt(times)))
  }
  return sum
}

/** A validated point other than the identity, from exactly the length of a compressed one; undefined for anything else. */
function decodePoint<Point extends { is0(): boolean }>(
  curve: { fromBytes(bytes: Uint8Array): Point },
  bytes: Uint8Array,
): Point | undefined {
  // An uncompressed encoding is longer than what the callers let through, and noble checks the flag against the length.
  try {
    const point = curve.fromBytes(bytes)
    return point.is0() ? undefined : point
  } catch {
    return undefined
  }
}

function hashedLines(message: Uint8Array, cache: ByteCache<Lines>, suite: string): Lines {
  const known = cache.get(message)
  if (known !== undefined) return known
  const lines = bls.utils.calcPairingPrecomputes(bls.longSignatures.hash(message, suite))
  cache.set(message, lines)
  return lines
}

function pair(point: G1Point, lines: Lines): Pair {
  const { x, y } = point.toAffine()
  return [lines, x, y]
}

function productIsOne(pairs: Pair[]): boolean {
  return Fp12.eql(Fp12.finalExponentiate(bls.millerLoopBatch(pairs)), Fp12.ONE)
}

function toInteger(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}
