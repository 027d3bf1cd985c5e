/**
 * The light client's store for memory cards: few and small writes. Commits are gathered and written together, at most once in
 * `everyMs` (and when `flush` asks, which is bounded too); the promise of each resolves when its bytes are on the card (written to whole pages, then fdatasync). What has not
 * changed is not written again. The layout is drawn in card-pages.ts.
 *
 * A power cut at any byte of a write leaves the state of the write before it: a record counts once its checksum holds, records
 * share no page, and the slot that is begun anew is never the one that holds the state. Both slots have their full size from the
 * start, so a card that fills up later cannot stop the store.
 *
 * On opening, a write that was cut short is overwritten by the next one. Damage anywhere else is told (`set-aside`), with a copy
 * of the damaged slot kept; the client goes on from the last whole state and verifies it again. A newer version is refused.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { equalBytes } from '../base/bytes.ts'
import type { Store } from '../ports/index.ts'
import {
  chooseSlot,
  emptySlot,
  encodePages,
  newestGeneration,
  PAGE_BYTES,
  pagesOf,
  readSlot,
  slotVersion,
} from './card-pages.ts'
import type { Generation, ReadSlot } from './card-pages.ts'
import { syncFolder, writeFully } from './durable-files.ts'
import { lockFolder, storeFailure } from './file-lock.ts'
import type { Writes } from './record-log.ts'
import { StoreError, type StoreWarning } from './store-error.ts'

/** Raise it with every change that an older program would misread. */
export const CARD_STORE_VERSION = 1
const SLOT_PAGES = 64
const EVERY_MS = 60_000
/** So many writes may be hurried in a row, and one more in each interval. */
const HURRY_COUNT_MAX = 20

export interface CardStoreOptions {
  readonly onWarning?: (warning: StoreWarning) => void
  /** Least time between two writes that nobody asked for by `flush`; 0 writes each commit at once. Default: a minute. */
  readonly everyMs?: number
  /** Pages of a slot; grown when what lives in it needs more. */
  readonly slotPages?: number
}

export interface CardStore extends Store {
  flush(): void
  /** Since it was opened: bytes of whole pages, and how often. */
  readonly written: { readonly bytes: number; readonly times: number }
}

interface Waiting {
  resolve(): void
  reject(error: StoreError): void
}

interface Slot {
  readonly file: number
  readonly pageCount: number
}

const slotName = (index: number): string => `card.${index}`

class PagedStore implements CardStore {
  readonly written = { bytes: 0, times: 0 }
  readonly #folder: string
  readonly #unlock: () => void
  readonly #everyMs: number
  readonly #slots: [Slot, Slot]
  #current: number
  #generation: Generation
  #sequence: number
  #page: number
  /** What is on the card. */
  readonly #entries: Map<string, Uint8Array>
  /** What is not yet. */
  #pending = new Map<string, Uint8Array | undefined>()
  #waiting: Waiting[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #isImmediate = false
  #writtenAtMs = -Infinity
  /** Writes hurried by `flush`, less one for each interval since. */
  #hurries = 0
  #hurriedAtMs = performance.now()
  #isOpen = true

  constructor(
    folder: string,
    unlock: () => void,
    everyMs: number,
    slots: [Slot, Slot],
    current: number,
    read: ReadSlot,
  ) {
    this.#folder = folder
    this.#unlock = unlock
    this.#everyMs = everyMs
    this.#slots = slots
    this.#current = current
    this.#generation = read.generation
    this.#sequence = read.sequence
    this.#page = read.page
    this.#entries = read.entries
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    const value = this.#pending.has(key) ? this.#pending.get(key) : this.#entries.get(key)
    return value?.slice()
  }

