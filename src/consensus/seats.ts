/**
 * The committee of one height, seen as voters: which key has which seats, what weight a set of seats has, who proposes and
 * who aggregates.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { compareBytes, popCount, toHex, u32, u64 } from '../base/bytes.ts'
import type { Member } from '../chain/committee.ts'
import type { QuorumRule } from '../chain/params.ts'
import type { BlsKey, WeightedKey } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { hasQuorum, type CommitteeKeys } from '../verify/certificate.ts'
import { bitIsSet, emptyBitmap, setBit } from './bitmap.ts'

/** Proposers remembered; a peer may name any round, so it is bounded. */
const PROPOSERS_MAX = 256

/** A voter: one BLS key and all the committee seats that it signs for, ascending. */
export interface Voter {
  readonly index: number
  readonly key: BlsKey
  readonly name: string
  readonly seats: readonly number[]
}

export class Seats {
  readonly rule: QuorumRule
  readonly keys: CommitteeKeys
  readonly count: number
  /** Core seats of a shard, 3f_e+1. */
  readonly coreSize: number
  readonly shardCount: number
  readonly voters: readonly Voter[]
  readonly #engine: Engine
  readonly #voterOfSeat: readonly Voter[]
  readonly #positions: readonly Hash32[]
  readonly #total: BlsKey | undefined
  readonly #f: number
  readonly #F: number
  readonly #quorumBitsMin: number
  /** Every settled event asks who proposes. */
  readonly #proposers = new Map<string, number>()

  constructor(engine: Engine, rule: QuorumRule, keys: CommitteeKeys) {
    const { head, shards } = keys.committee
    const members = shards.flatMap((shard) => shard.members)
    this.#engine = engine
    this.rule = rule
    this.keys = keys
    this.#f = head.f
    this.#F = head.F
    this.coreSize = 3 * head.f + 1
    this.shardCount = 3 * head.F + 1
    this.count = members.length
    this.#quorumBitsMin = rule === 'flat' ? Math.floor((2 * this.count) / 3) + 1 : (2 * head.F + 1) * (2 * head.f + 1)
    assert(this.count === this.coreSize * this.shardCount, 'a committee has (3F+1)(3f+1) seats')
    this.#positions = members.map((member) => this.#positionOf(member))
    this.voters = votersOf(members, keys.seatKeys)
    const voterOfSeat: Voter[] = []
    for (const voter of this.voters) for (const seat of voter.seats) voterOfSeat[seat] = voter
    this.#voterOfSeat = voterOfSeat
    this.#total = engine.bls.decodeKey(head.aggregateKey)
  }

  get bitmapLength(): number {
    return (this.count + 7) >> 3
  }

  voterAt(seat: number): Voter | undefined {
    return this.#voterOfSeat[seat]
  }

  voterNamed(blsPkHex: string): Voter | undefined {
    return this.voters.find((voter) => voter.name === blsPkHex)
  }

  /** [FIN-1]: the set bits are a quorum. Asked all the time, so fewer bits than any quorum has are seen at once. */
  isQuorum(bitmap: Uint8Array): boolean {
    return popCount(bitmap) >= this.#quorumBitsMin && hasQuorum(this.rule, this.keys.committee.head, bitmap)
  }

