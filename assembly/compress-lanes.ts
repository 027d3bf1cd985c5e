/**
 * SHA-256 of four messages at once: every v128 holds one word of four messages ("lanes"), in host order.
 *
 * "Four lanes" of a hash are 8 × 16 bytes, of a block 16 × 16 bytes. V8 has no SIMD rotate, so a rotation is two shifts
 * and a xor.
 */
import { K } from './constants'
import { MIDDLE_LANES, RING } from './memory'

// @ts-ignore: decorator
@inline
function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b)
}

// @ts-ignore: decorator
@inline
function xor(a: v128, b: v128): v128 {
  return v128.xor(a, b)
}

// @ts-ignore: decorator
@inline
function and(a: v128, b: v128): v128 {
  return v128.and(a, b)
}

// @ts-ignore: decorator
@inline
function rotate(a: v128, by: i32): v128 {
  return v128.xor(i32x4.shr_u(a, by), i32x4.shl(a, 32 - by))
}

// @ts-ignore: decorator
@inline
function sum0(a: v128): v128 {
  return xor(xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22))
}

// @ts-ignore: decorator
@inline
function sum1(e: v128): v128 {
  return xor(xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25))
}

// @ts-ignore: decorator
@inline
function sigma0(w: v128): v128 {
  return xor(xor(rotate(w, 7), rotate(w, 18)), i32x4.shr_u(w, 3))
}

// @ts-ignore: decorator
@inline
function sigma1(w: v128): v128 {
  return xor(xor(rotate(w, 17), rotate(w, 19)), i32x4.shr_u(w, 10))
}

// @ts-ignore: decorator
@inline
function choose(e: v128, f: v128, g: v128): v128 {
  return xor(and(xor(f, g), e), g)
}

/**
 * Mixes the four-lane block at `source` into the four-lane state at `state`, and after it, unless `kw` is 0, a second block
 * of which `kw` holds the 64 × 4 words K+W. The sum goes to `out` (may be `state`).
 *
 * Both in one function: the state stays in registers, where storing it and loading it again would end the overlap of the
 * last rounds with the first ones. A word of the schedule is computed a round after its place has become free.
 */
