/**
 * SHA-256 of four messages at once: every v128 holds one word of four messages ("lanes"), in host order.
 *
 * "Four lanes" of a hash are 8 × 16 bytes, of a block 16 × 16 bytes. V8 has no SIMD rotate, so a rotation is two shifts
 * and a xor.
 */
import { K } from './constants'
import { RING } from './memory'

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

/** Mixes the four-lane block at `source` into the four-lane state at `state`; the sum goes to `out` (may be `state`). */
export function compressLanes(state: usize, source: usize, out: usize): void {
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
    d = add(d, h)
    x = xor(a, b)
    h = add(add(h, xor(and(x, y), b)), sum0(a))
    v128.store(RING, add(add(add(v128.load(source, 0), v128.load(source, 144)), sigma0(v128.load(source, 16))), sigma1(v128.load(source, 224))), 0)
    g = add(add(g, add(v128.load_splat<u32>(k, 4), v128.load(source, 16))), add(choose(d, e, f), sum1(d)))
    c = add(c, g)
    y = xor(h, a)
    g = add(add(g, xor(and(y, x), a)), sum0(h))
    v128.store(RING, add(add(add(v128.load(source, 16), v128.load(source, 160)), sigma0(v128.load(source, 32))), sigma1(v128.load(source, 240))), 16)
    f = add(add(f, add(v128.load_splat<u32>(k, 8), v128.load(source, 32))), add(choose(c, d, e), sum1(c)))
    b = add(b, f)
    x = xor(g, h)
    f = add(add(f, xor(and(x, y), h)), sum0(g))
    v128.store(RING, add(add(add(v128.load(source, 32), v128.load(source, 176)), sigma0(v128.load(source, 48))), sigma1(v128.load(RING, 0))), 32)
    e = add(add(e, add(v128.load_splat<u32>(k, 12), v128.load(source, 48))), add(choose(b, c, d), sum1(b)))
    a = add(a, e)
    y = xor(f, g)
    e = add(add(e, xor(and(y, x), g)), sum0(f))
    v128.store(RING, add(add(add(v128.load(source, 48), v128.load(source, 192)), sigma0(v128.load(source, 64))), sigma1(v128.load(RING, 16))), 48)
    d = add(add(d, add(v128.load_splat<u32>(k, 16), v128.load(source, 64))), add(choose(a, b, c), sum1(a)))
    h = add(h, d)
    x = xor(e, f)
    d = add(add(d, xor(and(x, y), f)), sum0(e))
    v128.store(RING, add(add(add(v128.load(source, 64), v128.load(source, 208)), sigma0(v128.load(source, 80))), sigma1(v128.load(RING, 32))), 64)
    c = add(add(c, add(v128.load_splat<u32>(k, 20), v128.load(source, 80))), add(choose(h, a, b), sum1(h)))
    g = add(g, c)
    y = xor(d, e)
    c = add(add(c, xor(and(y, x), e)), sum0(d))
    v128.store(RING, add(add(add(v128.load(source, 80), v128.load(source, 224)), sigma0(v128.load(source, 96))), sigma1(v128.load(RING, 48))), 80)
    b = add(add(b, add(v128.load_splat<u32>(k, 24), v128.load(source, 96))), add(choose(g, h, a), sum1(g)))
    f = add(f, b)
    x = xor(c, d)
    b = add(add(b, xor(and(x, y), d)), sum0(c))
    v128.store(RING, add(add(add(v128.load(source, 96), v128.load(source, 240)), sigma0(v128.load(source, 112))), sigma1(v128.load(RING, 64))), 96)
    a = add(add(a, add(v128.load_splat<u32>(k, 28), v128.load(source, 112))), add(choose(f, g, h), sum1(f)))
    e = add(e, a)
    y = xor(b, c)
    a = add(add(a, xor(and(y, x), c)), sum0(b))
    v128.store(RING, add(add(add(v128.load(source, 112), v128.load(RING, 0)), sigma0(v128.load(source, 128))), sigma1(v128.load(RING, 80))), 112)
    h = add(add(h, add(v128.load_splat<u32>(k, 32), v128.load(source, 128))), add(choose(e, f, g), sum1(e)))
    d = add(d, h)
    x = xor(a, b)
    h = add(add(h, xor(and(x, y), b)), sum0(a))
    v128.store(RING, add(add(add(v128.load(source, 128), v128.load(RING, 16)), sigma0(v128.load(source, 144))), sigma1(v128.load(RING, 96))), 128)
    g = add(add(g, add(v128.load_splat<u32>(k, 36), v128.load(source, 144))), add(choose(d, e, f), sum1(d)))
    c = add(c, g)
    y = xor(h, a)
    g = add(add(g, xor(and(y, x), a)), sum0(h))
    v128.store(RING, add(add(add(v128.load(source, 144), v128.load(RING, 32)), sigma0(v128.load(source, 160))), sigma1(v128.load(RING, 112))), 144)
    f = add(add(f, add(v128.load_splat<u32>(k, 40), v128.load(source, 160))), add(choose(c, d, e), sum1(c)))
    b = add(b, f)
    x = xor(g, h)
    f = add(add(f, xor(and(x, y), h)), sum0(g))
    v128.store(RING, add(add(add(v128.load(source, 160), v128.load(RING, 48)), sigma0(v128.load(source, 176))), sigma1(v128.load(RING, 128))), 160)
    e = add(add(e, add(v128.load_splat<u32>(k, 44), v128.load(source, 176))), add(choose(b, c, d), sum1(b)))
    a = add(a, e)
    y = xor(f, g)
    e = add(add(e, xor(and(y, x), g)), sum0(f))
    v128.store(RING, add(add(add(v128.load(source, 176), v128.load(RING, 64)), sigma0(v128.load(source, 192))), sigma1(v128.load(RING, 144))), 176)
    d = add(add(d, add(v128.load_splat<u32>(k, 48), v128.load(source, 192))), add(choose(a, b, c), sum1(a)))
    h = add(h, d)
    x = xor(e, f)
    d = add(add(d, xor(and(x, y), f)), sum0(e))
    v128.store(RING, add(add(add(v128.load(source, 192), v128.load(RING, 80)), sigma0(v128.load(source, 208))), sigma1(v128.load(RING, 160))), 192)
    c = add(add(c, add(v128.load_splat<u32>(k, 52), v128.load(source, 208))), add(choose(h, a, b), sum1(h)))
    g = add(g, c)
    y = xor(d, e)
    c = add(add(c, xor(and(y, x), e)), sum0(d))
    v128.store(RING, add(add(add(v128.load(source, 208), v128.load(RING, 96)), sigma0(v128.load(source, 224))), sigma1(v128.load(RING, 176))), 208)
    b = add(add(b, add(v128.load_splat<u32>(k, 56), v128.load(source, 224))), add(choose(g, h, a), sum1(g)))
    f = add(f, b)
    x = xor(c, d)
    b = add(add(b, xor(and(x, y), d)), sum0(c))
    v128.store(RING, add(add(add(v128.load(source, 224), v128.load(RING, 112)), sigma0(v128.load(source, 240))), sigma1(v128.load(RING, 192))), 224)
    a = add(add(a, add(v128.load_splat<u32>(k, 60), v128.load(source, 240))), add(choose(f, g, h), sum1(f)))
    e = add(e, a)
    y = xor(b, c)
    a = add(add(a, xor(and(y, x), c)), sum0(b))
    v128.store(RING, add(add(add(v128.load(source, 240), v128.load(RING, 128)), sigma0(v128.load(RING, 0))), sigma1(v128.load(RING, 208))), 240)
    source = RING
  }
  const k = K + 192
  h = add(add(h, add(v128.load_splat<u32>(k, 0), v128.load(RING, 0))), add(choose(e, f, g), sum1(e)))
  d = add(d, h)
  x = xor(a, b)
  h = add(add(h, xor(and(x, y), b)), sum0(a))
  g = add(add(g, add(v128.load_splat<u32>(k, 4), v128.load(RING, 16))), add(choose(d, e, f), sum1(d)))
  c = add(c, g)
  y = xor(h, a)
  g = add(add(g, xor(and(y, x), a)), sum0(h))
  f = add(add(f, add(v128.load_splat<u32>(k, 8), v128.load(RING, 32))), add(choose(c, d, e), sum1(c)))
  b = add(b, f)
  x = xor(g, h)
  f = add(add(f, xor(and(x, y), h)), sum0(g))
  e = add(add(e, add(v128.load_splat<u32>(k, 12), v128.load(RING, 48))), add(choose(b, c, d), sum1(b)))
  a = add(a, e)
  y = xor(f, g)
  e = add(add(e, xor(and(y, x), g)), sum0(f))
  d = add(add(d, add(v128.load_splat<u32>(k, 16), v128.load(RING, 64))), add(choose(a, b, c), sum1(a)))
  h = add(h, d)
  x = xor(e, f)
  d = add(add(d, xor(and(x, y), f)), sum0(e))
  c = add(add(c, add(v128.load_splat<u32>(k, 20), v128.load(RING, 80))), add(choose(h, a, b), sum1(h)))
  g = add(g, c)
  y = xor(d, e)
  c = add(add(c, xor(and(y, x), e)), sum0(d))
  b = add(add(b, add(v128.load_splat<u32>(k, 24), v128.load(RING, 96))), add(choose(g, h, a), sum1(g)))
  f = add(f, b)
  x = xor(c, d)
  b = add(add(b, xor(and(x, y), d)), sum0(c))
  a = add(add(a, add(v128.load_splat<u32>(k, 28), v128.load(RING, 112))), add(choose(f, g, h), sum1(f)))
  e = add(e, a)
  y = xor(b, c)
  a = add(add(a, xor(and(y, x), c)), sum0(b))
  h = add(add(h, add(v128.load_splat<u32>(k, 32), v128.load(RING, 128))), add(choose(e, f, g), sum1(e)))
  d = add(d, h)
  x = xor(a, b)
  h = add(add(h, xor(and(x, y), b)), sum0(a))
  g = add(add(g, add(v128.load_splat<u32>(k, 36), v128.load(RING, 144))), add(choose(d, e, f), sum1(d)))
  c = add(c, g)
  y = xor(h, a)
  g = add(add(g, xor(and(y, x), a)), sum0(h))
  f = add(add(f, add(v128.load_splat<u32>(k, 40), v128.load(RING, 160))), add(choose(c, d, e), sum1(c)))
  b = add(b, f)
  x = xor(g, h)
  f = add(add(f, xor(and(x, y), h)), sum0(g))
  e = add(add(e, add(v128.load_splat<u32>(k, 44), v128.load(RING, 176))), add(choose(b, c, d), sum1(b)))
  a = add(a, e)
  y = xor(f, g)
  e = add(add(e, xor(and(y, x), g)), sum0(f))
  d = add(add(d, add(v128.load_splat<u32>(k, 48), v128.load(RING, 192))), add(choose(a, b, c), sum1(a)))
  h = add(h, d)
  x = xor(e, f)
  d = add(add(d, xor(and(x, y), f)), sum0(e))
  c = add(add(c, add(v128.load_splat<u32>(k, 52), v128.load(RING, 208))), add(choose(h, a, b), sum1(h)))
  g = add(g, c)
  y = xor(d, e)
  c = add(add(c, xor(and(y, x), e)), sum0(d))
  b = add(add(b, add(v128.load_splat<u32>(k, 56), v128.load(RING, 224))), add(choose(g, h, a), sum1(g)))
  f = add(f, b)
  x = xor(c, d)
  b = add(add(b, xor(and(x, y), d)), sum0(c))
  a = add(add(a, add(v128.load_splat<u32>(k, 60), v128.load(RING, 240))), add(choose(f, g, h), sum1(f)))
  e = add(e, a)
  y = xor(b, c)
  a = add(add(a, xor(and(y, x), c)), sum0(b))
  v128.store(out, add(a, v128.load(state, 0)), 0)
  v128.store(out, add(b, v128.load(state, 16)), 16)
  v128.store(out, add(c, v128.load(state, 32)), 32)
  v128.store(out, add(d, v128.load(state, 48)), 48)
  v128.store(out, add(e, v128.load(state, 64)), 64)
  v128.store(out, add(f, v128.load(state, 80)), 80)
  v128.store(out, add(g, v128.load(state, 96)), 96)
  v128.store(out, add(h, v128.load(state, 112)), 112)
}

