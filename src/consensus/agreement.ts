/**
 * The agreement of §11 as a pure machine: events in, effects out, no clock, no network, no disk.
 *
 * What it promises, with at most the tolerated faults: no two final blocks at one height; nothing of ours signed twice for
 * one (type, height, round), across crashes too, as long as `persist` effects are obeyed; progress once messages between
 * honest nodes arrive. Messages may be lost, doubled, late and out of order. rules.ts decides, intake.ts reads, this
 * class keeps the order of things: persist before send, one height after the other.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, isZero } from '../base/bytes.ts'
import type { Block } from '../chain/block.ts'
import { NIL_HASH, VOTE, decodeCert, encodeCert, type FinalityCert, type VoteType } from '../chain/certificate.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { verifyCert, type CommitteeKeys } from '../verify/certificate.ts'
import type { ChainPort } from './chain-port.ts'
import { Deadlines } from './deadlines.ts'
import type { AgreementEffect, AgreementEvent, PeerName } from './events.ts'
import { HeightState, candidateFrom, type Candidate } from './height-state.ts'
import { Intake } from './intake.ts'
import { encodeMessage, type VotesMessage } from './messages.ts'
import { nextAction, type Action, type RuleWorld } from './rules.ts'
import type { SafetyRecord } from './safety-record.ts'
import { Seats, type Voter } from './seats.ts'
import { ShardAggregator } from './shard-aggregator.ts'
import { Signatory } from './signatory.ts'
import type { Tally } from './tally.ts'

/** Milliseconds. A step's time-out is its base plus `growthMs` per round, at most `mostMs`. */
export interface AgreementTimes {
  readonly proposeMs: number
  readonly prevoteMs: number
  readonly precommitMs: number
  readonly growthMs: number
  readonly mostMs: number
  /** A step that lasts longer sends its votes to everybody and asks for what is missing; again with doubled pauses. */
  readonly resendMs: number
  /** How long an aggregator with fewer than 2f+1 votes waits for more. */
  readonly aggregateMs: number
  /** How long a block that has a quorum may be on its way before everybody is asked for it: all who have it answer. */
  readonly wantMs: number
  /** How long a peer that sent what no honest peer sends is not listened to. */
  readonly ignoreMs: number
}

export const DEFAULT_TIMES: AgreementTimes = {
  proposeMs: 2000,
  prevoteMs: 500,
  precommitMs: 500,
  growthMs: 500,
  mostMs: 30_000,
  resendMs: 1000,
  aggregateMs: 60,
  wantMs: 250,
  ignoreMs: 60_000,
}

export interface AgreementConfig {
  readonly engine: Engine
  readonly chain: ChainPort
  readonly signer: BlsSigner
  /** One BLS secret per credential; none for a node that only follows. */
  readonly secretKeys: readonly Uint8Array[]
  readonly times: AgreementTimes
  /** 32 secret random bytes: coefficients of batch checks come from them. */
  readonly batchSeed: Uint8Array
}

type Timeout = 'propose' | 'prevote' | 'precommit'
type DeadlineName = Timeout | 'begin' | 'hold' | 'resend' | 'aggregate' | 'late-votes' | 'want'
const ROUND_DEADLINES: readonly DeadlineName[] = ['propose', 'prevote', 'precommit', 'begin', 'hold', 'resend']

/** Rounds that stay in memory behind the current one. */
const ROUNDS_BEHIND_MAX = 32
const RESEND_DOUBLINGS_MAX = 5
/**
 * A round that has not ended after so many of them is given up by who has precommitted: a precommit that all still wait for may be
 * gone, with the memory of a validator that crashed in a later round. The lock is kept, so this endangers nothing ([BFT-1]).
 */
const RESENDS_PER_ROUND_MAX = 4

/** The height before, while late precommits may still make its certificate fuller. */
interface Previous {
  readonly state: HeightState
  readonly tally: Tally
}

