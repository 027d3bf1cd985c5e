/**
 * Gossip between nodes: agreement messages and transactions, each validated before it is passed on.
 *
 * Messages are signed by their author (gossipsub's StrictSign), so `from` is who said it, whoever forwarded it. Agreement
 * messages have ids by author and sequence number, since the machine may say the same thing again for good reason;
 * transactions have ids by content, so that one is forwarded once.
 *
 * Attacks. Malformed or oversized: rejected where it enters, counted against the forwarder. Old: ignored. A chatty author:
 * more than `AUTHOR_MESSAGES_MAX` messages in a second are ignored. Made-up authors, each of which could cost a pairing
 * check: one forwarder brings `FORWARDED_AUTHORS_MAX` in `AUTHORS_WINDOW_MS`, and none where all nodes are connected. What
 * comes before validation (signatures that fail, frames, floods) is the guard's: gossip-guard.ts.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import type { GossipsubOpts, Message as GossipMessage, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { concatBytes, toHex, u64 } from '../base/bytes.ts'
import type { ChainParams } from '../chain/params.ts'
import { decodeMessage, messageBytesMax, type Message } from '../consensus/messages.ts'
import type { Host } from '../net/host.ts'
import { protocolPath } from '../net/protocol-path.ts'

export type Judgement = 'accept' | 'ignore' | 'reject'

export interface GossipHandlers {
  /** The height that the agreement works on; below it nothing is news. */
  height(): bigint
  onAgreement(author: string, bytes: Uint8Array): void
  onTransaction(author: string, bytes: Uint8Array): Judgement
  /** An encoded conflict of final blocks ([EVI-2]). */
  onConflict(bytes: Uint8Array): Judgement
  /** An encoded double vote ([EVI-1]). */
  onDoubleVote(bytes: Uint8Array): Judgement
  /** `peer` forwarded what no honest peer forwards. */
  onFault(peer: string, reason: string): void
  /** A message is not used, and it may be nobody's fault. */
  onDrop(reason: string): void
}

const AUTHOR_MESSAGES_MAX = 256
const AUTHORS_MAX = 4096
const FORWARDED_AUTHORS_MAX = 1024
const AUTHORS_WINDOW_MS = 10 * 60_000
const TX_BYTES_MAX = 0xffff
const CONFLICT_BYTES_MAX = 64 * 1024
const DOUBLE_VOTE_BYTES_MAX = 512
const TOPICS = ['agreement', 'transactions', 'evidence', 'double-votes'] as const
/** Bytes that gossipsub adds: topic, author, sequence number, signature. */
const ENVELOPE_BYTES = 1024

/**
 * Options for a host that gossips on this chain. Where every node is connected to every other, passing messages on is
 * work for nothing, and the mesh is kept thin.
 */
export function gossipOptions(
  chainId: Uint8Array,
  params: ChainParams,
  isFullyConnected: boolean,
): Partial<GossipsubOpts> {
  return {
    allowedTopics: TOPICS.map((name) => protocolPath(chainId, name)),
    // One after the other: a peer that sends faster than it is read waits for its own stream, not in our memory.
    awaitRpcHandler: true,
    awaitRpcMessageHandler: true,
    // An author tells everybody it is connected to; the mesh is for those it is not.
    floodPublish: true,
    ...(isFullyConnected ? { D: 1, Dlo: 0, Dhi: 2, Dout: 0, Dscore: 0, Dlazy: 2 } : { D: 4, Dlo: 3, Dhi: 8, Dlazy: 3 }),
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    doPX: false,
    msgIdFn: messageId,
    fastMsgIdFn: copyId,
    maxInboundDataLength: messageBytesMax(params) + ENVELOPE_BYTES,
    // Several nodes behind one address are no attack: a devnet is that, and so is a household.
    scoreParams: { IPColocationFactorWeight: 0 },
  }
}

/** Recognises another copy of a message that was validated before its signature is checked a second time. */
function copyId({ from, seqno, topic }: { from?: Uint8Array; seqno?: Uint8Array; topic: string }): string {
  return `${toHex(from ?? new Uint8Array(0))}/${toHex(seqno ?? new Uint8Array(0))}/${topic}`
}

function messageId(message: GossipMessage): Uint8Array {
  const isAuthored = message.type === 'signed' && message.topic.endsWith('/agreement')
  return isAuthored
    ? sha256(concatBytes(message.from.toMultihash().bytes, u64(message.sequenceNumber)))
    : sha256(message.data)
}

export class Gossip {
  readonly #host: Host
  readonly #params: ChainParams
  readonly #handlers: GossipHandlers
  readonly #agreementTopic: string
  readonly #transactionTopic: string
  readonly #evidenceTopic: string
  readonly #doubleVoteTopic: string
  readonly #authors = new AuthorBudget()
  readonly #forwarded = new ForwardedAuthors()
  readonly #isFullyConnected: boolean

  constructor(
    host: Host,
    chainId: Uint8Array,
    params: ChainParams,
    isFullyConnected: boolean,
    handlers: GossipHandlers,
  ) {
    this.#isFullyConnected = isFullyConnected
    this.#host = host
    this.#params = params
    this.#handlers = handlers
    this.#agreementTopic = protocolPath(chainId, 'agreement')
    this.#transactionTopic = protocolPath(chainId, 'transactions')
    this.#evidenceTopic = protocolPath(chainId, 'evidence')
    this.#doubleVoteTopic = protocolPath(chainId, 'double-votes')
  }

