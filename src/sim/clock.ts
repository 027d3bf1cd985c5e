/**
 * A clock that is off: by a constant, or drifting steadily until it is set right again and a little too far, as a machine does
 * that asks the time now and then. What it shows jumps then, backwards as well as forwards.
 */
import type { Prng } from '../base/prng.ts'

export interface ClockOptions {
  /** Largest difference from the world's time. */
  readonly offsetMsMax: number
  /** How long it drifts before it is set; 0: the difference stays what it is. */
  readonly driftPeriodMs: number
}

export class SimClock {
  readonly #options: ClockOptions
  /** In [−1, 1). */
  readonly #phase: number
  readonly #direction: 1 | -1

  constructor(options: ClockOptions, prng: Prng) {
    this.#options = options
    this.#phase = 2 * prng.float() - 1
    this.#direction = prng.chance(0.5) ? 1 : -1
  }

  /** What this clock shows when the world's time is `worldMs`. */
  read(worldMs: number): number {
    return worldMs + Math.round(this.#share(worldMs) * this.#options.offsetMsMax)
  }

  /** Of the largest difference, in [−1, 1]: a sawtooth. */
  #share(worldMs: number): number {
    const { driftPeriodMs } = this.#options
    if (driftPeriodMs === 0) return this.#phase
    const turns = worldMs / driftPeriodMs + this.#phase
    return this.#direction * (2 * (turns - Math.floor(turns)) - 1)
  }
}
