/**
 * The server side of the protocols of §9: frames in, frames out, within bounds per peer.
 *
 * Attack: a peer that sends garbage, oversized frames or too much of anything loses the stream each time, and after
 * `faultCountMax` of them its connection, and it is refused for `banMs`. A slow reader holds one stream and no more than
 * one frame of memory; it is cut after `requestTimeoutMs`.
 */
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { Result } from '../base/verdict.ts'
import { TransportError } from '../ports/network.ts'
import { Deadline } from './deadline.ts'
import { FrameReader, writeFrame } from './frames.ts'
import { hangUp } from './network.ts'
import { PeerAccount, SERVE_LIMITS, type ServeLimits } from './peer-account.ts'
import { protocolPath } from './protocol-path.ts'

export interface RequestContext {
  readonly peer: string
  /** Aborts when the stream or the server ends. */
  readonly signal: AbortSignal
  /** Counts a request that is dear to answer as so many more; false when the peer has no more to spend: refuse it. */
  readonly charge?: (count: number) => boolean
}

/** Answers one request. A rejection is the peer's fault: it costs the stream and counts. */
export type Responder = (
  request: Uint8Array,
  context: RequestContext,
) => Result<Uint8Array, string> | Promise<Result<Uint8Array, string>>

/** Answers one request with frames, until it returns or `context.signal` aborts. */
export type StreamResponder = (
  request: Uint8Array,
  context: RequestContext,
) => Result<AsyncIterable<Uint8Array>, string>

export interface Responders {
  readonly requests: Readonly<Record<string, Responder>>
  readonly streams: Readonly<Record<string, StreamResponder>>
}

/** Counts since the start; for status lines and metrics. */
export interface ServeCounters {
  requests: number
  bytesSent: number
  refused: Record<string, number>
  cutOff: number
}

export interface Server {
  readonly counters: Readonly<ServeCounters>
  /** For the host's `refusesPeer`. */
  isBanned(peer: string): boolean
  /** Counts a fault found elsewhere (gossip), with the same consequence. */
  fault(peer: string, reason: string): void
  stop(): Promise<void>
}

export interface ServeOptions {
  readonly limits?: Partial<ServeLimits>
  readonly nowMs?: () => number
}

/** Peers whose account is kept at a time; the one that was idle longest goes first. */
const ACCOUNT_COUNT_MAX = 4096

export async function serve(
  host: Libp2p,
  chainId: Uint8Array,
  responders: Responders,
  options: ServeOptions = {},
): Promise<Server> {
  const server = new ProtocolServer(host, chainId, responders, options)
  await server.start()
  return server
}

class ProtocolServer implements Server {
  readonly counters: ServeCounters = { requests: 0, bytesSent: 0, refused: {}, cutOff: 0 }
  readonly #host: Libp2p
  readonly #chainId: Uint8Array
  readonly #responders: Responders
  readonly #limits: ServeLimits
  readonly #nowMs: () => number
  readonly #accounts = new Map<string, PeerAccount>()
  readonly #open = new Set<Deadline>()

