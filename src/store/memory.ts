/** A store that lives as long as its variable: for tests, and for clients that want to keep nothing. */
import type { Store } from '../ports/index.ts'
import { StoreError } from './store-error.ts'

class MemoryStore implements Store {
  readonly #entries: Map<string, Uint8Array>
  #closed = false

  constructor(entries: Map<string, Uint8Array>) {
    this.#entries = entries
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    return this.#entries.get(key)?.slice()
  }

  async commit(writes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    this.#assertOpen()
    for (const [key, value] of writes) {
      if (value === undefined) this.#entries.delete(key)
      else this.#entries.set(key, value.slice())
    }
  }

  async keys(prefix: string): Promise<readonly string[]> {
    this.#assertOpen()
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('closed', 'the store is closed')
  }
}

/** Stores made over the same `entries` see the same data: closing one and making another is a restart. */
export function createMemoryStore(entries: Map<string, Uint8Array> = new Map()): Store {
  return new MemoryStore(entries)
}
