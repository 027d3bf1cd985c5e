/** Updates that peers sent and that wait for verification, in the order in which they came. */
import type { Update } from '../verify/light.ts'
import type { Peer } from './peers.ts'

/** Updates of one peer that may wait; more is flooding. */
const QUEUED_PER_PEER_MAX = 64

export interface Queued {
  readonly peer: Peer
  readonly update: Update
  /** The height that its history path proves. */
  readonly fromHeight: bigint
  readonly source: 'hops' | 'follow'
}

export class UpdateQueue {
  #entries: Queued[] = []

  get size(): number {
    return this.#entries.length
  }

  get hopCount(): number {
    return this.#entries.filter(({ source }) => source === 'hops').length
  }

  /** The last hop that waits: where the next ones are to start from. */
  get lastHop(): Queued | undefined {
    return this.#entries.findLast(({ source }) => source === 'hops')
  }

  /** False, and nothing is taken, if the peer has too many waiting. */
  push(peer: Peer, updates: readonly Update[], fromHeight: bigint, source: Queued['source']): boolean {
    const waiting = this.#entries.filter((queued) => queued.peer === peer).length
    if (waiting + updates.length > QUEUED_PER_PEER_MAX) return false
    let from = fromHeight
    for (const update of updates) {
      this.#entries.push({ peer, update, fromHeight: from, source })
      from = update.header.height
    }
    return true
  }

  putBack(entries: readonly Queued[]): void {
    this.#entries.unshift(...entries)
  }

  /** The first entry, with those behind it that go on from it: hops of the same peer, at most `countMax` in all. */
  take(countMax: number): readonly Queued[] {
    const run = this.#entries.slice(0, 1)
    for (const next of this.#entries.slice(1, countMax)) {
      const { peer, update, source } = run.at(-1)!
      const goesOn = next.source === 'hops' && source === 'hops' && next.peer === peer
      if (!goesOn || next.fromHeight !== update.header.height) break
      run.push(next)
    }
    this.#entries = this.#entries.slice(run.length)
    return run
  }

  forget(peer: Peer): void {
    this.#entries = this.#entries.filter((queued) => queued.peer !== peer)
  }

  /** What was fetched ahead on top of something that did not hold. */
  dropHops(): void {
    this.#entries = this.#entries.filter(({ source }) => source !== 'hops')
  }

  /** No honest peer sends hops that stand still or go back. */
  static ascends(updates: readonly Update[], fromHeight: bigint): boolean {
    return updates.every(({ header }, index) => header.height > (updates[index - 1]?.header.height ?? fromHeight))
  }

  clear(): void {
    this.#entries = []
  }
}
