/**
 * The votes for one (type, height, round, hash): what peers claim, and what is proven.
 *
 * Claims cost nothing until they matter. Then the largest disjoint selection of them is summed and checked once: one
 * message, so one pairing check, however many seats. A sum that holds proves every bit in it (keys come with proofs of
 * possession), even if two of its parts were wrong in ways that cancel; so only the sum is kept as proven, not its parts.
 * When it fails, the parts are checked one by one in a batch with random coefficients, and the wrong ones are blamed.
 */
import { equalBytes, popCount, toHex } from '../base/bytes.ts'
import type { Hash32 } from '../base/brand.ts'
import type { BlsKey } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { bitIsSet, emptyBitmap, intersects, isSubset, setBit, union, without } from './bitmap.ts'
import type { PeerName } from './events.ts'
import type { Aggregate, VoteTarget } from './messages.ts'
import type { Seats, Voter } from './seats.ts'

/** Candidates kept for one voter's vote: somebody else may have sent a wrong one first. */
const VOTE_CANDIDATES_MAX = 4

interface Claim {
  readonly from: PeerName | undefined
  readonly bitmap: Uint8Array
  readonly signature: Uint8Array
  /** A single vote: its signature counts once per seat taken. */
  readonly voter: Voter | undefined
  isValid: boolean
}

interface Part {
  readonly claim: Claim
  readonly times: number
}

interface Selection {
  readonly bitmap: Uint8Array
  readonly parts: readonly Part[]
}

export interface Sum {
  readonly bitmap: Uint8Array
  readonly signature: Uint8Array
}

export class Tally {
  readonly target: VoteTarget
  readonly message: Hash32
  readonly #engine: Engine
  readonly #seats: Seats
  readonly #batchSeed: Uint8Array
  #aggregates: Claim[] = []
  readonly #votes = new Map<number, Claim[]>()
  #claimed: Uint8Array
  #proven: Sum | undefined
  #isDirty = false

  constructor(engine: Engine, seats: Seats, target: VoteTarget, message: Hash32, batchSeed: Uint8Array) {
    this.#engine = engine
    this.#seats = seats
    this.target = target
    this.message = message
    this.#batchSeed = batchSeed
    this.#claimed = emptyBitmap(seats.count)
  }

  /** Seats that somebody says have voted so. */
  get claimed(): Uint8Array {
    return this.#claimed
  }

  /** Seats that have, with the signature that shows it; undefined before anything was proven. */
  get proven(): Sum | undefined {
    return this.#proven
  }

  get provenBitmap(): Uint8Array {
    return this.#proven?.bitmap ?? emptyBitmap(this.#seats.count)
  }

  /** The proven sum as a message's content. */
  get aggregate(): Aggregate | undefined {
    return this.#proven === undefined ? undefined : { ...this.target, ...this.#proven }
  }

