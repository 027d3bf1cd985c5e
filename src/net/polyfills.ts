/**
 * What libp2p 3 expects of its engine and Node 20 lacks. Import this first, before anything of libp2p, and only in Node:
 * browsers have all of it.
 */
import WebSocket from 'ws'

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

/** Defines `holder.name` unless the engine has it. */
function provide(holder: object, name: string, value: unknown): void {
  if (!(name in holder)) Object.defineProperty(holder, name, { value, configurable: true, writable: true })
}

provide(Promise, 'withResolvers', withResolvers)
provide(globalThis, 'WebSocket', WebSocket)
