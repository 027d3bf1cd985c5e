/**
 * A coordination node (§8): a light client that serves, and that assigns full nodes to registered devices. It believes neither
 * side: that a device is registered is proven at its own verified head, that a full node is up is what it sees on its own
 * connections. Nobody need believe it either: it chooses whom a device asks, and what these answer is verified there.
 *
 * Full nodes are the peers of this client (given by its operator) that have its newest blocks and are not registered as
 * anything else. Those with a live registration as full node come first; whoever sent this client something provably wrong, or
 * whose owner's stake was burnt for provable misbehaviour, is assigned to nobody any more.
 */
import { equalBytes, hex, toHex } from '../base/bytes.ts'
import { Prng } from '../base/prng.ts'
import { accepted, type Result } from '../base/verdict.ts'
import { DEVICE_ROLE } from '../chain/output-data.ts'
import type { Owner } from '../chain/output.ts'
import { epochOf } from '../chain/params.ts'
import { burntBetween, type OwnedAt } from '../devices/burnt-stake.ts'
import { LeaseTable, LEASE_LIMITS, TRUST, type LeaseLimits, type TrustLevel } from '../devices/lease-table.ts'
import { networkGroup } from '../light/network-group.ts'
import { keyOfPeer } from '../net/identity.ts'
import { TokenBucket } from '../net/peer-account.ts'
import type { Asker } from '../ports/network.ts'
import { refused, served, type Answer } from '../wire/envelope.ts'
import { decodeLeaseRequest, encodeLeaseResponse, type LeaseOutcome, type LeaseResponse } from '../wire/lease.ts'
import type { PeerInfo } from './events.ts'
import type { LightClient } from './light-client.ts'
import type { TrustPeer } from '../light/trust-meter.ts'
import { Registrations, type Standing } from './registrations.ts'

/**
 * Proofs for keys that were not seen registered before: whoever makes keys by the thousand can keep newcomers waiting, and
 * neither this board busy nor registered devices out.
 */
const STRANGERS = { perSecond: 4, burst: 16 }
const REFUSALS_TOLD = { perSecond: 0.5, burst: 30 }
/** Owners of full nodes whose outputs are remembered, and those of burnt stake. */
const OWNER_COUNT_MAX = 256
/** Leased devices whose registration is proven again at a time. */
const REVIEWED_AT_ONCE = 4
/** A full node that was last seen to have a block so much older than the head is not up; nor is a head of that age a head. */
const BEHIND_MS = 60_000
const QUIET_MS = 15_000
const TICK_MS = 1_000
/** Reasons for which this client hangs up that prove nothing against the peer. */
const PROVES_NOTHING: ReadonlySet<string> = new Set(['flooding', 'checkpoint-mismatch', 'too-many-peers'])

/** What it needs of its own light client. */
export type CoordinatorClient = Pick<LightClient, 'spec' | 'engine' | 'present' | 'on' | 'unspent' | 'unspentUnder'>

export interface CoordinatorParts {
  readonly client: CoordinatorClient
  readonly limits?: Partial<LeaseLimits>
  hangUp(peer: string): void
  /** What was decided, for people and logs. */
  onEvent?(event: CoordinatorEvent): void
}

export type CoordinatorEvent =
  | { readonly kind: 'leased'; readonly device: string; readonly nodes: readonly string[] }
  | { readonly kind: 'refused'; readonly device: string; readonly outcome: LeaseOutcome }
  /** A lease that ended because its device is registered no more. */
  | { readonly kind: 'ended'; readonly device: string; readonly height: bigint }
  | { readonly kind: 'barred'; readonly peer: string; readonly reason: string }

