/**
 * What goes into the light machine and what comes out: facts in the past tense, commands, and notices for people.
 * Raw bytes cross this boundary, so a simulator can corrupt them. Times are milliseconds since the Unix epoch.
 */
import type { Hash32 } from '../base/brand.ts'
import type { Operands, Result } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import type { Header } from '../chain/header.ts'
import type { Utxo } from '../chain/output.ts'
import type { ChainSpec } from '../chain/spec.ts'
import type { Tx } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import type { PeerName, ProtocolName, TransportCode } from '../ports/network.ts'
import type { TransactionProof } from '../proofs/transaction.ts'
import type { ConflictEvidence, EvidenceResponse } from '../wire/evidence.ts'
import type { Prefix } from '../wire/proof.ts'
import type { Checkpoint } from '../verify/trust.ts'
import type { SyncCode } from './codes.ts'

export type { Checkpoint } from '../verify/trust.ts'

export interface LightConfig {
  readonly engine: Engine
  readonly spec: ChainSpec
  /** Absent: start from genesis. */
  readonly checkpoint?: Checkpoint
  /** Order in which peers are asked, and coefficients of batches: unknown to peers, another one for each start. */
  readonly seed: string
  /** Go on with committees smaller than the chain's f and F say ([LC-3]); refused unless true. */
  readonly weakCommitteesAllowed?: boolean
  /** Given by a client that serves others: what is done with evidence that one of them sends. */
  readonly onReport?: (evidence: ConflictEvidence) => EvidenceResponse
  /** Peers whose streams are followed at once; 3 unless given. */
  readonly followCountMax?: number
  /** Hops verified in one step, with one batch of pairings ([LC-4c]); 16 unless given. 1: each by itself. */
  readonly hopBatchMax?: number
}

export type LightPhase = 'waiting' | 'syncing' | 'following' | 'stale' | 'halted' | 'failed'

/** Entries of the store as they were read, by key. Nothing in it is trusted before it has been verified again. */
export type SavedEntries = ReadonlyMap<string, Uint8Array>

export type Query =
  | { readonly kind: 'header'; readonly height: bigint }
  | { readonly kind: 'transaction'; readonly txid: Hash32 }
  /** `under`: a proven header of the chain below the head; the trusted head unless given. */
  | { readonly kind: 'state'; readonly prefix: Prefix; readonly under?: Header }
  /** The blocks [start, end), at most 256, end at most the trusted height + 1. */
  | { readonly kind: 'topic'; readonly start: bigint; readonly end: bigint; readonly prefix: Prefix }

/** A proven answer. `at` is the trusted head that it was verified under. */
export type QueryValue =
  | { readonly kind: 'header'; readonly at: Header; readonly header: Header; readonly path: Uint8Array }
  | {
      readonly kind: 'transaction'
      readonly at: Header
      /** Of the block that holds the transaction. */
      readonly header: Header
      /** Inclusion of `header` in the history of `at`; empty if they are the same. */
      readonly path: Uint8Array
      readonly txid: Hash32
      readonly proof: TransactionProof
    }
  | {
      readonly kind: 'state'
      readonly at: Header
      readonly prefix: Prefix
      /** The complete set under the prefix, ascending by state key. */
      readonly utxos: readonly Utxo[]
      /** Encoded [STATE-1] proof. */
      readonly proof: Uint8Array
    }
  | TopicValue

/** The complete transactions of a topic, or topic prefix, in the blocks [start, start + blocks.length), [PROOF-4]. */
export interface TopicValue {
  readonly kind: 'topic'
  readonly at: Header
  readonly start: bigint
  /** For each block, its matching leaves (topic 8 ‖ txid 32), ascending. */
  readonly blocks: readonly { readonly height: bigint; readonly leaves: readonly Uint8Array[] }[]
}

export type LightEvent =
  | { readonly kind: 'started'; readonly nowMs: bigint; readonly saved: SavedEntries }
  | { readonly kind: 'ticked'; readonly nowMs: bigint }
  | { readonly kind: 'peer-connected'; readonly peer: PeerName }
  | { readonly kind: 'peer-disconnected'; readonly peer: PeerName }
  | { readonly kind: 'response-received'; readonly requestId: string; readonly bytes: Uint8Array }
  | { readonly kind: 'request-failed'; readonly requestId: string; readonly code: TransportCode }
  | { readonly kind: 'frame-received'; readonly streamId: string; readonly bytes: Uint8Array }
  | { readonly kind: 'stream-ended'; readonly streamId: string }
  | { readonly kind: 'work-resumed' }
  | { readonly kind: 'asked'; readonly queryId: string; readonly query: Query }
  | { readonly kind: 'query-cancelled'; readonly queryId: string }
  | { readonly kind: 'submitted'; readonly submissionId: string; readonly txid: Hash32; readonly tx: Tx }
  | { readonly kind: 'submission-cancelled'; readonly submissionId: string }
  /** Another client sent it: verified before anything follows from it. */
  | { readonly kind: 'evidence-received'; readonly evidence: ConflictEvidence }