  async keys(prefix: string): Promise<readonly string[]> {
    this.#assertOpen()
    const all = new Set(this.#entries.keys())
    for (const [key, value] of this.#pending) void (value === undefined ? all.delete(key) : all.add(key))
    return [...all].filter((key) => key.startsWith(prefix)).sort()
  }

  async commit(writes: Writes): Promise<void> {
    this.#assertOpen()
    for (const [key, value] of writes) this.#pending.set(key, value?.slice())
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    this.#plan()
    return done
  }

  flush(): void {
    if (!this.#isOpen || this.#waiting.length === 0 || this.#isImmediate) return
    const nowMs = performance.now()
    const regainedMs = this.#everyMs === 0 ? 0 : (nowMs - this.#hurriedAtMs) / this.#everyMs
    this.#hurries = Math.max(0, this.#hurries - regainedMs)
    this.#hurriedAtMs = nowMs
    // A network that comes and goes must not wear the card out.
    if (this.#everyMs > 0 && this.#hurries > HURRY_COUNT_MAX - 1) return
    this.#hurries++
    this.#planAfter(0)
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#write()
    this.#isOpen = false
    for (const { file } of this.#slots) closeSync(file)
    this.#unlock()
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new StoreError('closed', `the store in ${this.#folder} is closed`)
  }

  #plan(): void {
    if (this.#timer !== undefined) return
    this.#planAfter(Math.max(0, this.#writtenAtMs + this.#everyMs - performance.now()))
  }

  /** Commits of one turn of the event loop go together in any case. */
  #planAfter(delayMs: number): void {
    if (this.#isImmediate) return
    clearTimeout(this.#timer)
    this.#isImmediate = delayMs === 0
    this.#timer = setTimeout(() => this.#write(), delayMs)
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isImmediate = false
    if (!this.#isOpen) return
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const changed = this.#changes()
      if (changed.size > 0) this.#append(changed)
      for (const [key, value] of changed)
        void (value === undefined ? this.#entries.delete(key) : this.#entries.set(key, value))
      this.#pending = new Map()
      for (const { resolve } of waiting) resolve()
    } catch (error) {
      // What is pending stays so, and goes with the next write.
      const failure = error instanceof StoreError ? error : storeFailure(this.#folder, error)
      for (const { reject } of waiting) reject(failure)
    }
    this.#writtenAtMs = performance.now()
  }

  #changes(): Map<string, Uint8Array | undefined> {
    const changed = new Map<string, Uint8Array | undefined>()
    for (const [key, value] of this.#pending) {
      const before = this.#entries.get(key)
      const isSame = value === undefined || before === undefined ? value === before : equalBytes(value, before)
      if (!isSame) changed.set(key, value)
    }
    return changed
  }

  #append(changed: Writes): void {
    const pages = encodePages(this.#generation, this.#sequence, changed)
    const slot = this.#slots[this.#current]!
    if (this.#page + pages.length / PAGE_BYTES > slot.pageCount) return this.#beginGeneration(changed)
    this.#put(slot, pages, this.#page)
    this.#page += pages.length / PAGE_BYTES
    this.#sequence++
  }

  /** All entries with the changes, to the other slot. The state counts there once it is whole. */
  #beginGeneration(changed: Writes): void {
    const entries = new Map(this.#entries)
    for (const [key, value] of changed) void (value === undefined ? entries.delete(key) : entries.set(key, value))
    const generation = { number: this.#generation.number + 1, salt: new Uint8Array(randomBytes(8)) }
    const pages = encodePages(generation, 0, entries)
    const other = 1 - this.#current
    const needed = 1 + pages.length / PAGE_BYTES
    if (2 * needed > this.#slots[other]!.pageCount) {
      closeSync(this.#slots[other]!.file)
      this.#slots[other] = makeSlot(this.#folder, other, 4 * needed)
      this.#count(4 * needed * PAGE_BYTES)
    }
    this.#put(this.#slots[other]!, pages, 1)
    this.#current = other
    this.#generation = generation
    this.#sequence = 1
    this.#page = needed
  }

  #put({ file }: Slot, pages: Uint8Array, page: number): void {
    writeFully(file, pages, page * PAGE_BYTES)
    fdatasyncSync(file)
    this.#count(pages.length)
  }

  #count(bytes: number): void {
    this.written.bytes += bytes
    this.written.times++
  }
}

/** Opens or makes the store in `folder`. Throws StoreError. */
export async function openCardStore(folder: string, options: CardStoreOptions = {}): Promise<CardStore> {
  const unlock = lockFolder(folder)
  try {
    const warn = options.onWarning ?? (() => undefined)
    const found = readSlots(folder, warn)
    const best = chooseSlot(found)
    const slots = [0, 1].map((index) => openSlot(folder, index, options.slotPages ?? SLOT_PAGES)) as [Slot, Slot]
    const read = best === undefined ? firstGeneration(slots[0]) : found[best]!
    return new PagedStore(folder, unlock, options.everyMs ?? EVERY_MS, slots, best ?? 0, read)
  } catch (error) {
    unlock()
    throw error instanceof StoreError ? error : storeFailure(folder, error)
  }
}

/** The state in each slot of the folder; undefined where there is none. Damage is told, and the damaged slot kept. */
function readSlots(folder: string, warn: (warning: StoreWarning) => void): readonly (ReadSlot | undefined)[] {
  const found = [0, 1].map((index) => readFolderSlot(folder, index))
  const states = found.map((slot) => slot?.read)
  const best = states[chooseSlot(states) ?? 0]?.generation.number ?? 0
  for (const [index, slot] of found.entries()) {
    if (slot === undefined) continue
    // What is left of a generation newer than the best whole one was lost; of an older one, it was given up.
    const isLost = slot.read === undefined && slot.newest > best
    if (slot.isSlot && !isLost && slot.read?.isDamaged !== true) continue
    const keptAs = setAside(folder, index, !slot.isSlot)
    const message = `a part of the store in ${folder} is damaged; going on from what is whole before it (damaged file kept as ${keptAs})`
    warn({ code: 'set-aside', keptAs, message })
  }
  return states
}

interface FoundSlot {
  readonly isSlot: boolean
  readonly read: ReadSlot | undefined
  /** Highest generation of any whole record. */
  readonly newest: number
}

function readFolderSlot(folder: string, index: number): FoundSlot | undefined {
  const path = join(folder, slotName(index))
  if (!existsSync(path)) return undefined
  const bytes = new Uint8Array(readFileSync(path))
  const version = slotVersion(bytes)
  if (version !== undefined && version > CARD_STORE_VERSION)
    throw new StoreError(
      'version-newer',
      `the store in ${folder} has version ${version} and this program reads up to ${CARD_STORE_VERSION}: update the program, or name another folder`,
    )
  const isSlot = version === CARD_STORE_VERSION
  return { isSlot, read: isSlot ? readSlot(bytes) : undefined, newest: isSlot ? newestGeneration(bytes) : 0 }
}

/** A slot that is none is moved away, a damaged one copied: what is whole in it is still needed. */
function setAside(folder: string, index: number, isMoved: boolean): string {
  const path = join(folder, slotName(index))
  let number = 1
  while (existsSync(`${path}.set-aside-${number}`)) number++
  const keptAs = `${path}.set-aside-${number}`
  if (isMoved) renameSync(path, keptAs)
  else copyFileSync(path, keptAs)
  return keptAs
}

function openSlot(folder: string, index: number, pageCount: number): Slot {
  const path = join(folder, slotName(index))
  if (!existsSync(path)) return makeSlot(folder, index, pageCount)
  const file = openSync(path, 'r+')
  return { file, pageCount: Math.floor(fstatSync(file).size / PAGE_BYTES) }
}

/** Written aside in full, synced and renamed: from then on its size never changes. */
function makeSlot(folder: string, index: number, pageCount: number): Slot {
  const path = join(folder, slotName(index))
  const file = openSync(`${path}.new`, 'w+')
  try {
    writeFully(file, emptySlot(CARD_STORE_VERSION, pageCount), 0)
    fsyncSync(file)
    renameSync(`${path}.new`, path)
    syncFolder(folder)
    return { file, pageCount }
  } catch (error) {
    closeSync(file)
    // A card that is full must not be kept so by what did not fit.
    rmSync(`${path}.new`, { force: true })
    throw error
  }
}

function firstGeneration({ file }: Slot): ReadSlot {
  const generation = { number: 1, salt: new Uint8Array(randomBytes(8)) }
  const pages = encodePages(generation, 0, new Map())
  writeFully(file, pages, PAGE_BYTES)
  fdatasyncSync(file)
  const page = 1 + pagesOf(pages.length)
  return { generation, entries: new Map(), sequence: 1, page, isDamaged: false }
}
