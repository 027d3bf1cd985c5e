/** RFC 9162 §2.1 over 32-byte hashes in byte order, one after the other. */
import { compress } from './compress'
import { IV } from './constants'
import { copy32, hashMany, pad, writeDigest } from './hash'
import { foldFourProofs, quarterRoots } from './merkle-lanes'
import { SCRATCH, STATE, TAILS } from './memory'

/** Roots of the perfect subtrees of one tree: at most 32. */
const ROOTS: usize = SCRATCH

/** One level up, in place; a last odd hash moves up as it is. Returns the new count. */
export function reduceLevel(hashes: usize, count: i32): i32 {
  const pairs = count >> 1
  if (pairs > 0) hashMany(IV, 0, 1, hashes, 64, pairs, hashes)
  if (count & 1) copy32(hashes + (<usize>pairs << 5), hashes + (<usize>pairs << 6))
  return pairs + (count & 1)
}

/** Leaves from which on a perfect subtree is hashed in lanes. */
const LANES_MIN: i32 = 32

/** Root of a perfect tree of `count` hashes to its front; `work` has room for half of their bytes. */
function perfectRoot(hashes: usize, count: i32, work: usize): void {
  if (ASC_FEATURE_SIMD && count >= LANES_MIN) {
    quarterRoots(hashes, count >> 2, false, work, hashes)
    count = 4
  }
  while (count > 1) count = reduceLevel(hashes, count)
}

/**
 * Root of `count` ≥ 1 leaf hashes, which are overwritten; the root stands where the first one stood. The tree is a row of
 * perfect ones, the largest first; their roots are joined from the right. `work` has room for half of the hashes' bytes.
 */
export function merkleRoot(hashes: usize, count: i32, work: usize): void {
  let roots = 0
  let from = hashes
  for (let rest = count; rest > 0; roots++) {
    const size = 1 << (31 - clz(rest))
    perfectRoot(from, size, work)
    copy32(ROOTS + (<usize>roots << 5), from)
    from += <usize>size << 5
    rest -= size
  }
  for (; roots > 1; roots--) {
    const left = ROOTS + (<usize>(roots - 2) << 5)
    node(left, left + 32, left)
  }
  copy32(hashes, ROOTS)
}

/** Root of a perfect tree of 64-byte nodes, to its front; `work` has room for half of the hashes' bytes. */
export function hashTree64(hashes: usize, count: i32, work: usize): void {
  if (ASC_FEATURE_SIMD && count >= LANES_MIN) {
    quarterRoots(hashes, count >> 2, true, work, hashes)
    count = 4
  }
  for (; count > 1; count >>= 1) hashMany(IV, 0, -1, hashes, 64, count >> 1, hashes)
}

/** All levels of a tree: each stands after the one below it. Returns the address of the root. */
export function buildTree(hashes: usize, count: i32): usize {
  while (count > 1) {
    const pairs = count >> 1
    const above = hashes + (<usize>count << 5)
    hashMany(IV, 0, 1, hashes, 64, pairs, above)
    if (count & 1) copy32(above + (<usize>pairs << 5), above - 32)
    hashes = above
    count = pairs + (count & 1)
  }
  return hashes
}

/** Paths of `wanted` leaves (u32 at `indices`) of a built tree, one after the other at `out`. Returns where they end. */
export function treeProofs(hashes: usize, count: i32, indices: usize, wanted: i32, out: usize): usize {
  for (; wanted > 0; wanted--, indices += 4) {
    let index = load<u32>(indices)
    let level = hashes
    for (let size = count; size > 1; size = (size + 1) >> 1) {
      const sibling = index ^ 1
      if (sibling < <u32>size) {
        copy32(out, level + (<usize>sibling << 5))
        out += 32
      }
      level += <usize>size << 5
      index >>= 1
    }
  }
  return out
}

