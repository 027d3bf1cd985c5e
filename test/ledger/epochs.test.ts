/** Epochs, rewards, conservation of money, restart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bitAt, concatBytes, isZero, toHex, u32 } from '../../src/base/bytes.ts'
import { encodeCert } from '../../src/chain/certificate.ts'
import { KIND, type Utxo } from '../../src/chain/output.ts'
import { epochOf } from '../../src/chain/params.ts'
import type { Tx } from '../../src/chain/transaction.ts'
import { credentialOf } from '../../src/crypto/keys.ts'
import { auditCommittee } from '../../src/cube/audit.ts'
import {
  decodeUtxo,
  encodeEpochs,
  encodeTip,
  encodeUtxo,
  restoreLedger,
  restoreSnapshot,
  snapshotLedger,
  type StoredLedger,
} from '../../src/ledger/ledger-store.ts'
import { committeeOf, executeBlock, totalAmount, unaccounted, type Ledger } from '../../src/ledger/ledger.ts'
import { rewardTxid } from '../../src/ledger/rewards.ts'
import { engine, SMALL_PARAMS, stakeOf, transferTo, unbondingOf, validatorOf, World } from './ledger-world.ts'

const { kernels } = engine
const L = SMALL_PARAMS.epochLength

test('[DRAW-1] stake made in epoch s is first drawn in epoch s+3, and spent in s keeps its seats through s+2', () => {
  const world = new World('draws')
  const [wallet] = world.wallets
  const validator = validatorOf(world.prng)
  const [spender] = world.validators
  const holds = (ledger: Ledger, epoch: number, blsPk: Uint8Array) =>
    committeeOf(ledger, epoch)!.seatKeys.some(({ bytes }) => toHex(bytes) === toHex(blsPk))
  const stakeAt = (ledger: Ledger, epoch: number) => ledger.epochs.find((record) => record.epoch === epoch)!.draw.stake

  const [stake] = world.utxosOf(world.genesis, spender!.owner, KIND.stake) as [Utxo]
  const purse = world.utxosOf(world.genesis, spender!.owner)[0]!
  const unstake = world.sign([spender!, spender!], {
    inputs: [stake.outpoint, purse.outpoint],
    outputs: [unbondingOf(SMALL_PARAMS, stake, 1n), transferTo(spender!.owner, purse.output.amount - 10_000n)],
  })
  const coin = world.utxosOf(world.genesis, wallet!.owner)[0]!
  const add = world.pay(wallet!, coin, [stakeOf(world.chain.chainId, validator, 50_000_000n)])
  let ledger = world.next(world.genesis, { transactions: [unstake, add] })
  const before = 4n * 5_000_000n
  const afterwards = before - 5_000_000n + 50_000_000n
  for (let epoch = 0; epoch <= 2; epoch++) {
    if (epoch > 0) ledger = world.advance(ledger, L * epoch - Number(ledger.header.height))
    assert.equal(epochOf(ledger.header.height, SMALL_PARAMS), epoch)
    assert.equal(stakeAt(ledger, epoch + 1), epoch < 2 ? before : afterwards, `stake of epoch ${epoch + 1}`)
    const committee = committeeOf(ledger, epoch + 1)!
    assert.equal(auditCommittee(engine, SMALL_PARAMS, committee.committee, committee.root).kind, 'accepted')
    assert.equal(holds(ledger, epoch + 1, validator.blsPk), epoch === 2)
    if (epoch === 2) assert.ok(!holds(ledger, epoch + 1, spender!.blsPk))
  }
})

test('[DRAW-1] the seed that draws epoch e is the one after the last block of epoch e−2', () => {
  const world = new World('seeds')
  const seeds: Uint8Array[] = [world.genesis.header.seed]
  let ledger = world.genesis
  for (let height = 1; height <= 3 * L; height++) {
    ledger = world.next(ledger)
    seeds.push(ledger.header.seed)
  }
  for (const { epoch, draw } of ledger.epochs)
    assert.equal(toHex(draw.seed), toHex(seeds[epoch <= 1 ? 0 : (epoch - 1) * L - 1]!), `epoch ${epoch}`)
  assert.equal(ledger.epochs.at(-1)!.epoch, 4)
})

test('[REW-1] each credential is paid by its set bits, and bits left out are burnt', () => {
  const world = new World('rewards')
  let ledger = world.genesis
  const bits = new Map<string, number>()
  let certs = 0
  let fees = 0n
  const [wallet, other] = world.wallets
  for (let height = 1; height < 2 * L; height++) {
    const cert = height > 1 ? world.certify(ledger, ledger, height % 3 === 0 ? [1, 2, 5] : []) : undefined
    if (cert !== undefined && height >= L) {
      certs++
      const members = committeeOf(ledger, epochOf(cert.height, SMALL_PARAMS))!.committee.shards.flatMap(
        (s) => s.members,
      )
      for (const [seat, { credential }] of members.entries())
        if (bitAt(cert.bitmap, seat) === 1) bits.set(toHex(credential), (bits.get(toHex(credential)) ?? 0) + 1)
    }
    const tx = world.pay(wallet!, world.utxosOf(ledger, wallet!.owner)[0]!, [transferTo(other!.owner, 2_000n)], 3n)
    if (height >= L) fees += feeOf(ledger, tx)
    ledger = world.next(ledger, {
      transactions: [tx],
      ...(cert === undefined ? {} : { parentCert: encodeCert(cert) }),
    })
  }
  assert.equal(certs, L)
  assert.equal(ledger.rewards.fees, fees)
  const paid = world.next(ledger)
  const total = fees + SMALL_PARAMS.blockReward * BigInt(L)
  const txid = rewardTxid(kernels, world.chain.chainId, 1)
  const stakes = [...world.genesis.outputs.stakes.values()]
  const expected = [...bits.keys()].sort().map((id, index) => {
    const stake = stakes.find(({ outpoint }) => toHex(credentialOf(kernels, outpoint)) === id)!
    const amount = (total * BigInt(bits.get(id)!)) / BigInt(16 * L)
    const output = { kind: KIND.transfer, amount, owner: stake.output.owner, data: new Uint8Array(0) }
    return { outpoint: { txid, index }, createdHeight: BigInt(2 * L), output }
  })
  assert.deepEqual(paid.delta.created, expected)
  assert.equal(
    paid.money.burnt - ledger.money.burnt,
    total - expected.reduce((sum, { output }) => sum + output.amount, 0n),
  )
  assert.equal(unaccounted(paid), 0n)
})

const feeOf = (ledger: Ledger, tx: Tx): bigint => {
  const into = tx.body.inputs.map((input) => ledger.outputs.byOutpoint.get(concatBytes(input.txid, u32(input.index)))!)
  return (
    into.reduce((sum, { output }) => sum + output.amount, 0n) -
    tx.body.outputs.reduce((sum, { amount }) => sum + amount, 0n)
  )
}

test('rewards stop before genesis amounts and all rewards ever reach 2^63', () => {
  const world = new World('supply', { ...SMALL_PARAMS, blockReward: 1n << 55n, epochLength: 2 })
  const near: Ledger = { ...world.genesis, money: { issued: (1n << 63n) - (2n << 55n), burnt: 0n } }
  assert.equal(world.advance(near, 2).money.issued, near.money.issued)
  const below: Ledger = { ...near, money: { issued: near.money.issued - 1n, burnt: 0n } }
  assert.equal(world.advance(below, 2).money.issued, (1n << 63n) - 1n)
})

test('when all stake has gone the next committee root is zero and the chain stops', () => {
  const params = { ...SMALL_PARAMS, epochLength: 1, trustPeriodMs: 1000 }
  const world = new World('stopped', params)
  const unstake = world.validators.map((validator) => {
    const [stake] = world.utxosOf(world.genesis, validator.owner, KIND.stake) as [Utxo]
    const [purse] = world.utxosOf(world.genesis, validator.owner) as [Utxo]
    return world.sign([validator, validator], {
      inputs: [stake.outpoint, purse.outpoint],
      outputs: [unbondingOf(params, stake, 1n), transferTo(validator.owner, purse.output.amount - 10_000n)],
    })
  })
  let ledger = world.next(world.genesis, { transactions: unstake })
  assert.equal(ledger.outputs.stakes.size, 0)
  while (!isZero(ledger.header.nextCommitteeRoot)) ledger = world.next(ledger)
  assert.equal(ledger.header.height, 3n)
  const block = world.build(ledger)
  const result = world.execute(ledger, block)
  assert.equal(result.kind === 'rejected' && result.code, 'block-committee-none')
})

/** A store as the node keeps it: follows deltas. */
class MemoryStore {
  readonly utxos = new Map<string, Uint8Array>()
  readonly hashes: Uint8Array[] = []
  tip: Uint8Array = new Uint8Array(0)
  epochs: Uint8Array = new Uint8Array(0)

