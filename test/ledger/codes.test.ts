/** Every rule of the ledger is broken once, and answers with its own code. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { hex, u64 } from '../../src/base/bytes.ts'
import { sentence } from '../../src/base/sentence.ts'
import type { Block, Body } from '../../src/chain/block.ts'
import { encodeCert } from '../../src/chain/certificate.ts'
import type { Header } from '../../src/chain/header.ts'
import { encodeDeviceData, encodeEscrowData } from '../../src/chain/output-data.ts'
import { KIND, type Output, type Utxo } from '../../src/chain/output.ts'
import { epochOf, unbondingEpochs } from '../../src/chain/params.ts'
import { encodeTx, type Tx } from '../../src/chain/transaction.ts'
import { BLOCK_SENTENCES, TX_SENTENCES } from '../../src/ledger/ledger-codes.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import {
  deviceOf,
  engine,
  nowhere,
  SMALL_PARAMS,
  stakeOf,
  transferTo,
  unbondingOf,
  validatorOf,
  walletOf,
  World,
} from './ledger-world.ts'

const world = new World('codes')
const { chain, genesis, prng } = world
const [alice, bob, carol] = world.wallets as [
  (typeof world.wallets)[0],
  (typeof world.wallets)[0],
  (typeof world.wallets)[0],
]
const device = walletOf(prng)
const caused = new Set<string>()

const coinOf = (ledger: Ledger, owner: Uint8Array) => world.utxosOf(ledger, owner)[0]!
const aliceCoin = coinOf(genesis, alice.owner)

/** A block with exactly these transactions, in this order, whether they are valid or not. */
function blockOf(
  ledger: Ledger,
  transactions: readonly Tx[],
  header: Partial<Header> = {},
  body: Partial<Body> = {},
): Block {
  const built = world.build(ledger)
  return { header: { ...built.header, ...header }, body: { ...built.body, transactions, ...body } }
}

function expectCode(ledger: Ledger, block: Block, code: string): void {
  const result = world.execute(ledger, block)
  assert.equal(result.kind === 'rejected' ? result.code : 'accepted', code)
  caused.add(code)
  const template = { ...TX_SENTENCES, ...BLOCK_SENTENCES }[code as keyof typeof TX_SENTENCES] as string | undefined
  if (template !== undefined && result.kind === 'rejected')
    assert.doesNotMatch(sentence(template, result.operands), /unknown/)
}
const expectTx = (ledger: Ledger, tx: Tx, code: string) => expectCode(ledger, blockOf(ledger, [tx]), code)

/** A payment of all of alice's coin with a fee of 10 000. */
function spend(change: Parameters<typeof world.sign>[1] extends infer T ? Partial<T> : never, wallet = alice): Tx {
  const outputs = [transferTo(bob.owner, aliceCoin.output.amount - 10_000n)]
  return world.sign([wallet], { inputs: [aliceCoin.outpoint], outputs, ...change })
}
const spendInto = (outputs: readonly Output[]) => {
  const paid = outputs.reduce((sum, { amount }) => sum + amount, 0n)
  return spend({ outputs: [...outputs, transferTo(alice.owner, aliceCoin.output.amount - paid - 10_000n)] })
}

test('a transaction of another chain, too long, out of time or with a double input is refused', () => {
  expectTx(genesis, spend({ chainId: prng.bytes(32) }), 'tx-chain')
  const many = Array.from({ length: 60 }, () => deviceOf(chain.chainId, alice.owner, device)).map((output) => ({
    ...output,
    data: encodeDeviceData({
      deviceKey: device.pk,
      role: 0,
      deviceSig: new Uint8Array(64),
      metadata: new Uint8Array(256),
    }),
  }))
  expectTx(genesis, spendInto(many), 'tx-bytes')
  expectTx(genesis, spend({ payload: new Uint8Array(SMALL_PARAMS.payloadBytesMax + 1) }), 'tx-payload')
  expectTx(genesis, spend({ expiry: 0n }), 'tx-expired')
  expectTx(genesis, spend({ expiry: 10_002n }), 'tx-expiry-far')
  expectTx(genesis, spend({ inputs: [aliceCoin.outpoint, aliceCoin.outpoint] }), 'tx-input-twice')
  expectTx(genesis, spend({ inputs: [nowhere(7)] }), 'tx-input-missing')
})

