/** Interfaces through which the core's drivers touch the world. Interfaces only: adapters live in shell folders. */

export interface Clock {
  /** Milliseconds since the Unix epoch. May jump when the device's clock is set. */
  nowMs(): number
  /** Monotonic milliseconds from an arbitrary start. */
  monotonicMs(): number
}

export interface Random {
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export interface Log {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * A small key-value store of the light client and of signers. All writes of one `commit` become visible together or not
 * at all, also across a crash; when the promise resolves they are durable. Keys are short ASCII strings.
 */
export interface Store {
  get(key: string): Promise<Uint8Array | undefined>
  /** `undefined` deletes. */
  commit(writes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>
  keys(prefix: string): Promise<readonly string[]>
  /** All entries as they were at one moment. Stores that one client has for itself need none. */
  entries?(): Promise<ReadonlyMap<string, Uint8Array>>
  /**
   * A commit of a store that several clients may write: what `decide` returns for the present values of `keys` is written, and
   * nobody writes between. If `decide` throws, nothing is written and the promise rejects with that.
   */
  exchange?(
    keys: readonly string[],
    decide: (present: ReadonlyMap<string, Uint8Array>) => ReadonlyMap<string, Uint8Array | undefined>,
  ): Promise<void>
  /** Writes now what a store that writes rarely still holds back. Stores that write at once have none. */
  flush?(): void
  close(): Promise<void>
}
