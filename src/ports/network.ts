/** The light client's view of a network: peers that answer requests and streams of frames. Adapters: net/ (libp2p), sim/. */

import type { Result } from '../base/verdict.ts'

/** Names of the libp2p protocols of §9, and `lease` of §8; the path is /stakecube/1/<first 8 hex of chainId>/<name>. */
export const PROTOCOLS = ['status', 'hops', 'follow', 'headers', 'proof', 'submit', 'evidence', 'lease'] as const
export type ProtocolName = (typeof PROTOCOLS)[number]

/** A peer as the transport knows it (a libp2p PeerId in text form). */
export type PeerName = string

export type TransportCode =
  | 'dial-failed'
  | 'protocol-unsupported'
  | 'timeout'
  | 'aborted'
  | 'stream-reset'
  | 'frame-too-large'
  | 'closed'
  | 'part-missing'

/** The world failed: thrown by shell code, never by the core. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly code: TransportCode
  constructor(code: TransportCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options as { cause?: unknown })
    this.code = code
  }
}

export interface RequestOptions {
  readonly timeoutMs: number
  /** Longest frame that is read; a longer one resets the stream with `frame-too-large`. */
  readonly responseBytesMax: number
  readonly signal?: unknown
}

/** Counts a request that is dear to answer as so many more of its peer's; false when that one has no more to spend: refuse it. */
export type Charge = (count: number) => boolean

/** Who asks, as far as the transport has proven it. */
export interface Asker {
  readonly peer: PeerName
  /** The Ed25519 key behind its PeerId, 32 bytes; undefined if it has one of another kind. */
  readonly key: Uint8Array | undefined
}

/** Answers `lease` (§8): what makes a serving client a coordination node. A rejection is as a Responder's. Never rejects as a promise. */
export type LeaseResponder = (request: Uint8Array, asker: Asker) => Promise<Result<Uint8Array>>

/** Answers what peers ask. A rejection means a malformed request: it costs the peer the stream. Never throws. */
export interface Responder {
  request(
    protocol: Exclude<ProtocolName, 'follow'>,
    request: Uint8Array,
    charge?: Charge,
  ): Result<Uint8Array> | Promise<Result<Uint8Array>>
  /** Frames until `signal` (an AbortSignal) aborts. */
  follow(request: Uint8Array, signal: unknown): Result<AsyncIterable<Uint8Array>>
}

/** Client side. All promises reject with TransportError. `signal` is an AbortSignal (typed loosely: the core has no DOM). */
export interface Network {
  /** Dials a multiaddr that ends in /p2p/<PeerId>; resolves when the peer's identity is proven. */
  connect(address: string, options: { readonly timeoutMs: number; readonly signal?: unknown }): Promise<PeerName>
  /** One request frame, one response frame, stream closed. */
  request(peer: PeerName, protocol: ProtocolName, request: Uint8Array, options: RequestOptions): Promise<Uint8Array>
  /** One request frame, then frames until either side ends; `timeoutMs` bounds the wait for the first frame only. */
  stream(
    peer: PeerName,
    protocol: ProtocolName,
    request: Uint8Array,
    options: RequestOptions,
  ): AsyncIterable<Uint8Array>
  disconnect(peer: PeerName): Promise<void>
  /** Called once for each peer that is gone, whoever hung up. Returns a function that unsubscribes. */
  onDisconnect(listener: (peer: PeerName) => void): () => void
  /** Where the transport can be dialled: answers with `responder` from now on, until it is closed. */
  serve?(responder: Responder): Promise<void>
  /** Multiaddrs at which others can reach this host now, each ending in /p2p/<PeerId>; may change. */
  addresses?(): readonly string[]
  close(): Promise<void>
}
