/**
 * SHA-256 (FIPS 180-4) in plain TypeScript: the oracle of the kernels and the fallback where WebAssembly is missing.
 *
 * Fast as honest JavaScript goes: the schedule in one Int32Array, the eight state words in locals, `| 0` throughout.
 * It shares no code with the AssemblyScript kernels. Not re-entrant, and need not be: no call yields.
 */

/** Fractional parts of the cube roots of the first 64 primes (§4.2.2). */
const K = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
)

/** Fractional parts of the square roots of the first 8 primes (§5.3.3). */
const INITIAL = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)

export const BLOCK_BYTES = 64
export const HASH_BYTES = 32

/** The 16 words of the block in work. */
const W = new Int32Array(16)
/** The chaining value of the one-shot functions. */
const STATE = new Int32Array(8)
/** The last block or two of a message, padded. */
const TAIL = new Uint8Array(2 * BLOCK_BYTES)
/** K+W of the block in work. */
const KW = new Int32Array(64)
/** K+W of the block that pads every 64-byte message. */
const PADDING_64 = scheduleOfPadding64()

function scheduleOfPadding64(): Int32Array {
  W.fill(0)
  W[0] = 0x80000000 | 0
  W[15] = 512
  extendSchedule()
  return KW.slice()
}

/** K+W from the 16 words in W, which are in locals meanwhile. Arrays of the module are slower to reach than locals, too. */
function extendSchedule(): void {
  const kw = KW
  const k = K
  let w0 = W[0]! | 0
  let w1 = W[1]! | 0
  let w2 = W[2]! | 0
  let w3 = W[3]! | 0
  let w4 = W[4]! | 0
  let w5 = W[5]! | 0
  let w6 = W[6]! | 0
  let w7 = W[7]! | 0
  let w8 = W[8]! | 0
  let w9 = W[9]! | 0
  let w10 = W[10]! | 0
  let w11 = W[11]! | 0
  let w12 = W[12]! | 0
  let w13 = W[13]! | 0
  let w14 = W[14]! | 0
  let w15 = W[15]! | 0
  for (let t = 0; t < 16; t++) kw[t] = k[t]! + W[t]!
  // prettier-ignore
  for (let t = 16; t < 64; t += 16) {
    w0 = (w0 + ((((w1 >>> 7) | (w1 << 25)) ^ ((w1 >>> 18) | (w1 << 14))) ^ (w1 >>> 3)) + w9 + ((((w14 >>> 17) | (w14 << 15)) ^ ((w14 >>> 19) | (w14 << 13))) ^ (w14 >>> 10))) | 0
    kw[t] = k[t]! + w0
    w1 = (w1 + ((((w2 >>> 7) | (w2 << 25)) ^ ((w2 >>> 18) | (w2 << 14))) ^ (w2 >>> 3)) + w10 + ((((w15 >>> 17) | (w15 << 15)) ^ ((w15 >>> 19) | (w15 << 13))) ^ (w15 >>> 10))) | 0
    kw[t + 1] = k[t + 1]! + w1
    w2 = (w2 + ((((w3 >>> 7) | (w3 << 25)) ^ ((w3 >>> 18) | (w3 << 14))) ^ (w3 >>> 3)) + w11 + ((((w0 >>> 17) | (w0 << 15)) ^ ((w0 >>> 19) | (w0 << 13))) ^ (w0 >>> 10))) | 0
    kw[t + 2] = k[t + 2]! + w2
    w3 = (w3 + ((((w4 >>> 7) | (w4 << 25)) ^ ((w4 >>> 18) | (w4 << 14))) ^ (w4 >>> 3)) + w12 + ((((w1 >>> 17) | (w1 << 15)) ^ ((w1 >>> 19) | (w1 << 13))) ^ (w1 >>> 10))) | 0
    kw[t + 3] = k[t + 3]! + w3
    w4 = (w4 + ((((w5 >>> 7) | (w5 << 25)) ^ ((w5 >>> 18) | (w5 << 14))) ^ (w5 >>> 3)) + w13 + ((((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13))) ^ (w2 >>> 10))) | 0
    kw[t + 4] = k[t + 4]! + w4
    w5 = (w5 + ((((w6 >>> 7) | (w6 << 25)) ^ ((w6 >>> 18) | (w6 << 14))) ^ (w6 >>> 3)) + w14 + ((((w3 >>> 17) | (w3 << 15)) ^ ((w3 >>> 19) | (w3 << 13))) ^ (w3 >>> 10))) | 0
    kw[t + 5] = k[t + 5]! + w5
    w6 = (w6 + ((((w7 >>> 7) | (w7 << 25)) ^ ((w7 >>> 18) | (w7 << 14))) ^ (w7 >>> 3)) + w15 + ((((w4 >>> 17) | (w4 << 15)) ^ ((w4 >>> 19) | (w4 << 13))) ^ (w4 >>> 10))) | 0
    kw[t + 6] = k[t + 6]! + w6
    w7 = (w7 + ((((w8 >>> 7) | (w8 << 25)) ^ ((w8 >>> 18) | (w8 << 14))) ^ (w8 >>> 3)) + w0 + ((((w5 >>> 17) | (w5 << 15)) ^ ((w5 >>> 19) | (w5 << 13))) ^ (w5 >>> 10))) | 0
    kw[t + 7] = k[t + 7]! + w7
    w8 = (w8 + ((((w9 >>> 7) | (w9 << 25)) ^ ((w9 >>> 18) | (w9 << 14))) ^ (w9 >>> 3)) + w1 + ((((w6 >>> 17) | (w6 << 15)) ^ ((w6 >>> 19) | (w6 << 13))) ^ (w6 >>> 10))) | 0
    kw[t + 8] = k[t + 8]! + w8
    w9 = (w9 + ((((w10 >>> 7) | (w10 << 25)) ^ ((w10 >>> 18) | (w10 << 14))) ^ (w10 >>> 3)) + w2 + ((((w7 >>> 17) | (w7 << 15)) ^ ((w7 >>> 19) | (w7 << 13))) ^ (w7 >>> 10))) | 0
    kw[t + 9] = k[t + 9]! + w9
    w10 = (w10 + ((((w11 >>> 7) | (w11 << 25)) ^ ((w11 >>> 18) | (w11 << 14))) ^ (w11 >>> 3)) + w3 + ((((w8 >>> 17) | (w8 << 15)) ^ ((w8 >>> 19) | (w8 << 13))) ^ (w8 >>> 10))) | 0
    kw[t + 10] = k[t + 10]! + w10
    w11 = (w11 + ((((w12 >>> 7) | (w12 << 25)) ^ ((w12 >>> 18) | (w12 << 14))) ^ (w12 >>> 3)) + w4 + ((((w9 >>> 17) | (w9 << 15)) ^ ((w9 >>> 19) | (w9 << 13))) ^ (w9 >>> 10))) | 0
    kw[t + 11] = k[t + 11]! + w11
    w12 = (w12 + ((((w13 >>> 7) | (w13 << 25)) ^ ((w13 >>> 18) | (w13 << 14))) ^ (w13 >>> 3)) + w5 + ((((w10 >>> 17) | (w10 << 15)) ^ ((w10 >>> 19) | (w10 << 13))) ^ (w10 >>> 10))) | 0
    kw[t + 12] = k[t + 12]! + w12
    w13 = (w13 + ((((w14 >>> 7) | (w14 << 25)) ^ ((w14 >>> 18) | (w14 << 14))) ^ (w14 >>> 3)) + w6 + ((((w11 >>> 17) | (w11 << 15)) ^ ((w11 >>> 19) | (w11 << 13))) ^ (w11 >>> 10))) | 0
    kw[t + 13] = k[t + 13]! + w13
    w14 = (w14 + ((((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14))) ^ (w15 >>> 3)) + w7 + ((((w12 >>> 17) | (w12 << 15)) ^ ((w12 >>> 19) | (w12 << 13))) ^ (w12 >>> 10))) | 0
    kw[t + 14] = k[t + 14]! + w14
    w15 = (w15 + ((((w0 >>> 7) | (w0 << 25)) ^ ((w0 >>> 18) | (w0 << 14))) ^ (w0 >>> 3)) + w8 + ((((w13 >>> 17) | (w13 << 15)) ^ ((w13 >>> 19) | (w13 << 13))) ^ (w13 >>> 10))) | 0
    kw[t + 15] = k[t + 15]! + w15
  }
}

