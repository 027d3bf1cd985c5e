/**
 * Reading and writing of the one canonical encoding ([ENC-1]).
 *
 * A Reader never throws on bytes: the first fault is kept, everything read after it is zero, and `finish` turns it into a
 * rejection with the offset. So a decoder is a straight line of reads with one check at the end, and a hostile count can
 * cost no more than the bytes that came with it.
 */
import { assertRange } from '../base/assert.ts'
import { accepted, rejected, type Operands, type Result } from '../base/verdict.ts'

export type DecodeCode = 'decode-short' | 'decode-trailing' | 'decode-count' | 'decode-value'
export const DECODE_CODES: readonly DecodeCode[] = ['decode-short', 'decode-trailing', 'decode-count', 'decode-value']

export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0
  #fault: { readonly code: DecodeCode; readonly operands: Operands } | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get offset(): number {
    return this.#offset
  }

  get failed(): boolean {
    return this.#fault !== undefined
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** Keeps the first fault; later ones follow from it. */
  fail(code: DecodeCode, operands: Operands): void {
    this.#fault ??= { code, operands: { ...operands, offset: this.#offset } }
  }

  #take(length: number): number | undefined {
    if (this.#fault !== undefined) return undefined
    if (length > this.remaining) {
      this.fail('decode-short', { needed: length, left: this.remaining })
      return undefined
    }
    const at = this.#offset
    this.#offset += length
    return at
  }

  u8(): number {
    const at = this.#take(1)
    return at === undefined ? 0 : this.#view.getUint8(at)
  }

  u16(): number {
    const at = this.#take(2)
    return at === undefined ? 0 : this.#view.getUint16(at)
  }

  u32(): number {
    const at = this.#take(4)
    return at === undefined ? 0 : this.#view.getUint32(at)
  }

  u64(): bigint {
    const at = this.#take(8)
    return at === undefined ? 0n : this.#view.getBigUint64(at)
  }

  /** `length` bytes, copied, so that a decoded object keeps no frame alive. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return at === undefined ? new Uint8Array(length <= 96 ? length : 0) : this.#bytes.slice(at, at + length)
  }

  /** A u16 length and the bytes. */
  byteString(what: string, lengthMax = 0xffff): Uint8Array {
    const length = this.u16()
    if (length > lengthMax) this.fail('decode-count', { what, length, lengthMax })
    return this.bytes(this.failed ? 0 : length)
  }

  /** A u16 count in [countMin, countMax] and the items. */
  list<Item>(what: string, countMin: number, countMax: number, readItem: (reader: Reader) => Item): Item[] {
    return this.items(what, this.u16(), countMin, countMax, readItem)
  }

  /** `count` items, count given. Stops at the first fault. */
  items<Item>(
    what: string,
    count: number,
    countMin: number,
    countMax: number,
    readItem: (reader: Reader) => Item,
  ): Item[] {
    if (count < countMin || count > countMax) this.fail('decode-count', { what, count, countMin, countMax })
    const read: Item[] = []
    for (let index = 0; index < count && !this.failed; index++) read.push(readItem(this))
    return read
  }

  /** Fails with `decode-value` unless `condition`: a value that is well framed and still not canonical. */
  expect(condition: boolean, what: string, operands: Operands = {}): void {
    if (!condition) this.fail('decode-value', { what, ...operands })
  }

  /** The value, or the first fault; trailing bytes are a fault. */
  finish<Value>(value: Value): Result<Value, DecodeCode> {
    if (this.#fault === undefined && this.remaining > 0) this.fail('decode-trailing', { left: this.remaining })
    return this.#fault === undefined ? accepted(value) : rejected(this.#fault.code, this.#fault.operands)
  }
}

/** Grows as needed. Values out of range are bugs and assert. */
export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  #grow(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }

  u8(value: number): this {
    assertRange('u8', value, 0, 0xff)
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16(value: number): this {
    assertRange('u16', value, 0, 0xffff)
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
    return this
  }

  u32(value: number): this {
    assertRange('u32', value, 0, 0xffffffff)
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
    return this
  }

  u64(value: bigint): this {
    if (value < 0n || value >= 1n << 64n) assertRange('u64', Number.NaN, 0, 0)
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value)
    return this
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  byteString(bytes: Uint8Array): this {
    return this.u16(bytes.length).bytes(bytes)
  }

  list<Item>(items: readonly Item[], writeItem: (writer: Writer, item: Item) => void): this {
    this.u16(items.length)
    for (const item of items) writeItem(this, item)
    return this
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}