/** Mixes four blocks whose 64 × 4 words K+W are known. */
export function compressLanesKnown(state: usize, kw: usize, out: usize): void {
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
  for (const end = kw + 1024; kw < end; kw += 256) {
    h = add(add(h, v128.load(kw, 0)), add(choose(e, f, g), sum1(e)))
    d = add(d, h)
    x = xor(a, b)
    h = add(add(h, xor(and(x, y), b)), sum0(a))
    g = add(add(g, v128.load(kw, 16)), add(choose(d, e, f), sum1(d)))
    c = add(c, g)
    y = xor(h, a)
    g = add(add(g, xor(and(y, x), a)), sum0(h))
    f = add(add(f, v128.load(kw, 32)), add(choose(c, d, e), sum1(c)))
    b = add(b, f)
    x = xor(g, h)
    f = add(add(f, xor(and(x, y), h)), sum0(g))
    e = add(add(e, v128.load(kw, 48)), add(choose(b, c, d), sum1(b)))
    a = add(a, e)
    y = xor(f, g)
    e = add(add(e, xor(and(y, x), g)), sum0(f))
    d = add(add(d, v128.load(kw, 64)), add(choose(a, b, c), sum1(a)))
    h = add(h, d)
    x = xor(e, f)
    d = add(add(d, xor(and(x, y), f)), sum0(e))
    c = add(add(c, v128.load(kw, 80)), add(choose(h, a, b), sum1(h)))
    g = add(g, c)
    y = xor(d, e)
    c = add(add(c, xor(and(y, x), e)), sum0(d))
    b = add(add(b, v128.load(kw, 96)), add(choose(g, h, a), sum1(g)))
    f = add(f, b)
    x = xor(c, d)
    b = add(add(b, xor(and(x, y), d)), sum0(c))
    a = add(add(a, v128.load(kw, 112)), add(choose(f, g, h), sum1(f)))
    e = add(e, a)
    y = xor(b, c)
    a = add(add(a, xor(and(y, x), c)), sum0(b))
    h = add(add(h, v128.load(kw, 128)), add(choose(e, f, g), sum1(e)))
    d = add(d, h)
    x = xor(a, b)
    h = add(add(h, xor(and(x, y), b)), sum0(a))
    g = add(add(g, v128.load(kw, 144)), add(choose(d, e, f), sum1(d)))
    c = add(c, g)
    y = xor(h, a)
    g = add(add(g, xor(and(y, x), a)), sum0(h))
    f = add(add(f, v128.load(kw, 160)), add(choose(c, d, e), sum1(c)))
    b = add(b, f)
    x = xor(g, h)
    f = add(add(f, xor(and(x, y), h)), sum0(g))
    e = add(add(e, v128.load(kw, 176)), add(choose(b, c, d), sum1(b)))
    a = add(a, e)
    y = xor(f, g)
    e = add(add(e, xor(and(y, x), g)), sum0(f))
    d = add(add(d, v128.load(kw, 192)), add(choose(a, b, c), sum1(a)))
    h = add(h, d)
    x = xor(e, f)
    d = add(add(d, xor(and(x, y), f)), sum0(e))
    c = add(add(c, v128.load(kw, 208)), add(choose(h, a, b), sum1(h)))
    g = add(g, c)
    y = xor(d, e)
    c = add(add(c, xor(and(y, x), e)), sum0(d))
    b = add(add(b, v128.load(kw, 224)), add(choose(g, h, a), sum1(g)))
    f = add(f, b)
    x = xor(c, d)
    b = add(add(b, xor(and(x, y), d)), sum0(c))
    a = add(add(a, v128.load(kw, 240)), add(choose(f, g, h), sum1(f)))
    e = add(e, a)
    y = xor(b, c)
    a = add(add(a, xor(and(y, x), c)), sum0(b))
  }
  v128.store(out, add(a, v128.load(state, 0)), 0)
  v128.store(out, add(b, v128.load(state, 16)), 16)
  v128.store(out, add(c, v128.load(state, 32)), 32)
  v128.store(out, add(d, v128.load(state, 48)), 48)
  v128.store(out, add(e, v128.load(state, 64)), 64)
  v128.store(out, add(f, v128.load(state, 80)), 80)
  v128.store(out, add(g, v128.load(state, 96)), 96)
  v128.store(out, add(h, v128.load(state, 112)), 112)
}
