/** The state tree over the kernels. Sets larger than the arena are split at the next bit of the key. */
import { bitAt } from '../../base/bytes.ts'
import type { Hash32 } from '../../base/brand.ts'
import * as checks from '../checks.ts'
import type { Machine } from './machine.ts'

const ENTRY_BYTES = 64
const LEAF_PREFIX = Uint8Array.of(0)

export function stateLeaf(machine: Machine, key: Hash32, value: Hash32): Hash32 {
  checks.checkPair(key, value)
  machine.put(key, 1)
  machine.put(value, 33)
  machine.put(LEAF_PREFIX)
  machine.hash(machine.iv, 0, machine.arena, 65, machine.result)
  return machine.takeResult()
}

export function stateNode(machine: Machine, left: Hash32, right: Hash32): Hash32 {
  checks.checkPair(left, right)
  machine.put(left)
  machine.put(right, 32)
  machine.hash(machine.iv, 0, machine.arena, 64, machine.result)
  return machine.takeResult()
}

export function stateRoot(machine: Machine, entries: Uint8Array, depth: number): Hash32 {
  checks.checkEntries(entries, depth)
  return subtree(machine, entries, depth)
}

function subtree(machine: Machine, entries: Uint8Array, depth: number): Hash32 {
  const count = entries.length / ENTRY_BYTES
  if (count === 0) return new Uint8Array(32)
  if (count === 1) return stateLeaf(machine, entries.subarray(0, 32), entries.subarray(32))
  if (count * machine.call.STATE_ENTRY_BYTES.value > machine.capacity) {
    entries = machine.outside(entries)
    const split = ENTRY_BYTES * firstWithBit(entries, depth)
    const left = subtree(machine, entries.subarray(0, split), depth + 1)
    return stateNode(machine, left, subtree(machine, entries.subarray(split), depth + 1))
  }
  machine.put(entries)
  return machine.take(machine.call.stateRoot(count, depth), 32)
}

/** Index of the first entry whose key has bit `depth` set, or the count. */
function firstWithBit(entries: Uint8Array, depth: number): number {
  let low = 0
  let high = entries.length / ENTRY_BYTES
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bitAt(entries.subarray(middle * ENTRY_BYTES, middle * ENTRY_BYTES + 32), depth) === 1) high = middle
    else low = middle + 1
  }
  return low
}
