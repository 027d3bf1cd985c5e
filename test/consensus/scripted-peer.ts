/** One machine under test, with every other validator played by hand: they say exactly what a test wants, well signed. */
import assert from 'node:assert/strict'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { encodeBlock, type Block } from '../../src/chain/block.ts'
import { VOTE, encodeCert, voteMessage, type VoteType } from '../../src/chain/certificate.ts'
import { HEADER_LENGTH, blockHash } from '../../src/chain/header.ts'
import { Agreement, DEFAULT_TIMES } from '../../src/consensus/agreement.ts'
import { emptyBitmap, setBit } from '../../src/consensus/bitmap.ts'
import type { AgreementEffect, AgreementEvent, SavedState } from '../../src/consensus/events.ts'
import {
  decodeMessage,
  encodeMessage,
  proposalMessage,
  type Aggregate,
  type Message,
  type VotesMessage,
} from '../../src/consensus/messages.ts'
import { Seats, type Voter } from '../../src/consensus/seats.ts'
import { revealMessage } from '../../src/crypto/keys.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { ToyChain, engine, signer, toyWorld, type ToyWorld } from './toy-chain.ts'

export type EffectOf<Type extends AgreementEffect['type']> = Extract<AgreementEffect, { type: Type }>
type EventBody = AgreementEvent extends infer One ? (One extends AgreementEvent ? Omit<One, 'nowMs'> : never) : never

export class ScriptedPeer {
  readonly world: ToyWorld
  readonly seats: Seats
  readonly effects: AgreementEffect[] = []
  chain: ToyChain
  machine: Agreement
  nowMs: number
  /** What `persist` effects have left on disk. */
  saved: SavedState | undefined
  /** False: the disk never reports. */
  isDiskFast = true
  readonly #index: number

  constructor(seed: string, validatorCount: number, index = 0) {
    this.world = toyWorld(seed, validatorCount)
    this.seats = new Seats(engine, this.world.params.quorum, this.world.keys)
    this.#index = index
    this.nowMs = Number(this.world.genesis.header.timeMs) + 5000
    this.chain = new ToyChain(this.world)
    this.machine = this.#newMachine()
  }

  #newMachine(): Agreement {
    return new Agreement({
      engine,
      chain: this.chain,
      signer,
      secretKeys: this.world.cast.validators[this.#index]!.blsSecrets,
      times: DEFAULT_TIMES,
      batchSeed: new Uint8Array(32).fill(9),
    })
  }

  /** Stops the machine, loses all but the disk, and starts it again on the same chain. */
  restart(): void {
    this.machine = this.#newMachine()
    this.start()
  }

  start(): AgreementEffect[] {
    return this.step({ type: 'started', ...(this.saved === undefined ? {} : { saved: this.saved }) })
  }

