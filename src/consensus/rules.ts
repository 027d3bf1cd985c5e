/**
 * The rules of the agreement (Tendermint: Buchman, Kwon, Milosevic 2018, Algorithm 1, over weighted seats): what a node
 * that knows what it knows does next. Pure but for proving claims; the machine carries the actions out.
 *
 * Attacks. Votes that nobody signed: no rule counts a bit that is not proven. Two blocks in one round: only the first
 * proposal is voted for. A block from the future: the vote waits ([HDR-1]). A block with a spoilt body: another body of the
 * same hash will do ([HDR-3]). A lock is left only for a prevote quorum from a later round ([BFT-1]).
 */
import { equalBytes, isZero } from '../base/bytes.ts'
import type { Hash32 } from '../base/brand.ts'
import { NIL_HASH } from '../chain/certificate.ts'
import { isSubset, union } from './bitmap.ts'
import type { PeerName } from './events.ts'
import type { Candidate, HeightState } from './height-state.ts'
import type { Aggregate } from './messages.ts'
import type { Phase } from './phase.ts'
import type { Tally } from './tally.ts'

export type Action =
  | { readonly do: 'decide'; readonly candidate: Candidate; readonly tally: Tally }
  /** A quorum is for a block that is not here. */
  | { readonly do: 'want'; readonly hash: Hash32 }
  | { readonly do: 'enter-round'; readonly round: number }
  | { readonly do: 'propose' }
  /** The proposal's time is ahead of our clock: decide about it at `atMs`. */
  | { readonly do: 'hold'; readonly atMs: number }
  | { readonly do: 'prevote'; readonly hash: Hash32 }
  /** Remember the block and its prevote quorum as what to propose next. */
  | { readonly do: 'adopt'; readonly candidate: Candidate; readonly quorum: Aggregate }
  /** Of this round; for a block, locks on it. */
  | { readonly do: 'precommit'; readonly hash: Hash32 }
  | { readonly do: 'arm'; readonly timeout: 'prevote' | 'precommit' }

/** What the rules ask of the machine. */
export interface RuleWorld {
  readonly state: HeightState
  readonly nowMs: number
  readonly clockDriftMsMax: number
  /** Whether a time-out is running or has run in this round. */
  isArmed(timeout: 'prevote' | 'precommit'): boolean
  /** Whether we are to propose now. */
  isProposing(): boolean
  /** Whether the block is valid in all but its time; asked of one body at a time, remembered. */
  isValid(candidate: Candidate): boolean
  /** Whether a lock on another block yields to this proposal's prevote quorum. */
  mayLeaveLock(lockRound: number, quorumRound: number | undefined): boolean
  blame(peers: readonly PeerName[]): void
}

/** The next thing to do, or undefined when there is nothing until something happens. */
export function nextAction(world: RuleWorld): Action | undefined {
  return (
    decision(world) ??
    roundToEnter(world) ??
    adoption(world) ??
    (world.isProposing() ? { do: 'propose' } : undefined) ??
    prevote(world) ??
    precommit(world) ??
    timeoutToArm(world)
  )
}

/** A precommit quorum of any round for a block that is here and valid. */
function decision(world: RuleWorld): Action | undefined {
  for (const [, round] of world.state.rounds)
    for (const tally of round.precommits.tallies) {
      if (isZero(tally.target.hash) || !hasQuorum(world, tally)) continue
      const candidate = validCandidate(world, tally.target.hash)
      if (candidate !== undefined) return { do: 'decide', candidate, tally }
      const want = wish(world, tally.target.hash)
      if (want !== undefined) return want
    }
  return undefined
}

/** A later round in which somebody honest is, or the next one when this one can decide nothing. */
function roundToEnter(world: RuleWorld): Action | undefined {
  const { state } = world
  for (const [round, { prevotes, precommits }] of [...state.rounds].reverse()) {
    if (round <= state.round) break
    const { seats } = state.context
    if (!seats.holdsHonest(union(prevotes.claimed(), precommits.claimed()))) continue
    world.blame([...prevotes.prove(), ...precommits.prove()])
    if (seats.holdsHonest(union(prevotes.proven(), precommits.proven()))) return { do: 'enter-round', round }
  }
  const nil = state.current.precommits.tallyOf(NIL_HASH)
  if (nil !== undefined && hasQuorum(world, nil)) return { do: 'enter-round', round: state.round + 1 }
  return undefined
}

