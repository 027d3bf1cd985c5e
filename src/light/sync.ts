/**
 * How the trusted head moves: the base of a checkpoint, hops epoch by epoch, following streams, and what is done about
 * anything that does not fit.
 *
 * Updates wait in a queue and one is verified in each step, so that a long answer never blocks whoever drives the machine.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import type { Operands } from '../base/verdict.ts'
import { blockHash } from '../chain/header.ts'
import { committeeRoot } from '../cube/committee.ts'
import { verifyUpdate, type Trusted, type Update, type VerifyCode } from '../verify/light.ts'
import { decodeFollowFrame, encodeFollowRequest } from '../wire/follow.ts'
import { decodeHopsResponse, encodeHopsRequest } from '../wire/hops.ts'
import { decodeStatusResponse, encodeStatusRequest } from '../wire/status.ts'
import { FORMS_FULL } from '../wire/update.ts'
import type { Checkpoint } from './contract.ts'
import type { Conflicts } from './conflicts.ts'
import type { LightCore, Pending } from './core.ts'
import { judge } from './judgement.ts'
import type { Peer } from './peers.ts'
import { reasonText } from './saved-state.ts'
import { trustBase } from './start.ts'

/** Updates asked for in one `hops` request. */
const HOPS_ASKED = 16
/** Frames of one peer that may wait; more is flooding. */
const QUEUED_PER_PEER_MAX = 64
const FOLLOW_COUNT = 3
const STATUS_INTERVAL_MS = 10_000n

interface Queued {
  readonly peer: Peer
  readonly update: Update
  /** The height that its history path proves. */
  readonly fromHeight: bigint
}

export class Sync {
  readonly #core: LightCore
  readonly #conflicts: Conflicts
  #queue: Queued[] = []
  /** An update ahead of the clock, looked at again on each tick ([LC-6]). */
  #undecided: Queued | undefined
  /** The height that was warned about last, so that each is told once. */
  #warnedHeight: bigint | undefined
  /** The checkpoint of a client that has not got its block yet. */
  #wanted: Checkpoint | undefined

  constructor(core: LightCore, conflicts: Conflicts) {
    this.#core = core
    this.#conflicts = conflicts
  }

  startFrom(checkpoint: Checkpoint): void {
    this.#wanted = checkpoint
  }

  get hasWork(): boolean {
    return this.#queue.length > 0
  }

  forget(peer: Peer): void {
    this.#queue = this.#queue.filter((queued) => queued.peer !== peer)
    if (this.#undecided?.peer === peer) this.#undecided = undefined
  }

  // ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────

  askStatus(peer: Peer): void {
    if (this.#core.isAsking(peer, 'status')) return
    peer.statusAskedMs = this.#core.nowMs
    this.#core.send(peer, 'status', encodeStatusRequest(), { purpose: 'status' })
  }

  /** Sends whatever is called for now. Idempotent: called after every event. */
  pump(): void {
    const core = this.#core
    if (core.isStopped || core.phase === 'stale') return
    this.#pollStatus()
    if (core.trusted === undefined) this.#askBase()
    else {
      this.#conflicts.compareCheckpoint(core.trusted)
      this.#askHops(core.trusted)
      this.#openStreams(core.trusted)
      this.#setPhase(core.trusted)
    }
    if (this.hasWork) core.effect({ kind: 'resume-soon' })
  }

  #pollStatus(): void {
    const { peers, nowMs } = this.#core
    for (const peer of peers.ranked(nowMs)) {
      const isQuiet = peer.stream === undefined || nowMs - this.#core.advancedMs > STATUS_INTERVAL_MS
      const isDue = peer.statusAskedMs === undefined || nowMs - peer.statusAskedMs >= STATUS_INTERVAL_MS
      if (isQuiet && isDue) this.askStatus(peer)
    }
  }

  #askBase(): void {
    const core = this.#core
    if (this.#wanted === undefined || core.countPending('base') > 0) return
    const [peer] = core.peers.ranked(core.nowMs)
    if (peer === undefined) return
    const fromHeight = this.#wanted.height
    const request = encodeHopsRequest({ fromHeight, countMax: HOPS_ASKED, wantBase: true, forms: FORMS_FULL })
    core.send(peer, 'hops', request, { purpose: 'base' })
  }

  /** Hops from one peer at a time, while some peer claims more than a step beyond the head. */
  #askHops(trusted: Trusted): void {
    const core = this.#core
    if (this.hasWork || this.#undecided !== undefined || core.countPending('hops') > 0) return
    const height = trusted.header.height
    const isLive = core.peers.all.some(({ stream }) => stream !== undefined && stream.height >= height)
    const quietMs = core.nowMs - core.advancedMs
    if (isLive && quietMs < 5n * BigInt(core.params.blockTimeMs)) return
    const [peer] = core.peers.ranked(core.nowMs, ({ claim }) => (claim?.head.header.height ?? 0n) > height)
    if (peer !== undefined) this.#askHopsOf(peer, height, HOPS_ASKED)
  }

  #askHopsOf(peer: Peer, fromHeight: bigint, countMax: number): void {
    const claimedHeight = peer.claim?.head.header.height ?? 0n
    const request = encodeHopsRequest({ fromHeight, countMax, wantBase: false, forms: FORMS_FULL })
    this.#core.send(peer, 'hops', request, { purpose: 'hops', fromHeight, claimedHeight })
  }

