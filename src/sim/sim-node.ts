/**
 * A validator in the simulated world: the production agreement and ledger, driven by virtual time, a faulty network and a
 * disk that takes its time. Frames are a kind byte and a content: 0 agreement message, 1 final block, 2 transaction.
 */
import { concatBytes } from '../base/bytes.ts'
import { Reader, Writer } from '../chain/codec.ts'
import { encodeBlock } from '../chain/block.ts'
import { encodeCert } from '../chain/certificate.ts'
import { HEADER_LENGTH, decodeHeader } from '../chain/header.ts'
import type { Agreement } from '../consensus/agreement.ts'
import type { ChainPort } from '../consensus/chain-port.ts'
import type { AgreementEffect, AgreementEvent } from '../consensus/events.ts'
import type { SimClock } from './clock.ts'
import type { CostMeter } from './crypto-costs.ts'
import type { SimDisk } from './disk.ts'
import type { EventQueue } from './event-queue.ts'
import type { SimNetwork } from './network.ts'

/** A chain that can say what it is and be made from that again. */
export interface SimChain<Snapshot> extends ChainPort {
  snapshot(): Snapshot
  /** A transaction for the mempool. */
  submit(bytes: Uint8Array): void
}

export interface NodeSetup<Snapshot> {
  readonly index: number
  readonly queue: EventQueue
  readonly network: SimNetwork
  readonly disk: SimDisk<Snapshot>
  readonly clock: SimClock
  /** A write is durable after this long. */
  readonly diskMs: number
  /** Which node signs with a BLS key, in hex. */
  readonly nodeOfKey: (blsPk: Uint8Array) => number | undefined
  openChain(after: Snapshot | undefined): SimChain<Snapshot>
  openAgreement(chain: ChainPort): Agreement
  readonly observer: NodeObserver
  /** Charged by the cryptography of a step; undefined: it costs no time. */
  readonly meter?: CostMeter
}

/** What the checkers see. */
export interface NodeObserver {
  /** Anything that a node puts on the wire, before the network has its way with it. */
  sent(node: number, frame: Uint8Array): void
  final(node: number, effect: Extract<AgreementEffect, { type: 'final' }>): void
  reported(node: number, effect: Extract<AgreementEffect, { type: 'misbehaviour' | 'equivocation' }>): void
}

export const FRAME = { agreement: 0, final: 1, transaction: 2 } as const
/** Final blocks sent to a peer that is behind, in one go. */
const CATCH_UP_BLOCKS = 8

export class SimNode<Snapshot> {
  readonly index: number
  protected readonly setup: NodeSetup<Snapshot>
  #agreement: Agreement | undefined
  #chain: SimChain<Snapshot> | undefined
  /** Grows with each crash, so that what was under way before finds nobody. */
  #life = 0
  #wakeToken = 0
  /** Until then it computes, and what happens waits in the inbox. */
  #busyUntilMs = 0
  /** When the last of the writes under way is done. */
  #writtenAtMs = 0
  #inbox: AgreementEvent[] = []
  readonly #pendingFinals = new Map<bigint, { from: number; block: Uint8Array; cert: Uint8Array }>()

  constructor(setup: NodeSetup<Snapshot>) {
    this.setup = setup
    this.index = setup.index
  }

  get isUp(): boolean {
    return this.#agreement !== undefined
  }

  get chain(): SimChain<Snapshot> | undefined {
    return this.#chain
  }

  get standing(): Agreement['standing'] {
    return this.#agreement?.standing
  }

  /** Height of the last block that is on this node's disk. */
  get durableHeight(): number {
    return this.setup.disk.blocks.length
  }

  get nowMs(): number {
    return this.setup.clock.read(this.setup.queue.nowMs)
  }

  start(): void {
    const { disk } = this.setup
    this.#chain = this.setup.openChain(disk.blocks.at(-1)?.after)
    this.#agreement = this.setup.openAgreement(this.#chain)
    const saved = disk.saved
    this.#step({ type: 'started', nowMs: this.nowMs, ...(saved === undefined ? {} : { saved }) })
  }

  crash(): void {
    this.#life++
    this.#busyUntilMs = 0
    this.#writtenAtMs = 0
    this.#inbox = []
    this.#agreement = undefined
    this.#chain = undefined
  }

  receive(from: number, frame: Uint8Array): void {
    if (this.#agreement === undefined) return
    const content = frame.subarray(1)
    const nowMs = this.nowMs
    if (frame[0] === FRAME.agreement)
      this.#step({ type: 'message-received', nowMs, from: nameOf(from), bytes: content })
    if (frame[0] === FRAME.transaction) this.#chain?.submit(content)
    if (frame[0] === FRAME.final) this.#receiveFinal(from, content)
  }

  /** Final blocks may come out of order; the agreement takes them one by one. */
  #receiveFinal(from: number, content: Uint8Array): void {
    const reader = new Reader(content)
    const block = reader.bytes(reader.u32())
    const cert = reader.byteString('certificate')
    const header = decodeHeader(block.slice(0, HEADER_LENGTH))
    if (reader.failed || header.kind === 'rejected') return
    this.#pendingFinals.set(header.value.height, { from, block, cert })
    if (this.#pendingFinals.size > 4 * CATCH_UP_BLOCKS) this.#pendingFinals.clear()
    this.#drain(this.#life)
  }

  /** The final block that the agreement can take now, out of those that came. */
  #takeFinal(): AgreementEvent | undefined {
    const height = this.#agreement?.height
    const next = height === undefined ? undefined : this.#pendingFinals.get(height)
    if (height === undefined || next === undefined) return undefined
    this.#pendingFinals.delete(height)
    return { type: 'final-received', nowMs: this.nowMs, ...next, from: nameOf(next.from) }
  }