  /** Takes a vote; `from` undefined says that it is our own and valid. False if it says nothing new. */
  addVote(voter: Voter, signature: Uint8Array, from: PeerName | undefined): boolean {
    const candidates = this.#votes.get(voter.index) ?? []
    if (candidates.some((claim) => claim.isValid || equalBytes(claim.signature, signature))) return false
    // One place for each peer: nobody alone can keep a voter's own vote out.
    if (candidates.length >= VOTE_CANDIDATES_MAX || candidates.some((claim) => claim.from === from)) return false
    const claim = { from, bitmap: this.#seats.bitsOf(voter), signature, voter, isValid: from === undefined }
    this.#votes.set(voter.index, [...candidates, claim])
    this.#claim(claim.bitmap)
    return true
  }

  /** Takes an aggregate whose bitmap has the committee's shape. False if it says nothing new. */
  addAggregate({ bitmap, signature }: Sum, from: PeerName | undefined): boolean {
    if (isSubset(bitmap, this.provenBitmap)) return false
    // Both are compared: a signature that was overheard, under another bitmap, must not keep the right one out.
    const isSame = (claim: Claim) => equalBytes(claim.signature, signature) && equalBytes(claim.bitmap, bitmap)
    if (this.#aggregates.some(isSame)) return false
    this.#aggregates.push({ from, bitmap, signature, voter: undefined, isValid: from === undefined })
    this.#claim(bitmap)
    return true
  }

  /**
   * The single vote of `voter`, checked; undefined if we do not hold a valid one. `blamed` receives who sent wrong ones,
   * which are forgotten: each costs its sender more than us.
   */
  provenVote(voter: Voter, blamed: PeerName[]): Uint8Array | undefined {
    for (const { from } of this.#dropWrong(this.#votes.get(voter.index) ?? []))
      if (from !== undefined) blamed.push(from)
    return this.#votes.get(voter.index)?.find(({ isValid }) => isValid)?.signature
  }

  hasVote(voter: Voter): boolean {
    return this.#votes.has(voter.index)
  }

  /** Proves as many of the claimed seats as can be proven. Returns the peers whose claims were wrong. */
  prove(): PeerName[] {
    const blamed: PeerName[] = []
    while (this.#isDirty) {
      const selection = this.#select()
      if (popCount(selection.bitmap) <= popCount(this.provenBitmap) || this.#accept(selection)) break
      const wrong = this.#dropWrong(selection.parts.map(({ claim }) => claim))
      for (const { from } of wrong) if (from !== undefined) blamed.push(from)
      // All parts hold one by one: the sum of them is the identity, and says nothing.
      if (wrong.length === 0 && !this.#accept(selection)) break
    }
    if (this.#isDirty) this.#settle()
    return blamed
  }

  /** The votes of one shard summed, each vote checked; undefined for none. `blamed` receives who sent wrong ones. */
  sumShard(shard: number, blamed: PeerName[]): Sum | undefined {
    const voters = this.#seats.votersOfShard(shard)
    const unchecked = [...voters]
      .flatMap((voter) => this.#votes.get(voter.index) ?? [])
      .filter((claim) => !claim.isValid)
    for (const { from } of this.#dropWrong(unchecked)) if (from !== undefined) blamed.push(from)
    const bitmap = emptyBitmap(this.#seats.count)
    const parts: Part[] = []
    for (const voter of voters) {
      const claim = this.#votes.get(voter.index)?.find(({ isValid }) => isValid)
      if (claim === undefined) continue
      const seats = voter.seats.filter((seat) => Math.floor(seat / this.#seats.coreSize) === shard)
      for (const seat of seats) setBit(bitmap, seat)
      parts.push({ claim, times: seats.length })
    }
    const signature = this.#sumSignatures(parts)
    return signature === undefined ? undefined : { bitmap, signature }
  }

  /** Seats of a shard for which single votes are claimed. */
  voteCountInShard(shard: number): number {
    let count = 0
    for (const voter of this.#seats.votersOfShard(shard))
      if (this.#votes.has(voter.index))
        count += voter.seats.filter((seat) => Math.floor(seat / this.#seats.coreSize) === shard).length
    return count
  }

  #claim(bitmap: Uint8Array): void {
    this.#claimed = union(this.#claimed, bitmap)
    this.#isDirty = true
  }

  /** Nothing more can be proven from what is here: forget what the proven sum holds already. */
  #settle(): void {
    this.#isDirty = false
    this.#aggregates = this.#aggregates.filter(({ bitmap }) => !isSubset(bitmap, this.provenBitmap))
    this.#claimed = this.#claims().reduce((all, { bitmap }) => union(all, bitmap), this.provenBitmap)
  }

  #claims(): Claim[] {
    return [...this.#aggregates, ...[...this.#votes.values()].flat()]
  }

  /** The larger of: a fresh disjoint selection of the claims; what is proven, and disjoint claims beside it. */
  #select(): Selection {
    const fresh = this.#selectBeside(undefined)
    if (this.#proven === undefined) return fresh
    const extended = this.#selectBeside({ ...this.#proven, from: undefined, voter: undefined, isValid: true })
    return popCount(extended.bitmap) >= popCount(fresh.bitmap) ? extended : fresh
  }

  #selectBeside(base: Claim | undefined): Selection {
    let bitmap = base?.bitmap ?? emptyBitmap(this.#seats.count)
    const parts: Part[] = base === undefined ? [] : [{ claim: base, times: 1 }]
    const bySize = [...this.#aggregates].sort((a, b) => popCount(b.bitmap) - popCount(a.bitmap))
    for (const claim of bySize) {
      if (intersects(claim.bitmap, bitmap)) continue
      bitmap = union(bitmap, claim.bitmap)
      parts.push({ claim, times: 1 })
    }
    for (const candidates of this.#votes.values()) {
      const claim = candidates.find(({ isValid }) => isValid) ?? candidates[0]!
      const times = popCount(without(claim.bitmap, bitmap))
      if (times === 0) continue
      bitmap = union(bitmap, claim.bitmap)
      parts.push({ claim, times })
    }
    return { bitmap, parts }
  }

  /** Checks the sum of a selection, unless each part is known to hold, and keeps it as proven. */
  #accept({ bitmap, parts }: Selection): boolean {
    const signature = this.#sumSignatures(parts)
    if (signature === undefined) return false
    if (!parts.every(({ claim }) => claim.isValid)) {
      const key = this.#seats.sumOf(bitmap)
      if (key === undefined || !this.#engine.bls.verify(key, this.message, signature)) return false
    }
    this.#proven = { bitmap, signature }
    return true
  }

  #sumSignatures(parts: readonly Part[]): Uint8Array | undefined {
    if (parts.length === 0) return undefined
    if (parts.length === 1 && parts[0]!.times === 1) {
      const { signature } = parts[0]!.claim
      return this.#engine.bls.isSignature(signature) ? signature : undefined
    }
    return this.#engine.bls.sumSignatures(parts.map(({ claim, times }) => ({ signature: claim.signature, times })))
  }

  /** Checks each claim by itself; marks the valid ones, forgets the wrong ones and returns them. */
  #dropWrong(claims: readonly Claim[]): Claim[] {
    const unchecked = claims.filter((claim) => !claim.isValid)
    if (unchecked.length === 0) return []
    const keys = unchecked.map((claim) => this.#keyOf(claim))
    const checkable = unchecked.filter((_, index) => keys[index] !== undefined)
    const items = unchecked.flatMap(({ signature }, index) => {
      const key = keys[index]
      return key === undefined ? [] : [{ key, message: this.message, signature }]
    })
    const failed = new Set(this.#engine.bls.verifyBatch(items, this.#batchSeed).map((index) => checkable[index]!))
    const wrong = unchecked.filter((claim, index) => keys[index] === undefined || failed.has(claim))
    for (const claim of unchecked) if (!wrong.includes(claim)) claim.isValid = true
    for (const claim of wrong) this.#forget(claim)
    return wrong
  }

  #keyOf(claim: Claim): BlsKey | undefined {
    return claim.voter?.key ?? this.#seats.sumOf(claim.bitmap)
  }

  #forget(claim: Claim): void {
    this.#aggregates = this.#aggregates.filter((other) => other !== claim)
    if (claim.voter === undefined) return
    const left = (this.#votes.get(claim.voter.index) ?? []).filter((other) => other !== claim)
    if (left.length === 0) this.#votes.delete(claim.voter.index)
    else this.#votes.set(claim.voter.index, left)
  }
}

/** Voters with a seat in both bitmaps. */
export function votersInBoth(seats: Seats, a: Uint8Array, b: Uint8Array): Voter[] {
  const hasSeatIn = (voter: Voter, bitmap: Uint8Array) => voter.seats.some((seat) => bitIsSet(bitmap, seat))
  return seats.voters.filter((voter) => hasSeatIn(voter, a) && hasSeatIn(voter, b))
}

/** Key of maps by hash. */
export const nameOfHash = (hash: Hash32): string => toHex(hash)