  /** Follows peers that have claimed nothing beyond our head, up to the limit. */
  #openStreams({ header: { height } }: Trusted): void {
    const core = this.#core
    const countMax = core.config.followCountMax ?? FOLLOW_COUNT
    let count = core.peers.all.filter(({ stream }) => stream !== undefined).length
    const isReady = ({ stream, claim }: Peer) =>
      stream === undefined && claim !== undefined && claim.head.header.height <= height
    for (const peer of core.peers.ranked(core.nowMs, isReady)) {
      if (count++ >= countMax) return
      core.openFollow(peer, encodeFollowRequest({ fromHeight: height, forms: FORMS_FULL }), height)
    }
  }

  #setPhase({ header: { height } }: Trusted): void {
    const core = this.#core
    const claimed = core.peers.highestClaim()
    if (core.peers.all.length === 0) core.setPhase('waiting')
    else if (claimed > height + 1n) core.setPhase('syncing')
    else if (core.peers.all.some(({ stream }) => stream !== undefined)) core.setPhase('following')
  }

  // ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  onStatus(peer: Peer, bytes: Uint8Array): void {
    const status = this.#core.opened(peer, 'status', decodeStatusResponse(bytes))
    if (status === undefined) return
    this.#core.peers.moveUp(peer)
    const hash = blockHash(this.#core.engine.kernels, status.head.header)
    peer.claim = { head: status.head, hash }
    this.#conflicts.compareClaim(peer, status.head)
  }

  onBase(peer: Peer, bytes: Uint8Array): void {
    const core = this.#core
    const response = this.#core.opened(peer, 'hops', decodeHopsResponse(bytes, core.params))
    if (response === undefined || core.trusted !== undefined || this.#wanted === undefined) return
    if (response.base === undefined) return core.ban(peer, 'base-missing')
    const { height, hash } = this.#wanted
    const verdict = trustBase(core, this.#wanted, response.base)
    if (verdict.kind === 'bad-checkpoint') return core.fail(verdict.fault.code, verdict.fault.operands)
    if (verdict.kind === 'bad-peer') return this.#core.accuse(peer, verdict.code, { reason: verdict.reason })
    if (verdict.kind === 'mismatch') {
      core.warn('checkpoint-mismatch', { peer: peer.name, height, got: toHex(verdict.got), expected: toHex(hash) })
      return core.drop(peer, 'checkpoint-mismatch')
    }
    this.#wanted = undefined
    core.peers.moveUp(peer)
    core.advance(verdict.trusted, peer)
    if (!this.stopIfStale()) this.#enqueue(peer, response.updates, verdict.trusted.header.height)
  }

  onHops(peer: Peer, pending: Pending & { purpose: 'hops' }, bytes: Uint8Array): void {
    const core = this.#core
    const response = this.#core.opened(peer, 'hops', decodeHopsResponse(bytes, core.params))
    if (response === undefined) return
    const { fromHeight, claimedHeight } = pending
    if (response.updates.length === 0 && claimedHeight > fromHeight) {
      // It claimed a head beyond this height and now has nothing that leads there ([LC-7]).
      core.warn('claim-unproven', { peer: peer.name, claimed: claimedHeight, height: fromHeight })
      return core.ban(peer, 'claim-unproven')
    }
    core.peers.moveUp(peer)
    this.#enqueue(peer, response.updates, fromHeight)
  }

  onFrame(peer: Peer, bytes: Uint8Array): void {
    const frame = this.#core.opened(peer, 'follow', decodeFollowFrame(bytes, this.#core.params))
    if (frame === undefined) return this.#core.closeFollow(peer)
    const fromHeight = peer.stream!.height
    peer.stream!.height = frame.header.height
    peer.claim = {
      head: { header: frame.header, cert: frame.cert },
      hash: blockHash(this.#core.engine.kernels, frame.header),
    }
    this.#enqueue(peer, [frame], fromHeight)
  }

  #enqueue(peer: Peer, updates: readonly Update[], fromHeight: bigint): void {
    // A head without its full committee could follow nobody, and would not be there after a restart ([LC-8]).
    if (updates.some(({ compact }) => compact !== undefined))
      return this.#core.accuse(peer, 'malformed', { protocol: 'hops', reason: 'a committee form not asked for' })
    if (this.#queue.filter((queued) => queued.peer === peer).length + updates.length > QUEUED_PER_PEER_MAX) {
      this.#core.warn('flooding', { peer: peer.name })
      this.#core.drop(peer, 'flooding')
      return
    }
    let from = fromHeight
    for (const update of updates) {
      this.#queue.push({ peer, update, fromHeight: from })
      from = update.header.height
    }
  }

  // ── Verification, one update for each step ───────────────────────────────────────────────────────────────────────

  work(): void {
    const queued = this.#queue.shift()
    const core = this.#core
    if (queued === undefined || core.isStopped || core.phase === 'stale') return
    if (core.trusted === undefined || core.peers.get(queued.peer.name) !== queued.peer) return
    this.#consider(queued, core.trusted)
  }

  #consider(queued: Queued, trusted: Trusted): void {
    const { peer, update, fromHeight } = queued
    const height = trusted.header.height
    if (update.header.height <= height) return this.#conflicts.compareClaim(peer, update)
    if (fromHeight !== height) {
      // Its path proves another block than our head: ask it for a step from here.
      if (this.#core.countPending('hops') === 0) this.#askHopsOf(peer, height, 1)
      return
    }
    const verdict = verifyUpdate(this.#core.engine, this.#core, trusted, update, this.#core.nowMs)
    if (verdict.kind === 'accepted') return this.#accept(peer, verdict.value)
    this.#refuse(queued, trusted, verdict.code, verdict.operands)
  }

  #accept(peer: Peer, trusted: Trusted): void {
    const core = this.#core
    core.advance(trusted, peer)
    core.emit({ kind: 'progress', height: trusted.header.height, claimedHeight: core.peers.highestClaim() })
    for (const other of core.peers.all)
      if (other.claim !== undefined) this.#conflicts.compareClaim(other, other.claim.head)
  }

  #refuse(queued: Queued, trusted: Trusted, code: VerifyCode, operands: Operands): void {
    const core = this.#core
    const { peer, update } = queued
    switch (judge(code)) {
      case 'later':
        if (this.#warnedHeight !== update.header.height) core.emit({ kind: 'warning', code, operands })
        this.#warnedHeight = update.header.height
        this.#undecided = queued
        return
      case 'stale':
        this.stopIfStale()
        return
      case 'not-in-history':
        return this.#conflicts.suspect(peer, update, trusted)
      case 'conflict':
      case 'broken-chain':
        return core.fail('chain-broken', { height: update.header.height, reason: reasonText(code, operands) })
      case 'weak-committee':
        return this.#refuseWeak(queued, trusted, code, operands)
      case 'bad-peer':
        return this.#core.accuse(peer, code, operands)
    }
  }

  /** A committee that is too small is the chain's state if it is the trusted or the certified one, else the peer's invention. */
  #refuseWeak({ peer, update }: Queued, trusted: Trusted, code: string, operands: Operands): void {
    const core = this.#core
    const committee = update.committee ?? trusted.committee?.committee
    const root = committee && committeeRoot(core.engine.kernels, committee)
    const { committeeRoot: present, nextCommitteeRoot: next } = trusted.header
    if (root === undefined || !(equalBytes(root, present) || equalBytes(root, next)))
      return this.#core.accuse(peer, code, operands)
    core.fail('chain-weak', { epoch: committee!.head.epoch, reason: reasonText(code, operands) })
  }

  /** Looks again at what was ahead of the clock. */
  onTick(): void {
    const undecided = this.#undecided
    this.#undecided = undefined
    if (undecided !== undefined && this.#core.peers.get(undecided.peer.name) === undecided.peer)
      this.#queue.unshift(undecided)
  }

  /** [LC-1]: fail closed. Leaves again when a corrected clock says so. */
  stopIfStale(): boolean {
    const core = this.#core
    if (core.trusted === undefined || core.isStopped) return false
    const ageMs = core.staleAge(core.trusted.header)
    if (ageMs === undefined) {
      if (core.phase === 'stale') core.setPhase('waiting')
      return false
    }
    if (core.phase === 'stale') return true
    core.warn('trusted-stale', { ageMs, trustPeriodMs: core.params.trustPeriodMs })
    this.#queue = []
    this.#undecided = undefined
    for (const peer of core.peers.all) core.closeFollow(peer)
    core.setPhase('stale')
    return true
  }
}
