/**
 * SHA-256, one message at a time. The scalar build computes the schedule word by word between the rounds; the SIMD build has
 * compress-hybrid.ts for that.
 *
 * State words live in locals for a whole call; a loop body holds 16 rounds, so the names come round to where they began and
 * nothing is moved. Maj(a, b, c) = ((a ⊕ b) ∧ (b ⊕ c)) ⊕ b, where b ⊕ c is the a ⊕ b of the round before.
 *
 * Words are loaded two at a time and the state stands at a constant address: 32-bit machines check the bounds of every other
 * access.
 */
import { compressHybrid } from './compress-hybrid'
import { K } from './constants'
import { STATE } from './memory'

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

// @ts-ignore: decorator
@inline
function sigma0(w: u32): u32 {
  return rotr(w, 7) ^ rotr(w, 18) ^ (w >> 3)
}

// @ts-ignore: decorator
@inline
function sigma1(w: u32): u32 {
  return rotr(w, 17) ^ rotr(w, 19) ^ (w >> 10)
}

/** Mixes `blocks` ≥ 1 message blocks at `input` into the eight words at STATE (host order). */
export function compress(input: usize, blocks: i32): void {
  if (ASC_FEATURE_SIMD) compressHybrid(input, blocks)
  else compressScalar(input, blocks)
}