export class Agreement {
  readonly #config: AgreementConfig
  readonly #signatory: Signatory
  readonly #deadlines = new Deadlines<DeadlineName>()
  readonly #intake: Intake
  readonly #aggregator: ShardAggregator
  #effects: AgreementEffect[] = []
  #nowMs = 0
  #state: HeightState | undefined
  #previous: Previous | undefined
  #seats: { readonly keys: CommitteeKeys; readonly seats: Seats } | undefined
  #armed = new Set<Timeout>()
  #sentVotes: VotesMessage[] = []
  #wakeMs: number | undefined

  constructor(config: AgreementConfig) {
    this.#config = config
    const emit = (effect: AgreementEffect) => void this.#effects.push(effect)
    const { engine, chain, signer, secretKeys } = config
    this.#signatory = new Signatory({ kernels: engine.kernels, chainId: chain.chainId, signer, secretKeys, emit })
    this.#aggregator = new ShardAggregator(config.times.aggregateMs)
    this.#intake = new Intake({
      engine,
      chain,
      pauseMs: config.times.resendMs / 2,
      ignoreMs: config.times.ignoreMs,
      now: () => this.#nowMs,
      state: () => this.#state,
      previous: () => this.#previous,
      emit,
    })
  }

  /** The height being agreed on; undefined before `started`, and when the cube is empty and the chain has stopped. */
  get height(): bigint | undefined {
    return this.#state?.height
  }

  /** Where the agreement stands, for metrics and logs. */
  get standing(): { readonly height: bigint; readonly round: number; readonly step: string } | undefined {
    const state = this.#state
    return state === undefined ? undefined : { height: state.height, round: state.round, step: state.step }
  }

  /** Takes one event; returns what to do about it, in this order. */
  step(event: AgreementEvent): readonly AgreementEffect[] {
    this.#effects = []
    this.#setClock(event.nowMs)
    switch (event.type) {
      case 'started':
        this.#signatory.restore(event.saved)
        this.#enterHeight()
        break
      case 'ticked':
        break
      case 'message-received':
        this.#intake.receive(event.from, event.bytes)
        break
      case 'persisted':
        this.#signatory.persisted(event.id)
        break
      case 'final-received':
        this.#takeFinal(event.from, event.block, event.cert)
        break
    }
    for (const name of this.#deadlines.takeDue(this.#nowMs)) this.#expire(name)
    this.#settle()
    this.#wake(event.type === 'ticked')
    return this.#effects
  }

  /** [BFT-1]: a lock yields only to a prevote quorum from a round above it. */
  protected mayLeaveLock(lockRound: number, quorumRound: number | undefined): boolean {
    return quorumRound !== undefined && quorumRound > lockRound
  }

  /** The committee as voters. */
  protected makeSeats(keys: CommitteeKeys): Seats {
    return new Seats(this.#config.engine, this.#config.chain.params.quorum, keys)
  }

  // ── Height and round ─────────────────────────────────────────────────────────────────────────────────────────────

  #enterHeight(): void {
    const { chain, engine, batchSeed } = this.#config
    const { header } = chain.head()
    const height = header.height + 1n
    this.#deadlines.clear(...ROUND_DEADLINES, 'want')
    const keys = chain.committee(height)
    if (keys === undefined) {
      this.#state = undefined
      return
    }
    if (this.#seats?.keys !== keys) this.#seats = { keys, seats: this.makeSeats(keys) }
    const { seats } = this.#seats
    const context = { engine, chainId: chain.chainId, seats, height, batchSeed }
    this.#state = new HeightState(context, header, this.#signatory.ownVoters(seats), this.#startOf(header.timeMs))
    const known = this.#signatory.recordAt(height)
    if (known !== undefined) this.#resume(this.#state, known.record, known.validBlock)
    else this.#enterRound(0)
    this.#intake.replayEarly()
  }

  /** Blocks come no faster than blockTimeMs; a chain that runs ahead of our clock is not waited for longer than that. */
  #startOf(parentTimeMs: bigint): number {
    const { blockTimeMs } = this.#config.chain.params
    return Math.min(Math.max(this.#nowMs, Number(parentTimeMs) + blockTimeMs), this.#nowMs + blockTimeMs)
  }

  #enterRound(round: number): void {
    const state = this.#currentState
    state.round = round
    state.step = 'propose'
    state.roundStartMs = Math.max(this.#nowMs, state.startMs)
    state.holdMs = undefined
    state.resendCount = 0
    state.forgetRoundsBelow(round - ROUNDS_BEHIND_MAX)
    this.#armed = new Set()
    this.#sentVotes = []
    this.#deadlines.clear(...ROUND_DEADLINES)
    this.#deadlines.set('begin', state.roundStartMs)
    this.#deadlines.set('propose', state.roundStartMs + this.#lengthOf('propose'))
    this.#deadlines.set('resend', state.roundStartMs + this.#config.times.resendMs)
  }

  /** Goes on where the record says that we were when we stopped. */
  #resume(state: HeightState, record: SafetyRecord, validBlock: Uint8Array | undefined): void {
    this.#enterRound(record.round)
    state.lock = record.lock
    if (record.valid !== undefined && validBlock !== undefined) {
      const candidate = candidateFrom(this.#config.engine.kernels, validBlock)
      if (candidate !== undefined && equalBytes(candidate.hash, record.valid.hash)) {
        const kept = state.keep(candidate) ?? candidate
        state.valid = { quorum: record.valid, candidate: kept }
        state.at(record.valid.round).prevotes.open(record.valid.hash, undefined)?.addAggregate(record.valid, undefined)
      }
    }
    if (record.prevote !== undefined) {
      state.step = 'prevote'
      this.#sendVotes(this.#signatory.votes(state, VOTE.prevote, record.prevote))
    }
    if (record.precommit !== undefined) {
      state.step = 'precommit'
      this.#sendVotes(this.#signatory.votes(state, VOTE.precommit, record.precommit))
    }
  }

  #lengthOf(timeout: Timeout): number {
    const { proposeMs, prevoteMs, precommitMs, growthMs, mostMs } = this.#config.times
    const base = { propose: proposeMs, prevote: prevoteMs, precommit: precommitMs }[timeout]
    return Math.min(base + growthMs * this.#currentState.round, mostMs)
  }

  get #currentState(): HeightState {
    assert(this.#state !== undefined, 'no height in hand')
    return this.#state
  }

  // ── Acting on the rules ──────────────────────────────────────────────────────────────────────────────────────────

  #settle(): void {
    for (;;) {
      if (this.#state === undefined) return
      const action = nextAction(this.#worldOf(this.#state))
      if (action === undefined) break
      this.#act(this.#state, action)
    }
    this.#aggregate()
    this.#intake.reportDoubleVotes()
  }

  #worldOf(state: HeightState): RuleWorld {
    return {
      state,
      nowMs: this.#nowMs,
      clockDriftMsMax: this.#config.chain.params.clockDriftMsMax,
      isArmed: (timeout) => this.#armed.has(timeout),
      isProposing: () => this.#isProposing(state),
      isValid: (candidate) => this.#isValid(state, candidate),
      mayLeaveLock: (lockRound, quorumRound) => this.mayLeaveLock(lockRound, quorumRound),
      blame: (peers) => this.#blameVotes(peers),
    }
  }

  #act(state: HeightState, action: Action): void {
    switch (action.do) {
      case 'decide':
        return this.#decide(state, action.candidate, action.tally)
      case 'want':
        state.wanted.push(action.hash)
        return this.#deadlines.setOnce('want', this.#nowMs + this.#config.times.wantMs)
      case 'enter-round':
        return this.#enterRound(action.round)
      case 'propose':
        return this.#propose(state)
      case 'hold':
        state.holdMs = action.atMs
        return this.#deadlines.set('hold', action.atMs)
      case 'prevote':
        state.step = 'prevote'
        return this.#vote(state, VOTE.prevote, action.hash)
      case 'adopt':
        state.valid = { quorum: action.quorum, candidate: action.candidate }
        return
      case 'precommit':
        state.step = 'precommit'
        if (!isZero(action.hash)) state.lock = { round: state.round, hash: action.hash }
        return this.#vote(state, VOTE.precommit, action.hash)
      case 'arm':
        this.#armed.add(action.timeout)
        return this.#deadlines.set(action.timeout, this.#nowMs + this.#lengthOf(action.timeout))
    }
  }

  #expire(name: DeadlineName): void {
    const state = this.#state
    if (state === undefined) return
    if (name === 'propose' && state.step === 'propose') this.#act(state, { do: 'prevote', hash: NIL_HASH })
    if (name === 'prevote' && state.step === 'prevote') this.#act(state, { do: 'precommit', hash: NIL_HASH })
    if (name === 'precommit') this.#enterRound(state.round + 1)
    if (name === 'resend') this.#resend(state)
    if (name === 'want' && state.missing !== undefined) this.#intake.sendStatus()
  }

  #decide(state: HeightState, candidate: Candidate, tally: Tally): void {
    const cert = certOf(tally)
    this.#sendSums(state, { only: tally, isLast: true })
    this.#commit(candidate.block, candidate.hash, cert)
    this.#previous = { state, tally }
    this.#enterHeight()
  }

  #commit(block: Block, hash: Hash32, cert: FinalityCert): void {
    this.#config.chain.commit(block, cert)
    this.#previous = undefined
    this.#effects.push({ type: 'final', block, hash, cert })
  }

  /** A peer gives us what was decided without us. */
  #takeFinal(from: PeerName, blockBytes: Uint8Array, certBytes: Uint8Array): void {
    const state = this.#state
    const candidate = candidateFrom(this.#config.engine.kernels, blockBytes)
    const cert = decodeCert(certBytes)
    if (state === undefined) return
    if (candidate === undefined || cert.kind === 'rejected') {
      this.#intake.blame(from, 'bad-final', { what: candidate === undefined ? 'block' : 'certificate' })
      return
    }
    const { header } = candidate.block
    if (header.height !== state.height) return
    const { engine, chain } = this.#config
    const verdict = verifyCert(engine, chain.params, chain.chainId, state.context.seats.keys, header, cert.value)
    const body = verdict.kind === 'rejected' ? verdict : chain.validateBlock(candidate.block)
    if (body.kind === 'rejected') {
      this.#intake.blame(from, 'bad-final', { code: body.code, ...body.operands })
      return
    }
    this.#commit(candidate.block, candidate.hash, cert.value)
    this.#enterHeight()
  }

  // ── Proposing ────────────────────────────────────────────────────────────────────────────────────────────────────

  #isProposing(state: HeightState): boolean {
    if (state.step !== 'propose' || this.#nowMs < state.roundStartMs) return false
    if (!this.#signatory.maySign(state) || this.#signatory.hasProposed(state)) return false
    return state.own.includes(state.proposer(state.round))
  }

  #propose(state: HeightState): void {
    const proposer = state.proposer(state.round)
    const block = state.valid?.candidate.block ?? this.#buildBlock(state, proposer)
    const message = this.#signatory.proposal(state, proposer, block)
    this.#signatory.recordProposal(state, () => {
      const bytes = encodeMessage(message)
      this.#effects.push({ type: 'broadcast', bytes })
      this.#intake.takeOwnProposal(message, bytes)
    })
  }

  #buildBlock(state: HeightState, proposer: Voter): Block {
    const { chain } = this.#config
    const earliestMs = state.parent.timeMs + BigInt(chain.params.blockTimeMs)
    const nowMs = BigInt(Math.floor(this.#nowMs))
    return chain.buildBlock({
      round: state.round,
      timeMs: nowMs > earliestMs ? nowMs : earliestMs,
      reveal: this.#signatory.reveal(state, proposer),
      parentCert: this.#parentCert(state),
    })
  }

  /** The fullest certificate of the parent that we can make: a seat left out would lose its reward ([REW-1]). */
  #parentCert(state: HeightState): Uint8Array {
    if (state.height <= 1n) return new Uint8Array(0)
    const cert = this.#config.chain.headCert()
    assert(cert !== undefined, 'a head above genesis has a certificate')
    if (this.#previous?.state.height !== cert.height) return encodeCert(cert)
    this.#blameVotes(this.#previous.tally.prove())
    return encodeCert(certOf(this.#previous.tally))
  }

  #isValid(state: HeightState, candidate: Candidate): boolean {
    candidate.verdict ??= this.#intake.judge(state, candidate.block)
    return candidate.verdict.kind === 'accepted'
  }

  // ── Voting ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #vote(state: HeightState, type: VoteType, hash: Hash32): void {
    if (!this.#signatory.maySign(state)) return
    const votes = this.#signatory.votes(state, type, hash)
    this.#signatory.recordVote(state, type, hash, () => this.#sendVotes(votes))
  }

  /** To the aggregators of the shards where we sit, and into our own tally. The votes are on disk by now. */
  #sendVotes(votes: VotesMessage): void {
    const state = this.#state
    if (state === undefined || state.height !== votes.height) return
    const { seats } = state.context
    const tally = state.at(votes.round).phase(votes.type).open(votes.hash, undefined)
    for (const { seat, signature } of votes.entries) tally?.addVote(seats.voterAt(seat)!, signature, undefined)
    const shards = new Set(state.own.flatMap((voter) => seats.shardsOf(voter)))
    const aggregators = new Set([...shards].map((shard) => seats.aggregatorOf(shard, votes.height, votes.round)))
    const bytes = encodeMessage(votes)
    for (const voter of aggregators)
      if (!state.own.includes(voter)) this.#effects.push({ type: 'send-to-key', blsPk: voter.key.bytes, bytes })
    if (votes.round === state.round) this.#sentVotes.push(votes)
    this.#deadlines.set('resend', this.#nowMs + this.#config.times.resendMs)
  }

  /** No progress: our votes go to everybody, and peers are asked for what is missing; in the end the round is given up. */
  #resend(state: HeightState): void {
    if (state.step === 'precommit' && state.resendCount >= RESENDS_PER_ROUND_MAX)
      return this.#enterRound(state.round + 1)
    for (const votes of this.#sentVotes) this.#effects.push({ type: 'broadcast', bytes: encodeMessage(votes) })
    this.#intake.sendStatus()
    state.resendCount = Math.min(state.resendCount + 1, RESEND_DOUBLINGS_MAX)
    this.#deadlines.set('resend', this.#nowMs + this.#config.times.resendMs * 2 ** state.resendCount)
  }

  // ── Aggregating ──────────────────────────────────────────────────────────────────────────────────────────────────

  #aggregate(): void {
    if (this.#state !== undefined) this.#sendSums(this.#state)
    if (this.#previous !== undefined) this.#sendSums(this.#previous.state, { only: this.#previous.tally })
  }

  #sendSums(state: HeightState, options: { readonly only?: Tally; readonly isLast?: boolean } = {}): void {
    const blamed: PeerName[] = []
    const { sums, nextMs } = this.#aggregator.collect(state, this.#nowMs, blamed, options)
    this.#blameVotes(blamed)
    for (const sum of sums) {
      this.#effects.push({ type: 'broadcast', bytes: encodeMessage({ kind: 'aggregate', aggregate: sum }) })
      state.at(sum.round).phase(sum.type).open(sum.hash, undefined)?.addAggregate(sum, undefined)
    }
    const name = state === this.#state ? 'aggregate' : 'late-votes'
    if (nextMs === undefined) this.#deadlines.clear(name)
    else this.#deadlines.set(name, nextMs)
  }

  #blameVotes(peers: readonly PeerName[]): void {
    for (const peer of new Set(peers)) this.#intake.blame(peer, 'bad-vote', {})
  }

  // ── Clock ─────────────────────────────────────────────────────────────────────────────────────────

  /** A clock that was set back takes the time-outs along, so that none is put off by it. */
  #setClock(nowMs: number): void {
    if (nowMs < this.#nowMs) {
      this.#deadlines.shift(nowMs - this.#nowMs)
      this.#state?.shift(nowMs - this.#nowMs)
    }
    this.#nowMs = nowMs
  }

  /** After a tick it is said again even if it did not change: the driver's timer is spent. */
  #wake(isSpent: boolean): void {
    const nextMs = this.#deadlines.next()
    if (nextMs === undefined || (nextMs === this.#wakeMs && !isSpent)) return
    this.#wakeMs = nextMs
    this.#effects.push({ type: 'wake', atMs: nextMs })
  }
}

function certOf(tally: Tally): FinalityCert {
  const { height, round, hash } = tally.target
  assert(tally.proven !== undefined, 'a decision has a proven sum')
  return { height, round, blockHash: hash, ...tally.proven }
}
