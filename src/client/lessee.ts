/**
 * A device that is given its full nodes by a coordination node (§8): it asks, has its client follow through these, renews, and asks
 * again as soon as one of them is lost. While no coordination node answers it stays with the nodes that it has. Nothing that a
 * coordination node says is believed: the worst it can do is to name bad peers, or none.
 */
import { sentence } from '../base/sentence.ts'
import type { Operands } from '../base/verdict.ts'
import { toHex } from '../base/bytes.ts'
import type { Network, PeerName } from '../ports/network.ts'
import {
  decodeLeaseResponse,
  encodeLeaseRequest,
  LEASE_NODES_MAX,
  type LeaseOutcome,
  type LeaseResponse,
} from '../wire/lease.ts'
import { FRAME_LIMITS } from '../wire/limits.ts'
import type { LightClient } from './light-client.ts'

const DIAL_TIMEOUT_MS = 5_000
/** From one question to the next, after something happened; doubled after each failure. */
const AGAIN_MS_MIN = 500
const AGAIN_MS_MAX = 15_000
/** Who was refused asks again so rarely: registrations take blocks. */
const REFUSED_MS = 10_000

type RefusedOutcome = Exclude<LeaseOutcome, 'granted'>
/** `lease-` and the outcome on the wire, or nobody answered. */
export type LeaseCode = `lease-${RefusedOutcome}` | 'lease-unreachable'

export const LEASE_SENTENCES: Readonly<Record<LeaseCode, string>> = {
  'lease-other-key':
    'the coordination node refused device {device}: this connection proves another key; start with the key file of that device',
  'lease-unregistered':
    'the coordination node refused device {device}, which is not registered: register it with stakecube device register',
  'lease-revoked':
    'the coordination node refused device {device}, whose registration was revoked: ask its owner, or register it again',
  'lease-role':
    'the coordination node refused device {device}, which is registered as a full node, as others are given: register it as light',
  'lease-no-node': 'the coordination node knows no full node that is up: nothing, it is asked again',
  'lease-unreachable':
    'no coordination node answered ({reason}): nothing, they are asked again and the peers at hand are kept',
}

export type LeaseNews =
  | {
      readonly kind: 'assigned'
      readonly coordinator: string
      readonly nodes: readonly string[]
      readonly leaseMs: number
    }
  /** `isFinal`: until the registration changes; the nodes of the lease were given up. */
  | { readonly kind: 'refused'; readonly code: LeaseCode; readonly sentence: string; readonly isFinal: boolean }

export interface LesseeParts {
  readonly client: Pick<LightClient, 'on' | 'movePeers'>
  readonly network: Promise<Network>
  /** Multiaddrs of coordination nodes, asked in this order. */
  readonly coordinators: readonly string[]
  /** The key that the network's host proves. */
  readonly deviceKey: Uint8Array
  onNews(news: LeaseNews): void
}

export class Lessee {
  readonly #parts: LesseeParts
  readonly #end = new AbortController()
  readonly #silent = new Set<PeerName>()
  #nodes: readonly string[] = []
  #coordinator: PeerName | undefined
  #failures = 0
  /** Something happened since the last round began. */
  #isWoken = false
  #onWake: () => void = () => undefined

  constructor(parts: LesseeParts) {
    this.#parts = parts
  }

