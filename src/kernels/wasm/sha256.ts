/** SHA-256 over the kernels: one-shot, streaming, many at once, and tagged. */
import { assert } from '../../base/assert.ts'
import type { Hash32 } from '../../base/brand.ts'
import * as checks from '../checks.ts'
import type { Sha256Stream, TaggedHash } from '../contract.ts'
import type { Machine } from './machine.ts'

/** Bytes handed over in one call of a stream: small enough for the second-level cache, a multiple of the block. */
const STREAM_BYTES = 1 << 16
/** Bytes of many messages handed over in one call. */
const BULK_BYTES = 1 << 18

export function sha256(machine: Machine, message: Uint8Array): Hash32 {
  checks.checkBytes('message', message)
  if (message.length > machine.capacity) return new WasmStream(machine).update(message).digest()
  machine.put(message)
  machine.hash(machine.iv, 0, machine.arena, message.length, machine.result)
  return machine.takeResult()
}

/** Streaming SHA-256; between calls the chaining value is kept outside the kernels' memory, so streams may interleave. */
export class WasmStream implements Sha256Stream {
  readonly #machine: Machine
  readonly #state: Uint8Array
  readonly #tail = new Uint8Array(64)
  #used = 0
  #length: number
  #ended = false

  /** Goes on from `midstate` after `hashed` bytes, a multiple of 64. */
  constructor(machine: Machine, midstate: Uint8Array = machine.take(machine.iv, 32), hashed = 0) {
    this.#machine = machine
    this.#state = midstate.slice()
    this.#length = hashed
  }

  update(bytes: Uint8Array): this {
    assert(!this.#ended, 'update after digest')
    checks.checkBytes('bytes', bytes)
    this.#length += bytes.length
    if (this.#used + bytes.length < 64) {
      this.#tail.set(bytes, this.#used)
      this.#used += bytes.length
      return this
    }
    const { bytes: memory, state } = this.#machine
    memory.set(this.#state, state)
    let at = 0
    if (this.#used > 0) {
      bytes = this.#machine.outside(bytes)
      at = 64 - this.#used
      this.#tail.set(bytes.subarray(0, at), this.#used)
      this.#compress(this.#tail, 0, 64)
    }
    const end = bytes.length - ((bytes.length - at) % 64)
    for (; at < end; at += STREAM_BYTES) this.#compress(bytes, at, Math.min(end, at + STREAM_BYTES))
    this.#state.set(memory.subarray(state, state + 32))
    this.#tail.set(bytes.subarray(end))
    this.#used = bytes.length - end
    return this
  }

  digest(): Hash32 {
    assert(!this.#ended, 'digest may be called once')
    this.#ended = true
    const { bytes: memory, call, state, tail, result } = this.#machine
    memory.set(this.#state, state)
    memory.set(this.#tail, tail)
    call.finish(tail, this.#used, this.#length, result)
    return this.#machine.takeResult()
  }

  #compress(bytes: Uint8Array, start: number, end: number): void {
    const { call, arena } = this.#machine
    this.#machine.put(bytes.subarray(start, end))
    call.compress(arena, (end - start) / 64)
  }
}

/**
 * 32 bytes out for each of the equal-length messages, after what made the chaining value at `from`, and after the byte
 * `prefix` unless that is negative.
 */
export function hashMany(
  machine: Machine,
  from: number,
  hashed: number,
  prefix: number,
  messages: Uint8Array,
  messageLength: number,
): Uint8Array {
  const count = checks.checkMessages(messages, messageLength)
  const out = new Uint8Array(32 * count)
  const batch = batchOf(machine, messages, messageLength, count)
  if (batch < count) messages = machine.outside(messages)
  const digests = machine.arena + batch * messageLength
  for (let index = 0; index < count; index += batch) {
    const end = Math.min(count, index + batch)
    machine.put(messages.subarray(index * messageLength, end * messageLength))
    machine.call.hashMany(from, hashed, prefix, machine.arena, messageLength, end - index, digests)
    out.set(machine.bytes.subarray(digests, digests + 32 * (end - index)), 32 * index)
  }
  return out
}

/** Messages in one call: all of them if they stand in the arena already and their digests fit behind them. */
function batchOf(machine: Machine, messages: Uint8Array, messageLength: number, count: number): number {
  const each = messageLength + 32
  if (machine.holds(messages) && count * each <= machine.capacity) return count
  return Math.floor(Math.min(machine.capacity, Math.max(BULK_BYTES, each)) / each)
}

/** True if one message and its digest fit the arena: hashMany works. */
export const fits = (machine: Machine, messageLength: number): boolean => messageLength + 32 <= machine.capacity

/** For messages that do not fit: each through its own stream. */
export function streamMany(messages: Uint8Array, messageLength: number, newStream: () => Sha256Stream): Uint8Array {
  const count = checks.checkMessages(messages, messageLength)
  const out = new Uint8Array(32 * count)
  for (let index = 0; index < count; index++)
    out.set(
      newStream()
        .update(messages.subarray(index * messageLength, (index + 1) * messageLength))
        .digest(),
      32 * index,
    )
  return out
}

export class WasmTaggedHash implements TaggedHash {
  readonly #machine: Machine
  readonly #midstate: Uint8Array
  readonly #slot: number | undefined

  constructor(machine: Machine, tag: string) {
    this.#machine = machine
    const prefix = sha256(machine, checks.utf8(tag))
    machine.bytes.copyWithin(machine.state, machine.iv, machine.iv + 32)
    machine.put(prefix)
    machine.put(prefix, 32)
    machine.call.compress(machine.arena, 1)
    this.#midstate = machine.take(machine.state, 32)
    this.#slot = machine.claimMidstate()
    if (this.#slot !== undefined) machine.bytes.set(this.#midstate, this.#slot)
  }

  /** Where the midstate stands until the next call; tags beyond the room for them pass through RESULT + 64. */
  address(): number {
    if (this.#slot !== undefined) return this.#slot
    this.#machine.bytes.set(this.#midstate, this.#machine.result + 64)
    return this.#machine.result + 64
  }

  hash(...parts: readonly Uint8Array[]): Hash32 {
    const machine = this.#machine
    let length = 0
    for (const part of parts) {
      checks.checkBytes('part', part)
      length += part.length
    }
    if (length > machine.capacity) return this.#stream(parts)
    length = 0
    for (const part of parts) {
      machine.put(part, length)
      length += part.length
    }
    machine.hash(this.address(), 64, machine.arena, length, machine.result)
    return machine.takeResult()
  }

  hashMany(messages: Uint8Array, messageLength: number): Uint8Array {
    if (!fits(this.#machine, messageLength))
      return streamMany(messages, messageLength, () => new WasmStream(this.#machine, this.#midstate, 64))
    return hashMany(this.#machine, this.address(), 64, -1, messages, messageLength)
  }

  #stream(parts: readonly Uint8Array[]): Hash32 {
    const stream = new WasmStream(this.#machine, this.#midstate, 64)
    for (const part of parts) stream.update(part)
    return stream.digest()
  }
}
