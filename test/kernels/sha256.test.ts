import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { concatBytes, hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { BUILDS } from './builds.ts'
import { readVectors, vectorsMissing } from './vectors.ts'

const byNode = (...parts: readonly Uint8Array[]) =>
  toHex(parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest())

/** FIPS 180-4 examples and the NIST long message. */
const KNOWN: readonly (readonly [string, string])[] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
]

for (const kernels of BUILDS)
  describe(`sha-256, ${kernels.name}`, () => {
    test('FIPS 180-4 examples', () => {
      for (const [message, digest] of KNOWN) assert.equal(toHex(kernels.sha256(Buffer.from(message))), digest)
    })

    test('every length up to 300 bytes agrees with node:crypto', () => {
      const bytes = new Prng('lengths').bytes(300)
      for (let length = 0; length <= bytes.length; length++) {
        const message = bytes.subarray(0, length)
        assert.equal(toHex(kernels.sha256(message)), byNode(message), `${length} bytes`)
      }
    })

    test('a stream split at every pair of points within three blocks gives the digest of the whole', () => {
      const message = new Prng('splits').bytes(170)
      const expected = byNode(message)
      for (let first = 0; first <= message.length; first += 1)
        for (let second = first; second <= message.length; second += 7) {
          const stream = kernels.sha256Stream().update(message.subarray(0, first))
          stream.update(message.subarray(first, second)).update(message.subarray(second))
          assert.equal(toHex(stream.digest()), expected, `split at ${first} and ${second}`)
        }
    })

    test('streams that take turns do not disturb each other', () => {
      const random = new Prng('turns')
      const streams = Array.from({ length: 5 }, () => ({ stream: kernels.sha256Stream(), parts: [] as Uint8Array[] }))
      for (let turn = 0; turn < 200; turn++) {
        const part = random.bytes(random.below(150))
        const { stream, parts } = random.pick(streams)
        stream.update(part)
        parts.push(part)
        kernels.tagged('between').hash(part)
      }
      for (const { stream, parts } of streams) assert.equal(toHex(stream.digest()), byNode(...parts))
    })

    test('messages larger than kernel memory are streamed: one-shot, stream, tagged, leaf and many', () => {
      const large = new Uint8Array(9_000_001).map((_, index) => index * 31 + (index >> 8))
      const tag = createHash('sha256').update('tag').digest()
      assert.equal(toHex(kernels.sha256(large)), byNode(large))
      assert.equal(toHex(kernels.sha256Stream().update(large).digest()), byNode(large))
      assert.equal(toHex(kernels.tagged('tag').hash(large)), byNode(tag, tag, large))
      assert.equal(toHex(kernels.leafHash(large)), byNode(Uint8Array.of(0), large))
      assert.equal(toHex(kernels.sha256Many(large, large.length)), byNode(large))
      assert.equal(toHex(kernels.tagged('tag').hashMany(large, large.length)), byNode(tag, tag, large))
      assert.equal(toHex(kernels.leafHashes(large, large.length)), byNode(Uint8Array.of(0), large))
    })

    test('many messages of every length up to 140 give each its own digest', () => {
      const bytes = new Prng('many').bytes(140 * 9)
      for (let length = 1; length <= 140; length++) {
        const messages = bytes.subarray(0, 9 * length)
        const expected = Array.from({ length: 9 }, (_, at) => byNode(bytes.subarray(at * length, (at + 1) * length)))
        assert.equal(toHex(kernels.sha256Many(messages, length)), expected.join(''), `${length} bytes`)
      }
    })

    test('a batch of messages larger than kernel memory is hashed in pieces', () => {
      const messages = new Prng('pieces').bytes(10_000 * 700)
      const digests = kernels.sha256Many(messages, 700)
      for (const at of [0, 1, 371, 372, 373, 5000, 9998, 9999])
        assert.equal(toHex(digests.slice(32 * at, 32 * at + 32)), byNode(messages.subarray(700 * at, 700 * at + 700)))
    })

    test('a tag has its own hash, however many tags there are', () => {
      const message = new Prng('tags').bytes(64)
      for (let index = 0; index < 300; index++) {
        const tag = createHash('sha256').update(`tag ${index}`).digest()
        for (const name of [`tag ${index}`, `tag ${index}`]) {
          assert.equal(toHex(kernels.tagged(name).hash(message)), byNode(tag, tag, message))
          assert.equal(
            toHex(kernels.tagged(name).hashMany(message, 32)),
            [0, 32].map((at) => byNode(tag, tag, message.subarray(at, at + 32))).join(''),
          )
        }
      }
    })

    test('model/tagged-hash.json', { skip: vectorsMissing }, () => {
      interface Case {
        readonly tag: string
        readonly parts: readonly string[]
        readonly hash: string
      }
      const { cases } = readVectors<{ cases: readonly Case[] }>('model/tagged-hash.json')
      assert.ok(cases.length > 0)
      for (const { tag, parts, hash } of cases) {
        assert.equal(toHex(kernels.tagged(tag).hash(...parts.map(hex))), hash)
        const whole = concatBytes(...parts.map(hex))
        if (whole.length > 0) assert.equal(toHex(kernels.tagged(tag).hashMany(whole, whole.length)), hash)
      }
    })
  })
