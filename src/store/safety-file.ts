/**
 * The second copy of what a validator must not forget ([BFT-1]), beside its database. LevelDB drops a damaged end of its log
 * without a word, and with it the newest vote record; a validator that went on from the one before could sign twice.
 *
 * Two slots, written in turn, so that a torn write leaves the one before it, whose successor was then never acted on:
 *
 *   slot = sequence u64 ‖ length u32 ‖ payload ‖ SHA-256 of all before it, first 16 bytes
 *
 * Both are made with the folder, whole and without a payload: a slot that is missing or empty later is a damaged one.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  write,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { concatBytes, equalBytes, u32, u64 } from '../base/bytes.ts'
import { syncFolder, writeFully } from './durable-files.ts'
import { storeFailure } from './file-lock.ts'

const HEAD_BYTES = 12
const CHECKSUM_BYTES = 16
const NAMES = ['safety-0', 'safety-1'] as const
const writeBytes = promisify(write)
const sync = promisify(fdatasync)

interface Slot {
  readonly sequence: bigint
  readonly payload: Uint8Array
}

export class SafetyFile {
  readonly #folder: string
  readonly #files: readonly number[]
  #sequence: bigint
  /** The newest payload that is whole; undefined when nothing was saved yet. */
  readonly payload: Uint8Array | undefined
  /** The folder was not there: nothing was ever saved in it, or it was taken away. */
  readonly isNew: boolean
  /** No slot is whole: something was recorded and is lost. */
  readonly isLost: boolean
  /** One of two slots is damaged: its record may have been acted on, unless the write itself was cut off. */
  readonly hasTornSlot: boolean

  private constructor(folder: string, isNew: boolean) {
    const paths = NAMES.map((name) => join(folder, name))
    const slots = paths.map((path) => (existsSync(path) ? parseSlot(readFileSync(path)) : 'torn'))
    const whole = slots.filter((slot) => slot !== 'torn').sort((a, b) => (a.sequence < b.sequence ? 1 : -1))
    this.#folder = folder
    this.#files = paths.map((path) => openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600))
    this.#sequence = whole[0]?.sequence ?? 0n
    this.payload = this.#sequence === 0n ? undefined : whole[0]!.payload
    this.isNew = isNew
    this.hasTornSlot = slots.includes('torn')
    this.isLost = whole.length === 0
  }

  /** Opens or makes the slots in `folder`. Throws StoreError. */
  static open(folder: string): SafetyFile {
    try {
      const isNew = !existsSync(folder)
      if (isNew) makeSlots(folder)
      return new SafetyFile(folder, isNew)
    } catch (error) {
      throw storeFailure(folder, error)
    }
  }

  /** Durable when it resolves. One call at a time. Rejects with StoreError. */
  async save(payload: Uint8Array): Promise<void> {
    const sequence = this.#sequence + 1n
    const file = this.#files[Number(sequence % 2n)]!
    const bytes = encodeSlot({ sequence, payload })
    try {
      for (let at = 0; at < bytes.length;) at += (await writeBytes(file, bytes, at, bytes.length - at, at)).bytesWritten
      ftruncateSync(file, bytes.length)
      await sync(file)
    } catch (error) {
      throw storeFailure(this.#folder, error)
    }
    this.#sequence = sequence
  }

  close(): void {
    for (const file of this.#files) closeSync(file)
  }
}

function encodeSlot({ sequence, payload }: Slot): Uint8Array {
  const body = concatBytes(u64(sequence), u32(payload.length), payload)
  return concatBytes(body, checksum(body))
}

/** Both at once, durably: a crash leaves either no folder or both slots whole. */
function makeSlots(folder: string): void {
  const draft = `${folder}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  const empty = encodeSlot({ sequence: 0n, payload: new Uint8Array(0) })
  for (const name of NAMES) {
    const file = openSync(join(draft, name), 'w', 0o600)
    writeFully(file, empty, 0)
    fdatasyncSync(file)
    closeSync(file)
  }
  syncFolder(draft)
  renameSync(draft, folder)
  syncFolder(dirname(folder))
}

function parseSlot(bytes: Uint8Array): Slot | 'torn' {
  if (bytes.length < HEAD_BYTES + CHECKSUM_BYTES) return 'torn'
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const end = HEAD_BYTES + view.getUint32(8)
  if (bytes.length < end + CHECKSUM_BYTES) return 'torn'
  const body = new Uint8Array(bytes.subarray(0, end))
  if (!equalBytes(checksum(body), bytes.subarray(end, end + CHECKSUM_BYTES))) return 'torn'
  return { sequence: view.getBigUint64(0), payload: body.subarray(HEAD_BYTES) }
}

const checksum = (body: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES))