  /** All effects of one event, the disk's answers included. */
  step(event: EventBody): AgreementEffect[] {
    const all: AgreementEffect[] = []
    const queue = [...this.machine.step({ ...event, nowMs: this.nowMs } as AgreementEvent)]
    for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
      all.push(effect)
      if (effect.type !== 'persist' || !this.isDiskFast) continue
      const validBlock = effect.validBlock ?? this.saved?.validBlock
      this.saved = { record: effect.record, ...(validBlock === undefined ? {} : { validBlock }) }
      queue.push(...this.machine.step({ type: 'persisted', nowMs: this.nowMs, id: effect.id }))
    }
    this.effects.push(...all)
    return all
  }

  advance(ms: number): AgreementEffect[] {
    this.nowMs += ms
    return this.step({ type: 'ticked' })
  }

  hear(message: Message, from = 'peer'): AgreementEffect[] {
    return this.step({ type: 'message-received', from, bytes: encodeMessage(message) })
  }

  // ── Who is who ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** The draw gave the machine's validator a seat; a test needs one. */
  get isSeated(): boolean {
    const [secret] = this.world.cast.validators[this.#index]!.blsSecrets
    return this.seats.voterNamed(toHex(signer.publicKey(secret!))) !== undefined
  }

  get me(): Voter {
    return this.voterOf(this.#index)
  }

  voterOf(index: number): Voter {
    const name = toHex(signer.publicKey(this.world.cast.validators[index]!.blsSecrets[0]!))
    const voter = this.seats.voterNamed(name)
    assert.ok(voter, `validator ${index} has seats`)
    return voter
  }

  get others(): readonly Voter[] {
    return this.seats.voters.filter((voter) => voter !== this.me)
  }

  secretOf(voter: Voter): Uint8Array {
    const index = this.world.cast.validatorOfKey.get(voter.name)!
    return this.world.cast.validators[index]!.blsSecrets[0]!
  }

  get height(): bigint {
    return this.chain.head().header.height + 1n
  }

  proposer(round: number): Voter {
    return this.seats.proposer(this.chain.head().header.seed, this.height, round)
  }

  /** Whether the machine's votes of a round go to anybody but itself. */
  votesLeave(round: number): boolean {
    return this.seats.shardsOf(this.me).some((shard) => this.seats.aggregatorOf(shard, this.height, round) !== this.me)
  }

  // ── What they say ────────────────────────────────────────────────────────────────────────────────────────────────

  /** A valid block of `round`; another `delayMs`, another block. */
  block(round: number, delayMs = 0): Block {
    const { header } = this.chain.head()
    const cert = this.chain.headCert()
    const reveal = signer.sign(
      this.secretOf(this.proposer(round)),
      revealMessage(twin, this.chain.chainId, this.height),
    )
    const parentCert = cert === undefined ? new Uint8Array(0) : encodeCert(cert)
    const timeMs = header.timeMs + BigInt(this.world.params.blockTimeMs + delayMs)
    return this.chain.buildBlock({ round, timeMs, reveal, parentCert })
  }

  proposal(round: number, block: Block, quorum?: Aggregate, by = this.proposer(round)): Message {
    const bytes = encodeBlock(block)
    const digest = proposalMessage(
      twin,
      this.chain.chainId,
      this.height,
      round,
      blockHash(twin, block.header),
      twin.sha256(bytes.subarray(HEADER_LENGTH)),
    )
    return {
      kind: 'proposal',
      height: this.height,
      round,
      signature: signer.sign(this.secretOf(by), digest),
      ...(quorum === undefined ? {} : { quorum }),
      block: bytes,
    }
  }

  vote(type: VoteType, round: number, hash: Uint8Array, voter: Voter): VotesMessage {
    const message = voteMessage(twin, this.chain.chainId, type, this.height, round, hash)
    const signature = signer.sign(this.secretOf(voter), message)
    return { kind: 'votes', type, height: this.height, round, hash, entries: [{ seat: voter.seats[0]!, signature }] }
  }

  /** The votes of `voters` as one sum. */
  sum(type: VoteType, round: number, hash: Uint8Array, voters: readonly Voter[], height = this.height): Aggregate {
    const bitmap = emptyBitmap(this.seats.count)
    for (const { seats } of voters) for (const seat of seats) setBit(bitmap, seat)
    const message = voteMessage(twin, this.chain.chainId, type, height, round, hash)
    const signature = engine.bls.sumSignatures(
      voters.map((voter) => ({ signature: signer.sign(this.secretOf(voter), message), times: voter.seats.length })),
    )!
    return { type, height, round, hash, bitmap, signature }
  }

  hearAll(type: VoteType, round: number, hash: Uint8Array, voters = this.others): AgreementEffect[] {
    return this.hear({ kind: 'aggregate', aggregate: this.sum(type, round, hash, voters) })
  }

  /** The fewest others that hold an honest seat for sure. */
  get someHonest(): readonly Voter[] {
    const chosen: Voter[] = []
    for (const voter of this.others) {
      chosen.push(voter)
      if (this.seats.holdsHonest(this.sum(VOTE.prevote, 0, new Uint8Array(32), chosen).bitmap)) return chosen
    }
    throw new Error('the others hold no honest seat for sure')
  }
}

/** The machine's own votes among effects: what left it for the wire. */
export function votesSent(peer: ScriptedPeer, effects: readonly AgreementEffect[]): VotesMessage[] {
  const found: VotesMessage[] = []
  for (const effect of effects) {
    if (effect.type !== 'broadcast' && effect.type !== 'send-to-key') continue
    const message = decodeMessage(effect.bytes, peer.world.params)
    assert.equal(message.kind, 'accepted')
    if (message.kind !== 'accepted' || message.value.kind !== 'votes') continue
    const { value } = message
    const isKnown = found.some(
      (known) => known.type === value.type && known.round === value.round && equalBytes(known.hash, value.hash),
    )
    if (!isKnown) found.push(value)
  }
  return found
}

export function effectsOf<Type extends AgreementEffect['type']>(
  effects: readonly AgreementEffect[],
  type: Type,
): EffectOf<Type>[] {
  return effects.filter((effect): effect is EffectOf<Type> => effect.type === type)
}
