/** Direct messages that cannot matter: counted, and those that nothing can come of dropped before the agreement sees them. */
import type { ChainParams } from '../chain/params.ts'
import { ByteCache } from '../crypto/byte-cache.ts'
import { decodeMessage } from '../consensus/messages.ts'
import { heightOf } from './gossip.ts'
import type { NodeCounts } from './node-counts.ts'

/** Messages remembered, to see what comes again; longer ones are proposals and blocks. */
const REMEMBERED_MAX = 1024
const REMEMBERED_BYTES_MAX = 512

export class DirectSorter {
  readonly #params: ChainParams
  readonly #height: () => bigint
  readonly #counts: NodeCounts
  readonly #seen = new ByteCache<true>(REMEMBERED_MAX)

  /** `height`: the one that the agreement works on. */
  constructor(params: ChainParams, height: () => bigint, counts: NodeCounts) {
    this.#params = params
    this.#height = height
    this.#counts = counts
  }

  /** False for what is to be dropped. What does not decode is useful: its sender is blamed for it. */
  isUseful(bytes: Uint8Array): boolean {
    const message = decodeMessage(bytes, this.#params)
    if (message.kind === 'rejected') {
      this.#counts.drop('malformed')
      return true
    }
    const height = heightOf(message.value)
    // Late precommits for the block just made final still complete its certificate.
    if (height !== undefined && height + 1n < this.#height()) {
      this.#counts.drop('old-height')
      return false
    }
    // Not used, but it says that the sender is ahead.
    if (height !== undefined && height > this.#height() + 1n) this.#counts.drop('future-height')
    else if (height !== undefined && this.#isAgain(bytes)) this.#counts.drop('replayed')
    return true
  }

  /** Equal votes change nothing in a tally; they are passed on, since a node may have had to forget the first. */
  #isAgain(bytes: Uint8Array): boolean {
    if (bytes.length > REMEMBERED_BYTES_MAX) return false
    if (this.#seen.get(bytes) === true) return true
    this.#seen.set(bytes, true)
    return false
  }
}
