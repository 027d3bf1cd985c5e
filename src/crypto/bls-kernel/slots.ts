/** Places in a kernel table, handed out by last use. The table is bounded; an owner asks owner() whether it still stands there. */
import { assert } from '../../base/assert.ts'

export class Slots<Owner> {
  readonly #owners = new Map<number, Owner>()
  /** Place → nothing, least recently used first. */
  readonly #order = new Map<number, undefined>()

  /** Over the places [first, first + count). */
  constructor(count: number, first = 0) {
    assert(count >= 1, `slots need a place, got ${count}`)
    for (let place = first; place < first + count; place++) this.#order.set(place, undefined)
  }

  /** Who holds `place` now. */
  owner(place: number): Owner | undefined {
    return this.#owners.get(place)
  }

  /** Makes `place` the most recently used. */
  touch(place: number): void {
    this.#order.delete(place)
    this.#order.set(place, undefined)
  }

  /** The least recently used place, from now on nobody's: whoever held it must come again. It stays the next to be vacated. */
  vacate(): number {
    const place = this.#order.keys().next().value
    assert(place !== undefined, 'slots always have a place')
    this.#owners.delete(place)
    return place
  }

  /** Gives `place` to `owner`. */
  give(place: number, owner: Owner): void {
    this.#owners.set(place, owner)
    this.touch(place)
  }
}
