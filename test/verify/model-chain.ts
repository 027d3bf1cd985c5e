/**
 * A small chain with real BLS certificates and random blocks: what a light client sees of a chain, without a ledger. Stake
 * never changes, seeds and state roots are random bytes of a seed, so every committee follows from the draws alone.
 */
import { assert } from '../../src/base/assert.ts'
import { bitAt, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { VOTE, voteMessage, type FinalityCert } from '../../src/chain/certificate.ts'
import { committeeSeatCount, type Committee } from '../../src/chain/committee.ts'
import { blockHash, type Header } from '../../src/chain/header.ts'
import { encodeStakeData } from '../../src/chain/output-data.ts'
import { KIND, type Output } from '../../src/chain/output.ts'
import { DEVNET_PARAMS, epochOf, type ChainParams, type QuorumRule } from '../../src/chain/params.ts'
import type { ChainSpec } from '../../src/chain/spec.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner as signer } from '../../src/crypto/bls-signer.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { GENESIS_SIGNING_CHAIN_ID, possessionMessage } from '../../src/crypto/keys.ts'
import { electCommittee } from '../../src/cube/committee.ts'
import { drawSeedHeight, firstDrawEpoch } from '../../src/cube/draws.ts'
import { buildCube } from '../../src/cube/shards.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { HistoryLog } from '../../src/proofs/history.ts'
import { bitmapLength, committeeKeys, type CommitteeKeys } from '../../src/verify/certificate.ts'
import { genesis, type Genesis } from '../../src/verify/genesis.ts'
import type { Update } from '../../src/verify/light.ts'
import type { Chain, Trusted } from '../../src/verify/trust.ts'

export const MODEL_PARAMS: ChainParams = {
  ...DEVNET_PARAMS,
  f: 1,
  F: 1,
  seatsTarget: 48,
  shardSizeMax: 8,
  epochLength: 4,
  seatLifetime: 3,
  trustPeriodMs: 3_600_000,
}

export interface ModelOptions {
  readonly seed?: string
  readonly quorum?: QuorumRule
  readonly validators?: number
  readonly height?: number
  readonly engine?: Engine
  /** Over MODEL_PARAMS. */
  readonly params?: Partial<ChainParams>
}

/** Twin kernels and the BLS kernel, which noble's suite is run against elsewhere: signatures verify several times faster. */
export async function quickEngine(): Promise<Engine> {
  return { kernels: twin, bls: await createKernelBls() }
}

/** Which seats sign; every seat unless it says otherwise. */
export type SeatFilter = (seat: number, validator: number) => boolean

export class ModelChain {
  readonly engine: Engine
  readonly spec: ChainSpec
  readonly genesis: Genesis
  readonly chain: Chain
  readonly headers: Header[] = []
  readonly hashes: Uint8Array[] = []
  history: HistoryLog
  readonly secrets: readonly Uint8Array[]
  readonly #prng: Prng
  readonly #committees = new Map<number, CommitteeKeys>()
  readonly #signatures = new Map<string, Uint8Array>()

  constructor({ seed = 'model', quorum = 'flat', validators = 6, height = 18, engine, params }: ModelOptions = {}) {
    this.engine = engine ?? { kernels: twin, bls: createNobleBls() }
    this.#prng = new Prng(seed)
    this.secrets = Array.from({ length: validators }, () => signer.secretKeyFrom(this.#prng.bytes(32)))
    const outputs = this.secrets.map((secret) => this.stakeOutput(secret))
    this.spec = {
      name: 'model',
      params: { ...MODEL_PARAMS, quorum, ...params },
      genesisTimeMs: 1_700_000_000_000n,
      outputs,
    }
    this.genesis = genesis(this.engine, this.spec)
    this.chain = { params: this.spec.params, chainId: this.genesis.chainId }
    this.history = HistoryLog.empty(this.engine.kernels)
    this.#append(this.genesis.header)
    while (this.headers.length <= height) this.#append(this.#nextHeader())
  }

  stakeOutput(secret: Uint8Array): Output {
    const owner = this.#prng.bytes(16)
    const blsPk = signer.publicKey(secret)
    const message = possessionMessage(this.engine.kernels, GENESIS_SIGNING_CHAIN_ID, owner, blsPk)
    const data = encodeStakeData({ blsPk, popSig: signer.provePossession(secret, message) })
    return { kind: KIND.stake, amount: 1_000_000n + BigInt(this.#prng.below(1_000_000)), owner, data }
  }

  #append(header: Header): void {
    this.headers.push(header)
    this.hashes.push(blockHash(this.engine.kernels, header))
    this.history = this.history.append(this.hashes.at(-1)!)
  }

  #nextHeader(): Header {
    const height = BigInt(this.headers.length)
    const epoch = epochOf(height, this.chain.params)
    const parent = this.headers.at(-1)!
    return {
      chainId: this.chain.chainId,
      height,
      round: this.#prng.below(3),
      timeMs: parent.timeMs + 1000n + BigInt(this.#prng.below(500)),
      parent: this.hashes.at(-1)!,
      parentCertHash: this.#prng.bytes(32),
      seed: this.#prng.bytes(32),
      txRoot: this.#prng.bytes(32),
      txCount: this.#prng.below(1000),
      stateRoot: this.#prng.bytes(32),
      committeeRoot: this.committee(epoch).root,
      nextCommitteeRoot: this.committee(epoch + 1).root,
      historyRoot: this.history.root(),
    }
  }

  /** The committee of `epoch`, which must not lie more than one epoch ahead. */
  committee(epoch: number): CommitteeKeys {
    let keys = this.#committees.get(epoch)
    if (keys === undefined) this.#committees.set(epoch, (keys = this.keysOf(this.#elect(epoch))))
    return keys
  }

  keysOf(committee: Committee): CommitteeKeys {
    const keys = committeeKeys(this.engine, committee)
    assert(keys.kind === 'accepted', 'a model committee is sound')
    return keys.value
  }

  #elect(epoch: number): Committee {
    const { params } = this.chain
    const stake = this.genesis.credentials.reduce((sum, { amount }) => sum + amount, 0n)
    const first = firstDrawEpoch(params.seatLifetime, epoch)
    const draws = Array.from({ length: epoch - first + 1 }, (_, index) => {
      const seed = this.headers[Number(drawSeedHeight(params, first + index))]?.seed ?? this.genesis.header.seed
      return { epoch: first + index, seed, stake }
    })
    const cube = buildCube(this.engine.kernels, params, epoch, this.genesis.credentials, draws)
    const committee = electCommittee(this.engine, params, cube)
    assert(committee !== undefined, 'a model cube is not empty')
    assert(
      committee.head.f === params.f && committee.head.F === params.F,
      `committee of epoch ${epoch} is weak: other seed`,
    )
    return committee
  }

  epochOf(height: number): number {
    return epochOf(BigInt(height), this.chain.params)
  }

  /** The validator of each seat, in the order of the bitmap. */
  validatorsOf({ seatKeys }: CommitteeKeys): number[] {
    const names = this.secrets.map((secret) => String(signer.publicKey(secret)))
    return seatKeys.map(({ bytes }) => names.indexOf(String(bytes)))
  }

  /** A certificate over any header: the seats that pass `signs` sign and have their bits set. */
  cert(header: Header, signs: SeatFilter = () => true, keys?: CommitteeKeys, round = header.round): FinalityCert {
    const { kernels, bls } = this.engine
    const committee = keys ?? this.committee(epochOf(header.height, this.chain.params))
    const hash = blockHash(kernels, header)
    const message = voteMessage(kernels, this.chain.chainId, VOTE.precommit, header.height, round, hash)
    const bitmap = new Uint8Array(bitmapLength(committeeSeatCount(committee.head)))
    const times = new Map<number, number>()
    for (const [seat, validator] of this.validatorsOf(committee).entries()) {
      if (!signs(seat, validator)) continue
      bitmap[seat >> 3]! |= 0x80 >> (seat & 7)
      times.set(validator, (times.get(validator) ?? 0) + 1)
    }
    const signatures = [...times].map(([validator, count]) => ({
      signature: this.#sign(validator, message),
      times: count,
    }))
    const signature = bls.sumSignatures(signatures) ?? new Uint8Array(96)
    return { height: header.height, round, blockHash: hash, bitmap, signature }
  }

  /** Signing is the dear part of a test, and deterministic. */
  #sign(validator: number, message: Uint8Array): Uint8Array {
    const name = `${validator} ${toHex(message)}`
    let signature = this.#signatures.get(name)
    if (signature === undefined)
      this.#signatures.set(name, (signature = signer.sign(this.secrets[validator]!, message)))
    return signature
  }

  trusted(height: number): Trusted {
    const committee = this.committee(this.epochOf(height))
    return { header: this.headers[height]!, hash: this.hashes[height]!, committee }
  }

  /** The genuine step from one height to a later one, at most one epoch on. */
  update(from: number, to: number, signs?: SeatFilter): Update {
    const header = this.headers[to]!
    const step = { header, cert: this.cert(header, signs), historyPath: this.history.inclusionProof(from, to) }
    const hops = this.epochOf(to) !== this.epochOf(from)
    return hops ? { ...step, committee: this.committee(this.epochOf(to)).committee } : step
  }

  /** A clock reading at which nothing is stale and nothing lies ahead. */
  get nowMs(): bigint {
    return this.headers.at(-1)!.timeMs
  }
}

/** The bits that are set, as seat numbers. */
export function seatsOf(bitmap: Uint8Array, count: number): number[] {
  return Array.from({ length: count }, (_, seat) => seat).filter((seat) => bitAt(bitmap, seat) === 1)
}

export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice()
  flipped[bit >> 3]! ^= 0x80 >> (bit & 7)
  return flipped
}
