import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bitAt, equalBytes, toHex } from '../../src/base/bytes.ts'
import type { Utxo } from '../../src/chain/output.ts'
import { epochOf, firstHeightOf, unbondingEpochs } from '../../src/chain/params.ts'
import type { Tx } from '../../src/chain/transaction.ts'
import { bindingsOf, buildStake, buildUnstake, buildWithdrawal } from '../../src/client/staking.ts'
import { accountOf, balanceOf, buildPayment, newAccount } from '../../src/client/wallet.ts'
import { DEFAULT_TIMES } from '../../src/consensus/agreement.ts'
import { committeeOf } from '../../src/ledger/ledger.ts'
import type { FinalBytes } from '../../src/node/agreement-driver.ts'
import { makeDevnet } from '../../src/node/devnet-config.ts'
import { Devnet } from '../../src/node/devnet.ts'
import { createNodeEngine } from '../../src/node/engine.ts'
import { Execution } from '../../src/node/execution.ts'
import { FullNode } from '../../src/node/node.ts'

const engine = await createNodeEngine()
const { kernels, signer } = engine
const TIMES = { ...DEFAULT_TIMES, proposeMs: 800, prevoteMs: 300, precommitMs: 300, growthMs: 300, resendMs: 500 }
/** 13 of 100 seats: hardly ever none in a committee, and hardly ever so many that the rest is no quorum. */
const STAKE = 450_000_000n
const FUNDS = 550_000_000n

/** Final blocks as they come, and whoever waits for something about them. */
class Watch {
  readonly finals: FinalBytes[] = []
  #waiting: (() => void)[] = []

