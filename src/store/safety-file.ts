/**
 * The second copy of what a validator must not forget ([BFT-1]), beside its database. LevelDB drops a damaged end of its log
 * without a word, and with it the newest vote record; a validator that went on from the one before could sign twice.
 *
 * Two slots, written in turn, so that a torn write leaves the one before it, whose successor was then never acted on:
 *
 *   slot = sequence u64 ‖ length u32 ‖ payload ‖ SHA-256 of all before it, first 16 bytes
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fdatasync, ftruncateSync, mkdirSync, openSync, readFileSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { concatBytes, equalBytes, u32, u64 } from '../base/bytes.ts'
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
  /** The newest payload that is whole. */
  readonly payload: Uint8Array | undefined
  /** There are slots and none of them is whole: something was recorded and is lost. */
  readonly isLost: boolean
  /** One of two slots is damaged: its record may have been acted on, unless the write itself was cut off. */
  readonly hasTornSlot: boolean

  private constructor(folder: string, files: readonly number[], slots: readonly (Slot | 'torn' | undefined)[]) {
    this.#folder = folder
    this.#files = files
    const whole = slots.filter((slot) => typeof slot === 'object').sort((a, b) => (a.sequence < b.sequence ? 1 : -1))
    this.#sequence = whole[0]?.sequence ?? 0n
    this.payload = whole[0]?.payload
    this.hasTornSlot = slots.includes('torn')
    this.isLost = whole.length === 0 && this.hasTornSlot
  }

  /** Opens or makes the slots in `folder`. Throws StoreError. */
  static open(folder: string): SafetyFile {
    try {
      mkdirSync(folder, { recursive: true })
      const paths = NAMES.map((name) => join(folder, name))
      const slots = paths.map((path) => (existsSync(path) ? parseSlot(readFileSync(path)) : undefined))
      const files = paths.map((path) => openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600))
      return new SafetyFile(folder, files, slots)
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

/** Undefined for a slot that was never written. */
function parseSlot(bytes: Uint8Array): Slot | 'torn' | undefined {
  if (bytes.length === 0) return undefined
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
