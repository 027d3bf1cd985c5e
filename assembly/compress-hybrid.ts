/**
 * SHA-256 of one message in the SIMD build: the rounds are scalar, the message schedule is computed four words at a time
 * between them ("hybrid"). Both kinds of unit of the processor are then at work at once.
 */
import { K } from './constants'
import { SCHEDULE, STATE } from './memory'

// @ts-ignore: decorator
@inline
function sum0(a: u32): u32 {
  return rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)
}

// @ts-ignore: decorator
@inline
function sum1(e: u32): u32 {
  return rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)
}

/** σ1 of the words in lanes 0 and 2 of `w`, each of which fills a 64-bit lane: a shift of that is a rotation. */
// @ts-ignore: decorator
@inline
function sigma1(w: v128): v128 {
  return v128.xor(v128.xor(i64x2.shr_u(w, 17), i64x2.shr_u(w, 19)), i32x4.shr_u(w, 10))
}

/** The four schedule words after w0…w3 (sixteen words). */
// @ts-ignore: decorator
@inline
function nextWords(w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  const w = i32x4.shuffle(w0, w1, 1, 2, 3, 4)
  const sigma0 = v128.xor(
    v128.xor(v128.xor(i32x4.shr_u(w, 7), i32x4.shl(w, 25)), v128.xor(i32x4.shr_u(w, 18), i32x4.shl(w, 14))),
    i32x4.shr_u(w, 3),
  )
  let next = i32x4.add(i32x4.add(w0, sigma0), i32x4.shuffle(w2, w3, 1, 2, 3, 4))
  // Words 14 and 15 give the first two, which give the last two. A swizzle index of 128 makes a zero byte.
  const first = sigma1(i32x4.shuffle(w3, w3, 2, 2, 3, 3))
  next = i32x4.add(next, i8x16.swizzle(first, i8x16(0, 1, 2, 3, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1)))
  const last = sigma1(i32x4.shuffle(next, next, 0, 0, 1, 1))
  return i32x4.add(next, i8x16.swizzle(last, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 8, 9, 10, 11)))
}

/** Four words of the message, in host order. */
// @ts-ignore: decorator
@inline
function loadWords(at: usize): v128 {
  return i8x16.swizzle(v128.load(at), i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12))
}

