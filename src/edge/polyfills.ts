/**
 * What the code expects of its engine and Node 18, the distribution's Node on a board, lacks. The edge program's entry imports
 * it before anything else; newer engines keep their own.
 */
import { webcrypto } from 'node:crypto'

interface Resolvers<Value> {
  promise: Promise<Value>
  resolve: (value: Value | PromiseLike<Value>) => void
  reject: (reason?: unknown) => void
}

function withResolvers<Value>(this: PromiseConstructor): Resolvers<Value> {
  const resolvers = {} as Resolvers<Value>
  resolvers.promise = new this<Value>((resolve, reject) => Object.assign(resolvers, { resolve, reject }))
  return resolvers
}

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

/** Defines `holder.name` unless the engine has it. */
function provide(holder: object, name: string | symbol, value: unknown): void {
  if (!(name in holder)) Object.defineProperty(holder, name, { value, configurable: true, writable: true })
}

provide(Promise, 'withResolvers', withResolvers)
provide(globalThis, 'CustomEvent', EventWithDetail)
provide(globalThis, 'crypto', webcrypto)
provide(Array.prototype, 'toSorted', toSorted)
provide(Array.prototype, 'toReversed', toReversed)
