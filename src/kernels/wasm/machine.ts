/**
 * One instance of a kernel module: its raw exports, its memory and the arena in it. The layout is drawn in
 * assembly/memory.ts; addresses come from the module's own exports.
 *
 * The memory never grows, so the view is made once. Callers have checked their arguments (../checks.ts).
 */
import { assert } from '../../base/assert.ts'

/** What assembly/index.ts exports. Addresses and counts are numbers, 64-bit values bigints. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory
  readonly ARENA: WebAssembly.Global<'i32'>
  readonly ARENA_END: WebAssembly.Global<'i32'>
  readonly MIDSTATES: WebAssembly.Global<'i32'>
  readonly MIDSTATE_COUNT: WebAssembly.Global<'i32'>
  readonly RESULT: WebAssembly.Global<'i32'>
  readonly STATE: WebAssembly.Global<'i32'>
  readonly TAILS: WebAssembly.Global<'i32'>
  readonly IV: WebAssembly.Global<'i32'>
  readonly LANES: WebAssembly.Global<'i32'>
  readonly SELECT_DIGEST: WebAssembly.Global<'i32'>
  readonly STATE_ENTRY_BYTES: WebAssembly.Global<'i32'>
  readonly AUDIT_MEMBER_BYTES: WebAssembly.Global<'i32'>
  start(): void
  compress(input: number, blocks: number): void
  hash(from: number, hashed: number, input: number, length: number, out: number): void
  finish(tail: number, used: number, bytes: number, out: number): void
  hashMany(
    from: number,
    hashed: number,
    prefix: number,
    input: number,
    length: number,
    count: number,
    out: number,
  ): void
  merkleRoot(hashes: number, count: number, work: number): void
  hashTree64(hashes: number, count: number, work: number): void
  buildTree(hashes: number, count: number): number
  treeProofs(hashes: number, count: number, indices: number, wanted: number, out: number): number
  foldProofs(proofs: number, count: number): void
  auditDraws(
    draws: number,
    drawCount: number,
    count: number,
    expected: bigint,
    drawTag: number,
    seatTag: number,
  ): number
  inclusionProof(hashes: number, count: number, index: number, out: number): number
  consistencyProof(hashes: number, count: number, first: number, out: number): number
  rootFromInclusion(index: bigint, size: bigint, root: number, path: number, length: number): number
  verifyConsistency(first: bigint, second: bigint, roots: number, proof: number, length: number): number
  stateRoot(count: number, depth: number): number
  select(n: bigint, total: bigint, expected: bigint, digest: number): bigint
}

export class Machine {
  readonly call: KernelExports
  /** All of the module's memory. */
  readonly bytes: Uint8Array
  private readonly buffer: ArrayBufferLike
  /** The kernel that is called most, reachable without a detour. */
  readonly hash: KernelExports['hash']
  readonly arena: number
  /** Bytes in the arena. */
  readonly capacity: number
  readonly result: number
  readonly state: number
  readonly tail: number
  readonly iv: number
  private readonly resultView: Uint8Array
  #midstates = 0

  constructor(instance: WebAssembly.Instance) {
    this.call = instance.exports as unknown as KernelExports
    this.call.start()
    this.buffer = this.call.memory.buffer
    this.bytes = new Uint8Array(this.buffer)
    this.hash = this.call.hash
    this.arena = this.call.ARENA.value
    this.capacity = this.call.ARENA_END.value - this.arena
    this.result = this.call.RESULT.value
    this.resultView = this.bytes.subarray(this.result, this.result + 32)
    this.state = this.call.STATE.value
    this.tail = this.call.TAILS.value
    this.iv = this.call.IV.value
    assert(this.arena + this.capacity <= this.bytes.length, 'the arena must lie within the memory')
  }

  get name(): 'scalar' | 'simd' {
    return this.call.LANES.value === 1 ? 'scalar' : 'simd'
  }

  /** Copies `bytes` to the arena at `offset`, unless they stand there already (see Kernels.inputView). */
  put(bytes: Uint8Array, offset = 0): void {
    assert(offset + bytes.length <= this.capacity, 'bytes must fit the arena')
    const at = this.arena + offset
    if (!this.holds(bytes) || bytes.byteOffset !== at) this.bytes.set(bytes, at)
  }

  /** True for a view into this memory (see Kernels.inputView), which a call may overwrite while it works. */
  holds(bytes: Uint8Array): boolean {
    return bytes.buffer === this.buffer
  }

  /** `bytes`, or a copy outside if they stand in this memory: for what is read in several calls. */
  outside(bytes: Uint8Array): Uint8Array {
    return this.holds(bytes) ? bytes.slice() : bytes
  }

  /** A copy of the 32 bytes at RESULT. (Copying by the constructor is 10 ns faster in V8 and 60 ns slower in Firefox.) */
  takeResult(): Uint8Array {
    const digest = new Uint8Array(32)
    digest.set(this.resultView)
    return digest
  }

  /** A copy of `length` bytes of memory at `address`. */
  take(address: number, length: number): Uint8Array {
    return this.bytes.slice(address, address + length)
  }

  /** Room for a midstate that stays, or undefined when all are taken. */
  claimMidstate(): number | undefined {
    if (this.#midstates >= this.call.MIDSTATE_COUNT.value) return undefined
    return this.call.MIDSTATES.value + 32 * this.#midstates++
  }
}
