/**
 * Root of the sparse state tree (§4) over sorted entries (key 32 ‖ value 32).
 *
 * Between neighbours i and i+1 of the sorted keys the tree branches at depth c(i), the length of their common prefix; so n
 * entries make n−1 branches, and the branch tree is the one in which every parent is shallower. A branch is hashed at its
 * own depth and then carried up with empty siblings ("wrapped") until it stands just below its parent; a lone leaf is
 * itself at any depth. All hashing of one depth is independent, so it is done as one list of jobs, four at a time.
 *
 *   ARENA   entries   n × 64
 *           leaves    n × 32   hashes
 *           branches  n × 32   hashes
 *           nodes     n × 16   left address u32 ‖ right address u32 ‖ next branch of that depth u32 ‖
 *                              parent's depth u16 ‖ own depth u16
 *           jobs      n × 12   left ‖ right ‖ out, addresses
 *           carried   n × 4    branches that must be wrapped at the next depth
 */
import { compress, compressKnown } from './compress'
import { IV } from './constants'
import { copy32, hashMany, writeDigest } from './hash'
import { hashFourJobs } from './hash-lanes'
import { ARENA, KW_64, SCRATCH, STATE, TAILS, ZEROS } from './memory'

/** Arena bytes that one entry needs; the host splits larger sets by key prefix. */
export const STATE_ENTRY_BYTES: i32 = 160

const NONE: u32 = 0xffffffff
/** First branch of each depth, u32 × 256. */
const HEADS: usize = SCRATCH
/** Branches that are still open on the right while the tree is built, u32 × 257. */
const STACK: usize = SCRATCH + 0x400

let leaves: usize = 0
let branches: usize = 0
let nodes: usize = 0
let jobs: usize = 0
let carried: usize = 0
let jobCount: i32 = 0

// @ts-ignore: decorator
@inline
function keyWord(key: usize, word: usize): u64 {
  return bswap(load<u64>(key + (word << 3)))
}

/** Length of the common bit prefix of two different keys. */
function commonPrefix(a: usize, b: usize): u32 {
  let word: usize = 0
  while (word < 3 && load<u64>(a + (word << 3)) == load<u64>(b + (word << 3))) word++
  return <u32>(word << 6) + <u32>clz(keyWord(a, word) ^ keyWord(b, word))
}

// @ts-ignore: decorator
@inline
function bitOf(key: usize, depth: u32): u32 {
  return (load<u8>(key + (depth >> 3)) >> (7 - (depth & 7))) & 1
}

/** Links branch `index` into the list of its depth once its parent is known. */
function close(index: u32, parentDepth: u32): void {
  const node = nodes + (<usize>index << 4)
  store<u16>(node, parentDepth, 12)
  const head = HEADS + (<usize>load<u16>(node, 14) << 2)
  store<u32>(node, load<u32>(head), 8)
  store<u32>(head, index)
}

/** Builds the branch tree by the stack method. The root's parent has depth `top`, taken modulo 2^16. */
function plan(count: i32, top: u32): void {
  memory.fill(HEADS, 0xff, 1024)
  let stacked = 0
  for (let i: i32 = 0; i < count - 1; i++) {
    const depth = commonPrefix(ARENA + (<usize>i << 6), ARENA + (<usize>(i + 1) << 6))
    let left = <u32>(leaves + (<usize>i << 5))
    while (stacked > 0) {
      const index = load<u32>(STACK + (<usize>(stacked - 1) << 2))
      const node = nodes + (<usize>index << 4)
      if (<u32>load<u16>(node, 14) < depth) break
      stacked--
      let parentDepth = depth
      if (stacked > 0) {
        const below = load<u16>(nodes + (<usize>load<u32>(STACK + (<usize>(stacked - 1) << 2)) << 4), 14)
        if (<u32>below > depth) parentDepth = below
      }
      store<u32>(node, left, 4)
      close(index, parentDepth)
      left = <u32>(branches + (<usize>index << 5))
    }
    const node = nodes + (<usize>i << 4)
    store<u32>(node, left)
    store<u16>(node, depth, 14)
    store<u32>(STACK + (<usize>stacked << 2), i)
    stacked++
  }
  let right = <u32>(leaves + (<usize>(count - 1) << 5))
  while (stacked > 0) {
    stacked--
    const index = load<u32>(STACK + (<usize>stacked << 2))
    const parent = stacked > 0
      ? <u32>load<u16>(nodes + (<usize>load<u32>(STACK + (<usize>(stacked - 1) << 2)) << 4), 14)
      : top
    store<u32>(nodes + (<usize>index << 4), right, 4)
    close(index, parent)
    right = <u32>(branches + (<usize>index << 5))
  }
}

