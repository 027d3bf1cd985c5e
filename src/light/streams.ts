/**
 * The streams of the peers that are followed. A peer that keeps its stream open and silent while others move on loses its
 * place, and gets one again only after those that never did so: silence proves nothing, and must not hold up anyone.
 */
import type { Header } from '../chain/header.ts'
import { encodeFollowRequest } from '../wire/follow.ts'
import { FORMS_FULL } from '../wire/update.ts'
import type { LightCore } from './core.ts'
import type { Peer } from './peers.ts'

const FOLLOW_COUNT = 3
/** How long after others moved on a stream may lack the block, in block times. */
const SILENT_BLOCKS = 2n
/** How long without any block until hops are asked for beside the streams, in block times. */
const QUIET_BLOCKS = 5n

export class Streams {
  readonly #core: LightCore
  /** How often a peer was silent, less the blocks that it brought since. */
  readonly #silences = new WeakMap<Peer, number>()
  readonly #heardMs = new WeakMap<Peer, bigint>()

  constructor(core: LightCore) {
    this.#core = core
  }

  /** Some stream is up to the head, and blocks come. */
  areLive(height: bigint): boolean {
    const core = this.#core
    const isLive = core.peers.all.some(({ stream }) => stream !== undefined && stream.height >= height)
    return isLive && core.nowMs - core.advancedMs < QUIET_BLOCKS * BigInt(core.params.blockTimeMs)
  }

  /** Follows peers that have claimed nothing beyond our head, up to the limit. */
  open({ height }: Header): void {
    const core = this.#core
    const countMax = core.config.followCountMax ?? FOLLOW_COUNT
    let count = core.peers.all.filter(({ stream }) => stream !== undefined).length
    const isReady = ({ stream, claim }: Peer) =>
      stream === undefined && claim !== undefined && claim.head.header.height <= height
    const ready = core.peers.ranked(core.nowMs, isReady)
    for (const peer of [...ready].sort((a, b) => this.#silencesOf(a) - this.#silencesOf(b))) {
      if (count++ >= countMax) return
      this.#heardMs.set(peer, core.nowMs)
      core.openFollow(peer, encodeFollowRequest({ fromHeight: height, forms: FORMS_FULL }), height)
    }
  }

  onFrame(peer: Peer, height: bigint): void {
    peer.stream!.height = height
    this.#heardMs.set(peer, this.#core.nowMs)
    const silences = this.#silencesOf(peer)
    if (silences > 0) this.#silences.set(peer, silences - 1)
  }

  /** Closes the streams that have not brought the head, long after another peer did. */
  closeSilent({ height }: Header): void {
    const core = this.#core
    const allowedMs = SILENT_BLOCKS * BigInt(core.params.blockTimeMs)
    for (const peer of core.peers.all) {
      if (peer.stream === undefined || peer.stream.height >= height) continue
      const heardMs = this.#heardMs.get(peer) ?? 0n
      // A clock that was set back must not give silence a day.
      if (heardMs > core.nowMs) this.#heardMs.set(peer, core.nowMs)
      const sinceMs = core.nowMs - (heardMs > core.advancedMs ? heardMs : core.advancedMs)
      if (sinceMs <= allowedMs) continue
      this.#silences.set(peer, this.#silencesOf(peer) + 1)
      core.closeFollow(peer)
      core.moveDown(peer, 'silent')
    }
  }

  #silencesOf(peer: Peer): number {
    return this.#silences.get(peer) ?? 0
  }
}
