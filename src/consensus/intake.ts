/**
 * Everything that peers say, read and sorted: bytes in, claims and candidates into the height's state, blame and answers
 * out. Nothing here decides or signs.
 *
 * Attacks. Garbage: decoders refuse it and the sender is ignored for a while. Floods: per peer and phase a budget of
 * claims, four proposals to a round, a window of rounds, a cap on messages kept for the next height. Replays: equal claims
 * are dropped. Lies about votes: found when they would matter, blamed on their author.
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, isZero } from '../base/bytes.ts'
import { rejected, type Operands, type Result } from '../base/verdict.ts'
import type { Block } from '../chain/block.ts'
import { NIL_HASH, VOTE } from '../chain/certificate.ts'
import type { Engine } from '../crypto/engine.ts'
import { revealMessage } from '../crypto/keys.ts'
import { isBitmap, isEmpty } from './bitmap.ts'
import type { ChainPort } from './chain-port.ts'
import type { AgreementEffect, MisbehaviourCode, PeerName } from './events.ts'
import { candidateFrom, type Candidate, type HeightState } from './height-state.ts'
import {
  decodeMessage,
  encodeMessage,
  proposalMessage,
  type Aggregate,
  type AskMessage,
  type Message,
  type ProposalMessage,
  type StatusMessage,
  type VotesMessage,
} from './messages.ts'
import type { Phase } from './phase.ts'
import type { Tally } from './tally.ts'

/** Rounds ahead of the current one that are listened to. */
const ROUNDS_AHEAD_MAX = 64
const EARLY_MESSAGES_PER_PEER_MAX = 128
const EARLY_BYTES_MAX = 8 * 1024 * 1024
const PEERS_MAX = 4096

export interface IntakeWorld {
  readonly engine: Engine
  readonly chain: ChainPort
  /** Least time between two answers of one kind to one peer. */
  readonly pauseMs: number
  /** How long nothing is read of a peer that sent what no honest peer sends. */
  readonly ignoreMs: number
  now(): number
  state(): HeightState | undefined
  previous(): { readonly state: HeightState; readonly tally: Tally } | undefined
  emit(effect: AgreementEffect): void
}

interface Early {
  readonly from: PeerName
  readonly message: Message
  readonly bytes: Uint8Array
}

export class Intake {
  readonly #world: IntakeWorld
  /** Until when nothing of a peer is read. */
  readonly #ignoredUntilMs = new Map<PeerName, number>()
  readonly #answeredMs = new Map<string, number>()
  #early: Early[] = []
  #earlyBytes = 0
  readonly #earlyCounts = new Map<PeerName, number>()

  constructor(world: IntakeWorld) {
    this.#world = world
  }

