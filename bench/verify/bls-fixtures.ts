/**
 * Certificates for the BLS cases, made on first use: other cases must not wait for them, and the emulated board is slow.
 *
 * Secret keys are small numbers, which makes signing cheap; the points are as random as any others.
 */
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import { Prng } from '../../src/base/prng.ts'
import { BLS_SIGNATURE_SUITE } from '../../src/crypto/bls-suite.ts'

export type G1Point = typeof bls.G1.Point.BASE

export interface Certificate {
  readonly message: Uint8Array
  /** Keys of the seats that signed: the quorum, by index into committeeKeys. */
  readonly signers: readonly number[]
  readonly signature: Uint8Array
}

/** More than any verifier here keeps hashed, so that each certificate's message is new to it. */
const ROTATION_COUNT = 20
const HOP_COUNT = 52

function lazily<Value>(make: (index: number) => Value): (index: number) => Value {
  const made = new Map<number, Value>()
  return (index) => {
    if (!made.has(index)) made.set(index, make(index))
    return made.get(index)!
  }
}

/** Seat i's secret key is i + 2. */
const keyPoint = lazily((index) => bls.G1.Point.BASE.multiplyUnsafe(BigInt(index + 2)))
const keyBytes = lazily((index) => keyPoint(index).toBytes(true))

/** No message belongs to two committees: what one case hashed must not save another the work. */
const message = (seats: number, which: number) => new Prng(`certificate ${seats} ${which}`).bytes(32)

/** The keys of a committee of `seats`, decoded by `decode`. */
export function committeeKeys<Key>(seats: number, decode: (bytes: Uint8Array) => Key): Key[] {
  return Array.from({ length: seats }, (_, index) => decode(keyBytes(index)))
}

function certify(seats: number, which: number): Certificate {
  const quorum = Math.floor((2 * seats) / 3) + 1
  const signers = new Prng(`signers ${seats} ${which}`)
    .shuffled(Array.from({ length: seats }, (_, index) => index))
    .slice(0, quorum)
    .sort((a, b) => a - b)
  const secret = signers.reduce((sum, index) => sum + BigInt(index + 2), 0n)
  const signed = message(seats, which)
  const point = bls.longSignatures.hash(signed, BLS_SIGNATURE_SUITE)
  return { message: signed, signers, signature: point.multiplyUnsafe(secret).toBytes(true) }
}

const bySeats = lazily((seats) => lazily((which) => certify(seats, which)))

/** Certificates of a committee of `seats` with exactly a quorum of bits, round and round; all are made by the first call. */
export function certificates(seats: number): () => Certificate {
  let next = 0
  return () => {
    if (next === 0) for (let which = 0; which < ROTATION_COUNT; which++) bySeats(seats)(which)
    return bySeats(seats)(next++ % ROTATION_COUNT)
  }
}

/** Certificates of 52 epochs of that committee. */
export function hops(seats: number): readonly Certificate[] {
  return Array.from({ length: HOP_COUNT }, (_, which) => bySeats(seats)(which))
}

/** Keys one after the other, for implementations that keep none; all are made by the first call. */
export function freshKeys(): () => Uint8Array {
  let next = 0
  return () => {
    const made = freshKeyBytes(0)
    return made[next++ % made.length]!
  }
}

const FRESH_KEY_COUNT = 64
const freshKeyBytes = lazily(() => {
  let point = bls.G1.Point.BASE.multiplyUnsafe(1_000_003n)
  return Array.from({ length: FRESH_KEY_COUNT }, () => {
    point = point.add(bls.G1.Point.BASE)
    return point.toBytes(true)
  })
})