// @ts-ignore: decorator
@inline
function addJob(left: u32, right: u32, out: u32): void {
  const job = jobs + <usize>jobCount * 12
  store<u32>(job, left)
  store<u32>(job, right, 4)
  store<u32>(job, out, 8)
  jobCount++
}

/** SHA256(left ‖ right) for every job. */
function runJobs(): void {
  let job = jobs
  let count = jobCount
  if (ASC_FEATURE_SIMD) {
    hashFourJobs(job, count >> 2)
    job += <usize>(count & ~3) * 12
    count &= 3
  }
  for (; count > 0; count--) {
    copy32(TAILS, load<u32>(job))
    copy32(TAILS + 32, load<u32>(job, 4))
    copy32(STATE, IV)
    compress(TAILS, 1)
    compressKnown(KW_64)
    writeDigest(load<u32>(job, 8))
    job += 12
  }
  jobCount = 0
}

/** Keeps `index` for a wrap at `depth` unless its parent stands there or above. Returns the new count of carried ones. */
// @ts-ignore: decorator
@inline
function carry(index: u32, depth: u32, top: u32, count: i32): i32 {
  const parent = <u32>load<u16>(nodes + (<usize>index << 4), 12)
  const wrap = parent == top || parent < depth
  if (wrap) store<u32>(carried + (<usize>count << 2), index)
  return count + (wrap ? 1 : 0)
}

/**
 * Root of the subtree at `depth` that holds the `count` ≥ 2 entries at ARENA (ascending, sharing `depth` bits); returns
 * its address.
 */
export function stateRoot(count: i32, depth: i32): usize {
  leaves = ARENA + (<usize>count << 6)
  branches = leaves + (<usize>count << 5)
  nodes = branches + (<usize>count << 5)
  jobs = nodes + (<usize>count << 4)
  carried = jobs + <usize>count * 12
  hashMany(IV, 0, 0, ARENA, 64, count, leaves)
  const top: u32 = 0xffff
  plan(count, top)
  let waiting = 0
  for (let d = 255; d >= depth; d--) {
    let kept = 0
    for (let i = 0; i < waiting; i++) {
      const index = load<u32>(carried + (<usize>i << 2))
      const hash = <u32>(branches + (<usize>index << 5))
      if (bitOf(ARENA + (<usize>index << 6), d)) addJob(<u32>ZEROS, hash, hash)
      else addJob(hash, <u32>ZEROS, hash)
      kept = carry(index, d - 1, top, kept)
    }
    for (let index = load<u32>(HEADS + (<usize>d << 2)); index != NONE; ) {
      const node = nodes + (<usize>index << 4)
      addJob(load<u32>(node), load<u32>(node, 4), <u32>(branches + (<usize>index << 5)))
      kept = carry(index, d - 1, top, kept)
      index = load<u32>(node, 8)
    }
    waiting = kept
    if (jobCount > 0) runJobs()
  }
  return branches + (<usize>rootBranch(count) << 5)
}

/** The branch without a parent. */
function rootBranch(count: i32): i32 {
  for (let i = 0; i < count - 1; i++) if (load<u16>(nodes + (<usize>i << 4), 12) == 0xffff) return i
  return 0
}
