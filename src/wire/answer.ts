/**
 * The server side of §9 without a network: request bytes in, response bytes out. Pure but for what `submit` and
 * `evidence` hand to the view. A rejection means a malformed request: the server resets the stream, and may drop the peer.
 */
import { assert } from '../base/assert.ts'
import { accepted, type Result } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import type { DecodeCode } from '../chain/codec.ts'
import { encodeCommittee } from '../chain/committee.ts'
import { epochOf, firstHeightOf } from '../chain/params.ts'
import type { ProtocolName } from '../ports/network.ts'
import type { Update } from '../verify/light.ts'
import { encodeCompact } from '../verify/compact.ts'
import type { ChainView } from './chain-view.ts'
import { refused, served, type Answer } from './envelope.ts'
import { decodeConflict, encodeEvidenceResponse } from './evidence.ts'
import { decodeHeadersRequest, encodeHeadersResponse, type HeadersRequest } from './headers.ts'
import { decodeHopsRequest, encodeHopsResponse, type BaseForm, type HopsRequest, type HopsResponse } from './hops.ts'
import { decodeLeaseRequest, encodeLeaseResponse } from './lease.ts'
import { FRAME_LIMITS, HOPS_BYTES_AIM } from './limits.ts'
import {
  decodeProofRequest,
  encodeProofResponse,
  type LinkedHeader,
  type LinkedProof,
  type ProofRequest,
  type ProofResponse,
} from './proof.ts'
import { decodeStatusRequest, encodeStatusResponse } from './status.ts'

import { COMMITTEE_FORM, FORMS_FULL } from './update.ts'
import { decodeSubmitRequest, encodeSubmitResponse } from './submit.ts'

/** All protocols but `follow`, which is a stream: the server calls nextUpdate for each frame of it. */
export type RequestProtocol = Exclude<ProtocolName, 'follow'>

/** The response frame for one request frame. */
export function answer(
  view: ChainView,
  protocol: RequestProtocol,
  request: Uint8Array,
): Result<Uint8Array, DecodeCode> {
  switch (protocol) {
    case 'status':
      return after(decodeStatusRequest(request), () =>
        encodeStatusResponse(served({ head: view.head(), oldestHeight: view.oldestHeight() })),
      )
    case 'hops':
      return after(decodeHopsRequest(request), (hops) => encodeHopsResponse(answerHops(view, hops), hops.forms))
    case 'headers':
      return after(decodeHeadersRequest(request), (range) => encodeHeadersResponse(answerHeaders(view, range)))
    case 'proof':
      return after(decodeProofRequest(request), (asked) => withinFrame(encodeProofResponse(answerProof(view, asked))))
    case 'submit':
      return after(decodeSubmitRequest(request), (tx) => encodeSubmitResponse(served(view.submit(tx))))
    case 'evidence':
      return after(decodeConflict(request), (conflict) => encodeEvidenceResponse(served(view.reportConflict(conflict))))
    case 'lease':
      // A coordination node answers by itself (client/coordinator.ts); nobody else assigns anything.
      return after(decodeLeaseRequest(request), () => encodeLeaseResponse(refused('unsupported')))
  }
}

function after<Request>(
  request: Result<Request, DecodeCode>,
  respond: (request: Request) => Uint8Array,
): Result<Uint8Array, DecodeCode> {
  return request.kind === 'rejected' ? request : accepted(respond(request.value))
}

/** A prefix so short that its proof is longer than a frame is not served: the client pages by longer prefixes. */
function withinFrame(response: Uint8Array): Uint8Array {
  return response.length <= FRAME_LIMITS.proof.responseBytesMax ? response : encodeProofResponse(refused('too-large'))
}

/**
 * The update that takes a client at `fromHeight` farthest in one step: to the head within the same or the next epoch, else
 * to the last header of the next epoch. Undefined when there is nothing newer, as for a client that another peer has told
 * of a block a moment earlier. What `follow` sends, again and again.
 */
export function nextUpdate(view: ChainView, fromHeight: bigint, forms = FORMS_FULL): Answer<Update | undefined> {
  const head = view.head().header.height
  if (fromHeight >= head) return served(undefined)
  const fromEpoch = epochOf(fromHeight, view.params)
  const lastOfNext = firstHeightOf(fromEpoch + 2, view.params) - 1n
  const most = head < lastOfNext ? head : lastOfNext
  const target = view.reach === undefined ? most : view.reach(fromHeight, most)
  return target === undefined ? refused('pruned') : updateBetween(view, fromHeight, target, forms)
}

function updateBetween(view: ChainView, fromHeight: bigint, height: bigint, forms: number): Answer<Update> {
  const final = view.final(height)
  const historyPath = view.historyPath(fromHeight, height)
  if (final === undefined || historyPath === undefined) return refused('pruned')
  const { header, cert } = final
  assert(cert !== undefined, `height ${height} is final without a certificate`)
  const epoch = epochOf(height, view.params)
  if (epoch === epochOf(fromHeight, view.params)) return served({ header, cert, historyPath })
  const form = smallerForm(view, epoch, cert, forms)
  return form === undefined ? refused('pruned') : served({ header, cert, historyPath, ...form })
}

