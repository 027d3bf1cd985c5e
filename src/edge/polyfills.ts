/**
 * What the code expects of its engine and Node 18, the distribution's Node on a board, lacks; newer engines keep their own. And
 * one thing that every engine has and a board cannot afford. The edge program's entry imports it before anything else.
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

/**
 * By code units. An order for people's languages loads tables of ICU, 2.8 MB that stay resident; what is sorted here are
 * addresses, by libp2p, and any one order does.
 */
function localeCompare(this: string, other: string): number {
  const [a, b] = [String(this), String(other)]
  if (a === b) return 0
  return a < b ? -1 : 1
}

const replace = (holder: object, name: string, value: unknown): unknown =>
  Object.defineProperty(holder, name, { value, configurable: true, writable: true })

provideResolvers()
provide(globalThis, 'CustomEvent', EventWithDetail)
provide(globalThis, 'crypto', webcrypto)
provide(Array.prototype, 'toSorted', toSorted)
provide(Array.prototype, 'toReversed', toReversed)
replace(String.prototype, 'localeCompare', localeCompare)
