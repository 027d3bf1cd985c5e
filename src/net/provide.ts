/** What engines may lack: defined where it is missing, never replaced. For polyfill files alone. */

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
export function provide(holder: object, name: string | symbol, value: unknown): void {
  if (!(name in holder)) Object.defineProperty(holder, name, { value, configurable: true, writable: true })
}

/** `Promise.withResolvers`, which Node 20 lacks. */
export function provideResolvers(): void {
  provide(Promise, 'withResolvers', withResolvers)
}
