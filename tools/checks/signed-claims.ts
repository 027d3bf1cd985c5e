/**
 * Everything that keys are known to have signed, and what contradicts itself in it: two hashes of one key for one (type,
 * height, round), or two blocks proposed for one (height, round).
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fromHex } from '../../src/base/bytes.ts'
import { bitIsSet } from '../../src/consensus/bitmap.ts'

/** Hex keys of a committee by seat. */
export type SeatKeys = (height: number) => readonly string[] | undefined

interface JournalLine {
  readonly say: 'vote' | 'sum' | 'proposal'
  readonly type?: number
  readonly height: number
  readonly round: number
  readonly hash: string
  readonly seats?: readonly number[]
  readonly bitmap?: string
}

export class SignedClaims {
  readonly #seatKeys: SeatKeys
  readonly #hashOf = new Map<string, string>()
  /** Statements read, one for each key of each. */
  statements = 0
  tornLines = 0
  readonly contradictions: string[] = []

  constructor(seatKeys: SeatKeys) {
    this.#seatKeys = seatKeys
  }

  /** Different signed slots that something was signed for. */
  get slotCount(): number {
    return this.#hashOf.size
  }

  async readJournal(path: string): Promise<void> {
    for await (const text of createInterface({ input: createReadStream(path) })) {
      const line = parse(text)
      if (line === undefined) this.tornLines++
      else this.#take(line)
    }
  }

  addVote(key: string, type: number, height: number, round: number, hash: string): void {
    this.#claim(`vote ${key} ${type} ${height} ${round}`, hash)
  }

  addProposal(height: number, round: number, hash: string): void {
    this.#claim(`proposal ${height} ${round}`, hash)
  }

  addBitmap(type: number, height: number, round: number, hash: string, bitmap: Uint8Array): void {
    const keys = new Set((this.#seatKeys(height) ?? []).filter((_, seat) => bitIsSet(bitmap, seat)))
    for (const key of keys) this.addVote(key, type, height, round, hash)
  }

  #take({ say, type = 0, height, round, hash, seats = [], bitmap = '' }: JournalLine): void {
    if (say === 'proposal') return this.addProposal(height, round, hash)
    if (say === 'sum') return this.addBitmap(type, height, round, hash, fromHex(bitmap)!)
    for (const seat of seats) {
      const key = this.#seatKeys(height)?.[seat]
      if (key !== undefined) this.addVote(key, type, height, round, hash)
    }
  }

  #claim(slot: string, hash: string): void {
    this.statements++
    const before = this.#hashOf.get(slot)
    if (before === undefined) this.#hashOf.set(slot, hash)
    else if (before !== hash) this.contradictions.push(`${slot}: ${before.slice(0, 16)} and ${hash.slice(0, 16)}`)
  }
}

function parse(text: string): JournalLine | undefined {
  try {
    return JSON.parse(text) as JournalLine
  } catch {
    return undefined
  }
}
