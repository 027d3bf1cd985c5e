/** Bulk hashing in four lanes: transposing messages into lanes and digests out of them. */
import { compressLanes } from './compress-lanes'
import { expandKnown } from './compress'
import { IV } from './constants'
import { copyTail, knownPadding, pad } from './hash'
import {
  BLOCK_LANES, IV_LANES, KW_64, KW_64_LANES, KW_LAST_BYTE, KW_MIXED_LANES, KW_OTHER, KW_OTHER_LANES, MIDSTATE_LANES,
  STATE_LANES, TAILS,
} from './memory'

/** Swaps the bytes of each 32-bit word. */
// @ts-ignore: decorator
@inline
export function swapBytes(words: v128): v128 {
  return i8x16.swizzle(words, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12))
}

export function startLanes(): void {
  spread(IV, IV_LANES)
}

/** Each of the eight words of a state in four lanes. */
export function spread(state: usize, lanes: usize): void {
  for (let word: usize = 0; word < 8; word++) v128.store(lanes + 16 * word, v128.load_splat<u32>(state + 4 * word))
}

/** Writes the four-lane form of a known block. */
export function widen(kw: usize): void {
  const lanes = KW_64_LANES + ((kw - KW_64) << 2)
  for (let at: usize = 0; at < 256; at += 4) v128.store(lanes + (at << 2), v128.load_splat<u32>(kw + at))
}

/** Transposes the 4 × 4 words in four vectors; row i goes to `to_i`. */
// @ts-ignore: decorator
@inline
function transpose(p0: v128, p1: v128, p2: v128, p3: v128, to0: usize, to1: usize, to2: usize, to3: usize): void {
  const low01 = i32x4.shuffle(p0, p1, 0, 4, 1, 5)
  const high01 = i32x4.shuffle(p0, p1, 2, 6, 3, 7)
  const low23 = i32x4.shuffle(p2, p3, 0, 4, 1, 5)
  const high23 = i32x4.shuffle(p2, p3, 2, 6, 3, 7)
  v128.store(to0, i64x2.shuffle(low01, low23, 0, 2))
  v128.store(to1, i64x2.shuffle(low01, low23, 1, 3))
  v128.store(to2, i64x2.shuffle(high01, high23, 0, 2))
  v128.store(to3, i64x2.shuffle(high01, high23, 1, 3))
}

/** Loads `bytes` (a multiple of 16) of each of four messages into lanes at `to`, in host order. */
export function loadLanes(m0: usize, m1: usize, m2: usize, m3: usize, bytes: usize, to: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const row = to + (at << 2)
    const p0 = swapBytes(v128.load(m0 + at))
    const p1 = swapBytes(v128.load(m1 + at))
    const p2 = swapBytes(v128.load(m2 + at))
    const p3 = swapBytes(v128.load(m3 + at))
    transpose(p0, p1, p2, p3, row, row + 16, row + 32, row + 48)
  }
}

/** Writes the four digests of a four-lane state, big-endian, to o0…o3. */
export function storeLanes(lanes: usize, o0: usize, o1: usize, o2: usize, o3: usize): void {
  for (let half: usize = 0; half < 32; half += 16) {
    const row = lanes + (half << 2)
    const p0 = swapBytes(v128.load(row))
    const p1 = swapBytes(v128.load(row, 16))
    const p2 = swapBytes(v128.load(row, 32))
    const p3 = swapBytes(v128.load(row, 48))
    transpose(p0, p1, p2, p3, o0 + half, o1 + half, o2 + half, o3 + half)
  }
}

let lastByteReady: bool = false

/** Fills the table of all K+W of a 65-byte message's second block. */
export function prepareLastByte(): void {
  if (lastByteReady) return
  for (let byte: u32 = 0; byte < 256; byte++) {
    const kw = KW_LAST_BYTE + <usize>(byte << 8)
    memory.fill(kw, 0, 64)
    store<u32>(kw, (byte << 24) | 0x800000)
    store<u32>(kw, 520, 60)
    expandKnown(kw)
  }
  lastByteReady = true
}

/** K+W of the second blocks of four 65-byte messages with these last bytes, to KW_MIXED_LANES. */
export function loadLastByte(b0: u32, b1: u32, b2: u32, b3: u32): void {
  const k0 = KW_LAST_BYTE + <usize>(b0 << 8)
  const k1 = KW_LAST_BYTE + <usize>(b1 << 8)
  const k2 = KW_LAST_BYTE + <usize>(b2 << 8)
  const k3 = KW_LAST_BYTE + <usize>(b3 << 8)
  for (let at: usize = 0; at < 256; at += 16) {
    const row = KW_MIXED_LANES + (at << 2)
    const p0 = v128.load(k0 + at)
    const p1 = v128.load(k1 + at)
    const p2 = v128.load(k2 + at)
    const p3 = v128.load(k3 + at)
    transpose(p0, p1, p2, p3, row, row + 16, row + 32, row + 48)
  }
}

