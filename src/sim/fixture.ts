/**
 * A ready-made chain: real blocks of the real ledger, certified by the keys of each committee, without an agreement run.
 * For whoever needs headers, certificates, committees and proofs of a chain of several epochs.
 */
import { assert } from '../base/assert.ts'
import { popCount } from '../base/bytes.ts'
import { Prng } from '../base/prng.ts'
import type { Block } from '../chain/block.ts'
import { VOTE, encodeCert, voteMessage, type FinalityCert } from '../chain/certificate.ts'
import type { Header } from '../chain/header.ts'
import { KIND, type Utxo } from '../chain/output.ts'
import { DEVNET_PARAMS, epochOf, firstHeightOf, type ChainParams } from '../chain/params.ts'
import { chainIdOf, type ChainSpec } from '../chain/spec.ts'
import type { Tx } from '../chain/transaction.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { revealMessage, topicOf } from '../crypto/keys.ts'
import { Seats, type Voter } from '../consensus/seats.ts'
import { emptyBitmap, setBit } from '../consensus/bitmap.ts'
import { VerifiedCache, buildBlock, committeeOf, executeBlock, genesisLedger, type Ledger } from '../ledger/ledger.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import { makeCast, type Cast } from './cast.ts'
import { makePayment } from './payments.ts'

/** 16 seats, 4 blocks to an epoch: **not secure**, quick to make. */
export const FIXTURE_PARAMS: ChainParams = {
  ...DEVNET_PARAMS,
  f: 1,
  F: 1,
  seatsTarget: 64,
  shardSizeMax: 8,
  epochLength: 4,
}

export interface FixtureOptions {
  readonly epochs: number
  readonly seed: string
  readonly engine: Engine
  readonly signer: BlsSigner
  readonly params?: ChainParams
  /** At least as many as certificates need for a quorum without one of them; 5 unless told. */
  readonly validatorCount?: number
  readonly walletCount?: number
  /** Whether one validator in turn is missing from each certificate where the quorum allows it; true unless told. */
  readonly hasAbsentees?: boolean
  readonly genesisTimeMs?: bigint
  /** Payments in each block; 2 unless told. */
  readonly paymentsPerBlock?: number
}

export interface FixtureBlock {
  readonly block: Block
  readonly cert: FinalityCert
  /** The state after it. */
  readonly ledger: Ledger
}

export interface ChainFixture {
  readonly cast: Cast
  readonly spec: ChainSpec
  readonly chainId: Uint8Array
  readonly genesis: Ledger
  /** Block of height h at index h − 1; the last block ends epoch `epochs` − 1. */
  readonly blocks: readonly FixtureBlock[]
  /** Committee of each epoch from 0 to `epochs`, the next one included. */
  readonly committees: readonly CommitteeKeys[]
  /** Any header by height, genesis included. */
  header(height: number): Header
  ledger(height: number): Ledger
}

/** A chain of `epochs` whole epochs. The same options give the same bytes. */
export function chainFixture(options: FixtureOptions): ChainFixture {
  const { engine, signer, seed, epochs, params = FIXTURE_PARAMS } = options
  const cast = makeCast(engine.kernels, signer, new Prng(`fixture/${seed}`), {
    name: `fixture ${seed}`,
    params,
    genesisTimeMs: options.genesisTimeMs ?? 1_763_719_200_000n,
    stakes: Array.from({ length: options.validatorCount ?? 5 }, () => [5_000_000_000n]),
    walletCount: options.walletCount ?? 4,
    walletAmount: 1_000_000_000n,
  })
  const chainId = chainIdOf(engine.kernels, cast.spec)
  const genesis = genesisLedger(engine, cast.spec)
  const maker = new BlockMaker(options, params, cast, chainId, genesis)
  const blocks: FixtureBlock[] = []
  while (blocks.length + 1 < firstHeightOf(epochs, params)) blocks.push(maker.next())
  const ledger = (height: number): Ledger => (height === 0 ? genesis : blocks[height - 1]!.ledger)
  const committees = Array.from({ length: epochs + 1 }, (_, epoch) => {
    const known = ledger(Math.min(Number(firstHeightOf(epoch, params)), blocks.length))
    const committee = committeeOf(known, epoch)
    assert(committee !== undefined, `epoch ${epoch} has a committee`)
    return committee
  })
  return { cast, spec: cast.spec, chainId, genesis, blocks, committees, ledger, header: (at) => ledger(at).header }
}

class BlockMaker {
  readonly #engine: Engine
  readonly #signer: BlsSigner
  readonly #params: ChainParams
  readonly #cast: Cast
  readonly #chainId: Uint8Array
  readonly #hasAbsentees: boolean
  readonly #paymentCount: number
  readonly #cache: VerifiedCache
  readonly #secrets = new Map<string, Uint8Array>()
  #ledger: Ledger
  #cert: FinalityCert | undefined

