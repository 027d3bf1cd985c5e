/**
 * How the trusted head moves: updates wait in a queue; in each step one is verified, or a run of hops with one batch of
 * pairings ([LC-4c]), so that a long answer never blocks whoever drives the machine for long.
 *
 * A batch that does not hold is taken apart: the hops before the first bad one form a batch of their own, and the bad one is
 * then judged alone on top of what was accepted. So whoever sent it is named, and what it says is never taken on trust.
 */
import { equalBytes } from '../base/bytes.ts'
import { epochOf } from '../chain/params.ts'
import type { CommitteeHead } from '../chain/committee.ts'
import { committeeRoot } from '../cube/committee.ts'
import { verifyHops } from '../verify/hops.ts'
import { isBrokenChain, verifyUpdate, type Trusted, type Update, type VerifyCode } from '../verify/light.ts'
import type { Operands } from '../base/verdict.ts'
import type { Conflicts } from './conflicts.ts'
import { certified, type LightCore, type Step } from './core.ts'
import { judge } from './judgement.ts'
import type { Peer } from './peers.ts'
import { reasonText } from './saved-state.ts'
import { UpdateQueue, type Queued } from './update-queue.ts'

/** Hops in one batch: the final exponentiation is shared by so many, and a step takes so many Miller loops. */
const HOP_BATCH = 16

/** What a verdict is about: an update from the queue, or one that was asked for by itself. */
type Judged = Queued | Pick<Queued, 'peer' | 'update'>
const isQueued = (judged: Judged): judged is Queued => 'source' in judged

const wayOf = ({ fromHeight, update }: Queued) => ({ height: fromHeight, path: update.historyPath })

export interface WalkOptions {
  /** Asks a peer for a step from the trusted height: its own did not start there. */
  readonly askStep: (peer: Peer) => void
  /** A step within our epoch came, and our epoch's committee is not known: it has to be asked for first. */
  readonly onLack: () => void
  readonly stopIfStale: () => void
  readonly onAccepted: (peer: Peer, steps: readonly Step[]) => void
}

export class Walk {
  readonly queue = new UpdateQueue()
  readonly #core: LightCore
  readonly #conflicts: Conflicts
  readonly #options: WalkOptions
  /** An update ahead of the clock, looked at again on each tick ([LC-6]). */
  #undecided: Queued | undefined
  /** The height that was warned about last, so that each is told once. */
  #warnedHeight: bigint | undefined

  constructor(core: LightCore, conflicts: Conflicts, options: WalkOptions) {
    this.#core = core
    this.#conflicts = conflicts
    this.#options = options
  }

  get isWaitingForClock(): boolean {
    return this.#undecided !== undefined
  }

  forget(peer: Peer): void {
    this.queue.forget(peer)
    if (this.#undecided?.peer === peer) this.#undecided = undefined
  }

  clear(): void {
    this.queue.clear()
    this.#undecided = undefined
  }

  /** Looks again at what was ahead of the clock. */
  onTick(): void {
    const undecided = this.#undecided
    this.#undecided = undefined
    if (undecided !== undefined && this.#core.peers.get(undecided.peer.name) === undecided.peer)
      this.queue.putBack([undecided])
  }

  /** One step: a batch, or one update. */
  step(): void {
    const core = this.#core
    const run = this.queue.take(core.config.hopBatchMax ?? HOP_BATCH)
    const [first] = run
    if (first === undefined || core.trusted === undefined || core.peers.get(first.peer.name) !== first.peer) return
    const { height } = core.trusted.header
    if (first.update.header.height <= height) {
      // Another peer brought us there before: what this one says of that height is compared.
      this.queue.putBack(run.slice(1))
      return this.#conflicts.compareClaim(first.peer, first.update)
    }
    if (first.fromHeight === height) return this.#walk(run, core.trusted)
    // Its path proves another block than our head.
    if (first.source === 'follow') this.#options.askStep(first.peer)
  }

  /** `run` goes on from `trusted`, each from the one before. */
  #walk(run: readonly Queued[], trusted: Trusted): void {
    const core = this.#core
    const { peer } = run[0]!
    const updates = run.map(({ update }) => update)
    const [only] = updates
    if (only !== undefined && updates.length === 1) return this.#one(run[0]!, only, trusted)
    const { verdict, verified, index } = verifyHops(core.engine, core, trusted, updates, core.nowMs, core.batchSeed())
    if (verdict.kind === 'rejected') {
      if (index > 0) {
        this.queue.putBack(run.slice(index))
        return this.#walk(run.slice(0, index), trusted)
      }
      this.refuse(run[0]!, trusted, verdict.code, verdict.operands)
      this.queue.dropHops()
      return
    }
    const steps = verified.map((one, at) => ({ trusted: one, from: wayOf(run[at]!) }))
    if (steps.length > 0) this.#options.onAccepted(peer, steps)
    if (verdict.kind === 'undecided') this.refuse(run[index]!, core.trusted!, verdict.code, verdict.operands)
  }

  #one(queued: Queued, update: Update, trusted: Trusted): void {
    const core = this.#core
    const verdict = verifyUpdate(core.engine, core, trusted, update, core.nowMs)
    const from = wayOf(queued)
    if (verdict.kind === 'accepted') return this.#options.onAccepted(queued.peer, [{ trusted: verdict.value, from }])
    this.refuse(queued, trusted, verdict.code, verdict.operands)
    if (verdict.kind === 'rejected' && queued.source === 'hops') this.queue.dropHops()
  }

