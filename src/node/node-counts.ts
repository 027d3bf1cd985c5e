/** What a node counts since its start, for its metrics. */
export class NodeCounts {
  blocks = 0
  transactions = 0
  equivocations = 0
  conflicts = 0
  /** By way: `gossip`, `direct`, `transaction`. */
  readonly received: Record<string, number> = {}
  /** By reason; reasons are fixed words of this program, never a peer's. */
  readonly dropped: Record<string, number> = {}

  take(way: string): void {
    this.received[way] = (this.received[way] ?? 0) + 1
  }

  drop(reason: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1
  }
}