  /**
   * The set bits hold at least one honest seat while no more than the tolerated faults exist: more seats than a quorum can
   * spare (`flat`), or F+1 shards with f+1 seats each (`two-level`).
   */
  holdsHonest(bitmap: Uint8Array): boolean {
    if (this.rule === 'flat') return popCount(bitmap) > this.count - this.#quorumBitsMin
    let shards = 0
    for (let shard = 0; shard < this.shardCount; shard++) if (this.countInShard(bitmap, shard) > this.#f) shards++
    return shards > this.#F
  }

  countInShard(bitmap: Uint8Array, shard: number): number {
    return this.countIn(bitmap, shard * this.coreSize, (shard + 1) * this.coreSize)
  }

  /** Set bits in [start, end). */
  countIn(bitmap: Uint8Array, start: number, end: number): number {
    let count = 0
    for (let seat = start; seat < end; seat++) if (bitIsSet(bitmap, seat)) count++
    return count
  }

  bitsOfShard(shard: number): Uint8Array {
    const bits = emptyBitmap(this.count)
    for (let seat = shard * this.coreSize; seat < (shard + 1) * this.coreSize; seat++) setBit(bits, seat)
    return bits
  }

  /** Two thirds of a core, and one: with that from every shard there is a quorum under either rule. */
  get goodShardSeats(): number {
    return 2 * this.#f + 1
  }

  /** The voters of a shard's core, each once. */
  votersOfShard(shard: number): Set<Voter> {
    const voters = new Set<Voter>()
    for (let seat = shard * this.coreSize; seat < (shard + 1) * this.coreSize; seat++)
      voters.add(this.#voterOfSeat[seat]!)
    return voters
  }

  shardsOf(voter: Voter): number[] {
    return [...new Set(voter.seats.map((seat) => Math.floor(seat / this.coreSize)))]
  }

  /** Who collects a shard's votes: rotates by height and round. */
  aggregatorOf(shard: number, height: bigint, round: number): Voter {
    const turn = Number((height + BigInt(round)) % BigInt(this.coreSize))
    return this.#voterOfSeat[shard * this.coreSize + turn]!
  }

  /** The seat with the smallest H("stakecube/proposer", parent.seed, height, round, position) (§11). */
  proposerSeat(parentSeed: Hash32, height: bigint, round: number): number {
    const name = `${height} ${round} ${toHex(parentSeed)}`
    const known = this.#proposers.get(name)
    if (known !== undefined) return known
    const seat = this.#smallestSeat(parentSeed, height, round)
    if (this.#proposers.size >= PROPOSERS_MAX) this.#proposers.clear()
    this.#proposers.set(name, seat)
    return seat
  }

  #smallestSeat(parentSeed: Hash32, height: bigint, round: number): number {
    const tagged = this.#engine.kernels.tagged('stakecube/proposer')
    const heightBytes = u64(height)
    const roundBytes = u32(round)
    let best = 0
    let bestHash: Hash32 | undefined
    for (const [seat, position] of this.#positions.entries()) {
      const hash = tagged.hash(parentSeed, heightBytes, roundBytes, position)
      if (bestHash !== undefined && compareBytes(hash, bestHash) >= 0) continue
      best = seat
      bestHash = hash
    }
    return best
  }

  proposer(parentSeed: Hash32, height: bigint, round: number): Voter {
    return this.#voterOfSeat[this.proposerSeat(parentSeed, height, round)]!
  }

  /** Sum of the keys of the set bits, one term per seat; undefined for none, or when the sum is the identity. */
  sumOf(bitmap: Uint8Array): BlsKey | undefined {
    const present: WeightedKey[] = []
    const absent: WeightedKey[] = []
    for (const voter of this.voters) {
      let times = 0
      for (const seat of voter.seats) if (bitIsSet(bitmap, seat)) times++
      if (times > 0) present.push({ key: voter.key, times })
      if (times < voter.seats.length) absent.push({ key: voter.key, times: voter.seats.length - times })
    }
    if (present.length === 0) return undefined
    if (absent.length === 0) return this.#total
    if (absent.length < present.length && this.#total !== undefined)
      return this.#engine.bls.subtractKeys(this.#total, absent)
    return this.#engine.bls.sumKeys(present)
  }

  /** The bits of all of a voter's seats. */
  bitsOf(voter: Voter): Uint8Array {
    const bitmap = emptyBitmap(this.count)
    for (const seat of voter.seats) setBit(bitmap, seat)
    return bitmap
  }

  #positionOf(member: Member): Hash32 {
    const draw = this.keys.committee.head.draws.find(({ epoch }) => epoch === member.drawEpoch)
    assert(draw !== undefined, `committee has no draw for epoch ${member.drawEpoch}`)
    return this.#engine.kernels.tagged('stakecube/seat').hash(draw.seed, member.credential, u32(member.seat))
  }
}

function votersOf(members: readonly Member[], seatKeys: readonly BlsKey[]): Voter[] {
  const seatsByName = new Map<string, number[]>()
  for (const [seat, member] of members.entries()) {
    const name = toHex(member.blsPk)
    const seats = seatsByName.get(name)
    if (seats === undefined) seatsByName.set(name, [seat])
    else seats.push(seat)
  }
  return [...seatsByName].map(([name, seats], index) => ({ index, key: seatKeys[seats[0]!]!, name, seats }))
}
