/**
 * Whether the device clock is ahead ([LC-1], [LC-6]). A clock that is behind tells itself: heads lie in its future. One that is
 * ahead makes every head look old; what gives it away is that blocks come at the pace at which they are made, all of them
 * old. Peers that hold back what is newer look the same, so it is told, and decides nothing.
 */

/** A block that is older than this when it comes is late. */
export const LATE_MS = 600_000n
/** So many in a row, no faster than they are made. */
const LATE_COUNT = 5n

export class Lateness {
  readonly #blockTimeMs: bigint
  #sinceMs = 0n
  #count = 0n
  #isTold = false

  constructor(blockTimeMs: number) {
    this.#blockTimeMs = BigInt(blockTimeMs)
  }

  /** A block came that goes on from the one before. The age to be told, once, until blocks are in time again. */
  observe(timeMs: bigint, nowMs: bigint): bigint | undefined {
    const ageMs = nowMs - timeMs
    if (ageMs <= LATE_MS) {
      this.#count = 0n
      this.#isTold = false
      return undefined
    }
    if (this.#count === 0n) this.#sinceMs = nowMs
    if (++this.#count < LATE_COUNT || this.#isTold) return undefined
    // Blocks that come faster than they are made are those that somebody was behind by.
    const isCatchingUp = 4n * (nowMs - this.#sinceMs) < 3n * (this.#count - 1n) * this.#blockTimeMs
    if (isCatchingUp) this.#count = 0n
    else this.#isTold = true
    return isCatchingUp ? undefined : ageMs
  }
}
