/**
 * The lease table of a coordination node (§8): which full nodes serve which device. Pure: the time is an argument in
 * milliseconds that never goes back, randomness a generator that is passed in; the same calls give the same leases.
 *
 * A lease goes on with the nodes that it has, as long as they are up. A place in it that is empty goes to a node that the
 * device did not complain of, of the highest trust, in a network that the lease is not in yet, with the fewest leases; by lot
 * among equals. A complaint moves the device that made it and nobody else: else one device could take a node from all.
 */
import type { Prng } from '../base/prng.ts'

/** `barred`: provable misbehaviour, for good. `known`: the operator named it. `registered`: a live registration as full node. */
export const TRUST = { barred: 0, known: 1, registered: 2 } as const
export type TrustLevel = (typeof TRUST)[keyof typeof TRUST]

export interface FullNode {
  readonly peer: string
  /** Where devices reach it: a multiaddr that ends in /p2p/<PeerId>. */
  readonly address: string
  readonly trust: TrustLevel
  /** What one operator is likely to hold many of: nodes of different groups are preferred. */
  readonly group: string
}

export interface Lease {
  readonly device: string
  /** At most nodesPerLease; none when no full node is up. */
  readonly nodes: readonly FullNode[]
  readonly untilMs: number
}

export interface LeaseLimits {
  readonly nodesPerLease: number
  readonly leaseMs: number
  /** Full nodes that are up, and leases, kept at a time. */
  readonly nodeCountMax: number
  readonly leaseCountMax: number
  /** How long a complaint counts. */
  readonly complaintMs: number
}

export const LEASE_LIMITS: LeaseLimits = {
  nodesPerLease: 2,
  leaseMs: 60_000,
  nodeCountMax: 64,
  leaseCountMax: 256,
  complaintMs: 60_000,
}
/** Barred nodes remembered; the one that was barred first is forgotten first. */
export const BARRED_COUNT_MAX = 1024

interface Entry {
  peers: readonly string[]
  untilMs: number
  /** Until when a complaint of this device counts, by peer. */
  readonly complaints: Map<string, number>
}

export class LeaseTable {
  readonly #limits: LeaseLimits
  readonly #nodes = new Map<string, FullNode>()
  readonly #leases = new Map<string, Entry>()
  readonly #barred = new Set<string>()

  constructor(limits: Partial<LeaseLimits> = {}) {
    this.#limits = { ...LEASE_LIMITS, ...limits }
  }

  /** Full nodes that are up and may be assigned. */
  get nodes(): readonly FullNode[] {
    return [...this.#nodes.values()]
  }

  get leaseCount(): number {
    return this.#leases.size
  }

  /** Peers of provable misbehaviour, oldest first. */
  get barred(): readonly string[] {
    return [...this.#barred]
  }

  /** The node is up, as it is described now. False where it is barred, or more are up than are kept. */
  up(node: FullNode): boolean {
    if (node.trust === TRUST.barred) this.bar(node.peer)
    const isKept = this.#nodes.has(node.peer) || this.#nodes.size < this.#limits.nodeCountMax
    if (this.#barred.has(node.peer) || !isKept) return false
    this.#nodes.set(node.peer, node)
    return true
  }

  /** It went silent, or is refused: no lease names it from its next renewal on. */
  down(peer: string): void {
    this.#nodes.delete(peer)
  }

  /** Provable misbehaviour (§11): it is assigned to nobody any more. */
  bar(peer: string): void {
    this.#nodes.delete(peer)
    this.#barred.delete(peer)
    this.#barred.add(peer)
    const [oldest] = this.#barred
    if (this.#barred.size > BARRED_COUNT_MAX) this.#barred.delete(oldest!)
  }

  /**
   * Grants or renews the lease of a device. `silent`: nodes of it that the device cannot reach. Undefined when the table is
   * full of leases that have not expired.
   */
  lease(device: string, silent: readonly string[], nowMs: number, prng: Prng): Lease | undefined {
    const entry = this.#entry(device, nowMs)
    if (entry === undefined) return undefined
    const { complaintMs, leaseMs } = this.#limits
    for (const [peer, untilMs] of entry.complaints) if (untilMs <= nowMs) entry.complaints.delete(peer)
    // Only of what it was given: a list of all others would name the node that it wants.
    for (const peer of silent) if (entry.peers.includes(peer)) entry.complaints.set(peer, nowMs + complaintMs)
    const nodes = this.#choose(device, entry, prng)
    entry.peers = nodes.map(({ peer }) => peer)
    entry.untilMs = nowMs + leaseMs
    return { device, nodes, untilMs: entry.untilMs }
  }

  /** The device's registration is gone, or the device is. */
  end(device: string): void {
    this.#leases.delete(device)
  }

  /** Ends the leases that nobody renewed. */
  expire(nowMs: number): void {
    for (const [device, { untilMs }] of this.#leases) if (untilMs <= nowMs) this.#leases.delete(device)
  }

  /** Devices with a lease. */
  get devices(): readonly string[] {
    return [...this.#leases.keys()]
  }

  #entry(device: string, nowMs: number): Entry | undefined {
    const known = this.#leases.get(device)
    if (known !== undefined && known.untilMs > nowMs) return known
    this.expire(nowMs)
    if (this.#leases.size >= this.#limits.leaseCountMax) return undefined
    const entry: Entry = { peers: [], untilMs: nowMs, complaints: new Map() }
    this.#leases.set(device, entry)
    return entry
  }

  #choose(device: string, { peers, complaints }: Entry, prng: Prng): readonly FullNode[] {
    const chosen = peers
      .filter((peer) => !complaints.has(peer))
      .flatMap((peer) => this.#nodes.get(peer) ?? [])
      .slice(0, this.#limits.nodesPerLease)
    const load = this.#loads(device)
    // In random order, so that a stable sort draws lots among equals.
    const free = prng.shuffled(this.nodes.filter((node) => !chosen.includes(node)))
    while (chosen.length < this.#limits.nodesPerLease && free.length > 0) {
      const groups = new Set(chosen.map(({ group }) => group))
      const rank = (node: FullNode): readonly number[] => [
        Number(complaints.has(node.peer)),
        -node.trust,
        Number(groups.has(node.group)),
        load.get(node.peer) ?? 0,
      ]
      const best = free.reduce((a, b) => (isLess(rank(b), rank(a)) ? b : a))
      free.splice(free.indexOf(best), 1)
      chosen.push(best)
    }
    return chosen
  }

  /** How many leases of others name each node. */
  #loads(device: string): ReadonlyMap<string, number> {
    const load = new Map<string, number>()
    for (const [other, { peers }] of this.#leases)
      if (other !== device) for (const peer of peers) load.set(peer, (load.get(peer) ?? 0) + 1)
    return load
  }
}

/** Compares from the left. */
function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index])
  return at >= 0 && a[at]! < b[at]!
}