  readonly onFinal = (final: FinalBytes): void => {
    this.finals.push(final)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

test('a stranger stakes, is drawn three epochs later, signs, was away and catches up, unstakes and is paid', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-joining-'))
  // A trust period of a millisecond: stake is free one epoch after it has left the cube.
  const config = makeDevnet(engine, 3, Date.now(), { blockTimeMs: 150, epochLength: 3, trustPeriodMs: 1 }, 0)
  const { params } = config.spec
  const watch = new Watch()
  const log = { log: () => undefined }
  const blsSecret = signer.secretKeyFrom(crypto.getRandomValues(new Uint8Array(32)))
  const blsPk = toHex(signer.publicKey(blsSecret))
  /** The stranger's committee seats, by epoch. */
  const seatsIn = new Map<number, number>()
  let devnet: Devnet | undefined
  devnet = await Devnet.start({
    ...{ engine, config, folder: join(folder, 'devnet'), portBase: 0, webrtc: false, times: TIMES, log },
    onFinal: (final) => {
      const { epochs } = devnet?.best.ledger ?? { epochs: [] }
      for (const { epoch, committee } of epochs) {
        const members = committee?.committee.shards.flatMap((shard) => shard.members) ?? []
        seatsIn.set(epoch, members.filter((member) => toHex(member.blsPk) === blsPk).length)
      }
      watch.onFinal(final)
    },
  })
  const execution = new Execution(engine, devnet.chain)
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const openStranger = async (): Promise<FullNode> => {
    const peers = devnet.nodes.map(({ addresses }) => addresses.find((address) => /\/tcp\/\d+\/p2p\//.test(address))!)
    const node = await FullNode.open({
      ...{
        engine,
        execution,
        genesis: devnet.genesis,
        folder: join(folder, 'stranger'),
        seed,
        times: TIMES,
        log,
        peers,
      },
      ...{ secretKeys: [blsSecret], listen: ['/ip4/127.0.0.1/tcp/0'], isFullyConnected: true, trustsOwnStore: true },
    })
    node.begin()
    return node
  }
  let stranger = await openStranger()
  try {
    const account = newAccount(kernels)
    const chain = devnet.chain
    const ledger = () => devnet.best.ledger
    const head = () => ledger().header.height
    const utxos = (owner: Uint8Array): Utxo[] =>
      [...ledger().outputs.byOutpoint.values()].filter(({ output }) => equalBytes(output.owner, owner))
    /** Submits what `make` makes until it is in a block: its epoch may end before that. */
    const include = async (make: () => Tx): Promise<bigint> => {
      for (;;) {
        const tx = make()
        const key = tx.body.inputs[0]!
        const isSpent = () => !utxosHave(utxos(account.owner).concat(utxos(payer.owner)), key)
        const { outcome } = devnet.best.submit(tx)
        if (outcome === 'rejected') {
          const before = head()
          await watch.until(() => head() > before)
          continue
        }
        await watch.until(() => isSpent() || head() > tx.body.expiry)
        if (isSpent()) return head()
      }
    }
    const payer = accountOf(kernels, config.wallets[0]!.secretKey)
    const own = {
      account,
      get utxos() {
        return utxos(account.owner)
      },
    }
    const soon = () => head() + 50n

    await include(
      () =>
        buildPayment(kernels, chain, {
          account: payer,
          utxos: utxos(payer.owner),
          to: account.owner,
          amount: FUNDS,
          expiry: soon(),
        }).tx,
    )
    const staked = { utxos: own.utxos, account, expiry: soon(), amount: STAKE, blsSecret }
    await include(() => buildStake(kernels, signer, chain, staked).tx)
    const [binding] = bindingsOf(kernels, params, account.owner, own.utxos)
    assert.ok(binding?.drawnFrom !== undefined)
    assert.equal(binding.drawnFrom, epochOf(binding.utxo.createdHeight, params) + 3)

    const hasSigned = ({ block, cert }: FinalBytes) => {
      const keys = committeeOf(ledger(), epochOf(block.header.height, params))?.seatKeys ?? []
      return keys.some(({ bytes }, seat) => toHex(bytes) === blsPk && bitAt(cert.bitmap, seat) === 1)
    }
    const signedSince = (start: number) => watch.finals.slice(start).filter(hasSigned).length

    await watch.until(() => signedSince(0) >= 2)
    const firstSigned = watch.finals.find(hasSigned)!
    const { drawnFrom } = binding
    assert.ok(epochOf(firstSigned.block.header.height, params) >= drawnFrom, 'it signs from its first epoch on')
    for (const [epoch, seats] of seatsIn) assert.ok(epoch >= drawnFrom || seats === 0, `${seats} seats in ${epoch}`)
    const first = [drawnFrom, drawnFrom + 1, drawnFrom + 2].map((epoch) => seatsIn.get(epoch) ?? 0)
    assert.ok(Math.max(...first) > 0, 'it has committee seats in one of its first three epochs')

    await stranger.stop()
    const awayAt = head()
    await watch.until(() => head() >= awayAt + 3n)
    const missed = watch.finals.length
    stranger = await openStranger()
    await watch.until(() => signedSince(missed) >= 1 && stranger.height > awayAt + 3n)

    let givenUp: ReturnType<typeof buildUnstake> | undefined
    await include(() => {
      const epoch = epochOf(head() + 1n, params)
      const expiry = firstHeightOf(epoch + 1, params) - 1n
      givenUp = buildUnstake(kernels, chain, { account, utxos: own.utxos, expiry, stakes: stakesOf(own.utxos), epoch })
      return givenUp.tx
    })
    const leftIn = givenUp!.releaseEpoch - 3 - unbondingEpochs(params)
    assert.equal(
      buildWithdrawal(kernels, chain, { account, utxos: own.utxos, expiry: soon(), epoch: leftIn }),
      undefined,
    )
    await watch.until(() => epochOf(head(), params) >= leftIn + 3)
    assert.equal(seatsIn.get(leftIn + 3), 0, 'it is drawn no more')
    await watch.until(() => epochOf(head() + 1n, params) >= givenUp!.releaseEpoch)
    await include(
      () =>
        buildWithdrawal(kernels, chain, { account, utxos: own.utxos, expiry: soon(), epoch: givenUp!.releaseEpoch })!
          .tx,
    )
    const { bound, spendable } = balanceOf(account.owner, own.utxos)
    assert.equal(bound, 0n)
    assert.ok(spendable > FUNDS, `${spendable} with rewards for its signatures`)
  } finally {
    await stranger.stop()
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

const utxosHave = (utxos: readonly Utxo[], { txid, index }: Utxo['outpoint']): boolean =>
  utxos.some(({ outpoint }) => outpoint.index === index && equalBytes(outpoint.txid, txid))

const stakesOf = (utxos: readonly Utxo[]): Utxo[] => utxos.filter(({ output }) => output.kind === 1)
