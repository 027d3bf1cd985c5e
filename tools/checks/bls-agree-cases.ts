/**
 * The cases of check `bls-agree`. A case follows from its seed alone, asks the kernel and an oracle the same question, and
 * is true if both give the same answer.
 */
import { PublicKey, SecretKey, Signature, aggregatePublicKeys, aggregateSignatures, verify } from '@chainsafe/blst'
import { equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { BlsVerifier, SeatClaim, SeatVerdict } from '../../src/crypto/bls-contract.ts'
import {
  hostileEncodings,
  integer,
  keyOffCurve,
  keyOutsideSubgroup,
  negated,
  signatureOffCurve,
  signatureOutsideSubgroup,
  withBitFlipped,
} from '../../test/crypto/bls-cases.ts'
import { keyOfBlst, signatureOfBlst } from '../../test/crypto/blst-oracle.ts'

/** r: secret keys are taken modulo it. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n

export interface Verifiers {
  readonly kernel: BlsVerifier
  readonly noble: BlsVerifier
}

// ── One verification ──────────────────────────────────────────────────────────────────────────────────────────────────

interface Verification {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Half of them valid; the others with one of many faults, some of which the other side may not even decode. */
function randomVerification(prng: Prng): Verification {
  const secretKey = SecretKey.fromKeygen(prng.bytes(32))
  const message = prng.bytes(32)
  const publicKey = secretKey.toPublicKey().toBytes()
  const signature = secretKey.sign(message).toBytes()
  const good = { publicKey, message, signature }
  if (prng.chance(0.5)) return good
  const faults: (() => Verification)[] = [
    () => ({ ...good, message: withBitFlipped(message, prng.below(256)) }),
    () => ({ ...good, publicKey: SecretKey.fromKeygen(prng.bytes(32)).toPublicKey().toBytes() }),
    () => ({ ...good, signature: secretKey.sign(prng.bytes(32)).toBytes() }),
    () => ({ ...good, signature: withBitFlipped(signature, prng.below(768)) }),
    () => ({ ...good, publicKey: withBitFlipped(publicKey, prng.below(384)) }),
    () => ({ ...good, signature: negated(signature) }),
    () => ({ ...good, publicKey: negated(publicKey), signature: negated(signature) }),
    () => ({ ...good, signature: signatureOutsideSubgroup(prng) }),
    () => ({ ...good, publicKey: keyOutsideSubgroup(prng) }),
    () => ({ ...good, signature: prng.pick(hostileEncodings(signature, prng)).bytes }),
    () => ({ ...good, publicKey: prng.pick(hostileEncodings(publicKey, prng)).bytes }),
  ]
  return prng.pick(faults)()
}

function verdictOf(bls: BlsVerifier, { publicKey, message, signature }: Verification): boolean {
  const key = bls.decodeKey(publicKey)
  return key !== undefined && bls.verify(key, message, signature)
}

function verdictOfBlst({ publicKey, message, signature }: Verification): boolean {
  const key = keyOfBlst(publicKey)
  const point = signatureOfBlst(signature)
  return key !== undefined && point !== undefined && verify(message, key, point)
}

/** What a case gave, and whether the oracle called it valid. */
export interface Answer {
  readonly agrees: boolean
  readonly valid: boolean
}

export function verificationWithBlst({ kernel }: Verifiers, prng: Prng): Answer {
  const verification = randomVerification(prng)
  const valid = verdictOfBlst(verification)
  return { agrees: verdictOf(kernel, verification) === valid, valid }
}

export function verificationWithNoble({ kernel, noble }: Verifiers, prng: Prng): Answer {
  const verification = randomVerification(prng)
  const valid = verdictOf(noble, verification)
  return { agrees: verdictOf(kernel, verification) === valid, valid }
}

// ── Decoding and sums ─────────────────────────────────────────────────────────────────────────────────────────────────

function agreesOnKey(bls: BlsVerifier, bytes: Uint8Array): boolean {
  const [ours, theirs] = [bls.decodeKey(bytes), keyOfBlst(bytes)]
  return (ours === undefined) === (theirs === undefined) && (ours === undefined || equalBytes(ours.bytes, bytes))
}

const agreesOnSignature = (bls: BlsVerifier, bytes: Uint8Array): boolean =>
  bls.isSignature(bytes) === (signatureOfBlst(bytes) !== undefined)

/** One kind at random; valid points and hostile ones. */
export function pointCase({ kernel }: Verifiers, prng: Prng): Answer {
  const secretKey = SecretKey.fromKeygen(prng.bytes(32))
  const publicKey = secretKey.toPublicKey().toBytes()
  const signature = secretKey.sign(prng.bytes(32)).toBytes()
  const kinds: (() => boolean)[] = [
    () => agreesOnKey(kernel, publicKey),
    () => agreesOnKey(kernel, withBitFlipped(publicKey, prng.below(384))),
    () => agreesOnKey(kernel, prng.chance(0.5) ? keyOffCurve(prng) : keyOutsideSubgroup(prng)),
    () => agreesOnKey(kernel, prng.pick(hostileEncodings(publicKey, prng)).bytes),
    () => kernel.isSignature(signature),
    () => agreesOnSignature(kernel, withBitFlipped(signature, prng.below(768))),
    () => agreesOnSignature(kernel, prng.chance(0.5) ? signatureOffCurve(prng) : signatureOutsideSubgroup(prng)),
    () => agreesOnSignature(kernel, prng.pick(hostileEncodings(signature, prng)).bytes),
    () => agreesOnKeySum(kernel, prng),
    () => agreesOnSignatureSum(kernel, prng),
  ]
  return { agrees: prng.pick(kinds)(), valid: true }
}

/** A few keys, repeated and negated, so that sums double and cancel. */
function agreesOnKeySum(bls: BlsVerifier, prng: Prng): boolean {
  const pool = Array.from({ length: 3 }, () => SecretKey.fromKeygen(prng.bytes(32)).toPublicKey().toBytes())
  const chosen = Array.from({ length: 1 + prng.below(6) }, () => {
    const bytes = prng.pick(pool)
    return prng.chance(0.3) ? negated(bytes) : bytes
  })
  const times = chosen.map(() => 1 + prng.below(4))
  const ours = bls.sumKeys(chosen.map((bytes, index) => ({ key: bls.decodeKey(bytes)!, times: times[index]! })))
  const all = chosen.flatMap((bytes, index) => Array.from({ length: times[index]! }, () => PublicKey.fromBytes(bytes)))
  return sameSum(ours?.bytes, aggregatePublicKeys(all).toBytes())
}

function agreesOnSignatureSum(bls: BlsVerifier, prng: Prng): boolean {
  const pool = Array.from({ length: 2 }, () => SecretKey.fromKeygen(prng.bytes(32)).sign(prng.bytes(32)).toBytes())
  const chosen = Array.from({ length: 1 + prng.below(4) }, () => {
    const bytes = prng.pick(pool)
    return { signature: prng.chance(0.3) ? negated(bytes) : bytes, times: 1 + prng.below(3) }
  })
  const all = chosen.flatMap(({ signature, times }) =>
    Array.from({ length: times }, () => Signature.fromBytes(signature)),
  )
  return sameSum(bls.sumSignatures(chosen), aggregateSignatures(all).toBytes())
}

const isIdentity = (bytes: Uint8Array): boolean => (bytes[0]! & 0x40) !== 0

/** The identity is refused by ours and encoded by blst. */
function sameSum(ours: Uint8Array | undefined, theirs: Uint8Array): boolean {
  return ours === undefined ? isIdentity(theirs) : !isIdentity(theirs) && equalBytes(ours, theirs)
}

// ── Certificates: keys by seat and a bitmap ───────────────────────────────────────────────────────────────────────────

interface Signer {
  readonly secret: bigint
  readonly publicKey: Uint8Array
}

/** Few signers, so that keys repeat and are decoded once; those with odd numbers are the negated ones before them. */
const SIGNERS: readonly Signer[] = Array.from({ length: 24 }, (_, index) => {
  const secretKey = SecretKey.fromKeygen(new Prng(`bls-agree signer ${index >> 1}`).bytes(32))
  const secret = integer(secretKey.toBytes())
  const publicKey = secretKey.toPublicKey().toBytes()
  return index % 2 === 0 ? { secret, publicKey } : { secret: ORDER - secret, publicKey: negated(publicKey) }
})

function secretBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32)
  for (let index = 31; index >= 0; index--, value >>= 8n) bytes[index] = Number(value & 0xffn)
  return bytes
}