  receive(from: PeerName, bytes: Uint8Array): void {
    if (this.#isIgnored(from)) return
    const message = decodeMessage(bytes, this.#world.chain.params)
    if (message.kind === 'rejected')
      return this.blame(from, 'malformed-message', { code: message.code, ...message.operands })
    this.#take(from, message.value, bytes)
  }

  /** Reads what came for this height while the one before was in hand. */
  replayEarly(): void {
    const early = this.#early
    this.#early = []
    this.#earlyBytes = 0
    this.#earlyCounts.clear()
    for (const { from, message, bytes } of early) if (!this.#isIgnored(from)) this.#take(from, message, bytes)
  }

  blame(peer: PeerName, code: MisbehaviourCode, operands: Operands): void {
    if (this.#ignoredUntilMs.size >= PEERS_MAX) this.#ignoredUntilMs.clear()
    this.#ignoredUntilMs.set(peer, this.#world.now() + this.#world.ignoreMs)
    this.#world.emit({ type: 'misbehaviour', peer, code, operands })
  }

  /** A fault is not held against a peer for ever: a validator that was mended must be heard again. */
  #isIgnored(peer: PeerName): boolean {
    const untilMs = this.#ignoredUntilMs.get(peer)
    if (untilMs === undefined) return false
    if (this.#world.now() < untilMs) return true
    this.#ignoredUntilMs.delete(peer)
    return false
  }

  /** Tells everybody where we stand. */
  sendStatus(): void {
    const state = this.#world.state()
    if (state === undefined) return
    const { height, round, missing: wanted = NIL_HASH } = state
    const hasProposal = state.current.proposals.length > 0
    this.#world.emit({
      type: 'broadcast',
      bytes: encodeMessage({ kind: 'status', height, round, hasProposal, wanted }),
    })
  }

  takeOwnProposal(message: ProposalMessage, encoded: Uint8Array): void {
    const state = this.#world.state()
    if (state?.height === message.height) this.#keepProposal(state, message, encoded, undefined)
  }

  /** Valid but for its time: the ledger's rules, and the reveal under the key of the block's own round ([HDR-2]). */
  judge(state: HeightState, block: Block): Result<unknown> {
    const { engine, chain } = this.#world
    const { header, body } = block
    if (header.height !== state.height) return rejected('height-differs', { height: header.height })
    const proposer = state.proposer(header.round)
    const message = revealMessage(engine.kernels, chain.chainId, state.height)
    if (!engine.bls.verify(proposer.key, message, body.reveal))
      return rejected('reveal-invalid', { round: header.round })
    return chain.validateBlock(block)
  }

  /** Evidence at hand, and the asking for what is missing of it ([EVI-1]). */
  reportDoubleVotes(): void {
    const state = this.#world.state()
    if (state === undefined) return
    for (const [, round] of state.rounds)
      for (const phase of [round.prevotes, round.precommits])
        for (const { voter, hashes } of phase.suspects())
          for (const hash of hashes) this.#ask(phase, state.height, hash, voter.seats[0]!)
  }

  // ── Sorting ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #take(from: PeerName, message: Message, bytes: Uint8Array): void {
    const state = this.#world.state()
    if (state === undefined) return
    const height = heightOf(message)
    if (height !== undefined && height > state.height) return this.#keepEarly(from, height, message, bytes)
    if (height !== undefined && height < state.height) return this.#takeLate(from, height, message)
    switch (message.kind) {
      case 'proposal':
        return this.#takeProposal(state, from, message, bytes)
      case 'votes':
        return this.#takeVotes(state, from, message)
      case 'aggregate':
        return this.#takeAggregate(state, from, message.aggregate)
      case 'status':
        return this.#answer(state, from, message)
      case 'block':
        return this.#takeBlock(state, message.block)
      case 'ask':
        return this.#tell(state, from, message)
    }
  }

  #keepEarly(from: PeerName, height: bigint, message: Message, bytes: Uint8Array): void {
    const state = this.#world.state()!
    if (this.#mayAnswer('ahead', from)) this.#world.emit({ type: 'peer-ahead', peer: from, height })
    if (height !== state.height + 1n || message.kind === 'status' || message.kind === 'ask') return
    if (this.#earlyBytes + bytes.length > EARLY_BYTES_MAX) return
    const count = this.#earlyCounts.get(from) ?? 0
    if (count >= EARLY_MESSAGES_PER_PEER_MAX) return
    this.#earlyCounts.set(from, count + 1)
    this.#early.push({ from, message, bytes })
    this.#earlyBytes += bytes.length
  }

  /** Somebody is behind; or a precommit for the block before comes late and may still fill its certificate. */
  #takeLate(from: PeerName, height: bigint, message: Message): void {
    if (message.kind === 'status' && this.#mayAnswer('behind', from))
      this.#world.emit({ type: 'peer-behind', peer: from, height })
    const previous = this.#world.previous()
    if (previous?.state.height !== height) return
    const { target } = previous.tally
    if (message.kind === 'votes' && isSameTarget(message, target)) this.#takeVotes(previous.state, from, message)
    if (message.kind === 'aggregate' && isSameTarget(message.aggregate, target))
      this.#takeAggregate(previous.state, from, message.aggregate)
  }

  #isListenedTo(state: HeightState, round: number): boolean {
    return round <= state.round + ROUNDS_AHEAD_MAX && round + ROUNDS_AHEAD_MAX >= state.round
  }

  // ── Proposals and blocks ─────────────────────────────────────────────────────────────────────────────────────────

  #takeProposal(state: HeightState, from: PeerName, message: ProposalMessage, bytes: Uint8Array): void {
    if (!this.#isListenedTo(state, message.round) || state.at(message.round).isFull) return
    this.#keepProposal(state, message, bytes, from)
  }

  /** Undefined `from`: our own. */
  #keepProposal(state: HeightState, message: ProposalMessage, bytes: Uint8Array, from: PeerName | undefined): void {
    const candidate = candidateFrom(this.#world.engine.kernels, message.block)
    const round = state.at(message.round)
    if (candidate === undefined) {
      if (from !== undefined) this.blame(from, 'malformed-message', { what: 'block' })
      return
    }
    if (round.holds(candidate)) return
    if (from !== undefined && !this.#isGoodProposal(state, from, message, candidate)) return
    const kept = state.keep(candidate)
    if (kept === undefined) return
    const { quorum } = message
    round.proposals.push({ candidate: kept, ...(quorum === undefined ? {} : { quorum }), message: bytes })
  }

  /** [HDR-3] and [HDR-2]: the round's proposer signed it, and an older block comes with a later prevote quorum. */
  #isGoodProposal(state: HeightState, from: PeerName, message: ProposalMessage, candidate: Candidate): boolean {
    const { engine, chain } = this.#world
    const { round, height } = message
    const proposer = state.proposer(round)
    const signed = proposalMessage(engine.kernels, chain.chainId, height, round, candidate.hash, candidate.bodyHash)
    if (!engine.bls.verify(proposer.key, signed, message.signature)) {
      this.blame(from, 'bad-proposal-signature', { round })
      return false
    }
    const { header } = candidate.block
    const quorum = message.quorum
    const isOfThisRound = quorum === undefined && header.round === round
    const isAgain = quorum !== undefined && header.round <= quorum.round && quorum.round < round
    if (header.height !== height || !(isOfThisRound || isAgain)) {
      this.blame(from, 'bad-proposal', { round, headerRound: header.round, quorumRound: quorum?.round ?? -1 })
      return false
    }
    return quorum === undefined || this.#takeQuorum(state, from, quorum, candidate.hash)
  }

  /** A prevote quorum that comes with a proposal must hold at once. */
  #takeQuorum(state: HeightState, from: PeerName, quorum: Aggregate, hash: Hash32): boolean {
    const { seats } = state.context
    const isFor = quorum.type === VOTE.prevote && quorum.height === state.height && equalBytes(quorum.hash, hash)
    const isShaped = isFor && isBitmap(quorum.bitmap, seats.count) && seats.isQuorum(quorum.bitmap)
    const tally = isShaped ? state.at(quorum.round).prevotes.open(hash, undefined) : undefined
    if (tally !== undefined && seats.isQuorum(tally.provenBitmap)) return true
    const key = tally === undefined ? undefined : seats.sumOf(quorum.bitmap)
    if (
      tally === undefined ||
      key === undefined ||
      !this.#world.engine.bls.verify(key, tally.message, quorum.signature)
    ) {
      this.blame(from, 'bad-quorum', { round: quorum.round })
      return false
    }
    tally.addAggregate(quorum, undefined)
    tally.prove()
    return true
  }