export class Coordinator {
  readonly table: LeaseTable
  /** Since the start. */
  readonly counts = { granted: 0, refused: 0, ended: 0 }
  readonly #parts: CoordinatorParts
  readonly #client: CoordinatorClient
  readonly #registrations: Registrations
  readonly #leaseMs: number
  readonly #prng = new Prng(toHex(globalThis.crypto.getRandomValues(new Uint8Array(16))))
  /** The peer that a leased device asked from, and the nodes last told, by device. */
  readonly #told = new Map<string, { readonly peer: string; readonly nodes: string }>()
  /** What the owner of a registered full node had when it was looked at last, by hex of the owner. */
  readonly #owned = new Map<string, OwnedAt>()
  /** Owners whose stake was burnt. */
  readonly #burnt = new Set<string>()
  /** Refusals that are told: whoever asks in vain must not fill a log. */
  readonly #tellable = new TokenBucket(REFUSALS_TOLD.perSecond, REFUSALS_TOLD.burst, performance.now())
  readonly #strangers = new TokenBucket(STRANGERS.perSecond, STRANGERS.burst, performance.now())
  /** What is proven in the background now. */
  readonly #reviewed = new Set<string>()
  readonly #off: readonly (() => void)[]

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.#client = parts.client
    this.#leaseMs = parts.limits?.leaseMs ?? LEASE_LIMITS.leaseMs
    this.table = new LeaseTable(parts.limits)
    this.#registrations = new Registrations(parts.client)
    const timer = setInterval(() => this.tick(), TICK_MS)
    this.#off = [
      () => clearInterval(timer),
      this.#client.on('peer', (peer) => this.#onPeer(peer)),
      this.#client.on('closed', () => this.close()),
    ]
  }

  close(): void {
    for (const off of this.#off) off()
  }

  /** A connection has ended. */
  disconnected(peer: string): void {
    this.table.down(peer)
  }

  // ── Devices ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Answers one request of `lease`. A rejection: malformed bytes. */
  async answer(bytes: Uint8Array, asker: Asker): Promise<Result<Uint8Array>> {
    const decoded = decodeLeaseRequest(bytes)
    if (decoded.kind === 'rejected') return decoded
    return accepted(encodeLeaseResponse(await this.#decide(decoded.value.deviceKey, decoded.value.silent, asker)))
  }

  async #decide(deviceKey: Uint8Array, silent: readonly string[], asker: Asker): Promise<Answer<LeaseResponse>> {
    const device = toHex(deviceKey)
    if (asker.key === undefined || !equalBytes(asker.key, deviceKey)) return this.#refuse(device, 'other-key')
    const standing = await this.#standing(deviceKey)
    if (standing === undefined) return refused('busy')
    if (standing.kind !== 'live') {
      this.table.end(device)
      return this.#refuse(device, standing.kind)
    }
    if (standing.role === DEVICE_ROLE.full) return this.#refuse(device, 'role')
    return this.#grant(device, silent, asker.peer)
  }

  /** Undefined when it cannot be proven now. */
  async #standing(deviceKey: Uint8Array): Promise<Standing | undefined> {
    if (!this.#isCurrent) return undefined
    const known = this.#registrations.known(deviceKey)
    const isStranger = known?.kind !== 'live' && !this.#registrations.isFresh(known)
    if (isStranger && !this.#strangers.take(1, performance.now())) return undefined
    return this.#registrations.of(deviceKey).catch(() => undefined)
  }

  /** A head that is far from the newest proves what was; one of a broken chain proves nothing. */
  get #isCurrent(): boolean {
    const { header, phase, advancedMs } = this.#client.present
    if (header === undefined || (phase !== 'following' && phase !== 'syncing')) return false
    const sinceMs = (timeMs: bigint) => Date.now() - Number(timeMs)
    // An old head to which nothing is added is the newest: the chain stands still.
    const isQuiet = phase === 'following' && advancedMs !== undefined && sinceMs(advancedMs) > QUIET_MS
    return sinceMs(header.timeMs) < BEHIND_MS || isQuiet
  }

  #grant(device: string, silent: readonly string[], peer: string): Answer<LeaseResponse> {
    const lease = this.table.lease(device, silent, performance.now(), this.#prng)
    if (lease === undefined) return refused('busy')
    if (lease.nodes.length === 0) return this.#refuse(device, 'no-node')
    const nodes = lease.nodes.map((node) => node.peer)
    if (this.#told.get(device)?.nodes !== nodes.join()) this.#parts.onEvent?.({ kind: 'leased', device, nodes })
    this.#told.set(device, { peer, nodes: nodes.join() })
    this.counts.granted++
    return served({ outcome: 'granted', leaseMs: this.#leaseMs, nodes: lease.nodes.map(({ address }) => address) })
  }

  #refuse(device: string, outcome: LeaseOutcome): Answer<LeaseResponse> {
    this.counts.refused++
    if (this.#tellable.take(1, performance.now())) this.#parts.onEvent?.({ kind: 'refused', device, outcome })
    return served({ outcome, leaseMs: 0, nodes: [] })
  }

  // ── As time goes by ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Looks at connections and registrations; once a second by itself. */
  tick(): void {
    this.table.expire(performance.now())
    const leased = new Set(this.table.devices)
    for (const device of this.#told.keys()) if (!leased.has(device)) this.#told.delete(device)
    const { header, peers } = this.#client.present
    const connected = new Set(peers.map(({ name }) => name))
    for (const { peer } of this.table.nodes) if (!connected.has(peer)) this.table.down(peer)
    if (header === undefined) return
    for (const peer of peers) this.#look(peer, header.height)
    for (const device of leased) this.#review(device)
  }

  /** A leased device whose registration was proven a while ago: is it still there? */
  #review(device: string): void {
    const key = hex(device)
    if (!this.#registrations.isDue(key)) return
    this.#once(device, async () => {
      const { kind, height } = await this.#registrations.of(key)
      if (kind === 'live') return
      const peer = this.#told.get(device)?.peer
      this.table.end(device)
      this.#told.delete(device)
      this.counts.ended++
      this.#parts.onEvent?.({ kind: 'ended', device, height })
      if (peer !== undefined) this.#parts.hangUp(peer)
    })
  }

  /** Proofs in the background, a few at a time; one that cannot be had is asked for again at a later head. */
  #once(name: string, work: () => Promise<void>): void {
    if (this.#reviewed.has(name) || this.#reviewed.size >= REVIEWED_AT_ONCE) return
    this.#reviewed.add(name)
    void work()
      .catch(() => undefined)
      .finally(() => this.#reviewed.delete(name))
  }

  // ── Full nodes ───────────────────────────────────────────────────────────────────────────────────────────────────

  #onPeer({ name, state, code }: PeerInfo): void {
    if (state === 'dropped' && !PROVES_NOTHING.has(code ?? '')) this.#bar(name, code ?? state)
  }

  /** Told once: a node that stays connected is looked at again and again. */
  #bar(peer: string, reason: string): void {
    const isNews = !this.table.barred.includes(peer)
    this.table.bar(peer)
    if (isNews) this.#parts.onEvent?.({ kind: 'barred', peer, reason })
  }

  /** Whether a connected peer may be assigned now. */
  #look({ name, address, agreedHeight }: TrustPeer, height: bigint): void {
    const key = keyOfPeer(name)
    const trust = this.#trustOf(key)
    const behindMax = 1n + BigInt(Math.ceil(BEHIND_MS / this.#client.spec.params.blockTimeMs))
    const isUp = agreedHeight !== undefined && height - agreedHeight <= behindMax
    if (address === '' || trust === TRUST.barred || !isUp) this.table.down(name)
    else this.table.up({ peer: name, address, trust, group: networkGroup(address) })
    if (key !== undefined && this.#registrations.isDue(key)) this.#once(name, () => this.#lookUp(name, key))
  }

  /** Whoever is registered as something else, or was registered, is no full node. */
  #trustOf(key: Uint8Array | undefined): TrustLevel {
    const standing = key === undefined ? undefined : this.#registrations.known(key)
    if (standing === undefined || standing.kind === 'unregistered') return TRUST.known
    return standing.kind === 'live' && standing.role === DEVICE_ROLE.full ? TRUST.registered : TRUST.barred
  }

  /** The registration of a full node, and whether stake of its owner was burnt since that one was looked at last. */
  async #lookUp(peer: string, key: Uint8Array): Promise<void> {
    const standing = await this.#registrations.of(key)
    if (standing.kind !== 'live' || standing.role !== DEVICE_ROLE.full) return
    const owner = toHex(standing.owner)
    const now = await this.#ownedBy(standing.owner)
    const before = this.#owned.get(owner)
    keepNewest(this.#owned.set(owner, now), OWNER_COUNT_MAX)
    if (before !== undefined && burntBetween(this.#client.engine.kernels, before, now).length > 0)
      keepNewest(this.#burnt.add(owner), OWNER_COUNT_MAX)
    if (this.#burnt.has(owner)) this.#bar(peer, 'stake-burnt')
  }

  async #ownedBy(owner: Owner): Promise<OwnedAt> {
    const { utxos, header } = await this.#client.unspent(owner)
    return { epoch: epochOf(header.height, this.#client.spec.params), utxos }
  }
}

function keepNewest(kept: Map<string, unknown> | Set<string>, countMax: number): void {
  const [oldest] = kept.keys()
  if (kept.size > countMax) kept.delete(oldest!)
}
