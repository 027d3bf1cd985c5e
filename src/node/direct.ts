/**
 * Messages to one peer: a stream in each direction between any two nodes of a chain, kept open, frames as in net/frames.ts.
 *
 *   first frame  = list of (blsPk 48 ‖ signature 96): the keys that the sender signs with, each proving it over
 *                  H("stakecube/validator-peer", chainId, PeerId as a byte string)
 *   then frames  = agreement messages (consensus/messages.ts)
 *
 * So votes find their aggregator without being broadcast, and nobody attracts another's by claiming its key.
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
import { protocolPath } from '../net/protocol-path.ts'

const KEYS_PER_PEER_MAX = 64
const OPEN_TIMEOUT_MS = 5000
/** Messages of one peer in a second; beyond them its stream is cut. */
const MESSAGES_PER_SECOND_MAX = 512
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

export class Direct {
  readonly #options: DirectOptions
  readonly #path: string
  readonly #outgoing = new Map<string, Outgoing>()
  /** Hex of a BLS key → the peer that proved it. */
  readonly #peerOfKey = new Map<string, string>()
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

  /** Peers with a stream to them. */
  get peers(): readonly string[] {
    return [...this.#outgoing.keys()]
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
    const peer = this.#peerOfKey.get(toHex(blsPk))
    return peer !== undefined && this.sendToPeer(peer, bytes)
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
    for (const [key, owner] of this.#peerOfKey) if (owner === peer) this.#peerOfKey.delete(key)
  }

  async #listen(stream: Stream, connection: Connection, params: ChainParams): Promise<void> {
    const peer = connection.remotePeer
    const name = peer.toString()
    const reader = new FrameReader(stream, messageBytesMax(params))
    const budget = new Budget()
    try {
      const hello = await reader.next()
      if (hello === undefined) return
      if (!this.#readHello(peer, hello)) throw new Error('bad-hello')
      for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
        if (!budget.spend()) throw new Error('too-many-messages')
        this.#options.onMessage(name, frame)
      }
      await stream.close()
    } catch (error) {
      stream.abort(error as Error)
      const reason = (error as { code?: string }).code ?? (error as Error).message
      if (['bad-hello', 'too-many-messages', 'frame-too-large'].includes(reason)) this.#options.onFault(name, reason)
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
    const { bls } = this.#options.engine
    const reader = new Reader(bytes)
    const claims = reader.finish(
      reader.list('validator keys', 0, KEYS_PER_PEER_MAX, (item) => ({ blsPk: item.bytes(48), proof: item.bytes(96) })),
    )
    if (claims.kind === 'rejected') return false
    const message = this.#proofMessage(peer)
    for (const { blsPk, proof } of claims.value) {
      const key = bls.decodeKey(blsPk)
      if (key === undefined || !bls.verify(key, message, proof)) return false
    }
    // The last hello counts: whoever says hello again and again holds no more keys than one hello has.
    const name = peer.toString()
    for (const [key, owner] of this.#peerOfKey) if (owner === name) this.#peerOfKey.delete(key)
    for (const { blsPk } of claims.value) this.#peerOfKey.set(toHex(blsPk), name)
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

class Budget {
  #second = 0
  #count = 0

  spend(): boolean {
    const second = Math.floor(performance.now() / 1000)
    if (second !== this.#second) this.#count = 0
    this.#second = second
    return ++this.#count <= MESSAGES_PER_SECOND_MAX
  }
}
