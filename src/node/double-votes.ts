/**
 * Double votes ([EVI-1]) that this node found or was told of by gossip, for the pool that evidence in blocks is taken from. All
 * validators hear of one, so it is burnt whoever of them proposes next, and also when the one who found it is gone.
 *
 *   gossip = the evidence as a block has it, kind 1, without burnt outpoints: those are the proposer's to name
 *
 * Attacks. Only keys of the committee of that height cost a check of two signatures, and each key only one while its pair is
 * kept; whoever passes on what does not hold is at fault.
 */
import { equalBytes } from '../base/bytes.ts'
import { committeeSeatCount } from '../chain/committee.ts'
import { epochOf } from '../chain/params.ts'
import type { EvidencePool } from '../consensus/evidence-pool.ts'
import type { SignedVote } from '../consensus/events.ts'
import type { Engine } from '../crypto/engine.ts'
import { checkDoubleVote, decodeEvidence, type DoubleVote } from '../ledger/evidence.ts'
import type { Chain, Ledger } from '../ledger/ledger.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import type { Judgement } from './gossip.ts'

export interface DoubleVotesWorld {
  readonly engine: Engine
  readonly chain: Chain
  readonly pool: EvidencePool
  ledger(): Ledger
  committee(epoch: number): CommitteeKeys | undefined
  publish(bytes: Uint8Array): void
  /** A key of which nothing was known yet. */
  onKey(blsPk: Uint8Array): void
}

export class DoubleVotes {
  readonly #world: DoubleVotesWorld

  constructor(world: DoubleVotesWorld) {
    this.#world = world
  }

  /** A pair that the agreement found: kept and passed on. */
  found(first: SignedVote, second: SignedVote): void {
    const { pool, publish, onKey } = this.#world
    const isKnown = pool.has(first.blsPk)
    if (!pool.add(first, second) || isKnown) return
    onKey(first.blsPk)
    publish(pool.encode([first, second], []))
  }

  /** What gossip brought. */
  judge(bytes: Uint8Array): Judgement {
    const { engine, chain, pool, onKey } = this.#world
    const evidence = decodeEvidence(bytes, committeeSeatCount(chain.params))
    if (evidence.kind === 'rejected' || evidence.value.kind !== 1) return 'reject'
    const { blsPk, votes, ...target } = evidence.value
    if (pool.has(blsPk)) return 'ignore'
    const committee = this.#world.committee(epochOf(target.height, chain.params))
    if (committee === undefined) return 'ignore'
    if (!committee.seatKeys.some((key) => equalBytes(key.bytes, blsPk))) return 'reject'
    const checked = this.#check(engine, chain, evidence.value)
    if (checked !== undefined) return checked
    const [first, second] = votes.map((vote): SignedVote => ({ ...target, ...vote, blsPk }))
    if (!pool.add(first!, second!)) return 'ignore'
    onKey(blsPk)
    return 'accept'
  }

  /** Undefined if both votes are the key's own. What is only too old or too new here may be news elsewhere. */
  #check(engine: Engine, chain: Chain, vote: DoubleVote): Judgement | undefined {
    const guilty = checkDoubleVote(engine, chain, this.#world.ledger(), 0, vote)
    if (guilty.kind === 'accepted') return undefined
    return guilty.code === 'evidence-old' || guilty.code === 'evidence-height' ? 'ignore' : 'reject'
  }
}
