/**
 * The bytes of a file store: a header, then one record for each commit, appended.
 *
 *   file    = "STAKECUBE-LIGHT\n" 16 ‖ version u32 ‖ record*
 *   record  = length u32 ‖ checksum 8 ‖ payload (length bytes)
 *   payload = count u16 ‖ count × (key: u16 length and ASCII ‖ present u8 ‖ [value: u32 length and bytes])
 *   checksum = first 8 bytes of SHA-256(previous checksum ‖ length ‖ payload); 8 zero bytes stand before the first
 *
 * The checksums are chained, so a record that was changed, moved, doubled or left out in the middle is seen. They guard
 * against torn writes and bad media, not against someone who writes the device's files: the client verifies what it reads.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes, u32 } from '../base/bytes.ts'
import { Reader, Writer } from '../chain/codec.ts'

const MAGIC = new TextEncoder().encode('STAKECUBE-LIGHT\n')
export const LOG_HEADER_BYTES = 20
const RECORD_HEAD_BYTES = 12
const CHECKSUM_BYTES = 8
export const FIRST_CHECKSUM = new Uint8Array(CHECKSUM_BYTES)

export type Writes = ReadonlyMap<string, Uint8Array | undefined>

export const encodeLogHeader = (version: number): Uint8Array => concatBytes(MAGIC, u32(version))

/** The version, or undefined when the bytes do not begin like a store of ours. */
export function decodeLogHeader(bytes: Uint8Array): number | undefined {
  if (bytes.length < LOG_HEADER_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length)
}

const checksumOf = (previous: Uint8Array, length: Uint8Array, payload: Uint8Array): Uint8Array =>
  sha256(concatBytes(previous, length, payload)).slice(0, CHECKSUM_BYTES)

/** One record and the checksum that the next one is chained to. */
export function encodeRecord(previous: Uint8Array, writes: Writes): { record: Uint8Array; checksum: Uint8Array } {
  const payload = encodeWrites(writes)
  const length = u32(payload.length)
  const checksum = checksumOf(previous, length, payload)
  return { record: concatBytes(length, checksum, payload), checksum }
}

/** The payload of one commit. */
export function encodeWrites(writes: Writes): Uint8Array {
  const writer = new Writer(1024).u16(writes.size)
  for (const [key, value] of writes) {
    writer.byteString(new TextEncoder().encode(key)).u8(value === undefined ? 0 : 1)
    if (value !== undefined) writer.u32(value.length).bytes(value)
  }
  return writer.finish()
}

/** Applies a payload to `entries`; false if it is not one. */
export function decodeWrites(entries: Map<string, Uint8Array>, payload: Uint8Array): boolean {
  const reader = new Reader(payload)
  const count = reader.u16()
  for (let index = 0; index < count && !reader.failed; index++) {
    const key = new TextDecoder().decode(reader.byteString('key'))
    if (reader.u8() === 0) entries.delete(key)
    else {
      const length = reader.u32()
      entries.set(key, reader.bytes(length <= reader.remaining ? length : reader.remaining + 1))
    }
  }
  return reader.finish(undefined).kind === 'accepted'
}

export interface ReadLog {
  readonly entries: Map<string, Uint8Array>
  /** Bytes of the file that hold whole records. */
  readonly length: number
  readonly checksum: Uint8Array
  /**
   * `whole`: every byte is accounted for. `torn`: the last write did not finish, as after a crash; the entries are those
   * of the commits before it. `corrupt`: something in the middle changed; the entries must not be used.
   */
  readonly state: 'whole' | 'torn' | 'corrupt'
}

/** Reads the records behind a log header. */
export function readLog(bytes: Uint8Array): ReadLog {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = new Map<string, Uint8Array>()
  let checksum: Uint8Array = FIRST_CHECKSUM
  let offset = LOG_HEADER_BYTES
  while (offset < bytes.length) {
    const left = bytes.length - offset
    if (left < RECORD_HEAD_BYTES) return { entries, length: offset, checksum, state: 'torn' }
    const length = view.getUint32(offset)
    const end = offset + RECORD_HEAD_BYTES + length
    if (end > bytes.length) return { entries, length: offset, checksum, state: 'torn' }
    const stored = bytes.subarray(offset + 4, offset + RECORD_HEAD_BYTES)
    const payload = bytes.subarray(offset + RECORD_HEAD_BYTES, end)
    const expected = checksumOf(checksum, bytes.subarray(offset, offset + 4), payload)
    if (!equalBytes(stored, expected))
      return { entries, length: offset, checksum, state: end === bytes.length ? 'torn' : 'corrupt' }
    if (!decodeWrites(entries, payload)) return { entries, length: offset, checksum, state: 'corrupt' }
    checksum = expected
    offset = end
  }
  return { entries, length: offset, checksum, state: 'whole' }
}
