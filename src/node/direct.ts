/**
 * Messages to one peer: a stream in each direction between any two nodes of a chain, kept open, frames as in net/frames.ts.
 *
 *   first frame  = list of (blsPk 48 ‖ signature 96): the keys that the sender signs with, each proving it over
 *                  H("stakecube/validator-peer", chainId, PeerId as a byte string)
 *   then frames  = agreement messages (consensus/messages.ts)
 *
 * So votes find their aggregator without being broadcast, and nobody attracts another's by claiming its key.
 *
 * Attacks. A hello with 64 keys, again and again: a proof is checked only when a message for its key is to be sent, so a
 * claim costs a pairing check once, and only for keys of a committee. Floods: each peer has a budget of messages, bytes
 * and hellos over all its streams; beyond it the stream is cut and the fault counted.
 */
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { toHex } from '../base/bytes.ts'
import { Reader, Writer } from '../chain/codec.ts'
import type { ChainParams } from '../chain/params.ts'
import { messageBytesMax } from '../consensus/messages.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { FrameReader, writeFrame } from '../net/frames.ts'
import type { Host } from '../net/host.ts'
import { TokenBucket } from '../net/peer-account.ts'
import { protocolPath } from '../net/protocol-path.ts'

const KEYS_PER_PEER_MAX = 64
const OPEN_TIMEOUT_MS = 5000
/** What one peer may send over all its streams; beyond it the stream is cut, which counts as a fault. */
const MESSAGES_PER_SECOND = 512
const MESSAGE_BURST = 2048
const BYTES_PER_SECOND = 4 * 1024 * 1024
const BYTE_BURST = 32 * 1024 * 1024
/** First frames of one peer in a minute: an honest one opens a new stream when the old one broke. */
const HELLOS_PER_MINUTE = 30
/** Peers that may claim one key at a time; only one can prove it. */
const CLAIMS_PER_KEY_MAX = 8
const BUDGETS_MAX = 1024
/** Unsent bytes for one peer beyond which messages to it are dropped: it is not reading. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024

export interface DirectOptions {
  readonly host: Host
  readonly engine: Engine
  readonly chainId: Uint8Array
  readonly params: ChainParams
  readonly signer: BlsSigner
  readonly secretKeys: readonly Uint8Array[]
  readonly onMessage: (peer: string, bytes: Uint8Array) => void
  readonly onFault: (peer: string, reason: string) => void
}

interface Claim {
  readonly peerId: PeerId
  readonly proof: Uint8Array
}

export class Direct {
  readonly #options: DirectOptions
  readonly #path: string
  readonly #outgoing = new Map<string, Outgoing>()
  /** Hex of a BLS key → the peer that proved it. */
  readonly #peerOfKey = new Map<string, string>()
  /** Hex of a BLS key → who says that it signs with it; not checked yet. */
  readonly #claims = new Map<string, Claim[]>()
  readonly #budgets = new Map<string, Budget>()
  #topology: string | undefined
  #hello: Uint8Array | undefined

  constructor(options: DirectOptions) {
    this.#options = options
    this.#path = protocolPath(options.chainId, 'validators')
  }

  async start(): Promise<void> {
    const { host, params } = this.#options
    this.#hello = this.#makeHello()
    await host.handle(this.#path, (stream, connection) => void this.#listen(stream, connection, params), {
      maxInboundStreams: 4,
    })
    this.#topology = await host.register(this.#path, {
      onConnect: (peer) => void this.#outgoingTo(peer).open(),
      onDisconnect: (peer) => this.#forget(peer.toString()),
    })
  }

  async stop(): Promise<void> {
    if (this.#topology !== undefined) this.#options.host.unregister(this.#topology)
    await this.#options.host.unhandle(this.#path)
    for (const outgoing of this.#outgoing.values()) outgoing.close()
  }

  /** Opens a stream to a connected node, unless there is one. */
  reach(peer: PeerId): void {
    if (!this.#outgoing.has(peer.toString())) void this.#outgoingTo(peer).open()
  }

  /** Peers with a stream to them. */
  get peers(): readonly string[] {
    const connected = new Set(this.#options.host.getConnections().map(({ remotePeer }) => remotePeer.toString()))
    return [...this.#outgoing.keys()].filter((peer) => connected.has(peer))
  }

  /** False when the peer is not connected: the caller may broadcast instead. */
  sendToPeer(peer: string, bytes: Uint8Array): boolean {
    const outgoing = this.#outgoing.get(peer)
    if (outgoing === undefined) return false
    void outgoing.send(bytes)
    return true
  }

  /** False when nobody who is connected has proven this key. */
  sendToKey(blsPk: Uint8Array, bytes: Uint8Array): boolean {
    const name = toHex(blsPk)
    const peer = this.#peerOfKey.get(name) ?? this.#prove(name, blsPk)
    return peer !== undefined && this.sendToPeer(peer, bytes)
  }

  /** The first of those who claim the key that can prove it; claims that fail are a fault and are gone. */
  #prove(name: string, blsPk: Uint8Array): string | undefined {
    const { bls } = this.#options.engine
    const claims = this.#claims.get(name)
    for (let claim = claims?.shift(); claim !== undefined; claim = claims!.shift()) {
      const key = bls.decodeKey(blsPk)
      const holds = key !== undefined && bls.verify(key, this.#proofMessage(claim.peerId), claim.proof)
      const peer = claim.peerId.toString()
      if (!holds) this.#options.onFault(peer, 'bad-hello')
      else {
        this.#peerOfKey.set(name, peer)
        return peer
      }
    }
    this.#claims.delete(name)
    return undefined
  }

  #outgoingTo(peer: PeerId): Outgoing {
    const name = peer.toString()
    const known = this.#outgoing.get(name)
    if (known !== undefined) return known
    const outgoing = new Outgoing(async () => {
      const signal = AbortSignal.timeout(OPEN_TIMEOUT_MS)
      const stream = await this.#options.host.dialProtocol(peer, this.#path, { signal })
      await writeFrame(stream, this.#hello!, signal)
      return stream
    })
    this.#outgoing.set(name, outgoing)
    return outgoing
  }

  #forget(peer: string): void {
    this.#outgoing.get(peer)?.close()
    this.#outgoing.delete(peer)
    this.#forgetKeys(peer)
  }

  #forgetKeys(peer: string): void {
    for (const [key, owner] of this.#peerOfKey) if (owner === peer) this.#peerOfKey.delete(key)
    for (const [key, claims] of this.#claims) {
      const others = claims.filter(({ peerId }) => peerId.toString() !== peer)
      if (others.length === 0) this.#claims.delete(key)
      else this.#claims.set(key, others)
    }
  }

  /** Kept over disconnections, so that connecting again buys nothing. */
  #budgetOf(peer: string): Budget {
    const known = this.#budgets.get(peer)
    if (known !== undefined) return known
    if (this.#budgets.size >= BUDGETS_MAX) this.#budgets.delete(this.#budgets.keys().next().value!)
    const budget = new Budget()
    this.#budgets.set(peer, budget)
    return budget
  }

  async #listen(stream: Stream, connection: Connection, params: ChainParams): Promise<void> {
    const peer = connection.remotePeer
    const name = peer.toString()
    const reader = new FrameReader(stream, messageBytesMax(params))
    const budget = this.#budgetOf(name)
    try {
      const hello = await reader.next()
      if (hello === undefined) return
      if (!budget.spendHello()) throw new Error('too-many-hellos')
      if (!this.#readHello(peer, hello)) throw new Error('bad-hello')
      // It speaks the protocol, whatever became of libp2p's own introduction (identify gives up on a busy machine).
      this.reach(peer)
      for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
        if (!budget.spend(frame.length)) throw new Error('too-many-messages')
        this.#options.onMessage(name, frame)
      }
      await stream.close()
    } catch (error) {
      stream.abort(error as Error)
      const reason = (error as { code?: string }).code ?? (error as Error).message
      if (['bad-hello', 'too-many-hellos', 'too-many-messages', 'frame-too-large'].includes(reason))
        this.#options.onFault(name, reason)
    }
  }

  #makeHello(): Uint8Array {
    const { signer, secretKeys, host } = this.#options
    const message = this.#proofMessage(host.peerId)
    return new Writer(256)
      .list(secretKeys, (writer, secretKey) =>
        writer.bytes(signer.publicKey(secretKey)).bytes(signer.sign(secretKey, message)),
      )
      .finish()
  }

  #readHello(peer: PeerId, bytes: Uint8Array): boolean {
    const reader = new Reader(bytes)
    const claims = reader.finish(
      reader.list('validator keys', 0, KEYS_PER_PEER_MAX, (item) => ({ blsPk: item.bytes(48), proof: item.bytes(96) })),
    )
    if (claims.kind === 'rejected') return false
    // The last hello counts: whoever says hello again and again holds no more keys than one hello has.
    this.#forgetKeys(peer.toString())
    for (const { blsPk, proof } of claims.value) {
      const name = toHex(blsPk)
      const others = this.#claims.get(name) ?? []
      if (others.length >= CLAIMS_PER_KEY_MAX) continue
      this.#claims.set(name, [...others, { peerId: peer, proof }])
    }
    return true
  }

  #proofMessage(peer: PeerId): Uint8Array {
    const { engine, chainId } = this.#options
    const name = new Writer(64).byteString(peer.toMultihash().bytes).finish()
    return engine.kernels.tagged('stakecube/validator-peer').hash(chainId, name)
  }
}

