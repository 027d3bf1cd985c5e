/**
 * What is asked of whom, so that the trusted head moves: the base of a checkpoint, hops epoch by epoch, the committee of
 * the epoch that was reached, and the streams of several peers. What comes back is verified in walk.ts.
 *
 * Catching up ([LC-4c]) asks for compact hops up to the last epoch but one, the next request under way while the batch
 * before it is verified; the last hop brings the full committee, without which nothing can be followed.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import type { Committee } from '../chain/committee.ts'
import { blockHash } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import { verifyUpdate, type Trusted, type Update } from '../verify/light.ts'
import { decodeFollowFrame } from '../wire/follow.ts'
import { decodeHopsResponse, encodeHopsRequest, type BaseForm, type HopsResponse } from '../wire/hops.ts'
import { decodeStatusResponse, encodeStatusRequest } from '../wire/status.ts'
import { FORMS_ALL, FORMS_FULL } from '../wire/update.ts'
import type { Checkpoint } from './contract.ts'
import type { Conflicts } from './conflicts.ts'
import type { LightCore, Pending, Step } from './core.ts'
import { Lateness } from './lateness.ts'
import { Pace } from './pace.ts'
import type { Peer } from './peers.ts'
import { reasonText } from './saved-state.ts'
import { learnCommittee, trustBase, trustStored } from './start.ts'
import { Streams } from './streams.ts'
import { UpdateQueue, type Queued } from './update-queue.ts'
import { Walk } from './walk.ts'

/** Updates asked for in one `hops` request. */
const HOPS_ASKED = 16
const STATUS_INTERVAL_MS = 10_000n
/** While blocks should come and do not, peers that are not followed are asked more often. */
const STATUS_INTERVAL_MS_MIN = 1_000n
const QUIET_BLOCKS = 3n
const QUIET_MS_MAX = 60_000n

type StoredHead = Extract<ReturnType<typeof trustStored>, { kind: 'trusted' }>

export class Sync {
  readonly #core: LightCore
  readonly #conflicts: Conflicts
  readonly #walk: Walk
  readonly #streams: Streams
  readonly #pace: Pace
  readonly #lateness: Lateness
  /** Peers that claimed a height and then did not show the way there; until they show something. */
  readonly #doubted = new WeakSet<Peer>()
  /** The checkpoint of a client that has not got its block yet. */
  #wanted: Checkpoint | undefined
  /** The peer sent all that it has for now: nothing is asked ahead until that is verified. */
  #isExhausted = false
  /** The trusted height at which a peer had only steps that need the committee we do not know: that is asked for first. */
  #lackHeight: bigint | undefined
  /** The stored committee of the trusted head, to be audited before anything is verified under it ([LC-4]). */
  #unaudited: Committee | undefined

