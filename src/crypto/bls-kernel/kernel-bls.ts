/** BlsVerifier over one BlsMachine: which points stand where in the kernel's tables, and batches. */
import { assert, assertRange } from '../../base/assert.ts'
import { bitAt, equalBytes } from '../../base/bytes.ts'
import {
  BLS_KEY_BYTES,
  BLS_MESSAGE_BYTES,
  BLS_SIGNATURE_BYTES,
  batchCoefficients,
  findFailures,
  groupByMessage,
} from '../bls-batch.ts'
import type {
  BlsKey,
  BlsVerifier,
  SeatClaim,
  SeatKeys,
  SeatVerdict,
  SignedMessage,
  WeightedKey,
} from '../bls-contract.ts'
import {
  assertSeatBitmap,
  isSeatBitmap,
  subtractsAbsent,
  sumSeatsBy,
  verifySeatsBatchBy,
  verifySeatsBy,
} from '../bls-seats.ts'
import { BLS_POSSESSION_SUITE, BLS_SIGNATURE_SUITE, BLS_WEIGHT_MAX } from '../bls-suite.ts'
import { ByteCache } from '../byte-cache.ts'
import type { BlsMachine, CombinationTerm, KeyTerm, SeatPlaces } from './machine.ts'
import { Slots } from './slots.ts'

/** Places of the key table that no part of a sum uses, so that the part cannot push out itself. */
const SPARE_PLACE_COUNT = 16
/** Items that one combination takes; larger batches are several. */
const BATCH_SIZE_MAX = 240
/** Places of the key table for sums: a batch of them at once. A sum is of one certificate, so few are worth keeping. */
const SUM_PLACE_COUNT = BATCH_SIZE_MAX
/** Places [0, MESSAGE_PLACE_COUNT) keep hashed messages of single verifications; a batch uses the ones behind. */
const MESSAGE_PLACE_COUNT = 16

/** The signature place of single verifications, which no batch uses. */
const SINGLE_PLACE = BATCH_SIZE_MAX

const SIGNATURE_TAG = ascii(BLS_SIGNATURE_SUITE)
const POSSESSION_TAG = ascii(BLS_POSSESSION_SUITE)

/** A validated key: where it stands in the kernel, if it does, and what to put back when it was pushed out. */
class KernelKey implements BlsKey {
  readonly owner: KernelBls
  /** The part of the key table that it may stand in. */
  readonly slots: Slots<KernelKey>
  readonly saved: Uint8Array
  place: number
  #bytes: Uint8Array | undefined

  constructor(owner: KernelBls, slots: Slots<KernelKey>, place: number, saved: Uint8Array, bytes?: Uint8Array) {
    this.owner = owner
    this.slots = slots
    this.place = place
    this.saved = saved
    this.#bytes = bytes
  }

  get bytes(): Uint8Array {
    this.#bytes ??= this.owner.encode(this)
    return this.#bytes
  }
}

const SEAT_VERDICTS: readonly SeatVerdict[] = ['valid', 'key-sum', 'signature']

/** A message and tag that have a place among the hashed ones. */
interface HashedMessage {
  readonly message: Uint8Array
  readonly tag: Uint8Array
}

export class KernelBls implements BlsVerifier {
  readonly scheme = 'bls'
  readonly engine = 'kernel'
  readonly #machine: BlsMachine
  readonly #sha256: (bytes: Uint8Array) => Uint8Array
  readonly #keys: ByteCache<KernelKey>
  readonly #keySlots: Slots<KernelKey>
  readonly #sumSlots: Slots<KernelKey>
  /** Keys that can stand in the table at once, beside the sums. */
  readonly #keyCountMax: number
  readonly #messageSlots: Slots<HashedMessage>
  /** The signature at SINGLE_PLACE: what was looked at is mostly verified next. */
  #decoded: Uint8Array | undefined

  constructor(machine: BlsMachine, sha256: (bytes: Uint8Array) => Uint8Array) {
    assert(machine.signatureCountMax > SINGLE_PLACE, 'a batch and one more must fit the table of signatures')
    assert(machine.messageCountMax >= BATCH_SIZE_MAX + MESSAGE_PLACE_COUNT, 'a batch must fit the table of messages')
    this.#machine = machine
    this.#sha256 = sha256
    this.#keyCountMax = machine.keyCountMax - SUM_PLACE_COUNT
    this.#keys = new ByteCache(this.#keyCountMax)
    this.#keySlots = new Slots(this.#keyCountMax)
    this.#sumSlots = new Slots(SUM_PLACE_COUNT, this.#keyCountMax)
    this.#messageSlots = new Slots(MESSAGE_PLACE_COUNT)
  }