/**
 * The 64 rounds of §6.2.2 over K+W, eight at a time: the names take turns, so that no word is moved from one to the next.
 * Σ and σ are written out: engines stop inlining small functions in a body of this size.
 */
function rounds(state: Int32Array, kw: Int32Array): void {
  let a = state[0]! | 0
  let b = state[1]! | 0
  let c = state[2]! | 0
  let d = state[3]! | 0
  let e = state[4]! | 0
  let f = state[5]! | 0
  let g = state[6]! | 0
  let h = state[7]! | 0
  // prettier-ignore
  for (let t = 0; t < 64; t += 8) {
    h = (h + kw[t]! + (g ^ (e & (f ^ g))) + ((((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21))) ^ ((e >>> 25) | (e << 7)))) | 0
    d = (d + h) | 0
    h = (h + ((a & b) | (c & (a | b))) + ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19))) ^ ((a >>> 22) | (a << 10)))) | 0
    g = (g + kw[t + 1]! + (f ^ (d & (e ^ f))) + ((((d >>> 6) | (d << 26)) ^ ((d >>> 11) | (d << 21))) ^ ((d >>> 25) | (d << 7)))) | 0
    c = (c + g) | 0
    g = (g + ((h & a) | (b & (h | a))) + ((((h >>> 2) | (h << 30)) ^ ((h >>> 13) | (h << 19))) ^ ((h >>> 22) | (h << 10)))) | 0
    f = (f + kw[t + 2]! + (e ^ (c & (d ^ e))) + ((((c >>> 6) | (c << 26)) ^ ((c >>> 11) | (c << 21))) ^ ((c >>> 25) | (c << 7)))) | 0
    b = (b + f) | 0
    f = (f + ((g & h) | (a & (g | h))) + ((((g >>> 2) | (g << 30)) ^ ((g >>> 13) | (g << 19))) ^ ((g >>> 22) | (g << 10)))) | 0
    e = (e + kw[t + 3]! + (d ^ (b & (c ^ d))) + ((((b >>> 6) | (b << 26)) ^ ((b >>> 11) | (b << 21))) ^ ((b >>> 25) | (b << 7)))) | 0
    a = (a + e) | 0
    e = (e + ((f & g) | (h & (f | g))) + ((((f >>> 2) | (f << 30)) ^ ((f >>> 13) | (f << 19))) ^ ((f >>> 22) | (f << 10)))) | 0
    d = (d + kw[t + 4]! + (c ^ (a & (b ^ c))) + ((((a >>> 6) | (a << 26)) ^ ((a >>> 11) | (a << 21))) ^ ((a >>> 25) | (a << 7)))) | 0
    h = (h + d) | 0
    d = (d + ((e & f) | (g & (e | f))) + ((((e >>> 2) | (e << 30)) ^ ((e >>> 13) | (e << 19))) ^ ((e >>> 22) | (e << 10)))) | 0
    c = (c + kw[t + 5]! + (b ^ (h & (a ^ b))) + ((((h >>> 6) | (h << 26)) ^ ((h >>> 11) | (h << 21))) ^ ((h >>> 25) | (h << 7)))) | 0
    g = (g + c) | 0
    c = (c + ((d & e) | (f & (d | e))) + ((((d >>> 2) | (d << 30)) ^ ((d >>> 13) | (d << 19))) ^ ((d >>> 22) | (d << 10)))) | 0
    b = (b + kw[t + 6]! + (a ^ (g & (h ^ a))) + ((((g >>> 6) | (g << 26)) ^ ((g >>> 11) | (g << 21))) ^ ((g >>> 25) | (g << 7)))) | 0
    f = (f + b) | 0
    b = (b + ((c & d) | (e & (c | d))) + ((((c >>> 2) | (c << 30)) ^ ((c >>> 13) | (c << 19))) ^ ((c >>> 22) | (c << 10)))) | 0
    a = (a + kw[t + 7]! + (h ^ (f & (g ^ h))) + ((((f >>> 6) | (f << 26)) ^ ((f >>> 11) | (f << 21))) ^ ((f >>> 25) | (f << 7)))) | 0
    e = (e + a) | 0
    a = (a + ((b & c) | (d & (b | c))) + ((((b >>> 2) | (b << 30)) ^ ((b >>> 13) | (b << 19))) ^ ((b >>> 22) | (b << 10)))) | 0
  }
  state[0] = (state[0]! + a) | 0
  state[1] = (state[1]! + b) | 0
  state[2] = (state[2]! + c) | 0
  state[3] = (state[3]! + d) | 0
  state[4] = (state[4]! + e) | 0
  state[5] = (state[5]! + f) | 0
  state[6] = (state[6]! + g) | 0
  state[7] = (state[7]! + h) | 0
}

