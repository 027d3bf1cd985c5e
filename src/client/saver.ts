/**
 * Writes to the store: in order, each with everything that is not known to be there yet, again after a failure, and with care
 * for others who write to the same store (light/shared-save.ts).
 */
import { concatBytes, u32 } from '../base/bytes.ts'
import { decideCommit, DECIDING_KEYS, STAMP_KEY, type Writes } from '../light/shared-save.ts'
import type { Store } from '../ports/index.ts'
import { ClientError } from './errors.ts'

/** A save that failed is tried again after so long, unless there is something newer to save before. */
const SAVE_AGAIN_MS = 10_000

export class Saver {
  readonly #store: Store
  readonly #onFailure: (error: ClientError) => void
  /**
   * What is not known to be on disk, by key. Every commit carries all of it: a head written without the committee that an
   * earlier commit failed to write would be of no use after a restart.
   */
  readonly #unsaved = new Map<string, Uint8Array | undefined>()
  /** The last value of each entry. Kept only for a store that others may write. */
  readonly #all = new Map<string, Uint8Array | undefined>()
  readonly #name: Uint8Array
  #seen: Uint8Array | undefined
  #commitCount = 0
  /** The last commit failed, then. */
  #failedMs: number | undefined

  /** `name`: random bytes, another for each client. */
  constructor(store: Store, name: Uint8Array, onFailure: (error: ClientError) => void) {
    this.#store = store
    this.#name = name
    this.#onFailure = onFailure
  }

  /** All entries of the store. Rejects if it cannot be read. */
  async load(): Promise<ReadonlyMap<string, Uint8Array>> {
    const saved = await readEntries(this.#store)
    this.#seen = saved.get(STAMP_KEY)
    if (this.#store.exchange !== undefined) for (const [key, value] of saved) this.#all.set(key, value)
    return saved
  }

  /** Begun at once, so that a store may write several commits together. Resolves when it is written, or was told to have failed. */
  async save(writes: Writes): Promise<void> {
    for (const [key, value] of writes) this.#unsaved.set(key, value)
    const commit = new Map(this.#unsaved)
    try {
      await this.#commit(commit)
      this.#failedMs = undefined
      for (const [key, value] of commit) if (this.#unsaved.get(key) === value) this.#unsaved.delete(key)
    } catch (error) {
      this.#failedMs = performance.now()
      const reason = error instanceof Error ? error.message : String(error)
      this.#onFailure(new ClientError('store-failed', { reason }, { cause: error }))
    }
  }

  /** Whether there is something to be tried again: a while after a failure or, at the end, at once. */
  isDue(isLast = false): boolean {
    return this.#failedMs !== undefined && (isLast || performance.now() - this.#failedMs > SAVE_AGAIN_MS)
  }

  #commit(writes: Writes): Promise<void> {
    if (this.#store.exchange === undefined) return this.#store.commit(writes)
    for (const [key, value] of writes) this.#all.set(key, value)
    const stamp = concatBytes(this.#name, u32(++this.#commitCount))
    return this.#store.exchange(DECIDING_KEYS, (present) => {
      const decision = decideCommit({ writes, all: this.#all, seen: this.#seen, stamp }, present)
      if (decision.kind === 'other-chain')
        throw new ClientError('store-other-chain', { stored: decision.stored, expected: decision.expected })
      // If the transaction fails after all, the next one finds a stamp that it does not know, and compares.
      if (decision.kind === 'write') this.#seen = stamp
      return decision.writes
    })
  }
}

async function readEntries(store: Store): Promise<ReadonlyMap<string, Uint8Array>> {
  if (store.entries !== undefined) return store.entries()
  const saved = new Map<string, Uint8Array>()
  for (const key of await store.keys('')) {
    const value = await store.get(key)
    if (value !== undefined) saved.set(key, value)
  }
  return saved
}
