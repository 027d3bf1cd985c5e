/**
 * What one peer may cost a server: token buckets for requests and bytes, a count of open streams, and a count of faults
 * that ends in being cut off. Pure: time is an argument, so tests need no clock.
 */

export interface ServeLimits {
  /** Longest request frame; `submit` carries at most one transaction, so this is small. */
  readonly requestBytesMax: number
  /** Streams that one peer may have open at a time, over all protocols. */
  readonly streamCountMax: number
  readonly requestsPerSecond: number
  readonly requestBurst: number
  readonly bytesPerSecond: number
  readonly byteBurst: number
  /** For the request frame to arrive and for the answer to be taken. */
  readonly requestTimeoutMs: number
  /** Faults (oversized or malformed requests, floods) within `faultWindowMs` after which a peer is cut off. */
  readonly faultCountMax: number
  readonly faultWindowMs: number
  /** How long a peer that was cut off stays out. */
  readonly banMs: number
}

export const SERVE_LIMITS: ServeLimits = {
  requestBytesMax: 64 * 1024,
  streamCountMax: 16,
  requestsPerSecond: 50,
  requestBurst: 200,
  bytesPerSecond: 2 * 1024 * 1024,
  byteBurst: 16 * 1024 * 1024,
  requestTimeoutMs: 10_000,
  faultCountMax: 20,
  faultWindowMs: 60_000,
  banMs: 10 * 60_000,
}

/** Refills with time up to its burst; may go below zero once, which the next taker waits out. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #updatedMs: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#updatedMs = nowMs
  }

  /** True if something is left; takes `count` then. */
  take(count: number, nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - this.#updatedMs)
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.#perSecond) / 1000)
    this.#updatedMs = nowMs
    if (this.#tokens <= 0) return false
    this.#tokens -= count
    return true
  }
}

export type Admission = 'admitted' | 'too-many-streams' | 'too-many-requests' | 'too-many-bytes'

export class PeerAccount {
  readonly #limits: ServeLimits
  readonly #requests: TokenBucket
  readonly #bytes: TokenBucket
  #streams = 0
  #faults = 0
  #faultsSinceMs: number
  #bannedUntilMs = -Infinity

  constructor(limits: ServeLimits, nowMs: number) {
    this.#limits = limits
    this.#requests = new TokenBucket(limits.requestsPerSecond, limits.requestBurst, nowMs)
    this.#bytes = new TokenBucket(limits.bytesPerSecond, limits.byteBurst, nowMs)
    this.#faultsSinceMs = nowMs
  }

  get streamCount(): number {
    return this.#streams
  }

  isBanned(nowMs: number): boolean {
    return nowMs < this.#bannedUntilMs
  }

  /** Whether one more stream may be served now; if so it counts until `released`. */
  admit(nowMs: number): Admission {
    if (this.#streams >= this.#limits.streamCountMax) return 'too-many-streams'
    if (!this.#requests.take(1, nowMs)) return 'too-many-requests'
    this.#streams++
    return 'admitted'
  }

  /** Takes `count` more requests for one that is dear to answer; false when there is nothing left. */
  charge(count: number, nowMs: number): boolean {
    return this.#requests.take(count, nowMs)
  }

  released(): void {
    this.#streams--
  }

  /** Whether `count` more bytes may be sent now. */
  spend(count: number, nowMs: number): boolean {
    return this.#bytes.take(count, nowMs)
  }

  /** Counts a fault; true when it was one too many and the peer is banned from now on. */
  fault(nowMs: number): boolean {
    if (nowMs - this.#faultsSinceMs > this.#limits.faultWindowMs) {
      this.#faults = 0
      this.#faultsSinceMs = nowMs
    }
    this.#faults++
    if (this.#faults <= this.#limits.faultCountMax) return false
    this.#bannedUntilMs = nowMs + this.#limits.banMs
    return true
  }
}
