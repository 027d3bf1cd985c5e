/**
 * Check `bls-agree`: the BLS kernel answers as @chainsafe/blst and as noble on random verifications, valid and invalid, as
 * blst on random decodings and sums, and as BigInt arithmetic on field and curve operations. A disagreement names the
 * seed of its case.
 */
import { PublicKey, SecretKey, Signature, aggregatePublicKeys, aggregateSignatures, verify } from '@chainsafe/blst'
import { equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { BlsVerifier } from '../../src/crypto/bls-contract.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import {
  hostileEncodings,
  keyOffCurve,
  keyOutsideSubgroup,
  negated,
  signatureOffCurve,
  signatureOutsideSubgroup,
  withBitFlipped,
} from '../../test/crypto/bls-cases.ts'
import { FIELD_CASES } from '../../test/crypto/bls-field-cases.ts'
import { compileFieldMachine } from '../../test/crypto/bls-field-machine.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const CASES: Readonly<Record<'short' | 'full', AgreementCases>> = {
  short: { blst: 600, noble: 150, points: 1500, field: 1500 },
  full: { blst: 100_000, noble: 10_000, points: 60_000, field: 40_000 },
}

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

/** blst takes uncompressed points too, which §1 does not, so lengths are checked here. */
function keyOfBlst(bytes: Uint8Array): PublicKey | undefined {
  if (bytes.length !== 48) return undefined
  try {
    return PublicKey.fromBytes(bytes, true)
  } catch {
    return undefined
  }
}

function signatureOfBlst(bytes: Uint8Array): Signature | undefined {
  if (bytes.length !== 96) return undefined
  try {
    return Signature.fromBytes(bytes, true, true)
  } catch {
    return undefined
  }
}

function verdictOfBlst({ publicKey, message, signature }: Verification): boolean {
  const key = keyOfBlst(publicKey)
  const point = signatureOfBlst(signature)
  return key !== undefined && point !== undefined && verify(message, key, point)
}

function agreesOnKey(bls: BlsVerifier, bytes: Uint8Array): boolean {
  const [ours, theirs] = [bls.decodeKey(bytes), keyOfBlst(bytes)]
  return (ours === undefined) === (theirs === undefined) && (ours === undefined || equalBytes(ours.bytes, bytes))
}

/** Decoding and sums of points, one kind at random. */
function agreesOnPoint(bls: BlsVerifier, prng: Prng): boolean {
  const secretKey = SecretKey.fromKeygen(prng.bytes(32))
  const publicKey = secretKey.toPublicKey().toBytes()
  const signature = secretKey.sign(prng.bytes(32)).toBytes()
  const kinds: (() => boolean)[] = [
    () => agreesOnKey(bls, publicKey),
    () => agreesOnKey(bls, withBitFlipped(publicKey, prng.below(384))),
    () => agreesOnKey(bls, prng.chance(0.5) ? keyOffCurve(prng) : keyOutsideSubgroup(prng)),
    () => agreesOnKey(bls, prng.pick(hostileEncodings(publicKey, prng)).bytes),
    () => bls.isSignature(signature),
    ...[
      () => withBitFlipped(signature, prng.below(768)),
      () => (prng.chance(0.5) ? signatureOffCurve(prng) : signatureOutsideSubgroup(prng)),
      () => prng.pick(hostileEncodings(signature, prng)).bytes,
    ].map((make) => () => {
      const bytes = make()
      return bls.isSignature(bytes) === (signatureOfBlst(bytes) !== undefined)
    }),
    () => agreesOnKeySum(bls, prng),
    () => agreesOnSignatureSum(bls, prng),
  ]
  return prng.pick(kinds)()
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

/** The identity is refused by ours and encoded by blst. */
function sameSum(ours: Uint8Array | undefined, theirs: Uint8Array): boolean {
  const isIdentity = (theirs[0]! & 0x40) !== 0
  return ours === undefined ? isIdentity : !isIdentity && equalBytes(ours, theirs)
}

interface Tally {
  readonly cases: number
  disagreements: number
  firstSeed: string | null
}

function count(cases: number, seed: string, agrees: (prng: Prng, index: number) => boolean): Tally {
  const tally: Tally = { cases, disagreements: 0, firstSeed: null }
  for (let index = 0; index < cases; index++) {
    const caseSeed = `${seed}/${index}`
    if (agrees(new Prng(caseSeed), index)) continue
    tally.disagreements++
    tally.firstSeed ??= caseSeed
  }
  return tally
}

function resultsOf(oracle: string, tally: Tally): CheckResult[] {
  const results = [
    noted(`${oracle}: cases`, tally.cases, 'cases'),
    measured(`${oracle}: disagreements`, tally.disagreements, 'cases', '==', 0),
  ]
  return tally.firstSeed === null ? results : [...results, noted(`${oracle}: first`, tally.firstSeed, 'seed')]
}

export interface AgreementCases {
  readonly blst: number
  readonly noble: number
  readonly points: number
  readonly field: number
}

/** So many cases of each kind; all follow from `seed`. */
export async function agreement(cases: AgreementCases, seed: string): Promise<CheckResult[]> {
  const kernel = await createKernelBls()
  const noble = createNobleBls()
  const machine = await compileFieldMachine()
  const operations = Object.values(FIELD_CASES)
  let valid = 0
  const withBlst = count(cases.blst, `${seed}/blst`, (prng) => {
    const verification = randomVerification(prng)
    const expected = verdictOfBlst(verification)
    if (expected) valid++
    return verdictOf(kernel, verification) === expected
  })
  const withNoble = count(cases.noble, `${seed}/noble`, (prng) => {
    const verification = randomVerification(prng)
    return verdictOf(kernel, verification) === verdictOf(noble, verification)
  })
  const points = count(cases.points, `${seed}/points`, (prng) => agreesOnPoint(kernel, prng))
  const field = count(cases.field, `${seed}/field`, (prng, index) =>
    operations[index % operations.length]!(machine, prng),
  )
  return [
    ...resultsOf('@chainsafe/blst, verifications', withBlst),
    measured('@chainsafe/blst, valid share', Number((valid / cases.blst).toFixed(3)), '', '>=', 0.3),
    ...resultsOf('noble, verifications', withNoble),
    ...resultsOf('@chainsafe/blst, decodings and sums', points),
    ...resultsOf('BigInt, field and curve operations', field),
  ]
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  return { results: await agreement(full ? CASES.full : CASES.short, seed), notRun: [] }
}
