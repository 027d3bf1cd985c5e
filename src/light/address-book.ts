/**
 * Addresses of peers to dial, so kept that whoever floods it with his own cannot crowd out the others (eclipse).
 *
 * Addresses that the user gave are always there. Those that somebody told stand in buckets, chosen by a secret key:
 *
 *     new    64 buckets of 8, by the network of the address and the network of who told it: one source reaches 4 of them
 *     tried  16 buckets of 8, by the network of the address: one network reaches 2 of them
 *
 * An address is moved to `tried` when it was connected, and whoever is asked next comes from a random bucket, not from a
 * random entry: a hundred addresses of one network weigh as much as two. Pure: randomness is a seeded generator. No time is
 * stored.
 */
import { concatBytes, equalBytes } from '../base/bytes.ts'
import type { Prng } from '../base/prng.ts'
import { Reader, Writer } from '../chain/codec.ts'
import { utf8 } from '../kernels/checks.ts'
import type { Kernels } from '../kernels/contract.ts'
import { networkGroup } from './network-group.ts'

export const NEW_BUCKETS = 64
export const TRIED_BUCKETS = 16
export const BUCKET_SIZE = 8
/** Buckets of `new` that one source can reach, and of `tried` that one network can. */
const BUCKETS_PER_SOURCE = 4
const BUCKETS_PER_GROUP = 2
const ADDRESS_BYTES_MAX = 512
/** Failures in a row after which a told address that was never connected is forgotten. */
const FAILURES_MAX = 5

interface Entry {
  readonly address: string
  /** Network of whoever told it. */
  readonly source: string
  isTried: boolean
  bucket: number
  failures: number
}

export class AddressBook {
  readonly #kernels: Kernels
  readonly #prng: Prng
  readonly #key: Uint8Array
  readonly #given: readonly string[]
  readonly #entries = new Map<string, Entry>()

  /** `key`: 32 secret bytes, the same for the life of the book. */
  constructor(kernels: Kernels, prng: Prng, key: Uint8Array, given: readonly string[]) {
    this.#kernels = kernels
    this.#prng = prng
    this.#key = key
    this.#given = [...new Set(given)]
  }

  /** Given and told. */
  get size(): number {
    return this.#given.length + this.#entries.size
  }

