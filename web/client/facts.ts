/**
 * What the elements know of a light client: one immutable snapshot of facts, replaced on every change, and four verbs.
 *
 * Elements depend on this file alone. {@link ./live-client.ts} implements it over the light client of src/client, and
 * component tests over a script of events. Nothing in a snapshot is believed without verification: every `HeadFacts` has
 * passed the checklist of src/verify before it got here.
 */
import type { Committee } from '../../src/chain/committee.ts'
import type { FinalityCert } from '../../src/chain/certificate.ts'
import type { Header } from '../../src/chain/header.ts'
import type { Owner, Utxo } from '../../src/chain/output.ts'
import type { ChainParams } from '../../src/chain/params.ts'
import type { Hash32 } from '../../src/base/brand.ts'
import type { Trust } from '../../src/light/trust-meter.ts'

/** A header this client verified, and what came with it. */
export interface HeadFacts {
  readonly header: Header
  readonly hash: Hash32
  /** Undefined for genesis and for a bare checkpoint, which nobody signs. */
  readonly cert: FinalityCert | undefined
  readonly epoch: number
  /** Set bits of the certificate, and the seats there are; both 0 when that is not known. */
  readonly seatsSigned: number
  readonly seatCount: number
  /** Clock of this device when verification was done. */
  readonly verifiedAtMs: number
  /** `verifiedAtMs` − the block's own time; undefined for blocks that were caught up on, where it says nothing. */
  readonly delayMs: number | undefined
}

export interface PeerFacts {
  readonly name: string
  readonly address: string
  /** How the page reaches it, in a word: 'webrtc-direct', 'websocket', 'relay' … */
  readonly transport: string
  /** Height of the last head it proved to us; undefined before the first. */
  readonly height: bigint | undefined
}

/** Something that went wrong, in one sentence for a person and a code for a program. */
export interface Problem {
  readonly code: string
  readonly sentence: string
}

export interface ChainFacts {
  readonly name: string
  readonly chainId: Hash32
  readonly params: ChainParams
}

export type Phase =
  /** Configuration, store and code are being loaded. */
  | 'starting'
  /** No peer has answered yet. */
  | 'connecting'
  /** Verifying what was final before we came, hop by hop. */
  | 'syncing'
  /** Verifying each block as it becomes final. */
  | 'following'
  /** Peers were there and are gone. */
  | 'offline'
  /** Will not go on: conflicting final blocks, a broken chain, a bad configuration, or closed. */
  | 'stopped'

export interface ClientFacts {
  readonly phase: Phase
  readonly chain: ChainFacts | undefined
  /** The last verified head. */
  readonly head: HeadFacts | undefined
  /** Verified heads of this visit, newest first, at most {@link HEADS_KEPT}. */
  readonly heads: readonly HeadFacts[]
  /** The committee of the head's epoch, once it has been audited. */
  readonly committee: Committee | undefined
  readonly peers: readonly PeerFacts[]
  /** Peers that were lately seen to have the head. */
  readonly witnessCount: number
  /** An independent one among them, another than the peer that brought it: see isWitnessed of the trust meter. */
  readonly isWitnessed: boolean
  /** Height that the store held when this visit began: verified before, not again. */
  readonly resumedHeight: bigint | undefined
  /** The trusted header is older than the trust period ([LC-1]): a fresh checkpoint is needed. */
  readonly expired: boolean
  readonly problem: Problem | undefined
  /** What the client's trust meter says; its ages are those of the last change. */
  readonly trust: Trust | undefined
}

export const HEADS_KEPT = 64

export const NO_FACTS: ClientFacts = {
  phase: 'starting',
  chain: undefined,
  head: undefined,
  heads: [],
  committee: undefined,
  peers: [],
  witnessCount: 0,
  isWitnessed: false,
  resumedHeight: undefined,
  expired: false,
  problem: undefined,
  trust: undefined,
}

/** An owner's complete set of unspent outputs, proven under a final header. */
export interface BalanceFacts {
  readonly owner: Owner
  readonly utxos: readonly Utxo[]
  /** Micro-units that can be sent now: transfers. */
  readonly spendable: bigint
  /** Micro-units bound as stake or waiting for release. */
  readonly bound: bigint
  readonly height: bigint
}

/** One transaction of a topic, in a block that is final. */
export interface TopicEntry {
  readonly txid: Hash32
  readonly height: bigint
}

/** The complete transactions of a topic in the blocks [start, end): every block was proven, none was skipped. */
export interface TopicFacts {
  readonly topic: Uint8Array
  readonly start: bigint
  readonly end: bigint
  /** Newest first, at most {@link TOPIC_ENTRIES_KEPT}. */
  readonly entries: readonly TopicEntry[]
  /** How many there are in the range, kept or not. */
  readonly count: number
}

export const TOPIC_ENTRIES_KEPT = 100

/** Keys of an account. On a devnet they come with the page; elsewhere they never leave the device. */
export interface Wallet {
  readonly name: string
  readonly secretKey: Uint8Array
  readonly owner: Owner
}

export type PaymentStage = 'proving' | 'signed' | 'sent' | 'final'

export interface PaymentProgress {
  readonly stage: PaymentStage
  readonly txid: Hash32 | undefined
  /** Set at stage 'final'. */
  readonly proof: ProofFacts | undefined
}

/** One step of a verification: what was compared, and whether it held. */
export interface ProofStep {
  readonly title: string
  readonly detail: string
  readonly held: boolean
}

/** A proof that this device checked, step by step. */
export interface ProofFacts {
  readonly kind: 'transaction' | 'file'
  readonly title: string
  /** Every step held. */
  readonly ok: boolean
  readonly steps: readonly ProofStep[]
  readonly height: bigint | undefined
  /** The proof as a `.scproof` file, if it can be saved. */
  readonly file: Uint8Array | undefined
}

/** A failure of one of the verbs, said in a sentence. The page shows `message` as it is. */
export class ClientProblem extends Error {
  override readonly name = 'ClientProblem'
  readonly code: string
  constructor(code: string, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.code = code
  }
}

/** What to say about anything that was thrown. */
export function problemOf(cause: unknown): Problem {
  if (cause instanceof ClientProblem) return { code: cause.code, sentence: cause.message }
  const sentence = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'internal'
  return { code, sentence }
}

export interface PaymentOptions {
  /** Makes the payment findable: the name of a topic, or its 16 hex digits. */
  readonly topic?: string
}

/** The verbs reject with {@link ClientProblem}. */
export interface ClientSource {
  readonly facts: ClientFacts
  /** Calls `listener` after each change of `facts`; returns the function that ends it. */
  subscribe(listener: () => void): () => void
  balance(owner: Owner): Promise<BalanceFacts>
  /** Proves the balance, signs, sends, waits until the payment is final and proves that. Reports each stage. */
  pay(
    wallet: Wallet,
    to: Owner,
    amount: bigint,
    report: (progress: PaymentProgress) => void,
    options?: PaymentOptions,
  ): Promise<ProofFacts>
  /**
   * Reports the complete transactions of a topic from `blocks` before the head on, again with each block, until the signal
   * aborts or the client closes. A topic is a name, or its 16 hex digits.
   */
  watchTopic(
    topic: string,
    options: { readonly blocks: number; readonly signal: AbortSignal },
    report: (facts: TopicFacts) => void,
  ): Promise<void>
  proveTransaction(txid: Hash32): Promise<ProofFacts>
  inspect(file: Uint8Array): Promise<ProofFacts>
  /** Multiaddrs at which other pages reach this one now; none unless it was given relays. */
  addresses(): Promise<readonly string[]>
  close(): Promise<void>
}
