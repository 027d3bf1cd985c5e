/**
 * What the parts of the light machine share: the trusted head, the clock as last told, the peers, requests under way, and
 * the effects of the step that is being taken.
 */
import type { Hash32 } from '../base/brand.ts'
import { popCount, u32 } from '../base/bytes.ts'
import { Prng } from '../base/prng.ts'
import type { Operands } from '../base/verdict.ts'
import { committeeSeatCount } from '../chain/committee.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import { chainIdOf, genesisSeed } from '../chain/spec.ts'
import type { Engine } from '../crypto/engine.ts'
import type { PeerName } from '../ports/network.ts'
import { utf8 } from '../kernels/checks.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import { drawnBy } from '../verify/hops.ts'
import type { Trusted, Update } from '../verify/light.ts'
import { ageMs, isStale } from '../verify/trust.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import { encodeConflict, type ConflictEvidence } from '../wire/evidence.ts'
import type { Answer } from '../wire/envelope.ts'
import { FRAME_LIMITS } from '../wire/limits.ts'
import { Archive } from './archive.ts'
import type { SyncCode } from './codes.ts'
import type {
  Checkpoint,
  LightConfig,
  LightEffect,
  LightNotice,
  LightPhase,
  SendRequest,
  VerifiedHead,
} from './contract.ts'
import { PeerTable, type Peer } from './peers.ts'
import { RecentBlocks } from './recent-blocks.ts'
import {
  bannedWrites,
  checkpointWrites,
  evidenceWrites,
  headWrites,
  reasonText,
  SAVED_KEY,
  type CommitteeWrite,
} from './saved-state.ts'

/** How long the first frame of a stream may take, in block times; never less than what the protocol gives it. */
const FIRST_FRAME_BLOCKS = 4

/** A trusted header as evidence and stores carry it. */
export const certified = ({ header, cert }: Trusted): CertifiedHeader => ({ header, cert })

/** A block that was accepted, and how: `path` leads to it from the one of height `height`. Without: trust began there. */
export interface Step {
  readonly trusted: Trusted
  readonly from?: { readonly height: bigint; readonly path: Uint8Array }
}

/** What a request under way was for. */
export type Pending =
  | { readonly purpose: 'status' }
  | { readonly purpose: 'base'; readonly forms: number }
  | {
      readonly purpose: 'hops'
      readonly fromHeight: bigint
      readonly countMax: number
      readonly forms: number
      readonly claimedHeight: bigint
    }
  /** A certified header does not have our block in its history: what has it there? */
  | { readonly purpose: 'conflict'; readonly update: Update; readonly trusted: Trusted }
  /** What the trusted head's history has where a peer claims a certified block. */
  | {
      readonly purpose: 'lookup'
      readonly claim: CertifiedHeader
      readonly claimant: PeerName
      readonly trusted: Trusted
    }
  /** The full committee of a block that is trusted and was reached by a compact hop. */
  | { readonly purpose: 'committee'; readonly of: Trusted }
  /** The stored chain against a checkpoint below its head. */
  | { readonly purpose: 'checkpoint'; readonly checkpoint: Checkpoint; readonly at: Trusted }
  | { readonly purpose: 'query'; readonly queryId: string; readonly at: Trusted }
  | { readonly purpose: 'submit'; readonly submissionId: string }
  | { readonly purpose: 'report' }

export class LightCore {
  readonly config: LightConfig
  readonly engine: Engine
  readonly params: ChainParams
  readonly chainId: Hash32
  readonly weakCommitteesAllowed: boolean
  readonly prng: Prng
  readonly peers: PeerTable
  readonly pending = new Map<string, { readonly peer: PeerName; readonly pending: Pending }>()
  nowMs = 0n
  phase: LightPhase = 'waiting'
  /** Undefined until the block of a bare checkpoint has come. */
  trusted: Trusted | undefined
  /** Committee of the epoch before the trusted one, to judge conflicting certificates from it. */
  previousKeys: CommitteeKeys | undefined
  /** What this client holds for others; undefined unless it serves. */
  readonly archive: Archive | undefined
  /** Once there is one: every peer gets it. */
  evidence: ConflictEvidence | undefined
  /** A block that is claimed is of the epoch before, whose committee went by in compact form: it has to be asked for. */
  isPreviousWanted = false
  /** Device time of the last accepted head. */
  advancedMs = 0n
  readonly #recent: RecentBlocks
  /** D by draw epoch, of the headers that were trusted ([LC-4]). */
  #drawSeeds = new Map<number, Hash32>()
  /** The committee that the store has. */
  #savedKeys: CommitteeKeys | undefined
  /** A checkpoint that the chain of the store has not been compared with: from its height on nothing is told before that. */
  #unconfirmed: Checkpoint | undefined
  /** The store names a checkpoint that was compared with a chain which this client did not go on from. */
  #hasOldConfirmation = false
  /** Set while the trusted head has not been told about: it was stale when it was found, or the checkpoint is to be compared. */
  #untold: { readonly peer: PeerName | undefined } | undefined
  #batchCount = 0
  #effects: LightEffect[] = []
  #requestCount = 0
  #streamCount = 0

