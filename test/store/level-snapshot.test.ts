import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSnapshot, decodeSnapshot } from '../../src/store/level-snapshot.ts'
import { makeDevnet } from '../../src/node/devnet-config.ts'
import { createNodeEngine } from '../../src/node/engine.ts'
import { buildBlock, executeBlock, genesisLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { encodeBlock } from '../../src/chain/block.ts'
import { encodeCert } from '../../src/chain/certificate.ts'
import { chainIdOf } from '../../src/chain/spec.ts'
import { equalBytes } from '../../src/base/bytes.ts'
import { isCorruption } from '../../src/store/level-db.ts'

const engine = await createNodeEngine()
const { spec } = makeDevnet(engine, 3, 1_700_000_000_000, { epochLength: 4 })
const chain = { params: spec.params, chainId: chainIdOf(engine.kernels, spec) }

/** Without certificates a chain can be built up to height 1: block 2 needs one of block 1. */
function ledgerAtOne(): Ledger {
  const genesis = genesisLedger(engine, spec)
  const plan = { round: 0, timeMs: genesis.header.timeMs + 1000n, reveal: new Uint8Array(96).fill(1) }
  const block = buildBlock(engine, chain, genesis, { ...plan, parentCert: new Uint8Array(0), transactions: [] })
  const result = executeBlock(engine, chain, genesis, block)
  assert.ok(result.kind === 'accepted', result.kind === 'rejected' ? result.code : '')
  return result.value
}

/** The next block with all seats in the parent's certificate: rewards and committees go into its header. */
function nextBlock(ledger: Ledger): Uint8Array {
  const bitmap = new Uint8Array(7).fill(255)
  bitmap[6] = 128
  const cert = { height: 1n, round: 0, blockHash: ledger.hash, bitmap, signature: new Uint8Array(96) }
  const plan = { round: 0, timeMs: ledger.header.timeMs + 1000n, reveal: new Uint8Array(96).fill(2) }
  return encodeBlock(buildBlock(engine, chain, ledger, { ...plan, parentCert: encodeCert(cert), transactions: [] }))
}

test('a ledger comes back from its snapshot: same roots, same epochs, same next block', () => {
  const ledger = ledgerAtOne()
  const again = decodeSnapshot(engine, chain.params, encodeSnapshot(ledger))
  assert.deepEqual(again.header, ledger.header)
  assert.ok(equalBytes(again.hash, ledger.hash))
  assert.deepEqual(again.money, ledger.money)
  assert.deepEqual(again.rewards, ledger.rewards)
  assert.deepEqual(
    again.epochs.map(({ epoch, draw, root, owners }) => ({ epoch, draw, root, owners })),
    ledger.epochs.map(({ epoch, draw, root, owners }) => ({ epoch, draw, root, owners })),
  )
  assert.deepEqual(
    again.stakeEnds.map(({ epoch, stakes }) => [epoch, stakes.size]),
    ledger.stakeEnds.map(({ epoch, stakes }) => [epoch, stakes.size]),
  )
  assert.equal(again.outputs.stakes.size, ledger.outputs.stakes.size)
  assert.deepEqual(nextBlock(again), nextBlock(ledger))
})

test('a snapshot whose outputs were changed, or that is cut short, is refused; another header has another hash', () => {
  const ledger = ledgerAtOne()
  const [part] = encodeSnapshot(ledger)
  const changedAt = (at: number): Uint8Array => {
    const changed = part!.slice()
    changed[at]! ^= 1
    return changed
  }
  for (const at of [340, 400, 1000])
    assert.throws(() => decodeSnapshot(engine, chain.params, [changedAt(at)]), isCorruption, `byte ${at}`)
  assert.throws(() => decodeSnapshot(engine, chain.params, [part!.subarray(0, part!.length - 1)]), isCorruption)
  const other = decodeSnapshot(engine, chain.params, [changedAt(50)])
  assert.ok(!equalBytes(other.hash, ledger.hash))
})
