/**
 * The light client's store in a browser: one IndexedDB database with an object store for the entries and one for what was
 * set aside. A commit is one read-write transaction with strict durability.
 *
 * Each value carries the first 8 bytes of the SHA-256 of (key ‖ 0x00 ‖ value), checked for all entries on opening: if one
 * does not fit, all are moved to `set-aside` under a number, a warning says so, and the store starts empty. A database of
 * a newer version is refused and left alone.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { concatBytes, equalBytes } from '../base/bytes.ts'
import type { Store } from '../ports/index.ts'
import { LIGHT_STORE_VERSION } from './light-version.ts'
import { StoreError, type StoreCode, type StoreWarning } from './store-error.ts'

interface Entry {
  readonly bytes: Uint8Array
  readonly checksum: Uint8Array
}
interface Schema extends DBSchema {
  entries: { key: string; value: Entry }
  'set-aside': { key: string; value: unknown }
}

export interface IdbStoreOptions {
  readonly onWarning?: (warning: StoreWarning) => void
}

/** Of a read-write transaction. */
interface EntryWriter {
  put(value: Entry, key: string): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/** A write that fails ends the transaction, whose promise says so. */
function putAll(store: EntryWriter, writes: ReadonlyMap<string, Uint8Array | undefined>): void {
  for (const [key, value] of writes) {
    const written =
      value === undefined
        ? store.delete(key)
        : store.put({ bytes: value.slice(), checksum: checksumOf(key, value) }, key)
    written.catch(() => undefined)
  }
}

const checksumOf = (key: string, bytes: Uint8Array): Uint8Array =>
  sha256(concatBytes(new TextEncoder().encode(key), Uint8Array.of(0), bytes)).slice(0, 8)

class IdbStore implements Store {
  readonly #database: IDBPDatabase<Schema>
  readonly #name: string
  #closed = false

  constructor(name: string, database: IDBPDatabase<Schema>) {
    this.#name = name
    this.#database = database
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    const entry = await this.#database.get('entries', key)
    return entry?.bytes.slice()
  }

  async commit(writes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    this.#assertOpen()
    try {
      const transaction = this.#database.transaction('entries', 'readwrite', { durability: 'strict' })
      putAll(transaction.store, writes)
      await transaction.done
    } catch (error) {
      throw idbFailure(this.#name, error)
    }
  }

  async entries(): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#assertOpen()
    const { store, done } = this.#database.transaction('entries', 'readonly')
    const [keys, values] = await Promise.all([store.getAllKeys(), store.getAll(), done])
    return new Map(keys.map((key, index) => [key, values[index]!.bytes.slice()]))
  }

  async exchange(
    keys: readonly string[],
    decide: (present: ReadonlyMap<string, Uint8Array>) => ReadonlyMap<string, Uint8Array | undefined>,
  ): Promise<void> {
    this.#assertOpen()
    let fault: unknown
    try {
      const transaction = this.#database.transaction('entries', 'readwrite', { durability: 'strict' })
      const values = await Promise.all(keys.map((key) => transaction.store.get(key)))
      const present = new Map(
        keys.flatMap((key, index) => {
          const bytes = values[index]?.bytes.slice()
          return bytes === undefined ? [] : [[key, bytes] as const]
        }),
      )
      try {
        putAll(transaction.store, decide(present))
      } catch (error) {
        fault = error
        transaction.abort()
      }
      await transaction.done
    } catch (error) {
      throw fault ?? idbFailure(this.#name, error)
    }
  }

  async keys(prefix: string): Promise<readonly string[]> {
    this.#assertOpen()
    const keys = await this.#database.getAllKeys('entries')
    return keys.filter((key) => key.startsWith(prefix)).sort()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#database.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('closed', `the store "${this.#name}" is closed`)
  }
}

/** Opens or makes the database `name`. Throws StoreError. */
export async function openIdbStore(name: string, options: IdbStoreOptions = {}): Promise<Store> {
  try {
    const database = await openDB<Schema>(name, LIGHT_STORE_VERSION, {
      upgrade(fresh) {
        fresh.createObjectStore('entries')
        fresh.createObjectStore('set-aside')
      },
    })
    // Another tab may want to upgrade or delete: let it.
    database.addEventListener('versionchange', () => database.close())
    await setAsideIfCorrupt(name, database, options.onWarning ?? (() => undefined))
    return new IdbStore(name, database)
  } catch (error) {
    throw error instanceof StoreError ? error : idbFailure(name, error)
  }
}

async function setAsideIfCorrupt(
  name: string,
  database: IDBPDatabase<Schema>,
  warn: (warning: StoreWarning) => void,
): Promise<void> {
  const transaction = database.transaction(['entries', 'set-aside'], 'readwrite', { durability: 'strict' })
  const entries = transaction.objectStore('entries')
  const aside = transaction.objectStore('set-aside')
  const keys = await entries.getAllKeys()
  const values = await entries.getAll()
  const isWhole = values.every((value, index) => fits(keys[index]!, value))
  const keptAs = `set-aside/${(await aside.count()) + 1}`
  if (!isWhole) {
    await aside.put(Object.fromEntries(keys.map((key, index) => [key, values[index]])), keptAs)
    await entries.clear()
  }
  await transaction.done
  if (isWhole) return
  const message = `the store "${name}" is corrupt and is not used; starting again from the checkpoint (old entries kept as ${keptAs})`
  warn({ code: 'set-aside', keptAs, message })
}

function fits(key: string, value: unknown): boolean {
  const { bytes, checksum } = (value ?? {}) as Partial<Entry>
  return bytes instanceof Uint8Array && checksum instanceof Uint8Array && equalBytes(checksum, checksumOf(key, bytes))
}

const CODES: Readonly<Record<string, readonly [code: StoreCode, advice: string]>> = {
  VersionError: ['version-newer', 'a newer version of this site wrote it: reload the page to get that version'],
  QuotaExceededError: ['no-space', 'free some space; what was stored before is intact'],
  InvalidStateError: ['not-writable', 'the browser does not allow it here (private window?): use the memory store'],
  SecurityError: ['not-writable', 'the browser does not allow it here (private window?): use the memory store'],
}

function idbFailure(name: string, error: unknown): StoreError {
  const { name: fault = 'unknown', message = '' } = error as Error
  const [code, advice] = CODES[fault] ?? (['failed', message] as const)
  return new StoreError(code, `cannot use the store "${name}" (${fault}): ${advice}`, { cause: error })
}