  constructor(config: LightConfig) {
    this.config = config
    this.engine = config.engine
    this.params = config.spec.params
    this.chainId = chainIdOf(config.engine.kernels, config.spec)
    this.weakCommitteesAllowed = config.weakCommitteesAllowed ?? false
    this.prng = new Prng(config.seed)
    this.#recent = new RecentBlocks(this.params)
    this.peers = new PeerTable(this.prng.fork('peers'))
    const { kernels } = this.engine
    const { params, chainId } = this
    const reportConflict = config.onReport
    this.archive = reportConflict && new Archive({ kernels, params, chainId, reportConflict })
  }

  get isStopped(): boolean {
    return this.phase === 'halted' || this.phase === 'failed'
  }

  /** The effects of this step, which ends with it. */
  takeEffects(): readonly LightEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  emit(notice: LightNotice): void {
    this.#effects.push({ kind: 'emit', notice })
  }

  warn(code: SyncCode, operands: Operands): void {
    this.emit({ kind: 'warning', code, operands })
  }

  effect(effect: LightEffect): void {
    this.#effects.push(effect)
  }

  setPhase(phase: LightPhase): void {
    if (this.phase === phase || this.isStopped) return
    this.phase = phase
    this.emit({ kind: 'phase', phase })
  }

  send(peer: Peer, protocol: SendRequest['protocol'], bytes: Uint8Array, pending: Pending): void {
    const requestId = `r${++this.#requestCount}`
    this.pending.set(requestId, { peer: peer.name, pending })
    const { timeoutMs, responseBytesMax } = FRAME_LIMITS[protocol]
    this.effect({ kind: 'send-request', requestId, peer: peer.name, protocol, bytes, timeoutMs, responseBytesMax })
  }

  openFollow(peer: Peer, bytes: Uint8Array, fromHeight: bigint): void {
    const id = `s${++this.#streamCount}`
    peer.stream = { id, height: fromHeight }
    const { responseBytesMax } = FRAME_LIMITS.follow
    // The first frame is the next block: a chain of slow blocks must not look like silent peers.
    const timeoutMs = Math.max(FRAME_LIMITS.follow.timeoutMs, FIRST_FRAME_BLOCKS * this.params.blockTimeMs)
    this.effect({ kind: 'open-follow', streamId: id, peer: peer.name, bytes, timeoutMs, responseBytesMax })
  }

  closeFollow(peer: Peer): void {
    if (peer.stream === undefined) return
    this.effect({ kind: 'close-follow', streamId: peer.stream.id })
    peer.stream = undefined
  }

  isAsking(peer: Peer, purpose: Pending['purpose']): boolean {
    for (const entry of this.pending.values())
      if (entry.peer === peer.name && entry.pending.purpose === purpose) return true
    return false
  }

  /** Requests under way with this peer. */
  countAsked(peer: Peer): number {
    let count = 0
    for (const entry of this.pending.values()) if (entry.peer === peer.name) count++
    return count
  }

  countPending(purpose: Pending['purpose']): number {
    let count = 0
    for (const entry of this.pending.values()) if (entry.pending.purpose === purpose) count++
    return count
  }

  /** It sent something provably wrong: hang up, remember. */
  ban(peer: Peer, code: string): void {
    this.peers.ban(peer.name, this.trusted?.header.timeMs ?? 0n)
    this.effect({ kind: 'save', writes: bannedWrites(this.peers.banned) })
    this.#hangUp(peer, code, true)
  }

  /** The body of an answer; a malformed one bans, a refusal moves down. */
  opened<Body>(
    peer: Peer,
    protocol: string,
    decoded: { kind: 'accepted'; value: Answer<Body> } | { kind: 'rejected'; code: string; operands: Operands },
  ): Body | undefined {
    if (decoded.kind === 'rejected') {
      this.accuse(peer, 'malformed', { protocol, reason: reasonText(decoded.code, decoded.operands) })
      return undefined
    }
    if (decoded.value.kind === 'served') return decoded.value.body
    this.moveDown(peer, decoded.value.refusal)
    return undefined
  }

