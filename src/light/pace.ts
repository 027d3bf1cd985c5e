/** How fast hops go, for the progress event. Time comes from ticks, so nothing is known of the first second. */
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { Progress } from './contract.ts'

export class Pace {
  readonly #params: Pick<ChainParams, 'epochLength'>
  #from: { readonly height: bigint; readonly ms: bigint } | undefined

  constructor(params: Pick<ChainParams, 'epochLength'>) {
    this.#params = params
  }

  /** The head is `height` before it moves; a client that is not behind by an epoch is not catching up. */
  observe(height: bigint, claimedHeight: bigint, nowMs: bigint): void {
    if (this.#hops(height, claimedHeight) < 1) this.#from = undefined
    else if (this.#from === undefined || nowMs < this.#from.ms) this.#from = { height, ms: nowMs }
  }

  progress(height: bigint, claimedHeight: bigint, nowMs: bigint): Progress {
    const from = this.#from ?? { height, ms: nowMs }
    const target = claimedHeight > height ? claimedHeight : height
    const hopsDone = this.#hops(from.height, height)
    const hopsTotal = this.#hops(from.height, target)
    const elapsedMs = Number(nowMs - from.ms)
    const hopsPerS = elapsedMs > 0 && hopsDone > 0 ? (1000 * hopsDone) / elapsedMs : undefined
    const remainingMs = hopsPerS === undefined ? undefined : Math.round((1000 * (hopsTotal - hopsDone)) / hopsPerS)
    return { height, claimedHeight: target, fromHeight: from.height, hopsDone, hopsTotal, hopsPerS, remainingMs }
  }

  #hops(from: bigint, to: bigint): number {
    return to <= from ? 0 : epochOf(to, this.#params as ChainParams) - epochOf(from, this.#params as ChainParams)
  }
}
