/**
 * RFC 9162 and 64-byte trees in four lanes. Lanes hold whole subtrees: above the leaves a level is a row of four-lane
 * hashes (8 × 16 bytes) in host order, so there is nothing to transpose and no byte to swap until the last hash of each lane.
 */
import { compressLanes } from './compress-lanes'
import { loadLanes, loadLastByte, prepareLastByte, storeLanes } from './hash-lanes'
import { BLOCK_LANES, IV_LANES, KW_64_LANES, KW_MIXED_LANES, PAIR_LANES, SCRATCH } from './memory'

const PROOF_HASHES: usize = SCRATCH
const PROOF_SIBLINGS: usize = SCRATCH + 128

/** Four nodes SHA256(left ‖ right): 16 rows at `pair`, 8 rows to `out`. */
// @ts-ignore: decorator
@inline
export function plainNodeLanes(pair: usize, out: usize): void {
  compressLanes(IV_LANES, pair, KW_64_LANES, out)
}

/** Four nodes SHA256(0x01 ‖ left ‖ right): every word of the first block is made of two words that neighbour each other. */
export function nodeLanes(pair: usize, out: usize): void {
  let before = i32x4.splat(1)
  for (let at: usize = 0; at < 256; at += 16) {
    const word = v128.load(pair + at)
    v128.store(BLOCK_LANES + at, v128.or(i32x4.shl(before, 24), i32x4.shr_u(word, 8)))
    before = word
  }
  loadLastByte(load<u8>(pair, 240), load<u8>(pair, 244), load<u8>(pair, 248), load<u8>(pair, 252))
  compressLanes(IV_LANES, BLOCK_LANES, KW_MIXED_LANES, out)
}

/**
 * Root of each quarter of 4 × `quarter` hashes at `input`, quarter ≥ 2 a power of two; the four roots go to `out`, in byte
 * order. `work` has room for 64 × quarter bytes.
 */
export function quarterRoots(input: usize, quarter: i32, plain: bool, work: usize, out: usize): void {
  prepareLastByte()
  const bytes = <usize>quarter << 5
  const nodes = quarter >> 1
  let to = work
  for (let i = 0; i < nodes; i++) {
    loadLanes(input, input + bytes, input + 2 * bytes, input + 3 * bytes, 64, PAIR_LANES)
    if (plain) plainNodeLanes(PAIR_LANES, to)
    else nodeLanes(PAIR_LANES, to)
    input += 64
    to += 128
  }
  for (let level = nodes; level > 1; level >>= 1) reduceLanes(work, level >> 1, plain)
  storeLanes(work, out, out + 32, out + 64, out + 96)
}

/** One level of four-lane hashes up, in place: `nodes` pairs. */
function reduceLanes(work: usize, nodes: i32, plain: bool): void {
  let from = work
  let to = work
  for (; nodes > 0; nodes--) {
    if (plain) plainNodeLanes(from, to)
    else nodeLanes(from, to)
    from += 256
    to += 128
  }
}

// A proof in progress: the hash so far 32 ‖ fn u64 ‖ sn u64 ‖ address of its path u32 ‖ hashes left u32 ‖ 8 unused.
const PROOF_BYTES: usize = 64

/** 1 if the next hash of the path stands on the left. Moves (fn, sn) as §2.1.3.2 does. */
function stepProof(proof: usize): u32 {
  let fn = load<u64>(proof, 32)
  let sn = load<u64>(proof, 40)
  let left: u32 = 0
  if ((fn & 1) == 1 || fn == sn) {
    left = 1
    const zeros = fn == 0 ? 0 : ctz(fn)
    fn >>= zeros
    sn >>= zeros
  }
  store<u64>(proof, fn >> 1, 32)
  store<u64>(proof, sn >> 1, 40)
  return left
}

/** Address of the next hash of the path, or of the hash so far when there is none. */
// @ts-ignore: decorator
@inline
function sibling(proof: usize, step: u32): usize {
  return step < load<u32>(proof, 52) ? load<u32>(proof, 48) + (<usize>step << 5) : proof
}

// @ts-ignore: decorator
@inline
function lanes(a: u32, b: u32, c: u32, d: u32): v128 {
  let v = i32x4.splat(a)
  v = i32x4.replace_lane(v, 1, b)
  v = i32x4.replace_lane(v, 2, c)
  return i32x4.replace_lane(v, 3, d)
}

/** Which of four proofs still have a hash to take at `step`. */
// @ts-ignore: decorator
@inline
function active(p0: usize, step: u32): v128 {
  const lengths = lanes(load<u32>(p0, 52), load<u32>(p0, 116), load<u32>(p0, 180), load<u32>(p0, 244))
  return i32x4.gt_s(lengths, i32x4.splat(step))
}

/** Folds the paths of four proofs that stand one after the other; the roots take the place of their hashes. */
export function foldFourProofs(p0: usize): void {
  prepareLastByte()
  const p1 = p0 + PROOF_BYTES
  const p2 = p1 + PROOF_BYTES
  const p3 = p2 + PROOF_BYTES
  const longest = max(max(load<u32>(p0, 52), load<u32>(p1, 52)), max(load<u32>(p2, 52), load<u32>(p3, 52)))
  loadLanes(p0, p1, p2, p3, 32, PROOF_HASHES)
  for (let step: u32 = 0; step < longest; step++) {
    loadLanes(sibling(p0, step), sibling(p1, step), sibling(p2, step), sibling(p3, step), 32, PROOF_SIBLINGS)
    const left = i32x4.neg(lanes(stepProof(p0), stepProof(p1), stepProof(p2), stepProof(p3)))
    const alive = active(p0, step)
    for (let at: usize = 0; at < 128; at += 16) {
      const own = v128.load(PROOF_HASHES + at)
      const other = v128.load(PROOF_SIBLINGS + at)
      v128.store(PAIR_LANES + at, v128.bitselect(other, own, left))
      v128.store(PAIR_LANES + at, v128.bitselect(own, other, left), 128)
    }
    nodeLanes(PAIR_LANES, PROOF_SIBLINGS)
    for (let at: usize = 0; at < 128; at += 16) {
      const folded = v128.load(PROOF_SIBLINGS + at)
      v128.store(PROOF_HASHES + at, v128.bitselect(folded, v128.load(PROOF_HASHES + at), alive))
    }
  }
  storeLanes(PROOF_HASHES, p0, p1, p2, p3)
}
