/**
 * An immutable map from byte keys with structural sharing (a hash array mapped trie, 32-way): `with` and `without` make a
 * new map in O(log n) and leave the old one as it was. So a ledger value per block costs what the block changed.
 *
 * The hash takes bytes that are uniform in all keys used here (txids, device keys). Whoever grinds keys of one 32-bit
 * hash pays 2^32 work for each and gets a longer list in one bucket.
 */
import { equalBytes } from '../base/bytes.ts'

interface Entry<Value> {
  readonly key: Uint8Array
  readonly value: Value
}
/** All entries of one hash. */
interface Bucket<Value> {
  readonly hash: number
  readonly entries: readonly Entry<Value>[]
}
interface Branch<Value> {
  readonly bitmap: number
  readonly children: readonly Node<Value>[]
}
type Node<Value> = Bucket<Value> | Branch<Value>

const isBucket = <Value>(node: Node<Value>): node is Bucket<Value> => 'entries' in node

/** First and last four bytes, mixed: an outpoint's last are its index. */
function hashOf(key: Uint8Array): number {
  const word = (at: number) => (key[at]! << 24) | (key[at + 1]! << 16) | (key[at + 2]! << 8) | key[at + 3]!
  const mixed = word(0) ^ Math.imul(word(key.length - 4), 0x9e3779b1)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

function popCount32(bits: number): number {
  bits -= (bits >>> 1) & 0x55555555
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

const slotOf = (hash: number, shift: number) => 1 << ((hash >>> shift) & 31)
const placeOf = (bitmap: number, slot: number) => popCount32(bitmap & (slot - 1))

export class PersistentMap<Value> {
  readonly #root: Node<Value> | undefined
  readonly size: number

  private constructor(root: Node<Value> | undefined, size: number) {
    this.#root = root
    this.size = size
  }

  static empty<Value>(): PersistentMap<Value> {
    return new PersistentMap<Value>(undefined, 0)
  }

  /** Keys are at least 4 bytes. */
  get(key: Uint8Array): Value | undefined {
    const hash = hashOf(key)
    let node = this.#root
    for (let shift = 0; node !== undefined && !isBucket(node); shift += 5) {
      const slot = slotOf(hash, shift)
      node = (node.bitmap & slot) === 0 ? undefined : node.children[placeOf(node.bitmap, slot)]
    }
    return node?.entries.find((entry) => equalBytes(entry.key, key))?.value
  }

  has(key: Uint8Array): boolean {
    return this.get(key) !== undefined
  }

  with(key: Uint8Array, value: Value): PersistentMap<Value> {
    const bucket = { hash: hashOf(key), entries: [{ key, value }] }
    const size = this.has(key) ? this.size : this.size + 1
    return new PersistentMap(this.#root === undefined ? bucket : insert(this.#root, bucket, 0), size)
  }

  without(key: Uint8Array): PersistentMap<Value> {
    if (this.#root === undefined || !this.has(key)) return this
    return new PersistentMap(remove(this.#root, hashOf(key), key, 0), this.size - 1)
  }

  /** In an order that depends on nothing but the hashes, except within one hash. */
  *entries(): Generator<readonly [key: Uint8Array, value: Value]> {
    if (this.#root !== undefined) yield* entriesOf(this.#root)
  }

  *values(): Generator<Value> {
    for (const [, value] of this.entries()) yield value
  }
}

function insert<Value>(node: Node<Value>, bucket: Bucket<Value>, shift: number): Node<Value> {
  if (isBucket(node)) return node.hash === bucket.hash ? merge(node, bucket) : part(node, bucket, shift)
  const slot = slotOf(bucket.hash, shift)
  const place = placeOf(node.bitmap, slot)
  const children = [...node.children]
  if ((node.bitmap & slot) === 0) children.splice(place, 0, bucket)
  else children[place] = insert(children[place]!, bucket, shift + 5)
  return { bitmap: node.bitmap | slot, children }
}

function merge<Value>(old: Bucket<Value>, added: Bucket<Value>): Bucket<Value> {
  const kept = old.entries.filter(({ key }) => !added.entries.some((entry) => equalBytes(entry.key, key)))
  return { hash: old.hash, entries: [...kept, ...added.entries] }
}

/** Two buckets of different hashes below one node. */
function part<Value>(a: Bucket<Value>, b: Bucket<Value>, shift: number): Branch<Value> {
  const [slotA, slotB] = [slotOf(a.hash, shift), slotOf(b.hash, shift)]
  if (slotA === slotB) return { bitmap: slotA, children: [part(a, b, shift + 5)] }
  return { bitmap: slotA | slotB, children: slotA >>> 0 < slotB >>> 0 ? [a, b] : [b, a] }
}

function remove<Value>(node: Node<Value>, hash: number, key: Uint8Array, shift: number): Node<Value> | undefined {
  if (isBucket(node)) {
    const entries = node.entries.filter((entry) => !equalBytes(entry.key, key))
    return entries.length === 0 ? undefined : { hash, entries }
  }
  const slot = slotOf(hash, shift)
  const place = placeOf(node.bitmap, slot)
  const child = remove(node.children[place]!, hash, key, shift + 5)
  const children = [...node.children]
  if (child === undefined) children.splice(place, 1)
  else children[place] = child
  if (children.length === 0) return undefined
  const [only] = children
  if (children.length === 1 && isBucket(only!)) return only
  return { bitmap: child === undefined ? node.bitmap & ~slot : node.bitmap, children }
}

function* entriesOf<Value>(node: Node<Value>): Generator<readonly [Uint8Array, Value]> {
  if (isBucket(node)) for (const { key, value } of node.entries) yield [key, value]
  else for (const child of node.children) yield* entriesOf(child)
}
