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

/** The message schedule of the block in work. */
const W = new Int32Array(64)
/** The chaining value of the one-shot functions. */
const STATE = new Int32Array(8)
/** The last block or two of a message, padded. */
const TAIL = new Uint8Array(2 * BLOCK_BYTES)
/** The schedule of the block that pads every 64-byte message. */
const PADDING_64 = scheduleOfPadding64()

function scheduleOfPadding64(): Int32Array {
  const schedule = new Int32Array(64)
  schedule[0] = 0x80000000 | 0
  schedule[15] = 512
  extendSchedule(schedule)
  return schedule
}

function extendSchedule(w: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    const w15 = w[t - 15]!
    const w2 = w[t - 2]!
    const s0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3)
    const s1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10)
    w[t] = (w[t - 16]! + s0 + w[t - 7]! + s1) | 0
  }
}

/** The 64 rounds of §6.2.2 over a finished schedule. */
function rounds(state: Int32Array, w: Int32Array): void {
  let a = state[0]! | 0
  let b = state[1]! | 0
  let c = state[2]! | 0
  let d = state[3]! | 0
  let e = state[4]! | 0
  let f = state[5]! | 0
  let g = state[6]! | 0
  let h = state[7]! | 0
  for (let t = 0; t < 64; t++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + sum1 + (g ^ (e & (f ^ g))) + K[t]! + w[t]!) | 0
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (sum0 + ((a & b) | (c & (a | b)))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
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
  for (let block = 0; block < blocks; block++, offset += BLOCK_BYTES) {
    for (let t = 0, at = offset; t < 16; t++, at += 4)
      W[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    extendSchedule(W)
    rounds(state, W)
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
