/**
 * The duty of a shard's aggregator (§11): collect the shard's votes and send their sum to everybody.
 *
 * It sends at once when the whole core has voted alike or when 2f+1 of it have, since with that from every shard there is a
 * quorum; what comes later, or less than that, goes out when a short time has passed, with growing pauses.
 */
import { VOTE } from '../chain/certificate.ts'
import { union, without } from './bitmap.ts'
import type { HeightState } from './height-state.ts'
import type { Aggregate } from './messages.ts'
import type { PeerName } from './events.ts'
import type { Seats } from './seats.ts'
import type { Tally } from './tally.ts'

interface Duty {
  sentSeats: number
  /** Seats of the last sum. */
  sent: Uint8Array | undefined
  dueMs: number
  pauseMs: number
}

export class ShardAggregator {
  readonly #duties = new WeakMap<Tally, Map<number, Duty>>()
  readonly #pauseMs: number

  /** `pauseMs`: how long fewer than 2f+1 votes wait for more. */
  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs
  }

  /**
   * Sums to send now, and when to look again. `only`: of this tally alone. `isLast`: the height is done, send what there
   * is.
   */
  collect(
    state: HeightState,
    nowMs: number,
    blamed: PeerName[],
    { only, isLast = false }: { readonly only?: Tally; readonly isLast?: boolean } = {},
  ): { readonly sums: readonly Aggregate[]; readonly nextMs: number | undefined } {
    const sums: Aggregate[] = []
    let nextMs: number | undefined
    if (state.own.length === 0) return { sums, nextMs }
    for (const [round, roundState] of state.rounds) {
      const shards = this.#shardsOf(state, round)
      if (shards.length === 0) continue
      for (const phase of [roundState.prevotes, roundState.precommits])
        for (const tally of phase.tallies) {
          if (only !== undefined && tally !== only) continue
          for (const shard of shards) {
            const duty = this.#dutyOf(tally, shard, nowMs)
            const sum = this.#sumIfDue(state, tally, shard, duty, isLast ? Infinity : nowMs, blamed)
            if (sum !== undefined) sums.push(sum)
            if (duty.dueMs < Infinity && (nextMs === undefined || duty.dueMs < nextMs)) nextMs = duty.dueMs
          }
        }
    }
    return { sums, nextMs }
  }

  /** Shards that we aggregate in `round`. */
  #shardsOf({ context, own }: HeightState, round: number): number[] {
    const shards: number[] = []
    for (let shard = 0; shard < context.seats.shardCount; shard++)
      if (own.includes(context.seats.aggregatorOf(shard, context.height, round))) shards.push(shard)
    return shards
  }

  #dutyOf(tally: Tally, shard: number, nowMs: number): Duty {
    const ofTally = this.#duties.get(tally) ?? new Map<number, Duty>()
    this.#duties.set(tally, ofTally)
    const duty = ofTally.get(shard) ?? {
      sentSeats: 0,
      sent: undefined,
      dueMs: nowMs + this.#pauseMs,
      pauseMs: this.#pauseMs,
    }
    ofTally.set(shard, duty)
    return duty
  }

  #sumIfDue(
    { context: { seats } }: HeightState,
    tally: Tally,
    shard: number,
    duty: Duty,
    nowMs: number,
    blamed: PeerName[],
  ): Aggregate | undefined {
    const count = tally.voteCountInShard(shard)
    // Late prevotes change nothing once there is a quorum; late precommits still make the certificate fuller ([REW-1]).
    const isSettled =
      duty.sentSeats > 0 && tally.target.type === VOTE.prevote && seats.isQuorum(this.#shown(tally, seats))
    if (count <= duty.sentSeats || isSettled) {
      duty.dueMs = Infinity
      return undefined
    }
    if (duty.dueMs === Infinity) duty.dueMs = nowMs + duty.pauseMs
    const isEnough = count === seats.coreSize || (duty.sentSeats === 0 && count >= seats.goodShardSeats)
    if (!isEnough && nowMs < duty.dueMs) return undefined
    const sum = tally.sumShard(shard, blamed)
    duty.pauseMs *= 2
    duty.dueMs = Infinity
    const proven = sum === undefined ? 0 : seats.countInShard(sum.bitmap, shard)
    if (sum === undefined || proven <= duty.sentSeats) return undefined
    duty.sentSeats = proven
    duty.sent = sum.bitmap
    return { ...tally.target, ...sum }
  }

  /** What the others can have proven: without the votes for our shards that we have not sent on. */
  #shown(tally: Tally, seats: Seats): Uint8Array {
    let shown = tally.provenBitmap
    for (const [shard, { sent }] of this.#duties.get(tally) ?? []) {
      shown = without(shown, seats.bitsOfShard(shard))
      if (sent !== undefined) shown = union(shown, sent)
    }
    return shown
  }
}
