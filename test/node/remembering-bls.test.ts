import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner as signer } from '../../src/crypto/bls-signer.ts'
import { RememberingBls } from '../../src/node/remembering-bls.ts'

const secret = (byte: number): Uint8Array => signer.secretKeyFrom(new Uint8Array(32).fill(byte))
const MESSAGE = new Uint8Array(32).fill(7)
const SEED = new Uint8Array(32).fill(9)

function setUp() {
  const bls = new RememberingBls(createNobleBls())
  const keys = [1, 2].map((byte) => bls.decodeKey(signer.publicKey(secret(byte)))!)
  const signatures = [1, 2].map((byte) => signer.sign(secret(byte), MESSAGE))
  return { bls, key: keys[0]!, other: keys[1]!, signature: signatures[0]!, forged: signatures[1]! }
}

test('what held once costs no second pairing, singly or in a batch', () => {
  const { bls, key, signature } = setUp()
  assert.equal(bls.verify(key, MESSAGE, signature), true)
  const after = bls.pairingCount
  assert.ok(after > 0)
  assert.equal(bls.verify(key, MESSAGE, signature), true)
  assert.deepEqual(bls.verifyBatch([{ key, message: MESSAGE, signature }], SEED), [])
  assert.equal(bls.pairingCount, after)
})

test('what did not hold is asked again and stays wrong; a remembered signature vouches for no other key or message', () => {
  const { bls, key, other, signature, forged } = setUp()
  for (let time = 0; time < 2; time++) assert.equal(bls.verify(key, MESSAGE, forged), false)
  assert.equal(bls.verify(key, MESSAGE, signature), true)
  assert.equal(bls.verify(other, MESSAGE, signature), false)
  assert.equal(bls.verify(key, new Uint8Array(32), signature), false)
})

test('a batch names the bad ones by their own index, with remembered ones before and between', () => {
  const { bls, key, other, signature, forged } = setUp()
  bls.verify(key, MESSAGE, signature)
  const good = { key, message: MESSAGE, signature }
  const bad = { key, message: MESSAGE, signature: forged }
  const alsoGood = { key: other, message: MESSAGE, signature: forged }
  assert.deepEqual(bls.verifyBatch([good, bad, good, alsoGood, bad], SEED), [1, 4])
  const before = bls.pairingCount
  assert.deepEqual(bls.verifyBatch([good, alsoGood], SEED), [])
  assert.equal(bls.pairingCount, before)
})

test('a remembered sum is a copy of its own', () => {
  const { bls, signature, forged } = setUp()
  const terms = [
    { signature, times: 3 },
    { signature: forged, times: 1 },
  ]
  const first = bls.sumSignatures(terms)!
  const expected = first.slice()
  first.fill(0)
  bls.sumSignatures(terms)!.fill(0)
  assert.deepEqual(bls.sumSignatures(terms), expected)
  assert.notDeepEqual(bls.sumSignatures([{ signature, times: 1 }]), expected)
})
