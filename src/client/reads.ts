/** What proven reads take and give, and the part of the client that goes on reading (watch.ts) stands on. */
import type { Hash32 } from '../base/brand.ts'
import type { Header } from '../chain/header.ts'
import type { Owner, Utxo } from '../chain/output.ts'
import type { Prefix } from '../wire/proof.ts'
import type { Head } from './events.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
}

/** A complete unspent set, proven under a verified head. */
export interface ProvenSet {
  /** The head it was proven under. */
  readonly header: Header
  readonly utxos: readonly Utxo[]
  /** Encoded [STATE-1] proof; empty for a set in pages. */
  readonly proof: Uint8Array
  /** Of a set too large for one answer: the proofs of longer prefixes that cover the whole, in key order. */
  readonly pages: readonly ProvenPage[]
}

export interface ProvenPage {
  readonly prefix: Prefix
  readonly proof: Uint8Array
}

export interface PrivateOptions extends CallOptions {
  /**
   * Ask for a bucket of this many leading bits and filter on the device, so that the serving peer does not learn which
   * owner or topic is meant; the whole unless given.
   */
  readonly prefixBits?: number
}

export interface TopicTransaction {
  readonly height: bigint
  readonly topic: Uint8Array
  readonly txid: Hash32
}

/** The complete transactions of a topic in the blocks [start, end). */
export interface TopicBlocks {
  /** The head that it was proven under. */
  readonly header: Header
  readonly start: bigint
  readonly end: bigint
  readonly transactions: readonly TopicTransaction[]
}

/** A client, as far as watching needs it. */
export interface Reader {
  readonly head: Head | undefined
  whenHead(wanted: (head: Head) => boolean, options?: CallOptions): Promise<Head>
  unspent(owner: Owner, options?: PrivateOptions): Promise<ProvenSet>
  topicIn(topic: Uint8Array, start: bigint, end: bigint, options?: PrivateOptions): Promise<TopicBlocks>
}
