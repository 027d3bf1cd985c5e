/**
 * Whether the connections that we believe in are still there. A device that slept, or moved to another network, holds
 * connections that will never say so; a peer can vanish without a word. So a peer that was silent for a while is asked for its
 * status, and hung up on if that does not come; after sleep and a change of network all are asked at once.
 *
 * It decides nothing about trust: answers are thrown away, and nobody is remembered for having been silent.
 */
import type { Network, PeerName } from '../ports/network.ts'
import { FRAME_LIMITS } from '../wire/limits.ts'
import { encodeStatusRequest } from '../wire/status.ts'

export interface LivenessLimits {
  /** A connected peer from which nothing came for so long is asked. */
  readonly silentMs: number
  /** How long its answer may take. */
  readonly probeTimeoutMs: number
  /** A tick that comes so late means that the device slept. */
  readonly sleepMs: number
}

export const LIVENESS_LIMITS: LivenessLimits = { silentMs: 8_000, probeTimeoutMs: 5_000, sleepMs: 10_000 }

/** What happened to the way to the peers; recovery has begun when it is told. */
export type Connectivity =
  | { readonly kind: 'woke'; readonly sleptMs: number }
  | { readonly kind: 'online' }
  | { readonly kind: 'offline' }
  /** A peer that vanished without a word; it is dialled again. */
  | { readonly kind: 'peer-silent'; readonly peer: PeerName }

export interface LivenessEvents {
  tell(what: Connectivity): void
  /** Connections may be made again: what waits is due. */
  hurry(): void
}

export class Liveness {
  readonly #network: Network
  readonly #limits: LivenessLimits
  readonly #events: LivenessEvents
  readonly #signal: AbortSignal
  readonly #heardMs = new Map<PeerName, number>()
  readonly #probed = new Set<PeerName>()
  #tickedMs = performance.now()
  #wallMs = Date.now()

  constructor(network: Network, limits: LivenessLimits, events: LivenessEvents, signal: AbortSignal) {
    this.#network = network
    this.#limits = limits
    this.#events = events
    this.#signal = signal
    listenToNetwork((isOnline) => this.onNetworkChange(isOnline), signal)
  }

  /** Something came from this peer. */
  heard(peer: PeerName): void {
    this.#heardMs.set(peer, performance.now())
  }

  gone(peer: PeerName): void {
    this.#heardMs.delete(peer)
  }

  /** About once a second. */
  tick(): void {
    const nowMs = performance.now()
    // Some engines stop their monotonic clock while the device sleeps; the other may be set by hand, which costs a probe.
    const sinceMs = Math.max(nowMs - this.#tickedMs, Date.now() - this.#wallMs)
    this.#tickedMs = nowMs
    this.#wallMs = Date.now()
    if (sinceMs > this.#limits.sleepMs) {
      this.#events.tell({ kind: 'woke', sleptMs: Math.round(sinceMs) })
      return this.#probeAll()
    }
    for (const [peer, heardMs] of this.#heardMs) if (nowMs - heardMs > this.#limits.silentMs) void this.#probe(peer)
  }

  onNetworkChange(isOnline: boolean): void {
    this.#events.tell({ kind: isOnline ? 'online' : 'offline' })
    this.#probeAll()
  }

  #probeAll(): void {
    this.#events.hurry()
    for (const peer of this.#heardMs.keys()) void this.#probe(peer)
  }

  async #probe(peer: PeerName): Promise<void> {
    if (this.#probed.has(peer)) return
    this.#probed.add(peer)
    const { responseBytesMax } = FRAME_LIMITS.status
    const options = { timeoutMs: this.#limits.probeTimeoutMs, responseBytesMax }
    try {
      await this.#network.request(peer, 'status', encodeStatusRequest(), options)
      if (this.#heardMs.has(peer)) this.heard(peer)
    } catch {
      if (this.#signal.aborted || !this.#heardMs.has(peer)) return
      this.#events.tell({ kind: 'peer-silent', peer })
      await this.#network.disconnect(peer).catch(() => undefined)
    } finally {
      this.#probed.delete(peer)
    }
  }
}

interface Listening {
  addEventListener?(name: string, listener: () => void, options: { signal: AbortSignal }): void
}

/** Browsers say when the device goes on and off line, and when its connection changes; Node does not, there silence tells. */
function listenToNetwork(onChange: (isOnline: boolean) => void, signal: AbortSignal): void {
  const scope = globalThis as Listening & { navigator?: { connection?: Listening } }
  scope.addEventListener?.('online', () => onChange(true), { signal })
  scope.addEventListener?.('offline', () => onChange(false), { signal })
  scope.navigator?.connection?.addEventListener?.('change', () => onChange(true), { signal })
}
