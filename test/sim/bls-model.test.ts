import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { createModelBls, modelBlsSigner as signer } from '../../src/crypto/bls-model.ts'

const SEED = process.env['MODEL_SEED'] ?? 'model'
const bls = createModelBls()
const prng = new Prng(SEED)

function someone() {
  const secret = signer.secretKeyFrom(prng.bytes(32))
  const key = bls.decodeKey(signer.publicKey(secret))
  assert.ok(key)
  return { secret, key }
}

describe(`the model signature scheme (MODEL_SEED=${SEED})`, () => {
  it('says that it is a model', () => {
    assert.deepEqual([bls.scheme, bls.engine, signer.scheme], ['model', 'model', 'model'])
  })

  it('accepts what was signed, under sums and weights too, and nothing else', () => {
    const people = Array.from({ length: 7 }, someone)
    const message = prng.bytes(32)
    const times = people.map(() => 1 + prng.below(9))
    const signature = bls.sumSignatures(
      people.map(({ secret }, index) => ({ signature: signer.sign(secret, message), times: times[index]! })),
    )!
    const total = bls.sumKeys(people.map(({ key }, index) => ({ key, times: times[index]! })))!
    assert.ok(bls.verify(total, message, signature))
    assert.ok(!bls.verify(total, prng.bytes(32), signature))
    const without = bls.subtractKeys(total, [{ key: people[0]!.key, times: 1 }])!
    assert.ok(!bls.verify(without, message, signature))
  })

  it('refuses each single-bit change of a key or signature, or takes it for another one', () => {
    const { secret, key } = someone()
    const message = prng.bytes(32)
    const signature = signer.sign(secret, message)
    for (let bit = 0; bit < 8 * signature.length; bit++) {
      const flipped = signature.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      assert.ok(!bls.verify(key, message, flipped))
    }
    for (let bit = 0; bit < 8 * key.bytes.length; bit++) {
      const flipped = key.bytes.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const other = bls.decodeKey(flipped)
      assert.ok(other === undefined || !bls.verify(other, message, signature))
    }
  })

  it('refuses what BLS refuses: identities, values that are not reduced, elements outside the subgroup, other lengths', () => {
    const { secret, key } = someone()
    const signature = signer.sign(secret, prng.bytes(32))
    const withValue = (bytes: Uint8Array, value: bigint) => {
      const changed = bytes.slice()
      new DataView(changed.buffer).setBigUint64(bytes.length - 8, value)
      return changed
    }
    const p = (1n << 61n) - 1n
    for (const value of [0n, p, p + 5n, (1n << 64n) - 1n]) {
      assert.equal(bls.decodeKey(withValue(key.bytes, value)), undefined)
      assert.equal(bls.isSignature(withValue(signature, value)), false)
    }
    const outside = signature.slice()
    outside[1] = 2
    assert.equal(bls.isSignature(outside), false)
    for (let length = 0; length < 200; length++) {
      assert.equal(bls.decodeKey(prng.bytes(length)), undefined)
      assert.equal(bls.isSignature(prng.bytes(length)), false)
    }
    const inverse = withValue(key.bytes, p - new DataView(key.bytes.buffer).getBigUint64(40))
    const sum = bls.sumKeys([key, bls.decodeKey(inverse)!].map((one) => ({ key: one, times: 1 })))
    assert.equal(sum, undefined, 'a sum that is the identity')
    assert.equal(bls.sumKeys([]), undefined)
    assert.equal(bls.sumSignatures([]), undefined)
  })

  it('does not take a proof of possession for a signature, nor the other way round', () => {
    const { secret, key } = someone()
    const message = prng.bytes(32)
    assert.ok(bls.verifyPossession(key, message, signer.provePossession(secret, message)))
    assert.ok(!bls.verify(key, message, signer.provePossession(secret, message)))
    assert.ok(!bls.verifyPossession(key, message, signer.sign(secret, message)))
  })

  it('names the bad items of a batch', () => {
    const items = Array.from({ length: 20 }, (_, index) => {
      const { secret, key } = someone()
      const message = prng.bytes(32)
      return { key, message, signature: signer.sign(secret, index % 7 === 3 ? prng.bytes(32) : message) }
    })
    assert.deepEqual(bls.verifyBatch(items, prng.bytes(32)), [3, 10, 17])
  })
})
