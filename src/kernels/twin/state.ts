/** Hashing of the sparse state tree (§4). */
import { bitAt } from '../../base/bytes.ts'
import { hash, HASH_BYTES } from './sha256.ts'

export const ENTRY_BYTES = 64
const LEAF = new Uint8Array(65)
const NODE = new Uint8Array(64)

/** SHA256(0x00 ‖ key ‖ value). */
export function stateLeaf(key: Uint8Array, value: Uint8Array): Uint8Array {
  LEAF.set(key, 1)
  LEAF.set(value, 33)
  return hash(LEAF)
}

/** SHA256(left ‖ right). */
export function stateNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  NODE.set(left, 0)
  NODE.set(right, 32)
  return hash(NODE)
}

const keyOf = (entries: Uint8Array, index: number) =>
  entries.subarray(index * ENTRY_BYTES, index * ENTRY_BYTES + HASH_BYTES)

/** The first index in [start, end) whose key has bit `depth` set, or end. */
function firstWithBit(entries: Uint8Array, start: number, end: number, depth: number): number {
  while (start < end) {
    const middle = (start + end) >>> 1
    if (bitAt(keyOf(entries, middle), depth) === 1) end = middle
    else start = middle + 1
  }
  return start
}

/** Root of the subtree at `depth` that holds the entries [start, end): none, one (it is its leaf) or a node. */
export function stateSubtree(entries: Uint8Array, start: number, end: number, depth: number): Uint8Array {
  if (start === end) return new Uint8Array(HASH_BYTES)
  if (end - start === 1) {
    const entry = entries.subarray(start * ENTRY_BYTES, end * ENTRY_BYTES)
    return stateLeaf(entry.subarray(0, HASH_BYTES), entry.subarray(HASH_BYTES))
  }
  const split = firstWithBit(entries, start, end, depth)
  return stateNode(stateSubtree(entries, start, split, depth + 1), stateSubtree(entries, split, end, depth + 1))
}
