/** The contract suite of BlsVerifier: every implementation passes it, against @chainsafe/blst and the shared vectors. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { PublicKey, SecretKey, Signature, aggregatePublicKeys, aggregateSignatures, verify } from '@chainsafe/blst'
import { hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { BlsKey, BlsVerifier, SeatClaim, SeatVerdict, SignedMessage } from '../../src/crypto/bls-contract.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import {
  hostileEncodings,
  keyOffCurve,
  keyOutsideSubgroup,
  negated,
  signatureOffCurve,
  signatureOutsideSubgroup,
  signerFrom,
  withBitFlipped,
} from './bls-cases.ts'
import type { Signer } from './bls-cases.ts'
import { keyOfBlst, signatureOfBlst } from './blst-oracle.ts'

const VECTORS = new URL('../../../shared/vectors/model/', import.meta.url)
const BATCH_SEED = new Uint8Array(32).fill(7)

export interface SuiteOptions {
  /** Random verifications compared with blst. */
  readonly caseCount: number
}

export function describeBlsVerifier(
  name: string,
  create: () => BlsVerifier | Promise<BlsVerifier>,
  { caseCount }: SuiteOptions,
): void {
  const seed = process.env['BLS_SEED'] ?? `bls-suite-${name}`
  describe(`${name} as BlsVerifier (BLS_SEED=${seed})`, () => {
    let bls: BlsVerifier
    before(async () => {
      bls = await create()
    })
    const key = (bytes: Uint8Array): BlsKey => {
      const decoded = bls.decodeKey(bytes)
      assert.ok(decoded, `key ${toHex(bytes)} must decode`)
      return decoded
    }

    it('accepts and refuses the same random signatures as blst', () => {
      const prng = new Prng(`${seed}/random`)
      for (let index = 0; index < caseCount; index++) {
        const secretKey = SecretKey.fromKeygen(prng.bytes(32))
        const message = prng.bytes(32)
        const fault = index % 4
        let publicKey = secretKey.toPublicKey().toBytes()
        let signature = secretKey.sign(fault === 1 ? prng.bytes(32) : message).toBytes()
        if (fault === 2) publicKey = SecretKey.fromKeygen(prng.bytes(32)).toPublicKey().toBytes()
        if (fault === 3) signature = withBitFlipped(signature, prng.below(768))
        const expected = verifyWithBlst(publicKey, message, signature)
        assert.equal(bls.verify(key(publicKey), message, signature), expected, `case ${index}, fault ${fault}`)
        assert.equal(expected, fault === 0, 'the oracle sees the fault that was made')
      }
    })

    it('decodes keys and signatures exactly where blst does, off the curve, out of the subgroup and bit by bit', () => {
      const prng = new Prng(`${seed}/decode`)
      for (let index = 0; index < caseCount; index++) {
        const signer = signerOfBlst(prng)
        const signature = signer.secret.sign(prng.bytes(32)).toBytes()
        const keys = [signer.publicKey, keyOffCurve(prng), keyOutsideSubgroup(prng)]
        const signatures = [signature, signatureOffCurve(prng), signatureOutsideSubgroup(prng)]
        const keyBytes = index % 4 === 3 ? withBitFlipped(signer.publicKey, prng.below(384)) : keys[index % 4]!
        const sigBytes = index % 4 === 3 ? withBitFlipped(signature, prng.below(768)) : signatures[index % 4]!
        assert.equal(bls.decodeKey(keyBytes) !== undefined, keyOfBlst(keyBytes) !== undefined, toHex(keyBytes))
        assert.equal(bls.isSignature(sigBytes), signatureOfBlst(sigBytes) !== undefined, toHex(sigBytes))
        assert.equal(bls.isSignature(sigBytes), index % 4 === 0, 'the case is what it claims to be')
      }
    })

    it('refuses every hostile encoding of a key and of a signature, at every length up to 200 bytes', () => {
      const prng = new Prng(`${seed}/hostile`)
      const message = prng.bytes(32)
      for (let index = 0; index < 8; index++) {
        const signer = signerFrom(prng)
        const signature = nobleBlsSigner.sign(signer.secretKey, message)
        const signerKey = key(signer.publicKey)
        assert.ok(bls.verify(signerKey, message, signature))
        for (const { name, bytes } of hostileEncodings(signer.publicKey, prng))
          assert.equal(bls.decodeKey(bytes), undefined, `key: ${name}`)
        for (const { name, bytes } of hostileEncodings(signature, prng)) {
          assert.equal(bls.isSignature(bytes), false, `signature: ${name}`)
          assert.equal(bls.verify(signerKey, message, bytes), false, `verify: ${name}`)
          assert.equal(bls.verifyPossession(signerKey, message, bytes), false, `verifyPossession: ${name}`)
          assert.equal(bls.sumSignatures([{ signature: bytes, times: 1 }]), undefined, `sum: ${name}`)
          assert.deepEqual(bls.verifyBatch([{ key: signerKey, message, signature: bytes }], BATCH_SEED), [0], name)
        }
      }
      for (let length = 0; length <= 200; length++) {
        assert.equal(bls.decodeKey(prng.bytes(length)), undefined)
        assert.equal(bls.isSignature(prng.bytes(length)), false)
      }
    })

    it('refuses messages that are not 32 bytes', () => {
      const prng = new Prng(`${seed}/length`)
      const signer = signerOfBlst(prng)
      for (const length of [0, 1, 31, 33, 64, 4096]) {
        const message = prng.bytes(length)
        const signature = signer.secret.sign(message).toBytes()
        assert.equal(bls.verify(key(signer.publicKey), message, signature), false)
        assert.equal(bls.verifyPossession(key(signer.publicKey), message, signature), false)
        assert.deepEqual(bls.verifyBatch([{ key: key(signer.publicKey), message, signature }], BATCH_SEED), [0])
      }
    })

    it('does not take a signature under one ciphersuite for one under the other', () => {
      const signer = signerFrom(new Prng(`${seed}/suite`))
      const message = new Uint8Array(32).fill(1)
      const possession = nobleBlsSigner.provePossession(signer.secretKey, message)
      const signature = nobleBlsSigner.sign(signer.secretKey, message)
      assert.deepEqual(
        [possession, signature].map((bytes) => bls.verifyPossession(key(signer.publicKey), message, bytes)),
        [true, false],
      )
      assert.deepEqual(
        [possession, signature].map((bytes) => bls.verify(key(signer.publicKey), message, bytes)),
        [false, true],
      )
    })

    it('sums keys as blst does: repeated, weighted, doubled and cancelling', () => {
      const prng = new Prng(`${seed}/sum`)
      const signers = Array.from({ length: 12 }, () => signerFrom(prng))
      for (let round = 0; round < 12; round++) {
        const chosen = Array.from({ length: 1 + prng.below(20) }, () => prng.pick(signers))
        const times = chosen.map(() => 1 + prng.below(round < 6 ? 3 : 300))
        const sum = bls.sumKeys(chosen.map((signer, at) => ({ key: key(signer.publicKey), times: times[at]! })))
        const repeated = chosen.flatMap((signer, at) =>
          Array.from({ length: times[at]! }, () => PublicKey.fromBytes(signer.publicKey)),
        )
        assert.equal(toHex(sum!.bytes), toHex(aggregatePublicKeys(repeated).toBytes()))
        const first = { key: key(chosen[0]!.publicKey), times: times[0]! }
        const rest = bls.subtractKeys(sum!, [first])
        if (chosen.length === 1) assert.equal(rest, undefined)
        else assert.equal(toHex(bls.sumKeys([{ key: rest!, times: 1 }, first])!.bytes), toHex(sum!.bytes))
      }
      const [one, two] = signers.map((signer) => key(signer.publicKey))
      const minusOne = key(negated(one!.bytes))
      const single = (value: BlsKey, times = 1) => ({ key: value, times })
      assert.equal(bls.sumKeys([]), undefined)
      assert.equal(bls.sumKeys([single(one!), single(minusOne)]), undefined)
      assert.equal(bls.sumKeys([single(one!, 3), single(minusOne, 3)]), undefined)
      assert.equal(bls.subtractKeys(one!, [single(one!)]), undefined)
      assert.deepEqual(bls.sumKeys([single(one!), single(two!), single(minusOne)])!.bytes, two!.bytes)
      assert.deepEqual(bls.subtractKeys(minusOne, [single(one!)])!.bytes, bls.sumKeys([single(minusOne, 2)])!.bytes)
      assert.deepEqual(bls.subtractKeys(two!, [])!.bytes, two!.bytes)
    })

    it('sums signatures as blst does, refuses a sum that is the identity, and its sums verify under the sum of keys', () => {
      const prng = new Prng(`${seed}/signature-sum`)
      const message = prng.bytes(32)
      const signers = Array.from({ length: 7 }, () => signerFrom(prng))
      const parts = signers.map((signer, index) => ({
        signature: nobleBlsSigner.sign(signer.secretKey, message),
        times: 1 + index * index,
      }))
      const sum = bls.sumSignatures(parts)!
      const repeated = parts.flatMap(({ signature, times }) =>
        Array.from({ length: times }, () => Signature.fromBytes(signature)),
      )
      assert.equal(toHex(sum), toHex(aggregateSignatures(repeated).toBytes()))
      const keys = signers.map((signer, index) => ({ key: key(signer.publicKey), times: 1 + index * index }))
      assert.ok(bls.verify(bls.sumKeys(keys)!, message, sum))
      assert.equal(bls.verify(bls.sumKeys(keys.slice(1))!, message, sum), false)
      const { signature } = parts[0]!
      assert.equal(bls.sumSignatures([]), undefined)
      assert.equal(
        bls.sumSignatures([
          { signature, times: 2 },
          { signature: negated(signature), times: 2 },
        ]),
        undefined,
      )
    })

    it('names exactly the bad items of a batch, with equal and different messages', () => {
      const prng = new Prng(`${seed}/batch`)
      for (let round = 0; round < 8; round++) {
        const { items, bad } = batchOf(prng, 1 + prng.below(14), round % 2 === 0 ? 0 : 0.3, key)
        assert.deepEqual(bls.verifyBatch(items, prng.bytes(32)), bad, `round ${round}`)
      }
      assert.deepEqual(bls.verifyBatch([], BATCH_SEED), [])
    })

    it('does not accept a batch whose errors cancel without coefficients', () => {
      const prng = new Prng(`${seed}/cancel`)
      const message = prng.bytes(32)
      const [first, second] = [signerFrom(prng), signerFrom(prng)]
      const swapped: SignedMessage[] = [
        { key: key(first.publicKey), message, signature: nobleBlsSigner.sign(second.secretKey, message) },
        { key: key(second.publicKey), message, signature: nobleBlsSigner.sign(first.secretKey, message) },
      ]
      assert.deepEqual(bls.verifyBatch(swapped, BATCH_SEED), [0, 1])
      const good = nobleBlsSigner.sign(first.secretKey, message)
      const cancelling: SignedMessage[] = [
        { key: key(first.publicKey), message, signature: good },
        { key: key(negated(first.publicKey)), message, signature: negated(good) },
      ]
      assert.deepEqual(bls.verifyBatch(cancelling, BATCH_SEED), [], 'key and −key are two valid signers')
    })

    it('verifies certificates by bitmap, with the total or without, and names what is wrong with each', () => {
      const prng = new Prng(`${seed}/seats`)
      for (const count of [1, 7, 8, 16, 49]) {
        const signers = Array.from({ length: Math.ceil(count / 3) }, () => signerFrom(prng))
        const seats = Array.from({ length: count }, () => prng.pick(signers))
        const keys = seats.map(({ publicKey }) => key(publicKey))
        const total = bls.sumKeys(keys.map((own) => ({ key: own, times: 1 })))!
        for (const share of [0, 0.3, 0.8, 1]) {
          const bitmap = new Uint8Array((count + 7) >> 3)
          const signed = seats.filter((_, seat) => {
            const signs = prng.chance(share)
            if (signs) bitmap[seat >> 3]! |= 0x80 >> (seat & 7)
            return signs
          })
          const message = prng.bytes(32)
          const parts = signed.map(({ secretKey }) => ({
            signature: nobleBlsSigner.sign(secretKey, message),
            times: 1,
          }))
          const signature = bls.sumSignatures(parts) ?? nobleBlsSigner.sign(seats[0]!.secretKey, message)
          const good = { seats: { keys, total }, bitmap, message, signature }
          const expected = signed.length === 0 ? 'key-sum' : 'valid'
          const claims: [SeatVerdict, SeatClaim][] = [
            [expected, good],
            [expected, { ...good, seats: { keys } }],
            [signed.length === 0 ? 'key-sum' : 'signature', { ...good, signature: negated(signature) }],
            [signed.length === 0 ? 'key-sum' : 'signature', { ...good, message: message.slice(1) }],
            ['signature-encoding', { ...good, signature: prng.bytes(96) }],
            ['signature-encoding', { ...good, signature: signatureOutsideSubgroup(prng) }],
            ['bitmap', { ...good, bitmap: Uint8Array.of(...bitmap, 0) }],
            ['bitmap', { ...good, bitmap: bitmap.slice(1) }],
          ]
          if (count % 8 !== 0)
            claims.push([
              'bitmap',
              { ...good, bitmap: withBitFlipped(bitmap, 8 * bitmap.length - 1), signature: bitmap },
            ])
          const sum = signed.map(({ publicKey }) => ({ key: key(publicKey), times: 1 }))
          assert.deepEqual(bls.sumSeats(good.seats, bitmap)?.bytes, bls.sumKeys(sum)?.bytes)
          assert.deepEqual(bls.sumSeats({ keys }, bitmap)?.bytes, bls.sumKeys(sum)?.bytes)
          const verdicts = claims.map(([verdict]) => verdict)
          assert.deepEqual(
            claims.map(([, claim]) => bls.verifySeats(claim)),
            verdicts,
            `${count} seats, ${signed.length} bits`,
          )
          assert.deepEqual(
            bls.verifySeatsBatch(
              claims.map(([, claim]) => claim),
              BATCH_SEED,
            ),
            verdicts,
          )
        }
      }
    })

    it('takes keys that cancel for no key, whichever way their sum is found', () => {
      const signer = signerFrom(new Prng(`${seed}/cancelling-seats`))
      const [one, minusOne] = [key(signer.publicKey), key(negated(signer.publicKey))]
      const message = new Uint8Array(32).fill(4)
      const signature = nobleBlsSigner.sign(signer.secretKey, message)
      const verdict = (keys: BlsKey[], total: BlsKey | undefined, bitmap: number) =>
        bls.verifySeats({ seats: { keys, total }, bitmap: Uint8Array.of(bitmap), message, signature })
      assert.equal(verdict([one, minusOne], undefined, 0b1100_0000), 'key-sum')
      assert.equal(verdict([one, minusOne, one], one, 0b1100_0000), 'key-sum')
      assert.equal(verdict([one, minusOne, one], one, 0b1110_0000), 'valid')
      assert.equal(verdict([one, minusOne, one], undefined, 0b1110_0000), 'valid')
      assert.equal(verdict([one, minusOne, one], one, 0b1010_0000), 'signature')
    })

    it('gives a verdict on random bytes of random length, whichever method they reach', () => {
      const prng = new Prng(`${seed}/fuzz`)
      const signer = key(signerFrom(prng).publicKey)
      for (let index = 0; index < 200; index++) {
        const bytes = prng.bytes(prng.pick([0, 1, 47, 48, 49, 95, 96, 97, 192, prng.below(1000)]))
        const message = prng.bytes(prng.pick([32, 32, prng.below(100)]))
        assert.equal(bls.decodeKey(bytes), undefined)
        assert.equal(bls.verify(signer, message, bytes), false)
        assert.equal(bls.sumSignatures([{ signature: bytes, times: 1 }]), undefined)
      }
    })

    it('agrees with the shared proofs of possession and votes', { skip: !existsSync(VECTORS) }, () => {
      for (const { name, blsPk, message, popSig, valid } of vectors('pop.json')) {
        const decoded = bls.decodeKey(hex(blsPk!))
        // `message` is the untampered one; what a verifier recomputes for the others is chain/'s to test.
        if (valid) assert.ok(decoded && bls.verifyPossession(decoded, hex(message!), hex(popSig!)), name)
      }
      for (const { blsPk, message, signature } of vectors('vote.json')) {
        assert.ok(bls.verify(key(hex(blsPk!)), hex(message!), hex(signature!)))
        assert.equal(bls.verifyPossession(key(hex(blsPk!)), hex(message!), hex(signature!)), false)
      }
    })
  })
}