/** The shorter of the forms that the client reads and the view has. */
function smallerForm(
  view: ChainView,
  epoch: number,
  { bitmap }: FinalityCert,
  forms: number,
): Pick<Update, 'committee' | 'compact'> | undefined {
  const reads = (form: number) => (forms & (1 << form)) !== 0
  const committee = reads(COMMITTEE_FORM.full) ? view.committee(epoch) : undefined
  const compact = reads(COMMITTEE_FORM.compact) ? view.compactCommittee?.(epoch, bitmap) : undefined
  if (compact === undefined) return committee && { committee }
  if (committee === undefined) return { compact }
  return encodeCompact(compact).length < encodeCommittee(committee).length ? { compact } : { committee }
}

export function answerHops(view: ChainView, request: HopsRequest): Answer<HopsResponse> {
  if (request.fromHeight > view.head().header.height) return refused('not-ahead')
  if (request.fromHeight < view.oldestHeight()) return refused('pruned')
  const base = request.base === 'none' ? undefined : baseAt(view, request.fromHeight, request.base)
  if (request.base !== 'none' && base === undefined) return refused('pruned')
  const updates: Update[] = []
  let height = request.fromHeight
  let bytes = 0
  while (updates.length < request.countMax && bytes < HOPS_BYTES_AIM) {
    const next = nextUpdate(view, height, request.forms)
    if (next.kind === 'refused' && updates.length === 0) return next
    if (next.kind === 'refused' || next.body === undefined) break
    updates.push(next.body)
    height = next.body.header.height
    bytes += updateBytes(next.body)
  }
  return served({ base, updates })
}

function updateBytes({ historyPath, committee, compact }: Update): number {
  const full = committee === undefined ? 0 : encodeCommittee(committee).length
  return 600 + historyPath.length + full + (compact === undefined ? 0 : encodeCompact(compact).length)
}

/** A view without compact forms, and genesis, give the full committee. */
function baseAt(view: ChainView, height: bigint, form: BaseForm): HopsResponse['base'] {
  const final = view.final(height)
  if (final === undefined) return undefined
  const epoch = epochOf(height, view.params)
  const compact = form === 'compact' && final.cert ? view.compactCommittee?.(epoch, final.cert.bitmap) : undefined
  if (compact !== undefined) return { ...final, compact }
  const committee = view.committee(epoch)
  return committee && { ...final, committee }
}

function answerHeaders(view: ChainView, { start, count }: HeadersRequest): Answer<LinkedHeader['header'][]> {
  if (start > view.head().header.height) return refused('not-ahead')
  if (start < view.oldestHeight()) return refused('pruned')
  const headers: LinkedHeader['header'][] = []
  for (let height = start; headers.length < count; height++) {
    const final = view.final(height)
    if (final === undefined) break
    headers.push(final.header)
  }
  return headers.length === 0 ? refused('not-found') : served(headers)
}

function answerProof(view: ChainView, request: ProofRequest): Answer<ProofResponse> {
  if (request.at > view.head().header.height) return refused('not-ahead')
  if (view.isLight === true && request.kind !== 1) return refused('unsupported')
  switch (request.kind) {
    case 1:
      return proveHeader(view, request.at, request.height)
    case 2:
      return proveTransaction(view, request.at, request.txid)
    case 3: {
      const proof = view.stateProof(request.at, request.prefix)
      if (proof === undefined) return refused('pruned')
      return proof === 'too-large' ? refused(proof) : served({ kind: 3, proof })
    }
    case 4:
      return proveTopic(view, request)
  }
}

function proveHeader(view: ChainView, at: bigint, height: bigint): Answer<ProofResponse> {
  const linked = linkedHeader(view, at, height)
  return linked === undefined ? refused('not-found') : served({ kind: 1, ...linked })
}

function proveTransaction(view: ChainView, at: bigint, txid: Uint8Array): Answer<ProofResponse> {
  const found = view.transaction(txid)
  if (found === undefined || found.height > at) return refused('not-found')
  const linked = linkedHeader(view, at, found.height)
  return linked === undefined ? refused('pruned') : served({ kind: 2, ...linked, proof: found.proof })
}

function proveTopic(view: ChainView, { at, start, end, prefix }: ProofRequest & { kind: 4 }): Answer<ProofResponse> {
  if (end > at + 1n) return refused('not-ahead')
  const blocks: LinkedProof[] = []
  for (let height = start; height < end; height++) {
    const linked = linkedHeader(view, at, height)
    const proof = view.topicProof(height, prefix)
    if (linked === undefined || proof === undefined) return refused('pruned')
    blocks.push({ ...linked, proof })
  }
  return served({ kind: 4, blocks })
}

/** The header at `height` ≤ `at` with its inclusion in the history of `at`. */
function linkedHeader(view: ChainView, at: bigint, height: bigint): LinkedHeader | undefined {
  if (height > at) return undefined
  const final = view.final(height)
  const path = height === at ? new Uint8Array(0) : view.historyPath(height, at)
  return final === undefined || path === undefined ? undefined : { header: final.header, path }
}