  constructor(host: Libp2p, chainId: Uint8Array, responders: Responders, options: ServeOptions) {
    this.#host = host
    this.#chainId = chainId
    this.#responders = responders
    this.#limits = { ...SERVE_LIMITS, ...options.limits }
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  async start(): Promise<void> {
    const names = [...Object.keys(this.#responders.requests), ...Object.keys(this.#responders.streams)]
    for (const name of names)
      await this.#host.handle(
        protocolPath(this.#chainId, name),
        (stream, connection) => void this.#accept(name, stream, connection),
        { maxInboundStreams: this.#limits.streamCountMax, runOnLimitedConnection: true },
      )
  }

  isBanned(peer: string): boolean {
    return this.#accounts.get(peer)?.isBanned(this.#nowMs()) ?? false
  }

  fault(peer: string, reason: string): void {
    this.counters.refused[reason] = (this.counters.refused[reason] ?? 0) + 1
    if (!this.#account(peer).fault(this.#nowMs())) return
    this.counters.cutOff++
    for (const connection of this.#host.getConnections())
      if (connection.remotePeer.toString() === peer) connection.abort(new Error(`cut off: ${reason}`))
  }

  async stop(): Promise<void> {
    for (const deadline of this.#open) deadline.cancel()
    const names = [...Object.keys(this.#responders.requests), ...Object.keys(this.#responders.streams)]
    await this.#host.unhandle(names.map((name) => protocolPath(this.#chainId, name)))
  }

  async #accept(name: string, stream: Stream, connection: Connection): Promise<void> {
    const peer = (connection.remotePeer as PeerId).toString()
    const account = this.#account(peer)
    const admission = account.isBanned(this.#nowMs()) ? 'banned' : account.admit(this.#nowMs())
    if (admission !== 'admitted') {
      stream.abort(new TransportError('stream-reset', admission))
      this.fault(peer, admission)
      return
    }
    try {
      await this.#converse(name, stream, peer, account)
      hangUp(stream)
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error))
      stream.abort(fault)
      if (error instanceof PeerFault) this.fault(peer, error.message)
      else if (error instanceof TransportError && error.code === 'frame-too-large') this.fault(peer, error.code)
    } finally {
      account.released()
    }
  }

  async #converse(name: string, stream: Stream, peer: string, account: PeerAccount): Promise<void> {
    const deadline = new Deadline(this.#limits.requestTimeoutMs, this.#open)
    try {
      const request = await deadline.race(new FrameReader(stream, this.#limits.requestBytesMax).next())
      if (request === undefined) return
      this.counters.requests++
      stream.addEventListener('close', () => deadline.cancel())
      if (stream.status !== 'open') deadline.cancel()
      const charge = (count: number): boolean => account.charge(count, this.#nowMs())
      const context = { peer, signal: deadline.signal, charge }
      const streamed = this.#responders.streams[name]
      if (streamed === undefined) {
        const response = await deadline.race(Promise.resolve(this.#responders.requests[name]!(request, context)))
        await this.#send(stream, valueOf(response), account, deadline.signal)
      } else {
        const frames = valueOf(streamed(request, context))
        deadline.stopTimer()
        await this.#sendAll(stream, frames, account, deadline.signal)
      }
    } finally {
      deadline.clear()
    }
  }

  async #sendAll(
    stream: Stream,
    frames: AsyncIterable<Uint8Array>,
    account: PeerAccount,
    ended: AbortSignal,
  ): Promise<void> {
    for await (const frame of frames) {
      const deadline = new Deadline(this.#limits.requestTimeoutMs, this.#open, ended)
      try {
        await this.#send(stream, frame, account, deadline.signal)
      } finally {
        deadline.clear()
      }
    }
  }

  async #send(stream: Stream, frame: Uint8Array, account: PeerAccount, signal: AbortSignal): Promise<void> {
    if (!account.spend(frame.length, this.#nowMs())) throw new PeerFault('too-many-bytes')
    await writeFrame(stream, frame, signal)
    this.counters.bytesSent += frame.length
  }

  /** The peer's account, now the most recently used one. */
  #account(peer: string): PeerAccount {
    const known = this.#accounts.get(peer)
    const account = known ?? new PeerAccount(this.#limits, this.#nowMs())
    this.#accounts.delete(peer)
    this.#accounts.set(peer, account)
    if (this.#accounts.size > ACCOUNT_COUNT_MAX) this.#forgetOne()
    return account
  }

  #forgetOne(): void {
    for (const [peer, account] of this.#accounts) {
      if (account.streamCount > 0 || account.isBanned(this.#nowMs())) continue
      this.#accounts.delete(peer)
      return
    }
  }
}

/** The peer did what it must not; the message is the reason that is counted. */
class PeerFault extends Error {}

function valueOf<Value>(result: Result<Value, string>): Value {
  if (result.kind === 'rejected') throw new PeerFault(result.code)
  return result.value
}
