import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { SecretKey } from '@chainsafe/blst'
import { hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'

const VECTORS = new URL('../../../shared/vectors/model/', import.meta.url)
const vectors = (file: string): Record<string, string>[] =>
  JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8')).cases

describe('nobleBlsSigner', () => {
  it('derives the same secret keys, public keys and signatures as blst', () => {
    const prng = new Prng('bls-signer')
    for (let index = 0; index < 10; index++) {
      const entropy = prng.bytes(32 + prng.below(40))
      const message = prng.bytes(32)
      const oracle = SecretKey.fromKeygen(entropy)
      const secretKey = nobleBlsSigner.secretKeyFrom(entropy)
      assert.equal(toHex(secretKey), oracle.toHex().replace('0x', ''))
      assert.deepEqual(nobleBlsSigner.publicKey(secretKey), new Uint8Array(oracle.toPublicKey().toBytes()))
      assert.deepEqual(nobleBlsSigner.sign(secretKey, message), new Uint8Array(oracle.sign(message).toBytes()))
    }
  })

  it('makes the shared votes and proofs of possession', { skip: !existsSync(VECTORS) }, () => {
    for (const { secretKey, blsPk, message, signature } of vectors('vote.json')) {
      assert.equal(toHex(nobleBlsSigner.publicKey(hex(secretKey!))), blsPk)
      assert.equal(toHex(nobleBlsSigner.sign(hex(secretKey!), hex(message!))), signature)
    }
    for (const { secretKey, message, popSig, valid } of vectors('pop.json').slice(0, 20))
      if (valid) assert.equal(toHex(nobleBlsSigner.provePossession(hex(secretKey!), hex(message!))), popSig)
  })

  it('asserts on secret keys, messages and entropy of the wrong size', () => {
    const good = nobleBlsSigner.secretKeyFrom(new Uint8Array(32))
    assert.throws(() => nobleBlsSigner.publicKey(good.subarray(1)), /secretKey must be 32 bytes/)
    assert.throws(() => nobleBlsSigner.sign(good, new Uint8Array(31)), /message must be 32 bytes/)
    assert.throws(() => nobleBlsSigner.secretKeyFrom(new Uint8Array(31)), /entropy must be ≥ 32 bytes/)
    assert.throws(() => nobleBlsSigner.sign(new Uint8Array(32), new Uint8Array(32)), 'zero is no secret key')
  })
})
