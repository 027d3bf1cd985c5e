import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { SecretKey } from '@chainsafe/blst'
import { sha256 } from '@noble/hashes/sha2.js'
import { Prng } from '../../src/base/prng.ts'
import type { BlsKey, BlsVerifier, SignedMessage } from '../../src/crypto/bls-contract.ts'
import { blsKernelBytes, createBlsMachine, createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { loadBls } from '../../src/crypto/bls-kernel/load.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { describeBlsVerifier } from './bls-verifier-suite.ts'

describeBlsVerifier('kernel', () => createKernelBls(), { caseCount: 200 })

const SEED = process.env['BLS_SEED'] ?? 'bls-kernel'

describe(`tables of the BLS kernel (BLS_SEED=${SEED})`, () => {
  const prng = new Prng(SEED)
  const secretKeys = Array.from({ length: 40 }, () => SecretKey.fromKeygen(prng.bytes(32)))
  let bls: BlsVerifier
  let keys: BlsKey[]
  before(async () => {
    bls = await createKernelBls()
    keys = secretKeys.map((secretKey) => bls.decodeKey(secretKey.toPublicKey().toBytes())!)
  })

  /** Item i is signed by key i mod 40; its message is i mod `messageCount`. */
  const itemsOf = (count: number, messageCount: number): SignedMessage[] =>
    Array.from({ length: count }, (_, index) => {
      const message = new Uint8Array(32).fill(1 + (index % messageCount))
      const which = index % keys.length
      return { key: keys[which]!, message, signature: secretKeys[which]!.sign(message).toBytes() }
    })

  it('keeps keys and sums usable after more keys than its table holds have come and gone', async () => {
    const machine = await createBlsMachine()
    const message = new Uint8Array(32).fill(3)
    const signatures = secretKeys.slice(0, 3).map((secretKey) => secretKey.sign(message).toBytes())
    const sum = bls.sumKeys(keys.slice(0, 3).map((key) => ({ key, times: 1 })))!
    const sumOfSignatures = bls.sumSignatures(signatures.map((signature) => ({ signature, times: 1 })))!
    // A new sum pushes out older sums; a new key, here decoded from one, pushes out older keys.
    for (let round = 0; round < machine.keyCountMax; round++)
      assert.ok(bls.decodeKey(bls.sumKeys([{ key: keys[39]!, times: 2 + round }])!.bytes))
    assert.ok(bls.verify(keys[0]!, message, signatures[0]!))
    assert.ok(bls.verify(sum, message, sumOfSignatures))
    assert.equal(bls.verify(sum, message, signatures[0]!), false)
    assert.deepEqual(
      bls.subtractKeys(sum, [
        { key: keys[1]!, times: 1 },
        { key: keys[2]!, times: 1 },
      ])!.bytes,
      keys[0]!.bytes,
    )
  })

  it('sums more keys than its table holds', async () => {
    const { keyCountMax } = await createBlsMachine()
    const count = keyCountMax + 50
    const many = Array.from({ length: count }, (_, index) => ({ key: keys[index % 40]!, times: 1 }))
    const weighted = keys.map((key, index) => ({
      key,
      times: Math.floor(count / 40) + (index < count % 40 ? 1 : 0),
    }))
    assert.deepEqual(bls.sumKeys(many)!.bytes, bls.sumKeys(weighted)!.bytes)
  })

  it('verifies a certificate of more seats than its table holds keys', async () => {
    const { keyCountMax } = await createBlsMachine()
    const count = keyCountMax + 8
    const seats = Array.from({ length: count }, (_, index) => keys[index % 40]!)
    const bitmap = new Uint8Array(count / 8)
    bitmap[0] = 0b1100_0000
    const message = prng.bytes(32)
    const parts = secretKeys
      .slice(0, 2)
      .map((secretKey) => ({ signature: secretKey.sign(message).toBytes(), times: 1 }))
    const signature = bls.sumSignatures(parts)!
    assert.equal(bls.verifySeats({ seats: { keys: seats }, bitmap, message, signature }), 'valid')
    assert.deepEqual(
      bls.sumSeats({ keys: seats }, bitmap)!.bytes,
      bls.sumKeys(keys.slice(0, 2).map((key) => ({ key, times: 1 })))!.bytes,
    )
  })

  it('verifies batches with more messages than one Miller loop takes and more items than one combination takes', () => {
    const batch = itemsOf(300, 130)
    assert.deepEqual(bls.verifyBatch(batch, prng.bytes(32)), [])
    const spoilt = batch.map((item, index) =>
      [0, 77, 239, 240, 299].includes(index) ? { ...item, signature: batch[(index + 1) % 300]!.signature } : item,
    )
    assert.deepEqual(bls.verifyBatch(spoilt, prng.bytes(32)), [0, 77, 239, 240, 299])
  })

  it('takes a compiled module, and its memory cannot grow', async () => {
    const module = await WebAssembly.compile(await blsKernelBytes())
    const other = await createKernelBls({ module })
    assert.ok(other.decodeKey(keys[0]!.bytes))
    const { exports } = await WebAssembly.instantiate(module)
    assert.deepEqual(WebAssembly.Module.imports(module), [])
    assert.throws(() => (exports['memory'] as WebAssembly.Memory).grow(1), RangeError)
  })

  it('gives way to noble where the engine has no WebAssembly', async () => {
    const { WebAssembly: engine } = globalThis
    assert.equal((await loadBls({ sha256 })).engine, 'kernel')
    assert.equal((await loadBls({ sha256, prefer: 'noble' })).engine, 'noble')
    try {
      Reflect.deleteProperty(globalThis, 'WebAssembly')
      assert.equal((await loadBls({ sha256 })).engine, 'noble')
    } finally {
      Object.defineProperty(globalThis, 'WebAssembly', { value: engine, configurable: true, writable: true })
    }
  })

  it('asserts on a key of another verifier', async () => {
    const other = await createKernelBls()
    const message = new Uint8Array(32)
    assert.throws(() => other.verify(keys[0]!, message, new Uint8Array(96)), /key must come from this verifier/)
  })

  it('gives no wrong verdict when hostile input comes between good input', () => {
    const secretKey = nobleBlsSigner.secretKeyFrom(prng.bytes(32))
    const key = bls.decodeKey(nobleBlsSigner.publicKey(secretKey))!
    const message = prng.bytes(32)
    const signature = nobleBlsSigner.sign(secretKey, message)
    for (let round = 0; round < 100; round++) {
      bls.decodeKey(prng.bytes(48))
      bls.isSignature(prng.bytes(96))
      bls.sumSignatures([
        { signature, times: 1 },
        { signature: prng.bytes(96), times: 1 },
      ])
      bls.verifyBatch([{ key, message, signature: prng.bytes(96) }], prng.bytes(32))
      if (round % 10 === 0) assert.ok(bls.verify(key, message, signature))
    }
  })
})
