/**
 * The light client as a pure machine ([LC-1] to [LC-8]): facts in, commands out, no clock, no network, no promises.
 *
 * It holds one trusted head and moves it only by verify/light.ts. The head starts at the stored one (verified again), at a
 * checkpoint, or at genesis; it goes on by hops, one per epoch, and then by following the streams of several peers.
 *
 * How could one attack it?
 * - *Forged, truncated, replayed or misdirected bytes.* Every frame is decoded by a strict codec and judged by the
 *   checklist; a provable fault bans the peer, and the head stays where it was.
 * - *A quorum that signs two blocks.* The second certified block of a height, or a certified block whose history holds
 *   another hash at our height, halts the client for good; both are kept and sent to every peer.
 * - *Old keys.* Nothing is accepted on top of a head older than the trust period; the client says so and stops asking.
 * - *Clock games.* A head ahead of the device clock is looked at again later; a clock that lags never makes trust younger
 *   than the trusted header.
 * - *Silence and slowness.* Peers that time out or refuse are moved down, never banned; streams that go quiet are asked for
 *   their status, and lose their place to others; each request has its own limit in bytes and time.
 * - *Compact hops.* The head and the absent members are bound to the root that the epoch before certified; a batch is
 *   accepted whole or not at all, with coefficients that nobody who sent it could foresee.
 * - *Floods.* Updates wait in a queue bounded per peer; one batch is verified in each step; peers, queries and bans are bounded.
 * - *Eclipse.* If all peers are the attacker's, they can withhold and no more: what is shown is still verified, and its age
 *   is on every head.
 */
import type { Result } from '../base/verdict.ts'
import type { SyncCode } from './codes.ts'
import type { LightConfig, LightEffect, LightEvent, LightPhase, QueryValue, SavedEntries } from './contract.ts'
import type { Archive } from './archive.ts'
import { Conflicts } from './conflicts.ts'
import { LightCore, type Pending } from './core.ts'
import type { Peer } from './peers.ts'
import { Queries } from './queries.ts'
import { isConfirmed, readBanned, readSavedEvidence, reasonText, SAVED_KEY } from './saved-state.ts'
import { trustGenesis, trustStored } from './start.ts'
import { Submissions } from './submissions.ts'
import { Sync } from './sync.ts'
import type { TrustFacts, TrustPeer } from './trust-meter.ts'
import type { Trusted } from '../verify/light.ts'

export class LightMachine {
  readonly #core: LightCore
  readonly #sync: Sync
  readonly #conflicts: Conflicts
  readonly #queries: Queries
  readonly #submissions: Submissions

  constructor(config: LightConfig) {
    this.#core = new LightCore(config)
    this.#conflicts = new Conflicts(this.#core)
    this.#sync = new Sync(this.#core, this.#conflicts)
    this.#queries = new Queries(this.#core, (queryId, answer) => this.#onAnswer(queryId, answer))
    this.#submissions = new Submissions(this.#core, this.#queries)
  }

  get phase(): LightPhase {
    return this.#core.phase
  }

  get trusted(): Trusted | undefined {
    return this.#core.trusted
  }

  /** Peers that were seen to have the trusted block, or a later one. */
  get witnessCount(): number {
    const { trusted, peers } = this.#core
    return trusted === undefined ? 0 : peers.agreeing(trusted.header.height)
  }

  /** What this client holds for others; undefined unless `onReport` was given. */
  get archive(): Archive | undefined {
    return this.#core.archive
  }

  /** What the trust meter needs of the machine (light/trust-meter.ts); who brought the head and addresses are the driver's. */
  get trustFacts(): Pick<
    TrustFacts,
    'params' | 'phase' | 'committee' | 'advancedMs' | 'conflictCount' | 'rejectedPeerCount'
  > & { readonly peers: readonly Omit<TrustPeer, 'address'>[] } {
    const { params, phase, trusted, advancedMs, peers } = this.#core
    return {
      params,
      phase,
      committee: trusted?.committee?.committee,
      advancedMs: advancedMs === 0n ? undefined : advancedMs,
      conflictCount: phase === 'halted' ? 1 : 0,
      rejectedPeerCount: peers.banned.length,
      peers: peers.all.map(({ name, agreedHeight }) => ({ name, agreedHeight })),
    }
  }