  start(): void {
    const { pubsub } = this.#host.services
    pubsub.topicValidators.set(this.#agreementTopic, (peer, message) =>
      this.#conclude(peer, this.#judgeAgreement(peer, message), 'bad-agreement-gossip'),
    )
    pubsub.topicValidators.set(this.#transactionTopic, (peer, message) =>
      this.#conclude(peer, this.#judgeTransaction(message), 'bad-transaction-gossip'),
    )
    pubsub.topicValidators.set(this.#evidenceTopic, (peer, message) =>
      this.#conclude(peer, this.#judgeEvidence(message, CONFLICT_BYTES_MAX, 'onConflict'), 'bad-evidence-gossip'),
    )
    pubsub.topicValidators.set(this.#doubleVoteTopic, (peer, message) =>
      this.#conclude(peer, this.#judgeEvidence(message, DOUBLE_VOTE_BYTES_MAX, 'onDoubleVote'), 'bad-evidence-gossip'),
    )
    for (const topic of this.#topics) pubsub.subscribe(topic)
  }

  stop(): void {
    const { pubsub } = this.#host.services
    for (const topic of this.#topics) {
      pubsub.topicValidators.delete(topic)
      if (this.#host.status === 'started') pubsub.unsubscribe(topic)
    }
  }

  get #topics(): readonly string[] {
    return [this.#agreementTopic, this.#transactionTopic, this.#evidenceTopic, this.#doubleVoteTopic]
  }

  publishConflict(bytes: Uint8Array): void {
    this.#publish(this.#evidenceTopic, bytes)
  }

  publishDoubleVote(bytes: Uint8Array): void {
    this.#publish(this.#doubleVoteTopic, bytes)
  }

  publishAgreement(bytes: Uint8Array): void {
    this.#publish(this.#agreementTopic, bytes)
  }

  publishTransaction(bytes: Uint8Array): void {
    this.#publish(this.#transactionTopic, bytes)
  }

  /** Delivery is best effort: the agreement says again what matters. */
  #publish(topic: string, bytes: Uint8Array): void {
    this.#host.services.pubsub.publish(topic, bytes).catch(() => undefined)
  }

  #conclude(forwarder: PeerId, judgement: Judgement, reason: string): TopicValidatorResult {
    if (judgement === 'reject') this.#handlers.onFault(forwarder.toString(), reason)
    return judgement as TopicValidatorResult
  }

  #judgeAgreement(forwarder: PeerId, message: GossipMessage): Judgement {
    if (message.type !== 'signed') return 'reject'
    const author = message.from.toString()
    if (!this.#authors.spend(author)) return this.#ignore('author-too-chatty')
    if (!this.#mayBring(forwarder, message.from)) return this.#ignore('author-unknown')
    const decoded = decodeMessage(message.data, this.#params)
    if (decoded.kind === 'rejected') return 'reject'
    const height = heightOf(decoded.value)
    // Late precommits for the block just made final still complete its certificate.
    if (height !== undefined && height + 1n < this.#handlers.height()) return this.#ignore('old-height')
    this.#handlers.onAgreement(author, message.data)
    return 'accept'
  }

  #judgeTransaction(message: GossipMessage): Judgement {
    if (message.type !== 'signed' || message.data.length > TX_BYTES_MAX) return 'reject'
    const author = message.from.toString()
    if (!this.#authors.spend(author)) return this.#ignore('author-too-chatty')
    return this.#handlers.onTransaction(author, message.data)
  }

  #judgeEvidence(message: GossipMessage, bytesMax: number, handler: 'onConflict' | 'onDoubleVote'): Judgement {
    if (message.type !== 'signed' || message.data.length > bytesMax) return 'reject'
    if (!this.#authors.spend(message.from.toString())) return this.#ignore('author-too-chatty')
    return this.#handlers[handler](message.data)
  }

  #ignore(reason: string): Judgement {
    this.#handlers.onDrop(reason)
    return 'ignore'
  }

  #mayBring(forwarder: PeerId, author: PeerId): boolean {
    if (author.equals(forwarder)) return true
    if (this.#isFullyConnected) return this.#host.getConnections(author).length > 0
    if (this.#forwarded.spend(forwarder.toString(), author.toString())) return true
    this.#handlers.onFault(forwarder.toString(), 'too-many-authors')
    return false
  }
}

/** Different authors that one forwarder has brought lately. */
class ForwardedAuthors {
  #authorsOf = new Map<string, Set<string>>()
  #sinceMs = 0

  spend(forwarder: string, author: string): boolean {
    if (performance.now() - this.#sinceMs > AUTHORS_WINDOW_MS || this.#authorsOf.size > AUTHORS_MAX) {
      this.#authorsOf = new Map()
      this.#sinceMs = performance.now()
    }
    const authors = this.#authorsOf.get(forwarder) ?? new Set<string>()
    this.#authorsOf.set(forwarder, authors)
    if (authors.has(author)) return true
    if (authors.size >= FORWARDED_AUTHORS_MAX) return false
    authors.add(author)
    return true
  }
}

/** The height a message is about; undefined for those that any height may need. */
export function heightOf(message: Message): bigint | undefined {
  if (message.kind === 'aggregate') return message.aggregate.height
  return message.kind === 'proposal' || message.kind === 'votes' ? message.height : undefined
}

/** So many messages of one author in each second. */
class AuthorBudget {
  readonly #counts = new Map<string, number>()
  #second = 0

  spend(author: string): boolean {
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.#second || this.#counts.size > AUTHORS_MAX) this.#counts.clear()
    this.#second = second
    const count = (this.#counts.get(author) ?? 0) + 1
    this.#counts.set(author, count)
    return count <= AUTHOR_MESSAGES_MAX
  }
}
