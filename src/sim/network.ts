/**
 * The simulated network: directed links with latency, jitter, loss, doubling, partitions and eclipses, and one uplink per
 * node with a bandwidth. Late and out-of-order arrival follow from jitter.
 */
import type { Prng } from '../base/prng.ts'
import type { EventQueue } from './event-queue.ts'

export interface NetworkModel {
  /** Least one-way delay. */
  readonly latencyMs: number
  /** Each message is delayed by up to this much more, uniformly; one in fifty by up to ten times as much. */
  readonly jitterMs: number
  /** Chance that a message is lost. */
  readonly loss: number
  /** Chance that it arrives twice. */
  readonly doubling: number
  /** Of each node's uplink; messages queue. */
  readonly bytesPerSecond: number
  /**
   * Undefined: who broadcasts sends to each node itself. Else through a tree: each node that hears it hands it on to this
   * many others, in an order drawn anew for each message.
   */
  readonly fanOut?: number
}

export const GOOD_NETWORK: NetworkModel = {
  latencyMs: 10,
  jitterMs: 10,
  loss: 0,
  doubling: 0,
  bytesPerSecond: 12_500_000,
}

/** Bytes that a frame costs on a wire beside its content: TCP/IP headers and encryption tags. */
const FRAME_OVERHEAD_BYTES = 80

export interface Traffic {
  messages: number
  bytes: number
}

export class SimNetwork {
  model: NetworkModel
  /** Group of each node; messages pass only within a group. Undefined: no partition. */
  #groups: readonly number[] | undefined
  /** Nodes whose links lead to these others only. */
  readonly #eclipsed = new Map<number, ReadonlySet<number>>()
  readonly traffic: readonly Traffic[]
  readonly #queue: EventQueue
  readonly #prng: Prng
  readonly #uplinkFreeMs: number[]
  readonly #deliver: (from: number, to: number, bytes: Uint8Array) => void

  constructor(
    queue: EventQueue,
    prng: Prng,
    model: NetworkModel,
    nodeCount: number,
    deliver: (from: number, to: number, bytes: Uint8Array) => void,
  ) {
    this.#queue = queue
    this.#prng = prng
    this.model = model
    this.traffic = Array.from({ length: nodeCount }, () => ({ messages: 0, bytes: 0 }))
    this.#uplinkFreeMs = Array.from({ length: nodeCount }, () => 0)
    this.#deliver = deliver
  }

  get nodeCount(): number {
    return this.traffic.length
  }

  partition(groups: readonly number[]): void {
    this.#groups = groups
  }

  /** Leaves `victim` no other links than those to `friends`: somebody has taken the rest. */
  eclipse(victim: number, friends: ReadonlySet<number>): void {
    this.#eclipsed.set(victim, friends)
  }

  endEclipse(victim: number): void {
    this.#eclipsed.delete(victim)
  }

  heal(): void {
    this.#groups = undefined
    this.#eclipsed.clear()
  }

  send(from: number, to: number, bytes: Uint8Array): void {
    const { model } = this
    this.#charge(from, bytes)
    const sentMs = this.#uplinkFreeMs[from]!
    const copies = this.#prng.chance(model.doubling) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.#prng.chance(model.loss)) continue
      this.#queue.at(sentMs + this.#delayMs(), () => this.#arrive(from, to, bytes))
    }
  }

  broadcast(from: number, bytes: Uint8Array): void {
    const { fanOut } = this.model
    if (fanOut !== undefined) return this.#spread(from, bytes, fanOut)
    for (let to = 0; to < this.nodeCount; to++) if (to !== from) this.send(from, to, bytes)
  }

  /** Place 0 of the tree is the author; place p hands on to the places p·k + 1 … p·k + k. */
  #spread(author: number, bytes: Uint8Array, fanOut: number): void {
    const others = Array.from({ length: this.nodeCount }, (_, index) => index).filter((index) => index !== author)
    const order = [author, ...this.#prng.shuffled(others)]
    const handOn = (place: number): void => {
      for (let child = place * fanOut + 1; child <= (place + 1) * fanOut && child < order.length; child++) {
        const [from, to] = [order[place]!, order[child]!]
        this.#charge(from, bytes)
        this.#queue.at(this.#uplinkFreeMs[from]! + this.#delayMs(), () => {
          this.#deliver(author, to, bytes)
          handOn(child)
        })
      }
    }
    handOn(0)
  }

  /** Puts a frame on a node's uplink behind what is there. */
  #charge(from: number, bytes: Uint8Array): void {
    const frameBytes = bytes.length + FRAME_OVERHEAD_BYTES
    const traffic = this.traffic[from]!
    traffic.messages++
    traffic.bytes += frameBytes
    const startMs = Math.max(this.#queue.nowMs, this.#uplinkFreeMs[from]!)
    this.#uplinkFreeMs[from] = startMs + (1000 * frameBytes) / this.model.bytesPerSecond
  }

  /** A partition cuts what is under way, too. */
  #arrive(from: number, to: number, bytes: Uint8Array): void {
    if (this.#groups !== undefined && this.#groups[from] !== this.#groups[to]) return
    if (this.#eclipsed.get(from)?.has(to) === false || this.#eclipsed.get(to)?.has(from) === false) return
    this.#deliver(from, to, bytes)
  }

  #delayMs(): number {
    const { latencyMs, jitterMs } = this.model
    const stretch = this.#prng.chance(0.02) ? 10 : 1
    return latencyMs + jitterMs * stretch * this.#prng.float()
  }
}
