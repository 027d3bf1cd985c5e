/**
 * The durable store of a simulated node. What was written when a crash comes survives, the rest does not; the node writes one
 * thing after another.
 */
import type { Block } from '../chain/block.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import type { SavedState } from '../consensus/events.ts'

export interface StoredBlock<Snapshot> {
  readonly block: Block
  readonly cert: FinalityCert
  /** What the chain was after it, so that a restart need not replay. */
  readonly after: Snapshot
}

export class SimDisk<Snapshot> {
  readonly blocks: StoredBlock<Snapshot>[] = []
  #record: Uint8Array | undefined
  #validBlock: Uint8Array | undefined
  quorumCount = 0

  get saved(): SavedState | undefined {
    if (this.#record === undefined) return undefined
    return { record: this.#record, ...(this.#validBlock === undefined ? {} : { validBlock: this.#validBlock }) }
  }

  writeRecord(record: Uint8Array, validBlock: Uint8Array | undefined, hasQuorum: boolean): void {
    this.#record = record
    if (validBlock !== undefined) this.#validBlock = validBlock
    if (hasQuorum) this.quorumCount++
  }

  append(entry: StoredBlock<Snapshot>): void {
    this.blocks.push(entry)
  }
}