  /** Runs until {@link close}, which the client's own closing calls too. Rejects if there is no network. */
  async run(): Promise<void> {
    const { client, network } = this.#parts
    const off = [
      client.on('warning', ({ code, operands }) =>
        code === 'dial-failed' ? this.#lost(peerOf(String(operands['address']))) : undefined,
      ),
      client.on('closed', () => this.close()),
      // Sooner than the client tells, which may wait for its store; whoever ended a lease hangs up.
      (await network).onDisconnect((peer) => (peer === this.#coordinator ? this.#wake() : this.#lost(peer))),
    ]
    try {
      while (!this.#end.signal.aborted) await this.#rest(await this.#round())
    } finally {
      for (const unsubscribe of off) unsubscribe()
    }
  }

  close(): void {
    this.#end.abort()
    this.#wake()
  }

  #wake(): void {
    this.#isWoken = true
    this.#onWake()
  }

  #lost(peer: PeerName): void {
    if (!this.#nodes.some((address) => peerOf(address) === peer)) return
    this.#silent.add(peer)
    this.#wake()
  }

  /** Asks the coordination nodes in turn. Returns how long to wait before the next round: at least, and if nothing happens. */
  async #round(): Promise<readonly [leastMs: number, mostMs: number]> {
    this.#isWoken = false
    let reason = ''
    let outcome: RefusedOutcome | undefined
    for (const address of this.#parts.coordinators) {
      const silent = [...this.#silent].slice(0, LEASE_NODES_MAX)
      const answer = await this.#ask(address, silent)
      if (this.#end.signal.aborted) return [0, 0]
      if (typeof answer === 'string') reason = answer
      else if (answer.outcome === 'granted') return this.#granted(address, answer, silent)
      // One that knows no full node now does not take back what another says.
      else if (outcome === undefined || outcome === 'no-node') outcome = answer.outcome
    }
    if (outcome !== undefined && outcome !== 'no-node') return this.#refused(outcome)
    this.#failures++
    this.#tell(outcome === undefined ? 'lease-unreachable' : 'lease-no-node', { reason }, false)
    const waitMs = Math.min(AGAIN_MS_MAX, AGAIN_MS_MIN * 2 ** Math.min(this.#failures, 10))
    return [waitMs, waitMs]
  }

  /** The answer of one coordination node, or why there is none. */
  async #ask(address: string, silent: readonly PeerName[]): Promise<LeaseResponse | string> {
    const network = await this.#parts.network
    const { signal } = this.#end
    let peer: PeerName | undefined
    try {
      peer = await network.connect(address, { timeoutMs: DIAL_TIMEOUT_MS, signal })
      this.#coordinator = peer
      const request = encodeLeaseRequest({ deviceKey: this.#parts.deviceKey, silent })
      const { timeoutMs, responseBytesMax } = FRAME_LIMITS.lease
      const bytes = await network.request(peer, 'lease', request, { timeoutMs, responseBytesMax, signal })
      const decoded = decodeLeaseResponse(bytes)
      if (decoded.kind === 'rejected') return `malformed answer: ${decoded.code}`
      return decoded.value.kind === 'served' ? decoded.value.body : decoded.value.refusal
    } catch (error) {
      // A connection that answers nothing may be a dead one.
      if (peer !== undefined) await network.disconnect(peer).catch(() => undefined)
      return error instanceof Error ? error.message : String(error)
    }
  }

  #granted(
    coordinator: string,
    { nodes, leaseMs }: LeaseResponse,
    told: readonly PeerName[],
  ): readonly [number, number] {
    this.#failures = 0
    for (const peer of told) this.#silent.delete(peer)
    const isNews = nodes.join() !== this.#nodes.join()
    this.#nodes = nodes
    this.#parts.client.movePeers(nodes, coordinator)
    if (isNews) this.#parts.onNews({ kind: 'assigned', coordinator, nodes, leaseMs })
    return [AGAIN_MS_MIN, leaseMs / 2]
  }

  #refused(outcome: RefusedOutcome): readonly [number, number] {
    this.#failures = 0
    this.#silent.clear()
    this.#nodes = []
    this.#parts.client.movePeers([])
    this.#tell(`lease-${outcome}`, {}, true)
    return [REFUSED_MS, REFUSED_MS]
  }

  #tell(code: LeaseCode, operands: Operands, isFinal: boolean): void {
    const device = toHex(this.#parts.deviceKey)
    const text = sentence(LEASE_SENTENCES[code], { device, ...operands })
    this.#parts.onNews({ kind: 'refused', code, sentence: text, isFinal })
  }

  async #rest([leastMs, mostMs]: readonly [number, number]): Promise<void> {
    await this.#pause(leastMs)
    if (mostMs <= leastMs || this.#isWoken) return
    const woken = new Promise<void>((resolve) => (this.#onWake = resolve))
    await this.#pause(mostMs - leastMs, woken)
  }

  #pause(ms: number, woken?: Promise<void>): Promise<void> {
    const { signal } = this.#end
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
      void woken?.then(end)
    })
  }
}

/** The PeerId that an address ends in. */
const peerOf = (address: string): PeerName => address.split('/p2p/').at(-1)!
