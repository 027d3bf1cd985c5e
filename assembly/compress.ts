/**
 * SHA-256, one message at a time. The scalar build computes the schedule word by word between the rounds; the SIMD build has
 * compress-hybrid.ts for that.
 *
 * State words live in locals for a whole call; a loop body holds 16 rounds, so the names come round to where they began and
 * nothing is moved. Maj(a, b, c) = ((a ⊕ b) ∧ (b ⊕ c)) ⊕ b, where b ⊕ c is the a ⊕ b of the round before.
 */
import { compressHybrid } from './compress-hybrid'
import { K } from './constants'
import { SCHEDULE } from './memory'

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

/** Mixes `blocks` ≥ 1 message blocks at `input` into the eight words at `state` (host order). */
export function compress(state: usize, input: usize, blocks: i32): void {
  if (ASC_FEATURE_SIMD) compressHybrid(state, input, blocks)
  else compressScalar(state, input, blocks)
}

function compressScalar(state: usize, input: usize, blocks: i32): void {
  let a = load<u32>(state)
  let b = load<u32>(state, 4)
  let c = load<u32>(state, 8)
  let d = load<u32>(state, 12)
  let e = load<u32>(state, 16)
  let f = load<u32>(state, 20)
  let g = load<u32>(state, 24)
  let h = load<u32>(state, 28)
  for (; blocks > 0; blocks--) {
    for (let at: usize = 0; at < 64; at += 4) store<u32>(SCHEDULE + at, bswap(load<u32>(input + at)))
    let x: u32 = 0
    let y = b ^ c
    let k = K
    for (; k < K + 192; k += 64) {
      h += load<u32>(k, 0) + load<u32>(SCHEDULE, 0)
      h += (f ^ g) & e ^ g
      h += sum1(e)
      d += h
      x = a ^ b
      h += x & y ^ b
      h += sum0(a)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 0) + sigma0(load<u32>(SCHEDULE, 4)) + load<u32>(SCHEDULE, 36) + sigma1(load<u32>(SCHEDULE, 56)), 0)
      g += load<u32>(k, 4) + load<u32>(SCHEDULE, 4)
      g += (e ^ f) & d ^ f
      g += sum1(d)
      c += g
      y = h ^ a
      g += y & x ^ a
      g += sum0(h)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 4) + sigma0(load<u32>(SCHEDULE, 8)) + load<u32>(SCHEDULE, 40) + sigma1(load<u32>(SCHEDULE, 60)), 4)
      f += load<u32>(k, 8) + load<u32>(SCHEDULE, 8)
      f += (d ^ e) & c ^ e
      f += sum1(c)
      b += f
      x = g ^ h
      f += x & y ^ h
      f += sum0(g)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 8) + sigma0(load<u32>(SCHEDULE, 12)) + load<u32>(SCHEDULE, 44) + sigma1(load<u32>(SCHEDULE, 0)), 8)
      e += load<u32>(k, 12) + load<u32>(SCHEDULE, 12)
      e += (c ^ d) & b ^ d
      e += sum1(b)
      a += e
      y = f ^ g
      e += y & x ^ g
      e += sum0(f)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 12) + sigma0(load<u32>(SCHEDULE, 16)) + load<u32>(SCHEDULE, 48) + sigma1(load<u32>(SCHEDULE, 4)), 12)
      d += load<u32>(k, 16) + load<u32>(SCHEDULE, 16)
      d += (b ^ c) & a ^ c
      d += sum1(a)
      h += d
      x = e ^ f
      d += x & y ^ f
      d += sum0(e)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 16) + sigma0(load<u32>(SCHEDULE, 20)) + load<u32>(SCHEDULE, 52) + sigma1(load<u32>(SCHEDULE, 8)), 16)
      c += load<u32>(k, 20) + load<u32>(SCHEDULE, 20)
      c += (a ^ b) & h ^ b
      c += sum1(h)
      g += c
      y = d ^ e
      c += y & x ^ e
      c += sum0(d)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 20) + sigma0(load<u32>(SCHEDULE, 24)) + load<u32>(SCHEDULE, 56) + sigma1(load<u32>(SCHEDULE, 12)), 20)
      b += load<u32>(k, 24) + load<u32>(SCHEDULE, 24)
      b += (h ^ a) & g ^ a
      b += sum1(g)
      f += b
      x = c ^ d
      b += x & y ^ d
      b += sum0(c)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 24) + sigma0(load<u32>(SCHEDULE, 28)) + load<u32>(SCHEDULE, 60) + sigma1(load<u32>(SCHEDULE, 16)), 24)
      a += load<u32>(k, 28) + load<u32>(SCHEDULE, 28)
      a += (g ^ h) & f ^ h
      a += sum1(f)
      e += a
      y = b ^ c
      a += y & x ^ c
      a += sum0(b)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 28) + sigma0(load<u32>(SCHEDULE, 32)) + load<u32>(SCHEDULE, 0) + sigma1(load<u32>(SCHEDULE, 20)), 28)
      h += load<u32>(k, 32) + load<u32>(SCHEDULE, 32)
      h += (f ^ g) & e ^ g
      h += sum1(e)
      d += h
      x = a ^ b
      h += x & y ^ b
      h += sum0(a)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 32) + sigma0(load<u32>(SCHEDULE, 36)) + load<u32>(SCHEDULE, 4) + sigma1(load<u32>(SCHEDULE, 24)), 32)
      g += load<u32>(k, 36) + load<u32>(SCHEDULE, 36)
      g += (e ^ f) & d ^ f
      g += sum1(d)
      c += g
      y = h ^ a
      g += y & x ^ a
      g += sum0(h)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 36) + sigma0(load<u32>(SCHEDULE, 40)) + load<u32>(SCHEDULE, 8) + sigma1(load<u32>(SCHEDULE, 28)), 36)
      f += load<u32>(k, 40) + load<u32>(SCHEDULE, 40)
      f += (d ^ e) & c ^ e
      f += sum1(c)
      b += f
      x = g ^ h
      f += x & y ^ h
      f += sum0(g)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 40) + sigma0(load<u32>(SCHEDULE, 44)) + load<u32>(SCHEDULE, 12) + sigma1(load<u32>(SCHEDULE, 32)), 40)
      e += load<u32>(k, 44) + load<u32>(SCHEDULE, 44)
      e += (c ^ d) & b ^ d
      e += sum1(b)
      a += e
      y = f ^ g
      e += y & x ^ g
      e += sum0(f)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 44) + sigma0(load<u32>(SCHEDULE, 48)) + load<u32>(SCHEDULE, 16) + sigma1(load<u32>(SCHEDULE, 36)), 44)
      d += load<u32>(k, 48) + load<u32>(SCHEDULE, 48)
      d += (b ^ c) & a ^ c
      d += sum1(a)
      h += d
      x = e ^ f
      d += x & y ^ f
      d += sum0(e)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 48) + sigma0(load<u32>(SCHEDULE, 52)) + load<u32>(SCHEDULE, 20) + sigma1(load<u32>(SCHEDULE, 40)), 48)
      c += load<u32>(k, 52) + load<u32>(SCHEDULE, 52)
      c += (a ^ b) & h ^ b
      c += sum1(h)
      g += c
      y = d ^ e
      c += y & x ^ e
      c += sum0(d)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 52) + sigma0(load<u32>(SCHEDULE, 56)) + load<u32>(SCHEDULE, 24) + sigma1(load<u32>(SCHEDULE, 44)), 52)
      b += load<u32>(k, 56) + load<u32>(SCHEDULE, 56)
      b += (h ^ a) & g ^ a
      b += sum1(g)
      f += b
      x = c ^ d
      b += x & y ^ d
      b += sum0(c)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 56) + sigma0(load<u32>(SCHEDULE, 60)) + load<u32>(SCHEDULE, 28) + sigma1(load<u32>(SCHEDULE, 48)), 56)
      a += load<u32>(k, 60) + load<u32>(SCHEDULE, 60)
      a += (g ^ h) & f ^ h
      a += sum1(f)
      e += a
      y = b ^ c
      a += y & x ^ c
      a += sum0(b)
      store<u32>(SCHEDULE, load<u32>(SCHEDULE, 60) + sigma0(load<u32>(SCHEDULE, 0)) + load<u32>(SCHEDULE, 32) + sigma1(load<u32>(SCHEDULE, 52)), 60)
    }
    h += load<u32>(k, 0) + load<u32>(SCHEDULE, 0)
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += load<u32>(k, 4) + load<u32>(SCHEDULE, 4)
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    f += load<u32>(k, 8) + load<u32>(SCHEDULE, 8)
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += load<u32>(k, 12) + load<u32>(SCHEDULE, 12)
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    d += load<u32>(k, 16) + load<u32>(SCHEDULE, 16)
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += load<u32>(k, 20) + load<u32>(SCHEDULE, 20)
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    b += load<u32>(k, 24) + load<u32>(SCHEDULE, 24)
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += load<u32>(k, 28) + load<u32>(SCHEDULE, 28)
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
    a += sum0(b)
    h += load<u32>(k, 32) + load<u32>(SCHEDULE, 32)
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += load<u32>(k, 36) + load<u32>(SCHEDULE, 36)
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    f += load<u32>(k, 40) + load<u32>(SCHEDULE, 40)
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += load<u32>(k, 44) + load<u32>(SCHEDULE, 44)
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    d += load<u32>(k, 48) + load<u32>(SCHEDULE, 48)
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += load<u32>(k, 52) + load<u32>(SCHEDULE, 52)
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    b += load<u32>(k, 56) + load<u32>(SCHEDULE, 56)
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += load<u32>(k, 60) + load<u32>(SCHEDULE, 60)
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
    a += sum0(b)
    store<u32>(state, (a += load<u32>(state)))
    store<u32>(state, (b += load<u32>(state, 4)), 4)
    store<u32>(state, (c += load<u32>(state, 8)), 8)
    store<u32>(state, (d += load<u32>(state, 12)), 12)
    store<u32>(state, (e += load<u32>(state, 16)), 16)
    store<u32>(state, (f += load<u32>(state, 20)), 20)
    store<u32>(state, (g += load<u32>(state, 24)), 24)
    store<u32>(state, (h += load<u32>(state, 28)), 28)
    input += 64
  }
}