  /** What follows from an update that was not accepted on top of `trusted`. */
  refuse(queued: Judged, trusted: Trusted, code: VerifyCode, operands: Operands): void {
    const core = this.#core
    const { peer, update } = queued
    if (code === 'committee-missing' && this.#isOurLack(trusted, update)) return this.#options.onLack()
    switch (judge(code)) {
      case 'later':
        if (this.#warnedHeight !== update.header.height) core.emit({ kind: 'warning', code, operands })
        this.#warnedHeight = update.header.height
        if (isQueued(queued)) this.#undecided = queued
        return
      case 'stale':
        return this.#options.stopIfStale()
      case 'not-in-history':
        return this.#conflicts.suspect(peer, update, trusted)
      case 'conflict':
        // Updates carry no leaf of their own, so this is another certified block of the trusted height.
        return core.halt({ kind: 1, first: certified(trusted), second: { header: update.header, cert: update.cert } })
      case 'broken-chain':
        return core.fail('chain-broken', { height: update.header.height, reason: reasonText(code, operands) })
      case 'weak-committee':
        return this.#refuseWeak(queued, trusted, code, operands)
      case 'bad-peer':
        return core.accuse(peer, code, operands)
    }
  }

  /** After a compact hop we do not know the committee of our own epoch: a step within it needs no committee from the peer. */
  #isOurLack(trusted: Trusted, { header }: Update): boolean {
    const { params } = this.#core
    return trusted.committee === undefined && epochOf(header.height, params) === epochOf(trusted.header.height, params)
  }

  /**
   * A committee that is too small is the chain's state if it is the trusted or the certified one, else the peer's
   * invention. Of a compact one, only the hop itself can show which: its root is compared under the chain's leave.
   */
  #refuseWeak({ peer, update }: Judged, trusted: Trusted, code: VerifyCode, operands: Operands): void {
    const core = this.#core
    const head = this.#weakHead(trusted, update)
    if (head === undefined) return core.accuse(peer, code, operands)
    core.fail('chain-weak', { epoch: head.epoch, reason: reasonText(code, operands) })
  }

  #weakHead(trusted: Trusted, update: Update): CommitteeHead | undefined {
    const core = this.#core
    if (update.compact !== undefined) {
      const lenient = { params: core.params, chainId: core.chainId, weakCommitteesAllowed: true }
      const verdict = verifyUpdate(core.engine, lenient, trusted, update, core.nowMs)
      const isChains = verdict.kind === 'accepted' || (verdict.kind === 'rejected' && isBrokenChain(verdict.code))
      return isChains ? update.compact.head : undefined
    }
    const committee = update.committee ?? trusted.committee?.committee
    const root = committee && committeeRoot(core.engine.kernels, committee)
    const { committeeRoot: present, nextCommitteeRoot: next } = trusted.header
    return root !== undefined && (equalBytes(root, present) || equalBytes(root, next)) ? committee!.head : undefined
  }
}