  save(ledger: Ledger): void {
    const name = (txid: Uint8Array, index: number) => `${toHex(txid)}${index}`
    for (const { txid, index } of ledger.delta.spent) this.utxos.delete(name(txid, index))
    for (const utxo of ledger.delta.created)
      this.utxos.set(name(utxo.outpoint.txid, utxo.outpoint.index), encodeUtxo(utxo))
    if (ledger.delta.epochsChanged) this.epochs = encodeEpochs(kernels, ledger)
    this.tip = encodeTip(kernels, ledger)
    this.hashes.push(ledger.hash)
  }

  stored(): StoredLedger {
    const utxos = [...this.utxos.values()].map((bytes) => {
      const utxo = decodeUtxo(bytes)
      assert.ok(utxo.kind === 'accepted')
      return utxo.value
    })
    return { tip: this.tip, epochs: this.epochs, utxos, headerHashes: this.hashes.slice(0, -1) }
  }
}

test('a random chain accounts for all money, follows its deltas, and goes on the same after every restart', () => {
  const world = new World(process.env['SEED'] ?? 'random-chain')
  const { prng } = world
  const store = new MemoryStore()
  let ledger = world.genesis
  store.save(ledger)
  for (let height = 1; height <= 3 * L + 2; height++) {
    const transactions = world.wallets
      .filter(() => prng.chance(0.5))
      .flatMap((wallet) => {
        const coins = world.utxosOf(ledger, wallet.owner)
        const target = prng.pick([...world.wallets, ...world.validators]).owner
        const coin = coins[0]
        return coin === undefined || coin.output.amount < 1_000_000n
          ? []
          : [
              world.pay(
                wallet,
                coin,
                [transferTo(target, BigInt(prng.below(500_000) + 1_000))],
                BigInt(1 + prng.below(5)),
              ),
            ]
      })
    const block = world.build(ledger, { transactions })
    assert.equal(block.header.txCount, transactions.length)
    const next = world.execute(ledger, block)
    assert.ok(next.kind === 'accepted')
    ledger = next.value
    store.save(ledger)
    const entries = [...ledger.outputs.tree.leaves()].map(({ key, value }) => concatBytes(key, value))
    assert.equal(toHex(ledger.header.stateRoot), toHex(kernels.stateRoot(concatBytes(...entries), 0)))
    assert.equal(unaccounted(ledger), 0n)
    assert.ok(totalAmount(ledger) <= ledger.money.issued)

    const whole = restoreSnapshot(engine, world.chain, snapshotLedger(kernels, ledger))
    assert.ok(whole.kind === 'accepted' && toHex(whole.value.hash) === toHex(ledger.hash))
    assert.deepEqual(snapshotLedger(kernels, whole.value).slice(0, 2), snapshotLedger(kernels, ledger).slice(0, 2))
    const restored = restoreLedger(engine, world.chain, store.stored())
    assert.ok(
      restored.kind === 'accepted',
      JSON.stringify(restored, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
    )
    const following = world.build(ledger)
    const [here, there] = [ledger, restored.value].map((from) =>
      executeBlock(engine, world.chain, from, following, world.cache),
    )
    assert.ok(here!.kind === 'accepted' && there!.kind === 'accepted')
    assert.deepEqual(encodeTip(kernels, there!.value), encodeTip(kernels, here!.value))
    assert.deepEqual(there!.value.hash, here!.value.hash)
  }
})

test('a store that lost or changed something is named, never believed', () => {
  const world = new World('damaged')
  const store = new MemoryStore()
  let ledger = world.genesis
  store.save(ledger)
  for (let height = 1; height <= 5; height++) {
    ledger = world.next(ledger)
    store.save(ledger)
  }
  const good = store.stored()
  const codeOf = (change: Partial<StoredLedger>) => {
    const result = restoreLedger(engine, world.chain, { ...good, ...change })
    return result.kind === 'rejected' ? result.code : 'accepted'
  }
  const flip = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
  assert.equal(codeOf({}), 'accepted')
  assert.equal(codeOf({ utxos: good.utxos.slice(1) }), 'restore-state')
  assert.equal(codeOf({ utxos: [...good.utxos, good.utxos[0]!] }), 'restore-state')
  assert.equal(codeOf({ headerHashes: store.hashes }), 'restore-history')
  assert.equal(codeOf({ headerHashes: store.hashes.slice(1) }), 'restore-history')
  for (const which of ['tip', 'epochs'] as const) {
    assert.equal(codeOf({ [which]: good[which].slice(0, -1) }), 'restore-checksum')
    assert.equal(codeOf({ [which]: flip(good[which], 1) }), 'restore-version')
    assert.equal(codeOf({ [which]: new Uint8Array(0) }), 'restore-version')
    for (let at = 2; at < good[which].length; at += 41)
      assert.equal(codeOf({ [which]: flip(good[which], at) }), 'restore-checksum')
  }
  const parts = snapshotLedger(kernels, ledger)
  for (let missing = 0; missing < parts.length; missing++)
    assert.equal(restoreSnapshot(engine, world.chain, parts.toSpliced(missing, 1)).kind, 'rejected')
  assert.equal(restoreSnapshot(engine, world.chain, []).kind, 'rejected')
  assert.equal(restoreSnapshot(engine, world.chain, [...parts, Uint8Array.of(2)]).kind, 'rejected')
  const sealed = (bytes: Uint8Array) => concatBytes(bytes, kernels.sha256(bytes))
  assert.equal(codeOf({ tip: sealed(good.tip.slice(0, -40)) }), 'restore-decode')
  const other = new World('another')
  assert.equal(codeOf({ epochs: encodeEpochs(kernels, other.advance(other.genesis, 5)) }), 'restore-committee')
})
