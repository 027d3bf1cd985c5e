/**
 * The chain that the check `catchup` is run on: real blocks of the real ledger with the production committee (f = F = 5, 256
 * of 4096 seats, T = 8), short epochs and stretched timestamps: two blocks, six hours, to an epoch. Made from a seed and kept
 * in `.cache/catchup`.
 *
 * All signers of a certificate sign the same bytes, so their aggregate is the signature by the sum of their secrets: one
 * signature of the real signer in place of 200, and the same 96 bytes.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { assert } from '../../src/base/assert.ts'
import { hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { decodeCert, encodeCert, VOTE, voteMessage, type FinalityCert } from '../../src/chain/certificate.ts'
import { decodeCommittee, encodeCommittee, type Committee } from '../../src/chain/committee.ts'
import { blockHash, decodeHeader, encodeHeader, type Header } from '../../src/chain/header.ts'
import { epochOf, firstHeightOf, PRODUCTION_PARAMS, type ChainParams } from '../../src/chain/params.ts'
import { chainIdOf, formatChainSpec, parseChainSpec, type ChainSpec } from '../../src/chain/spec.ts'
import { Seats, type Voter } from '../../src/consensus/seats.ts'
import { emptyBitmap, setBit } from '../../src/consensus/bitmap.ts'
import { nobleBlsSigner as signer } from '../../src/crypto/bls-signer.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { revealMessage } from '../../src/crypto/keys.ts'
import type { Kernels } from '../../src/kernels/contract.ts'
import {
  buildBlock,
  committeeOf,
  executeBlock,
  genesisLedger,
  VerifiedCache,
  type Ledger,
} from '../../src/ledger/ledger.ts'
import { HistoryLog } from '../../src/proofs/history.ts'
import { makeCast } from '../../src/sim/cast.ts'
import { buildCompact, type CompactCommittee } from '../../src/verify/compact.ts'
import type { Checkpoint } from '../../src/verify/trust.ts'
import type { CertifiedHeader } from '../../src/wire/certified-header.ts'
import type { ChainView } from '../../src/wire/chain-view.ts'
import type { EvidenceResponse } from '../../src/wire/evidence.ts'
import type { SubmitResponse } from '../../src/wire/submit.ts'

export const ABSENT_PERCENTS = [0, 2, 5, 10, 25] as const
const EPOCH_MS = 6 * 3_600_000
const EPOCH_LENGTH = 2
/** Epochs before the checkpoint, so that committees list all T draws. */
const EPOCHS_BEFORE = 9
const VALIDATOR_COUNT = 300
/** In the name of the cached file: to be raised when the same seed would give another chain. */
const FIXTURE_VERSION = 1

export const CATCHUP_PARAMS: ChainParams = { ...PRODUCTION_PARAMS, epochLength: EPOCH_LENGTH }

export interface CatchupChain {
  readonly spec: ChainSpec
  readonly checkpoint: Checkpoint
  readonly headers: readonly Header[]
  readonly committees: ReadonlyMap<number, Committee>
  /** Of the last block of each epoch, by percentage of absent seats and height. */
  readonly certs: ReadonlyMap<number, ReadonlyMap<number, FinalityCert>>
  readonly absentSeats: ReadonlyMap<number, number>
  /** A clock reading just after the last block. */
  readonly nowMs: bigint
}