test('amounts below the limits, above them, or more than came in are refused', () => {
  expectTx(genesis, spendInto([transferTo(bob.owner, SMALL_PARAMS.minOutput - 1n)]), 'tx-output-dust')
  const validator = validatorOf(prng)
  expectTx(genesis, spendInto([stakeOf(chain.chainId, validator, SMALL_PARAMS.minStake - 1n)]), 'tx-stake-small')
  expectTx(genesis, spend({ outputs: [stakeOf(chain.chainId, validator, 1n << 56n)] }), 'tx-stake-large')
  expectTx(genesis, spend({ outputs: [transferTo(bob.owner, aliceCoin.output.amount + 1n)] }), 'tx-sum')
  const half = transferTo(bob.owner, 1n << 63n)
  expectTx(genesis, spend({ outputs: [half, half] }), 'tx-sum-overflow')
  expectTx(genesis, spend({ outputs: [transferTo(bob.owner, aliceCoin.output.amount - 1n)] }), 'tx-fee')
})

test('a fee one below the least is refused, the least is taken', () => {
  const exact = world.pay(alice, aliceCoin, [])
  assert.equal(world.execute(genesis, world.build(genesis, { transactions: [exact] })).kind, 'accepted')
  const [change] = exact.body.outputs
  expectTx(genesis, spend({ outputs: [{ ...change!, amount: change!.amount + 1n }] }), 'tx-fee')
})

test('a witness of another key or with a bad signature is refused', () => {
  expectTx(genesis, spend({}, bob), 'tx-witness-owner')
  const tx = spend({})
  const witness = {
    ...tx.witnesses[0]!,
    signature: tx.witnesses[0]!.signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
  }
  expectTx(genesis, { ...tx, witnesses: [witness] }, 'tx-signature')
})

test('a good transaction with a bad witness is refused even when the good one is remembered', () => {
  const tx = spend({ expiry: 77n })
  assert.equal(world.execute(genesis, world.build(genesis, { transactions: [tx] })).kind, 'accepted')
  expectTx(genesis, { ...tx, witnesses: [{ ...tx.witnesses[0]!, signature: new Uint8Array(64) }] }, 'tx-signature')
})

test('stake without a valid key or proof of possession of this owner and chain is refused', () => {
  const validator = validatorOf(prng)
  const stake = stakeOf(chain.chainId, validator, SMALL_PARAMS.minStake)
  expectTx(genesis, spendInto([{ ...stake, owner: bob.owner }]), 'tx-possession')
  expectTx(genesis, spendInto([stakeOf(new Uint8Array(32), validator, SMALL_PARAMS.minStake)]), 'tx-possession')
  const identity = stake.data.map((byte, index) => (index === 0 ? 0xc0 : index < 48 ? 0 : byte))
  expectTx(genesis, spendInto([{ ...stake, data: identity }]), 'tx-stake-key')
})

test('[UNB-1] stake goes into its own unbonding output, which waits for its release', () => {
  const [validator] = world.validators
  const [stake] = world.utxosOf(genesis, validator!.owner, KIND.stake)
  const coin = coinOf(genesis, validator!.owner)
  const good = unbondingOf(SMALL_PARAMS, stake!, 1n)
  const unstake = (output: Output, ledger = genesis, purse = coin) =>
    world.sign([validator!, validator!], {
      inputs: [stake!.outpoint, purse.outpoint],
      outputs: [output, transferTo(validator!.owner, purse.output.amount - 10_000n)],
      expiry: ledger.header.height + 5n,
    })
  expectTx(genesis, unstake(transferTo(validator!.owner, stake!.output.amount)), 'tx-unbonding')
  expectTx(genesis, unstake({ ...good, owner: bob.owner }), 'tx-unbonding')
  expectTx(genesis, unstake({ ...good, amount: good.amount - 1n }), 'tx-unbonding')
  for (const at of [3, 10, 50]) {
    const data = good.data.map((byte, index) => (index === at ? byte ^ 1 : byte))
    expectTx(genesis, unstake({ ...good, data }), 'tx-unbonding')
  }
  expectTx(genesis, spendInto([good]), 'tx-unbonding-unearned')

  const txid = world.next(genesis, { transactions: [unstake(good)] })
  assert.equal(txid.header.txCount, 1)
  const [unbonding] = world.utxosOf(txid, validator!.owner, KIND.unbonding) as [Utxo]
  const release = 3 + unbondingEpochs(SMALL_PARAMS)
  const free = (ledger: Ledger) =>
    world.sign([validator!], {
      inputs: [unbonding.outpoint],
      outputs: [transferTo(validator!.owner, unbonding.output.amount - 10_000n)],
      expiry: ledger.header.height + 5n,
    })
  const last = world.advance(txid, release * SMALL_PARAMS.epochLength - 3)
  assert.equal(epochOf(last.header.height + 1n, SMALL_PARAMS), release - 1)
  expectTx(last, free(last), 'tx-unbonding-locked')
  const due = world.advance(last, 1)
  assert.equal(world.next(due, { transactions: [free(due)] }).header.txCount, 1)
})

