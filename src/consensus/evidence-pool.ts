/** Double votes that this node has seen, as evidence for the next block ([EVI-1]) while stake of theirs can be burnt. */
import { toHex } from '../base/bytes.ts'
import type { Outpoint, Owner } from '../chain/output.ts'
import { epochOf, unbondingEpochs, type ChainParams } from '../chain/params.ts'
import { burntOrder, encodeEvidence, inHashOrder, stakeKeyOf } from '../ledger/evidence.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { SignedVote } from './events.ts'

/** Keys remembered; one pair of votes burns all that a key has. */
const KEYS_MAX = 256

export class EvidencePool {
  readonly #params: ChainParams
  readonly #reporter: Owner
  readonly #pairs = new Map<string, readonly [SignedVote, SignedVote]>()

  /** `reporter` gets the share that [EVI-1] gives to whoever reports. */
  constructor(params: ChainParams, reporter: Owner) {
    this.#params = params
    this.#reporter = reporter
  }

  get size(): number {
    return this.#pairs.size
  }

  has(blsPk: Uint8Array): boolean {
    return this.#pairs.has(toHex(blsPk))
  }

  /**
   * Takes the pair of an `equivocation` effect. The latest one of a key is kept: it stays valid longest. False when the pool is
   * full.
   */
  add(first: SignedVote, second: SignedVote): boolean {
    const name = toHex(first.blsPk)
    if (!this.#pairs.has(name) && this.#pairs.size >= KEYS_MAX) return false
    this.#pairs.set(name, [first, second])
    return true
  }

  /** Encoded evidence for a block on top of `ledger`, and forgets what can burn nothing any more. Visits every output. */
  candidates(ledger: Ledger): readonly Uint8Array[] {
    if (this.#pairs.size === 0) return []
    const outpoints = this.#outpointsByKey(ledger)
    const encoded: Uint8Array[] = []
    for (const [name, pair] of this.#pairs) {
      const own = outpoints.get(name)
      if (own === undefined || this.#isOld(ledger, pair[0])) this.#pairs.delete(name)
      else encoded.push(this.encode(pair, own))
    }
    return encoded
  }

  /** A pair as evidence of this node, with what it burns; without, it is what peers are told. */
  encode([first, second]: readonly [SignedVote, SignedVote], outpoints: readonly Outpoint[]): Uint8Array {
    const { blsPk, type, height, round } = first
    const votes = inHashOrder(first, second, ({ hash }) => hash)
    return encodeEvidence({
      kind: 1,
      reporter: this.#reporter,
      blsPk,
      type,
      height,
      round,
      votes,
      burnt: burntOrder(outpoints),
    })
  }

  #isOld({ header }: Ledger, { height }: SignedVote): boolean {
    return epochOf(header.height + 1n, this.#params) > epochOf(height, this.#params) + unbondingEpochs(this.#params)
  }

  /** Stake and unbonding outputs of the keys in the pool. */
  #outpointsByKey(ledger: Ledger): Map<string, Outpoint[]> {
    const found = new Map<string, Outpoint[]>()
    for (const { outpoint, output } of ledger.outputs.byOutpoint.values()) {
      const key = stakeKeyOf(output)
      if (key === undefined) continue
      const name = toHex(key)
      if (!this.#pairs.has(name)) continue
      found.set(name, [...(found.get(name) ?? []), outpoint])
    }
    return found
  }
}
