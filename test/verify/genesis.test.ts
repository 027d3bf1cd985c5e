import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, isZero, toHex } from '../../src/base/bytes.ts'
import { encodeDeviceData } from '../../src/chain/output-data.ts'
import { KIND, type Output } from '../../src/chain/output.ts'
import { chainIdOf, genesisSeed } from '../../src/chain/spec.ts'
import { ed25519PublicKey, ed25519Sign } from '../../src/crypto/ed25519.ts'
import { deviceMessage, GENESIS_SIGNING_CHAIN_ID } from '../../src/crypto/keys.ts'
import { auditCommittee } from '../../src/cube/audit.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { StateTree } from '../../src/proofs/state-tree.ts'
import { genesis, verifyGenesis } from '../../src/verify/genesis.ts'
import { ModelChain, quickEngine } from './model-chain.ts'

const engine = await quickEngine()
const { spec } = new ModelChain({ engine, height: 0 })

test('the genesis block is as §2 says: no parent, no transactions, the seed of the chain, its outputs as state', () => {
  const { chainId, header, utxos, credentials } = genesis(engine, spec)
  assert.ok(equalBytes(chainId, chainIdOf(engine.kernels, spec)))
  assert.deepEqual([header.height, header.round, header.txCount, header.timeMs], [0n, 0, 0, spec.genesisTimeMs])
  assert.ok(isZero(header.parent) && isZero(header.parentCertHash))
  assert.ok(equalBytes(header.seed, genesisSeed(engine.kernels, chainId)))
  const emptyRoot = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  assert.deepEqual([toHex(header.txRoot), toHex(header.historyRoot)], [emptyRoot, emptyRoot])
  const tree = StateTree.of(engine.kernels, utxos)
  assert.ok(tree.kind === 'accepted' && equalBytes(tree.value.root, header.stateRoot))
  for (const [index, { outpoint, createdHeight }] of utxos.entries())
    assert.ok(equalBytes(outpoint.txid, chainId) && outpoint.index === index && createdHeight === 0n)
  assert.ok(credentials.every(({ firstEpoch }) => firstEpoch === 0))
})

test('the committees of epochs 0 and 1 are those that the header vouches for, and pass the audit', () => {
  const { header, committees } = genesis(engine, spec)
  const roots = [header.committeeRoot, header.nextCommitteeRoot]
  for (const [epoch, committee] of committees.entries()) {
    assert.equal(committee.head.epoch, epoch)
    assert.equal(auditCommittee(engine, spec.params, committee, roots[epoch]!).kind, 'accepted')
  }
})

test('every kernel makes the same genesis', async () => {
  const expected = toHex(genesis(engine, spec).hash)
  for (const prefer of ['scalar', 'simd'] as const)
    assert.equal(toHex(genesis({ ...engine, kernels: await loadKernels({ prefer }) }, spec).hash), expected)
})

test('[TX-1] a device in genesis is accepted with a signature over 32 zero bytes for the chain, and with no other', () => {
  const secret = new Uint8Array(32).fill(5)
  const [deviceKey, owner] = [ed25519PublicKey(secret), new Uint8Array(16).fill(6)]
  const registered = (chainId: Uint8Array) => {
    const deviceSig = ed25519Sign(secret, deviceMessage(engine.kernels, chainId, owner, deviceKey, 1))
    const data = encodeDeviceData({ deviceKey, role: 1, deviceSig, metadata: new Uint8Array(3) })
    const output: Output = { kind: KIND.device, amount: 0n, owner, data }
    return verifyGenesis(engine, { ...spec, outputs: [...spec.outputs, output] })
  }
  assert.equal(registered(GENESIS_SIGNING_CHAIN_ID).kind, 'accepted')
  const copied = registered(new Uint8Array(32).fill(1))
  assert.ok(copied.kind === 'rejected' && copied.code === 'genesis-device')
})
