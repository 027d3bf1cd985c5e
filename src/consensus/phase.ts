/** All votes of one (type, round): a tally per hash, what they come to together, and who votes twice. */
import type { Hash32 } from '../base/brand.ts'
import type { VoteType } from '../chain/certificate.ts'
import { voteMessage } from '../chain/certificate.ts'
import type { Engine } from '../crypto/engine.ts'
import { emptyBitmap, union } from './bitmap.ts'
import type { PeerName, SignedVote } from './events.ts'
import type { Seats, Voter } from './seats.ts'
import { Tally, nameOfHash, votersInBoth } from './tally.ts'

/** What one peer may claim in one phase; honest peers stay far below. */
const HASHES_PER_PEER_MAX = 4
const HASHES_MAX = 64

export interface PhaseContext {
  readonly engine: Engine
  readonly chainId: Hash32
  readonly seats: Seats
  readonly height: bigint
  /** 32 bytes that peers cannot guess: coefficients of batch checks come from it. */
  readonly batchSeed: Uint8Array
}

interface Budget {
  readonly hashes: Set<string>
  claims: number
}

export class Phase {
  readonly type: VoteType
  readonly round: number
  readonly #context: PhaseContext
  readonly #tallies = new Map<string, Tally>()
  readonly #budgets = new Map<PeerName, Budget>()
  readonly #doubleVoters = new Set<number>()
  readonly #asked = new Set<number>()

  constructor(context: PhaseContext, type: VoteType, round: number) {
    this.#context = context
    this.type = type
    this.round = round
  }

  get tallies(): Iterable<Tally> {
    return this.#tallies.values()
  }

  tallyOf(hash: Hash32): Tally | undefined {
    return this.#tallies.get(nameOfHash(hash))
  }

  /** The tally to put a claim of `from` in; undefined when that peer has claimed enough. Undefined `from`: ourselves. */
  open(hash: Hash32, from: PeerName | undefined): Tally | undefined {
    if (from !== undefined && !this.#spend(hash, from)) return undefined
    const name = nameOfHash(hash)
    const known = this.#tallies.get(name)
    if (known !== undefined) return known
    if (from !== undefined && this.#tallies.size >= HASHES_MAX) return undefined
    const { engine, chainId, seats, height, batchSeed } = this.#context
    const target = { type: this.type, height, round: this.round, hash }
    const message = voteMessage(engine.kernels, chainId, this.type, height, this.round, hash)
    const tally = new Tally(engine, seats, target, message, batchSeed)
    this.#tallies.set(name, tally)
    return tally
  }

  /** Seats that are said to have voted, whatever for. */
  claimed(): Uint8Array {
    return this.#unionOf((tally) => tally.claimed)
  }

  /** Seats that have. */
  proven(): Uint8Array {
    return this.#unionOf((tally) => tally.provenBitmap)
  }

  prove(): PeerName[] {
    return [...this.#tallies.values()].flatMap((tally) => tally.prove())
  }

  /**
   * The two votes of `voter`, if it signed two and they are at hand; each pair is reported once. `blamed` receives who
   * sent votes that it did not sign.
   */
  doubleVote(voter: Voter, blamed: PeerName[]): [SignedVote, SignedVote] | undefined {
    if (this.#doubleVoters.has(voter.index)) return undefined
    const holders = [...this.#tallies.values()].filter((tally) => tally.hasVote(voter))
    if (holders.length < 2) return undefined
    const votes = holders.flatMap((tally): SignedVote[] => {
      const signature = tally.provenVote(voter, blamed)
      return signature === undefined ? [] : [{ ...tally.target, blsPk: voter.key.bytes, signature }]
    })
    if (votes.length < 2) return undefined
    this.#doubleVoters.add(voter.index)
    return [votes[0]!, votes[1]!]
  }

  /** Voters that proven sums show to have voted twice, each named once, with the hashes: their single votes are wanted. */
  suspects(): { readonly voter: Voter; readonly hashes: readonly Hash32[] }[] {
    const proven = [...this.#tallies.values()].filter((tally) => tally.proven !== undefined)
    const found: { voter: Voter; hashes: Hash32[] }[] = []
    for (const [index, first] of proven.entries())
      for (const second of proven.slice(index + 1))
        for (const voter of votersInBoth(this.#context.seats, first.provenBitmap, second.provenBitmap)) {
          if (this.#doubleVoters.has(voter.index) || this.#asked.has(voter.index)) continue
          this.#asked.add(voter.index)
          found.push({ voter, hashes: [first.target.hash, second.target.hash] })
        }
    return found
  }

  #unionOf(bitmapOf: (tally: Tally) => Uint8Array): Uint8Array {
    let all: Uint8Array = emptyBitmap(this.#context.seats.count)
    for (const tally of this.#tallies.values()) all = union(all, bitmapOf(tally))
    return all
  }

  #spend(hash: Hash32, from: PeerName): boolean {
    const budget = this.#budgets.get(from) ?? { hashes: new Set<string>(), claims: 0 }
    this.#budgets.set(from, budget)
    const name = nameOfHash(hash)
    if (!budget.hashes.has(name) && budget.hashes.size >= HASHES_PER_PEER_MAX) return false
    const { shardCount, voters } = this.#context.seats
    if (budget.claims >= 16 * shardCount + 4 * voters.length + 16) return false
    budget.hashes.add(name)
    budget.claims++
    return true
  }
}
