/**
 * Transactions on their way: given to several peers, then looked for in the chain with each new head until a PROOF-2 shows
 * one final, or the head has passed its expiry. What peers say about a transaction is told on, and decides nothing.
 */
import type { Hash32 } from '../base/brand.ts'
import { type Result } from '../base/verdict.ts'
import { KIND } from '../chain/output.ts'
import type { Tx } from '../chain/transaction.ts'
import { ownerOf } from '../crypto/keys.ts'
import { stateKey } from '../proofs/state-entry.ts'
import { decodeSubmitResponse, encodeSubmitRequest } from '../wire/submit.ts'
import type { QueryValue, SubmissionStatus } from './contract.ts'
import type { LightCore, Pending } from './core.ts'
import type { Peer } from './peers.ts'
import type { Queries } from './queries.ts'
import { reasonText } from './saved-state.ts'

/** Peers that a transaction is given to. */
const GIVEN_COUNT = 3
/** It is given out again when it was not seen for so many blocks. */
const REPEAT_HEIGHTS = 8n
/** Prefix of the ids of our own queries. */
const QUERY_PREFIX = 'submission:'

interface Submission {
  readonly tx: Tx
  readonly txid: Hash32
  readonly bytes: Uint8Array
  readonly given: Set<string>
  readonly reasons: Map<string, string>
  givenHeight: bigint
  isTaken: boolean
  /** Head under which it was looked for last. */
  lookedHeight: bigint | undefined
  isLookedFor: boolean
}

export class Submissions {
  readonly #core: LightCore
  readonly #queries: Queries
  readonly #open = new Map<string, Submission>()

  constructor(core: LightCore, queries: Queries) {
    this.#core = core
    this.#queries = queries
  }

  submit(submissionId: string, txid: Hash32, tx: Tx): void {
    this.#open.set(submissionId, {
      tx,
      txid,
      bytes: encodeSubmitRequest(tx),
      given: new Set(),
      reasons: new Map(),
      givenHeight: 0n,
      isTaken: false,
      lookedHeight: undefined,
      isLookedFor: false,
    })
  }

  cancel(submissionId: string): void {
    this.#open.delete(submissionId)
    this.#queries.cancel(QUERY_PREFIX + submissionId)
  }

  pump(): void {
    const { usable, phase, isStopped } = this.#core
    if (usable === undefined || isStopped || phase === 'stale') return
    const { height } = usable.header
    for (const [submissionId, submission] of this.#open) {
      this.#giveOut(submissionId, submission, height)
      this.#lookFor(submissionId, submission, height)
    }
  }

  #giveOut(submissionId: string, submission: Submission, height: bigint): void {
    const { given } = submission
    if (given.size > 0 && height - submission.givenHeight >= REPEAT_HEIGHTS) given.clear()
    for (const peer of this.#core.peers.ranked(this.#core.nowMs, ({ name }) => !given.has(name))) {
      if (given.size >= GIVEN_COUNT) return
      given.add(peer.name)
      submission.givenHeight = height
      this.#core.send(peer, 'submit', submission.bytes, { purpose: 'submit', submissionId })
    }
  }

  #lookFor(submissionId: string, submission: Submission, height: bigint): void {
    if (submission.isLookedFor || submission.lookedHeight === height) return
    submission.isLookedFor = true
    submission.lookedHeight = height
    this.#queries.ask(QUERY_PREFIX + submissionId, { kind: 'transaction', txid: submission.txid })
  }

  onResponse(peer: Peer, { submissionId }: Pending & { purpose: 'submit' }, bytes: Uint8Array): void {
    const core = this.#core
    const decoded = decodeSubmitResponse(bytes)
    if (decoded.kind === 'rejected') {
      const reason = reasonText(decoded.code, decoded.operands)
      core.warn('malformed', { peer: peer.name, protocol: 'submit', reason })
      return core.ban(peer, decoded.code)
    }
    const submission = this.#open.get(submissionId)
    if (submission === undefined) return
    const answer = decoded.value
    if (answer.kind === 'refused') return this.#refused(submissionId, submission, peer.name, answer.refusal)
    const { outcome, reason } = answer.body
    if (outcome === 'rejected') return this.#refused(submissionId, submission, peer.name, reason)
    submission.isTaken = true
    this.#tell(submissionId, { kind: 'sent', peer: peer.name, outcome })
  }

  onFailure(peerName: string, { submissionId }: Pending & { purpose: 'submit' }): void {
    this.#open.get(submissionId)?.given.delete(peerName)
  }

  /** Only when all peers have refused it is that told: one of them may be wrong, or lie. */
  #refused(submissionId: string, submission: Submission, peerName: string, reason: string): void {
    submission.reasons.set(peerName, reason)
    const isAsked = this.#core.peers.all.every(({ name }) => submission.reasons.has(name))
    if (submission.isTaken || !isAsked) return
    this.#open.delete(submissionId)
    this.#queries.cancel(QUERY_PREFIX + submissionId)
    this.#tell(submissionId, { kind: 'rejected', reasons: [...new Set(submission.reasons.values())] })
  }

  /** True if the query was one of ours. */
  onAnswer(queryId: string, answer: Result<QueryValue, string>): boolean {
    if (!queryId.startsWith(QUERY_PREFIX)) return false
    const submissionId = queryId.slice(QUERY_PREFIX.length)
    const submission = this.#open.get(submissionId)
    if (submission === undefined) return true
    submission.isLookedFor = false
    if (answer.kind === 'accepted' && answer.value.kind === 'transaction') {
      this.#open.delete(submissionId)
      this.#tell(submissionId, { kind: 'final', value: answer.value })
    } else if (answer.kind === 'accepted' && answer.value.kind === 'state') {
      this.#open.delete(submissionId)
      const { expiry } = submission.tx.body
      this.#tell(submissionId, { kind: 'expired', expiry, isProven: answer.value.utxos.length > 0 })
    } else if (submission.lookedHeight !== undefined && submission.lookedHeight > submission.tx.body.expiry)
      this.#askWhetherUnspent(submissionId, submission)
    return true
  }

  /** That no peer knows it proves nothing; that its first input is still there, past its expiry, does ([STATE-1]). */
  #askWhetherUnspent(submissionId: string, submission: Submission): void {
    const { kernels } = this.#core.engine
    const [outpoint] = submission.tx.body.inputs
    const owner = ownerOf(kernels, submission.tx.witnesses[0]!.pk)
    const key = stateKey(kernels, outpoint!, { kind: KIND.transfer, amount: 0n, owner, data: new Uint8Array(0) })
    submission.isLookedFor = true
    this.#queries.ask(QUERY_PREFIX + submissionId, { kind: 'state', prefix: { bits: 256, bytes: key } })
  }

  #tell(submissionId: string, status: SubmissionStatus): void {
    this.#core.emit({ kind: 'submission', submissionId, status })
  }
}
