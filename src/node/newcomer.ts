/**
 * A validator without blocks and without a record of votes: it is there from the first block on, or its folder was emptied,
 * and then its keys may have signed before. Only the others know whether the chain has blocks.
 *
 * Attacks. A peer that says "none" cannot be told from one that has none, so half of the peers are asked. One that claims
 * blocks must show the first, which the agreement verifies: a lie silences nobody.
 */
import type { FinalBlock } from './block-sync.ts'

export interface NewcomerWorld {
  /** Peers that are configured; with none, nobody can be asked. */
  readonly peerCount: number
  /** Connected nodes. */
  peers(): readonly string[]
  isStopped(): boolean
  /** The first block as the peer has it. Rejects when there is no answer. */
  askFirst(peer: string): Promise<FinalBlock | undefined>
  /** Takes the first block; false when it is not final. */
  take(peer: string, first: FinalBlock): boolean
}

const LOOK_AGAIN_MS = 100

/** Whether the chain has blocks; undefined when the node stopped before that was known. */
export async function hasChainBegun(world: NewcomerWorld): Promise<boolean | undefined> {
  const answered = new Set<string>()
  while (!world.isStopped()) {
    for (const peer of world.peers().filter((one) => !answered.has(one)))
      try {
        const first = await world.askFirst(peer)
        if (world.isStopped()) return undefined
        if (first !== undefined && world.take(peer, first)) return true
        answered.add(peer)
      } catch {
        // It is asked again while it stays connected.
      }
    if (answered.size >= Math.max(world.peerCount, world.peers().length) / 2) return false
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
  return undefined
}