export interface SendRequest {
  readonly kind: 'send-request'
  readonly requestId: string
  readonly peer: PeerName
  readonly protocol: Exclude<ProtocolName, 'follow'>
  readonly bytes: Uint8Array
  readonly timeoutMs: number
  readonly responseBytesMax: number
}

export type LightEffect =
  | SendRequest
  | {
      readonly kind: 'open-follow'
      readonly streamId: string
      readonly peer: PeerName
      readonly bytes: Uint8Array
      readonly timeoutMs: number
      readonly responseBytesMax: number
    }
  | { readonly kind: 'close-follow'; readonly streamId: string }
  /** Hang up. `remember`: it sent something that is provably wrong, so never dial it again. */
  | { readonly kind: 'drop-peer'; readonly peer: PeerName; readonly code: string; readonly remember: boolean }
  /** One atomic commit; in order. */
  | { readonly kind: 'save'; readonly writes: ReadonlyMap<string, Uint8Array | undefined> }
  /** There is verification left to do: step again with `work-resumed`, after letting others run. */
  | { readonly kind: 'resume-soon' }
  | { readonly kind: 'emit'; readonly notice: LightNotice }

export interface VerifiedHead {
  readonly header: Header
  readonly hash: Hash32
  /** Absent for genesis. */
  readonly cert?: FinalityCert
  readonly epoch: number
  /** Seats that signed, of the committee's seats. */
  readonly signedSeats: number
  readonly seats: number
  readonly shards: number
}

export type SubmissionStatus =
  | { readonly kind: 'sent'; readonly peer: PeerName; readonly outcome: 'accepted' | 'known' }
  /** Every peer that was asked refused it; the reasons are theirs, not verified. */
  | { readonly kind: 'rejected'; readonly reasons: readonly string[] }
  | { readonly kind: 'final'; readonly value: QueryValue & { readonly kind: 'transaction' } }
  /**
   * The head has passed its expiry and no peer shows it in a block. `isProven`: its first input is proven unspent, so it was
   * never included. Else that input was spent, by this transaction or another one.
   */
  | { readonly kind: 'expired'; readonly expiry: bigint; readonly isProven: boolean }

export type LightNotice =
  | { readonly kind: 'phase'; readonly phase: LightPhase }
  | { readonly kind: 'head'; readonly head: VerifiedHead; readonly peer: PeerName | undefined }
  | ({ readonly kind: 'progress' } & Progress)
  /** The full committee of the head's epoch is known and audited: blocks of that epoch can be followed. */
  | { readonly kind: 'committee'; readonly epoch: number }
  | { readonly kind: 'peer'; readonly peer: PeerName; readonly state: PeerState; readonly code?: string }
  | { readonly kind: 'warning'; readonly code: string; readonly operands: Operands }
  /** The client stopped: `code` says why, and it will not go on by itself. */
  | { readonly kind: 'failed'; readonly code: string; readonly operands: Operands }
  | { readonly kind: 'halted'; readonly evidence: ConflictEvidence }
  | { readonly kind: 'answered'; readonly queryId: string; readonly answer: Result<QueryValue, SyncCode> }
  | { readonly kind: 'submission'; readonly submissionId: string; readonly status: SubmissionStatus }

/** How far the client has come since it began to catch up, which is when it found itself an epoch or more behind. */
export interface Progress {
  readonly height: bigint
  /** The highest that a peer claims and has not failed to prove. */
  readonly claimedHeight: bigint
  /** Where it began. */
  readonly fromHeight: bigint
  /** Hops, one an epoch: done since then, and in all. */
  readonly hopsDone: number
  readonly hopsTotal: number
  /** Hops verified in a second, and the time that the rest takes at that pace; undefined for the first second. */
  readonly hopsPerS: number | undefined
  readonly remainingMs: number | undefined
}

export type PeerState = 'connected' | 'agreed' | 'slow' | 'dropped' | 'disconnected'
