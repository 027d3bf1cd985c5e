/**
 * A small chain for ledger tests: a few validators, wallets, and a way to make final blocks. All from a seed, so that a
 * failure can be had again. Signatures are the model scheme's; `BLS=real` runs the same tests over real BLS.
 */
import assert from 'node:assert/strict'
import { concatBytes, toHex, u32 } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Block } from '../../src/chain/block.ts'
import { encodeCert, VOTE, voteMessage, type FinalityCert } from '../../src/chain/certificate.ts'
import { encodeDeviceData, encodeStakeData, encodeUnbondingData, stakeData } from '../../src/chain/output-data.ts'
import { KIND, type Outpoint, type Output, type Utxo } from '../../src/chain/output.ts'
import { DEVNET_PARAMS, epochOf, unbondingEpochs, type ChainParams } from '../../src/chain/params.ts'
import { chainIdOf, type ChainSpec } from '../../src/chain/spec.ts'
import { encodeTx, txid, type Tx, type TxBody } from '../../src/chain/transaction.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { ed25519PublicKey, ed25519Sign } from '../../src/crypto/ed25519.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import {
  credentialOf,
  deviceMessage,
  GENESIS_SIGNING_CHAIN_ID,
  ownerOf,
  possessionMessage,
  revealMessage,
} from '../../src/crypto/keys.ts'
import { createTwin } from '../../src/kernels/twin/index.ts'
import {
  buildBlock,
  committeeOf,
  executeBlock,
  genesisLedger,
  VerifiedCache,
  type BlockPlan,
  type Chain,
  type Ledger,
} from '../../src/ledger/ledger.ts'

const REAL = process.env['BLS'] === 'real'
export const engine: Engine = { kernels: createTwin(), bls: REAL ? createNobleBls() : createModelBls() }
const { kernels } = engine
const signer = REAL ? nobleBlsSigner : modelBlsSigner

export interface Wallet {
  readonly secret: Uint8Array
  readonly pk: Uint8Array
  readonly owner: Uint8Array
}
export interface Validator extends Wallet {
  readonly blsSecret: Uint8Array
  readonly blsPk: Uint8Array
}

export function walletOf(prng: Prng): Wallet {
  const secret = prng.bytes(32)
  const pk = ed25519PublicKey(secret)
  return { secret, pk, owner: ownerOf(kernels, pk) }
}

export function validatorOf(prng: Prng): Validator {
  const blsSecret = signer.secretKeyFrom(prng.bytes(32))
  return { ...walletOf(prng), blsSecret, blsPk: signer.publicKey(blsSecret) }
}

export const transferTo = (owner: Uint8Array, amount: bigint): Output => ({
  kind: KIND.transfer,
  amount,
  owner,
  data: new Uint8Array(0),
})

export function stakeOf(chainId: Uint8Array, { owner, blsPk, blsSecret }: Validator, amount: bigint): Output {
  const popSig = signer.provePossession(blsSecret, possessionMessage(kernels, chainId, owner, blsPk))
  return { kind: KIND.stake, amount, owner, data: encodeStakeData({ blsPk, popSig }) }
}

export function deviceOf(chainId: Uint8Array, owner: Uint8Array, device: Wallet, role = 0, amount = 0n): Output {
  const deviceSig = ed25519Sign(device.secret, deviceMessage(kernels, chainId, owner, device.pk, role))
  const data = encodeDeviceData({ deviceKey: device.pk, role, deviceSig, metadata: new Uint8Array(3) })
  return { kind: KIND.device, amount, owner, data }
}

/** The output that a stake must be spent into at `height`. */
export function unbondingOf(params: ChainParams, { outpoint, output }: Utxo, height: bigint): Output {
  const releaseEpoch = epochOf(height, params) + 3 + unbondingEpochs(params)
  const { blsPk } = stakeData(output.data)
  const data = encodeUnbondingData({ releaseEpoch, credential: credentialOf(kernels, outpoint), blsPk })
  return { kind: KIND.unbonding, amount: output.amount, owner: output.owner, data }
}

/** Small enough that every cube has a committee of 4 × 4 seats. */
export const SMALL_PARAMS: ChainParams = {
  ...DEVNET_PARAMS,
  f: 1,
  F: 1,
  seatsTarget: 48,
  shardSizeMax: 10,
  epochLength: 4,
  seatLifetime: 2,
  trustPeriodMs: 4000,
  blockStakeMax: 2,
}

export class World {
  readonly prng: Prng
  readonly spec: ChainSpec
  readonly chain: Chain
  readonly genesis: Ledger
  readonly validators: readonly Validator[]
  readonly wallets: readonly Wallet[]
  readonly cache = new VerifiedCache(kernels)
  readonly signer = signer

  constructor(seed: string, params: ChainParams = SMALL_PARAMS) {
    this.prng = new Prng(seed)
    this.validators = Array.from({ length: 4 }, () => validatorOf(this.prng))
    this.wallets = Array.from({ length: 6 }, () => walletOf(this.prng))
    const stakes = this.validators.map((one) => stakeOf(GENESIS_SIGNING_CHAIN_ID, one, 5_000_000n))
    const funds = [...this.wallets, ...this.validators].map(({ owner }) => transferTo(owner, 100_000_000n))
    this.spec = { name: 'ledger-test', params, genesisTimeMs: 1_000_000n, outputs: [...stakes, ...funds] }
    this.chain = { params, chainId: chainIdOf(kernels, this.spec) }
    this.genesis = genesisLedger(engine, this.spec)
  }

