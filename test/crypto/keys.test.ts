import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { concatBytes, toHex, u32, u64 } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import {
  credentialOf,
  deviceMessage,
  GENESIS_SIGNING_CHAIN_ID,
  ownerOf,
  possessionMessage,
  revealMessage,
  topicOf,
} from '../../src/crypto/keys.ts'
import { twin } from '../../src/kernels/twin/index.ts'

const prng = new Prng(process.env['SEED'] ?? 'keys')
const sha256 = (...parts: readonly Uint8Array[]) =>
  createHash('sha256')
    .update(concatBytes(...parts))
    .digest()
const tagged = (tag: string, ...parts: readonly Uint8Array[]) => {
  const prefix = sha256(new TextEncoder().encode(tag))
  return sha256(prefix, prefix, ...parts).toString('hex')
}

test('owners, credentials and topics are the digests that §1, §3 and §5 name', () => {
  const [pk, txid] = [prng.bytes(32), prng.bytes(32)]
  assert.equal(toHex(ownerOf(twin, pk)), tagged('stakecube/owner', pk).slice(0, 32))
  assert.equal(toHex(credentialOf(twin, { txid, index: 7 })), tagged('stakecube/credential', txid, u32(7)))
  for (const name of ['energy/north/2026-11-21T12', 'größe', ''])
    assert.equal(toHex(topicOf(twin, name)), sha256(new TextEncoder().encode(name)).toString('hex').slice(0, 16))
})

test('what is signed names its purpose, its chain and its subject', () => {
  const [chainId, owner, key] = [prng.bytes(32), prng.bytes(16), prng.bytes(48)]
  assert.equal(toHex(possessionMessage(twin, chainId, owner, key)), tagged('stakecube/pop', chainId, owner, key))
  const device = key.slice(0, 32)
  const role = Uint8Array.of(2)
  assert.equal(
    toHex(deviceMessage(twin, chainId, owner, device, 2)),
    tagged('stakecube/device', chainId, owner, device, role),
  )
  assert.equal(toHex(revealMessage(twin, chainId, 1n << 40n)), tagged('stakecube/reveal', chainId, u64(1n << 40n)))
  assert.deepEqual(GENESIS_SIGNING_CHAIN_ID, new Uint8Array(32))
})
