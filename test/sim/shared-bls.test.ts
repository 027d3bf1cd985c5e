import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import type { BlsVerifier, SignedMessage } from '../../src/crypto/bls-contract.ts'
import { sharedSigner, sharedVerifier } from '../../src/sim/shared-bls.ts'

const inner = createModelBls()

/** Counts what reaches the verifier below. */
function counted() {
  const counts = { singles: 0, items: 0 }
  const bls: BlsVerifier = {
    ...sharedVerifier(inner),
    verify: (...args) => (counts.singles++, inner.verify(...args)),
    verifyBatch: (items, seed) => ((counts.items += items.length), inner.verifyBatch(items, seed)),
  }
  return { counts, shared: sharedVerifier(bls) }
}

function makeItems(prng: Prng, count: number): SignedMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const secret = modelBlsSigner.secretKeyFrom(prng.bytes(32))
    const message = prng.bytes(32)
    const signature = modelBlsSigner.sign(secret, index % 3 === 0 ? prng.bytes(32) : message)
    return { key: inner.decodeKey(modelBlsSigner.publicKey(secret))!, message, signature }
  })
}

describe('sharedVerifier', () => {
  it('gives the verdicts of the verifier below, alone and in batches, known or not', () => {
    const prng = new Prng('shared')
    const { counts, shared } = counted()
    const items = makeItems(prng, 12)
    const bad = [0, 3, 6, 9]
    for (const { key, message, signature } of items.slice(0, 4)) shared.verify(key, message, signature)
    assert.deepEqual(shared.verifyBatch(items, prng.bytes(32)), bad)
    assert.deepEqual(shared.verifyBatch(items, prng.bytes(32)), bad)
    const verdicts = items.map(({ key, message, signature }) => shared.verify(key, message, signature))
    assert.deepEqual(
      verdicts,
      items.map((_, index) => !bad.includes(index)),
    )
    assert.deepEqual(counts, { singles: 4, items: 8 }, 'each signature is checked once')
  })

  it('takes another message, key or signature for another claim', () => {
    const prng = new Prng('other')
    const { shared } = counted()
    const [, one, two] = makeItems(prng, 3)
    assert.ok(shared.verify(one!.key, one!.message, one!.signature))
    assert.ok(!shared.verify(two!.key, one!.message, one!.signature))
    assert.ok(!shared.verify(one!.key, two!.message, one!.signature))
    assert.ok(!shared.verify(one!.key, one!.message, two!.signature))
  })
})

describe('sharedSigner', () => {
  it('signs as the signer below does, each key and message apart', () => {
    const prng = new Prng('signer')
    const shared = sharedSigner(modelBlsSigner)
    const secrets = [prng.bytes(32), prng.bytes(32)].map((entropy) => shared.secretKeyFrom(entropy))
    const messages = [prng.bytes(32), prng.bytes(32)]
    for (let turn = 0; turn < 2; turn++)
      for (const secret of secrets) {
        assert.deepEqual(shared.publicKey(secret), modelBlsSigner.publicKey(secret))
        for (const message of messages)
          assert.deepEqual(shared.sign(secret, message), modelBlsSigner.sign(secret, message))
      }
  })
})
