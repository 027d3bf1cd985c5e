/**
 * Making a proof file: the hops from a checkpoint (or genesis) to a peer's head, and the proof under that head, all from one
 * peer. What comes out is verified as a stranger would verify it before it is given to anyone.
 */
import { rejected, type Result, type Verdict } from '../base/verdict.ts'
import { committeeSeatCount, type Committee } from '../chain/committee.ts'
import type { Header } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import { chainIdOf, type ChainSpec } from '../chain/spec.ts'
import type { Engine } from '../crypto/engine.ts'
import { encodeProofFile, PROOF_FILE_HOP_COUNT_MAX, type ProvenFile } from '../light/proof-file.ts'
import type { Network, PeerName } from '../ports/network.ts'
import { buildCompact } from '../verify/compact.ts'
import type { Update } from '../verify/light.ts'
import type { Checkpoint } from '../verify/trust.ts'
import type { Answer } from '../wire/envelope.ts'
import { decodeHopsResponse, encodeHopsRequest } from '../wire/hops.ts'
import { FRAME_LIMITS, HOP_COUNT_MAX } from '../wire/limits.ts'
import { encodeProofRequest, type ProofRequest } from '../wire/proof.ts'
import { FORMS_ALL } from '../wire/update.ts'

export interface ExportContext {
  readonly engine: Engine
  readonly spec: ChainSpec
  readonly network: Network
  /** Absent: the file leads from genesis. */
  readonly checkpoint: Checkpoint | undefined
  /** Judges the file that was made as a stranger would, from `checkpoint`. */
  verify(bytes: Uint8Array): Promise<Verdict<ProvenFile>>
  readonly signal?: AbortSignal
}

export interface ExportedProof {
  /** The `.scproof` file. */
  readonly bytes: Uint8Array
  readonly proven: ProvenFile
}

/** Without `at`: the proof is made under whatever head the hops lead to. */
export type FreeProofRequest = ProofRequest extends infer Each
  ? Each extends unknown
    ? Omit<Each, 'at'>
    : never
  : never

interface Way {
  readonly base: Header
  readonly committee: Committee | undefined
  readonly hops: readonly Update[]
}

/** From one peer. Rejects with TransportError if it does not answer. */
export async function exportProof(
  context: ExportContext,
  peer: PeerName,
  request: FreeProofRequest,
): Promise<Result<ExportedProof>> {
  const way = await fetchWay(context, peer)
  if (way.kind === 'rejected') return way
  const { base, hops: fetched } = way.value
  const at = fetched.at(-1)?.header.height ?? base.height
  const asked = encodeProofRequest({ ...request, at } as ProofRequest)
  const response = await ask(context, peer, 'proof', asked)
  const { engine, spec, checkpoint } = context
  const { committee, hops } = checkpoint === undefined ? way.value : shortened(context, way.value)
  const chainId = chainIdOf(engine.kernels, spec)
  const bytes = encodeProofFile({ chainId, base, committee, hops, request: asked, response })
  const proven = await context.verify(bytes)
  return proven.kind === 'accepted'
    ? { kind: 'accepted', value: { bytes, proven: proven.value } }
    : rejected(proven.code, proven.operands)
}

/**
 * The base's committee is by far the largest part, and only a first hop within its epoch needs it: that hop then brings the
 * compact form ([LC-4c]), which is enough to verify its certificate.
 */
function shortened({ engine, spec }: ExportContext, { base, committee, hops }: Way): Pick<Way, 'committee' | 'hops'> {
  const [first, ...rest] = hops
  if (first === undefined) return { committee: undefined, hops }
  if (epochOf(first.header.height, spec.params) !== epochOf(base.height, spec.params) || committee === undefined)
    return { committee: undefined, hops }
  const { head } = committee
  if (first.cert.bitmap.length !== (committeeSeatCount(head) + 7) >> 3) return { committee, hops }
  const compact = buildCompact(engine.kernels, { committee, head }, first.cert.bitmap)
  return { committee: undefined, hops: [{ ...first, compact }, ...rest] }
}

/** Updates until the peer has nothing newer. */
async function fetchWay(context: ExportContext, peer: PeerName): Promise<Result<Way>> {
  let height = context.checkpoint?.height ?? 0n
  let way: Way | undefined
  const hops: Update[] = []
  for (;;) {
    const base = way === undefined ? 'full' : 'none'
    const request = encodeHopsRequest({ fromHeight: height, countMax: HOP_COUNT_MAX, base, forms: FORMS_ALL })
    const answer = decodeHopsResponse(await ask(context, peer, 'hops', request), context.spec.params)
    if (answer.kind === 'rejected') return answer
    const body = bodyOf(answer.value)
    if (body === undefined) return rejected('query-unavailable', { asked: 1, reasons: 'the peer refused' })
    if (way === undefined) {
      if (body.base === undefined) return rejected('base-missing', { peer })
      way = { base: body.base.header, committee: body.base.committee, hops }
    }
    if (body.updates.length === 0) return { kind: 'accepted', value: way }
    hops.push(...body.updates)
    height = body.updates.at(-1)!.header.height
    if (hops.length > PROOF_FILE_HOP_COUNT_MAX)
      return rejected('file-size', { bytes: hops.length, bytesMax: PROOF_FILE_HOP_COUNT_MAX })
    // After a compact hop only the next epoch can be reached: go on from the end of an epoch or not at all.
    const isEndOfEpoch = (height + 1n) % BigInt(context.spec.params.epochLength) === 0n
    if (body.updates.length < HOP_COUNT_MAX || !isEndOfEpoch) return { kind: 'accepted', value: way }
  }
}

const bodyOf = <Body>(answer: Answer<Body>): Body | undefined => (answer.kind === 'served' ? answer.body : undefined)

function ask({ network, signal }: ExportContext, peer: PeerName, protocol: 'hops' | 'proof', bytes: Uint8Array) {
  const { timeoutMs, responseBytesMax } = FRAME_LIMITS[protocol]
  return network.request(peer, protocol, bytes, { timeoutMs, responseBytesMax, signal })
}
