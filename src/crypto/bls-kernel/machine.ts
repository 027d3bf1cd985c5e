/**
 * One instance of bls.wasm: its raw exports and its memory, as calls on bytes. The layout is drawn in
 * assembly/bls/memory.ts; addresses come from the module. The memory never grows, so one view serves for good.
 */
import { assert } from '../../base/assert.ts'

interface BlsExports {
  readonly memory: WebAssembly.Memory
  readonly INPUT: WebAssembly.Global<'i32'>
  readonly INPUT_SIZE: WebAssembly.Global<'i32'>
  readonly OUTPUT: WebAssembly.Global<'i32'>
  readonly KEYS: WebAssembly.Global<'i32'>
  readonly KEY_SIZE: WebAssembly.Global<'i32'>
  readonly KEY_COUNT_MAX: WebAssembly.Global<'i32'>
  readonly MESSAGE_COUNT_MAX: WebAssembly.Global<'i32'>
  readonly SIGNATURE_COUNT_MAX: WebAssembly.Global<'i32'>
  decodeKey(index: number): number
  encodeKey(index: number): void
  beginKeySum(): void
  addKeys(count: number): void
  finishKeySum(index: number): number
  sumSeats(seats: number, total: number): void
  verifySeats(seats: number, total: number, message: number, signature: number): number
  hashMessage(index: number, messageLength: number, tagLength: number): void
  encodeMessage(index: number): void
  decodeSignature(index: number): number
  beginSignatureSum(): void
  addSignature(index: number, times: number): void
  finishSignatureSum(): number
  verify(key: number, message: number, signature: number): number
  beginBatch(): void
  combineSignatures(count: number): void
  combineKeys(message: number, count: number): void
  combinationHolds(): number
}

/** A point in the key table, counted `times` (negative: subtracted). */
export interface KeyTerm {
  readonly index: number
  readonly times: number
}

/** A key or signature by index with its 16-byte coefficient. */
export interface CombinationTerm {
  readonly index: number
  readonly coefficient: Uint8Array
}

/** Seats of a committee as the kernel reads them. */
export interface SeatPlaces {
  /** Where in the key table the key of each seat stands; those that the sum does not need may be any. */
  readonly places: Uint16Array
  readonly bitmap: Uint8Array
  /** Where the sum of all of them stands, if the keys of the clear bits are to be taken from it. */
  readonly total: number | undefined
}

const KEY_TERM_BYTES = 8
const NO_TOTAL = -1
const COMBINATION_TERM_BYTES = 24
const MESSAGE_AND_TAG_BYTES_MAX = 1024
const TAG_BYTES_MAX = 255

/** Indices are the caller's to keep in range; they are asserted here, since a wrong one would write over other data. */
export class BlsMachine {
  readonly keyCountMax: number
  readonly messageCountMax: number
  readonly signatureCountMax: number
  readonly #call: BlsExports
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #input: number
  readonly #inputSize: number
  readonly #output: number
  readonly #keys: number
  readonly #keySize: number

  constructor(instance: WebAssembly.Instance) {
    const call = instance.exports as unknown as BlsExports
    this.#call = call
    this.#bytes = new Uint8Array(call.memory.buffer)
    this.#view = new DataView(call.memory.buffer)
    this.#input = call.INPUT.value
    this.#inputSize = call.INPUT_SIZE.value
    this.#output = call.OUTPUT.value
    this.#keys = call.KEYS.value
    this.#keySize = call.KEY_SIZE.value
    this.keyCountMax = call.KEY_COUNT_MAX.value
    this.messageCountMax = call.MESSAGE_COUNT_MAX.value
    this.signatureCountMax = call.SIGNATURE_COUNT_MAX.value
  }

  /** Size of the linear memory, which never changes. */
  get memoryBytes(): number {
    return this.#call.memory.buffer.byteLength
  }

  /** Decodes and validates 48 bytes into the key table. */
  decodeKey(index: number, bytes: Uint8Array): boolean {
    this.#checkKey(index)
    this.#write(bytes, 48)
    return this.#call.decodeKey(index) === 1
  }

  /** Canonical 48 bytes of a key. */
  encodeKey(index: number): Uint8Array {
    this.#checkKey(index)
    this.#call.encodeKey(index)
    return this.#read(48)
  }

  /** The kernel's own form of a key, for loadKey. */
  saveKey(index: number): Uint8Array {
    this.#checkKey(index)
    const at = this.#keys + index * this.#keySize
    return this.#bytes.slice(at, at + this.#keySize)
  }

