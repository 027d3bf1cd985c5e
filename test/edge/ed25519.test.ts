/** What stands in for the curve library in the edge file answers as that library does. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { ed25519 as reference } from '@noble/curves/ed25519.js'
import { Prng } from '../../src/base/prng.ts'
import { verifiesOver } from '../../src/crypto/ed25519-rule.ts'
import { ed25519 } from '../../src/edge/ed25519.ts'

const seed = Date.now()
console.log(`edge ed25519 seed ${seed}`)
const prng = new Prng(seed)

test('keys and signatures are those of the library, for messages of any length, and verify by the rule over its points', () => {
  for (let round = 0; round < 100; round++) {
    const secret = prng.bytes(32)
    const message = prng.bytes(prng.below(300))
    const key = ed25519.getPublicKey(secret)
    const signature = ed25519.sign(message, secret)
    deepEqual(key, reference.getPublicKey(secret))
    deepEqual(signature, reference.sign(message, secret))
    equal(verifiesOver(ed25519.Point, key, message, signature), true)
    signature[prng.below(64)]! ^= 1 << prng.below(8)
    equal(verifiesOver(ed25519.Point, key, message, signature), false)
  }
})

test('a secret key of a wrong length is refused', () => {
  for (const length of [0, 31, 33, 64]) throws(() => ed25519.getPublicKey(new Uint8Array(length)), /32 bytes/)
})