/** Mixes `blocks` whole blocks of `bytes` from `offset` into `state`. */
function compress(state: Int32Array, bytes: Uint8Array, offset: number, blocks: number): void {
  const w = W
  for (let block = 0; block < blocks; block++, offset += BLOCK_BYTES) {
    for (let t = 0, at = offset; t < 16; t++, at += 4)
      w[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    extendSchedule()
    rounds(state, KW)
  }
}

/** Pads and mixes in the last `used` (< 64) bytes, which stand at the start of TAIL, of a message of `length` bytes. */
function finish(state: Int32Array, used: number, length: number): void {
  const blocks = used + 9 > BLOCK_BYTES ? 2 : 1
  const end = blocks * BLOCK_BYTES
  TAIL[used] = 0x80
  TAIL.fill(0, used + 1, end - 8)
  writeWord(TAIL, end - 8, Math.floor(length / 0x20000000))
  writeWord(TAIL, end - 4, length << 3)
  compress(state, TAIL, 0, blocks)
}

function writeWord(out: Uint8Array, offset: number, word: number): void {
  out[offset] = word >>> 24
  out[offset + 1] = word >>> 16
  out[offset + 2] = word >>> 8
  out[offset + 3] = word
}

function writeState(state: Int32Array, out: Uint8Array, offset: number): void {
  for (let word = 0; word < 8; word++) writeWord(out, offset + 4 * word, state[word]!)
}

/**
 * A SHA-256 in progress. Takes any number of updates; `finishInto` ends it. `clone` forks it, which is how a cached
 * midstate is used.
 */
export class Sha256State {
  readonly #state = INITIAL.slice()
  readonly #buffer = new Uint8Array(BLOCK_BYTES)
  #used = 0
  #length = 0

  update(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#length += end - start
    let at = start
    if (this.#used > 0) {
      const taken = Math.min(BLOCK_BYTES - this.#used, end - at)
      this.#buffer.set(bytes.subarray(at, at + taken), this.#used)
      this.#used += taken
      at += taken
      if (this.#used < BLOCK_BYTES) return
      compress(this.#state, this.#buffer, 0, 1)
      this.#used = 0
    }
    const blocks = (end - at) >>> 6
    compress(this.#state, bytes, at, blocks)
    at += blocks * BLOCK_BYTES
    this.#buffer.set(bytes.subarray(at, end))
    this.#used = end - at
  }

  /** Writes the 32-byte digest at `offset`; the state is used up. */
  finishInto(out: Uint8Array, offset: number): void {
    TAIL.set(this.#buffer.subarray(0, this.#used))
    finish(this.#state, this.#used, this.#length)
    writeState(this.#state, out, offset)
  }

  clone(): Sha256State {
    const copy = new Sha256State()
    copy.#state.set(this.#state)
    copy.#buffer.set(this.#buffer)
    copy.#used = this.#used
    copy.#length = this.#length
    return copy
  }
}

/** SHA-256 of `bytes[start, end)` into 32 bytes of `out` at `outOffset`. `out` may overlap the input. */
export function hashInto(bytes: Uint8Array, start: number, end: number, out: Uint8Array, outOffset: number): void {
  STATE.set(INITIAL)
  const length = end - start
  const blocks = Math.floor(length / BLOCK_BYTES)
  compress(STATE, bytes, start, blocks)
  if (length === BLOCK_BYTES) rounds(STATE, PADDING_64)
  else {
    const tail = start + blocks * BLOCK_BYTES
    for (let at = tail; at < end; at++) TAIL[at - tail] = bytes[at]!
    finish(STATE, end - tail, length)
  }
  writeState(STATE, out, outOffset)
}

export function hash(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(HASH_BYTES)
  hashInto(bytes, 0, bytes.length, out, 0)
  return out
}

/** 32 bytes out for each of the equal-length messages that stand one after the other. */
export function hashMany(messages: Uint8Array, messageLength: number): Uint8Array {
  const count = messages.length / messageLength
  const out = new Uint8Array(count * HASH_BYTES)
  for (let index = 0; index < count; index++)
    hashInto(messages, index * messageLength, (index + 1) * messageLength, out, index * HASH_BYTES)
  return out
}