/** Path of leaf `index` to `out`, leaf to root; returns the number of hashes. The leaf hashes are overwritten. */
export function inclusionProof(hashes: usize, count: i32, index: i32, out: usize): i32 {
  let length = 0
  while (count > 1) {
    const sibling = index ^ 1
    if (sibling < count) {
      copy32(out + (<usize>length << 5), hashes + (<usize>sibling << 5))
      length++
    }
    count = reduceLevel(hashes, count)
    index >>= 1
  }
  return length
}

/**
 * Consistency proof of the first `first` leaves, 0 < first < count. The largest perfect subtree that ends the old tree is
 * a node of both trees: the proof is that node (unless it is the whole old tree) and its path.
 */
export function consistencyProof(hashes: usize, count: i32, first: i32, out: usize): i32 {
  while ((first & 1) == 0) {
    count = reduceLevel(hashes, count)
    first >>= 1
  }
  const own = first == 1 ? 0 : 1
  if (own) copy32(out, hashes + (<usize>(first - 1) << 5))
  return own + inclusionProof(hashes, count, first - 1, out + (<usize>own << 5))
}

/** SHA256(0x01 ‖ left ‖ right) to `out`, which may be one of them. */
function node(left: usize, right: usize, out: usize): void {
  store<u8>(TAILS, 1)
  copy32(TAILS + 1, left)
  copy32(TAILS + 33, right)
  pad(TAILS + 64, 1, 520)
  copy32(STATE, IV)
  compress(TAILS, 2)
  writeDigest(out)
}

/**
 * §2.1.3.2: folds the path of `length` hashes into the leaf hash at `root`. False if the path does not fit (index, size).
 */
export function rootFromInclusion(index: u64, size: u64, root: usize, path: usize, length: i32): bool {
  if (index >= size) return false
  let fn = index
  let sn = size - 1
  for (; length > 0; length--) {
    if (sn == 0) return false
    if ((fn & 1) == 1 || fn == sn) {
      node(path, root, root)
      const zeros = fn == 0 ? 0 : ctz(fn)
      fn >>= zeros
      sn >>= zeros
    } else node(root, path, root)
    fn >>= 1
    sn >>= 1
    path += 32
  }
  return sn == 0
}

export function equal32(a: usize, b: usize): bool {
  const difference =
    (load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8)) |
    (load<u64>(a, 16) ^ load<u64>(b, 16)) | (load<u64>(a, 24) ^ load<u64>(b, 24))
  return difference == 0
}

/**
 * §2.1.4.2 for 0 < first < second: `roots` holds the two roots and room for two more hashes; `length` hashes at `proof`.
 */
export function verifyConsistency(first: u64, second: u64, roots: usize, proof: usize, length: i32): bool {
  const fr = roots + 64
  const sr = roots + 96
  const zeros = ctz(first)
  let fn = (first - 1) >> zeros
  let sn = (second - 1) >> zeros
  if (fn != 0) {
    if (length == 0) return false
    copy32(fr, proof)
    proof += 32
    length--
  } else copy32(fr, roots)
  copy32(sr, fr)
  for (; length > 0; length--) {
    if (sn == 0) return false
    if ((fn & 1) == 1 || fn == sn) {
      node(proof, fr, fr)
      node(proof, sr, sr)
      const steps = fn == 0 ? 0 : ctz(fn)
      fn >>= steps
      sn >>= steps
    } else node(sr, proof, sr)
    fn >>= 1
    sn >>= 1
    proof += 32
  }
  return sn == 0 && equal32(fr, roots) && equal32(sr, roots + 32)
}

/**
 * Folds many proofs: records of 64 bytes at `proofs` (see merkle-lanes.ts), whose lengths fit their (index, size). The roots
 * take the place of the leaf hashes.
 */
export function foldProofs(proofs: usize, count: i32): void {
  if (ASC_FEATURE_SIMD) {
    for (; count >= 4; count -= 4, proofs += 256) foldFourProofs(proofs)
  }
  for (; count > 0; count--, proofs += 64)
    rootFromInclusion(
      load<u64>(proofs, 32), load<u64>(proofs, 40) + 1, proofs, load<u32>(proofs, 48), load<u32>(proofs, 52),
    )
}
