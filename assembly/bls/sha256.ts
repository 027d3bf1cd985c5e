/** SHA-256 of one message in memory: rolled loops, since it is a thousandth of a verification. Independent of assembly/hash.ts. */
import { HASH_SCHEDULE, HASH_STATE } from './memory'

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
])
const IV: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
])

function loadBigEndian(from: usize): u32 {
  return bswap<u32>(load<u32>(from))
}

function compress(block: usize): void {
  for (let at: usize = 0; at < 64; at += 4) store<u32>(HASH_SCHEDULE + at, loadBigEndian(block + at))
  for (let w: usize = HASH_SCHEDULE + 64; w < HASH_SCHEDULE + 256; w += 4) {
    const w15 = load<u32>(w - 60)
    const w2 = load<u32>(w - 8)
    const s0 = rotr(w15, 7) ^ rotr(w15, 18) ^ (w15 >> 3)
    const s1 = rotr(w2, 17) ^ rotr(w2, 19) ^ (w2 >> 10)
    store<u32>(w, load<u32>(w - 64) + s0 + load<u32>(w - 28) + s1)
  }
  let a = load<u32>(HASH_STATE, 0)
  let b = load<u32>(HASH_STATE, 4)
  let c = load<u32>(HASH_STATE, 8)
  let d = load<u32>(HASH_STATE, 12)
  let e = load<u32>(HASH_STATE, 16)
  let f = load<u32>(HASH_STATE, 20)
  let g = load<u32>(HASH_STATE, 24)
  let h = load<u32>(HASH_STATE, 28)
  for (let at: usize = 0; at < 256; at += 4) {
    const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(K + at) + load<u32>(HASH_SCHEDULE + at)
    const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
    h = g
    g = f
    f = e
    e = d + t1
    d = c
    c = b
    b = a
    a = t1 + t2
  }
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 0) + a, 0)
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 4) + b, 4)
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 8) + c, 8)
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 12) + d, 12)
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 16) + e, 16)
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 20) + f, 20)
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 24) + g, 24)
  store<u32>(HASH_STATE, load<u32>(HASH_STATE, 28) + h, 28)
}

/** digest = SHA-256 of [message, message + length). Writes up to 72 bytes of padding behind the message. */
export function sha256(digest: usize, message: usize, length: usize): void {
  for (let at: usize = 0; at < 32; at += 4) store<u32>(HASH_STATE + at, load<u32>(IV + at))
  const end = message + length
  const padded = message + ((length + 72) & ~63)
  for (let at = end; at < padded; at++) store<u8>(at, 0)
  store<u8>(end, 0x80)
  store<u32>(padded - 4, bswap<u32>((<u32>length) << 3))
  for (let block = message; block < padded; block += 64) compress(block)
  for (let at: usize = 0; at < 32; at += 4) store<u32>(digest + at, loadBigEndian(HASH_STATE + at))
}
