/**
 * Whole messages: padding, one-shot and bulk SHA-256. A message may follow bytes that were hashed before (`hashed`, a
 * multiple of 64, with their chaining value at `from`): the IV and 0 for plain SHA-256, a tag's midstate and 64 for H.
 */
import { compress, compressKnown, expandKnown } from './compress'
import { IV, K } from './constants'
import { hashFourMany, startLanes, swapBytes, widen } from './hash-lanes'
import { KW_64, KW_128, KW_OTHER, STATE, TAILS, ZEROS } from './memory'

/** Fills what the other functions expect to find. Called once, before anything else. */
export function start(): void {
  memory.fill(ZEROS, 0, 32)
  knownPadding(KW_64, 512)
  knownPadding(KW_128, 1024)
  if (ASC_FEATURE_SIMD) startLanes()
}

/** K+W of a block that holds nothing but the padding of a message of `bits` bits. */
export function knownPadding(kw: usize, bits: u32): void {
  memory.fill(kw, 0, 64)
  store<u32>(kw, 0x80000000)
  store<u32>(kw, bits, 60)
  expandKnown(kw)
  if (ASC_FEATURE_SIMD) widen(kw)
}

// @ts-ignore: decorator
@inline
export function copy32(to: usize, from: usize): void {
  if (ASC_FEATURE_SIMD) {
    v128.store(to, v128.load(from))
    v128.store(to, v128.load(from, 16), 16)
    return
  }
  store<u64>(to, load<u64>(from))
  store<u64>(to, load<u64>(from, 8), 8)
  store<u64>(to, load<u64>(from, 16), 16)
  store<u64>(to, load<u64>(from, 24), 24)
}

/** The digest of what stands at STATE, big-endian. */
export function writeDigest(out: usize): void {
  if (ASC_FEATURE_SIMD) {
    v128.store(out, swapBytes(v128.load(STATE)))
    v128.store(out, swapBytes(v128.load(STATE, 16)), 16)
    return
  }
  writeTwo(out, bswap(load<u32>(STATE)), bswap(load<u32>(STATE, 4)))
  writeTwo(out + 8, bswap(load<u32>(STATE, 8)), bswap(load<u32>(STATE, 12)))
  writeTwo(out + 16, bswap(load<u32>(STATE, 16)), bswap(load<u32>(STATE, 20)))
  writeTwo(out + 24, bswap(load<u32>(STATE, 24)), bswap(load<u32>(STATE, 28)))
}

/** Two words in one access: 32-bit machines check the bounds of each. */
// @ts-ignore: decorator
@inline
function writeTwo(out: usize, first: u32, second: u32): void {
  store<u64>(out, <u64>first | (<u64>second << 32))
}

/**
 * Writes the padding of a message of `bits` bits after its last `used` (< 64) bytes, which stand at `block`. Returns the
 * number of blocks from there, 1 or 2. Writes up to 7 bytes beyond them.
 */
export function pad(block: usize, used: u32, bits: u64): i32 {
  const blocks = used > 55 ? 2 : 1
  const end = block + (blocks << 6)
  for (let at = block + used; at < end; at += 8) store<u64>(at, 0)
  store<u8>(block + used, 0x80)
  store<u64>(end - 8, bswap(bits))
  return blocks
}

/**
 * Hashes `length` bytes at `input` after `hashed` = 0 or 64 others. They are padded where they stand: up to 80 bytes after
 * them are overwritten.
 */
export function hash(from: usize, hashed: u32, input: usize, length: u32, out: usize): void {
  copy32(STATE, from)
  if (length == 64) {
    compress(input, 1)
    compressKnown(hashed == 0 ? KW_64 : KW_128)
  } else {
    const whole = length & ~63
    const blocks = pad(input + whole, length & 63, (<u64>hashed + <u64>length) << 3)
    compress(input, <i32>(whole >>> 6) + blocks)
  }
  writeDigest(out)
}

/** Ends a stream: the last `used` (< 64) bytes stand at `tail`, where they are padded; `bytes` is the whole length. */
export function finish(tail: usize, used: u32, bytes: f64, out: usize): void {
  const blocks = pad(tail, used, <u64>bytes << 3)
  compress(tail, blocks)
  writeDigest(out)
}

/** Copies `length` ≤ 63 bytes in steps of 8; up to 7 more are read and written. */
export function copyTail(to: usize, from: usize, length: u32): void {
  for (let at: u32 = 0; at < length; at += 8) store<u64>(to + at, load<u64>(from + at))
}

/** One of many: like `hash`, but the bytes around the message stay as they are, and `prefix` ≥ 0 is a byte before it. */
function hashBetween(from: usize, hashed: u32, prefix: i32, input: usize, length: u32, out: usize): void {
  copy32(STATE, from)
  let before: u32 = 0
  const bytes = <u64>hashed + <u64>length + (prefix >= 0 ? 1 : 0)
  if (prefix >= 0) {
    input -= 1
    length += 1
    before = load<u8>(input)
    store<u8>(input, prefix)
  }
  const whole = length & ~63
  const used = length & 63
  if (whole > 0) compress(input, <i32>(whole >>> 6))
  if (used == 0 && hashed == 0 && whole == 64) compressKnown(KW_64)
  else {
    copyTail(TAILS, input + whole, used)
    const blocks = pad(TAILS, used, bytes << 3)
    compress(TAILS, blocks)
  }
  if (prefix >= 0) store<u8>(input, before)
  writeDigest(out)
}

/**
 * Hashes `count` messages of `length` ≥ 1 bytes that stand one after the other, each after the byte `prefix` unless that is
 * negative. `out` may be `input` (a digest is never longer than what it replaces is read ahead) if `length` ≥ 32.
 */
export function hashMany(
  from: usize, hashed: u32, prefix: i32, input: usize, length: u32, count: i32, out: usize,
): void {
  if (ASC_FEATURE_SIMD) {
    const fours = count >> 2
    if (fours > 0) hashFourMany(from, hashed, prefix, input, length, fours, out)
    const done = fours << 2
    input += <usize>done * length
    out += <usize>done << 5
    count -= done
  }
  for (; count > 0; count--) {
    hashBetween(from, hashed, prefix, input, length, out)
    input += length
    out += 32
  }
}
