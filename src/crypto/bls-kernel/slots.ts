/** Places in a kernel table, handed out by last use. The table is bounded; an owner asks owner() whether it still stands there. */
import { assert } from '../../base/assert.ts'

export class Slots<Owner> {
  readonly #owners: (Owner | undefined)[]
  /** Place → nothing, least recently used first. */
  readonly #order = new Map<number, undefined>()

  constructor(count: number) {
    assert(count >= 1, `slots need a place, got ${count}`)
    this.#owners = Array.from({ length: count }, () => undefined)
    for (let place = 0; place < count; place++) this.#order.set(place, undefined)
  }

  /** Who holds `place` now. */
  owner(place: number): Owner | undefined {
    return this.#owners[place]
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
    this.#owners[place] = undefined
    return place
  }

  /** Gives `place` to `owner`. */
  give(place: number, owner: Owner): void {
    this.#owners[place] = owner
    this.touch(place)
  }
}