export function compressLanes(state: usize, source: usize, kw: usize, out: usize): void {
  let a = v128.load(state, 0)
  let b = v128.load(state, 16)
  let c = v128.load(state, 32)
  let d = v128.load(state, 48)
  let e = v128.load(state, 64)
  let f = v128.load(state, 80)
  let g = v128.load(state, 96)
  let h = v128.load(state, 112)
  let x = a
  let y = xor(b, c)
  for (let k = K; k < K + 192; k += 64) {
    h = add(add(h, add(v128.load_splat<u32>(k, 0), v128.load(source, 0))), add(choose(e, f, g), sum1(e)))
    x = xor(a, b)
    d = add(d, h)
    h = add(add(h, sum0(a)), xor(and(x, y), b))
    g = add(add(g, add(v128.load_splat<u32>(k, 4), v128.load(source, 16))), add(choose(d, e, f), sum1(d)))
    y = xor(h, a)
    c = add(c, g)
    g = add(add(g, sum0(h)), xor(and(y, x), a))
    v128.store(RING, add(add(add(v128.load(source, 0), v128.load(source, 144)), sigma0(v128.load(source, 16))), sigma1(v128.load(source, 224))), 0)
    f = add(add(f, add(v128.load_splat<u32>(k, 8), v128.load(source, 32))), add(choose(c, d, e), sum1(c)))
    x = xor(g, h)
    b = add(b, f)
    f = add(add(f, sum0(g)), xor(and(x, y), h))
    v128.store(RING, add(add(add(v128.load(source, 16), v128.load(source, 160)), sigma0(v128.load(source, 32))), sigma1(v128.load(source, 240))), 16)
    e = add(add(e, add(v128.load_splat<u32>(k, 12), v128.load(source, 48))), add(choose(b, c, d), sum1(b)))
    y = xor(f, g)
    a = add(a, e)
    e = add(add(e, sum0(f)), xor(and(y, x), g))
    v128.store(RING, add(add(add(v128.load(source, 32), v128.load(source, 176)), sigma0(v128.load(source, 48))), sigma1(v128.load(RING, 0))), 32)
    d = add(add(d, add(v128.load_splat<u32>(k, 16), v128.load(source, 64))), add(choose(a, b, c), sum1(a)))
    x = xor(e, f)
    h = add(h, d)
    d = add(add(d, sum0(e)), xor(and(x, y), f))
    v128.store(RING, add(add(add(v128.load(source, 48), v128.load(source, 192)), sigma0(v128.load(source, 64))), sigma1(v128.load(RING, 16))), 48)
    c = add(add(c, add(v128.load_splat<u32>(k, 20), v128.load(source, 80))), add(choose(h, a, b), sum1(h)))
    y = xor(d, e)
    g = add(g, c)
    c = add(add(c, sum0(d)), xor(and(y, x), e))
    v128.store(RING, add(add(add(v128.load(source, 64), v128.load(source, 208)), sigma0(v128.load(source, 80))), sigma1(v128.load(RING, 32))), 64)
    b = add(add(b, add(v128.load_splat<u32>(k, 24), v128.load(source, 96))), add(choose(g, h, a), sum1(g)))
    x = xor(c, d)
    f = add(f, b)
    b = add(add(b, sum0(c)), xor(and(x, y), d))
    v128.store(RING, add(add(add(v128.load(source, 80), v128.load(source, 224)), sigma0(v128.load(source, 96))), sigma1(v128.load(RING, 48))), 80)
    a = add(add(a, add(v128.load_splat<u32>(k, 28), v128.load(source, 112))), add(choose(f, g, h), sum1(f)))
    y = xor(b, c)
    e = add(e, a)
    a = add(add(a, sum0(b)), xor(and(y, x), c))
    v128.store(RING, add(add(add(v128.load(source, 96), v128.load(source, 240)), sigma0(v128.load(source, 112))), sigma1(v128.load(RING, 64))), 96)
    h = add(add(h, add(v128.load_splat<u32>(k, 32), v128.load(source, 128))), add(choose(e, f, g), sum1(e)))
    x = xor(a, b)
    d = add(d, h)
    h = add(add(h, sum0(a)), xor(and(x, y), b))
    v128.store(RING, add(add(add(v128.load(source, 112), v128.load(RING, 0)), sigma0(v128.load(source, 128))), sigma1(v128.load(RING, 80))), 112)
    g = add(add(g, add(v128.load_splat<u32>(k, 36), v128.load(source, 144))), add(choose(d, e, f), sum1(d)))
    y = xor(h, a)
    c = add(c, g)
    g = add(add(g, sum0(h)), xor(and(y, x), a))
    v128.store(RING, add(add(add(v128.load(source, 128), v128.load(RING, 16)), sigma0(v128.load(source, 144))), sigma1(v128.load(RING, 96))), 128)
    f = add(add(f, add(v128.load_splat<u32>(k, 40), v128.load(source, 160))), add(choose(c, d, e), sum1(c)))
    x = xor(g, h)
    b = add(b, f)
    f = add(add(f, sum0(g)), xor(and(x, y), h))
    v128.store(RING, add(add(add(v128.load(source, 144), v128.load(RING, 32)), sigma0(v128.load(source, 160))), sigma1(v128.load(RING, 112))), 144)
    e = add(add(e, add(v128.load_splat<u32>(k, 44), v128.load(source, 176))), add(choose(b, c, d), sum1(b)))
    y = xor(f, g)
    a = add(a, e)
    e = add(add(e, sum0(f)), xor(and(y, x), g))
    v128.store(RING, add(add(add(v128.load(source, 160), v128.load(RING, 48)), sigma0(v128.load(source, 176))), sigma1(v128.load(RING, 128))), 160)
    d = add(add(d, add(v128.load_splat<u32>(k, 48), v128.load(source, 192))), add(choose(a, b, c), sum1(a)))
    x = xor(e, f)
    h = add(h, d)
    d = add(add(d, sum0(e)), xor(and(x, y), f))
    v128.store(RING, add(add(add(v128.load(source, 176), v128.load(RING, 64)), sigma0(v128.load(source, 192))), sigma1(v128.load(RING, 144))), 176)
    c = add(add(c, add(v128.load_splat<u32>(k, 52), v128.load(source, 208))), add(choose(h, a, b), sum1(h)))
    y = xor(d, e)
    g = add(g, c)
    c = add(add(c, sum0(d)), xor(and(y, x), e))
    v128.store(RING, add(add(add(v128.load(source, 192), v128.load(RING, 80)), sigma0(v128.load(source, 208))), sigma1(v128.load(RING, 160))), 192)
    b = add(add(b, add(v128.load_splat<u32>(k, 56), v128.load(source, 224))), add(choose(g, h, a), sum1(g)))
    x = xor(c, d)
    f = add(f, b)
    b = add(add(b, sum0(c)), xor(and(x, y), d))
    v128.store(RING, add(add(add(v128.load(source, 208), v128.load(RING, 96)), sigma0(v128.load(source, 224))), sigma1(v128.load(RING, 176))), 208)
    a = add(add(a, add(v128.load_splat<u32>(k, 60), v128.load(source, 240))), add(choose(f, g, h), sum1(f)))
    y = xor(b, c)
    e = add(e, a)
    a = add(add(a, sum0(b)), xor(and(y, x), c))
    v128.store(RING, add(add(add(v128.load(source, 224), v128.load(RING, 112)), sigma0(v128.load(source, 240))), sigma1(v128.load(RING, 192))), 224)
    v128.store(RING, add(add(add(v128.load(source, 240), v128.load(RING, 128)), sigma0(v128.load(RING, 0))), sigma1(v128.load(RING, 208))), 240)
    source = RING
  }
  const k = K + 192
  h = add(add(h, add(v128.load_splat<u32>(k, 0), v128.load(RING, 0))), add(choose(e, f, g), sum1(e)))
  x = xor(a, b)
  d = add(d, h)
  h = add(add(h, sum0(a)), xor(and(x, y), b))
  g = add(add(g, add(v128.load_splat<u32>(k, 4), v128.load(RING, 16))), add(choose(d, e, f), sum1(d)))
  y = xor(h, a)
  c = add(c, g)
  g = add(add(g, sum0(h)), xor(and(y, x), a))
  f = add(add(f, add(v128.load_splat<u32>(k, 8), v128.load(RING, 32))), add(choose(c, d, e), sum1(c)))
  x = xor(g, h)
  b = add(b, f)
  f = add(add(f, sum0(g)), xor(and(x, y), h))
  e = add(add(e, add(v128.load_splat<u32>(k, 12), v128.load(RING, 48))), add(choose(b, c, d), sum1(b)))
  y = xor(f, g)
  a = add(a, e)
  e = add(add(e, sum0(f)), xor(and(y, x), g))
  d = add(add(d, add(v128.load_splat<u32>(k, 16), v128.load(RING, 64))), add(choose(a, b, c), sum1(a)))
  x = xor(e, f)
  h = add(h, d)
  d = add(add(d, sum0(e)), xor(and(x, y), f))
  c = add(add(c, add(v128.load_splat<u32>(k, 20), v128.load(RING, 80))), add(choose(h, a, b), sum1(h)))
  y = xor(d, e)
  g = add(g, c)
  c = add(add(c, sum0(d)), xor(and(y, x), e))
  b = add(add(b, add(v128.load_splat<u32>(k, 24), v128.load(RING, 96))), add(choose(g, h, a), sum1(g)))
  x = xor(c, d)
  f = add(f, b)
  b = add(add(b, sum0(c)), xor(and(x, y), d))
  a = add(add(a, add(v128.load_splat<u32>(k, 28), v128.load(RING, 112))), add(choose(f, g, h), sum1(f)))
  y = xor(b, c)
  e = add(e, a)
  a = add(add(a, sum0(b)), xor(and(y, x), c))
  h = add(add(h, add(v128.load_splat<u32>(k, 32), v128.load(RING, 128))), add(choose(e, f, g), sum1(e)))
  x = xor(a, b)
  d = add(d, h)
  h = add(add(h, sum0(a)), xor(and(x, y), b))
  g = add(add(g, add(v128.load_splat<u32>(k, 36), v128.load(RING, 144))), add(choose(d, e, f), sum1(d)))
  y = xor(h, a)
  c = add(c, g)
  g = add(add(g, sum0(h)), xor(and(y, x), a))
  f = add(add(f, add(v128.load_splat<u32>(k, 40), v128.load(RING, 160))), add(choose(c, d, e), sum1(c)))
  x = xor(g, h)
  b = add(b, f)
  f = add(add(f, sum0(g)), xor(and(x, y), h))
  e = add(add(e, add(v128.load_splat<u32>(k, 44), v128.load(RING, 176))), add(choose(b, c, d), sum1(b)))
  y = xor(f, g)
  a = add(a, e)
  e = add(add(e, sum0(f)), xor(and(y, x), g))
  d = add(add(d, add(v128.load_splat<u32>(k, 48), v128.load(RING, 192))), add(choose(a, b, c), sum1(a)))
  x = xor(e, f)
  h = add(h, d)
  d = add(add(d, sum0(e)), xor(and(x, y), f))
  c = add(add(c, add(v128.load_splat<u32>(k, 52), v128.load(RING, 208))), add(choose(h, a, b), sum1(h)))
  y = xor(d, e)
  g = add(g, c)
  c = add(add(c, sum0(d)), xor(and(y, x), e))
  b = add(add(b, add(v128.load_splat<u32>(k, 56), v128.load(RING, 224))), add(choose(g, h, a), sum1(g)))
  x = xor(c, d)
  f = add(f, b)
  b = add(add(b, sum0(c)), xor(and(x, y), d))
  a = add(add(a, add(v128.load_splat<u32>(k, 60), v128.load(RING, 240))), add(choose(f, g, h), sum1(f)))
  y = xor(b, c)
  e = add(e, a)
  a = add(add(a, sum0(b)), xor(and(y, x), c))
  a = add(a, v128.load(state, 0))
  b = add(b, v128.load(state, 16))
  c = add(c, v128.load(state, 32))
  d = add(d, v128.load(state, 48))
  e = add(e, v128.load(state, 64))
  f = add(f, v128.load(state, 80))
  g = add(g, v128.load(state, 96))
  h = add(h, v128.load(state, 112))
  if (kw != 0) {
    v128.store(MIDDLE_LANES, a, 0)
    v128.store(MIDDLE_LANES, b, 16)
    v128.store(MIDDLE_LANES, c, 32)
    v128.store(MIDDLE_LANES, d, 48)
    v128.store(MIDDLE_LANES, e, 64)
    v128.store(MIDDLE_LANES, f, 80)
    v128.store(MIDDLE_LANES, g, 96)
    v128.store(MIDDLE_LANES, h, 112)
    x = a
    y = xor(b, c)
    for (const end = kw + 1024; kw < end; kw += 256) {
      h = add(add(h, v128.load(kw, 0)), add(choose(e, f, g), sum1(e)))
      x = xor(a, b)
      d = add(d, h)
      h = add(add(h, sum0(a)), xor(and(x, y), b))
      g = add(add(g, v128.load(kw, 16)), add(choose(d, e, f), sum1(d)))
      y = xor(h, a)
      c = add(c, g)
      g = add(add(g, sum0(h)), xor(and(y, x), a))
      f = add(add(f, v128.load(kw, 32)), add(choose(c, d, e), sum1(c)))
      x = xor(g, h)
      b = add(b, f)
      f = add(add(f, sum0(g)), xor(and(x, y), h))
      e = add(add(e, v128.load(kw, 48)), add(choose(b, c, d), sum1(b)))
      y = xor(f, g)
      a = add(a, e)
      e = add(add(e, sum0(f)), xor(and(y, x), g))
      d = add(add(d, v128.load(kw, 64)), add(choose(a, b, c), sum1(a)))
      x = xor(e, f)
      h = add(h, d)
      d = add(add(d, sum0(e)), xor(and(x, y), f))
      c = add(add(c, v128.load(kw, 80)), add(choose(h, a, b), sum1(h)))
      y = xor(d, e)
      g = add(g, c)
      c = add(add(c, sum0(d)), xor(and(y, x), e))
      b = add(add(b, v128.load(kw, 96)), add(choose(g, h, a), sum1(g)))
      x = xor(c, d)
      f = add(f, b)
      b = add(add(b, sum0(c)), xor(and(x, y), d))
      a = add(add(a, v128.load(kw, 112)), add(choose(f, g, h), sum1(f)))
      y = xor(b, c)
      e = add(e, a)
      a = add(add(a, sum0(b)), xor(and(y, x), c))
      h = add(add(h, v128.load(kw, 128)), add(choose(e, f, g), sum1(e)))
      x = xor(a, b)
      d = add(d, h)
      h = add(add(h, sum0(a)), xor(and(x, y), b))
      g = add(add(g, v128.load(kw, 144)), add(choose(d, e, f), sum1(d)))
      y = xor(h, a)
      c = add(c, g)
      g = add(add(g, sum0(h)), xor(and(y, x), a))
      f = add(add(f, v128.load(kw, 160)), add(choose(c, d, e), sum1(c)))
      x = xor(g, h)
      b = add(b, f)
      f = add(add(f, sum0(g)), xor(and(x, y), h))
      e = add(add(e, v128.load(kw, 176)), add(choose(b, c, d), sum1(b)))
      y = xor(f, g)
      a = add(a, e)
      e = add(add(e, sum0(f)), xor(and(y, x), g))
      d = add(add(d, v128.load(kw, 192)), add(choose(a, b, c), sum1(a)))
      x = xor(e, f)
      h = add(h, d)
      d = add(add(d, sum0(e)), xor(and(x, y), f))
      c = add(add(c, v128.load(kw, 208)), add(choose(h, a, b), sum1(h)))
      y = xor(d, e)
      g = add(g, c)
      c = add(add(c, sum0(d)), xor(and(y, x), e))
      b = add(add(b, v128.load(kw, 224)), add(choose(g, h, a), sum1(g)))
      x = xor(c, d)
      f = add(f, b)
      b = add(add(b, sum0(c)), xor(and(x, y), d))
      a = add(add(a, v128.load(kw, 240)), add(choose(f, g, h), sum1(f)))
      y = xor(b, c)
      e = add(e, a)
      a = add(add(a, sum0(b)), xor(and(y, x), c))
    }
    a = add(a, v128.load(MIDDLE_LANES, 0))
    b = add(b, v128.load(MIDDLE_LANES, 16))
    c = add(c, v128.load(MIDDLE_LANES, 32))
    d = add(d, v128.load(MIDDLE_LANES, 48))
    e = add(e, v128.load(MIDDLE_LANES, 64))
    f = add(f, v128.load(MIDDLE_LANES, 80))
    g = add(g, v128.load(MIDDLE_LANES, 96))
    h = add(h, v128.load(MIDDLE_LANES, 112))
  }
  v128.store(out, a, 0)
  v128.store(out, b, 16)
  v128.store(out, c, 32)
  v128.store(out, d, 48)
  v128.store(out, e, 64)
  v128.store(out, f, 80)
  v128.store(out, g, 96)
  v128.store(out, h, 112)
}