  /** Puts back what saveKey gave; never bytes of anyone else. */
  loadKey(index: number, saved: Uint8Array): void {
    this.#checkKey(index)
    assert(saved.length === this.#keySize, `a saved key is ${this.#keySize} bytes, got ${saved.length}`)
    this.#bytes.set(saved, this.#keys + index * this.#keySize)
  }

  beginKeySum(): void {
    this.#call.beginKeySum()
  }

  addKeys(terms: readonly KeyTerm[]): void {
    const most = Math.floor(this.#inputSize / KEY_TERM_BYTES)
    for (let start = 0; start < terms.length; start += most) {
      const part = terms.slice(start, start + most)
      let at = this.#input
      for (const { index, times } of part) {
        this.#checkKey(index)
        this.#view.setUint32(at, index, true)
        this.#view.setInt32(at + 4, times, true)
        at += KEY_TERM_BYTES
      }
      this.#call.addKeys(part.length)
    }
  }

  /** False if the sum is the identity. */
  finishKeySum(index: number): boolean {
    this.#checkKey(index)
    return this.#call.finishKeySum(index) === 1
  }

  /** Sums the keys of the set bits; finishKeySum stores them. */
  sumSeats(seats: SeatPlaces): void {
    this.#writeSeats(seats)
    this.#call.sumSeats(seats.places.length, seats.total ?? NO_TOTAL)
  }

  /** 0 valid, 1 the keys add up to the identity, 2 the signature is not theirs. */
  verifySeats(seats: SeatPlaces, message: number, signature: number): number {
    assert(message >= 0 && message < this.messageCountMax, `message index ${message}`)
    this.#checkSignature(signature)
    this.#writeSeats(seats)
    return this.#call.verifySeats(seats.places.length, seats.total ?? NO_TOTAL, message, signature)
  }

  #writeSeats({ places, bitmap, total }: SeatPlaces): void {
    assert(bitmap.length === (places.length + 7) >> 3, `${places.length} seats, bitmap of ${bitmap.length} bytes`)
    assert(2 * places.length + bitmap.length <= this.#inputSize, `${places.length} seats do not fit the input`)
    if (total !== undefined) this.#checkKey(total)
    let at = this.#input
    for (const place of places) {
      this.#checkKey(place)
      this.#view.setUint16(at, place, true)
      at += 2
    }
    this.#bytes.set(bitmap, at)
  }

  hashMessage(index: number, message: Uint8Array, tag: Uint8Array): void {
    assert(index >= 0 && index < this.messageCountMax, `message index ${index}`)
    assert(tag.length <= TAG_BYTES_MAX, `a tag is at most ${TAG_BYTES_MAX} bytes, got ${tag.length}`)
    assert(
      message.length + tag.length <= MESSAGE_AND_TAG_BYTES_MAX,
      `message and tag take at most ${MESSAGE_AND_TAG_BYTES_MAX} bytes, got ${message.length + tag.length}`,
    )
    this.#bytes.set(message, this.#input)
    this.#bytes.set(tag, this.#input + message.length)
    this.#call.hashMessage(index, message.length, tag.length)
  }

  /** Canonical 96 bytes of a hashed message. */
  encodeMessage(index: number): Uint8Array {
    assert(index >= 0 && index < this.messageCountMax, `message index ${index}`)
    this.#call.encodeMessage(index)
    return this.#read(96)
  }

  decodeSignature(index: number, bytes: Uint8Array): boolean {
    this.#checkSignature(index)
    this.#write(bytes, 96)
    return this.#call.decodeSignature(index) === 1
  }

  beginSignatureSum(): void {
    this.#call.beginSignatureSum()
  }

  addSignature(index: number, times: number): void {
    this.#checkSignature(index)
    this.#call.addSignature(index, times)
  }

  /** Canonical 96 bytes; undefined if the sum is the identity. */
  finishSignatureSum(): Uint8Array | undefined {
    return this.#call.finishSignatureSum() === 1 ? this.#read(96) : undefined
  }

  verify(key: number, message: number, signature: number): boolean {
    this.#checkKey(key)
    this.#checkSignature(signature)
    return this.#call.verify(key, message, signature) === 1
  }

  beginBatch(): void {
    this.#call.beginBatch()
  }

  combineSignatures(terms: readonly CombinationTerm[]): void {
    this.#call.combineSignatures(this.#writeTerms(terms, this.signatureCountMax))
  }

  combineKeys(message: number, terms: readonly CombinationTerm[]): void {
    this.#call.combineKeys(message, this.#writeTerms(terms, this.keyCountMax))
  }

  combinationHolds(): boolean {
    return this.#call.combinationHolds() === 1
  }

  #writeTerms(terms: readonly CombinationTerm[], countMax: number): number {
    assert(terms.length <= this.signatureCountMax, `a combination has ≤ ${this.signatureCountMax} terms`)
    let at = this.#input
    for (const { index, coefficient } of terms) {
      assert(index >= 0 && index < countMax, `index ${index}`)
      this.#view.setUint32(at, index, true)
      this.#bytes.set(coefficient, at + 8)
      at += COMBINATION_TERM_BYTES
    }
    return terms.length
  }

  #checkKey(index: number): void {
    assert(index >= 0 && index < this.keyCountMax, `key index ${index}`)
  }

  #checkSignature(index: number): void {
    assert(index >= 0 && index < this.signatureCountMax, `signature index ${index}`)
  }

  #write(bytes: Uint8Array, length: number): void {
    assert(bytes.length === length, `expected ${length} bytes, got ${bytes.length}`)
    this.#bytes.set(bytes, this.#input)
  }

  #read(length: number): Uint8Array {
    return this.#bytes.slice(this.#output, this.#output + length)
  }
}