  accuse(peer: Peer, code: string, operands: Operands): void {
    this.emit({ kind: 'warning', code, operands: { peer: peer.name, ...operands } })
    this.ban(peer, code)
  }

  /** Hang up without remembering. */
  drop(peer: Peer, code: string): void {
    this.#hangUp(peer, code, false)
  }

  #hangUp(peer: Peer, code: string, remember: boolean): void {
    this.closeFollow(peer)
    this.peers.remove(peer.name)
    this.effect({ kind: 'drop-peer', peer: peer.name, code, remember })
    this.emit({ kind: 'peer', peer: peer.name, state: 'dropped', code })
  }

  moveDown(peer: Peer, code: string): void {
    this.peers.moveDown(peer, this.nowMs)
    this.emit({ kind: 'peer', peer: peer.name, state: 'slow', code })
  }

  /** The newest block of the epoch before the trusted one without its committee, if it is among the recent ones. */
  get lastOfPrevious(): Trusted | undefined {
    if (this.trusted === undefined) return undefined
    return this.#recent.lastOf(epochOf(this.trusted.header.height, this.params) - 1)
  }

  /** Our block at `height` without its committee, if it is among the recent ones. */
  recent(height: bigint): Trusted | undefined {
    return this.#recent.at(height)
  }

  /** Takes the last of `steps` (at least one, each verified) as the new head: kept, saved, told. */
  advance(steps: readonly Step[], peer: Peer | undefined): void {
    const { trusted } = steps.at(-1)!
    for (const step of steps) this.archive?.accept(step.trusted, step.from)
    for (const passed of steps.slice(0, -1)) this.#remember(passed.trusted)
    const left = this.trusted?.committee
    const isPrevious = left !== undefined && left.head.epoch === epochOf(trusted.header.height, this.params) - 1
    if (left !== trusted.committee) this.previousKeys = isPrevious ? left : undefined
    this.trusted = trusted
    this.peers.forgive(trusted.header.timeMs)
    this.advancedMs = this.nowMs
    this.#remember(trusted)
    if (trusted.header.height > 0n) this.#save(trusted)
    if (peer !== undefined) this.agree(peer, trusted.header.height)
    this.#untold = { peer: peer?.name }
    this.tell()
  }

  #save(trusted: Trusted): void {
    const { committee, compact } = trusted
    const isKept = committee !== undefined && committee === this.#savedKeys
    const write: CommitteeWrite =
      committee === undefined && compact !== undefined
        ? { kind: 'compact', compact }
        : isKept || committee === undefined
          ? { kind: 'kept' }
          : { kind: 'full', committee: committee.committee }
    const writes = headWrites(this.chainId, certified(trusted), write)
    if (this.#hasOldConfirmation) writes.set(SAVED_KEY.checkpoint, undefined)
    this.#hasOldConfirmation = false
    this.effect({ kind: 'save', writes })
    this.#savedKeys = committee
  }

  /** What the store holds is not gone on from. */
  startAfresh(): void {
    this.#hasOldConfirmation = true
  }

  /** Goes on from a head that was saved before; told by `tell`, once it is known not to be stale. */
  resume(trusted: Trusted): void {
    this.archive?.accept(trusted)
    this.trusted = trusted
    this.peers.forgive(trusted.header.timeMs)
    this.#remember(trusted)
    this.#untold = { peer: undefined }
  }

  /** A head that is trusted, may be relied on, and that nobody was told about yet. */
  tell(): void {
    if (this.#untold === undefined || this.usable === undefined) return
    const { peer } = this.#untold
    this.#untold = undefined
    this.emit({ kind: 'head', head: this.headOf(this.usable), peer })
  }

  /** The trusted head, if it may be told and asked about: not past a checkpoint that its chain was not compared with. */
  get usable(): Trusted | undefined {
    const least = this.#unconfirmed?.height
    return least !== undefined && this.trusted !== undefined && this.trusted.header.height >= least
      ? undefined
      : this.trusted
  }

  /** The user's checkpoint and the chain of the store: nothing is told from its height on until `confirm`. */
  doubt(checkpoint: Checkpoint): void {
    this.#unconfirmed = checkpoint
  }

  /** The trusted chain holds `checkpoint`; a client that starts again with it need not wait for anybody's proof. */
  confirm(checkpoint: Checkpoint): void {
    this.#unconfirmed = undefined
    if (this.trusted !== undefined && this.trusted.header.height > 0n)
      this.effect({ kind: 'save', writes: checkpointWrites(checkpoint) })
    if (this.trusted !== undefined && this.staleAge(this.trusted.header) === undefined) this.tell()
  }

  /** The full committee of the trusted head has been audited: from here on it can be followed. `isSaved`: it came from the store. */
  learn(committee: CommitteeKeys, isSaved: boolean): void {
    if (this.trusted === undefined) return
    const { header, hash, cert } = this.trusted
    this.trusted = { header, hash, committee, ...(cert === undefined ? {} : { cert }) }
    if (isSaved) this.#savedKeys = committee
    else this.#save(this.trusted)
    this.archive?.learn(committee)
    this.emit({ kind: 'committee', epoch: committee.head.epoch })
  }

  /** 32 bytes for the coefficients of one batch of pairings: from the seed, which peers do not know ([LC-4c]). */
  batchSeed(): Hash32 {
    return this.engine.kernels.tagged('stakecube/light/batch').hash(utf8(this.config.seed), u32(++this.#batchCount))
  }

  /** See Chain: genesis draws the epochs 0 and 1, trusted headers at the end of an epoch the one after the next. */
  drawSeed(epoch: number): Hash32 | undefined {
    if (epoch <= 1) return genesisSeed(this.engine.kernels, this.chainId)
    return this.#drawSeeds.get(epoch)
  }

  #remember(trusted: Trusted): void {
    const drawn = drawnBy(this.params, trusted.header)
    if (drawn !== undefined && drawn > 1) this.#rememberSeed(drawn, trusted.header.seed)
    this.#recent.add(trusted)
  }

  /** Committees list the draws of the last T epochs and no older ones. */
  #rememberSeed(epoch: number, seed: Hash32): void {
    this.#drawSeeds.set(epoch, seed)
    for (const known of this.#drawSeeds.keys())
      if (known + this.params.seatLifetime + 2 < epoch) this.#drawSeeds.delete(known)
  }

  agree(peer: Peer, height: bigint): void {
    if (peer.agreedHeight !== undefined && peer.agreedHeight >= height) return
    if (peer.agreedHeight === undefined) this.emit({ kind: 'peer', peer: peer.name, state: 'agreed' })
    peer.agreedHeight = height
  }

  headOf({ header, hash, cert, committee, compact }: Trusted): VerifiedHead {
    const head = committee?.head ?? compact?.head
    const base = {
      header,
      hash,
      epoch: epochOf(header.height, this.params),
      signedSeats: cert === undefined ? 0 : popCount(cert.bitmap),
      seats: head === undefined ? 0 : committeeSeatCount(head),
      shards: head === undefined ? 0 : 3 * head.F + 1,
    }
    return cert === undefined ? base : { ...base, cert }
  }

  /** The committee that signs at `height`, if it is the trusted epoch's or the one before. */
  keysAt(height: bigint): CommitteeKeys | undefined {
    const epoch = epochOf(height, this.params)
    return [this.trusted?.committee, this.previousKeys].find((keys) => keys?.head.epoch === epoch)
  }

  /** Two final blocks conflict: stop for good, keep the evidence, tell the user and every peer. */
  halt(evidence: ConflictEvidence): void {
    this.evidence = evidence
    this.effect({ kind: 'save', writes: evidenceWrites(evidence) })
    for (const peer of this.peers.all) {
      this.closeFollow(peer)
      this.report(peer)
    }
    this.emit({ kind: 'halted', evidence })
    this.setPhase('halted')
  }

  /** Gives a peer the evidence that there is, so that others learn of it from whoever they ask. */
  report(peer: Peer): void {
    if (this.evidence === undefined) return
    this.send(peer, 'evidence', encodeConflict(this.evidence), { purpose: 'report' })
  }

  /** Stops for good with a code. */
  fail(code: SyncCode, operands: Operands): void {
    for (const peer of this.peers.all) this.closeFollow(peer)
    this.emit({ kind: 'failed', code, operands })
    this.setPhase('failed')
  }

  /** [LC-1]: its age if it may not be trusted any more. */
  staleAge(header: Trusted['header']): bigint | undefined {
    return isStale(this.params, header, this.nowMs) ? ageMs(header, this.nowMs) : undefined
  }
}
