/** What happens to the agreement machine, and what it asks its driver to do. */
import type { Hash32 } from '../base/brand.ts'
import type { Operands } from '../base/verdict.ts'
import type { Block } from '../chain/block.ts'
import type { FinalityCert, VoteType } from '../chain/certificate.ts'

/**
 * Name of a peer. It must be the authenticated author of a message, not whoever forwarded it (gossip: the signed `from`),
 * since blame falls on it.
 */
export type PeerName = string

/** `nowMs` is the node's wall clock in Unix milliseconds. It may jump; time-outs then move along. */
export type AgreementEvent =
  /** First event. `saved` is what the last `persist` effects left on disk. */
  | { readonly type: 'started'; readonly nowMs: number; readonly saved?: SavedState }
  | { readonly type: 'ticked'; readonly nowMs: number }
  /** One message of messages.ts, as it came. */
  | { readonly type: 'message-received'; readonly nowMs: number; readonly from: PeerName; readonly bytes: Uint8Array }
  /** The `persist` effect `id`, and all before it, is durable. */
  | { readonly type: 'persisted'; readonly nowMs: number; readonly id: number }
  /** An encoded block for the next height and its encoded certificate, from a peer that is ahead. */
  | {
      readonly type: 'final-received'
      readonly nowMs: number
      readonly from: PeerName
      readonly block: Uint8Array
      readonly cert: Uint8Array
    }

export interface SavedState {
  /** Encoded SafetyRecord. */
  readonly record: Uint8Array
  /** Encoded block that the record's `valid` names; absent when there is none. */
  readonly validBlock?: Uint8Array
}

export type AgreementEffect =
  /**
   * Write `record` (replacing the last one), `validBlock` if given (likewise) and append `quorum` if given, all or nothing
   * and durable, then report `persisted`. What depends on it is sent only after that report ([BFT-1]).
   */
  | {
      readonly type: 'persist'
      readonly id: number
      readonly record: Uint8Array
      readonly validBlock?: Uint8Array
      /** Encoded Aggregate: a prevote quorum acted on, to be kept for as long as evidence is ([BFT-1], [EVI-2]). */
      readonly quorum?: Uint8Array
    }
  | { readonly type: 'broadcast'; readonly bytes: Uint8Array }
  /** To the validator that signs with this key; a driver that does not know where it is may broadcast instead. */
  | { readonly type: 'send-to-key'; readonly blsPk: Uint8Array; readonly bytes: Uint8Array }
  | { readonly type: 'send-to-peer'; readonly peer: PeerName; readonly bytes: Uint8Array }
  /** Send `ticked` at `atMs` (wall clock), or soon after. Replaces the last `wake`. */
  | { readonly type: 'wake'; readonly atMs: number }
  /** The chain has a new final block; `ChainPort.commit` was called with it. */
  | { readonly type: 'final'; readonly block: Block; readonly hash: Hash32; readonly cert: FinalityCert }
  /** `peer` works below `height`: the driver may send it final blocks from there on. */
  | { readonly type: 'peer-behind'; readonly peer: PeerName; readonly height: bigint }
  /** `peer` works at `height`, above ours: the driver may ask it for final blocks. */
  | { readonly type: 'peer-ahead'; readonly peer: PeerName; readonly height: bigint }
  /** What no honest peer sends. The machine ignores the peer for a while; the driver may cut it off. */
  | {
      readonly type: 'misbehaviour'
      readonly peer: PeerName
      readonly code: MisbehaviourCode
      readonly operands: Operands
    }
  | { readonly type: 'equivocation'; readonly first: SignedVote; readonly second: SignedVote }

export type MisbehaviourCode =
  | 'malformed-message'
  | 'bad-proposal-signature'
  | 'bad-proposal'
  | 'bad-quorum'
  | 'bad-vote'
  | 'bad-aggregate'
  | 'bad-final'

/** One key's vote, as evidence carries it. */
export interface SignedVote {
  readonly type: VoteType
  readonly height: bigint
  readonly round: number
  readonly hash: Hash32
  readonly blsPk: Uint8Array
  readonly signature: Uint8Array
}
