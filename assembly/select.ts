/** Select (§7): seats that n of T units win when e are expected: the binomial quantile of the digest. */
import { add, multiply, quotient, re, rh, rl, settle, TOP } from './float'
import { RESULT, SCRATCH } from './memory'

/** Where the host puts the digest, 32 bytes big-endian. */
export const SELECT_DIGEST: usize = RESULT
/** The digest twice, as eight u64, most significant first. */
const TWICE: usize = SCRATCH

// q = (T−e)/T and r = e/(T−e) of the last total and expected: draws of one epoch share them.
let lastTotal: u64 = 0
let lastExpected: u64 = 0
let qh: u64 = 0
let ql: u64 = 0
let qe: i64 = 0
let oddsH: u64 = 0
let oddsL: u64 = 0
let oddsE: i64 = 0

function prepare(total: u64, expected: u64): void {
  if (total == lastTotal && expected == lastExpected) return
  lastTotal = total
  lastExpected = expected
  quotient(total - expected, total)
  qh = rh
  ql = rl
  qe = re
  quotient(expected, total - expected)
  oddsH = rh
  oddsL = rl
  oddsE = re
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

/** q^n, n ≥ 1, by square-and-multiply from the least significant bit; left in rh, rl, re. */
function power(n: u64): void {
  let bh = qh
  let bl = ql
  let be = qe
  let h = TOP
  let l: u64 = 0
  let e: i64 = -127
  for (;;) {
    if (n & 1) {
      multiply(h, l, e, bh, bl, be)
      h = rh
      l = rl
      e = re
    }
    n >>= 1
    if (n == 0) break
    multiply(bh, bl, be, bh, bl, be)
    bh = rh
    bl = rl
    be = re
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
  prepare(total, expected)
  loadRatio(digest)
  power(n)
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