/** One stream out; messages keep their order. One that fails is dropped, and the next one opens a new stream. */
class Outgoing {
  readonly #openStream: () => Promise<Stream>
  #stream: Promise<Stream> | undefined
  #queue: Promise<void> = Promise.resolve()
  #backlogBytes = 0
  #isClosed = false

  constructor(open: () => Promise<Stream>) {
    this.#openStream = open
  }

  open(): Promise<void> {
    return this.#enqueue(async () => void (await this.#streamNow()))
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed || this.#backlogBytes > BACKLOG_BYTES_MAX) return Promise.resolve()
    this.#backlogBytes += bytes.length
    return this.#enqueue(() => this.#write(bytes)).finally(() => (this.#backlogBytes -= bytes.length))
  }

  close(): void {
    this.#isClosed = true
    this.#stream?.then((stream) => stream.close({ signal: AbortSignal.timeout(500) })).catch(() => undefined)
  }

  #enqueue(job: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(job).catch(() => {
      this.#stream = undefined
    })
    return this.#queue
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await writeFrame(await this.#streamNow(), bytes, AbortSignal.timeout(OPEN_TIMEOUT_MS))
  }

  async #streamNow(): Promise<Stream> {
    const stream = await this.#stream
    if (stream !== undefined && stream.status === 'open') return stream
    this.#stream = this.#openStream()
    return this.#stream
  }
}

/** What a peer may send over all its streams. */
class Budget {
  readonly #messages = new TokenBucket(MESSAGES_PER_SECOND, MESSAGE_BURST, performance.now())
  readonly #bytes = new TokenBucket(BYTES_PER_SECOND, BYTE_BURST, performance.now())
  readonly #hellos = new TokenBucket(HELLOS_PER_MINUTE / 60, HELLOS_PER_MINUTE, performance.now())

  spend(bytes: number): boolean {
    const nowMs = performance.now()
    const hasMessages = this.#messages.take(1, nowMs)
    return this.#bytes.take(bytes, nowMs) && hasMessages
  }

  spendHello(): boolean {
    return this.#hellos.take(1, performance.now())
  }
}
