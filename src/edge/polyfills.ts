/**
 * What the code expects of its engine and Node 18, the distribution's Node on a board, lacks. The edge program's entry imports
 * it before anything else; newer engines keep their own.
 */
import { webcrypto } from 'node:crypto'
import { provide, provideResolvers } from '../net/provide.ts'

class EventWithDetail extends Event {
  readonly detail: unknown
  constructor(type: string, init?: EventInit & { readonly detail?: unknown }) {
    super(type, init)
    this.detail = init?.detail ?? null
  }
}

function toSorted<Item>(this: readonly Item[], order?: (a: Item, b: Item) => number): Item[] {
  return [...this].sort(order)
}
function toReversed<Item>(this: readonly Item[]): Item[] {
  return [...this].reverse()
}

provideResolvers()
provide(globalThis, 'CustomEvent', EventWithDetail)
provide(globalThis, 'crypto', webcrypto)
provide(Array.prototype, 'toSorted', toSorted)
provide(Array.prototype, 'toReversed', toReversed)
