/**
 * The light client's store in a folder: an append-only log with chained checksums (record-log.ts), synced to the device
 * before a commit resolves. When the log has grown well beyond its live entries, it is written aside and renamed.
 *
 * On opening: a torn last write is dropped and everything committed before it is kept; a log that is corrupt anywhere
 * else is not used at all. In both cases the old file is kept under a new name and a warning says so. A log of a newer
 * version is refused and left alone.
 */
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../ports/index.ts'
import { syncFolder, writeFully } from './durable-files.ts'
import { lockFolder, storeFailure } from './file-lock.ts'
import { LIGHT_STORE_VERSION } from './light-version.ts'
import {
  decodeLogHeader,
  encodeLogHeader,
  encodeRecord,
  FIRST_CHECKSUM,
  LOG_HEADER_BYTES,
  readLog,
  type ReadLog,
  type Writes,
} from './record-log.ts'
import { StoreError, type StoreWarning } from './store-error.ts'

const LOG_NAME = 'light.store'
/** A log is rewritten once it is longer than this and than four times its live entries. */
const COMPACT_BYTES_MIN = 512 * 1024

export interface FileStoreOptions {
  readonly onWarning?: (warning: StoreWarning) => void
}

class FileStore implements Store {
  readonly #folder: string
  readonly #unlock: () => void
  #entries: Map<string, Uint8Array>
  #checksum: Uint8Array
  #length: number
  #file: number | undefined

  constructor(folder: string, unlock: () => void, log: Omit<ReadLog, 'state'>, file: number) {
    this.#folder = folder
    this.#unlock = unlock
    this.#entries = log.entries
    this.#checksum = log.checksum
    this.#length = log.length
    this.#file = file
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#openFile()
    return this.#entries.get(key)?.slice()
  }

  async keys(prefix: string): Promise<readonly string[]> {
    this.#openFile()
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  /** Synchronous below the promise, so commits land in the order of the calls. */
  async commit(writes: Writes): Promise<void> {
    const file = this.#openFile()
    const { record, checksum } = encodeRecord(this.#checksum, writes)
    try {
      writeFully(file, record, this.#length)
      fsyncSync(file)
    } catch (error) {
      this.#forgetTail(file)
      throw storeFailure(this.#folder, error)
    }
    this.#checksum = checksum
    this.#length += record.length
    for (const [key, value] of writes) {
      if (value === undefined) this.#entries.delete(key)
      else this.#entries.set(key, value.slice())
    }
    if (this.#length > Math.max(COMPACT_BYTES_MIN, 4 * this.#liveBytes())) this.#compact()
  }

  async close(): Promise<void> {
    if (this.#file === undefined) return
    closeSync(this.#file)
    this.#file = undefined
    this.#unlock()
  }

  #openFile(): number {
    if (this.#file === undefined) throw new StoreError('closed', `the store in ${this.#folder} is closed`)
    return this.#file
  }

  /** A write that failed half-way must not become the start of the next record. */
  #forgetTail(file: number): void {
    try {
      ftruncateSync(file, this.#length)
    } catch {
      // The tail stays; the next open sees a torn write and drops it.
    }
  }

  #liveBytes(): number {
    let bytes = 0
    for (const [key, value] of this.#entries) bytes += key.length + value.length + 8
    return bytes
  }

  #compact(): void {
    const before = this.#openFile()
    try {
      const { file, checksum, length } = writeLog(this.#folder, this.#entries)
      this.#file = file
      this.#checksum = checksum
      this.#length = length
    } catch {
      return // The longer log is still whole, and goes on.
    }
    closeSync(before)
  }
}

/** Opens or makes the store in `folder`. Throws StoreError. */
export async function openFileStore(folder: string, options: FileStoreOptions = {}): Promise<Store> {
  const unlock = lockFolder(folder)
  try {
    const read = readExisting(folder, options.onWarning ?? (() => undefined))
    if (read !== undefined && read.state === 'whole')
      return new FileStore(folder, unlock, read, openSync(join(folder, LOG_NAME), 'r+'))
    const entries = read?.entries ?? new Map<string, Uint8Array>()
    const { file, ...log } = writeLog(folder, entries)
    return new FileStore(folder, unlock, { entries, ...log }, file)
  } catch (error) {
    unlock()
    throw error instanceof StoreError ? error : storeFailure(folder, error)
  }
}

/** What may be used of the log in `folder`; what may not is set aside. Undefined: start empty. */
function readExisting(folder: string, warn: (warning: StoreWarning) => void): ReadLog | undefined {
  const path = join(folder, LOG_NAME)
  if (!existsSync(path)) return undefined
  const bytes = new Uint8Array(readFileSync(path))
  const version = decodeLogHeader(bytes)
  if (version !== undefined && version > LIGHT_STORE_VERSION) throw newerVersion(folder, version)
  const log = version === LIGHT_STORE_VERSION ? readLog(bytes) : undefined
  if (log?.state === 'whole') return log
  const keptAs = setAside(folder)
  if (log?.state === 'torn') {
    const message = `the last write to the store in ${folder} did not finish; going on from the one before (old file kept as ${keptAs})`
    warn({ code: 'set-aside', keptAs, message })
    return log
  }
  const message = `the store in ${folder} is corrupt and is not used; starting again from the checkpoint (old file kept as ${keptAs})`
  warn({ code: 'set-aside', keptAs, message })
  return undefined
}

function newerVersion(folder: string, version: number): StoreError {
  return new StoreError(
    'version-newer',
    `the store in ${folder} has version ${version} and this program reads up to ${LIGHT_STORE_VERSION}: update the program, or name another folder`,
  )
}

/** Renames the log to the first free name, and returns that. */
function setAside(folder: string): string {
  let number = 1
  while (existsSync(join(folder, `${LOG_NAME}.set-aside-${number}`))) number++
  const keptAs = join(folder, `${LOG_NAME}.set-aside-${number}`)
  renameSync(join(folder, LOG_NAME), keptAs)
  return keptAs
}

/** Writes a whole log aside, syncs it and renames it into place. */
function writeLog(
  folder: string,
  entries: Map<string, Uint8Array>,
): Omit<ReadLog, 'entries' | 'state'> & { file: number } {
  const path = join(folder, LOG_NAME)
  const aside = `${path}.new`
  const file = openSync(aside, 'w+')
  try {
    writeFully(file, encodeLogHeader(LIGHT_STORE_VERSION), 0)
    const { record, checksum } = encodeRecord(FIRST_CHECKSUM, entries)
    writeFully(file, record, LOG_HEADER_BYTES)
    fsyncSync(file)
    renameSync(aside, path)
    syncFolder(folder)
    return { file, checksum, length: LOG_HEADER_BYTES + record.length }
  } catch (error) {
    closeSync(file)
    throw error
  }
}