function compressScalar(input: usize, blocks: i32): void {
  let a = load<u32>(STATE, 0)
  let b = load<u32>(STATE, 4)
  let c = load<u32>(STATE, 8)
  let d = load<u32>(STATE, 12)
  let e = load<u32>(STATE, 16)
  let f = load<u32>(STATE, 20)
  let g = load<u32>(STATE, 24)
  let h = load<u32>(STATE, 28)
  for (; blocks > 0; blocks--) {
    let two: u64 = 0
    two = load<u64>(input, 0)
    let w0 = bswap(<u32>two)
    let w1 = bswap(<u32>(two >> 32))
    two = load<u64>(input, 8)
    let w2 = bswap(<u32>two)
    let w3 = bswap(<u32>(two >> 32))
    two = load<u64>(input, 16)
    let w4 = bswap(<u32>two)
    let w5 = bswap(<u32>(two >> 32))
    two = load<u64>(input, 24)
    let w6 = bswap(<u32>two)
    let w7 = bswap(<u32>(two >> 32))
    two = load<u64>(input, 32)
    let w8 = bswap(<u32>two)
    let w9 = bswap(<u32>(two >> 32))
    two = load<u64>(input, 40)
    let w10 = bswap(<u32>two)
    let w11 = bswap(<u32>(two >> 32))
    two = load<u64>(input, 48)
    let w12 = bswap(<u32>two)
    let w13 = bswap(<u32>(two >> 32))
    two = load<u64>(input, 56)
    let w14 = bswap(<u32>two)
    let w15 = bswap(<u32>(two >> 32))
    let x: u32 = 0
    let y = b ^ c
    let k = K
    for (; k < K + 192; k += 64) {
      two = load<u64>(k, 0)
      h += <u32>two + w0
      h += (f ^ g) & e ^ g
      h += sum1(e)
      d += h
      x = a ^ b
      h += x & y ^ b
      h += sum0(a)
      w0 += sigma0(w1) + w9 + sigma1(w14)
      g += <u32>(two >> 32) + w1
      g += (e ^ f) & d ^ f
      g += sum1(d)
      c += g
      y = h ^ a
      g += y & x ^ a
      g += sum0(h)
      w1 += sigma0(w2) + w10 + sigma1(w15)
      two = load<u64>(k, 8)
      f += <u32>two + w2
      f += (d ^ e) & c ^ e
      f += sum1(c)
      b += f
      x = g ^ h
      f += x & y ^ h
      f += sum0(g)
      w2 += sigma0(w3) + w11 + sigma1(w0)
      e += <u32>(two >> 32) + w3
      e += (c ^ d) & b ^ d
      e += sum1(b)
      a += e
      y = f ^ g
      e += y & x ^ g
      e += sum0(f)
      w3 += sigma0(w4) + w12 + sigma1(w1)
      two = load<u64>(k, 16)
      d += <u32>two + w4
      d += (b ^ c) & a ^ c
      d += sum1(a)
      h += d
      x = e ^ f
      d += x & y ^ f
      d += sum0(e)
      w4 += sigma0(w5) + w13 + sigma1(w2)
      c += <u32>(two >> 32) + w5
      c += (a ^ b) & h ^ b
      c += sum1(h)
      g += c
      y = d ^ e
      c += y & x ^ e
      c += sum0(d)
      w5 += sigma0(w6) + w14 + sigma1(w3)
      two = load<u64>(k, 24)
      b += <u32>two + w6
      b += (h ^ a) & g ^ a
      b += sum1(g)
      f += b
      x = c ^ d
      b += x & y ^ d
      b += sum0(c)
      w6 += sigma0(w7) + w15 + sigma1(w4)
      a += <u32>(two >> 32) + w7
      a += (g ^ h) & f ^ h
      a += sum1(f)
      e += a
      y = b ^ c
      a += y & x ^ c
      a += sum0(b)
      w7 += sigma0(w8) + w0 + sigma1(w5)
      two = load<u64>(k, 32)
      h += <u32>two + w8
      h += (f ^ g) & e ^ g
      h += sum1(e)
      d += h
      x = a ^ b
      h += x & y ^ b
      h += sum0(a)
      w8 += sigma0(w9) + w1 + sigma1(w6)
      g += <u32>(two >> 32) + w9
      g += (e ^ f) & d ^ f
      g += sum1(d)
      c += g
      y = h ^ a
      g += y & x ^ a
      g += sum0(h)
      w9 += sigma0(w10) + w2 + sigma1(w7)
      two = load<u64>(k, 40)
      f += <u32>two + w10
      f += (d ^ e) & c ^ e
      f += sum1(c)
      b += f
      x = g ^ h
      f += x & y ^ h
      f += sum0(g)
      w10 += sigma0(w11) + w3 + sigma1(w8)
      e += <u32>(two >> 32) + w11
      e += (c ^ d) & b ^ d
      e += sum1(b)
      a += e
      y = f ^ g
      e += y & x ^ g
      e += sum0(f)
      w11 += sigma0(w12) + w4 + sigma1(w9)
      two = load<u64>(k, 48)
      d += <u32>two + w12
      d += (b ^ c) & a ^ c
      d += sum1(a)
      h += d
      x = e ^ f
      d += x & y ^ f
      d += sum0(e)
      w12 += sigma0(w13) + w5 + sigma1(w10)
      c += <u32>(two >> 32) + w13
      c += (a ^ b) & h ^ b
      c += sum1(h)
      g += c
      y = d ^ e
      c += y & x ^ e
      c += sum0(d)
      w13 += sigma0(w14) + w6 + sigma1(w11)
      two = load<u64>(k, 56)
      b += <u32>two + w14
      b += (h ^ a) & g ^ a
      b += sum1(g)
      f += b
      x = c ^ d
      b += x & y ^ d
      b += sum0(c)
      w14 += sigma0(w15) + w7 + sigma1(w12)
      a += <u32>(two >> 32) + w15
      a += (g ^ h) & f ^ h
      a += sum1(f)
      e += a
      y = b ^ c
      a += y & x ^ c
      a += sum0(b)
      w15 += sigma0(w0) + w8 + sigma1(w13)
    }
    two = load<u64>(k, 0)
    h += <u32>two + w0
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += <u32>(two >> 32) + w1
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    two = load<u64>(k, 8)
    f += <u32>two + w2
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += <u32>(two >> 32) + w3
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    two = load<u64>(k, 16)
    d += <u32>two + w4
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += <u32>(two >> 32) + w5
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    two = load<u64>(k, 24)
    b += <u32>two + w6
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += <u32>(two >> 32) + w7
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
    a += sum0(b)
    two = load<u64>(k, 32)
    h += <u32>two + w8
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += <u32>(two >> 32) + w9
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    two = load<u64>(k, 40)
    f += <u32>two + w10
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += <u32>(two >> 32) + w11
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    two = load<u64>(k, 48)
    d += <u32>two + w12
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += <u32>(two >> 32) + w13
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    two = load<u64>(k, 56)
    b += <u32>two + w14
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += <u32>(two >> 32) + w15
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
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

/** Mixes a block whose 64 words K+W are known into the words at STATE. */
export function compressKnown(kw: usize): void {
  let a = load<u32>(STATE, 0)
  let b = load<u32>(STATE, 4)
  let c = load<u32>(STATE, 8)
  let d = load<u32>(STATE, 12)
  let e = load<u32>(STATE, 16)
  let f = load<u32>(STATE, 20)
  let g = load<u32>(STATE, 24)
  let h = load<u32>(STATE, 28)
  let x: u32 = 0
  let two: u64 = 0
  let y = b ^ c
  for (const end = kw + 256; kw < end; kw += 64) {
    two = load<u64>(kw, 0)
    h += <u32>two
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += <u32>(two >> 32)
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    two = load<u64>(kw, 8)
    f += <u32>two
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += <u32>(two >> 32)
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    two = load<u64>(kw, 16)
    d += <u32>two
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += <u32>(two >> 32)
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    two = load<u64>(kw, 24)
    b += <u32>two
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += <u32>(two >> 32)
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
    a += sum0(b)
    two = load<u64>(kw, 32)
    h += <u32>two
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += <u32>(two >> 32)
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    two = load<u64>(kw, 40)
    f += <u32>two
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += <u32>(two >> 32)
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    two = load<u64>(kw, 48)
    d += <u32>two
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += <u32>(two >> 32)
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    two = load<u64>(kw, 56)
    b += <u32>two
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += <u32>(two >> 32)
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
    a += sum0(b)
  }
  store<u32>(STATE, a + load<u32>(STATE, 0), 0)
  store<u32>(STATE, b + load<u32>(STATE, 4), 4)
  store<u32>(STATE, c + load<u32>(STATE, 8), 8)
  store<u32>(STATE, d + load<u32>(STATE, 12), 12)
  store<u32>(STATE, e + load<u32>(STATE, 16), 16)
  store<u32>(STATE, f + load<u32>(STATE, 20), 20)
  store<u32>(STATE, g + load<u32>(STATE, 24), 24)
  store<u32>(STATE, h + load<u32>(STATE, 28), 28)
}

/** K+W of a block whose 16 words stand at `kw`, in place. */
export function expandKnown(kw: usize): void {
  for (let t: usize = 64; t < 256; t += 4) {
    const at = kw + t
    const word = load<u32>(at - 64) + sigma0(load<u32>(at - 60)) + load<u32>(at - 28) + sigma1(load<u32>(at - 8))
    store<u32>(at, word)
  }
  for (let t: usize = 0; t < 256; t += 4) store<u32>(kw + t, load<u32>(kw + t) + load<u32>(K + t))
}
