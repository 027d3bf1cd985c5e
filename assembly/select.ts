/** Select (§7): seats that n of T units win when e are expected: the binomial quantile of the digest. */
import { add, multiply, quotient, re, rh, rl, settle } from './float'
import { RESULT, SCRATCH } from './memory'

/** Where the host puts the digest, 32 bytes big-endian. */
export const SELECT_DIGEST: usize = RESULT
/** The digest twice, as eight u64, most significant first. */
const TWICE: usize = SCRATCH

/**
 * What Select computes from T and e alone, kept for the last POOLS pairs of them (one for each draw epoch of a committee):
 *
 *   total u64 ‖ expected u64 ‖ odds r = e/(T−e), 24 B ‖ squarings so far u64 ‖ q^(2^i), 24 B each, i < 57
 *
 * where a float is high u64 ‖ low u64 ‖ exponent i64 and q = (T−e)/T. Square-and-multiply then costs its multiplications only.
 */
const POOLS: i32 = 16
const POOL_BYTES: usize = 48 + 57 * 24
const POOL_TABLE: usize = SCRATCH + 0x2000
const ODDS: usize = 16
const SQUARINGS: usize = 40
const POWERS: usize = 48

let nextPool: i32 = 0

function putFloat(at: usize): void {
  store<u64>(at, rh)
  store<u64>(at, rl, 8)
  store<i64>(at, re, 16)
}

/** The pool of (total, expected), made anew in place of the oldest if there is none. Memory begins as zeros: total ≥ 1. */
function poolOf(total: u64, expected: u64): usize {
  for (let index = 0; index < POOLS; index++) {
    const pool = POOL_TABLE + <usize>index * POOL_BYTES
    if (load<u64>(pool) == total && load<u64>(pool, 8) == expected) return pool
  }
  const pool = POOL_TABLE + <usize>nextPool * POOL_BYTES
  nextPool = (nextPool + 1) & (POOLS - 1)
  store<u64>(pool, total)
  store<u64>(pool, expected, 8)
  quotient(expected, total - expected)
  putFloat(pool + ODDS)
  quotient(total - expected, total)
  putFloat(pool + POWERS)
  store<u64>(pool, 0, SQUARINGS)
  return pool
}

/** Address of q^(2^index). */
function powerAt(pool: usize, index: u64): usize {
  for (let known = load<u64>(pool, SQUARINGS); known < index; known++) {
    const base = pool + POWERS + <usize>known * 24
    const h = load<u64>(base)
    const l = load<u64>(base, 8)
    const e = load<i64>(base, 16)
    multiply(h, l, e, h, l, e)
    putFloat(base + 24)
    store<u64>(pool, known + 1, SQUARINGS)
  }
  return pool + POWERS + <usize>index * 24
}

let ratioH: u64 = 0
let ratioL: u64 = 0
let ratioE: i64 = 0

// @ts-ignore: decorator
@inline
function window(high: u64, low: u64, by: u64): u64 {
  return (high << by) | ((low >> 1) >> (63 - by))
}

/**
 * digest/(2^256−1), rounded once; the digest is not zero. In binary that is 0.DDD…, D the digest's 256 bits for ever: the
 * mantissa is the first 128 bits from the first 1 on, and what follows is never a tie, so the next bit alone says which
 * way to round. (All ones round up to exactly 1.)
 */
function loadRatio(digest: usize): void {
  for (let word: usize = 0; word < 32; word += 8) {
    const value = bswap(load<u64>(digest + word))
    store<u64>(TWICE + word, value)
    store<u64>(TWICE + word, value, 32)
  }
  let from = TWICE
  while (load<u64>(from) == 0) from += 8
  const by = clz(load<u64>(from))
  const h = window(load<u64>(from), load<u64>(from, 8), by)
  const l = window(load<u64>(from, 8), load<u64>(from, 16), by)
  const up = window(load<u64>(from, 16), load<u64>(from, 24), by) >> 63
  settle(h, l, -128 - <i64>((from - TWICE) << 3) - <i64>by, up)
  ratioH = rh
  ratioL = rl
  ratioE = re
}

function isZero(digest: usize): bool {
  return (load<u64>(digest) | load<u64>(digest, 8) | load<u64>(digest, 16) | load<u64>(digest, 24)) == 0
}

/** q^n, n ≥ 1, by square-and-multiply from the least significant bit; left in rh, rl, re. 1 × q^(2^i) is exact. */
function power(pool: usize, n: u64): void {
  const first = powerAt(pool, ctz(n))
  let h = load<u64>(first)
  let l = load<u64>(first, 8)
  let e = load<i64>(first, 16)
  for (let bits = n & (n - 1); bits != 0; bits &= bits - 1) {
    const base = powerAt(pool, ctz(bits))
    multiply(h, l, e, load<u64>(base), load<u64>(base, 8), load<i64>(base, 16))
    h = rh
    l = rl
    e = re
  }
  settle(h, l, e, 0)
}

// @ts-ignore: decorator
@inline
function lessThan(ah: u64, al: u64, ae: i64, bh: u64, bl: u64, be: i64): bool {
  return ae != be ? ae < be : ah != bh ? ah < bh : al < bl
}

/** 0 ≤ n ≤ total, n < 2^56, 1 ≤ total, 1 ≤ expected (checked by the caller); 32 bytes at `digest`. */
export function select(n: u64, total: u64, expected: u64, digest: usize): u64 {
  if (n == 0 || isZero(digest)) return 0
  if (expected >= total) return n
  const pool = poolOf(total, expected)
  loadRatio(digest)
  const oddsH = load<u64>(pool, ODDS)
  const oddsL = load<u64>(pool, ODDS + 8)
  const oddsE = load<i64>(pool, ODDS + 16)
  power(pool, n)
  let ph = rh
  let pl = rl
  let pe = re
  let ch = ph
  let cl = pl
  let ce = pe
  for (let j: u64 = 0; j < n; ) {
    if (!lessThan(ch, cl, ce, ratioH, ratioL, ratioE)) return j
    j++
    quotient(n - j + 1, j)
    multiply(rh, rl, re, oddsH, oddsL, oddsE)
    multiply(rh, rl, re, ph, pl, pe)
    const shrank = lessThan(rh, rl, re, ph, pl, pe)
    ph = rh
    pl = rl
    pe = re
    add(ch, cl, ce, ph, pl, pe)
    if (shrank && rh == ch && rl == cl && re == ce) return n
    ch = rh
    cl = rl
    ce = re
  }
  return n
}