  constructor(options: FixtureOptions, params: ChainParams, cast: Cast, chainId: Uint8Array, genesis: Ledger) {
    this.#engine = options.engine
    this.#signer = options.signer
    this.#params = params
    this.#cast = cast
    this.#chainId = chainId
    this.#hasAbsentees = options.hasAbsentees ?? true
    this.#paymentCount = options.paymentsPerBlock ?? 2
    this.#cache = new VerifiedCache(options.engine.kernels)
    this.#ledger = genesis
    for (const { blsSecrets } of cast.validators)
      for (const secret of blsSecrets) this.#secrets.set(options.signer.publicKey(secret).join(), secret)
  }

  next(): FixtureBlock {
    const parent = this.#ledger
    const height = parent.header.height + 1n
    const seats = this.#seatsAt(height)
    const proposer = seats.proposer(parent.header.seed, height, 0)
    const reveal = this.#sign(proposer, revealMessage(this.#engine.kernels, this.#chainId, height))
    const plan = {
      round: 0,
      timeMs: parent.header.timeMs + BigInt(this.#params.blockTimeMs),
      reveal,
      parentCert: this.#cert === undefined ? new Uint8Array(0) : encodeCert(this.#cert),
      transactions: this.#payments(height),
    }
    const chain = { params: this.#params, chainId: this.#chainId }
    const block = buildBlock(this.#engine, chain, parent, plan, this.#cache)
    const after = executeBlock(this.#engine, chain, parent, block, this.#cache)
    assert(after.kind === 'accepted', `a fixture block is valid: ${after.kind === 'rejected' ? after.code : ''}`)
    this.#ledger = after.value
    this.#cert = this.#certify(seats, height)
    return { block, cert: this.#cert, ledger: after.value }
  }

  #seatsAt(height: bigint): Seats {
    const keys = committeeOf(this.#ledger, epochOf(height, this.#params))
    assert(keys !== undefined, `height ${height} has a committee`)
    return new Seats(this.#engine, this.#params.quorum, keys)
  }

  #certify(seats: Seats, height: bigint): FinalityCert {
    const { hash } = this.#ledger
    const { kernels, bls } = this.#engine
    const message = voteMessage(kernels, this.#chainId, VOTE.precommit, height, 0, hash)
    const voters = this.#present(seats, height)
    const signature = bls.sumSignatures(
      voters.map((voter) => ({ signature: this.#sign(voter, message), times: voter.seats.length })),
    )
    assert(signature !== undefined, 'signatures add up to something')
    return { height, round: 0, blockHash: hash, bitmap: bitmapOf(seats, voters), signature }
  }

  /** All voters but one in turn, if the others still are a quorum. */
  #present(seats: Seats, height: bigint): readonly Voter[] {
    if (!this.#hasAbsentees) return seats.voters
    const absent = Number(height % BigInt(seats.voters.length))
    const present = seats.voters.filter(({ index }) => index !== absent)
    const bitmap = bitmapOf(seats, present)
    return popCount(bitmap) > 0 && seats.isQuorum(bitmap) ? present : seats.voters
  }

  #sign(voter: Voter, message: Uint8Array): Uint8Array {
    return this.#signer.sign(this.#secrets.get(voter.key.bytes.join())!, message)
  }

  /** Wallets pay each other in turn, every other time under a topic. */
  #payments(height: bigint): Tx[] {
    const { wallets } = this.#cast
    const { kernels } = this.#engine
    const made: Tx[] = []
    for (let index = 0; index < this.#paymentCount && index < wallets.length; index++) {
      const from = wallets[(Number(height) + index) % wallets.length]!
      const to = wallets[(Number(height) + index + 1) % wallets.length]!
      const largest = largestTransfer(this.#ledger, from.owner)
      if (largest === undefined || largest.output.amount < 10_000_000n) continue
      made.push(
        makePayment(kernels, this.#chainId, this.#params.minFeePerByte, {
          from,
          inputs: [largest],
          to: to.owner,
          amount: 1_000_000n + BigInt(index),
          expiry: height + 100n,
          ...(index % 2 === 1 ? { topic: topicOf(kernels, 'energy/fixture') } : {}),
        }),
      )
    }
    return made
  }
}

function largestTransfer(ledger: Ledger, owner: Uint8Array): Utxo | undefined {
  let largest: Utxo | undefined
  for (const utxo of ledger.outputs.byOutpoint.values()) {
    const { kind, amount, owner: its } = utxo.output
    const isOwn = kind === KIND.transfer && its.every((byte, index) => byte === owner[index])
    if (isOwn && (largest === undefined || amount > largest.output.amount)) largest = utxo
  }
  return largest
}

function bitmapOf(seats: Seats, voters: readonly Voter[]): Uint8Array {
  const bitmap = emptyBitmap(seats.count)
  for (const voter of voters) for (const seat of voter.seats) setBit(bitmap, seat)
  return bitmap
}
