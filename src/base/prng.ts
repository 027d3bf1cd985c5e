/**
 * Seeded pseudo-random numbers for simulation and tests (xoshiro128**, seeded by splitmix32). Never for keys.
 * The same seed gives the same sequence on every engine.
 */
export class Prng {
  readonly seed: string
  #s0: number
  #s1: number
  #s2: number
  #s3: number

  constructor(seed: string | number) {
    this.seed = String(seed)
    let state = 0x9e3779b9
    for (let index = 0; index < this.seed.length; index++)
      state = Math.imul(state ^ this.seed.charCodeAt(index), 0x85ebca6b) ^ (state >>> 13)
    const next = () => {
      state = (state + 0x9e3779b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return mixed ^ (mixed >>> 15)
    }
    this.#s0 = next()
    this.#s1 = next()
    this.#s2 = next()
    this.#s3 = next() | 1
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const product = Math.imul(this.#s1, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9)
    const shifted = this.#s1 << 9
    this.#s2 ^= this.#s0
    this.#s3 ^= this.#s1
    this.#s1 ^= this.#s2
    this.#s0 ^= this.#s3
    this.#s2 ^= shifted
    this.#s3 = (this.#s3 << 11) | (this.#s3 >>> 21)
    return result >>> 0
  }

  /** Uniform in [0, 1). */
  float(): number {
    return this.uint32() / 4294967296
  }

  /** Uniform integer in [0, bound), bound at most 2^32. */
  below(bound: number): number {
    return Math.floor(this.float() * bound)
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.float() < p
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let index = 0; index < length; index++) bytes[index] = this.uint32() >>> 24
    return bytes
  }

  /** Uniform in [0, 2^64). */
  uint64(): bigint {
    return (BigInt(this.uint32()) << 32n) | BigInt(this.uint32())
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const shuffledItems = [...items]
    for (let index = shuffledItems.length - 1; index > 0; index--) {
      const other = this.below(index + 1)
      ;[shuffledItems[index], shuffledItems[other]] = [shuffledItems[other]!, shuffledItems[index]!]
    }
    return shuffledItems
  }

  /** An independent generator for a named part of the world. */
  fork(name: string): Prng {
    return new Prng(`${this.seed}/${name}`)
  }
}