  /** Only a block that a quorum is for; others are nobody's business. */
  #takeBlock(state: HeightState, bytes: Uint8Array): void {
    if (state.wanted.length === 0) return
    const candidate = candidateFrom(this.#world.engine.kernels, bytes)
    if (candidate !== undefined && state.wanted.some((hash) => equalBytes(hash, candidate.hash))) state.keep(candidate)
  }

  // ── Votes ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #takeVotes(state: HeightState, from: PeerName, votes: VotesMessage): void {
    if (!this.#isListenedTo(state, votes.round)) return
    const phase = state.at(votes.round).phase(votes.type)
    for (const { seat, signature } of votes.entries) {
      const voter = state.context.seats.voterAt(seat)
      if (voter === undefined || voter.seats[0] !== seat) return this.blame(from, 'bad-vote', { seat })
      const tally = phase.open(votes.hash, from)
      if (tally === undefined) return
      if (!tally.addVote(voter, signature, from)) continue
      const blamed: PeerName[] = []
      const pair = phase.doubleVote(voter, blamed)
      if (pair !== undefined) this.#world.emit({ type: 'equivocation', first: pair[0], second: pair[1] })
      for (const peer of new Set(blamed)) this.blame(peer, 'bad-vote', { seat })
      if (blamed.includes(from)) return
    }
  }