/** Mixes a block whose 64 words K+W are known into the words at `state`. */
export function compressKnown(state: usize, kw: usize): void {
  let a = load<u32>(state)
  let b = load<u32>(state, 4)
  let c = load<u32>(state, 8)
  let d = load<u32>(state, 12)
  let e = load<u32>(state, 16)
  let f = load<u32>(state, 20)
  let g = load<u32>(state, 24)
  let h = load<u32>(state, 28)
  let x: u32 = 0
  let y = b ^ c
  for (const end = kw + 256; kw < end; kw += 64) {
    h += load<u32>(kw, 0)
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += load<u32>(kw, 4)
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    f += load<u32>(kw, 8)
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += load<u32>(kw, 12)
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    d += load<u32>(kw, 16)
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += load<u32>(kw, 20)
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    b += load<u32>(kw, 24)
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += load<u32>(kw, 28)
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
    a += sum0(b)
    h += load<u32>(kw, 32)
    h += (f ^ g) & e ^ g
    h += sum1(e)
    d += h
    x = a ^ b
    h += x & y ^ b
    h += sum0(a)
    g += load<u32>(kw, 36)
    g += (e ^ f) & d ^ f
    g += sum1(d)
    c += g
    y = h ^ a
    g += y & x ^ a
    g += sum0(h)
    f += load<u32>(kw, 40)
    f += (d ^ e) & c ^ e
    f += sum1(c)
    b += f
    x = g ^ h
    f += x & y ^ h
    f += sum0(g)
    e += load<u32>(kw, 44)
    e += (c ^ d) & b ^ d
    e += sum1(b)
    a += e
    y = f ^ g
    e += y & x ^ g
    e += sum0(f)
    d += load<u32>(kw, 48)
    d += (b ^ c) & a ^ c
    d += sum1(a)
    h += d
    x = e ^ f
    d += x & y ^ f
    d += sum0(e)
    c += load<u32>(kw, 52)
    c += (a ^ b) & h ^ b
    c += sum1(h)
    g += c
    y = d ^ e
    c += y & x ^ e
    c += sum0(d)
    b += load<u32>(kw, 56)
    b += (h ^ a) & g ^ a
    b += sum1(g)
    f += b
    x = c ^ d
    b += x & y ^ d
    b += sum0(c)
    a += load<u32>(kw, 60)
    a += (g ^ h) & f ^ h
    a += sum1(f)
    e += a
    y = b ^ c
    a += y & x ^ c
    a += sum0(b)
  }
  store<u32>(state, a + load<u32>(state))
  store<u32>(state, b + load<u32>(state, 4), 4)
  store<u32>(state, c + load<u32>(state, 8), 8)
  store<u32>(state, d + load<u32>(state, 12), 12)
  store<u32>(state, e + load<u32>(state, 16), 16)
  store<u32>(state, f + load<u32>(state, 20), 20)
  store<u32>(state, g + load<u32>(state, 24), 24)
  store<u32>(state, h + load<u32>(state, 28), 28)
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
