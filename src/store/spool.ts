/**
 * A queue of lines on a memory card: appended in segments, read again from a cursor, dropped a segment at a time.
 *
 *   segment = spool.NNNNNNNN: records one behind the other
 *   record  = length u32 ‖ sourceEnd u64 ‖ checksum 8 ‖ line (length bytes)
 *   checksum = first 8 bytes of SHA-256(length ‖ sourceEnd ‖ line)
 *
 * `sourceEnd` says where in the source the line ended, so what was taken and how far the source was read are one write. A record
 * that a power cut tore is cut off when the spool is opened: it had not been synced, so nobody was told that it is kept. A
 * segment begins with an empty line that carries `sourceEnd` over.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { concatBytes, equalBytes, u32, u64 } from '../base/bytes.ts'
import { syncFolder } from './durable-files.ts'
import { storeFailure } from './file-lock.ts'

const HEAD_BYTES = 20
const SEGMENT_BYTES = 256 * 1024
const NAME = /^spool\.(\d{8})$/

/** Where reading goes on. */
export interface Cursor {
  readonly segment: number
  readonly offset: number
}

export interface SpooledLine {
  readonly line: Uint8Array
  /** Behind it. */
  readonly next: Cursor
}

const nameOf = (segment: number): string => `spool.${String(segment).padStart(8, '0')}`
const checksumOf = (bytes: Uint8Array): Uint8Array => sha256(bytes).slice(0, 8)

function encodeRecord(sourceEnd: number, line: Uint8Array): Uint8Array {
  const head = concatBytes(u32(line.length), u64(BigInt(sourceEnd)))
  return concatBytes(head, checksumOf(concatBytes(head, line)), line)
}

export class Spool {
  readonly #folder: string
  #segment: number
  #file: number
  #length: number
  #sourceEnd = 0
  #isSynced = true

  /** Opens or makes the spool in `folder`. Throws StoreError. */
  constructor(folder: string) {
    this.#folder = folder
    try {
      mkdirSync(folder, { recursive: true })
      const segments = this.#segments()
      this.#segment = segments.at(-1) ?? 1
      this.#file = openSync(this.#path(this.#segment), 'a+')
      // A segment that a cut left empty says nothing of the source: the one before does.
      if (segments.length > 1) this.#sourceEndOf(segments.at(-2)!)
      this.#length = this.#cutTornEnd()
      if (this.#length === 0) this.#begin()
    } catch (error) {
      throw storeFailure(folder, error)
    }
  }

  /** Where the source was read up to, for what is kept. */
  get sourceEnd(): number {
    return this.#sourceEnd
  }

  /** The first line there is. */
  get start(): Cursor {
    return { segment: this.#segments()[0] ?? this.#segment, offset: 0 }
  }

  /** Bytes on the card. */
  get bytes(): number {
    return this.#segments().reduce((sum, segment) => sum + statSync(this.#path(segment)).size, 0)
  }

  /** Kept for good once `sync` has returned. Throws StoreError, and keeps nothing of the line then. */
  append(line: Uint8Array, sourceEnd: number): void {
    try {
      if (this.#length > SEGMENT_BYTES) this.#rotate()
      const record = encodeRecord(sourceEnd, line)
      this.#write(record)
      this.#sourceEnd = sourceEnd
    } catch (error) {
      throw storeFailure(this.#folder, error)
    }
  }

  sync(): void {
    if (this.#isSynced) return
    try {
      fdatasyncSync(this.#file)
      this.#isSynced = true
    } catch (error) {
      throw storeFailure(this.#folder, error)
    }
  }

  /** Lines from `cursor` on, as long as they fit into `bytesMax` with one byte between two; the cursor behind the last. */
  read(cursor: Cursor, bytesMax: number): { readonly lines: readonly Uint8Array[]; readonly next: Cursor } {
    const lines: Uint8Array[] = []
    let next = cursor
    let bytes = -1
    for (;;) {
      const found = this.#lineAt(next)
      if (found === undefined) return { lines, next }
      if (found.line.length > 0) {
        bytes += found.line.length + 1
        if (bytes > bytesMax) return { lines, next }
        lines.push(found.line)
      }
      next = found.next
    }
  }

  /** Forgets whole segments before the cursor. */
  trim(cursor: Cursor): void {
    for (const segment of this.#segments())
      if (segment < cursor.segment && segment < this.#segment) rmSync(this.#path(segment), { force: true })
  }

  close(): void {
    this.sync()
    closeSync(this.#file)
  }

  #path(segment: number): string {
    return join(this.#folder, nameOf(segment))
  }

  #segments(): readonly number[] {
    return readdirSync(this.#folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
  }

  #begin(): void {
    this.#write(encodeRecord(this.#sourceEnd, new Uint8Array(0)))
    fsyncSync(this.#file)
    syncFolder(this.#folder)
    this.#isSynced = true
  }

  #rotate(): void {
    this.sync()
    const file = openSync(this.#path(this.#segment + 1), 'a+')
    closeSync(this.#file)
    this.#file = file
    this.#segment++
    this.#length = 0
    this.#begin()
  }

  #write(record: Uint8Array): void {
    this.#isSynced = false
    try {
      for (let written = 0; written < record.length;) written += writeSync(this.#file, record, written)
    } catch (error) {
      ftruncateSync(this.#file, this.#length)
      throw error
    }
    this.#length += record.length
  }

  #sourceEndOf(segment: number): void {
    const file = openSync(this.#path(segment), 'r')
    try {
      this.#scan(file)
    } finally {
      closeSync(file)
    }
  }

  /** Bytes of whole records; takes over their `sourceEnd`. */
  #scan(file: number): number {
    let offset = 0
    for (let record = readRecord(file, 0); record !== undefined; record = readRecord(file, offset)) {
      this.#sourceEnd = record.sourceEnd
      offset = record.end
    }
    return offset
  }

  /** The length of what is whole in the last segment; the rest is cut off. */
  #cutTornEnd(): number {
    const offset = this.#scan(this.#file)
    if (fstatSync(this.#file).size > offset) ftruncateSync(this.#file, offset)
    return offset
  }

  #lineAt({ segment, offset }: Cursor): SpooledLine | undefined {
    const isLast = segment >= this.#segment
    const file = isLast ? this.#file : openSync(this.#path(segment), 'r')
    try {
      const record = readRecord(file, offset)
      if (record !== undefined) return { line: record.line, next: { segment, offset: record.end } }
    } finally {
      if (!isLast) closeSync(file)
    }
    return isLast ? undefined : this.#lineAt({ segment: segment + 1, offset: 0 })
  }
}

function readRecord(file: number, offset: number) {
  const head = new Uint8Array(HEAD_BYTES)
  if (readSync(file, head, 0, HEAD_BYTES, offset) < HEAD_BYTES) return undefined
  const view = new DataView(head.buffer)
  const length = view.getUint32(0)
  if (length > SEGMENT_BYTES) return undefined
  const line = new Uint8Array(length)
  if (readSync(file, line, 0, length, offset + HEAD_BYTES) < length) return undefined
  const expected = checksumOf(concatBytes(head.subarray(0, 12), line))
  if (!equalBytes(head.subarray(12), expected)) return undefined
  return { line, sourceEnd: Number(view.getBigUint64(4)), end: offset + HEAD_BYTES + length }
}
