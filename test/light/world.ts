/**
 * A light machine among peers, without clock or network: effects are carried out in an order drawn from a seed, and bytes
 * can be changed on their way. Runs until nothing is left to do.
 */
import { Prng } from '../../src/base/prng.ts'
import type { ChainSpec } from '../../src/chain/spec.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import type { LightConfig, LightEffect, LightEvent, LightNotice, SavedEntries } from '../../src/light/contract.ts'
import { LightMachine } from '../../src/light/machine.ts'
import { answer, nextUpdate } from '../../src/wire/answer.ts'
import type { ChainView } from '../../src/wire/chain-view.ts'
import { decodeFollowRequest, encodeFollowFrame } from '../../src/wire/follow.ts'

export interface WorldPeer {
  readonly view: ChainView
  /** Changes what it sends; undefined means that the answer never comes. */
  readonly mangle?: (bytes: Uint8Array, prng: Prng) => Uint8Array | undefined
  /** Answers in place of the view; undefined leaves it to the view. */
  readonly respond?: (protocol: string, request: Uint8Array) => Uint8Array | undefined
}

interface OpenStream {
  readonly peer: string
  height: bigint
}

const EVENTS_MAX = 20_000

export class World {
  readonly machine: LightMachine
  readonly notices: LightNotice[] = []
  readonly dropped = new Map<string, string>()
  readonly remembered = new Set<string>()
  readonly store: Map<string, Uint8Array>
  readonly #peers = new Map<string, WorldPeer>()
  readonly #streams = new Map<string, OpenStream>()
  readonly #prng: Prng
  #waiting: (() => LightEvent | undefined)[] = []
  nowMs: bigint
  eventCount = 0

  constructor(
    config: Omit<LightConfig, 'engine' | 'spec' | 'seed'> & { readonly engine: Engine; readonly spec: ChainSpec },
    options: { readonly seed: string; readonly nowMs: bigint; readonly store?: Map<string, Uint8Array> },
  ) {
    this.machine = new LightMachine({ ...config, seed: options.seed })
    this.#prng = new Prng(`world/${options.seed}`)
    this.nowMs = options.nowMs
    this.store = options.store ?? new Map()
    this.deliver({ kind: 'started', nowMs: this.nowMs, saved: new Map(this.store) as SavedEntries })
  }

  connect(name: string, peer: WorldPeer): void {
    this.#peers.set(name, peer)
    this.deliver({ kind: 'peer-connected', peer: name })
  }

  disconnect(name: string): void {
    this.#peers.delete(name)
    for (const [id, { peer }] of this.#streams) if (peer === name) this.#streams.delete(id)
    this.deliver({ kind: 'peer-disconnected', peer: name })
  }

  deliver(event: LightEvent): void {
    this.eventCount++
    for (const effect of this.machine.step(event)) this.#carryOut(effect)
  }

  tick(ms: bigint): void {
    this.nowMs += ms
    this.deliver({ kind: 'ticked', nowMs: this.nowMs })
  }

  /** Carries out everything that is under way, in random order, until the machine waits for time or news. */
  settle(): this {
    for (let count = 0; count < EVENTS_MAX; count++) {
      this.#pumpStreams()
      if (this.#waiting.length === 0) return this
      const [next] = this.#waiting.splice(this.#prng.below(this.#waiting.length), 1)
      const event = next!()
      if (event !== undefined) this.deliver(event)
    }
    throw new Error(`the machine does not settle: ${EVENTS_MAX} events`)
  }

  get height(): bigint | undefined {
    return this.machine.trusted?.header.height
  }

  has(kind: LightNotice['kind'], code?: string): boolean {
    return this.notices.some(
      (notice) => notice.kind === kind && (code === undefined || (notice as { code?: string }).code === code),
    )
  }

  #carryOut(effect: LightEffect): void {
    if (effect.kind === 'emit') this.notices.push(effect.notice)
    if (effect.kind === 'resume-soon') this.#waiting.push(() => ({ kind: 'work-resumed' }))
    if (effect.kind === 'close-follow') this.#streams.delete(effect.streamId)
    if (effect.kind === 'save') this.#save(effect.writes)
    if (effect.kind === 'send-request') this.#waiting.push(() => this.#respond(effect))
    if (effect.kind === 'open-follow') this.#openFollow(effect)
    if (effect.kind === 'drop-peer') {
      this.dropped.set(effect.peer, effect.code)
      if (effect.remember) this.remembered.add(effect.peer)
      this.#waiting.push(() => (this.#peers.has(effect.peer) ? (this.disconnect(effect.peer), undefined) : undefined))
    }
  }

  #save(writes: ReadonlyMap<string, Uint8Array | undefined>): void {
    for (const [key, value] of writes) {
      if (value === undefined) this.store.delete(key)
      else this.store.set(key, value)
    }
  }

  #respond({ requestId, peer: name, protocol, bytes }: LightEffect & { kind: 'send-request' }): LightEvent | undefined {
    const peer = this.#peers.get(name)
    if (peer === undefined) return { kind: 'request-failed', requestId, code: 'closed' }
    const own = peer.respond?.(protocol, bytes)
    if (own !== undefined) return { kind: 'response-received', requestId, bytes: own }
    const response = answer(peer.view, protocol, bytes)
    if (response.kind === 'rejected') return { kind: 'request-failed', requestId, code: 'stream-reset' }
    const sent = this.#mangled(peer, response.value)
    if (sent === undefined) return { kind: 'request-failed', requestId, code: 'timeout' }
    return { kind: 'response-received', requestId, bytes: sent }
  }

  #mangled({ mangle }: WorldPeer, bytes: Uint8Array): Uint8Array | undefined {
    return mangle === undefined ? bytes : mangle(Uint8Array.from(bytes), this.#prng)
  }

  #openFollow({ streamId, peer, bytes }: LightEffect & { kind: 'open-follow' }): void {
    const request = decodeFollowRequest(bytes)
    if (request.kind === 'rejected') throw new Error(`a follow request that does not decode: ${request.code}`)
    this.#streams.set(streamId, { peer, height: request.value.fromHeight })
  }

  /** Each open stream gets the next frame if its server has one. */
  #pumpStreams(): void {
    for (const [streamId, stream] of this.#streams) {
      const peer = this.#peers.get(stream.peer)
      const next = peer === undefined ? undefined : nextUpdate(peer.view, stream.height)
      if (peer === undefined || next?.kind !== 'served' || next.body === undefined) continue
      stream.height = next.body.header.height
      const bytes = this.#mangled(peer, encodeFollowFrame({ kind: 'served', body: next.body }))
      if (bytes !== undefined) this.#waiting.push(() => ({ kind: 'frame-received', streamId, bytes }))
    }
  }
}