test('escrow opens to the other owner by its hash before the deadline, and to the owner from it on', () => {
  const secret = prng.bytes(32)
  const data = encodeEscrowData({ otherOwner: bob.owner, hash: engine.kernels.sha256(secret), deadline: 4n })
  const funded = world.next(genesis, {
    transactions: [spendInto([{ kind: KIND.escrow, amount: 50_000n, owner: alice.owner, data }])],
  })
  const [escrow] = world.utxosOf(funded, alice.owner, KIND.escrow) as [Utxo]
  const open = (wallet: typeof alice, payload: Uint8Array) =>
    world.sign([wallet], { inputs: [escrow.outpoint], outputs: [transferTo(wallet.owner, 40_000n)], payload })
  expectTx(funded, open(bob, prng.bytes(32)), 'tx-escrow-payload')
  expectTx(funded, open(bob, new Uint8Array(0)), 'tx-escrow-payload')
  expectTx(funded, open(alice, secret), 'tx-witness-owner')
  assert.equal(world.next(funded, { transactions: [open(bob, secret)] }).header.txCount, 1)
  const late = world.advance(funded, 2)
  assert.equal(late.header.height + 1n, 4n)
  expectTx(late, open(bob, secret), 'tx-witness-owner')
  assert.equal(world.next(late, { transactions: [open(alice, new Uint8Array(0))] }).header.txCount, 1)
})

test('[DEV-1] a device key has one live registration, which its owner or the device itself moves', () => {
  const register = (owner = alice.owner, amount = 0n) => deviceOf(chain.chainId, owner, device, 1, amount)
  expectTx(genesis, spendInto([deviceOf(chain.chainId, alice.owner, device, 3)]), 'tx-device-role')
  expectTx(genesis, spendInto([{ ...register(), owner: bob.owner }]), 'tx-device-signature')
  expectTx(genesis, spendInto([register(), register()]), 'tx-device-twice')

  const bobCoin = coinOf(genesis, bob.owner)
  const byAlice = spendInto([register()])
  const byBob = world.pay(bob, bobCoin, [register(bob.owner)])
  const both = world.build(genesis, { transactions: [byAlice, byBob] })
  assert.equal(both.header.txCount, 1)
  const ordered = [byAlice, byBob]
  const codes = [ordered, [...ordered].reverse()].map((transactions) => {
    const result = world.execute(genesis, blockOf(genesis, transactions))
    return result.kind === 'rejected' ? result.code : 'accepted'
  })
  assert.ok(codes.includes('block-device-twice') && codes.includes('block-tx-order'), codes.join())
  caused.add('block-device-twice').add('block-tx-order')

  const registered = world.next(genesis, { transactions: [byAlice] })
  const [live] = world.utxosOf(registered, alice.owner, KIND.device) as [Utxo]
  const coin = coinOf(registered, alice.owner)
  expectTx(registered, world.pay(bob, bobCoin, [register(bob.owner)]), 'tx-device-registered')
  const move = (holder: typeof alice, purse: Utxo, outputs: readonly Output[]) =>
    world.sign([holder, alice], {
      inputs: [live.outpoint, purse.outpoint],
      outputs: [...outputs, transferTo(alice.owner, purse.output.amount - 10_000n)],
    })
  expectTx(registered, move(bob, coin, [register()]), 'tx-witness-owner')
  for (const holder of [alice, device]) {
    const moved = world.next(registered, { transactions: [move(holder, coin, [register(carol.owner)])] })
    assert.equal(world.utxosOf(moved, carol.owner, KIND.device).length, 1)
  }
  const revoked = world.next(registered, { transactions: [move(device, coin, [])] })
  const again = world.next(revoked, {
    transactions: [world.pay(bob, coinOf(revoked, bob.owner), [register(bob.owner)])],
  })
  assert.equal(again.header.txCount, 1)
})

