/**
 * Floats of §7: mantissa × 2^exponent, the mantissa of exactly 128 bits (two u64, top bit set), the exponent an i64.
 * Every operation rounds to nearest, ties to even, once. Results are left in rh, rl (mantissa, high and low) and re.
 */
export let rh: u64 = 0
export let rl: u64 = 0
export let re: i64 = 0

export const TOP: u64 = 0x8000000000000000

/** High half of a 64 × 64-bit product. */
// @ts-ignore: decorator
@inline
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff
  const ah = a >> 32
  const bl = b & 0xffffffff
  const bh = b >> 32
  const mid = ah * bl + ((al * bl) >> 32)
  return ah * bh + (mid >> 32) + ((al * bh + (mid & 0xffffffff)) >> 32)
}

/** Stores the mantissa after rounding up by `up` (0 or 1). */
// @ts-ignore: decorator
@inline
export function settle(high: u64, low: u64, exponent: i64, up: u64): void {
  const l = low + up
  const h = high + u64(l < up)
  // All ones rounded up: the mantissa is 2^128, that is 2^127 with the next exponent.
  const wrapped = u64((h | l) == 0)
  rh = h | (wrapped << 63)
  rl = l
  re = exponent + <i64>wrapped
}

/** a × b. */
// @ts-ignore: decorator
@inline
export function multiply(ah: u64, al: u64, ae: i64, bh: u64, bl: u64, be: i64): void {
  const p0 = al * bl
  const ll = mulHigh(al, bl)
  const lh = al * bh
  const hl = ah * bl
  const hh = ah * bh
  let p1 = ll + lh
  let p2 = mulHigh(al, bh) + u64(p1 < lh)
  p1 += hl
  const carry1 = u64(p1 < hl)
  const hlh = mulHigh(ah, bl)
  p2 += hlh
  let p3 = mulHigh(ah, bh) + u64(p2 < hlh)
  p2 += carry1
  p3 += u64(p2 < carry1)
  p2 += hh
  p3 += u64(p2 < hh)
  // The product has 256 bits or 255: make the top bit the first one.
  const short = (p3 >> 63) ^ 1
  const back = 63 - short
  const h = (p3 << short) | ((p2 >> 1) >> back)
  const l = (p2 << short) | ((p1 >> 1) >> back)
  const rest = (p1 << short) | ((p0 >> 1) >> back)
  const sticky = u64(((rest << 1) | (p0 << short)) != 0)
  settle(h, l, ae + be + 128 - <i64>short, (rest >> 63) & (sticky | l))
}

/** a + b, a ≥ b in exponent. */
// @ts-ignore: decorator
@inline
function addOrdered(ah: u64, al: u64, ae: i64, bh: u64, bl: u64, be: i64): void {
  const distance = <u64>(ae - be)
  if (distance > 128) {
    rh = ah
    rl = al
    re = ae
    return
  }
  // b shifted right by `distance`, and the 128 bits that fall out (rest, then sticky).
  let sh = bh
  let sl = bl
  let rest: u64 = 0
  let sticky: u64 = 0
  if (distance == 128) {
    rest = sh
    sticky = sl
    sh = 0
    sl = 0
  } else if (distance >= 64) {
    const by = distance - 64
    rest = by == 0 ? sl : (sh << (64 - by)) | (sl >> by)
    sticky = by == 0 ? 0 : sl << (64 - by)
    sl = sh >> by
    sh = 0
  } else if (distance > 0) {
    rest = sl << (64 - distance)
    sl = (sh << (64 - distance)) | (sl >> distance)
    sh >>= distance
  }
  let l = al + sl
  const low = u64(l < sl)
  let h = ah + sh
  let carry = u64(h < sh)
  h += low
  carry |= u64(h < low)
  let exponent = ae
  if (carry) {
    sticky |= rest
    rest = l << 63
    l = (l >> 1) | (h << 63)
    h = (h >> 1) | TOP
    exponent++
  }
  const more = u64(((rest << 1) | sticky) != 0)
  settle(h, l, exponent, (rest >> 63) & (more | l))
}

/** a + b. */
// @ts-ignore: decorator
@inline
export function add(ah: u64, al: u64, ae: i64, bh: u64, bl: u64, be: i64): void {
  if (ae >= be) addOrdered(ah, al, ae, bh, bl, be)
  else addOrdered(bh, bl, be, ah, al, ae)
}

/** ⌊high·2^64 / divisor⌋, high < divisor, top bit of divisor set (Knuth 4.3.1 D, two 32-bit digits). */
function divide64(high: u64, divisor: u64): u64 {
  const dh = divisor >> 32
  const dl = divisor & 0xffffffff
  let q1 = high / dh
  let r = high - q1 * dh
  while (q1 > 0xffffffff || q1 * dl > r << 32) {
    q1--
    r += dh
    if (r > 0xffffffff) break
  }
  const rest = (high << 32) - q1 * divisor
  let q0 = rest / dh
  r = rest - q0 * dh
  while (q0 > 0xffffffff || q0 * dl > r << 32) {
    q0--
    r += dh
    if (r > 0xffffffff) break
  }
  return (q1 << 32) + q0
}

/** The exact quotient of two positive integers, rounded once. */
export function quotient(numerator: u64, denominator: u64): void {
  const nz = clz(numerator)
  const dz = clz(denominator)
  const n = numerator << nz
  const d = denominator << dz
  const whole = u64(n >= d)
  let r = n - (whole ? d : 0)
  const q1 = divide64(r, d)
  r = 0 - q1 * d
  const q2 = divide64(r, d)
  r = 0 - q2 * d
  const exponent = <i64>dz - <i64>nz - 128 + <i64>whole
  if (whole) {
    const l = (q1 << 63) | (q2 >> 1)
    settle(TOP | (q1 >> 1), l, exponent, q2 & (u64(r != 0) | l) & 1)
  } else {
    const half = d - r
    settle(q1, q2, exponent, u64(r > half) | (u64(r == half) & q2))
  }
}