  #takeAggregate(state: HeightState, from: PeerName, aggregate: Aggregate): void {
    if (!this.#isListenedTo(state, aggregate.round)) return
    const { bitmap, round, type, hash } = aggregate
    if (!isBitmap(bitmap, state.context.seats.count) || isEmpty(bitmap))
      return this.blame(from, 'bad-aggregate', { length: bitmap.length, seats: state.context.seats.count })
    state.at(round).phase(type).open(hash, from)?.addAggregate(aggregate, from)
  }

  #ask(phase: Phase, height: bigint, hash: Hash32, seat: number): void {
    const { type, round } = phase
    this.#world.emit({
      type: 'broadcast',
      bytes: encodeMessage({ kind: 'ask', type, height, round, hash, seat }),
    })
  }

  #tell(state: HeightState, from: PeerName, { type, height, round, hash, seat }: AskMessage): void {
    if (!this.#isListenedTo(state, round)) return
    const voter = state.context.seats.voterAt(seat)
    const tally = state.at(round).phase(type).tallyOf(hash)
    if (voter === undefined || tally?.hasVote(voter) !== true) return
    if (!this.#mayAnswer(`vote ${type} ${round} ${seat}`, from)) return
    const blamed: PeerName[] = []
    const signature = tally.provenVote(voter, blamed)
    for (const peer of new Set(blamed)) this.blame(peer, 'bad-vote', { seat })
    if (signature === undefined) return
    const entries = [{ seat: voter.seats[0]!, signature }]
    this.#send(from, { kind: 'votes', type, height, round, hash, entries })
  }

  // ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What a peer at our height lacks of what we have. */
  #answer(state: HeightState, from: PeerName, status: StatusMessage): void {
    if (!this.#mayAnswer('status', from)) return
    const { current, round } = state
    if (!isZero(status.wanted)) {
      const candidate = state.candidatesOf(status.wanted).find(({ verdict }) => verdict?.kind === 'accepted')
      if (candidate !== undefined) this.#send(from, { kind: 'block', block: candidate.bytes })
    }
    if (status.round > round) return
    const proposal = current.proposals[0]
    if (proposal !== undefined && (status.round < round || !status.hasProposal))
      this.#world.emit({ type: 'send-to-peer', peer: from, bytes: proposal.message })
    for (const [, known] of state.rounds)
      for (const phase of [known.prevotes, known.precommits])
        for (const { aggregate } of phase.tallies)
          if (aggregate !== undefined) this.#send(from, { kind: 'aggregate', aggregate })
  }

  #send(peer: PeerName, message: Message): void {
    this.#world.emit({ type: 'send-to-peer', peer, bytes: encodeMessage(message) })
  }

  /** At most one answer of a kind per peer and pause. */
  #mayAnswer(kind: string, peer: PeerName): boolean {
    const name = `${peer} ${kind}`
    const now = this.#world.now()
    const last = this.#answeredMs.get(name)
    if (last !== undefined && now >= last && now < last + this.#world.pauseMs) return false
    if (this.#answeredMs.size >= PEERS_MAX) this.#answeredMs.clear()
    this.#answeredMs.set(name, now)
    return true
  }
}

function isSameTarget(
  a: { type: number; round: number; hash: Hash32 },
  b: { type: number; round: number; hash: Hash32 },
) {
  return a.type === b.type && a.round === b.round && equalBytes(a.hash, b.hash)
}

function heightOf(message: Message): bigint | undefined {
  if (message.kind === 'block') return undefined
  return message.kind === 'aggregate' ? message.aggregate.height : message.height
}