interface Stored {
  readonly spec: string
  readonly headers: readonly string[]
  readonly committees: Readonly<Record<string, string>>
  readonly certs: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** From the checkpoint, the last block of an epoch, it is `hops` epochs to the head. */
export function catchupChain(engine: Engine, seed: string, hops: number): CatchupChain {
  const folder = '.cache/catchup'
  const file = `${folder}/v${FIXTURE_VERSION}-${hops}-${toHex(engine.kernels.sha256(new TextEncoder().encode(seed))).slice(0, 16)}.json`
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${file}.part`, JSON.stringify(new ChainMaker(engine, seed).make(hops)))
    renameSync(`${file}.part`, file)
  }
  return restore(engine.kernels, JSON.parse(readFileSync(file, 'utf8')) as Stored)
}

class ChainMaker {
  readonly #engine: Engine
  readonly #prng: Prng
  readonly #secrets = new Map<string, bigint>()
  readonly #seats = new Map<number, Seats>()
  readonly #spec: ChainSpec
  readonly #chainId: Uint8Array

  constructor(engine: Engine, seed: string) {
    this.#engine = engine
    this.#prng = new Prng(`catchup/${seed}`)
    const stakes = Array.from({ length: VALIDATOR_COUNT }, () => [
      5_000_000_000n + BigInt(this.#prng.below(1_000_000_000)),
    ])
    const cast = makeCast(engine.kernels, signer, this.#prng.fork('cast'), {
      name: 'catchup',
      params: CATCHUP_PARAMS,
      genesisTimeMs: 1_763_719_200_000n,
      stakes,
      walletCount: 1,
      walletAmount: 1_000_000_000n,
    })
    this.#spec = cast.spec
    this.#chainId = chainIdOf(engine.kernels, cast.spec)
    for (const { blsSecrets } of cast.validators)
      for (const secret of blsSecrets) this.#secrets.set(toHex(signer.publicKey(secret)), BigInt(`0x${toHex(secret)}`))
  }

  make(hops: number): Stored {
    const epochs = EPOCHS_BEFORE + hops + 1
    let ledger = genesisLedger(this.#engine, this.#spec)
    const cache = new VerifiedCache(this.#engine.kernels)
    const headers = [ledger.header]
    const committees: Record<string, string> = {}
    const certs: Record<string, Record<string, string>> = {}
    let cert: FinalityCert | undefined
    while (headers.length < Number(firstHeightOf(epochs, CATCHUP_PARAMS))) {
      ledger = this.#next(ledger, cert, cache)
      const { header, hash } = ledger
      headers.push(header)
      const seats = this.#seatsOf(ledger, header.height)
      cert = this.#certify(seats, header.height, hash, seats.voters)
      const epoch = epochOf(header.height, CATCHUP_PARAMS)
      committees[epoch] ??= toHex(encodeCommittee(seats.keys.committee))
      if ((header.height + 1n) % BigInt(EPOCH_LENGTH) !== 0n || epoch < EPOCHS_BEFORE) continue
      for (const percent of ABSENT_PERCENTS) {
        const present = this.#present(seats, percent)
        const bytes = encodeCert(this.#certify(seats, header.height, hash, present))
        ;(certs[percent] ??= {})[String(header.height)] = toHex(bytes)
      }
    }
    return {
      spec: formatChainSpec(this.#spec),
      headers: headers.map((one) => toHex(encodeHeader(one))),
      committees,
      certs,
    }
  }

  #next(parent: Ledger, cert: FinalityCert | undefined, cache: VerifiedCache): Ledger {
    const height = parent.header.height + 1n
    const proposer = this.#seatsOf(parent, height).proposer(parent.header.seed, height, 0)
    const plan = {
      round: 0,
      timeMs: parent.header.timeMs + BigInt(EPOCH_MS / EPOCH_LENGTH),
      reveal: this.#sign([proposer], revealMessage(this.#engine.kernels, this.#chainId, height), () => 1n),
      parentCert: cert === undefined ? new Uint8Array(0) : encodeCert(cert),
      transactions: [],
    }
    const chain = { params: CATCHUP_PARAMS, chainId: this.#chainId }
    const block = buildBlock(this.#engine, chain, parent, plan, cache)
    const after = executeBlock(this.#engine, chain, parent, block, cache)
    assert(after.kind === 'accepted', `a block of the chain is valid: ${after.kind === 'rejected' ? after.code : ''}`)
    return after.value
  }

  #seatsOf(ledger: Ledger, height: bigint): Seats {
    const epoch = epochOf(height, CATCHUP_PARAMS)
    let seats = this.#seats.get(epoch)
    if (seats === undefined) {
      const keys = committeeOf(ledger, epoch)
      assert(
        keys?.head.f === CATCHUP_PARAMS.f && keys.head.F === CATCHUP_PARAMS.F,
        `epoch ${epoch} is weak: other seed`,
      )
      this.#seats.set(epoch, (seats = new Seats(this.#engine, CATCHUP_PARAMS.quorum, keys)))
    }
    return seats
  }

  /** Without whole validators, in random order, up to the percentage of all seats. */
  #present(seats: Seats, percent: number): readonly Voter[] {
    let left = Math.round((percent * seats.count) / 100)
    const absent = new Set<number>()
    for (const voter of this.#prng.shuffled([...seats.voters])) {
      if (voter.seats.length > left) continue
      left -= voter.seats.length
      absent.add(voter.index)
    }
    assert(left === 0, `${percent} % of the seats can be left out`)
    return seats.voters.filter(({ index }) => !absent.has(index))
  }

  #certify(seats: Seats, height: bigint, hash: Uint8Array, voters: readonly Voter[]): FinalityCert {
    const message = voteMessage(this.#engine.kernels, this.#chainId, VOTE.precommit, height, 0, hash)
    const bitmap = emptyBitmap(seats.count)
    for (const voter of voters) for (const seat of voter.seats) setBit(bitmap, seat)
    const signature = this.#sign(voters, message, (voter) => BigInt(voter.seats.length))
    return { height, round: 0, blockHash: hash, bitmap, signature }
  }

  #sign(voters: readonly Voter[], message: Uint8Array, timesOf: (voter: Voter) => bigint): Uint8Array {
    const { Fr } = bls12_381.fields
    let sum = 0n
    for (const voter of voters) sum = Fr.add(sum, Fr.mul(this.#secrets.get(toHex(voter.key.bytes))!, timesOf(voter)))
    return signer.sign(Fr.toBytes(sum), message)
  }
}

function restore(kernels: Kernels, stored: Stored): CatchupChain {
  const spec = must(parseChainSpec(stored.spec))
  const headers = stored.headers.map((text) => must(decodeHeader(hex(text))))
  const committees = new Map(
    Object.entries(stored.committees).map(([epoch, text]) => [Number(epoch), must(decodeCommittee(hex(text), 256))]),
  )
  const certs = new Map(
    Object.entries(stored.certs).map(([percent, byHeight]) => [
      Number(percent),
      new Map(Object.entries(byHeight).map(([height, text]) => [Number(height), must(decodeCert(hex(text)))])),
    ]),
  )
  const at = headers[Number(firstHeightOf(EPOCHS_BEFORE + 1, spec.params)) - 1]!
  const absentSeats = new Map(ABSENT_PERCENTS.map((percent) => [percent, Math.round((percent * 256) / 100)]))
  return {
    spec,
    checkpoint: { height: at.height, hash: blockHash(kernels, at) },
    headers,
    committees,
    certs,
    absentSeats,
    nowMs: headers.at(-1)!.timeMs + 1000n,
  }
}

function must<Value>(result: { kind: 'accepted'; value: Value } | { kind: 'rejected'; code: string }): Value {
  if (result.kind === 'rejected')
    throw new Error(`the chain in .cache/catchup does not decode (${result.code}): remove it`)
  return result.value
}

/** A server of the chain whose certificates lack `percent` of the seats. */
export class CatchupView implements ChainView {
  readonly params: ChainParams
  readonly chainId: Uint8Array
  readonly #kernels: Kernels
  readonly #chain: CatchupChain
  readonly #certs: ReadonlyMap<number, FinalityCert>
  readonly #history: HistoryLog

  constructor(kernels: Kernels, chain: CatchupChain, percent: number) {
    this.#kernels = kernels
    this.#chain = chain
    this.params = chain.spec.params
    this.chainId = chainIdOf(kernels, chain.spec)
    this.#certs = chain.certs.get(percent)!
    let history = HistoryLog.empty(kernels)
    for (const header of chain.headers) history = history.append(blockHash(kernels, header))
    this.#history = history
  }

  head(): CertifiedHeader {
    return this.final(BigInt(this.#chain.headers.length - 1))!
  }

  oldestHeight(): bigint {
    return this.#chain.checkpoint.height
  }

  final(height: bigint): CertifiedHeader | undefined {
    const cert = this.#certs.get(Number(height))
    const header = this.#chain.headers[Number(height)]
    return cert === undefined || header === undefined ? undefined : { header, cert }
  }

  committee(epoch: number): Committee | undefined {
    return this.#chain.committees.get(epoch)
  }

  compactCommittee(epoch: number, bitmap: Uint8Array): CompactCommittee | undefined {
    const committee = this.#chain.committees.get(epoch)
    return committee && buildCompact(this.#kernels, { committee, head: committee.head }, bitmap)
  }

  historyPath(index: bigint, size: bigint): Uint8Array | undefined {
    return this.#history.inclusionProof(Number(index), Number(size))
  }

  transaction(): undefined {
    return undefined
  }

  stateProof(): undefined {
    return undefined
  }

  topicProof(): undefined {
    return undefined
  }

  submit(): SubmitResponse {
    return { outcome: 'rejected', reason: 'not here' }
  }

  reportConflict(): EvidenceResponse {
    return { outcome: 'rejected', reason: 'not here' }
  }
}
