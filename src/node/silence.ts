/**
 * Why and how long a validator that does not know what it signed stays silent ([BFT-1]): its record of votes is lost, or
 * there is none while the chain has blocks, be it that the validator is new or that somebody emptied its folder.
 *
 * It may have signed at heights up to one above the head that it had. A block that was first proposed after the restart,
 * by a clock that may be off by clockDriftMsMax, became final after it too; so nothing was signed above that block's height.
 */
import type { Header } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'

export const SILENCE_CAUSES = {
  lost: 'the record of what this validator signed is lost',
  none: 'there is no record of what this validator signed, and the chain has blocks',
} as const

export class Silence {
  readonly #cause: keyof typeof SILENCE_CAUSES
  readonly #untilMs: bigint

  constructor(
    cause: keyof typeof SILENCE_CAUSES,
    startedMs: number,
    { clockDriftMsMax }: Pick<ChainParams, 'clockDriftMsMax'>,
  ) {
    this.#cause = cause
    this.#untilMs = BigInt(Math.ceil(startedMs)) + BigInt(clockDriftMsMax)
  }

  /** What to tell the operator. */
  get reason(): string {
    return (
      `${SILENCE_CAUSES[this.#cause]}: it signs nothing until the others have made a block after ` +
      `${new Date(Number(this.#untilMs)).toISOString()}; if they cannot without it, start a new devnet with --reset`
    )
  }

  /** True for a final block after which signing is safe, from the next height on. */
  endsWith({ timeMs }: Pick<Header, 'timeMs'>): boolean {
    return timeMs > this.#untilMs
  }
}