/** Puts `prefix` in place of the first byte of the block at BLOCK_LANES. */
function setFirstByte(prefix: u32): void {
  const rest = v128.and(v128.load(BLOCK_LANES), i32x4.splat(0x00ffffff))
  v128.store(BLOCK_LANES, v128.or(rest, i32x4.splat(prefix << 24)))
}

/** The four-lane form of hashMany, for 4 × `fours` messages. */
export function hashFourMany(
  from: usize, hashed: u32, prefix: i32, input: usize, length: u32, fours: i32, out: usize,
): void {
  const start = input - (prefix >= 0 ? 1 : 0)
  const own = length + (prefix >= 0 ? 1 : 0)
  const whole = own & ~63
  const used = own & 63
  const bits = (<u64>hashed + <u64>own) << 3
  const lastByte = own == 65 && hashed == 0 && fours > 3
  if (lastByte) prepareLastByte()
  let known: usize = lastByte ? KW_MIXED_LANES : 0
  if (used == 0) {
    known = bits == 512 ? KW_64_LANES : KW_OTHER_LANES
    if (bits != 512) knownPadding(KW_OTHER, <u32>bits)
  }
  spread(from, MIDSTATE_LANES)
  let m0 = start
  for (; fours > 0; fours--) {
    const m1 = m0 + length
    const m2 = m1 + length
    const m3 = m2 + length
    let state = MIDSTATE_LANES
    if (lastByte) loadLastByte(load<u8>(m0 + 64), load<u8>(m1 + 64), load<u8>(m2 + 64), load<u8>(m3 + 64))
    for (let at: usize = 0; at < <usize>whole; at += 64) {
      loadLanes(m0 + at, m1 + at, m2 + at, m3 + at, 64, BLOCK_LANES)
      if (at == 0 && prefix >= 0) setFirstByte(prefix)
      compressLanes(state, BLOCK_LANES, at + 64 == whole ? known : 0, STATE_LANES)
      state = STATE_LANES
    }
    if (known == 0) hashTails(state, m0 + whole, m1 + whole, m2 + whole, m3 + whole, used, bits, whole == 0 ? prefix : -1)
    storeLanes(STATE_LANES, out, out + 32, out + 64, out + 96)
    m0 = m3 + length
    out += 128
  }
}

/** Pads and mixes the last `used` (1 … 63) bytes of four messages. */
function hashTails(
  state: usize, t0: usize, t1: usize, t2: usize, t3: usize, used: u32, bits: u64, prefix: i32,
): void {
  copyTail(TAILS, t0, used)
  pad(TAILS, used, bits)
  copyTail(TAILS + 128, t1, used)
  pad(TAILS + 128, used, bits)
  copyTail(TAILS + 256, t2, used)
  pad(TAILS + 256, used, bits)
  copyTail(TAILS + 384, t3, used)
  const blocks = pad(TAILS + 384, used, bits)
  for (let block: i32 = 0; block < blocks; block++) {
    const at = TAILS + (block << 6)
    loadLanes(at, at + 128, at + 256, at + 384, 64, BLOCK_LANES)
    if (block == 0 && prefix >= 0) setFirstByte(prefix)
    compressLanes(state, BLOCK_LANES, 0, STATE_LANES)
    state = STATE_LANES
  }
}

/** SHA256(left ‖ right) for 4 × `fours` jobs of three addresses (left, right, out). */
export function hashFourJobs(job: usize, fours: i32): void {
  for (; fours > 0; fours--) {
    loadLanes(load<u32>(job), load<u32>(job, 12), load<u32>(job, 24), load<u32>(job, 36), 32, BLOCK_LANES)
    loadLanes(
      load<u32>(job, 4), load<u32>(job, 16), load<u32>(job, 28), load<u32>(job, 40), 32, BLOCK_LANES + 128,
    )
    compressLanes(IV_LANES, BLOCK_LANES, KW_64_LANES, STATE_LANES)
    storeLanes(STATE_LANES, load<u32>(job, 8), load<u32>(job, 20), load<u32>(job, 32), load<u32>(job, 44))
    job += 48
  }
}
