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
const MESSAGE_COUNT = 52
export const HOP_COUNT = 52

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

const message = lazily((index) => new Prng(`certificate ${index}`).bytes(32))
const hashed = lazily((index) => bls.longSignatures.hash(message(index), BLS_SIGNATURE_SUITE))

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
  return { message: message(which), signers, signature: hashed(which).multiplyUnsafe(secret).toBytes(true) }
}

const bySeats = lazily((seats) => lazily((which) => certify(seats, which)))

/** Certificates of a committee of `seats` with exactly a quorum of bits, one after the other without end. */
export function certificates(seats: number): () => Certificate {
  let next = 0
  return () => bySeats(seats)(next++ % MESSAGE_COUNT)
}

/** The first HOP_COUNT certificates of that committee. */
export function hops(seats: number): readonly Certificate[] {
  return Array.from({ length: HOP_COUNT }, (_, which) => bySeats(seats)(which))
}

/** A key that a verifier's cache has not seen for long: a new one each time. */
export function freshKeys(): () => Uint8Array {
  let point = bls.G1.Point.BASE.multiplyUnsafe(1_000_003n)
  const made: Uint8Array[] = []
  let next = 0
  return () => {
    if (made.length < FRESH_KEY_COUNT) {
      point = point.add(bls.G1.Point.BASE)
      made.push(point.toBytes(true))
      return made.at(-1)!
    }
    return made[next++ % FRESH_KEY_COUNT]!
  }
}
const FRESH_KEY_COUNT = 64