  constructor(core: LightCore, conflicts: Conflicts) {
    this.#core = core
    this.#conflicts = conflicts
    this.#pace = new Pace(core.params)
    this.#lateness = new Lateness(core.params.blockTimeMs)
    this.#streams = new Streams(core)
    this.#walk = new Walk(core, conflicts, {
      askStep: (peer) => {
        if (core.countPending('hops') === 0) this.#askHopsOf(peer, core.trusted!.header.height, 1, FORMS_FULL)
      },
      onLack: () => (this.#lackHeight = core.trusted?.header.height),
      stopIfStale: () => this.stopIfStale(),
      onAccepted: (peer, steps) => this.#accept(peer, steps),
    })
  }

  startFrom(checkpoint: Checkpoint): void {
    this.#wanted = checkpoint
  }

  resume({ trusted, unaudited }: StoredHead): void {
    this.#unaudited = unaudited
    this.#core.resume(trusted)
  }

  get hasWork(): boolean {
    return this.#walk.queue.size > 0 || this.#unaudited !== undefined
  }

  forget(peer: Peer): void {
    this.#walk.forget(peer)
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
      this.#pace.observe(core.trusted.header.height, this.#claimedHeight(), core.nowMs)
      this.#streams.closeSilent(core.trusted.header)
      this.#askPrevious(core.trusted)
      this.#askHops(core.trusted)
      if (core.trusted.committee !== undefined) this.#streams.open(core.trusted.header)
      this.#setPhase(core.trusted)
    }
    if (this.hasWork) core.effect({ kind: 'resume-soon' })
  }

  /** Streams tell of new blocks; while they do not, and of peers that are not followed, it has to be asked for. */
  #pollStatus(): void {
    const { peers, nowMs, advancedMs } = this.#core
    const quietMs = nowMs - advancedMs
    const intervalMs = this.#statusIntervalMs(quietMs)
    for (const peer of peers.ranked(nowMs)) {
      const isQuiet = peer.stream === undefined || quietMs > STATUS_INTERVAL_MS
      const isDue = peer.statusAskedMs === undefined || nowMs - peer.statusAskedMs >= intervalMs
      if (isQuiet && isDue) this.askStatus(peer)
    }
  }

  #statusIntervalMs(quietMs: bigint): bigint {
    const blockMs = BigInt(this.#core.params.blockTimeMs)
    if (quietMs <= QUIET_BLOCKS * blockMs || quietMs > QUIET_MS_MAX) return STATUS_INTERVAL_MS
    const shortMs = blockMs > STATUS_INTERVAL_MS_MIN ? blockMs : STATUS_INTERVAL_MS_MIN
    return shortMs < STATUS_INTERVAL_MS ? shortMs : STATUS_INTERVAL_MS
  }

  /** The highest claim of a peer that has not failed to prove it. */
  #claimedHeight(): bigint {
    let highest = 0n
    for (const peer of this.#core.peers.all) {
      const height = peer.claim?.head.header.height ?? 0n
      if (height > highest && !this.#doubted.has(peer)) highest = height
    }
    return highest
  }

  #askBase(): void {
    const core = this.#core
    if (this.#wanted === undefined || core.countPending('base') > 0) return
    const [peer] = core.peers.ranked(core.nowMs, ({ claim }) => claim !== undefined)
    if (peer === undefined) return
    const fromHeight = this.#wanted.height
    const { countMax, forms, epochs } = this.#plan(peer, fromHeight)
    const base: BaseForm = epochs >= 1 ? 'compact' : 'full'
    core.send(peer, 'hops', encodeHopsRequest({ fromHeight, countMax, base, forms }), { purpose: 'base', forms })
  }

  /** Compact hops up to the last epoch but one of what the peer claims, then the full form. */
  #plan(peer: Peer, fromHeight: bigint) {
    const { params } = this.#core
    const epochs = epochOf(peer.claim?.head.header.height ?? 0n, params) - epochOf(fromHeight, params)
    if (epochs < 2) return { epochs, countMax: HOPS_ASKED, forms: FORMS_FULL }
    return { epochs, countMax: Math.min(HOPS_ASKED, epochs - 1), forms: FORMS_ALL }
  }

  /** Hops from one peer at a time, while some peer claims more than a step beyond the head. */
  #askHops(trusted: Trusted): void {
    const core = this.#core
    const isAsking = core.countPending('hops') + core.countPending('committee') > 0
    if (this.#walk.isWaitingForClock || this.#unaudited !== undefined || isAsking) return
    const { queue } = this.#walk
    if (queue.size > 0) return this.#askAhead()
    this.#isExhausted = false
    const { height } = trusted.header
    if (this.#streams.areLive(height)) return
    if (trusted.committee === undefined && this.#lackHeight === height) return this.#askCommitteeOf(trusted)
    const isAhead = ({ claim }: Peer) => (claim?.head.header.height ?? 0n) > height
    const isBehind = ({ claim }: Peer) => epochOf(claim!.head.header.height, core.params) > this.#epochOf(trusted)
    const [peer] = core.peers.ranked(
      core.nowMs,
      (one) => isAhead(one) && (trusted.committee !== undefined || isBehind(one)),
    )
    if (peer === undefined) return trusted.committee === undefined ? this.#askCommitteeOf(trusted) : undefined
    const { countMax, forms } = this.#plan(peer, height)
    this.#askHopsOf(peer, height, countMax, forms)
  }

  /** The next hops, while those before them wait: of the same peer, so that a lie can only cost its own time. */
  #askAhead(): void {
    const core = this.#core
    const { lastHop, hopCount } = this.#walk.queue
    if (this.#isExhausted || lastHop === undefined || hopCount > HOPS_ASKED) return
    if (core.peers.get(lastHop.peer.name) !== lastHop.peer) return
    const { height } = lastHop.update.header
    const { countMax, forms, epochs } = this.#plan(lastHop.peer, height)
    if (epochs >= 1) this.#askHopsOf(lastHop.peer, height, countMax, forms)
  }

  #askHopsOf(peer: Peer, fromHeight: bigint, countMax: number, forms: number): void {
    const claimedHeight = peer.claim?.head.header.height ?? 0n
    const request = encodeHopsRequest({ fromHeight, countMax, base: 'none', forms })
    this.#core.send(peer, 'hops', request, { purpose: 'hops', fromHeight, countMax, forms, claimedHeight })
  }

  /** The committee of the epoch before, if a claim is to be judged by it and it went by in compact form. */
  #askPrevious({ committee }: Trusted): void {
    const core = this.#core
    if (!core.isPreviousWanted || committee === undefined || core.countPending('committee') > 0) return
    core.isPreviousWanted = false
    const previous = core.lastOfPrevious
    if (previous !== undefined) this.#askCommitteeOf(previous)
  }

  /** After a compact hop: the full committee of a block that is trusted, to follow or to judge by. */
  #askCommitteeOf(of: Trusted): void {
    const core = this.#core
    const { header } = of
    const hasIt = ({ claim }: Peer) => (claim?.head.header.height ?? 0n) >= header.height
    const [peer] = core.peers.ranked(core.nowMs, hasIt)
    if (peer === undefined) return
    const fromHeight = header.height
    const request = encodeHopsRequest({ fromHeight, countMax: 1, base: 'full', forms: FORMS_FULL })
    core.send(peer, 'hops', request, { purpose: 'committee', of })
  }

  #epochOf = ({ header }: Trusted): number => epochOf(header.height, this.#core.params)

  #setPhase({ header: { height }, committee }: Trusted): void {
    const core = this.#core
    if (core.peers.all.length === 0) core.setPhase('waiting')
    else if (core.usable === undefined) core.setPhase('syncing')
    else if (this.#claimedHeight() > height + 1n || (committee === undefined && this.#claimedHeight() > 0n))
      core.setPhase('syncing')
    else if (core.peers.all.some(({ stream }) => stream !== undefined)) core.setPhase('following')
    else if (core.phase === 'syncing') core.setPhase('waiting')
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

  onBase(peer: Peer, { forms }: Pending & { purpose: 'base' }, bytes: Uint8Array): void {
    const core = this.#core
    const response = core.opened(peer, 'hops', decodeHopsResponse(bytes, core.params))
    if (response === undefined || core.trusted !== undefined || this.#wanted === undefined) return
    if (response.base === undefined) return core.ban(peer, 'base-missing')
    const { height, hash } = this.#wanted
    const verdict = trustBase(core, this.#wanted, response.base)
    if (verdict.kind === 'bad-checkpoint') return core.fail(verdict.fault.code, verdict.fault.operands)
    if (verdict.kind === 'bad-peer') return core.accuse(peer, verdict.code, { reason: verdict.reason })
    if (verdict.kind === 'mismatch') {
      core.warn('checkpoint-mismatch', { peer: peer.name, height, got: toHex(verdict.got), expected: toHex(hash) })
      return core.drop(peer, 'checkpoint-mismatch')
    }
    this.#wanted = undefined
    core.peers.moveUp(peer)
    const checkpoint = { height, hash }
    if (core.staleAge(verdict.trusted.header) === undefined) {
      core.advance([{ trusted: verdict.trusted }], peer)
      core.confirm(checkpoint)
    } else core.resume(verdict.trusted)
    if (!this.stopIfStale()) this.#enqueue(peer, response.updates, height, forms)
  }

  onHops(peer: Peer, pending: Pending & { purpose: 'hops' }, bytes: Uint8Array): void {
    const core = this.#core
    const response = core.opened(peer, 'hops', decodeHopsResponse(bytes, core.params))
    if (response === undefined) return void this.#doubted.add(peer)
    const { fromHeight, claimedHeight, countMax, forms } = pending
    if (response.updates.length === 0 && claimedHeight > fromHeight) {
      // It claimed a head beyond this height and now has nothing that leads there ([LC-7]).
      core.warn('claim-unproven', { peer: peer.name, claimed: claimedHeight, height: fromHeight })
      return core.ban(peer, 'claim-unproven')
    }
    core.peers.moveUp(peer)
    const next = this.#walk.queue.lastHop?.update.header.height ?? core.trusted?.header.height
    // What was fetched ahead on top of hops that did not hold leads nowhere, by nobody's further fault.
    if (fromHeight !== next) return
    this.#isExhausted = response.updates.length < countMax
    this.#enqueue(peer, response.updates, fromHeight, forms)
  }

  onHopsFailure(peer: Peer): void {
    this.#doubted.add(peer)
  }

  /** The committee is judged as an update to the block that is trusted already: root, audit, certificate, same block. */
  onCommittee(peer: Peer, { of }: Pending & { purpose: 'committee' }, bytes: Uint8Array): void {
    const core = this.#core
    const response = core.opened(peer, 'hops', decodeHopsResponse(bytes, core.params))
    const { trusted } = core
    this.#lackHeight = undefined
    if (response === undefined || trusted === undefined) return
    const update = this.#committeeUpdate(response, of)
    if (update === undefined) return core.accuse(peer, 'base-missing', {})
    core.peers.moveUp(peer)
    const verdict = verifyUpdate(core.engine, core, of, update, core.nowMs)
    if (verdict.kind !== 'accepted') return this.#walk.refuse({ peer, update }, of, verdict.code, verdict.operands)
    const keys = verdict.value.committee!
    if (!equalBytes(trusted.hash, of.hash)) return this.#learnPrevious(keys)
    if (trusted.committee === undefined) core.learn(keys, false)
    this.#enqueue(peer, response.updates, trusted.header.height, FORMS_FULL)
  }

  /** Claims of the epoch before can be judged now. */
  #learnPrevious(keys: CommitteeKeys): void {
    const core = this.#core
    core.previousKeys = keys
    this.#compareClaims()
  }

  #compareClaims(): void {
    for (const peer of this.#core.peers.all)
      if (peer.claim !== undefined && !this.#core.isStopped) this.#conflicts.compareClaim(peer, peer.claim.head)
  }

  #committeeUpdate({ base }: HopsResponse, { header: { height } }: Trusted): Update | undefined {
    if (base?.committee === undefined || base.cert === undefined || base.header.height !== height) return undefined
    const { header, cert, committee } = base
    return { header, cert, committee, historyPath: new Uint8Array(0) }
  }

  onFrame(peer: Peer, bytes: Uint8Array): void {
    const core = this.#core
    const frame = core.opened(peer, 'follow', decodeFollowFrame(bytes, core.params))
    if (frame === undefined) return core.closeFollow(peer)
    const fromHeight = peer.stream!.height
    this.#streams.onFrame(peer, frame.header.height)
    peer.claim = {
      head: { header: frame.header, cert: frame.cert },
      hash: blockHash(core.engine.kernels, frame.header),
    }
    this.#push(peer, [frame], fromHeight, 'follow', FORMS_FULL)
  }

  #enqueue(peer: Peer, updates: readonly Update[], fromHeight: bigint, forms: number): void {
    if (!UpdateQueue.ascends(updates, fromHeight))
      return this.#core.accuse(peer, 'malformed', { protocol: 'hops', reason: 'updates that do not ascend' })
    this.#push(peer, updates, fromHeight, 'hops', forms)
  }

  #push(peer: Peer, updates: readonly Update[], fromHeight: bigint, source: Queued['source'], forms: number): void {
    if (forms === FORMS_FULL && updates.some(({ compact }) => compact !== undefined))
      return this.#core.accuse(peer, 'malformed', { protocol: source, reason: 'a committee form not asked for' })
    if (this.#walk.queue.push(peer, updates, fromHeight, source)) return
    this.#core.warn('flooding', { peer: peer.name })
    this.#core.drop(peer, 'flooding')
  }

  // ── Verification, a little in each step ──────────────────────────────────────────────────────────────────────────

  work(): void {
    const core = this.#core
    if (core.isStopped || core.phase === 'stale') return
    if (this.#unaudited === undefined) return this.#walk.step()
    const keys = learnCommittee(core, core.trusted!, this.#unaudited)
    this.#unaudited = undefined
    if (keys.kind === 'accepted') return core.learn(keys.value, true)
    // Its root is certified, so nobody forged it.
    const { height } = core.trusted!.header
    core.fail('chain-broken', { height, reason: reasonText(keys.code, keys.operands) })
  }

  #accept(peer: Peer, steps: readonly Step[]): void {
    const core = this.#core
    const { trusted } = steps.at(-1)!
    this.#doubted.delete(peer)
    const from = core.trusted?.header.height ?? 0n
    core.advance(steps, peer)
    const { height, timeMs } = trusted.header
    const lateMs = height === from + 1n ? this.#lateness.observe(timeMs, core.nowMs) : undefined
    if (lateMs !== undefined) core.warn('clock-ahead', { ageMs: lateMs, height })
    core.emit({
      kind: 'progress',
      ...this.#pace.progress(trusted.header.height, this.#claimedHeight(), core.nowMs),
    })
    this.#compareClaims()
  }

  onTick(): void {
    this.#walk.onTick()
  }

  /** [LC-1]: fail closed. Leaves again when a corrected clock says so. A head that is stale is not told about before that. */
  stopIfStale(): boolean {
    const core = this.#core
    if (core.trusted === undefined || core.isStopped) return false
    const ageMs = core.staleAge(core.trusted.header)
    if (ageMs === undefined) {
      if (core.phase === 'stale') core.setPhase('waiting')
      core.tell()
      return false
    }
    if (core.phase === 'stale') return true
    core.warn('trusted-stale', { ageMs, trustPeriodMs: core.params.trustPeriodMs })
    this.#walk.clear()
    for (const peer of core.peers.all) core.closeFollow(peer)
    core.setPhase('stale')
    return true
  }
}