  /** A transaction spending `inputs` (all owned by `wallets`) with its signatures. */
  sign(wallets: readonly Wallet[], body: Partial<TxBody> & Pick<TxBody, 'inputs' | 'outputs'>): Tx {
    const whole: TxBody = {
      chainId: this.chain.chainId,
      topic: new Uint8Array(8),
      expiry: 1000n,
      payload: new Uint8Array(0),
      ...body,
    }
    const id = txid(kernels, whole)
    const witnesses = whole.inputs.map((_, index) => {
      const { pk, secret } = wallets[index] ?? wallets[0]!
      return { pk, signature: ed25519Sign(secret, id) }
    })
    return { body: whole, witnesses }
  }

  /** Pays `amounts` from `utxo`; the change goes back, less a fee of `feePerByte`. */
  pay(wallet: Wallet, utxo: Utxo, outputs: readonly Output[], feePerByte = 1n, extra: Partial<TxBody> = {}): Tx {
    const paid = outputs.reduce((sum, { amount }) => sum + amount, 0n)
    const make = (fee: bigint) =>
      this.sign([wallet], {
        inputs: [utxo.outpoint],
        outputs: [...outputs, transferTo(wallet.owner, utxo.output.amount - paid - fee)],
        ...extra,
      })
    return make(feePerByte * BigInt(encodeTx(make(0n)).length))
  }

  /** Unspent outputs of an account by kind, largest first. */
  utxosOf(ledger: Ledger, owner: Uint8Array, kind: number = KIND.transfer): Utxo[] {
    return [...ledger.outputs.byOutpoint.values()]
      .filter(({ output }) => output.kind === kind && toHex(output.owner) === toHex(owner))
      .sort((a, b) => Number(b.output.amount - a.output.amount))
  }

  /** The certificate of the ledger's head by all committee members, less the seats in `without`. */
  certify(
    { header, hash }: Ledger,
    ledger: Ledger,
    without: readonly number[] = [],
    round = header.round,
  ): FinalityCert {
    return this.certifyHash(ledger, header.height, round, hash, without)
  }

  certifyHash(
    ledger: Ledger,
    height: bigint,
    round: number,
    hash: Uint8Array,
    without: readonly number[] = [],
  ): FinalityCert {
    const keys = committeeOf(ledger, epochOf(height, this.chain.params))!
    const message = voteMessage(kernels, this.chain.chainId, VOTE.precommit, height, round, hash)
    const bitmap = new Uint8Array((keys.seatKeys.length + 7) >> 3)
    const times = new Map<string, number>()
    for (const [seat, { bytes }] of keys.seatKeys.entries()) {
      if (without.includes(seat)) continue
      bitmap[seat >> 3]! |= 0x80 >> (seat & 7)
      times.set(toHex(bytes), (times.get(toHex(bytes)) ?? 0) + 1)
    }
    const signatures = this.validators.flatMap(({ blsPk, blsSecret }) => {
      const count = times.get(toHex(blsPk))
      return count === undefined ? [] : [{ signature: signer.sign(blsSecret, message), times: count }]
    })
    const signature = engine.bls.sumSignatures(signatures)
    assert.ok(signature !== undefined)
    return { height, round, blockHash: hash, bitmap, signature }
  }

  plan(ledger: Ledger, changes: Partial<BlockPlan> = {}): BlockPlan {
    const height = ledger.header.height + 1n
    const proposer = this.validators[0]!
    return {
      round: 0,
      timeMs: ledger.header.timeMs + BigInt(this.chain.params.blockTimeMs),
      reveal: signer.sign(proposer.blsSecret, revealMessage(kernels, this.chain.chainId, height)),
      parentCert: height <= 1n ? new Uint8Array(0) : encodeCert(this.certify(ledger, ledger)),
      transactions: [],
      ...changes,
    }
  }

  build(ledger: Ledger, changes: Partial<BlockPlan> = {}): Block {
    return buildBlock(engine, this.chain, ledger, this.plan(ledger, changes), this.cache)
  }

  execute(ledger: Ledger, block: Block) {
    return executeBlock(engine, this.chain, ledger, block, this.cache)
  }

  /** Builds and executes the next block. */
  next(ledger: Ledger, changes: Partial<BlockPlan> = {}): Ledger {
    const result = this.execute(ledger, this.build(ledger, changes))
    assert.ok(
      result.kind === 'accepted',
      JSON.stringify(result, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)),
    )
    return result.value
  }

  /** The ledger after `count` more empty blocks. */
  advance(ledger: Ledger, count: number): Ledger {
    for (let block = 0; block < count; block++) ledger = this.next(ledger)
    return ledger
  }
}

/** An outpoint that nothing has. */
export const nowhere = (index: number): Outpoint => ({ txid: concatBytes(new Uint8Array(28), u32(index)), index })
