/** RFC 9162 §2.1 over 32-byte hashes in byte order, one after the other. */
import { compress } from './compress'
import { IV } from './constants'
import { copy32, hashMany, pad, writeDigest } from './hash'
import { STATE, TAILS } from './memory'

/** One level up, in place; a last odd hash moves up as it is. Returns the new count. */
export function reduceLevel(hashes: usize, count: i32): i32 {
  const pairs = count >> 1
  if (pairs > 0) hashMany(IV, 0, 1, hashes, 64, pairs, hashes)
  if (count & 1) copy32(hashes + (<usize>pairs << 5), hashes + (<usize>pairs << 6))
  return pairs + (count & 1)
}

/** Root of `count` ≥ 1 leaf hashes, which are overwritten; the root stands where the first one stood. */
export function merkleRoot(hashes: usize, count: i32): void {
  while (count > 1) count = reduceLevel(hashes, count)
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
  compress(STATE, TAILS, 2)
  writeDigest(STATE, out)
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

function equal32(a: usize, b: usize): bool {
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
