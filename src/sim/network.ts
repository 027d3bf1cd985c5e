/**
 * The simulated network: directed links with latency, jitter, loss, doubling, partitions and eclipses, and one uplink per
 * node with a bandwidth. Late and out-of-order arrival follow from jitter.
 */
import type { Prng } from '../base/prng.ts'
import type { CubeOverlay } from '../cube/overlay.ts'
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
  /**
   * Undefined: every node is connected to every other. Else only along the cube's links: a message to one node goes hop by hop,
   * at the same time over so many ways without a common shard between, and the first copy that comes through counts. A
   * broadcast takes a tree over links, of `fanOut`.
   */
  readonly routes?: number
}

/** What the cube has to do with the network, as the world knows it. */
export interface Relaying {
  overlay: CubeOverlay | undefined
  /** False for a node that hands nothing on: it is down, or faulty. */
  mayRelay(node: number): boolean
}

/** Messages to one node that took hops through others. */
export interface RelayCounts {
  /** Sent over more than one hop, and those of them that arrived. */
  messages: number
  delivered: number
  /** Hops of the copy that came first, summed. */
  hops: number
  /** Copies that came after the first, and copies that a node did not hand on. */
  duplicates: number
  dropped: number
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
/**
 * What a message carries through others: the PeerIds of its author and of whom it is for, 38 bytes each, a number, the author's
 * signature, as gossip has them too, and up to 4 bytes for each hop of its way.
 */
const ROUTE_BYTES = 2 * 38 + 8 + 64
const HOP_BYTES = 4
const FAN_OUT = 8

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
  readonly relayed: RelayCounts = { messages: 0, delivered: 0, hops: 0, duplicates: 0, dropped: 0 }
  readonly #relaying: Relaying | undefined
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
    relaying?: Relaying,
  ) {
    this.#relaying = relaying
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
    const { routes } = this.model
    const overlay = routes === undefined ? undefined : this.#relaying?.overlay
    if (overlay === undefined || from === to)
      return this.#sendOn(from, to, bytes.length, () => this.#deliver(from, to, bytes))
    this.#route(overlay.routes(from, to, routes!, this.#pick), from, bytes)
  }

  readonly #pick = (count: number): number => this.#prng.below(count)

  /** Starts a copy on every way; the first that arrives is delivered, as its author's. */
  #route(ways: readonly (readonly number[])[], author: number, bytes: Uint8Array): void {
    const { relayed } = this
    const isDirect = ways.length === 1 && ways[0]!.length === 1
    if (!isDirect) relayed.messages++
    let isThere = false
    for (const way of ways) {
      const size = (hop: number) => bytes.length + (isDirect ? 0 : ROUTE_BYTES + HOP_BYTES * (way.length - hop))
      const handOn = (from: number, hop: number): void => {
        const to = way[hop]!
        this.#sendOn(from, to, size(hop), () => {
          if (hop + 1 < way.length) {
            if (this.#relaying!.mayRelay(to)) handOn(to, hop + 1)
            else relayed.dropped++
          } else if (isDirect) this.#deliver(author, to, bytes)
          else if (isThere) relayed.duplicates++
          else {
            isThere = true
            relayed.delivered++
            relayed.hops += way.length
            this.#deliver(author, to, bytes)
          }
        })
      }
      handOn(author, 0)
    }
  }

  /** One hop: what it costs, and whether, when and how often it arrives. */
  #sendOn(from: number, to: number, length: number, arrived: () => void): void {
    const { model } = this
    this.#charge(from, length)
    const sentMs = this.#uplinkFreeMs[from]!
    const copies = this.#prng.chance(model.doubling) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (this.#prng.chance(model.loss)) continue
      this.#queue.at(sentMs + this.#delayMs(), () => (this.#passes(from, to) ? arrived() : undefined))
    }
  }

  broadcast(from: number, bytes: Uint8Array): void {
    const { fanOut, routes } = this.model
    const overlay = routes === undefined ? undefined : this.#relaying?.overlay
    if (overlay !== undefined) return this.#spreadOver(overlay.tree(from, fanOut ?? FAN_OUT, this.#pick), from, bytes)
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
        this.#charge(from, bytes.length)
        this.#queue.at(this.#uplinkFreeMs[from]! + this.#delayMs(), () => {
          if (this.#passes(author, to)) this.#deliver(author, to, bytes)
          handOn(child)
        })
      }
    }
    handOn(0)
  }

  #spreadOver(tree: ReadonlyMap<number, readonly number[]>, author: number, bytes: Uint8Array): void {
    const handOn = (from: number): void => {
      for (const to of tree.get(from) ?? []) {
        this.#charge(from, bytes.length)
        this.#queue.at(this.#uplinkFreeMs[from]! + this.#delayMs(), () => {
          if (this.#passes(author, to)) this.#deliver(author, to, bytes)
          handOn(to)
        })
      }
    }
    handOn(author)
  }

  /** Puts a frame on a node's uplink behind what is there. */
  #charge(from: number, length: number): void {
    const frameBytes = length + FRAME_OVERHEAD_BYTES
    const traffic = this.traffic[from]!
    traffic.messages++
    traffic.bytes += frameBytes
    const startMs = Math.max(this.#queue.nowMs, this.#uplinkFreeMs[from]!)
    this.#uplinkFreeMs[from] = startMs + (1000 * frameBytes) / this.model.bytesPerSecond
  }

  /** A partition cuts what is under way, too. */
  #passes(from: number, to: number): boolean {
    if (this.#groups !== undefined && this.#groups[from] !== this.#groups[to]) return false
    return this.#eclipsed.get(from)?.has(to) !== false && this.#eclipsed.get(to)?.has(from) !== false
  }

  #delayMs(): number {
    const { latencyMs, jitterMs } = this.model
    const stretch = this.#prng.chance(0.02) ? 10 : 1
    return latencyMs + jitterMs * stretch * this.#prng.float()
  }
}
