/**
 * The state (§4): an immutable sparse Merkle tree of unspent outputs with structural sharing. An update makes a new tree
 * and leaves the old one readable, so a candidate block costs only what it changes.
 *
 * Nodes exist only where keys part. A node knows at which depth it hangs (`top`) and its hash there: between `top` and
 * the depth where its keys part, the hash is chained with empty siblings, which is what the spec's tree has on that way
 * (two outputs of one owner share 128 bits of key). A leaf hangs at any depth with the same hash.
 *
 *     depth   0 ── top ────────── depth ──────────── 256
 *                  │  empty siblings │ left  (bit 0)
 *                  └─────────────────┤
 *                                    └ right (bit 1)
 *
 * Cost of an update: O(changes · log n) nodes and, for owners with several outputs, up to 128 chained hashes each.
 */
import { assert, assertRange } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { bitAt, compareBytes, equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import type { Utxo } from '../chain/output.ts'
import type { Kernels } from '../kernels/contract.ts'
import { stateKey, stateValue } from './state-entry.ts'

/** The root of no entries. */
export const EMPTY_STATE_ROOT: Hash32 = new Uint8Array(32)

export interface StateLeaf {
  readonly key: Hash32
  readonly value: Hash32
  readonly hash: Hash32
  readonly utxo: Utxo
}

interface Branch {
  /** Depth at which it hangs: `hash` is its hash there. */
  readonly top: number
  /** Number of key bits that all its leaves share. */
  readonly depth: number
  /** Any key below: its first `depth` bits are everyone's. */
  readonly key: Hash32
  readonly left: Node
  readonly right: Node
  readonly count: number
  readonly splitHash: Hash32
  readonly hash: Hash32
}
type Node = StateLeaf | Branch

const isBranch = (node: Node): node is Branch => 'left' in node
const countOf = (node: Node | undefined): number => (node === undefined ? 0 : isBranch(node) ? node.count : 1)

/** Length of the bit prefix that two 32-byte keys share. */
export function sharedBits(a: Hash32, b: Hash32): number {
  let byte = 0
  while (byte < 32 && a[byte] === b[byte]) byte++
  return byte === 32 ? 256 : 8 * byte + Math.clz32(a[byte]! ^ b[byte]!) - 24
}

/** The hash at depth `top` of a subtree that has `hash` at `depth` and nothing beside it on the way. */
function chain(kernels: Kernels, hash: Hash32, key: Hash32, depth: number, top: number): Hash32 {
  for (let level = depth - 1; level >= top; level--)
    hash =
      bitAt(key, level) === 0 ? kernels.stateNode(hash, EMPTY_STATE_ROOT) : kernels.stateNode(EMPTY_STATE_ROOT, hash)
  return hash
}

/** A change to the tree: `leaf` undefined removes. */
interface Change {
  readonly key: Hash32
  readonly leaf: StateLeaf | undefined
}

/** First position in [start, end) whose key has bit `depth` set, or end. All share their first `depth` bits. */
function splitAt(keyed: readonly { readonly key: Hash32 }[], start: number, end: number, depth: number): number {
  while (start < end) {
    const middle = (start + end) >>> 1
    if (bitAt(keyed[middle]!.key, depth) === 1) end = middle
    else start = middle + 1
  }
  return start
}

/** The tree algorithms over one Kernels. */
class Builder {
  readonly #kernels: Kernels

  constructor(kernels: Kernels) {
    this.#kernels = kernels
  }

  /** The same node hanging at `top`. */
  hang(node: Node | undefined, top: number): Node | undefined {
    if (node === undefined || !isBranch(node) || node.top === top) return node
    return { ...node, top, hash: chain(this.#kernels, node.splitHash, node.key, node.depth, top) }
  }

  /** `left` and `right` hang at depth + 1; one of them alone hangs at `top` itself. */
  #join(top: number, depth: number, left: Node | undefined, right: Node | undefined): Node | undefined {
    if (left === undefined || right === undefined) return this.hang(left ?? right, top)
    const splitHash = this.#kernels.stateNode(left.hash, right.hash)
    const hash = chain(this.#kernels, splitHash, left.key, depth, top)
    return { top, depth, key: left.key, left, right, count: countOf(left) + countOf(right), splitHash, hash }
  }

  /** The subtree of the leaves [start, end), strictly ascending by key. */
  build(leaves: readonly StateLeaf[], start: number, end: number, top: number): Node | undefined {
    if (end - start <= 1) return leaves[start < end ? start : leaves.length]
    const depth = sharedBits(leaves[start]!.key, leaves[end - 1]!.key)
    const middle = splitAt(leaves, start, end, depth)
    return this.#join(
      top,
      depth,
      this.build(leaves, start, middle, depth + 1),
      this.build(leaves, middle, end, depth + 1),
    )
  }

  /** `node` with the changes [start, end), strictly ascending by key, hanging at `top`. */
  update(
    node: Node | undefined,
    changes: readonly Change[],
    start: number,
    end: number,
    top: number,
  ): Node | undefined {
    if (start === end) return this.hang(node, top)
    if (node === undefined || !isBranch(node)) return this.#updateLeaf(node, changes.slice(start, end), top)
    const first = sharedBits(changes[start]!.key, node.key)
    const last = sharedBits(changes[end - 1]!.key, node.key)
    const depth = Math.min(first, last, node.depth)
    const middle = splitAt(changes, start, end, depth)
    const [left, right] =
      depth === node.depth
        ? [node.left, node.right]
        : bitAt(node.key, depth) === 0
          ? [node, undefined]
          : [undefined, node]
    return this.#join(
      top,
      depth,
      this.update(left, changes, start, middle, depth + 1),
      this.update(right, changes, middle, end, depth + 1),
    )
  }

  #updateLeaf(leaf: StateLeaf | undefined, changes: readonly Change[], top: number): Node | undefined {
    const kept = leaf !== undefined && !changes.some(({ key }) => equalBytes(key, leaf.key)) ? [leaf] : []
    const leaves = [...kept, ...changes.flatMap((change) => (change.leaf === undefined ? [] : [change.leaf]))]
    leaves.sort((a, b) => compareBytes(a.key, b.key))
    return this.build(leaves, 0, leaves.length, top)
  }
}