  /** Never throws on bytes from outside. The effects are to be carried out in order. */
  step(event: LightEvent): readonly LightEffect[] {
    this.#dispatch(event)
    if (this.#core.isStopped || this.#core.phase === 'stale') this.#queries.failAll(this.#core.phase)
    this.#queries.pump()
    this.#submissions.pump()
    this.#sync.pump()
    return this.#core.takeEffects()
  }

  #dispatch(event: LightEvent): void {
    switch (event.kind) {
      case 'started':
        this.#core.nowMs = event.nowMs
        return this.#start(event.saved)
      case 'ticked':
        if (event.nowMs < this.#core.nowMs) this.#onClockSetBack(event.nowMs)
        this.#core.nowMs = event.nowMs
        return this.#onTick()
      case 'peer-connected':
        return this.#onConnected(event.peer)
      case 'peer-disconnected':
        return this.#onDisconnected(event.peer)
      case 'response-received':
        return this.#withPending(event.requestId, (peer, pending) => this.#onResponse(peer, pending, event.bytes))
      case 'request-failed':
        return this.#withPending(event.requestId, (peer, pending) => {
          this.#onFailure(peer.name, pending, event.code)
          this.#core.moveDown(peer, event.code)
        })
      case 'frame-received':
        return this.#withStream(event.streamId, (peer) => this.#sync.onFrame(peer, event.bytes))
      case 'stream-ended':
        return this.#withStream(event.streamId, (peer) => {
          peer.stream = undefined
          this.#core.moveDown(peer, 'stream-ended')
          peer.claim = undefined
          peer.statusAskedMs = undefined
        })
      case 'work-resumed':
        return this.#sync.work()
      case 'asked':
        return this.#queries.ask(event.queryId, event.query)
      case 'query-cancelled':
        return this.#queries.cancel(event.queryId)
      case 'submitted':
        return this.#submissions.submit(event.submissionId, event.txid, event.tx)
      case 'submission-cancelled':
        return this.#submissions.cancel(event.submissionId)
      case 'evidence-received':
        return this.#conflicts.onReport(event.evidence)
    }
  }

  // ── Start ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #start(saved: SavedEntries): void {
    const core = this.#core
    core.peers.restoreBanned(readBanned(saved))
    const stored = trustStored(core, saved)
    // What the store holds is whole: going on from elsewhere would write over it, or hide what the chain has come to.
    if (stored.kind === 'rejected' && (stored.code === 'store-other-chain' || stored.code === 'chain-weak'))
      return core.fail(stored.code, stored.operands)
    const evidence = readSavedEvidence(saved)
    if (evidence?.kind === 'rejected') {
      const { code, operands } = evidence
      const bytes = saved.get(SAVED_KEY.evidence)!.length
      return core.fail('evidence-unreadable', { bytes, reason: reasonText(code, operands) })
    }
    if (evidence !== undefined) {
      core.evidence = evidence.value
      core.emit({ kind: 'halted', evidence: evidence.value })
      return core.setPhase('halted')
    }
    if (stored.kind === 'rejected') core.warn(stored.code, stored.operands)
    if (stored.kind !== 'trusted' || this.#checkpointIsBetter(stored.trusted)) return this.#startAfresh()
    const { checkpoint } = core.config
    if (checkpoint !== undefined) this.#conflicts.compareLater(checkpoint, isConfirmed(saved, checkpoint))
    this.#sync.resume(stored)
    this.#sync.stopIfStale()
  }

  /** A stored head that is too old gives way to a newer checkpoint; that is what one is asked for. */
  #checkpointIsBetter({ header }: Trusted): boolean {
    const { checkpoint } = this.#core.config
    return checkpoint !== undefined && checkpoint.height > header.height && this.#core.staleAge(header) !== undefined
  }

  #startAfresh(): void {
    const core = this.#core
    const { checkpoint } = core.config
    core.startAfresh()
    if (checkpoint !== undefined && checkpoint.height > 0n) return this.#sync.startFrom(checkpoint)
    const trusted = trustGenesis(core.config)
    if (trusted.kind === 'rejected') return core.fail(trusted.code, trusted.operands)
    if (checkpoint !== undefined) this.#conflicts.compareLater(checkpoint, false)
    if (core.staleAge(trusted.value.header) === undefined) core.advance([{ trusted: trusted.value }], undefined)
    else core.resume(trusted.value)
    this.#sync.stopIfStale()
  }

  // ── Peers and time ───────────────────────────────────────────────────────────────────────────────────────────────

  /** What waits for a time must not wait for as long as the clock went back. */
  #onClockSetBack(nowMs: bigint): void {
    const core = this.#core
    core.advancedMs = nowMs
    for (const peer of core.peers.all) {
      peer.restUntilMs = 0n
      peer.statusAskedMs = undefined
    }
    this.#queries.restartTimers(nowMs)
  }

  #onTick(): void {
    this.#sync.stopIfStale()
    this.#sync.onTick()
    this.#queries.onTick()
  }

  #onConnected(name: string): void {
    const core = this.#core
    if (core.peers.isBanned(name)) {
      core.effect({ kind: 'drop-peer', peer: name, code: 'banned', remember: true })
      return
    }
    if (core.peers.get(name) !== undefined) return
    const peer = core.peers.add(name)
    if (peer === undefined) {
      core.effect({ kind: 'drop-peer', peer: name, code: 'too-many-peers', remember: false })
      return
    }
    core.emit({ kind: 'peer', peer: name, state: 'connected' })
    core.report(peer)
    if (!core.isStopped && core.phase !== 'stale') this.#sync.askStatus(peer)
  }

  #onDisconnected(name: string): void {
    const core = this.#core
    const peer = core.peers.get(name)
    if (peer === undefined) return
    core.peers.remove(name)
    this.#sync.forget(peer)
    for (const [requestId, entry] of core.pending) {
      if (entry.peer !== name) continue
      core.pending.delete(requestId)
      this.#onFailure(name, entry.pending, 'closed')
    }
    core.emit({ kind: 'peer', peer: name, state: 'disconnected' })
  }

  // ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The request is over. Late answers of peers that are gone are dropped, after telling whoever waits for one. */
  #withPending(requestId: string, handle: (peer: Peer, pending: Pending) => void): void {
    const entry = this.#core.pending.get(requestId)
    if (entry === undefined) return
    this.#core.pending.delete(requestId)
    const peer = this.#core.peers.get(entry.peer)
    if (peer === undefined) this.#onFailure(entry.peer, entry.pending, 'closed')
    else handle(peer, entry.pending)
  }

  #withStream(streamId: string, handle: (peer: Peer) => void): void {
    const peer = this.#core.peers.byStream(streamId)
    if (peer !== undefined) handle(peer)
  }

  #onResponse(peer: Peer, pending: Pending, bytes: Uint8Array): void {
    if (pending.purpose === 'query') return this.#queries.onResponse(peer, pending, bytes)
    if (pending.purpose === 'submit') return this.#submissions.onResponse(peer, pending, bytes)
    if (pending.purpose === 'report' || this.#core.isStopped || this.#core.phase === 'stale') return
    switch (pending.purpose) {
      case 'status':
        return this.#sync.onStatus(peer, bytes)
      case 'base':
        return this.#sync.onBase(peer, pending, bytes)
      case 'hops':
        return this.#sync.onHops(peer, pending, bytes)
      case 'committee':
        return this.#sync.onCommittee(peer, pending, bytes)
      case 'conflict':
        return this.#conflicts.onConflictProof(peer, pending, bytes)
      case 'lookup':
        return this.#conflicts.onLookup(peer, pending, bytes)
      case 'checkpoint':
        return this.#conflicts.onCheckpointProof(peer, pending, bytes)
    }
  }

  #onFailure(peerName: string, pending: Pending, code: string): void {
    if (pending.purpose === 'query') this.#queries.onFailure(peerName, pending, code)
    if (pending.purpose === 'submit') this.#submissions.onFailure(peerName, pending)
    const peer = pending.purpose === 'hops' ? this.#core.peers.get(peerName) : undefined
    if (peer !== undefined) this.#sync.onHopsFailure(peer)
  }

  #onAnswer(queryId: string, answer: Result<QueryValue, SyncCode>): void {
    if (this.#submissions.onAnswer(queryId, answer)) return
    this.#core.emit({ kind: 'answered', queryId, answer })
  }
}