/** For the round's first proposal, or nil if it is wrong or a lock forbids it. */
function prevote(world: RuleWorld): Action | undefined {
  const { state } = world
  const proposal = state.current.proposals[0]
  if (state.step !== 'propose' || proposal === undefined) return undefined
  const { hash, block } = proposal.candidate
  const voteAtMs = Number(block.header.timeMs) - world.clockDriftMsMax
  if (voteAtMs > world.nowMs) return state.holdMs === voteAtMs ? undefined : { do: 'hold', atMs: voteAtMs }
  const isFree =
    state.lock === undefined ||
    equalBytes(state.lock.hash, hash) ||
    world.mayLeaveLock(state.lock.round, proposal.quorum?.round)
  return { do: 'prevote', hash: isFree && validCandidate(world, hash) !== undefined ? hash : NIL_HASH }
}

/** The latest block that a prevote quorum is for. Comes before any vote, so that the record of the vote holds the quorum. */
function adoption(world: RuleWorld): Action | undefined {
  const { state } = world
  for (const [round, { prevotes }] of state.rounds) {
    if (round > state.round || round <= (state.valid?.quorum.round ?? -1)) continue
    const found = blockQuorum(world, prevotes)
    const candidate = found === undefined ? undefined : validCandidate(world, found.hash)
    if (found !== undefined && candidate !== undefined) return { do: 'adopt', candidate, quorum: found }
  }
  return undefined
}

/** After our prevote: for what a quorum of this round's prevotes is for. */
function precommit(world: RuleWorld): Action | undefined {
  const { state } = world
  if (state.step !== 'prevote') return undefined
  const { prevotes } = state.current
  const found = blockQuorum(world, prevotes)
  if (found !== undefined)
    return validCandidate(world, found.hash) === undefined
      ? wish(world, found.hash)
      : { do: 'precommit', hash: found.hash }
  const nil = prevotes.tallyOf(NIL_HASH)
  return nil !== undefined && hasQuorum(world, nil) ? { do: 'precommit', hash: NIL_HASH } : undefined
}

/** A quorum has voted, but not alike: wait a while for the rest, then give up on the step. */
function timeoutToArm(world: RuleWorld): Action | undefined {
  const { step, current } = world.state
  if (step === 'prevote' && !world.isArmed('prevote') && anyQuorum(world, current.prevotes))
    return { do: 'arm', timeout: 'prevote' }
  if (!world.isArmed('precommit') && anyQuorum(world, current.precommits)) return { do: 'arm', timeout: 'precommit' }
  return undefined
}

/** The proven prevote quorum for a block, if there is one. */
function blockQuorum(world: RuleWorld, prevotes: Phase): Aggregate | undefined {
  for (const tally of prevotes.tallies)
    if (!isZero(tally.target.hash) && hasQuorum(world, tally)) return tally.aggregate
  return undefined
}

function hasQuorum(world: RuleWorld, tally: Tally): boolean {
  const { seats } = world.state.context
  if (seats.isQuorum(tally.provenBitmap)) return true
  if (!seats.isQuorum(tally.claimed) || isSubset(tally.claimed, tally.provenBitmap)) return false
  world.blame(tally.prove())
  return seats.isQuorum(tally.provenBitmap)
}

function anyQuorum(world: RuleWorld, phase: Phase): boolean {
  const { seats } = world.state.context
  if (!seats.isQuorum(phase.claimed())) return false
  if (seats.isQuorum(phase.proven())) return true
  world.blame(phase.prove())
  return seats.isQuorum(phase.proven())
}

function validCandidate(world: RuleWorld, hash: Hash32): Candidate | undefined {
  return world.state.candidatesOf(hash).find((candidate) => world.isValid(candidate))
}

function wish({ state }: RuleWorld, hash: Hash32): Action | undefined {
  return state.wanted.some((wanted) => equalBytes(wanted, hash)) ? undefined : { do: 'want', hash }
}
