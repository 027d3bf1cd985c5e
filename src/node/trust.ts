/** [LC-1] for nodes: a store that was left alone for longer than the trust period proves nothing any more. */
import type { Header } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'

/** The own store is too old to be gone on from; the message is one sentence that says both times and what to do. */
export class TrustError extends Error {
  override readonly name = 'TrustError'
}

/**
 * Throws TrustError iff `now − timeMs > trustPeriodMs`, now = max(clock, timeMs). Committees of that time may have sold
 * their keys since: whoever has them can make another history that this node could not tell from the real one.
 */
export function checkOwnStore(
  { height, timeMs }: Pick<Header, 'height' | 'timeMs'>,
  { trustPeriodMs }: Pick<ChainParams, 'trustPeriodMs'>,
  nowMs: number,
): void {
  const ageMs = nowMs - Number(timeMs)
  if (ageMs <= trustPeriodMs) return
  throw new TrustError(
    `the newest block of the own store (height ${height}) is of ${timeText(Number(timeMs))}, now it is ${timeText(nowMs)}: ` +
      `${secondsText(ageMs)} is longer than the trust period of ${secondsText(trustPeriodMs)}; start with --trust-own-store ` +
      'only if no other node has gone on without this one, as when a network was stopped as a whole',
  )
}

const timeText = (ms: number): string => new Date(ms).toISOString()
const secondsText = (ms: number): string => `${Math.round(ms / 1000)} s`
