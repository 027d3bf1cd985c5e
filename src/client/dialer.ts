/**
 * Keeps the client connected: a few dials at a time, to addresses in random order and of different networks where there is
 * a choice, waiting longer after each failure, never again to a peer that sent something provably wrong. While nothing new
 * comes and there are others to ask, one connection at a time is given up for another.
 */
import { networkGroup } from '../light/network-group.ts'
import type { AddressBook } from '../light/address-book.ts'
import { TransportError, type Network, type PeerName } from '../ports/network.ts'

const DIAL_TIMEOUT_MS = 10_000
const DIALS_AT_ONCE = 4
const WAIT_MS_MIN = 500
const WAIT_MS_MAX = 30_000
/** A peer that sent something provably wrong is dialled again after so long; whether it is let in is the machine's to say. */
export const REFUSED_MS = 86_400_000
/** Addresses that are remembered; beyond, those that wait for nothing are forgotten first. */
const KNOWN_COUNT_MAX = 1024
/** Connections that are looked for; more than so many given addresses take turns. */
export const CONNECTION_COUNT = 16
/** With nothing newer for so long, one peer makes room for another. */
export const ROTATE_MS = 10_000

interface AddressState {
  readonly address: string
  peer: PeerName | undefined
  state: 'idle' | 'dialing' | 'connected' | 'refused'
  failures: number
  nextMs: number
  /** The peer hung up while its dial was not over: the connection that the dial will report is gone. */
  isGone: boolean
}

export interface DialerEvents {
  onConnected(peer: PeerName, address: string): void
  onFailure(address: string, error: TransportError): void
}

export class Dialer {
  readonly #network: Network
  readonly #book: AddressBook
  readonly #events: DialerEvents
  readonly #signal: AbortSignal
  readonly #known = new Map<string, AddressState>()
  #rotatedMs = performance.now()

  constructor(network: Network, book: AddressBook, events: DialerEvents, signal: AbortSignal) {
    this.#network = network
    this.#book = book
    this.#events = events
    this.#signal = signal
  }

  addressOf(peer: PeerName): string | undefined {
    return this.#find((entry) => entry.peer === peer)[0]?.address
  }

  get connected(): readonly PeerName[] {
    return this.#find(({ state }) => state === 'connected').map(({ peer }) => peer!)
  }

  #find(wanted: (entry: AddressState) => boolean): readonly AddressState[] {
    return [...this.#known.values()].filter(wanted)
  }

  /** Dials what is due. Waits are measured by a clock that nobody can set. */
  pump(): void {
    const nowMs = performance.now()
    for (;;) {
      const busy = this.#find(({ state }) => state === 'dialing' || state === 'connected')
      const dialing = busy.filter(({ state }) => state === 'dialing').length
      if (this.#signal.aborted || dialing >= DIALS_AT_ONCE || busy.length >= CONNECTION_COUNT) return
      const groups = new Set(busy.map(({ address }) => networkGroup(address)))
      // One way to a peer is enough.
      const peers = new Set(busy.map(({ address }) => peerOf(address)))
      const address = this.#book.pick((one) => this.#isDue(one, nowMs) && !peers.has(peerOf(one)), groups)
      if (address === undefined) return
      void this.#dial(this.#stateOf(address))
    }
  }

  #isDue(address: string, nowMs: number): boolean {
    const entry = this.#known.get(address)
    return entry === undefined || (isWaiting(entry) && entry.nextMs <= nowMs)
  }

  #stateOf(address: string): AddressState {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    const entry: AddressState = { address, peer: undefined, state: 'idle', failures: 0, nextMs: 0, isGone: false }
    this.#forgetSome()
    this.#known.set(address, entry)
    return entry
  }

  /** Oldest first: those that may be dialled at once lose nothing by it. */
  #forgetSome(): void {
    const nowMs = performance.now()
    for (const entry of this.#known.values()) {
      if (this.#known.size < KNOWN_COUNT_MAX) return
      if (isWaiting(entry) && entry.nextMs <= nowMs) this.#known.delete(entry.address)
    }
  }

  async #dial(entry: AddressState): Promise<void> {
    entry.state = 'dialing'
    entry.isGone = false
    try {
      const options = { timeoutMs: DIAL_TIMEOUT_MS, signal: this.#signal }
      const peer = await this.#network.connect(entry.address, options)
      // Given up while it was dialled.
      if (this.#known.get(entry.address) !== entry) return this.#hangUp(peer)
      entry.peer = peer
      // Told as gone before it was told as there: as connected it would be believed in for ever.
      if (entry.isGone) throw new TransportError('closed', `${entry.address} hung up as soon as it was connected`)
      entry.state = 'connected'
      entry.failures = 0
      this.#book.connected(entry.address)
      this.#events.onConnected(peer, entry.address)
    } catch (error) {
      entry.state = 'idle'
      entry.failures++
      entry.nextMs = this.#later(entry.failures)
      if (this.#signal.aborted) return
      this.#book.failed(entry.address)
      this.#events.onFailure(entry.address, asTransportError(error))
    }
  }

  #later(failures: number): number {
    return performance.now() + Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(failures - 1, 10))
  }

  onDisconnected(peer: PeerName): void {
    for (const entry of this.#find(({ state }) => state === 'dialing'))
      if (peerOf(entry.address) === peer) entry.isGone = true
    for (const entry of this.#find((one) => one.peer === peer && one.state === 'connected')) {
      entry.state = 'idle'
      entry.failures++
      entry.nextMs = this.#later(entry.failures)
    }
  }

  /** Not dialled again for a day. */
  onRefused(peer: PeerName): void {
    for (const entry of this.#find((one) => one.peer === peer)) {
      entry.state = 'refused'
      entry.nextMs = performance.now() + REFUSED_MS
      this.#book.forget(entry.address)
    }
  }

  /** Hangs up on peers whose address the book has no more, and gives up dialling them. */
  release(): void {
    const released = this.#find(({ address, state }) => state !== 'refused' && !this.#book.has(address))
    for (const { address } of released) this.#known.delete(address)
    for (const { peer, state } of released) if (state === 'connected') this.#hangUp(peer!)
  }

  /** Unless it is connected by another address that is wanted. */
  #hangUp(peer: PeerName): void {
    if (!this.connected.includes(peer)) void this.#network.disconnect(peer).catch(() => undefined)
  }

  /** The device woke up, or its network changed: what waits is due now. */
  hurry(): void {
    for (const entry of this.#find(({ state }) => state === 'idle')) entry.nextMs = 0
  }

  /** Nothing newer has come for `quietMs`: the peer that makes room, if there is another to ask; at most one in ROTATE_MS. */
  toRotate(quietMs: number): PeerName | undefined {
    const nowMs = performance.now()
    if (quietMs < ROTATE_MS || nowMs - this.#rotatedMs < ROTATE_MS) return undefined
    const { connected } = this
    if (connected.length < CONNECTION_COUNT || this.#book.pick((one) => this.#isDue(one, nowMs)) === undefined)
      return undefined
    this.#rotatedMs = nowMs
    return connected[Math.floor(Math.random() * connected.length)]
  }
}

const isWaiting = ({ state }: AddressState): boolean => state === 'idle' || state === 'refused'

/** The PeerId that an address ends in. */
const peerOf = (address: string): string => address.split('/p2p/').at(-1)!

export function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new TransportError('stream-reset', message, { cause: error })
}