test('[TX-2] order, double spends, new stake and bytes of a block are bounded', () => {
  const pay = (wallet: typeof alice, topic: bigint, feePerByte = 1n) =>
    world.pay(wallet, coinOf(genesis, wallet.owner), [transferTo(carol.owner, 5_000n)], feePerByte, {
      topic: u64(topic),
    })
  const [low, high] = [pay(alice, 1n), pay(bob, 2n)]
  expectCode(genesis, blockOf(genesis, [high, low]), 'block-tx-order')
  expectCode(genesis, blockOf(genesis, [low, low]), 'block-tx-order')
  expectCode(genesis, blockOf(genesis, [low, pay(alice, 3n, 2n)]), 'block-double-spend')
  const stakes = Array.from({ length: SMALL_PARAMS.blockStakeMax + 1 }, () =>
    stakeOf(chain.chainId, validatorOf(prng), SMALL_PARAMS.minStake),
  )
  expectTx(genesis, spendInto(stakes), 'block-stake-count')
  const cramped = new World('cramped', { ...SMALL_PARAMS, txBytesMax: 512, payloadBytesMax: 256, blockBytesMax: 1024 })
  const three = [0, 1, 2].map((index) => {
    const wallet = cramped.wallets[index]!
    return cramped.pay(wallet, cramped.utxosOf(cramped.genesis, wallet.owner)[0]!, [], 1n, {
      topic: u64(BigInt(index)),
    })
  })
  assert.ok(three.every((tx) => encodeTx(tx).length < 256))
  const result = cramped.execute(cramped.genesis, {
    header: cramped.build(cramped.genesis).header,
    body: { ...cramped.build(cramped.genesis).body, transactions: three },
  })
  assert.equal(result.kind === 'rejected' && result.code, 'block-bytes')
  caused.add('block-bytes')
  const fitting = cramped.build(cramped.genesis, { transactions: three })
  assert.equal(fitting.header.txCount, 2)
})

test('a header that differs in one field from what follows is refused for that field', () => {
  const one = world.advance(genesis, 1)
  const two = world.build(one)
  const other = prng.bytes(32)
  const cases: [Partial<Header>, string][] = [
    [{ chainId: other }, 'block-chain'],
    [{ height: 3n }, 'block-height'],
    [{ parent: other }, 'block-parent'],
    [{ timeMs: two.header.timeMs - 1n }, 'block-time'],
    [{ parentCertHash: other }, 'block-cert-hash'],
    [{ seed: other }, 'block-seed'],
    [{ txRoot: other }, 'block-tx-root'],
    [{ txCount: 1 }, 'block-tx-count'],
    [{ stateRoot: other }, 'block-state-root'],
    [{ committeeRoot: other }, 'block-committee-root'],
    [{ nextCommitteeRoot: other }, 'block-next-committee-root'],
    [{ historyRoot: other }, 'block-history-root'],
  ]
  for (const [change, code] of cases) expectCode(one, { ...two, header: { ...two.header, ...change } }, code)
  assert.equal(world.execute(one, two).kind, 'accepted')
  assert.equal(
    world.execute(one, { ...two, header: { ...two.header, timeMs: two.header.timeMs + 5n } }).kind,
    'accepted',
  )
})

test('[FIN-2] a block without, with a wrong or with a weak certificate of its parent is refused', () => {
  const one = world.advance(genesis, 1)
  const first = world.build(genesis)
  const certified = (parentCert: Uint8Array) => {
    const built = world.build(one)
    const header = { ...built.header, parentCertHash: engine.kernels.sha256(parentCert) }
    return { header, body: { ...built.body, parentCert } }
  }
  const cert = world.certify(one, one)
  expectCode(genesis, { ...first, body: { ...first.body, parentCert: encodeCert(cert) } }, 'block-cert-present')
  expectCode(one, blockOf(one, [], {}, { parentCert: new Uint8Array(0) }), 'block-cert-absent')
  expectCode(one, certified(hex('00')), 'decode-short')
  expectCode(one, certified(encodeCert({ ...cert, height: 2n })), 'cert-height')
  expectCode(one, certified(encodeCert(world.certify(one, one, [0, 1, 2, 3, 4, 5]))), 'cert-quorum')
  expectCode(
    one,
    certified(encodeCert({ ...cert, signature: world.certify(genesis, one).signature })),
    'cert-signature',
  )
  assert.equal(world.execute(one, certified(encodeCert(world.certify(one, one, [0, 7])))).kind, 'accepted')
})

after(() => {
  const notReachable = ['block-state-key', 'block-committee-none']
  const missing = [...Object.keys(TX_SENTENCES), ...Object.keys(BLOCK_SENTENCES)].filter((code) => !caused.has(code))
  assert.deepEqual(missing.sort(), notReachable.sort())
})
