/** Bounded least-recently-used cache keyed by bytes. Hostile input can evict, never grow it. */
import { assertRange } from '../base/assert.ts'

export class ByteCache<Value> {
  readonly #entries = new Map<string, Value>()
  readonly #sizeMax: number

  /** Holds at most `sizeMax` ≥ 1 entries. */
  constructor(sizeMax: number) {
    assertRange('sizeMax', sizeMax, 1, 2 ** 24)
    this.#sizeMax = sizeMax
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value stored under equal bytes, which becomes the most recently used. */
  get(bytes: Uint8Array): Value | undefined {
    const name = nameOf(bytes)
    const value = this.#entries.get(name)
    if (value === undefined) return undefined
    this.#entries.delete(name)
    this.#entries.set(name, value)
    return value
  }

  /** Stores `value`, evicting the least recently used entry when full. */
  set(bytes: Uint8Array, value: Value): void {
    const name = nameOf(bytes)
    this.#entries.delete(name)
    if (this.#entries.size >= this.#sizeMax) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(name, value)
  }
}

function nameOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
