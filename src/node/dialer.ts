/** Staying connected to the peers that an operator named. */
import type { PeerId } from '@libp2p/interface'
import type { Host } from '../net/host.ts'
import type { Libp2pNetwork } from '../net/network.ts'

const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 15_000
const DIAL_TIMEOUT_MS = 5000

export class Dialer {
  readonly #network: Libp2pNetwork
  readonly #host: Host
  readonly #addresses: readonly string[]
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #isStopped = false

  readonly #onConnected: (peer: PeerId) => void

  /** `onConnected`: again and again while a peer is connected. */
  constructor(network: Libp2pNetwork, host: Host, addresses: readonly string[], onConnected: (peer: PeerId) => void) {
    this.#onConnected = onConnected
    this.#network = network
    this.#host = host
    this.#addresses = addresses
  }

  start(): void {
    for (const address of this.#addresses) void this.#keep(address, PAUSE_MS_MIN)
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }

  async #keep(address: string, pauseMs: number): Promise<void> {
    const isThere = this.#isConnected(address) || (await this.#dial(address))
    if (this.#isStopped) return
    const nextMs = isThere ? PAUSE_MS_MIN : Math.min(2 * pauseMs, PAUSE_MS_MAX)
    this.#timers.set(
      address,
      setTimeout(() => void this.#keep(address, nextMs), nextMs),
    )
  }

  #dial(address: string): Promise<boolean> {
    return this.#network.connect(address, { timeoutMs: DIAL_TIMEOUT_MS }).then(
      () => true,
      () => false,
    )
  }

  #isConnected(address: string): boolean {
    const peer = address.slice(address.lastIndexOf('/') + 1)
    const connection = this.#host.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
    if (connection !== undefined) this.#onConnected(connection.remotePeer)
    return connection !== undefined
  }
}
