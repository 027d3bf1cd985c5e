/**
 * Questions of the user, each answered by a proof under the head that was trusted when it was asked of a peer. Peers are
 * tried one after another; one that refuses is passed over, one whose proof does not hold is banned.
 */
import { toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import { decodeProofResponse } from '../wire/proof.ts'
import type { SyncCode } from './codes.ts'
import type { Query, QueryValue } from './contract.ts'
import type { LightCore, Pending } from './core.ts'
import type { Peer } from './peers.ts'
import { proofRequest, verifyProofAnswer } from './proof-answer.ts'
import { reasonText } from './saved-state.ts'

/** A query fails when no peer has answered it for so long. */
export const QUERY_TIMEOUT_MS = 30_000n
/** How often all peers are asked, each time under a newer head. */
const ROUND_COUNT_MAX = 3
export const QUERY_COUNT_MAX = 256
/** Requests under way with one peer, so that its own bounds are never met; the rest waits. */
const REQUESTS_PER_PEER_MAX = 4

interface Asked {
  readonly query: Query
  sinceMs: bigint
  readonly refusals: Map<string, string>
  rounds: number
  /** Asked again only under a head above this one. */
  triedHeight: bigint | undefined
  isUnderWay: boolean
}

export class Queries {
  readonly #core: LightCore
  readonly #asked = new Map<string, Asked>()
  readonly #onAnswer: (queryId: string, answer: Result<QueryValue, SyncCode>) => void

  constructor(core: LightCore, onAnswer: (queryId: string, answer: Result<QueryValue, SyncCode>) => void) {
    this.#core = core
    this.#onAnswer = onAnswer
  }

  ask(queryId: string, query: Query): void {
    const { phase, isStopped } = this.#core
    if (isStopped || phase === 'stale') return this.#onAnswer(queryId, rejected('stopped', { reason: phase }))
    if (this.#asked.size >= QUERY_COUNT_MAX)
      return this.#onAnswer(queryId, rejected('query-unavailable', { asked: 0, reasons: 'too many queries at once' }))
    const sinceMs = this.#core.nowMs
    const asked = { query, sinceMs, refusals: new Map(), rounds: 0, triedHeight: undefined, isUnderWay: false }
    this.#asked.set(queryId, asked)
  }

  cancel(queryId: string): void {
    this.#asked.delete(queryId)
  }

  failAll(reason: string): void {
    for (const queryId of this.#asked.keys()) this.#finish(queryId, rejected('stopped', { reason }))
  }

  restartTimers(nowMs: bigint): void {
    for (const asked of this.#asked.values()) asked.sinceMs = nowMs
  }

  onTick(): void {
    for (const [queryId, { sinceMs }] of this.#asked)
      if (this.#core.nowMs - sinceMs > QUERY_TIMEOUT_MS)
        this.#finish(queryId, rejected('query-timeout', { timeoutMs: QUERY_TIMEOUT_MS }))
  }

  pump(): void {
    const { usable, phase, isStopped } = this.#core
    if (usable === undefined || isStopped || phase === 'stale') return
    for (const [queryId, asked] of this.#asked) if (!asked.isUnderWay) this.#pumpOne(queryId, asked)
  }

  #pumpOne(queryId: string, asked: Asked): void {
    const core = this.#core
    const trusted = core.trusted!
    if (asked.triedHeight !== undefined && trusted.header.height > asked.triedHeight) {
      asked.refusals.clear()
      asked.triedHeight = undefined
    }
    const isUntried = ({ name }: Peer) => !asked.refusals.has(name)
    const [peer] = this.#ready((peer) => isUntried(peer) && core.countAsked(peer) < REQUESTS_PER_PEER_MAX)
    if (peer !== undefined) {
      asked.isUnderWay = true
      core.send(peer, 'proof', proofRequest(asked.query, trusted), { purpose: 'query', queryId, at: trusted })
      return
    }
    const isRoundOver = core.peers.all.length > 0 && !core.peers.all.some(isUntried)
    if (isRoundOver && asked.triedHeight === undefined) this.#endRound(queryId, asked)
  }

  /** Peers that should have our head come first. */
  #ready(wanted: (peer: Peer) => boolean): readonly Peer[] {
    const height = this.#core.trusted!.header.height
    const has = ({ claim }: Peer) => (claim !== undefined && claim.head.header.height >= height ? 0 : 1)
    return [...this.#core.peers.ranked(this.#core.nowMs, wanted)].sort((a, b) => has(a) - has(b))
  }

  /** Every peer that there is has refused under this head: wait for a newer head, or another peer. */
  #endRound(queryId: string, asked: Asked): void {
    const reasons = [...asked.refusals.values()]
    const { query } = asked
    // A light client that serves others knows no transactions: that it has none says nothing.
    const knowing = reasons.filter((reason) => reason !== 'unsupported')
    if (query.kind === 'transaction' && knowing.length > 0 && knowing.every((reason) => reason === 'not-found'))
      return this.#finish(queryId, rejected('query-not-found', { asked: reasons.length, txid: toHex(query.txid) }))
    // A newer head makes no answer shorter: whoever asked has to ask for less.
    const isTooLarge = knowing.length > 0 && knowing.every((reason) => reason === 'too-large')
    if (isTooLarge || ++asked.rounds >= ROUND_COUNT_MAX)
      return this.#finish(
        queryId,
        rejected('query-unavailable', { asked: reasons.length, reasons: [...new Set(reasons)].join(', ') }),
      )
    asked.triedHeight = this.#core.trusted!.header.height
  }

  onResponse(peer: Peer, { queryId, at }: Pending & { purpose: 'query' }, bytes: Uint8Array): void {
    const core = this.#core
    const asked = this.#asked.get(queryId)
    const decoded = decodeProofResponse(bytes)
    if (decoded.kind === 'rejected') {
      this.#refused(queryId, peer.name, decoded.code)
      const reason = reasonText(decoded.code, decoded.operands)
      core.warn('malformed', { peer: peer.name, protocol: 'proof', reason })
      return core.ban(peer, decoded.code)
    }
    if (asked === undefined) return
    if (decoded.value.kind === 'refused') return this.#refused(queryId, peer.name, decoded.value.refusal)
    const value = verifyProofAnswer(core.engine.kernels, asked.query, at, decoded.value.body)
    if (value.kind === 'accepted') {
      core.peers.moveUp(peer)
      return this.#finish(queryId, accepted(value.value))
    }
    this.#refused(queryId, peer.name, value.code)
    core.warn('proof-invalid', { peer: peer.name, reason: reasonText(value.code, value.operands) })
    core.ban(peer, value.code)
  }

  /** The request failed on its way, or the peer is gone. */
  onFailure(peerName: string, { queryId }: Pending & { purpose: 'query' }, code: string): void {
    this.#refused(queryId, peerName, code)
  }

  #refused(queryId: string, peerName: string, reason: string): void {
    const asked = this.#asked.get(queryId)
    if (asked === undefined) return
    asked.isUnderWay = false
    asked.refusals.set(peerName, reason)
  }

  #finish(queryId: string, answer: Result<QueryValue, SyncCode>): void {
    this.#asked.delete(queryId)
    this.#onAnswer(queryId, answer)
  }
}