/** The way down from the root along a prefix. */
export interface StateWay {
  /** Siblings from the root down, 32 zero bytes for an empty one; fewer than the prefix has bits if the way ends early. */
  readonly siblings: readonly Hash32[]
  /** Number of leaves whose keys start with the prefix. */
  readonly count: number
  /** These leaves, ascending by key. */
  readonly leaves: Iterable<StateLeaf>
  /** The one leaf at which the way ends early when its key does not start with the prefix. */
  readonly foreign: StateLeaf | undefined
}

export type StateTreeCode = 'state-key-missing' | 'state-key-taken'
export const STATE_TREE_CODES: readonly StateTreeCode[] = ['state-key-missing', 'state-key-taken']

export class StateTree {
  readonly #kernels: Kernels
  readonly #root: Node | undefined

  private constructor(kernels: Kernels, root: Node | undefined) {
    this.#kernels = kernels
    this.#root = root
  }

  static empty(kernels: Kernels): StateTree {
    return new StateTree(kernels, undefined)
  }

  /** The tree of `utxos`, in any order; rejects two that share a key. */
  static of(kernels: Kernels, utxos: readonly Utxo[]): Result<StateTree, StateTreeCode> {
    return StateTree.empty(kernels).update([], utxos)
  }

  /** Number of unspent outputs. */
  get size(): number {
    return countOf(this.#root)
  }

  /** stateRoot, 32 bytes. */
  get root(): Hash32 {
    return this.#root?.hash ?? EMPTY_STATE_ROOT
  }

  get(key: Hash32): StateLeaf | undefined {
    let node = this.#root
    while (node !== undefined && isBranch(node)) {
      if (sharedBits(node.key, key) < node.depth) return undefined
      node = bitAt(key, node.depth) === 0 ? node.left : node.right
    }
    return node !== undefined && equalBytes(node.key, key) ? node : undefined
  }

  has(utxo: Pick<Utxo, 'outpoint' | 'output'>): boolean {
    return this.get(stateKey(this.#kernels, utxo.outpoint, utxo.output)) !== undefined
  }

  leafOf(utxo: Utxo): StateLeaf {
    const key = stateKey(this.#kernels, utxo.outpoint, utxo.output)
    const value = stateValue(this.#kernels, utxo)
    return { key, value, hash: this.#kernels.stateLeaf(key, value), utxo }
  }

  /**
   * The tree without `removed` and with `added`: [TX-2]'s order. `state-key-missing` for a removed output that is not
   * there, `state-key-taken` if two outputs would share a key. Hashes only what changes.
   */
  update(
    removed: readonly Pick<Utxo, 'outpoint' | 'output'>[],
    added: readonly Utxo[],
  ): Result<StateTree, StateTreeCode> {
    const changes = new Map<string, Change>()
    for (const { outpoint, output } of removed) {
      const key = stateKey(this.#kernels, outpoint, output)
      const name = toHex(key)
      if (changes.has(name) || this.get(key) === undefined) return rejected('state-key-missing', { key: name })
      changes.set(name, { key, leaf: undefined })
    }
    for (const utxo of added) {
      const leaf = this.leafOf(utxo)
      const name = toHex(leaf.key)
      const earlier = changes.get(name)
      const taken = earlier === undefined ? this.get(leaf.key) !== undefined : earlier.leaf !== undefined
      if (taken) return rejected('state-key-taken', { key: name })
      changes.set(name, { key: leaf.key, leaf })
    }
    const sorted = [...changes.values()].sort((a, b) => compareBytes(a.key, b.key))
    const root = new Builder(this.#kernels).update(this.#root, sorted, 0, sorted.length, 0)
    return accepted(new StateTree(this.#kernels, root))
  }

  /** All leaves, ascending by key. */
  *leaves(): Generator<StateLeaf> {
    yield* leavesOf(this.#root)
  }

  /** The way down along the first `prefixBits` bits of `prefix` (⌈bits/8⌉ bytes or more) and what is at its end. */
  way(prefixBits: number, prefix: Uint8Array): StateWay {
    assertRange('prefixBits', prefixBits, 0, 256)
    assert(prefix.length * 8 >= prefixBits, `prefix must hold ${prefixBits} bits, has ${prefix.length} bytes`)
    const padded = new Uint8Array(32)
    padded.set(prefix.subarray(0, Math.min(32, prefix.length)))
    const siblings: Hash32[] = []
    const end = this.#descend(padded, prefixBits, siblings)
    if (end !== undefined && !isBranch(end) && sharedBits(end.key, padded) < prefixBits)
      return { siblings, count: 0, leaves: [], foreign: end }
    return { siblings, count: countOf(end), leaves: { [Symbol.iterator]: () => leavesOf(end) }, foreign: undefined }
  }

  /** Collects the siblings and returns the node where the way ends: nothing, a leaf, or a branch whose leaves all match. */
  #descend(key: Hash32, bits: number, siblings: Hash32[]): Node | undefined {
    let node = this.#root
    while (node !== undefined && isBranch(node) && siblings.length < bits) {
      const shared: number = Math.min(sharedBits(node.key, key), node.depth, bits)
      while (siblings.length < shared) siblings.push(EMPTY_STATE_ROOT)
      if (shared === bits) return node
      if (shared < node.depth) {
        siblings.push(chain(this.#kernels, node.splitHash, node.key, node.depth, shared + 1))
        return undefined
      }
      const right = bitAt(key, shared) === 1
      siblings.push((right ? node.left : node.right).hash)
      node = right ? node.right : node.left
    }
    return node
  }
}

function* leavesOf(node: Node | undefined): Generator<StateLeaf> {
  if (node === undefined) return
  if (!isBranch(node)) yield node
  else {
    yield* leavesOf(node.left)
    yield* leavesOf(node.right)
  }
}
