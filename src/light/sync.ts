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
import { verifyHistoryProof } from '../proofs/history.ts'
import { verifyCert } from '../verify/certificate.ts'
import { verifyUpdate, type Trusted, type Update, type VerifyCode } from '../verify/light.ts'
import { isStale } from '../verify/trust.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import type { Answer } from '../wire/envelope.ts'
import { decodeFollowFrame, encodeFollowRequest } from '../wire/follow.ts'
import { decodeHopsResponse, encodeHopsRequest } from '../wire/hops.ts'
import { decodeProofResponse, encodeProofRequest, type LinkedHeader } from '../wire/proof.ts'
import { decodeStatusResponse, encodeStatusRequest } from '../wire/status.ts'
import { FORMS_FULL } from '../wire/update.ts'
import type { Checkpoint } from './contract.ts'
import { certified, type LightCore, type Pending } from './core.ts'
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
  #queue: Queued[] = []
  /** An update ahead of the clock, looked at again on each tick ([LC-6]). */
  #undecided: Queued | undefined
  /** The height that was warned about last, so that each is told once. */
  #warnedHeight: bigint | undefined
  /** The checkpoint of a client that has not got its block yet. */
  #wanted: Checkpoint | undefined
  /** A checkpoint that the stored chain has still to be compared with. */
  #unchecked: Checkpoint | undefined

  constructor(core: LightCore) {
    this.#core = core
  }

  startFrom(checkpoint: Checkpoint): void {
    this.#wanted = checkpoint
  }

  compareLater(checkpoint: Checkpoint): void {
    this.#unchecked = checkpoint
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
      this.#compareCheckpoint(core.trusted)
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
    const status = this.#opened(peer, 'status', decodeStatusResponse(bytes))
    if (status === undefined) return
    this.#core.peers.moveUp(peer)
    const hash = blockHash(this.#core.engine.kernels, status.head.header)
    peer.claim = { head: status.head, hash }
    this.#compareClaim(peer, status.head)
  }

  onBase(peer: Peer, bytes: Uint8Array): void {
    const core = this.#core
    const response = this.#opened(peer, 'hops', decodeHopsResponse(bytes, core.params))
    if (response === undefined || core.trusted !== undefined || this.#wanted === undefined) return
    if (response.base === undefined) return core.ban(peer, 'base-missing')
    const { height, hash } = this.#wanted
    const verdict = trustBase(core, this.#wanted, response.base)
    if (verdict.kind === 'bad-checkpoint') return core.fail(verdict.fault.code, verdict.fault.operands)
    if (verdict.kind === 'bad-peer') return this.#accuse(peer, verdict.code, { reason: verdict.reason })
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
    const response = this.#opened(peer, 'hops', decodeHopsResponse(bytes, core.params))
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
    const frame = this.#opened(peer, 'follow', decodeFollowFrame(bytes, this.#core.params))
    if (frame === undefined) return this.#core.closeFollow(peer)
    const fromHeight = peer.stream!.height
    peer.stream!.height = frame.header.height
    peer.claim = {
      head: { header: frame.header, cert: frame.cert },
      hash: blockHash(this.#core.engine.kernels, frame.header),
    }
    this.#enqueue(peer, [frame], fromHeight)
  }

  /** The body of an answer; a malformed one bans, a refusal moves down. */
  #opened<Body>(
    peer: Peer,
    protocol: string,
    decoded: { kind: 'accepted'; value: Answer<Body> } | { kind: 'rejected'; code: string; operands: Operands },
  ): Body | undefined {
    if (decoded.kind === 'rejected') {
      this.#accuse(peer, 'malformed', { protocol, reason: reasonText(decoded.code, decoded.operands) })
      return undefined
    }
    if (decoded.value.kind === 'served') return decoded.value.body
    this.#core.moveDown(peer, decoded.value.refusal)
    return undefined
  }

  #accuse(peer: Peer, code: 'malformed' | 'base-committee' | 'base-certificate' | string, operands: Operands): void {
    this.#core.emit({ kind: 'warning', code, operands: { peer: peer.name, ...operands } })
    this.#core.ban(peer, code)
  }

  #enqueue(peer: Peer, updates: readonly Update[], fromHeight: bigint): void {
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
    if (update.header.height <= height) return this.#compareClaim(peer, update)
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
    for (const other of core.peers.all) if (other.claim !== undefined) this.#compareClaim(other, other.claim.head)
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
        return this.#suspect(peer, update, trusted)
      case 'conflict':
      case 'broken-chain':
        return core.fail('chain-broken', { height: update.header.height, reason: reasonText(code, operands) })
      case 'weak-committee':
        return this.#refuseWeak(queued, trusted, code, operands)
      case 'bad-peer':
        return this.#accuse(peer, code, operands)
    }
  }

  /** A committee that is too small is the chain's state if it is the certified one, else the peer's invention. */
  #refuseWeak({ peer, update }: Queued, { header }: Trusted, code: string, operands: Operands): void {
    const core = this.#core
    const root = update.committee && committeeRoot(core.engine.kernels, update.committee)
    if (root === undefined || !equalBytes(root, header.nextCommitteeRoot)) return this.#accuse(peer, code, operands)
    core.fail('chain-weak', { epoch: update.committee!.head.epoch, reason: reasonText(code, operands) })
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

  // ── Conflicts, [LC-5] ────────────────────────────────────────────────────────────────────────────────────────────

  /** What a peer says about a height at or below our head: the same block, or another one that may be certified too. */
  #compareClaim(peer: Peer, second: CertifiedHeader): void {
    const core = this.#core
    const { header, cert } = second
    const ours = core.recent(header.height)
    if (ours === undefined) return this.#lookUp(peer, second)
    if (equalBytes(ours.hash, blockHash(core.engine.kernels, header))) return core.agree(peer, header.height)
    const keys = core.keysAt(header.height)
    if (cert === undefined || keys === undefined || isStale(core.params, ours.header, core.nowMs)) return
    const verdict = verifyCert(core.engine, core.params, core.chainId, keys, header, cert)
    if (verdict.kind === 'rejected') return this.#accuse(peer, verdict.code, verdict.operands)
    core.halt({ kind: 1, first: certified(ours), second })
  }

  /**
   * A certified header below our head, of a height that was hopped over: look it up in our head's history, with the help
   * of a peer that has our head.
   */
  #lookUp(peer: Peer, claim: CertifiedHeader): void {
    const core = this.#core
    const { trusted } = core
    const { header, cert } = claim
    const keys = core.keysAt(header.height)
    if (trusted === undefined || cert === undefined || keys === undefined) return
    if (header.height >= trusted.header.height || core.countPending('lookup') > 0) return
    const isAgreed = ({ agreedHeight }: Peer) => agreedHeight !== undefined && agreedHeight >= trusted.header.height
    const [helper] = core.peers.ranked(core.nowMs, isAgreed)
    if (helper === undefined) return
    const verdict = verifyCert(core.engine, core.params, core.chainId, keys, header, cert)
    if (verdict.kind === 'rejected') return this.#accuse(peer, verdict.code, verdict.operands)
    const request = encodeProofRequest({ kind: 1, at: trusted.header.height, height: header.height })
    core.send(helper, 'proof', request, { purpose: 'lookup', claim, claimant: peer.name, trusted })
  }

  onLookup(peer: Peer, { claim, claimant, trusted }: Pending & { purpose: 'lookup' }, bytes: Uint8Array): void {
    const core = this.#core
    const linked = this.#linkedHeader(peer, bytes)
    if (linked === undefined) return
    const { height } = claim.header
    const hash = blockHash(core.engine.kernels, linked.header)
    if (linked.header.height !== height || !this.#isInHistory(linked, hash, trusted.header))
      return this.#accuse(peer, 'history-proof', { height })
    const claimer = core.peers.get(claimant)
    if (equalBytes(hash, blockHash(core.engine.kernels, claim.header))) return claimer && core.agree(claimer, height)
    if (isStale(core.params, linked.header, core.nowMs)) return
    core.halt({ kind: 2, first: claim, second: certified(trusted), leafHash: hash, path: linked.path })
  }

  /**
   * The history path of an update does not lead to our head: forged, or of a chain that has another block there. Ask the
   * peer what its history has at our height; a valid proof of another hash under a certified header is a conflict.
   */
  #suspect(peer: Peer, update: Update, trusted: Trusted): void {
    const request = encodeProofRequest({ kind: 1, at: update.header.height, height: trusted.header.height })
    this.#core.send(peer, 'proof', request, { purpose: 'conflict', update, trusted })
  }

  onConflictProof(peer: Peer, { update, trusted }: Pending & { purpose: 'conflict' }, bytes: Uint8Array): void {
    const core = this.#core
    const linked = this.#linkedHeader(peer, bytes)
    if (linked === undefined) return
    const historyLeaf = blockHash(core.engine.kernels, linked.header)
    const claimed: Update = { ...update, historyLeaf, historyPath: linked.path }
    const verdict = verifyUpdate(core.engine, core, trusted, claimed, core.nowMs)
    if (verdict.kind === 'accepted') return
    if (judge(verdict.code) !== 'conflict') return this.#accuse(peer, verdict.code, verdict.operands)
    const second = { header: update.header, cert: update.cert }
    core.halt({ kind: 2, first: certified(trusted), second, leafHash: historyLeaf, path: linked.path })
  }

  #isInHistory({ header, path }: LinkedHeader, hash: Uint8Array, at: Trusted['header']): boolean {
    const { kernels } = this.#core.engine
    return verifyHistoryProof(kernels, at.historyRoot, at.height, header.height, hash, path).kind === 'accepted'
  }

  #linkedHeader(peer: Peer, bytes: Uint8Array): LinkedHeader | undefined {
    const body = this.#opened(peer, 'proof', decodeProofResponse(bytes))
    if (body === undefined || body.kind === 1) return body
    this.#accuse(peer, 'malformed', { protocol: 'proof', reason: `kind ${body.kind} where 1 was asked for` })
    return undefined
  }

  // ── A checkpoint against the stored chain ────────────────────────────────────────────────────────────────────────

  #compareCheckpoint(trusted: Trusted): void {
    const core = this.#core
    const checkpoint = this.#unchecked
    if (checkpoint === undefined || checkpoint.height > trusted.header.height) return
    const known = core.recent(checkpoint.height)
    if (known !== undefined) return this.#checkpointIs(checkpoint, known.hash)
    if (core.countPending('checkpoint') > 0) return
    const [peer] = core.peers.ranked(
      core.nowMs,
      ({ claim }) => (claim?.head.header.height ?? 0n) >= trusted.header.height,
    )
    if (peer === undefined) return
    const request = encodeProofRequest({ kind: 1, at: trusted.header.height, height: checkpoint.height })
    core.send(peer, 'proof', request, { purpose: 'checkpoint', checkpoint, at: trusted })
  }

  onCheckpointProof(peer: Peer, { checkpoint, at }: Pending & { purpose: 'checkpoint' }, bytes: Uint8Array): void {
    const linked = this.#linkedHeader(peer, bytes)
    if (linked === undefined || this.#unchecked === undefined) return
    const hash = blockHash(this.#core.engine.kernels, linked.header)
    if (linked.header.height !== checkpoint.height || !this.#isInHistory(linked, hash, at.header))
      return this.#accuse(peer, 'history-proof', { height: linked.header.height })
    this.#checkpointIs(checkpoint, hash)
  }

  #checkpointIs({ height, hash }: Checkpoint, got: Uint8Array): void {
    this.#unchecked = undefined
    if (equalBytes(hash, got)) return
    this.#core.fail('checkpoint-conflict', { height, got: toHex(got), expected: toHex(hash) })
  }
}
