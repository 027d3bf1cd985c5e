/** All that the agreement knows of the height in hand; gone when the height is final. */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Result } from '../base/verdict.ts'
import { decodeBlock, type Block } from '../chain/block.ts'
import { VOTE, type VoteType } from '../chain/certificate.ts'
import { HEADER_LENGTH, blockHash, type Header } from '../chain/header.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { Aggregate } from './messages.ts'
import { Phase, type PhaseContext } from './phase.ts'
import type { Voter } from './seats.ts'
import { nameOfHash } from './tally.ts'

export type Step = 'propose' | 'prevote' | 'precommit'

/** A block that somebody sent, with one of the bodies that its hash allows ([HDR-3]). */
export interface Candidate {
  readonly hash: Hash32
  readonly block: Block
  /** Encoded block. */
  readonly bytes: Uint8Array
  /** SHA256(Body). */
  readonly bodyHash: Hash32
  /** What validation said, once asked. */
  verdict?: Result<unknown>
}

/** A candidate from the encoding of a block; undefined for bytes that are none. */
export function candidateFrom(kernels: Kernels, bytes: Uint8Array): Candidate | undefined {
  const block = decodeBlock(bytes)
  if (block.kind === 'rejected') return undefined
  const bodyHash = kernels.sha256(bytes.subarray(HEADER_LENGTH))
  return { hash: blockHash(kernels, block.value.header), block: block.value, bytes, bodyHash }
}

export interface Proposal {
  readonly candidate: Candidate
  readonly quorum?: Aggregate
  /** The encoded message, to hand on. */
  readonly message: Uint8Array
}

/** A second proposal of one round can only come from a faulty proposer; a few are kept since one may gather a quorum. */
const PROPOSALS_MAX = 4
const BODIES_MAX = 4

export class RoundState {
  readonly proposals: Proposal[] = []
  readonly prevotes: Phase
  readonly precommits: Phase

  constructor(context: PhaseContext, round: number) {
    this.prevotes = new Phase(context, VOTE.prevote, round)
    this.precommits = new Phase(context, VOTE.precommit, round)
  }

  phase(type: VoteType): Phase {
    return type === VOTE.prevote ? this.prevotes : this.precommits
  }

  holds(candidate: Candidate): boolean {
    return this.proposals.some(
      (known) => known.candidate === candidate || equalBytes(known.candidate.bodyHash, candidate.bodyHash),
    )
  }

  get isFull(): boolean {
    return this.proposals.length >= PROPOSALS_MAX
  }
}

export class HeightState {
  readonly context: PhaseContext
  readonly parent: Header
  /** Voters whose keys are ours. */
  readonly own: readonly Voter[]
  /** When round 0 begins. */
  startMs: number
  round = 0
  roundStartMs: number
  step: Step = 'propose'
  lock: { readonly round: number; readonly hash: Hash32 } | undefined
  valid: { readonly quorum: Aggregate; readonly candidate: Candidate } | undefined
  /** Blocks that have a quorum and were not here, oldest first. */
  readonly wanted: Hash32[] = []
  /** When the round's proposal, which is ahead of our clock, may be voted for. */
  holdMs: number | undefined
  resendCount = 0
  readonly #rounds = new Map<number, RoundState>()
  #ascending: readonly [number, RoundState][] | undefined
  readonly #candidates = new Map<string, Candidate[]>()

  constructor(context: PhaseContext, parent: Header, own: readonly Voter[], startMs: number) {
    this.context = context
    this.parent = parent
    this.own = own
    this.startMs = startMs
    this.roundStartMs = startMs
  }

  /** The clock jumped by `byMs`. */
  shift(byMs: number): void {
    this.startMs += byMs
    this.roundStartMs += byMs
  }

  get height(): bigint {
    return this.context.height
  }

  /** The oldest of the wanted blocks that is still not here. */
  get missing(): Hash32 | undefined {
    return this.wanted.find((hash) => this.candidatesOf(hash).length === 0)
  }

  /** The state of a round, made when first named. */
  at(round: number): RoundState {
    const known = this.#rounds.get(round)
    if (known !== undefined) return known
    const state = new RoundState(this.context, round)
    this.#rounds.set(round, state)
    this.#ascending = undefined
    return state
  }

  get current(): RoundState {
    return this.at(this.round)
  }

  /** Who proposes in `round`. */
  proposer(round: number): Voter {
    return this.context.seats.proposer(this.parent.seed, this.height, round)
  }

  /** Rounds that something is known of, ascending. */
  get rounds(): readonly [number, RoundState][] {
    this.#ascending ??= [...this.#rounds].sort((a, b) => a[0] - b[0])
    return this.#ascending
  }

  forgetRoundsBelow(round: number): void {
    for (const known of this.#rounds.keys()) if (known < round) this.#rounds.delete(known)
    this.#ascending = undefined
  }

  /** Keeps a candidate, or returns the equal one that is here; undefined when too many bodies claim this hash. */
  keep(candidate: Candidate): Candidate | undefined {
    const name = nameOfHash(candidate.hash)
    const bodies = this.#candidates.get(name) ?? []
    const known = bodies.find(({ bodyHash }) => equalBytes(bodyHash, candidate.bodyHash))
    if (known !== undefined) return known
    if (bodies.length >= BODIES_MAX) return undefined
    this.#candidates.set(name, [...bodies, candidate])
    return candidate
  }

  candidatesOf(hash: Hash32): readonly Candidate[] {
    return this.#candidates.get(nameOfHash(hash)) ?? []
  }
}
