/**
 * Check `fuzz`: frames of any bytes never throw out of the core and never move a client off the honest chain. Frames are
 * valid ones, valid ones changed (bits, bytes, lengths, pieces of others), answers to other questions, and noise; they go to
 * the light machine as answers, streams, reports and stores, to the server as requests, and to the proof file's verifier.
 */
import { equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { epochOf } from '../../src/chain/params.ts'
import { createModelBls } from '../../src/crypto/bls-model.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import type { LightEffect, LightEvent, Query } from '../../src/light/contract.ts'
import { LightMachine } from '../../src/light/machine.ts'
import { encodeProofFile, verifyProofFile } from '../../src/light/proof-file.ts'
import type { Update } from '../../src/verify/light.ts'
import { answer, nextUpdate, type RequestProtocol } from '../../src/wire/answer.ts'
import { served } from '../../src/wire/envelope.ts'
import { decodeConflict, encodeConflict } from '../../src/wire/evidence.ts'
import { decodeFollowRequest, encodeFollowFrame } from '../../src/wire/follow.ts'
import { encodeHopsRequest } from '../../src/wire/hops.ts'
import { encodeLeaseRequest } from '../../src/wire/lease.ts'
import { encodeProofRequest } from '../../src/wire/proof.ts'
import { encodeStatusRequest } from '../../src/wire/status.ts'
import { encodeSubmitRequest } from '../../src/wire/submit.ts'
import { FORMS_ALL, FORMS_FULL } from '../../src/wire/update.ts'
import { fixtureOf, FixtureView } from '../../test/light/fixture-view.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

const FRAMES = { full: 1_000_000, short: 15_000 }
/** Frames that one machine gets, before another one begins. */
const FRAMES_PER_MACHINE = 400
const PROTOCOLS: readonly RequestProtocol[] = ['status', 'hops', 'headers', 'proof', 'submit', 'evidence', 'lease']

interface Tally {
  frames: number
  readonly byKind: Map<string, number>
  readonly threw: string[]
  readonly astray: string[]
  heads: number
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const engine: Engine = { kernels: await loadKernels(), bls: createModelBls() }
  const fuzz = new Fuzz(engine, seed)
  const target = full ? FRAMES.full : FRAMES.short
  for (let round = 0; fuzz.tally.frames < target; round++) fuzz.round(round)
  const { frames, byKind, threw, astray, heads } = fuzz.tally
  return {
    results: [
      noted('signatures', 'model', 'scheme'),
      measured('frames', frames, 'frames', '>=', target),
      measured('threw', threw.length, 'frames', '==', 0),
      measured('astray', astray.length, 'machines off the honest chain, or stopped by noise', '==', 0),
      measured('heads', heads, 'heads accepted from valid frames in between', '>=', 1),
      noted('framesByKind', Object.fromEntries([...byKind].sort()), 'frames'),
      noted('firstOffenders', [...threw, ...astray].slice(0, 10), 'seed/round: what'),
    ],
    notRun: [],
  }
}

class Fuzz {
  readonly tally: Tally = { frames: 0, byKind: new Map(), threw: [], astray: [], heads: 0 }
  readonly #engine: Engine
  readonly #seed: string
  readonly #chain = fixtureOf({ epochs: 8 })
  readonly #requests: ReadonlyMap<RequestProtocol, readonly Uint8Array[]>
  /** Genuine answers by protocol, `follow` among them, and the rest of what a client reads. */
  readonly #corpus = new Map<string, Uint8Array[]>()
  readonly #everything: readonly Uint8Array[]

  constructor(engine: Engine, seed: string) {
    this.#engine = engine
    this.#seed = seed
    this.#requests = requestsOf(this.#chain)
    const view = new FixtureView(this.#chain)
    for (const [protocol, requests] of this.#requests)
      for (const request of requests) {
        const response = answer(view, protocol, request)
        if (response.kind === 'accepted') this.#keep(protocol, response.value)
      }
    for (let from = 0; from < this.#chain.blocks.length; from++) {
      const next = nextUpdate(view, BigInt(from), from % 2 === 0 ? FORMS_ALL : FORMS_FULL)
      if (next.kind === 'served' && next.body !== undefined) this.#keep('follow', encodeFollowFrame(served(next.body)))
    }
    for (const [key, bytes] of savedBy(engine, this.#chain)) this.#keep(`store ${key}`, bytes)
    this.#keep('file', this.#file())
    this.#everything = [...this.#corpus.values()].flat()
  }

  #keep(kind: string, bytes: Uint8Array): void {
    this.#corpus.set(kind, [...(this.#corpus.get(kind) ?? []), bytes])
  }

  #file(): Uint8Array {
    const view = new FixtureView(this.#chain)
    const { spec, chainId } = this.#chain
    const hops: Update[] = []
    for (let height = 0n; height < BigInt(this.#chain.blocks.length); height = hops.at(-1)!.header.height) {
      const next = nextUpdate(view, height, FORMS_FULL)
      if (next.kind === 'served' && next.body !== undefined) hops.push(next.body)
    }
    const request = encodeProofRequest({ kind: 1, at: hops.at(-1)!.header.height, height: 3n })
    const response = answer(view, 'proof', request)
    if (response.kind === 'rejected') throw new Error('the chain proves its own headers')
    const base = this.#chain.header(0)
    const bytes = encodeProofFile({ chainId, base, committee: undefined, hops, request, response: response.value })
    const verdict = verifyProofFile(this.#engine, spec, undefined, bytes, this.#nowMs)
    if (verdict.kind !== 'accepted') throw new Error(`the genuine file is refused: ${verdict.code}`)
    return bytes
  }

  get #nowMs(): bigint {
    return this.#chain.header(this.#chain.blocks.length).timeMs
  }

  /** One machine among peers that answer anything, one server, and a few files. */
  round(round: number): void {
    const prng = new Prng(`${this.#seed}/${round}`)
    const name = `${this.#seed}/${round}`
    this.#machine(name, prng)
    this.#server(name, prng)
    if (round % 8 === 0) this.#files(name, prng)
  }

  /** What to answer where `kind` was asked for, to which `genuine` would be the answer. */
  #frame(kind: string, prng: Prng, genuine?: Uint8Array): Uint8Array {
    this.tally.frames++
    this.tally.byKind.set(kind, (this.tally.byKind.get(kind) ?? 0) + 1)
    const own = this.#corpus.get(kind) ?? this.#everything
    const draw = prng.float()
    if (draw < 0.35) return genuine ?? prng.pick(own).slice()
    if (draw < 0.4) return prng.pick(this.#everything).slice()
    if (draw < 0.45) return prng.bytes(prng.below(600))
    return this.#changed(genuine !== undefined && prng.chance(0.7) ? genuine : prng.pick(own), prng)
  }

  /** What an honest peer with this view answers. */
  #genuine(effect: LightEffect & { kind: 'send-request' | 'open-follow' }, view: FixtureView): Uint8Array | undefined {
    if (effect.kind === 'send-request') {
      const response = answer(view, effect.protocol, effect.bytes)
      return response.kind === 'accepted' ? response.value : undefined
    }
    const request = decodeFollowRequest(effect.bytes)
    const next = request.kind === 'accepted' ? nextUpdate(view, request.value.fromHeight) : undefined
    return next?.kind === 'served' && next.body !== undefined ? encodeFollowFrame(served(next.body)) : undefined
  }

  #changed(bytes: Uint8Array, prng: Prng): Uint8Array {
    let changed: Uint8Array = bytes.slice()
    for (let count = 1 + prng.below(3); count > 0 && changed.length > 0; count--) {
      const at = prng.below(changed.length)
      const other = prng.pick(this.#everything)
      const piece = other.subarray(prng.below(other.length)).subarray(0, 1 + prng.below(200))
      switch (prng.below(7)) {
        case 0:
          changed[at]! ^= 1 << prng.below(8)
          break
        case 1:
          changed[at] = prng.pick([0, 1, 0x7f, 0x80, 0xff, prng.below(256)])
          break
        case 2:
          changed = changed.slice(0, at)
          break
        case 3:
          changed.fill(prng.pick([0, 0xff]), at, at + prng.pick([2, 4, 8, 32]))
          break
        case 4:
          changed.set(piece.subarray(0, changed.length - at), at)
          break
        case 5:
          changed = Uint8Array.of(...changed.subarray(0, at), ...piece, ...changed.subarray(at))
          break
        default:
          changed = Uint8Array.of(...changed.subarray(0, at), ...changed.subarray(at + 1 + prng.below(40)))
      }
    }
    return changed
  }

  #guarded(name: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.tally.threw.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  // ── The light client ───────────────────────────────────────────────────────────────────────────────────────────────

  #machine(name: string, prng: Prng): void {
    const { spec } = this.#chain
    const height = prng.below(this.#chain.blocks.length)
    const checkpoint = { height: BigInt(height), hash: this.#chain.ledger(height).hash }
    const config = { engine: this.#engine, spec, seed: name, hopBatchMax: prng.pick([1, 3, 16]) }
    const machine = new LightMachine(prng.chance(0.5) ? config : { ...config, checkpoint })
    const waiting: LightEvent[] = []
    const view = new FixtureView(this.#chain, prng.below(this.#chain.blocks.length) + 1)
    let [nowMs, peers, frames] = [this.#nowMs, 0, 0]
    const step = (event: LightEvent): void => {
      this.#guarded(`${name} ${event.kind}`, () => {
        for (const effect of machine.step(event)) {
          const next = this.#eventFor(effect, prng, view)
          if (next !== undefined) waiting.push(next)
        }
      })
    }
    const saved = prng.chance(0.15)
      ? new Map(
          ['head', 'committee', 'compact', 'chain', 'banned'].map((key) => [key, this.#frame(`store ${key}`, prng)]),
        )
      : new Map<string, Uint8Array>()
    step({ kind: 'started', nowMs, saved })
    while (frames++ < FRAMES_PER_MACHINE) {
      if (waiting.length < 2) step({ kind: 'peer-connected', peer: `p${peers++}` })
      const [event] = waiting.splice(prng.below(waiting.length), 1)
      if (event !== undefined) step(event)
      if (prng.chance(0.02)) step({ kind: 'ticked', nowMs: (nowMs += BigInt(prng.below(4000))) })
      if (prng.chance(0.02)) step({ kind: 'asked', queryId: `q${frames}`, query: this.#query(prng) })
      if (prng.chance(0.02)) this.#report(prng, step)
      if (prng.chance(0.02)) step({ kind: 'peer-disconnected', peer: `p${prng.below(peers + 1)}` })
    }
    this.#judge(name, machine)
  }

  #eventFor(effect: LightEffect, prng: Prng, view: FixtureView): LightEvent | undefined {
    switch (effect.kind) {
      case 'send-request': {
        const { requestId, protocol } = effect
        if (prng.chance(0.05)) return { kind: 'request-failed', requestId, code: 'timeout' }
        return { kind: 'response-received', requestId, bytes: this.#frame(protocol, prng, this.#genuine(effect, view)) }
      }
      case 'open-follow':
        return {
          kind: 'frame-received',
          streamId: effect.streamId,
          bytes: this.#frame('follow', prng, this.#genuine(effect, view)),
        }
      case 'drop-peer':
        return { kind: 'peer-disconnected', peer: effect.peer }
      case 'resume-soon':
        return { kind: 'work-resumed' }
      case 'emit':
        if (effect.notice.kind === 'head' && effect.notice.peer !== undefined) this.tally.heads++
        if (prng.chance(0.01)) view.headHeight = Math.min(view.headHeight + 1, this.#chain.blocks.length)
        return undefined
      default:
        return undefined
    }
  }

  #query(prng: Prng): Query {
    const bits = prng.below(257)
    const bytes = prng.bytes((bits + 7) >> 3)
    if (bits % 8 !== 0) bytes[bytes.length - 1]! &= 0xff << (8 - (bits % 8))
    return prng.pick<Query>([
      { kind: 'header', height: BigInt(prng.below(this.#chain.blocks.length)) },
      { kind: 'transaction', txid: prng.bytes(32) },
      { kind: 'state', prefix: { bits, bytes } },
    ])
  }

  #report(prng: Prng, step: (event: LightEvent) => void): void {
    const evidence = decodeConflict(this.#frame('conflict', prng))
    if (evidence.kind === 'accepted') step({ kind: 'evidence-received', evidence: evidence.value })
  }

  #judge(name: string, machine: LightMachine): void {
    const { trusted, phase } = machine
    if (phase === 'halted' || (phase === 'failed' && trusted !== undefined)) this.tally.astray.push(`${name}: ${phase}`)
    if (trusted === undefined) return
    const { height } = trusted.header
    const isOurs =
      epochOf(height, this.#chain.spec.params) < this.#chain.committees.length &&
      equalBytes(trusted.hash, this.#chain.ledger(Number(height)).hash)
    if (!isOurs) this.tally.astray.push(`${name}: at ${height}`)
  }

  // ── The server, and files ──────────────────────────────────────────────────────────────────────────────────────────

  #server(name: string, prng: Prng): void {
    const view = new FixtureView(this.#chain)
    for (let count = 0; count < 40; count++) {
      const protocol = prng.pick(PROTOCOLS)
      this.tally.frames++
      this.tally.byKind.set(`request ${protocol}`, (this.tally.byKind.get(`request ${protocol}`) ?? 0) + 1)
      const genuine = prng.pick(this.#requests.get(protocol)!)
      const request = prng.chance(0.2) ? prng.bytes(prng.below(200)) : this.#changed(genuine, prng)
      this.#guarded(`${name} server ${protocol}`, () => void answer(view, protocol, request))
    }
  }

  #files(name: string, prng: Prng): void {
    const { spec, chainId } = this.#chain
    for (let count = 0; count < 4; count++) {
      const bytes = this.#frame('file', prng)
      const isGenuine = equalBytes(bytes, this.#corpus.get('file')![0]!)
      this.#guarded(`${name} file`, () => {
        const verdict = verifyProofFile(this.#engine, spec, undefined, bytes, this.#nowMs)
        if (verdict.kind === 'accepted' && !isGenuine && !equalBytes(verdict.value.trusted.header.chainId, chainId))
          this.tally.astray.push(`${name}: a file of another chain`)
      })
    }
  }
}

type Chain = ReturnType<typeof fixtureOf>

/** Requests of every kind that an honest client makes. */
function requestsOf(chain: Chain): ReadonlyMap<RequestProtocol, readonly Uint8Array[]> {
  const tip = BigInt(chain.blocks.length)
  const { transactions } = chain.blocks[5]!.block.body
  const [tx] = transactions
  const view = new FixtureView(chain)
  const conflict = { kind: 1, first: view.final(5n)!, second: view.final(6n)! } as const
  const { owner } = chain.cast.wallets[0]!
  const hops = [0n, 1n, 5n, tip - 3n].flatMap((fromHeight) =>
    (['none', 'full', 'compact'] as const).flatMap((base) =>
      [FORMS_ALL, FORMS_FULL].map((forms) => encodeHopsRequest({ fromHeight, countMax: 16, base, forms })),
    ),
  )
  const proofs = [
    encodeProofRequest({ kind: 1, at: tip, height: 3n }),
    encodeProofRequest({ kind: 1, at: tip, height: tip }),
    encodeProofRequest({ kind: 3, at: tip, prefix: { bits: 128, bytes: owner } }),
    encodeProofRequest({ kind: 3, at: tip, prefix: { bits: 2, bytes: Uint8Array.of(0x40) } }),
    encodeProofRequest({ kind: 4, at: tip, start: 4n, end: 8n, prefix: { bits: 64, bytes: new Uint8Array(8) } }),
  ]
  return new Map<RequestProtocol, readonly Uint8Array[]>([
    ['status', [encodeStatusRequest()]],
    ['hops', hops],
    ['headers', [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0, 9)]],
    ['proof', proofs],
    ['submit', tx === undefined ? [new Uint8Array(80)] : [encodeSubmitRequest(tx)]],
    ['evidence', [encodeConflict(conflict)]],
    ['lease', [encodeLeaseRequest({ deviceKey: new Uint8Array(32).fill(7), silent: ['12D3KooWsilent'] })]],
  ])
}

/** The entries of the store of a client that has followed the chain. */
function savedBy(engine: Engine, chain: Chain): ReadonlyMap<string, Uint8Array> {
  const saved = new Map<string, Uint8Array>()
  const view = new FixtureView(chain)
  const machine = new LightMachine({ engine, spec: chain.spec, seed: 'saved' })
  const events: LightEvent[] = [
    { kind: 'started', nowMs: chain.header(chain.blocks.length).timeMs, saved: new Map() },
    { kind: 'peer-connected', peer: 'node' },
  ]
  for (let event = events.shift(); event !== undefined; event = events.shift())
    for (const effect of machine.step(event)) {
      if (effect.kind === 'resume-soon') events.push({ kind: 'work-resumed' })
      if (effect.kind === 'save')
        for (const [key, value] of effect.writes) if (value !== undefined) saved.set(key, value)
      if (effect.kind !== 'send-request') continue
      const response = answer(view, effect.protocol, effect.bytes)
      const { requestId } = effect
      if (response.kind === 'accepted') events.push({ kind: 'response-received', requestId, bytes: response.value })
    }
  return saved
}
