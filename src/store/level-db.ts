/**
 * LevelDB with what a node needs around it: a version, a checksum on every value, and one clear sentence for each way in
 * which a folder can be unusable.
 *
 * A value on disk is `payload ‖ SHA-256(key ‖ 0x00 ‖ payload)[0, 8)`. LevelDB checks its own blocks only in part; with this a
 * flipped bit is seen where it is read. A database that is damaged is renamed, never deleted and never read again.
 */
import { createHash } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { equalBytes, u32 } from '../base/bytes.ts'
import { NODE_STORE_VERSION } from './level-version.ts'
import { storeFailure } from './file-lock.ts'
import { StoreError, type StoreWarning } from './store-error.ts'

const CHECKSUM_BYTES = 8
const VERSION_KEY = 'meta/version'

/** A value that is not what was written: the database is damaged. */
export class CorruptionError extends Error {
  override readonly name = 'CorruptionError'
}

export interface Write {
  readonly key: string
  /** Undefined deletes. */
  readonly value: Uint8Array | undefined
}

export class LevelDb {
  readonly folder: string
  readonly #db: ClassicLevel<string, Uint8Array>

  private constructor(folder: string, db: ClassicLevel<string, Uint8Array>) {
    this.folder = folder
    this.#db = db
  }

  /**
   * Opens or creates the database in `folder`, whose parent is made if missing. A damaged one is renamed to
   * `<folder>.damaged-<n>`, reported through `warn`, and a new one is started. Rejects with StoreError.
   */
  static open(folder: string, warn: (warning: StoreWarning) => void): Promise<LevelDb> {
    return openOrSetAside(folder, () => LevelDb.#open(folder), warn)
  }

  static async #open(folder: string): Promise<LevelDb> {
    const isNew = !existsSync(folder)
    const level = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
    await level.open()
    const db = new LevelDb(folder, level)
    try {
      if (isNew) await db.write([{ key: VERSION_KEY, value: u32(NODE_STORE_VERSION) }])
      else checkVersion(folder, db.get(VERSION_KEY))
    } catch (error) {
      await level.close()
      throw error
    }
    return db
  }

  /** Reads without waiting: microseconds from LevelDB's cache. Throws CorruptionError. */
  get(key: string): Uint8Array | undefined {
    const stored = this.#db.getSync(key)
    return stored === undefined ? undefined : payloadOf(this.folder, key, stored)
  }

  /** All or nothing; durable when it resolves. */
  async write(writes: readonly Write[]): Promise<void> {
    const operations = writes.map(({ key, value }) =>
      value === undefined
        ? { type: 'del' as const, key }
        : { type: 'put' as const, key, value: withChecksum(key, value) },
    )
    try {
      await this.#db.batch(operations, { sync: true })
    } catch (error) {
      throw ioFailure(this.folder, error)
    }
  }

  /** Entries with `prefix`, ascending by key. Throws CorruptionError. */
  async *entries(prefix: string): AsyncIterable<{ readonly key: string; readonly value: Uint8Array }> {
    for await (const [key, stored] of this.#db.iterator({ gte: prefix, lt: `${prefix}\uffff` }))
      yield { key, value: payloadOf(this.folder, key, stored) }
  }

  async keys(prefix: string): Promise<string[]> {
    return this.#db.keys({ gte: prefix, lt: `${prefix}\uffff` }).all()
  }

  async close(): Promise<void> {
    await this.#db.close()
  }
}

/**
 * What `open` opens or creates in `folder`, whose parent is made if missing; of a damaged database, what it creates once that
 * is set aside. Rejects with StoreError.
 */
export async function openOrSetAside<Database>(
  folder: string,
  open: () => Promise<Database>,
  warn: (warning: StoreWarning) => void,
): Promise<Database> {
  try {
    await mkdir(dirname(folder), { recursive: true })
    return await open()
  } catch (error) {
    if (!isCorruption(error)) throw openError(folder, error)
    setAside(folder, error, warn)
    return open()
  }
}

/** Renames a damaged database and says so. */
export function setAside(folder: string, error: unknown, warn: (warning: StoreWarning) => void): void {
  let number = 1
  while (existsSync(`${folder}.damaged-${number}`)) number++
  const keptAs = `${folder}.damaged-${number}`
  renameSync(folder, keptAs)
  const reason = reasonOf(error)
  warn({
    code: 'set-aside',
    keptAs,
    message: `the database in ${folder} is damaged (${reason}); it is kept as ${keptAs} and a new one is started`,
  })
}

/** Whether a database was set aside from `folder` before. */
export const hasSetAside = (folder: string): boolean => existsSync(`${folder}.damaged-1`)

function withChecksum(key: string, payload: Uint8Array): Uint8Array {
  const value = new Uint8Array(payload.length + CHECKSUM_BYTES)
  value.set(payload)
  value.set(checksum(key, payload), payload.length)
  return value
}

function payloadOf(folder: string, key: string, stored: Uint8Array): Uint8Array {
  const length = stored.length - CHECKSUM_BYTES
  const payload = stored.subarray(0, Math.max(0, length))
  if (length < 0 || !equalBytes(checksum(key, payload), stored.subarray(length)))
    throw new CorruptionError(`the entry ${key} in ${folder} does not match its checksum`)
  // A plain Uint8Array of its own: LevelDB hands out Buffers, whose slice() would alias.
  return new Uint8Array(payload)
}

const checksum = (key: string, payload: Uint8Array): Uint8Array =>
  createHash('sha256').update(key).update('\0').update(payload).digest().subarray(0, CHECKSUM_BYTES)

function checkVersion(folder: string, stored: Uint8Array | undefined): void {
  if (stored === undefined || stored.length !== 4) throw new CorruptionError('it has no version')
  const version = new DataView(stored.buffer, stored.byteOffset).getUint32(0)
  if (version > NODE_STORE_VERSION)
    throw new StoreError(
      'version-newer',
      `the database in ${folder} has version ${version}, this program knows up to ${NODE_STORE_VERSION}: ` +
        'update stakecube, or name another folder',
    )
}

/** LevelDB puts its reason into `cause`. */
const causeOf = (error: unknown): { code?: string; message?: string } =>
  ((error as { cause?: unknown }).cause ?? error) as { code?: string; message?: string }

export function isCorruption(error: unknown): boolean {
  return error instanceof CorruptionError || causeOf(error).code === 'LEVEL_CORRUPTION'
}

function openError(folder: string, error: unknown): Error {
  if (error instanceof StoreError) return error
  if (causeOf(error).code === 'LEVEL_LOCKED')
    return new StoreError(
      'locked',
      `the database in ${folder} is in use by another process: stop it, or name another folder`,
      { cause: error },
    )
  return ioFailure(folder, error)
}

/** LevelDB tells in words what the file system said. */
const ERRNO_OF: Readonly<Record<string, string>> = {
  'Permission denied': 'EACCES',
  'Read-only': 'EROFS',
  'Not a directory': 'ENOTDIR',
  'No space': 'ENOSPC',
  'File too large': 'EFBIG',
  'Disk quota': 'EDQUOT',
}

function ioFailure(folder: string, error: unknown): StoreError {
  const { message = '' } = causeOf(error)
  const words = Object.keys(ERRNO_OF).find((part) => message.includes(part))
  return storeFailure(folder, words === undefined ? causeOf(error) : { code: ERRNO_OF[words], message })
}

function reasonOf(error: unknown): string {
  const { message = String(error) } = error instanceof CorruptionError ? error : causeOf(error)
  return (message.split('\n', 1)[0] ?? '').replace(/^Corruption: /, '')
}