  decodeKey(bytes: Uint8Array): BlsKey | undefined {
    if (bytes.length !== BLS_KEY_BYTES) return undefined
    const known = this.#keys.get(bytes)
    if (known !== undefined) return known
    const key = this.#newKey(this.#keySlots, (place) => this.#machine.decodeKey(place, bytes), bytes.slice())
    if (key !== undefined) this.#keys.set(bytes, key)
    return key
  }

  isSignature(bytes: Uint8Array): boolean {
    if (bytes.length !== BLS_SIGNATURE_BYTES) return false
    if (this.#decoded !== undefined && equalBytes(this.#decoded, bytes)) return true
    this.#decoded = undefined
    if (!this.#machine.decodeSignature(SINGLE_PLACE, bytes)) return false
    this.#decoded = bytes.slice()
    return true
  }

  sumKeys(keys: readonly WeightedKey[]): BlsKey | undefined {
    this.#machine.beginKeySum()
    this.#addKeys(keys, 1)
    return this.#newKey(this.#sumSlots, (place) => this.#machine.finishKeySum(place))
  }

  subtractKeys(total: BlsKey, keys: readonly WeightedKey[]): BlsKey | undefined {
    this.#machine.beginKeySum()
    this.#addKeys([{ key: total, times: 1 }], 1)
    this.#addKeys(keys, -1)
    return this.#newKey(this.#sumSlots, (place) => this.#machine.finishKeySum(place))
  }

  verify(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#verify(key, message, signature, SIGNATURE_TAG)
  }

  verifyPossession(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#verify(key, message, signature, POSSESSION_TAG)
  }

  verifyBatch(items: readonly SignedMessage[], seed: Uint8Array): readonly number[] {
    const coefficients = batchCoefficients(items, seed, this.#sha256)
    const bad: number[] = []
    for (let start = 0; start < items.length; start += BATCH_SIZE_MAX)
      bad.push(...this.#verifyPart(items, coefficients, start, Math.min(start + BATCH_SIZE_MAX, items.length)))
    return bad
  }

  sumSignatures(
    signatures: readonly { readonly signature: Uint8Array; readonly times: number }[],
  ): Uint8Array | undefined {
    this.#machine.beginSignatureSum()
    for (const { signature, times } of signatures) {
      assertRange('times', times, 1, BLS_WEIGHT_MAX)
      if (!this.isSignature(signature)) return undefined
      this.#machine.addSignature(SINGLE_PLACE, times)
    }
    return signatures.length === 0 ? undefined : this.#machine.finishSignatureSum()
  }

  sumSeats(seats: SeatKeys, bitmap: Uint8Array): BlsKey | undefined {
    if (!this.#fits(seats)) return sumSeatsBy(this, seats, bitmap)
    assertSeatBitmap(seats, bitmap)
    this.#machine.sumSeats(this.#placesOf(seats, bitmap))
    return this.#newKey(this.#sumSlots, (place) => this.#machine.finishKeySum(place))
  }

  verifySeats(claim: SeatClaim): SeatVerdict {
    const { seats, bitmap, message, signature } = claim
    if (!this.#fits(seats)) return verifySeatsBy(this, claim)
    if (!isSeatBitmap(seats.keys.length, bitmap)) return 'bitmap'
    if (!this.isSignature(signature)) return 'signature-encoding'
    if (message.length !== BLS_MESSAGE_BYTES)
      return this.sumSeats(seats, bitmap) === undefined ? 'key-sum' : 'signature'
    const hashed = this.#hashed(message, SIGNATURE_TAG)
    return SEAT_VERDICTS[this.#machine.verifySeats(this.#placesOf(seats, bitmap), hashed, SINGLE_PLACE)]!
  }

  verifySeatsBatch(claims: readonly SeatClaim[], seed: Uint8Array): readonly SeatVerdict[] {
    return verifySeatsBatchBy(this, claims, seed)
  }

  /** Whether the keys and their sum can all stand in the table at once. */
  #fits({ keys }: SeatKeys): boolean {
    return keys.length <= this.#keyCountMax - SPARE_PLACE_COUNT
  }

  /** Puts in the table what the sum needs. */
  #placesOf(seats: SeatKeys, bitmap: Uint8Array): SeatPlaces {
    const total = subtractsAbsent(seats, bitmap) ? this.#placeOf(seats.total!) : undefined
    const wanted = total === undefined ? 1 : 0
    const places = new Uint16Array(seats.keys.length)
    for (const [seat, key] of seats.keys.entries())
      if (bitAt(bitmap, seat) === wanted) places[seat] = this.#placeOf(key)
    return { places, bitmap, total }
  }

  /** Canonical bytes of a key of this verifier. */
  encode(key: KernelKey): Uint8Array {
    return this.#machine.encodeKey(this.#placeOf(key))
  }

  #newKey(slots: Slots<KernelKey>, fill: (place: number) => boolean, bytes?: Uint8Array): KernelKey | undefined {
    const place = slots.vacate()
    if (!fill(place)) return undefined
    const key = new KernelKey(this, slots, place, this.#machine.saveKey(place), bytes)
    slots.give(place, key)
    return key
  }

  #placeOf(key: BlsKey): number {
    assert(key instanceof KernelKey && key.owner === this, 'key must come from this verifier')
    if (key.slots.owner(key.place) === key) key.slots.touch(key.place)
    else {
      key.place = key.slots.vacate()
      this.#machine.loadKey(key.place, key.saved)
      key.slots.give(key.place, key)
    }
    return key.place
  }

  /** In parts, each loaded and summed before the next one can push it out. */
  #addKeys(keys: readonly WeightedKey[], sign: 1 | -1): void {
    const partSize = SUM_PLACE_COUNT - SPARE_PLACE_COUNT
    for (let start = 0; start < keys.length; start += partSize) {
      const terms: KeyTerm[] = []
      for (const { key, times } of keys.slice(start, start + partSize)) {
        assertRange('times', times, 1, BLS_WEIGHT_MAX)
        terms.push({ index: this.#placeOf(key), times: sign * times })
      }
      this.#machine.addKeys(terms)
    }
  }

  #verify(key: BlsKey, message: Uint8Array, signature: Uint8Array, tag: Uint8Array): boolean {
    const place = this.#placeOf(key)
    if (message.length !== BLS_MESSAGE_BYTES || !this.isSignature(signature)) return false
    return this.#machine.verify(place, this.#hashed(message, tag), SINGLE_PLACE)
  }

  /** The place of a hashed message; the last few are kept. */
  #hashed(message: Uint8Array, tag: Uint8Array): number {
    for (let place = 0; place < MESSAGE_PLACE_COUNT; place++) {
      const known = this.#messageSlots.owner(place)
      if (known === undefined || known.tag !== tag || !equalBytes(known.message, message)) continue
      this.#messageSlots.touch(place)
      return place
    }
    const place = this.#messageSlots.vacate()
    this.#machine.hashMessage(place, message, tag)
    this.#messageSlots.give(place, { message: message.slice(), tag })
    return place
  }

  /** The bad ones among items [start, end), at most BATCH_SIZE_MAX of them. */
  #verifyPart(
    items: readonly SignedMessage[],
    coefficients: readonly Uint8Array[],
    start: number,
    end: number,
  ): number[] {
    const bad: number[] = []
    const decoded: number[] = []
    for (let index = start; index < end; index++) {
      const { key, message, signature } = items[index]!
      this.#placeOf(key)
      const good =
        message.length === BLS_MESSAGE_BYTES &&
        signature.length === BLS_SIGNATURE_BYTES &&
        this.#machine.decodeSignature(index - start, signature)
      ;(good ? decoded : bad).push(index)
    }
    const messagePlaces = this.#hashGroups(items, decoded)
    const wrong = findFailures(decoded, (indices) => {
      const term = (index: number, place: number): CombinationTerm => ({
        index: place,
        coefficient: coefficients[index]!,
      })
      this.#machine.beginBatch()
      this.#machine.combineSignatures(indices.map((index) => term(index, index - start)))
      for (const group of groupByMessage(items, indices))
        this.#machine.combineKeys(
          messagePlaces.get(group[0]!)!,
          group.map((index) => term(index, this.#placeOf(items[index]!.key))),
        )
      return this.#machine.combinationHolds()
    })
    return [...bad, ...wrong].sort((a, b) => a - b)
  }

  /** Hashes each different message once; the place by item index. */
  #hashGroups(items: readonly SignedMessage[], indices: readonly number[]): Map<number, number> {
    const places = new Map<number, number>()
    for (const [number, group] of groupByMessage(items, indices).entries()) {
      const place = MESSAGE_PLACE_COUNT + number
      this.#machine.hashMessage(place, items[group[0]!]!.message, SIGNATURE_TAG)
      for (const index of group) places.set(index, place)
    }
    return places
  }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