/** A claim in bytes, to be put before any verifier. */
interface Certificate {
  readonly seats: readonly Signer[]
  readonly withTotal: boolean
  readonly bitmap: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export type BitmapKind = 'random' | 'all-zero' | 'all-one' | 'one-bit' | 'padding' | 'length'
const BITMAP_KINDS: readonly BitmapKind[] = ['random', 'random', 'all-zero', 'all-one', 'one-bit', 'padding', 'length']

function bitmapOf(kind: BitmapKind, seats: number, prng: Prng): Uint8Array {
  const bitmap = new Uint8Array((seats + 7) >> 3)
  if (kind === 'length')
    return prng.bytes(prng.pick([bitmap.length + 1, Math.max(0, bitmap.length - 1), prng.below(80)]))
  if (kind === 'one-bit') setBit(bitmap, prng.below(seats))
  const share = kind === 'all-one' ? 1 : kind === 'all-zero' ? 0 : prng.pick([0.2, 0.5, 0.7, 0.95])
  if (kind !== 'one-bit') for (let seat = 0; seat < seats; seat++) if (prng.chance(share)) setBit(bitmap, seat)
  if (kind === 'padding' && seats % 8 !== 0) setBit(bitmap, seats + prng.below(8 * bitmap.length - seats))
  return bitmap
}

function setBit(bitmap: Uint8Array, seat: number): void {
  bitmap[seat >> 3]! |= 0x80 >> (seat & 7)
}

const isSet = (bitmap: Uint8Array, seat: number): boolean => ((bitmap[seat >> 3] ?? 0) & (0x80 >> (seat & 7))) !== 0

/** A committee of up to 40 seats of few signers, half of the certificates otherwise right. */
export function randomCertificate(prng: Prng, kind: BitmapKind = prng.pick(BITMAP_KINDS)): Certificate {
  const pool = prng.chance(0.5) ? SIGNERS.filter((_, index) => index % 2 === 0) : SIGNERS
  const few = Array.from({ length: 1 + prng.below(10) }, () => prng.pick(pool))
  const seats = Array.from({ length: 1 + prng.below(40) }, () => prng.pick(few))
  const bitmap = bitmapOf(kind, seats.length, prng)
  const message = prng.bytes(32)
  const secret = seats.reduce((sum, own, seat) => (isSet(bitmap, seat) ? sum + own.secret : sum), 0n) % ORDER
  // A sum that is zero has no signature: any will do.
  const secretKey = SecretKey.fromBytes(secretBytes(secret === 0n ? 1n : secret))
  const signature = secretKey.sign(message).toBytes()
  const good = { seats, withTotal: prng.chance(0.5), bitmap, message, signature }
  if (prng.chance(0.5)) return good
  const faults: (() => Certificate)[] = [
    () => ({ ...good, signature: secretKey.sign(prng.bytes(32)).toBytes() }),
    () => ({ ...good, bitmap: withBitFlipped(bitmap, prng.below(Math.max(1, 8 * bitmap.length))) }),
    () => ({ ...good, signature: withBitFlipped(signature, prng.below(768)) }),
    () => ({ ...good, signature: negated(signature) }),
    () => ({ ...good, signature: signatureOutsideSubgroup(prng) }),
    () => ({ ...good, signature: prng.pick(hostileEncodings(signature, prng)).bytes }),
    () => ({ ...good, message: withBitFlipped(message, prng.below(256)) }),
    () => ({ ...good, message: prng.bytes(prng.pick([0, 31, 33])) }),
  ]
  return prng.pick(faults)()
}

function claimOf(bls: BlsVerifier, { seats, withTotal, bitmap, message, signature }: Certificate): SeatClaim {
  const keys = seats.map(({ publicKey }) => bls.decodeKey(publicKey)!)
  const total = withTotal ? bls.sumKeys(keys.map((key) => ({ key, times: 1 }))) : undefined
  return { seats: { keys, total }, bitmap, message, signature }
}

/** The verdict by blst's own operations, in the order that the contract gives. */
function seatVerdictOfBlst({ seats, bitmap, message, signature }: Certificate): SeatVerdict {
  const padded = Array.from({ length: 8 * bitmap.length }, (_, bit) => bit >= seats.length && isSet(bitmap, bit))
  if (bitmap.length !== Math.ceil(seats.length / 8) || padded.includes(true)) return 'bitmap'
  const point = signatureOfBlst(signature)
  if (point === undefined) return 'signature-encoding'
  const signers = seats.filter((_, seat) => isSet(bitmap, seat))
  if (signers.length === 0) return 'key-sum'
  const sum = aggregatePublicKeys(signers.map(({ publicKey }) => PublicKey.fromBytes(publicKey)))
  if (isIdentity(sum.toBytes())) return 'key-sum'
  return message.length === 32 && verify(message, sum, point) ? 'valid' : 'signature'
}

export function certificateWithBlst({ kernel }: Verifiers, prng: Prng): Answer {
  const certificate = randomCertificate(prng)
  const expected = seatVerdictOfBlst(certificate)
  return { agrees: kernel.verifySeats(claimOf(kernel, certificate)) === expected, valid: expected === 'valid' }
}

export function certificateWithNoble({ kernel, noble }: Verifiers, prng: Prng): Answer {
  const certificate = randomCertificate(prng)
  const expected = noble.verifySeats(claimOf(noble, certificate))
  return { agrees: kernel.verifySeats(claimOf(kernel, certificate)) === expected, valid: expected === 'valid' }
}

/** Up to six certificates in one batch: each gets the verdict that it has alone. */
export function batchCase({ kernel, noble }: Verifiers, prng: Prng): Answer {
  const certificates = Array.from({ length: 1 + prng.below(6) }, () => randomCertificate(prng))
  const expected = certificates.map(seatVerdictOfBlst).join()
  const seed = prng.bytes(32)
  const verdicts = (bls: BlsVerifier) =>
    bls.verifySeatsBatch(
      certificates.map((certificate) => claimOf(bls, certificate)),
      seed,
    )
  const agrees = verdicts(kernel).join() === expected && (prng.chance(0.9) || verdicts(noble).join() === expected)
  return { agrees, valid: expected.includes('valid') }
}

// ── Edges by name ─────────────────────────────────────────────────────────────────────────────────────────────────────

type Edge = (verifiers: Verifiers, prng: Prng) => boolean

/** Neither verifier nor blst decodes these bytes as a key, nor verifies a signature that is these bytes. */
function refusedAlike({ kernel, noble }: Verifiers, prng: Prng, key: Uint8Array, signature: Uint8Array): boolean {
  const signer = prng.pick(SIGNERS)
  const message = prng.bytes(32)
  return [kernel, noble].every((bls) => {
    const good = bls.decodeKey(signer.publicKey)!
    return (
      bls.decodeKey(key) === undefined &&
      !bls.isSignature(signature) &&
      !bls.verify(good, message, signature) &&
      bls.sumSignatures([{ signature, times: 1 }]) === undefined &&
      keyOfBlst(key) === undefined &&
      signatureOfBlst(signature) === undefined
    )
  })
}

function validPair(prng: Prng): { readonly key: Uint8Array; readonly signature: Uint8Array } {
  const secretKey = SecretKey.fromKeygen(prng.bytes(32))
  return { key: secretKey.toPublicKey().toBytes(), signature: secretKey.sign(prng.bytes(32)).toBytes() }
}

/** All hostile encodings whose name has one of these words. */
const encodings =
  (...words: readonly string[]): Edge =>
  (verifiers, prng) => {
    const { key, signature } = validPair(prng)
    const named = (valid: Uint8Array) =>
      hostileEncodings(valid, prng).filter(({ name }) => words.some((word) => name.includes(word)))
    const keys = named(key)
    const signatures = named(signature)
    return (
      signatures.length > 0 &&
      signatures.every(({ bytes }, index) =>
        refusedAlike(verifiers, prng, keys[index % keys.length]?.bytes ?? new Uint8Array(48), bytes),
      )
    )
  }

/** Certificates with this kind of bitmap: the verdict of blst's operations, from both verifiers. */
const bitmaps =
  (kind: BitmapKind): Edge =>
  ({ kernel, noble }, prng) => {
    const certificate = randomCertificate(prng, kind)
    const expected = seatVerdictOfBlst(certificate)
    return [kernel, noble].every((bls) => bls.verifySeats(claimOf(bls, certificate)) === expected)
  }

export const EDGES: Readonly<Record<string, Edge>> = {
  identity: encodings('identity'),
  'off the curve': (verifiers, prng) => refusedAlike(verifiers, prng, keyOffCurve(prng), signatureOffCurve(prng)),
  'out of the subgroup': (verifiers, prng) =>
    refusedAlike(verifiers, prng, keyOutsideSubgroup(prng), signatureOutsideSubgroup(prng)),
  'x ≥ p': encodings('= p', '+ p', '2^381'),
  'wrong flags': encodings('flag', 'all zero', 'all ones'),
  'wrong length': encodings('empty', 'short', 'long', 'uncompressed'),
  'all-zero bitmap': bitmaps('all-zero'),
  'all-one bitmap': bitmaps('all-one'),
  'bits beyond the committee': bitmaps('padding'),
  'bitmap of another length': bitmaps('length'),
  'repeated keys': ({ kernel, noble }, prng) => {
    const signer = prng.pick(SIGNERS)
    const seats = Array.from({ length: 2 + prng.below(30) }, () => signer)
    const bitmap = bitmapOf('random', seats.length, prng)
    const message = prng.bytes(32)
    const times = BigInt(seats.filter((_, seat) => isSet(bitmap, seat)).length)
    const secret = (signer.secret * (times === 0n ? 1n : times)) % ORDER
    const signature = SecretKey.fromBytes(secretBytes(secret)).sign(message).toBytes()
    const certificate = { seats, withTotal: prng.chance(0.5), bitmap, message, signature }
    const expected = times === 0n ? 'key-sum' : 'valid'
    const verdicts = [kernel, noble].map((bls) => bls.verifySeats(claimOf(bls, certificate)))
    return [...verdicts, seatVerdictOfBlst(certificate)].every((verdict) => verdict === expected)
  },
  'bytes of any length': ({ kernel, noble }, prng) => {
    const bytes = prng.bytes(prng.below(1200))
    return refusedAlike({ kernel, noble }, prng, bytes, bytes)
  },
}
