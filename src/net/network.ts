/** The client side of src/ports/network.ts over a libp2p host: the same code in Node and in pages. */
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import {
  TransportError,
  type Network,
  type PeerName,
  type ProtocolName,
  type RequestOptions,
} from '../ports/network.ts'
import { Deadline } from './deadline.ts'
import { FrameReader, transportError, writeFrame } from './frames.ts'
import { protocolPath } from './protocol-path.ts'

export interface NetworkOptions {
  /** Stop the host with the network. True for a client that has the host for itself, which is the default. */
  readonly stopsHost?: boolean
}

export function createNetwork(host: Libp2p, chainId: Uint8Array, options: NetworkOptions = {}): Libp2pNetwork {
  return new Libp2pNetwork(host, chainId, options.stopsHost ?? true)
}

export class Libp2pNetwork implements Network {
  readonly #host: Libp2p
  readonly #chainId: Uint8Array
  readonly #stopsHost: boolean
  readonly #open = new Set<Deadline>()
  #closed = false

  constructor(host: Libp2p, chainId: Uint8Array, stopsHost: boolean) {
    this.#host = host
    this.#chainId = chainId
    this.#stopsHost = stopsHost
  }

  async connect(
    address: string,
    options: { readonly timeoutMs: number; readonly signal?: unknown },
  ): Promise<PeerName> {
    const target = parseAddress(address)
    const deadline = this.#deadline(options)
    try {
      const connection = await this.#host.dial(target, { signal: deadline.signal })
      return connection.remotePeer.toString()
    } catch (error) {
      if (deadline.reason !== undefined) throw deadline.reason
      throw new TransportError('dial-failed', `could not connect to ${address}: ${reasonOf(error)}`, { cause: error })
    } finally {
      deadline.clear()
    }
  }

  request(peer: PeerName, protocol: ProtocolName, request: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    return this.ask(peer, protocol, request, options)
  }

  /** As `request`, for any protocol of the chain: those between nodes are not the light client's concern. */
  async ask(peer: PeerName, protocol: string, request: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const deadline = this.#deadline(options)
    let stream: Stream | undefined
    try {
      stream = await this.#openStream(peer, protocol, deadline.signal)
      const reader = new FrameReader(stream, options.responseBytesMax)
      await writeFrame(stream, request, deadline.signal)
      const response = await deadline.race(reader.next())
      if (response === undefined)
        throw new TransportError('stream-reset', `${protocol}: the peer ended without an answer`)
      hangUp(stream)
      return response
    } catch (error) {
      const fault = deadline.reason ?? transportError(error, `in ${protocol}`)
      stream?.abort(fault)
      throw fault
    } finally {
      deadline.clear()
    }
  }

  async *stream(
    peer: PeerName,
    protocol: ProtocolName,
    request: Uint8Array,
    options: RequestOptions,
  ): AsyncIterable<Uint8Array> {
    const deadline = this.#deadline(options)
    let stream: Stream | undefined
    try {
      stream = await this.#openStream(peer, protocol, deadline.signal)
      const reader = new FrameReader(stream, options.responseBytesMax)
      await writeFrame(stream, request, deadline.signal)
      let frame = await deadline.race(reader.next())
      deadline.stopTimer()
      for (; frame !== undefined; frame = await deadline.race(reader.next())) yield frame
    } catch (error) {
      const fault = deadline.reason ?? transportError(error, `in ${protocol}`)
      stream?.abort(fault)
      throw fault
    } finally {
      deadline.clear()
      if (stream !== undefined) hangUp(stream)
    }
  }

  async disconnect(peer: PeerName): Promise<void> {
    await this.#host.hangUp(parsePeer(peer)).catch(() => undefined)
  }

  onDisconnect(listener: (peer: PeerName) => void): () => void {
    const forward = (event: CustomEvent<PeerId>): void => listener(event.detail.toString())
    this.#host.addEventListener('peer:disconnect', forward)
    return () => this.#host.removeEventListener('peer:disconnect', forward)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const deadline of this.#open) deadline.cancel()
    if (this.#stopsHost) await this.#host.stop()
  }

  async #openStream(peer: PeerName, protocol: string, signal: AbortSignal): Promise<Stream> {
    const connection = this.#host.getConnections(parsePeer(peer)).find(({ status }) => status === 'open')
    if (connection === undefined) throw new TransportError('closed', `there is no connection to ${peer}`)
    return openStream(connection, protocolPath(this.#chainId, protocol), signal)
  }

  #deadline(options: { readonly timeoutMs: number; readonly signal?: unknown }): Deadline {
    const deadline = new Deadline(options.timeoutMs, this.#open, options.signal as AbortSignal | undefined)
    if (this.#closed) deadline.cancel()
    return deadline
  }
}

/** A stream for `protocol`, also over a relayed connection. Negotiation ends with `signal`. */
export async function openStream(connection: Connection, protocol: string, signal: AbortSignal): Promise<Stream> {
  return connection.newStream(protocol, { signal, runOnLimitedConnection: true })
}

/** Ends a stream that has served its purpose, without waiting for the other side. */
export function hangUp(stream: Stream): void {
  if (stream.status !== 'open') return
  stream.close({ signal: AbortSignal.timeout(5000) }).catch((error: unknown) => {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  })
}

function parseAddress(address: string): Multiaddr {
  let target: Multiaddr
  try {
    target = multiaddr(address)
  } catch (error) {
    throw new TransportError('dial-failed', `"${address}" is not a multiaddr`, { cause: error })
  }
  if (target.getComponents().at(-1)?.name !== 'p2p')
    throw new TransportError(
      'dial-failed',
      `"${address}" must end in /p2p/<PeerId>, so that the peer can be recognised`,
    )
  return target
}

function parsePeer(peer: PeerName): PeerId {
  try {
    return peerIdFromString(peer)
  } catch (error) {
    throw new TransportError('closed', `"${peer}" is not a PeerId`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join('; ')
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