  /** Gives a transaction to the node and, through it, to everybody. */
  submit(bytes: Uint8Array): void {
    this.#chain?.submit(bytes)
    this.broadcast(frameOf(FRAME.transaction, bytes))
  }

  /** One event. Where cryptography costs time, the node is busy until its effects come out, and events wait in order. */
  #step(event: AgreementEvent): void {
    if (this.#inbox.length > 0 || this.setup.queue.nowMs < this.#busyUntilMs) this.#inbox.push(event)
    else this.#compute(event)
  }

  #compute(event: AgreementEvent): void {
    const { meter, queue } = this.setup
    const life = this.#life
    meter?.take()
    const effects = this.#agreement?.step(event) ?? []
    const costMs = meter?.take() ?? 0
    if (costMs === 0) return this.#handleAll(effects, life)
    this.#busyUntilMs = queue.nowMs + costMs
    queue.at(this.#busyUntilMs, () => {
      this.#handleAll(effects, life)
      this.#drain(life)
    })
  }

  /** What waited, final blocks first, until the next computation that takes time. */
  #drain(life: number): void {
    while (this.#life === life && this.setup.queue.nowMs >= this.#busyUntilMs) {
      const event = this.#takeFinal() ?? this.#inbox.shift()
      if (event === undefined) return
      this.#compute({ ...event, nowMs: this.nowMs })
    }
  }

  #handleAll(effects: readonly AgreementEffect[], life: number): void {
    for (const effect of effects) {
      if (this.#life !== life) return
      this.handle(effect)
    }
  }

  /** Carries out one effect. Faulty nodes do it their own way. */
  protected handle(effect: AgreementEffect): void {
    switch (effect.type) {
      case 'persist':
        return this.#persist(effect)
      case 'broadcast':
        return this.broadcast(frameOf(FRAME.agreement, effect.bytes))
      case 'send-to-key': {
        const to = this.setup.nodeOfKey(effect.blsPk)
        const frame = frameOf(FRAME.agreement, effect.bytes)
        return to === undefined ? this.broadcast(frame) : this.send(to, frame)
      }
      case 'send-to-peer':
        return this.send(numberOf(effect.peer), frameOf(FRAME.agreement, effect.bytes))
      case 'wake':
        return this.#wakeAt(effect.atMs)
      case 'final':
        return this.#final(effect)
      case 'peer-behind':
        return this.#catchUp(numberOf(effect.peer), Number(effect.height))
      case 'peer-ahead':
        return
      case 'misbehaviour':
      case 'equivocation':
        return this.setup.observer.reported(this.index, effect)
    }
  }

  protected send(to: number, frame: Uint8Array): void {
    this.setup.observer.sent(this.index, frame)
    this.setup.network.send(this.index, to, frame)
  }

  protected broadcast(frame: Uint8Array): void {
    this.setup.observer.sent(this.index, frame)
    this.setup.network.broadcast(this.index, frame)
  }

  #persist(effect: Extract<AgreementEffect, { type: 'persist' }>): void {
    const { disk, diskMs } = this.setup
    this.#write(diskMs, () => {
      this.writeRecord(disk, effect)
      this.#step({ type: 'persisted', nowMs: this.nowMs, id: effect.id })
    })
  }

  /** One write after another, as `node/agreement-driver.ts` does: a block is there before the record of the next height is. */
  #write(takesMs: number, done: () => void): void {
    const life = this.#life
    const { queue } = this.setup
    this.#writtenAtMs = Math.max(this.#writtenAtMs, queue.nowMs) + takesMs
    queue.after(this.#writtenAtMs - queue.nowMs, () => {
      if (this.#life === life) done()
    })
  }

  protected writeRecord(disk: SimDisk<Snapshot>, effect: Extract<AgreementEffect, { type: 'persist' }>): void {
    disk.writeRecord(effect.record, effect.validBlock, effect.quorum !== undefined)
  }

  #wakeAt(atMs: number): void {
    const life = this.#life
    const token = ++this.#wakeToken
    const delayMs = Math.max(0, atMs - this.nowMs)
    this.setup.queue.after(delayMs, () => {
      if (this.#life === life && this.#wakeToken === token) this.#step({ type: 'ticked', nowMs: this.nowMs })
    })
  }

  /** A block takes longer than a record; a crash before it is written loses it. */
  #final(effect: Extract<AgreementEffect, { type: 'final' }>): void {
    this.setup.observer.final(this.index, effect)
    const { block, cert } = effect
    const after = this.#chain!.snapshot()
    const { disk, diskMs } = this.setup
    this.#write(3 * diskMs, () => disk.append({ block, cert, after }))
  }

  #catchUp(peer: number, fromHeight: number): void {
    const { blocks } = this.setup.disk
    for (let height = fromHeight; height < fromHeight + CATCH_UP_BLOCKS; height++) {
      const stored = blocks[height - 1]
      if (stored === undefined) return
      const block = encodeBlock(stored.block)
      const writer = new Writer(block.length + 512).u32(block.length).bytes(block).byteString(encodeCert(stored.cert))
      this.send(peer, frameOf(FRAME.final, writer.finish()))
    }
  }
}

export const nameOf = (node: number): string => `node-${node}`
const numberOf = (name: string): number => Number(name.slice('node-'.length))

export function frameOf(kind: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(kind), content)
}
