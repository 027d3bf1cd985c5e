/** The Network port over ready-made chains in memory: an address is /memory/NAME. No timers: it answers at once. */
import { TransportError, type Network, type ProtocolName } from '../../src/ports/network.ts'
import { answer, nextUpdate } from '../../src/wire/answer.ts'
import { decodeFollowRequest, encodeFollowFrame } from '../../src/wire/follow.ts'
import type { FixtureView } from '../light/fixture-view.ts'

export class FixtureNetwork implements Network {
  readonly #views: ReadonlyMap<string, FixtureView>
  readonly #gone = new Set<(peer: string) => void>()
  #news: (() => void)[] = []
  isClosed = false

  constructor(views: ReadonlyMap<string, FixtureView>) {
    this.#views = views
  }

  /** The streams look again for something newer. */
  tellNews(): void {
    const waiting = this.#news
    this.#news = []
    for (const wake of waiting) wake()
  }

  hangUp(peer: string): void {
    for (const listener of this.#gone) listener(peer)
  }

  async connect(address: string): Promise<string> {
    const name = address.split('/').at(-1)!
    if (!this.#views.has(name)) throw new TransportError('dial-failed', `there is no ${name}`)
    return name
  }

  async request(peer: string, protocol: ProtocolName, request: Uint8Array): Promise<Uint8Array> {
    if (protocol === 'follow') throw new TransportError('protocol-unsupported', 'follow is a stream')
    const response = answer(this.#view(peer), protocol, request)
    if (response.kind === 'rejected') throw new TransportError('stream-reset', response.code)
    return response.value
  }

  async *stream(
    peer: string,
    _: ProtocolName,
    request: Uint8Array,
    options: { readonly signal?: unknown },
  ): AsyncIterable<Uint8Array> {
    const decoded = decodeFollowRequest(request)
    if (decoded.kind === 'rejected') throw new TransportError('stream-reset', decoded.code)
    const signal = options.signal as AbortSignal
    signal.addEventListener('abort', () => this.tellNews(), { once: true })
    for (let height = decoded.value.fromHeight; !signal.aborted;) {
      const next = nextUpdate(this.#view(peer), height)
      if (next.kind === 'served' && next.body !== undefined) {
        height = next.body.header.height
        yield encodeFollowFrame({ kind: 'served', body: next.body })
      } else await new Promise<void>((resolve) => this.#news.push(resolve))
    }
  }

  async disconnect(peer: string): Promise<void> {
    this.hangUp(peer)
  }

  onDisconnect(listener: (peer: string) => void): () => void {
    this.#gone.add(listener)
    return () => this.#gone.delete(listener)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.tellNews()
  }

  #view(peer: string): FixtureView {
    const view = this.#views.get(peer)
    if (view === undefined) throw new TransportError('closed', `not connected to ${peer}`)
    return view
  }
}
