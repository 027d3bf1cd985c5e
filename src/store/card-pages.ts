/**
 * The bytes of a store for memory cards: two slots, each a file of whole pages made once and never resized, so that a commit
 * changes no metadata of the file system.
 *
 *   slot    = page 0: "STAKECUBE-CARD\n" ‖ 0x00 ‖ version u32, zeros to the end of the page, written once
 *             then records, each from the start of a page
 *   record  = checksum 8 ‖ generation u32 ‖ salt 8 ‖ sequence u32 ‖ length u32 ‖ payload (length bytes), zeros to a page's end
 *   checksum = first 8 bytes of SHA-256(everything of the record behind it)
 *
 * Record 0 of a generation holds all entries, each later one a commit. A generation is written to one slot from page 1 on; when
 * the slot is full the next generation begins in the other, and the old one stays whole until then. What lies behind the last
 * record is older: it has another salt, 8 random bytes that nobody who feeds the store can guess.
 *
 * Records never share a page, because a card may lose a whole page when power goes away while it is rewritten.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes, u32 } from '../base/bytes.ts'
import { decodeWrites, encodeWrites, type Writes } from './record-log.ts'

export const PAGE_BYTES = 4096
const MAGIC = new TextEncoder().encode('STAKECUBE-CARD\n\0')
const SALT_BYTES = 8
const CHECKSUM_BYTES = 8
const HEAD_BYTES = CHECKSUM_BYTES + 4 + SALT_BYTES + 4 + 4

export interface Generation {
  readonly number: number
  readonly salt: Uint8Array
}

export const pagesOf = (byteCount: number): number => Math.ceil(byteCount / PAGE_BYTES)

/** An empty slot of `pageCount` pages. */
export function emptySlot(version: number, pageCount: number): Uint8Array {
  const slot = new Uint8Array(pageCount * PAGE_BYTES)
  slot.set(concatBytes(MAGIC, u32(version)))
  return slot
}

/** Undefined when the bytes do not begin like a slot. */
export function slotVersion(bytes: Uint8Array): number | undefined {
  if (bytes.length < PAGE_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return undefined
  return viewOf(bytes).getUint32(MAGIC.length)
}

/** Whole pages. */
export function encodePages({ number, salt }: Generation, sequence: number, writes: Writes): Uint8Array {
  const payload = encodeWrites(writes)
  const rest = concatBytes(u32(number), salt, u32(sequence), u32(payload.length), payload)
  const pages = new Uint8Array(pagesOf(CHECKSUM_BYTES + rest.length) * PAGE_BYTES)
  pages.set(sha256(rest).subarray(0, CHECKSUM_BYTES))
  pages.set(rest, CHECKSUM_BYTES)
  return pages
}

export interface ReadSlot {
  readonly generation: Generation
  readonly entries: Map<string, Uint8Array>
  /** Sequence and page of the next record. */
  readonly sequence: number
  readonly page: number
  /** A later record of this generation is whole: what lies between was damaged, not cut short. */
  readonly isDamaged: boolean
}

interface Record {
  readonly generation: Generation
  readonly sequence: number
  readonly payload: Uint8Array
  readonly pageCount: number
}

/** The state that a slot holds: record 0 and what follows without a gap. Undefined without a whole record 0. */
export function readSlot(bytes: Uint8Array): ReadSlot | undefined {
  const pageCount = Math.floor(bytes.length / PAGE_BYTES)
  const first = readRecord(bytes, 1)
  if (first === undefined || first.sequence !== 0) return undefined
  const entries = new Map<string, Uint8Array>()
  let page = 1
  let sequence = 0
  for (let record: Record | undefined = first; record !== undefined; record = readRecord(bytes, page)) {
    if (record.sequence !== sequence || !isSame(record.generation, first.generation)) break
    if (!decodeWrites(entries, record.payload)) break
    page += record.pageCount
    sequence++
  }
  if (sequence === 0) return undefined
  let isDamaged = false
  for (let later = page; later < pageCount && !isDamaged; later++) {
    const record = readRecord(bytes, later)
    isDamaged = record !== undefined && isSame(record.generation, first.generation) && record.sequence > sequence
  }
  return { generation: first.generation, entries, sequence, page, isDamaged }
}

/** Which of the slots holds the state: the highest generation that is whole. Undefined when none does. */
export function chooseSlot(reads: readonly (ReadSlot | undefined)[]): number | undefined {
  const [best] = reads
    .map((read, index) => ({ index, number: read?.generation.number ?? -1 }))
    .filter(({ number }) => number >= 0)
    .sort((a, b) => b.number - a.number)
  return best?.index
}

/** The highest generation of any whole record, wherever it stands; 0 for none. */
export function newestGeneration(bytes: Uint8Array): number {
  let newest = 0
  for (let page = 1; page < Math.floor(bytes.length / PAGE_BYTES); page++)
    newest = Math.max(newest, readRecord(bytes, page)?.generation.number ?? 0)
  return newest
}

function readRecord(bytes: Uint8Array, page: number): Record | undefined {
  const start = page * PAGE_BYTES
  if (start + PAGE_BYTES > bytes.length) return undefined
  const view = viewOf(bytes)
  const length = view.getUint32(start + HEAD_BYTES - 4)
  const end = start + HEAD_BYTES + length
  if (end > bytes.length) return undefined
  const expected = sha256(bytes.subarray(start + CHECKSUM_BYTES, end)).subarray(0, CHECKSUM_BYTES)
  if (!equalBytes(bytes.subarray(start, start + CHECKSUM_BYTES), expected)) return undefined
  const saltStart = start + CHECKSUM_BYTES + 4
  const generation = { number: view.getUint32(saltStart - 4), salt: bytes.slice(saltStart, saltStart + SALT_BYTES) }
  const sequence = view.getUint32(saltStart + SALT_BYTES)
  const payload = bytes.subarray(start + HEAD_BYTES, end)
  return { generation, sequence, payload, pageCount: pagesOf(HEAD_BYTES + length) }
}

const isSame = (a: Generation, b: Generation): boolean => a.number === b.number && equalBytes(a.salt, b.salt)

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