function vectors(file: string): Record<string, string>[] {
  return JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8')).cases
}

function signerOfBlst(prng: Prng): { secret: SecretKey; publicKey: Uint8Array } {
  const secret = SecretKey.fromKeygen(prng.bytes(32))
  return { secret, publicKey: secret.toPublicKey().toBytes() }
}

function verifyWithBlst(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOfBlst(publicKey)
  const point = signatureOfBlst(signature)
  return key !== undefined && point !== undefined && verify(message, key, point)
}

/** `count` signed messages, each spoilt with probability `badShare`, some of equal message. */
function batchOf(
  prng: Prng,
  count: number,
  badShare: number,
  key: (bytes: Uint8Array) => BlsKey,
): { items: SignedMessage[]; bad: number[] } {
  const messages = Array.from({ length: 1 + prng.below(count) }, () => prng.bytes(32))
  const bad: number[] = []
  const items = Array.from({ length: count }, (_, index) => {
    const signer: Signer = signerFrom(prng)
    const message = prng.pick(messages)
    let signature = nobleBlsSigner.sign(signer.secretKey, message)
    if (prng.chance(badShare)) {
      bad.push(index)
      if (prng.chance(0.3)) signature = prng.bytes(prng.pick([0, 96, 97]))
      else if (prng.chance(0.5)) signature = negated(signature)
      else signature = nobleBlsSigner.sign(signer.secretKey, prng.bytes(32))
    }
    return { key: key(signer.publicKey), message, signature }
  })
  return { items, bad }
}
