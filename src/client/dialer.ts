/**
 * Keeps the client connected to the addresses it was given: a few dials at a time, waiting longer after each failure, never
 * again to a peer that sent something provably wrong.
 */
import { TransportError, type Network, type PeerName } from '../ports/network.ts'

const DIAL_TIMEOUT_MS = 10_000
const DIALS_AT_ONCE = 4
const WAIT_MS_MIN = 500
const WAIT_MS_MAX = 30_000

export interface AddressState {
  readonly address: string
  peer: PeerName | undefined
  state: 'idle' | 'dialing' | 'connected' | 'refused'
  failures: number
  nextMs: number
}

export interface DialerEvents {
  onConnected(peer: PeerName, address: string): void
  onFailure(address: string, error: TransportError): void
}

export class Dialer {
  readonly #network: Network
  readonly #events: DialerEvents
  readonly #signal: AbortSignal
  readonly #addresses: AddressState[]

  constructor(network: Network, addresses: readonly string[], events: DialerEvents, signal: AbortSignal) {
    this.#network = network
    this.#events = events
    this.#signal = signal
    this.#addresses = [...new Set(addresses)].map((address) => ({
      address,
      peer: undefined,
      state: 'idle',
      failures: 0,
      nextMs: 0,
    }))
  }

  get addresses(): readonly AddressState[] {
    return this.#addresses
  }

  addressOf(peer: PeerName): string | undefined {
    return this.#addresses.find((entry) => entry.peer === peer)?.address
  }

  /** Dials what is due. Waits are measured by a clock that nobody can set. */
  pump(): void {
    const nowMs = performance.now()
    let dialing = this.#addresses.filter(({ state }) => state === 'dialing').length
    for (const entry of this.#addresses) {
      if (dialing >= DIALS_AT_ONCE || this.#signal.aborted) return
      if (entry.state !== 'idle' || entry.nextMs > nowMs) continue
      dialing++
      void this.#dial(entry)
    }
  }

  async #dial(entry: AddressState): Promise<void> {
    entry.state = 'dialing'
    try {
      const options = { timeoutMs: DIAL_TIMEOUT_MS, signal: this.#signal }
      const peer = await this.#network.connect(entry.address, options)
      entry.peer = peer
      entry.state = 'connected'
      entry.failures = 0
      this.#events.onConnected(peer, entry.address)
    } catch (error) {
      entry.state = 'idle'
      entry.failures++
      entry.nextMs = this.#later(entry.failures)
      if (!this.#signal.aborted) this.#events.onFailure(entry.address, asTransportError(error))
    }
  }

  #later(failures: number): number {
    return performance.now() + Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(failures - 1, 10))
  }

  onDisconnected(peer: PeerName): void {
    for (const entry of this.#addresses) {
      if (entry.peer !== peer || entry.state !== 'connected') continue
      entry.state = 'idle'
      entry.failures++
      entry.nextMs = this.#later(entry.failures)
    }
  }

  /** Never dialled again. */
  onRefused(peer: PeerName): void {
    for (const entry of this.#addresses) if (entry.peer === peer) entry.state = 'refused'
  }
}

export function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new TransportError('stream-reset', message, { cause: error })
}