/** Mixes `blocks` ≥ 1 message blocks at `input` into the eight words at STATE (host order). */
export function compressHybrid(input: usize, blocks: i32): void {
  let a = load<u32>(STATE, 0)
  let b = load<u32>(STATE, 4)
  let c = load<u32>(STATE, 8)
  let d = load<u32>(STATE, 12)
  let e = load<u32>(STATE, 16)
  let f = load<u32>(STATE, 20)
  let g = load<u32>(STATE, 24)
  let h = load<u32>(STATE, 28)
  for (; blocks > 0; blocks--) {
    let w0 = loadWords(input + 0)
    let w1 = loadWords(input + 16)
    let w2 = loadWords(input + 32)
    let w3 = loadWords(input + 48)
    v128.store(SCHEDULE, i32x4.add(w0, v128.load(K, 0)), 0)
    v128.store(SCHEDULE, i32x4.add(w1, v128.load(K, 16)), 16)
    v128.store(SCHEDULE, i32x4.add(w2, v128.load(K, 32)), 32)
    v128.store(SCHEDULE, i32x4.add(w3, v128.load(K, 48)), 48)
    let x: u32 = 0
    let y = b ^ c
    for (let k = K + 64; k < K + 256; k += 64) {
      h += load<u32>(SCHEDULE, 0)
      h += ((f ^ g) & e ^ g)
      h += sum1(e)
      d += h
      x = a ^ b
      h += (x & y ^ b)
      h += sum0(a)
      g += load<u32>(SCHEDULE, 4)
      g += ((e ^ f) & d ^ f)
      g += sum1(d)
      c += g
      y = h ^ a
      g += (y & x ^ a)
      g += sum0(h)
      f += load<u32>(SCHEDULE, 8)
      f += ((d ^ e) & c ^ e)
      f += sum1(c)
      b += f
      x = g ^ h
      f += (x & y ^ h)
      f += sum0(g)
      e += load<u32>(SCHEDULE, 12)
      e += ((c ^ d) & b ^ d)
      e += sum1(b)
      a += e
      y = f ^ g
      e += (y & x ^ g)
      e += sum0(f)
      w0 = nextWords(w0, w1, w2, w3)
      v128.store(SCHEDULE, i32x4.add(w0, v128.load(k, 0)), 0)
      d += load<u32>(SCHEDULE, 16)
      d += ((b ^ c) & a ^ c)
      d += sum1(a)
      h += d
      x = e ^ f
      d += (x & y ^ f)
      d += sum0(e)
      c += load<u32>(SCHEDULE, 20)
      c += ((a ^ b) & h ^ b)
      c += sum1(h)
      g += c
      y = d ^ e
      c += (y & x ^ e)
      c += sum0(d)
      b += load<u32>(SCHEDULE, 24)
      b += ((h ^ a) & g ^ a)
      b += sum1(g)
      f += b
      x = c ^ d
      b += (x & y ^ d)
      b += sum0(c)
      a += load<u32>(SCHEDULE, 28)
      a += ((g ^ h) & f ^ h)
      a += sum1(f)
      e += a
      y = b ^ c
      a += (y & x ^ c)
      a += sum0(b)
      w1 = nextWords(w1, w2, w3, w0)
      v128.store(SCHEDULE, i32x4.add(w1, v128.load(k, 16)), 16)
      h += load<u32>(SCHEDULE, 32)
      h += ((f ^ g) & e ^ g)
      h += sum1(e)
      d += h
      x = a ^ b
      h += (x & y ^ b)
      h += sum0(a)
      g += load<u32>(SCHEDULE, 36)
      g += ((e ^ f) & d ^ f)
      g += sum1(d)
      c += g
      y = h ^ a
      g += (y & x ^ a)
      g += sum0(h)
      f += load<u32>(SCHEDULE, 40)
      f += ((d ^ e) & c ^ e)
      f += sum1(c)
      b += f
      x = g ^ h
      f += (x & y ^ h)
      f += sum0(g)
      e += load<u32>(SCHEDULE, 44)
      e += ((c ^ d) & b ^ d)
      e += sum1(b)
      a += e
      y = f ^ g
      e += (y & x ^ g)
      e += sum0(f)
      w2 = nextWords(w2, w3, w0, w1)
      v128.store(SCHEDULE, i32x4.add(w2, v128.load(k, 32)), 32)
      d += load<u32>(SCHEDULE, 48)
      d += ((b ^ c) & a ^ c)
      d += sum1(a)
      h += d
      x = e ^ f
      d += (x & y ^ f)
      d += sum0(e)
      c += load<u32>(SCHEDULE, 52)
      c += ((a ^ b) & h ^ b)
      c += sum1(h)
      g += c
      y = d ^ e
      c += (y & x ^ e)
      c += sum0(d)
      b += load<u32>(SCHEDULE, 56)
      b += ((h ^ a) & g ^ a)
      b += sum1(g)
      f += b
      x = c ^ d
      b += (x & y ^ d)
      b += sum0(c)
      a += load<u32>(SCHEDULE, 60)
      a += ((g ^ h) & f ^ h)
      a += sum1(f)
      e += a
      y = b ^ c
      a += (y & x ^ c)
      a += sum0(b)
      w3 = nextWords(w3, w0, w1, w2)
      v128.store(SCHEDULE, i32x4.add(w3, v128.load(k, 48)), 48)
    }
    h += load<u32>(SCHEDULE, 0)
    h += ((f ^ g) & e ^ g)
    h += sum1(e)
    d += h
    x = a ^ b
    h += (x & y ^ b)
    h += sum0(a)
    g += load<u32>(SCHEDULE, 4)
    g += ((e ^ f) & d ^ f)
    g += sum1(d)
    c += g
    y = h ^ a
    g += (y & x ^ a)
    g += sum0(h)
    f += load<u32>(SCHEDULE, 8)
    f += ((d ^ e) & c ^ e)
    f += sum1(c)
    b += f
    x = g ^ h
    f += (x & y ^ h)
    f += sum0(g)
    e += load<u32>(SCHEDULE, 12)
    e += ((c ^ d) & b ^ d)
    e += sum1(b)
    a += e
    y = f ^ g
    e += (y & x ^ g)
    e += sum0(f)
    d += load<u32>(SCHEDULE, 16)
    d += ((b ^ c) & a ^ c)
    d += sum1(a)
    h += d
    x = e ^ f
    d += (x & y ^ f)
    d += sum0(e)
    c += load<u32>(SCHEDULE, 20)
    c += ((a ^ b) & h ^ b)
    c += sum1(h)
    g += c
    y = d ^ e
    c += (y & x ^ e)
    c += sum0(d)
    b += load<u32>(SCHEDULE, 24)
    b += ((h ^ a) & g ^ a)
    b += sum1(g)
    f += b
    x = c ^ d
    b += (x & y ^ d)
    b += sum0(c)
    a += load<u32>(SCHEDULE, 28)
    a += ((g ^ h) & f ^ h)
    a += sum1(f)
    e += a
    y = b ^ c
    a += (y & x ^ c)
    a += sum0(b)
    h += load<u32>(SCHEDULE, 32)
    h += ((f ^ g) & e ^ g)
    h += sum1(e)
    d += h
    x = a ^ b
    h += (x & y ^ b)
    h += sum0(a)
    g += load<u32>(SCHEDULE, 36)
    g += ((e ^ f) & d ^ f)
    g += sum1(d)
    c += g
    y = h ^ a
    g += (y & x ^ a)
    g += sum0(h)
    f += load<u32>(SCHEDULE, 40)
    f += ((d ^ e) & c ^ e)
    f += sum1(c)
    b += f
    x = g ^ h
    f += (x & y ^ h)
    f += sum0(g)
    e += load<u32>(SCHEDULE, 44)
    e += ((c ^ d) & b ^ d)
    e += sum1(b)
    a += e
    y = f ^ g
    e += (y & x ^ g)
    e += sum0(f)
    d += load<u32>(SCHEDULE, 48)
    d += ((b ^ c) & a ^ c)
    d += sum1(a)
    h += d
    x = e ^ f
    d += (x & y ^ f)
    d += sum0(e)
    c += load<u32>(SCHEDULE, 52)
    c += ((a ^ b) & h ^ b)
    c += sum1(h)
    g += c
    y = d ^ e
    c += (y & x ^ e)
    c += sum0(d)
    b += load<u32>(SCHEDULE, 56)
    b += ((h ^ a) & g ^ a)
    b += sum1(g)
    f += b
    x = c ^ d
    b += (x & y ^ d)
    b += sum0(c)
    a += load<u32>(SCHEDULE, 60)
    a += ((g ^ h) & f ^ h)
    a += sum1(f)
    e += a
    y = b ^ c
    a += (y & x ^ c)
    a += sum0(b)
    store<u32>(STATE, (a += load<u32>(STATE, 0)), 0)
    store<u32>(STATE, (b += load<u32>(STATE, 4)), 4)
    store<u32>(STATE, (c += load<u32>(STATE, 8)), 8)
    store<u32>(STATE, (d += load<u32>(STATE, 12)), 12)
    store<u32>(STATE, (e += load<u32>(STATE, 16)), 16)
    store<u32>(STATE, (f += load<u32>(STATE, 20)), 20)
    store<u32>(STATE, (g += load<u32>(STATE, 24)), 24)
    store<u32>(STATE, (h += load<u32>(STATE, 28)), 28)
    input += 64
  }
}
