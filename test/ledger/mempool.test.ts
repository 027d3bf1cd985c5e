import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex, u64 } from '../../src/base/bytes.ts'
import type { Output, Utxo } from '../../src/chain/output.ts'
import { encodeTx, txid, type Tx } from '../../src/chain/transaction.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { Mempool } from '../../src/ledger/mempool.ts'
import { deviceOf, engine, SMALL_PARAMS, transferTo, walletOf, World, type Wallet } from './ledger-world.ts'

const world = new World('mempool')
const { chain, genesis, wallets } = world
const coin = (wallet: Wallet, ledger: Ledger = genesis): Utxo => world.utxosOf(ledger, wallet.owner)[0]!
const pay = (index: number, feePerByte: bigint, outputs: readonly Output[] = [], topic = 0n): Tx =>
  world.pay(wallets[index]!, coin(wallets[index]!), outputs, feePerByte, { topic: u64(topic), expiry: 6n })
const poolOf = (countMax = 100, bytesMax = 1 << 20) =>
  new Mempool(engine, chain, genesis, world.cache, { countMax, bytesMax })
const codeOf = (result: ReturnType<Mempool['add']>) => (result.kind === 'rejected' ? result.code : 'accepted')
const idOf = (tx: Tx) => txid(engine.kernels, tx.body)

test('the best payers come first and the selection stays within its bytes', () => {
  const pool = poolOf()
  const txs = [pay(0, 2n), pay(1, 9n), pay(2, 5n)]
  for (const tx of txs) assert.equal(codeOf(pool.add(tx)), 'accepted')
  const [low, high, middle] = txs as [Tx, Tx, Tx]
  assert.deepEqual(pool.select(1 << 20), [high, middle, low])
  assert.deepEqual(pool.select(encodeTx(high).length + encodeTx(middle).length), [high, middle])
  assert.equal(
    pool.byteCount,
    txs.reduce((sum, tx) => sum + encodeTx(tx).length, 0),
  )
})

test('a known or invalid transaction does not come in', () => {
  const pool = poolOf()
  const tx = pay(0, 2n)
  assert.equal(codeOf(pool.add(tx)), 'accepted')
  assert.equal(codeOf(pool.add(tx)), 'mempool-known')
  assert.equal(codeOf(pool.add({ ...pay(1, 3n), witnesses: tx.witnesses })), 'tx-witness-owner')
  const broken = pay(2, 3n)
  const witnesses = broken.witnesses.map((witness) => ({ ...witness, signature: new Uint8Array(64) }))
  assert.equal(codeOf(pool.add({ ...broken, witnesses })), 'tx-signature')
  assert.equal(pool.count, 1)
})

test('a clash is won by paying for what it replaces and for itself', () => {
  const pool = poolOf()
  const first = pay(0, 2n)
  pool.add(first)
  assert.equal(codeOf(pool.add(pay(0, 2n, [], 1n))), 'mempool-conflict')
  const better = pay(0, 4n, [], 2n)
  assert.equal(codeOf(pool.add(better)), 'accepted')
  assert.deepEqual([pool.has(idOf(first)), pool.has(idOf(better)), pool.count], [false, true, 1])
})

test('two registrations of one device key do not wait together', () => {
  const pool = poolOf()
  const device = walletOf(world.prng)
  pool.add(pay(0, 2n, [deviceOf(chain.chainId, wallets[0]!.owner, device)]))
  const second = pay(1, 2n, [deviceOf(chain.chainId, wallets[1]!.owner, device)])
  assert.equal(codeOf(pool.add(second)), 'mempool-conflict')
})

test('a full pool lets go of the poorest, and takes none that is poorer', () => {
  const pool = poolOf(2)
  const [poor, rich] = [pay(0, 2n), pay(1, 8n)]
  pool.add(poor)
  pool.add(rich)
  assert.equal(codeOf(pool.add(pay(2, 2n))), 'mempool-full')
  const middle = pay(3, 4n)
  assert.equal(codeOf(pool.add(middle)), 'accepted')
  assert.deepEqual(pool.select(1 << 20), [rich, middle])
  const tight = poolOf(100, SMALL_PARAMS.txBytesMax)
  const wide = Array.from({ length: 60 }, () => transferTo(wallets[5]!.owner, 2_000n))
  for (let index = 0; index < 6; index++) tight.add(pay(index, 2n + BigInt(index), [...wide, ...wide.slice(0, 2)]))
  assert.ok(tight.byteCount <= SMALL_PARAMS.txBytesMax)
  assert.ok(tight.count > 0)
})

test('a block takes out what it holds, what it made invalid, and what expired', () => {
  const pool = poolOf()
  const [included, clashing, waiting] = [pay(0, 2n), pay(1, 2n), pay(2, 2n)]
  for (const tx of [included, clashing, waiting]) pool.add(tx)
  const block = world.build(genesis, { transactions: [included, pay(1, 9n, [], 1n)] })
  const result = world.execute(genesis, block)
  assert.ok(result.kind === 'accepted')
  pool.advance(result.value)
  assert.deepEqual(
    pool.select(1 << 20).map((tx) => toHex(idOf(tx))),
    [toHex(idOf(waiting))],
  )
  let ledger = result.value
  for (let height = 2; height <= 6; height++) {
    ledger = world.next(ledger)
    pool.advance(ledger)
  }
  assert.deepEqual([ledger.header.height, pool.count, pool.byteCount], [6n, 0, 0])
})

test('a pool that missed blocks checks all that wait again', () => {
  const pool = poolOf()
  const [spent, waiting] = [pay(0, 2n), pay(1, 2n)]
  pool.add(spent)
  pool.add(waiting)
  const far = world.advance(world.next(genesis, { transactions: [pay(0, 9n, [], 1n)] }), 2)
  pool.advance(far)
  assert.deepEqual(pool.select(1 << 20), [waiting])
})