  get tried(): readonly string[] {
    return [...this.#entries.values()].filter(({ isTried }) => isTried).map(({ address }) => address)
  }

  /** Takes an address that a peer at `toldBy` (its address; empty for the application) told. False if it is not kept. */
  add(address: string, toldBy: string): boolean {
    if (this.#given.includes(address) || this.#entries.has(address)) return false
    if (address.length > ADDRESS_BYTES_MAX || !/^\/[\x21-\x7e]+\/p2p\/[A-Za-z0-9]+$/.test(address)) return false
    const source = networkGroup(toldBy)
    const bucket = this.#newBucket(address, source)
    const inBucket = this.#inBucket(false, bucket)
    // A full bucket gives up whoever failed most; else the newcomer has an even chance against a random one.
    if (inBucket.length >= BUCKET_SIZE) {
      const worst = inBucket.reduce((a, b) => (b.failures > a.failures ? b : a))
      if (worst.failures === 0 && this.#prng.chance(0.5)) return false
      this.#entries.delete(worst.failures > 0 ? worst.address : this.#prng.pick(inBucket).address)
    }
    this.#entries.set(address, { address, source, isTried: false, bucket, failures: 0 })
    return true
  }

  connected(address: string): void {
    const entry = this.#entries.get(address)
    if (entry === undefined) return
    entry.failures = 0
    if (entry.isTried) return
    const bucket = this.#triedBucket(address)
    const inBucket = this.#inBucket(true, bucket)
    if (inBucket.length >= BUCKET_SIZE) {
      const worst = inBucket.reduce((a, b) => (b.failures > a.failures ? b : a))
      // All of them work: the newcomer stays where it is.
      if (worst.failures === 0) return
      this.#entries.delete(worst.address)
    }
    entry.isTried = true
    entry.bucket = bucket
  }

  failed(address: string): void {
    const entry = this.#entries.get(address)
    if (entry !== undefined && ++entry.failures >= FAILURES_MAX && !entry.isTried) this.#entries.delete(address)
  }

  /** It sent something provably wrong: never again. */
  forget(address: string): void {
    this.#entries.delete(address)
  }

  /** Forgets every told address but these. */
  keep(addresses: readonly string[]): void {
    for (const address of this.#entries.keys()) if (!addresses.includes(address)) this.#entries.delete(address)
  }

  /** Given, or told and not forgotten. */
  has(address: string): boolean {
    return this.#given.includes(address) || this.#entries.has(address)
  }

  /**
   * The address to dial next, of those for which `isFree`: a given one, or one from a random bucket of either table; of a
   * network that is not among `groups`, as long as there is one.
   */
  pick(isFree: (address: string) => boolean, groups: ReadonlySet<string> = new Set()): string | undefined {
    const free = this.#given.filter(isFree)
    const buckets = new Map<string, string[]>()
    for (const { address, isTried, bucket } of this.#entries.values()) {
      if (!isFree(address)) continue
      const name = `${isTried ? 'tried' : 'new'} ${bucket}`
      buckets.set(name, [...(buckets.get(name) ?? []), address])
    }
    if (free.length === 0 && buckets.size === 0) return undefined
    const isFar = (address: string) => !groups.has(networkGroup(address))
    const all = [...(free.length === 0 ? [] : [free]), ...buckets.values()]
    const far = all.map((bucket) => bucket.filter(isFar)).filter(({ length }) => length > 0)
    // What the user gave comes first in one of two draws, however many buckets others have filled.
    if (free.length > 0 && (buckets.size === 0 || this.#prng.chance(0.5)))
      return this.#prng.pick(free.some(isFar) ? free.filter(isFar) : free)
    return this.#prng.pick(this.#prng.pick(far.length > 0 ? far : all))
  }

  #inBucket(isTried: boolean, bucket: number): readonly Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.isTried === isTried && entry.bucket === bucket)
  }

  #hash(...parts: readonly string[]): number {
    const joined = concatBytes(this.#key, ...parts.map((part) => utf8(`${part}\n`)))
    const digest = this.#kernels.tagged('stakecube/address-book').hash(joined)
    return new DataView(digest.buffer, digest.byteOffset, 4).getUint32(0)
  }

  #newBucket(address: string, source: string): number {
    const slot = this.#hash('slot', networkGroup(address), source) % BUCKETS_PER_SOURCE
    return this.#hash('new', source, String(slot)) % NEW_BUCKETS
  }

  #triedBucket(address: string): number {
    const slot = this.#hash('slot', address) % BUCKETS_PER_GROUP
    return this.#hash('tried', networkGroup(address), String(slot)) % TRIED_BUCKETS
  }

  // ── On disk ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** key 32 ‖ list of (tried u8 ‖ address as a byte string ‖ source as a byte string). */
  encode(): Uint8Array {
    return new Writer(1024)
      .bytes(this.#key)
      .list([...this.#entries.values()], (writer, { isTried, address, source }) =>
        writer.u8(Number(isTried)).byteString(utf8(address)).byteString(utf8(source)),
      )
      .finish()
  }

  /** The book that was saved, with the addresses given now; bytes that do not decode are an empty book with a new key. */
  static restore(
    kernels: Kernels,
    prng: Prng,
    saved: Uint8Array | undefined,
    newKey: Uint8Array,
    given: readonly string[],
  ): AddressBook {
    const reader = new Reader(saved ?? new Uint8Array(0))
    const key = reader.bytes(32)
    const countMax = BUCKET_SIZE * (NEW_BUCKETS + TRIED_BUCKETS)
    const entries = reader.list('addresses', 0, countMax, (item) => ({
      isTried: item.u8() === 1,
      address: textOf(item.byteString('address', ADDRESS_BYTES_MAX)),
      source: textOf(item.byteString('source', ADDRESS_BYTES_MAX)),
    }))
    const decoded = reader.finish({ key, entries })
    const isSound = decoded.kind === 'accepted' && !equalBytes(key, new Uint8Array(32))
    const book = new AddressBook(kernels, prng, isSound ? key : newKey, given)
    if (decoded.kind !== 'accepted' || !isSound) return book
    // Those that worked first: on their way to their own bucket they must not meet a new one that others have filled.
    for (const { address, source } of entries.filter(({ isTried }) => isTried)) {
      book.add(address, source)
      book.connected(address)
    }
    for (const { address, source } of entries) book.add(address, source)
    return book
  }
}

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
