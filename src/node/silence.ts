/**
 * Why and how long a validator that lost its record of votes stays silent ([BFT-1]).
 *
 * It may have signed at heights up to one above the head that it had. A block that was first proposed after the restart,
 * by a clock that may be off by clockDriftMsMax, became final after it too; so nothing was signed above that block's height.
 */
import type { Header } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'

export class Silence {
  readonly #untilMs: bigint

  constructor(startedMs: number, { clockDriftMsMax }: Pick<ChainParams, 'clockDriftMsMax'>) {
    this.#untilMs = BigInt(Math.ceil(startedMs)) + BigInt(clockDriftMsMax)
  }

  /** What to tell the operator. */
  get reason(): string {
    return (
      'the record of what this validator signed is lost: it signs nothing until the others have made a block after ' +
      `${new Date(Number(this.#untilMs)).toISOString()}; if they cannot without it, start a new devnet with --reset`
    )
  }

  /** True for a final block after which signing is safe, from the next height on. */
  endsWith({ timeMs }: Pick<Header, 'timeMs'>): boolean {
    return timeMs > this.#untilMs
  }
}
