/**
 * The proof file (`.scproof`): everything that shows a fact about the chain to someone who is offline and has only the
 * chain spec and a checkpoint.
 *
 *     magic "SCPROOF1" ‖ chainId 32 ‖ base Header 314 ‖ committee (u32 length and bytes; of the base's epoch, or none)
 *     ‖ hops (list of updates, wire/update.ts) ‖ request (u32 length) ‖ response (u32 length)
 *
 * The base is the block of the checkpoint, or genesis. The hops lead from it to the header that the proof is under, one
 * per epoch at most; there are none when that header is the base itself. Request and response are those of the `proof`
 * protocol (wire/proof.ts), so every proof that a peer can give can be kept.
 *
 * Attack: a file is made by whoever wants to be believed. It is decoded under limits, its base is compared with the
 * checkpoint by hash, each hop goes through the light client's own checklist, and only then is the proof looked at.
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result, type Verdict } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import type { Committee } from '../chain/committee.ts'
import { blockHash, encodeHeader, readHeader, type Header } from '../chain/header.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import { chainIdOf, type ChainSpec } from '../chain/spec.ts'
import type { Engine } from '../crypto/engine.ts'
import { auditCommittee, type AuditCode } from '../cube/audit.ts'
import { utf8 } from '../kernels/checks.ts'
import { committeeKeys } from '../verify/certificate.ts'
import { verifyGenesis, type GenesisCode } from '../verify/genesis.ts'
import { verifyUpdate, type Chain, type Trusted, type Update, type VerifyCode } from '../verify/light.ts'
import { trustCheckpoint, type Checkpoint } from '../verify/trust.ts'
import { FRAME_LIMITS } from '../wire/limits.ts'
import { decodeProofRequest, decodeProofResponse, type ProofRequest } from '../wire/proof.ts'
import { readCommittee, readUpdate, writeCommittee, writeUpdate } from '../wire/update.ts'
import { verifyProofAnswer } from './proof-answer.ts'
import type { Query, QueryValue } from './contract.ts'

export const PROOF_FILE_MAGIC = utf8('SCPROOF1')
/** Hops in one file; whoever needs more uses a newer checkpoint. */
export const PROOF_FILE_HOP_COUNT_MAX = 4096
export const PROOF_FILE_BYTES_MAX = 64 * 1024 * 1024

export interface ProofFile {
  readonly chainId: Hash32
  /** The checkpoint's block, or genesis. */
  readonly base: Header
  /** Of the base's epoch; needed where the first hop stays in that epoch. Genesis needs none. */
  readonly committee: Committee | undefined
  readonly hops: readonly Update[]
  /** As the `proof` protocol has them. */
  readonly request: Uint8Array
  readonly response: Uint8Array
}

export type ProofFileCode =
  | 'file-size'
  | 'file-magic'
  | 'file-chain'
  | 'file-checkpoint'
  | 'file-committee-epoch'
  | 'file-height'
  | 'file-refusal'
  | 'file-topic-blocks'

export const PROOF_FILE_SENTENCES: Readonly<Record<ProofFileCode, string>> = {
  'file-size': 'The file has {bytes} bytes, a proof file has at most {bytesMax}; it is something else.',
  'file-magic': 'The file begins with {got}, a proof file begins with {expected}; it is something else.',
  'file-chain': 'The file is about chain {got} and the chain spec is that of {expected}; name the other chain spec.',
  'file-checkpoint':
    'The file leads from block {got} of height {height} and does not pass the checkpoint {expected}; name its own checkpoint, or ask for a file from yours.',
  'file-committee-epoch':
    'The file brings the committee of epoch {got} for a block of epoch {expected}; ask for another.',
  'file-height': 'The proof in the file is for height {got} and the file leads to height {expected}; ask for another.',
  'file-refusal': 'The file holds a refusal ({refusal}) where a proof should be; ask for another.',
  'file-topic-blocks':
    'The file proves {got} blocks of the topic from height {height} where {expected} were asked for.',
}

export function encodeProofFile({ chainId, base, committee, hops, request, response }: ProofFile): Uint8Array {
  const writer = new Writer(4096).bytes(PROOF_FILE_MAGIC).bytes(chainId).bytes(encodeHeader(base))
  writeCommittee(writer, committee)
  writer.list(hops, writeUpdate)
  return writer.u32(request.length).bytes(request).u32(response.length).bytes(response).finish()
}

/** Reads a file of the chain with `params`, which bound what a committee in it may hold. */
export function decodeProofFile(bytes: Uint8Array, params: ChainParams): Result<ProofFile, ProofFileCode | DecodeCode> {
  const bytesMax = PROOF_FILE_BYTES_MAX
  if (bytes.length > bytesMax) return rejected('file-size', { bytes: bytes.length, bytesMax })
  const magic = bytes.subarray(0, PROOF_FILE_MAGIC.length)
  if (!equalBytes(magic, PROOF_FILE_MAGIC))
    return rejected('file-magic', { got: toHex(magic), expected: toHex(PROOF_FILE_MAGIC) })
  const reader = new Reader(bytes.subarray(PROOF_FILE_MAGIC.length))
  const { requestBytesMax, responseBytesMax } = FRAME_LIMITS.proof
  return reader.finish({
    chainId: reader.bytes(32),
    base: readHeader(reader),
    committee: readCommittee(reader, params),
    hops: reader.list('hops', 0, PROOF_FILE_HOP_COUNT_MAX, (item) => readUpdate(item, params)),
    request: readSized(reader, 'proof request', requestBytesMax),
    response: readSized(reader, 'proof response', responseBytesMax),
  })
}

function readSized(reader: Reader, what: string, lengthMax: number): Uint8Array {
  const length = reader.u32()
  if (length > lengthMax) reader.fail('decode-count', { what, length, lengthMax })
  return reader.bytes(reader.failed ? 0 : length)
}

// ── Verification ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ProvenFile {
  readonly request: ProofRequest
  readonly value: QueryValue
  /** The final header that the proof is under, and where trust in it came from. */
  readonly trusted: Trusted
  readonly from: Checkpoint
  /** Hops that were verified on the way. */
  readonly hopCount: number
}

export type ProofFileVerdictCode = ProofFileCode | DecodeCode | VerifyCode | GenesisCode | AuditCode | string

type Outcome<Value> = Verdict<Value, ProofFileVerdictCode>

/**
 * What the file proves to someone who trusts the chain spec and `checkpoint` (genesis if undefined) and whose clock says
 * `nowMs`. Undecided when the checkpoint is stale or a header is ahead of the clock. About one pairing check for each hop.
 */
export function verifyProofFile(
  engine: Engine,
  spec: ChainSpec,
  checkpoint: Checkpoint | undefined,
  bytes: Uint8Array,
  nowMs: bigint,
  weakCommitteesAllowed = false,
): Outcome<ProvenFile> {
  const chain: Chain = { params: spec.params, chainId: chainIdOf(engine.kernels, spec), weakCommitteesAllowed }
  const decoded = decodeProofFile(bytes, spec.params)
  if (decoded.kind === 'rejected') return decoded
  const file = decoded.value
  if (!equalBytes(file.chainId, chain.chainId))
    return rejected('file-chain', { got: toHex(file.chainId), expected: toHex(chain.chainId) })
  const start =
    checkpoint === undefined
      ? fromGenesis(engine, spec, chain, file)
      : fromCheckpoint(engine, chain, checkpoint, file, nowMs)
  if (start.kind !== 'accepted') return start
  let trusted = start.value.trusted
  for (const hop of start.value.hops) {
    const next = verifyUpdate(engine, chain, trusted, hop, nowMs)
    if (next.kind !== 'accepted') return next
    trusted = next.value
  }
  const proven = verifyContent(engine, file, trusted)
  if (proven.kind === 'rejected') return proven
  const { header, hash } = start.value.trusted
  return accepted({
    ...proven.value,
    trusted,
    from: { height: header.height, hash },
    hopCount: start.value.hops.length,
  })
}

interface Start {
  readonly trusted: Trusted
  /** What is left of the file's hops. */
  readonly hops: readonly Update[]
}

/** Genesis needs no committee; one that is in the file all the same must be right, as every byte of it. */
function fromGenesis(
  engine: Engine,
  spec: ChainSpec,
  chain: Chain,
  { base, committee, hops }: ProofFile,
): Outcome<Start> {
  const genesis = verifyGenesis(engine, spec)
  if (genesis.kind === 'rejected') return genesis
  const { header, hash, committees } = genesis.value
  const got = blockHash(engine.kernels, base)
  if (!equalBytes(got, hash))
    return rejected('file-checkpoint', { got: toHex(got), height: base.height, expected: `0:${toHex(hash)}` })
  const keys = committeeKeys(engine, committees[0])
  if (keys.kind === 'rejected') return keys
  const trusted = { header, hash, committee: keys.value }
  return committee === undefined ? accepted({ trusted, hops }) : withCommittee(engine, chain, trusted, committee, hops)
}

/** The checkpoint may be the base or any block on the way: what comes before it proves nothing and is skipped. */
function fromCheckpoint(
  engine: Engine,
  chain: Chain,
  checkpoint: Checkpoint,
  file: ProofFile,
  nowMs: bigint,
): Outcome<Start> {
  const headers = [file.base, ...file.hops.map(({ header }) => header)]
  const hashes = headers.map((header) => blockHash(engine.kernels, header))
  const at = hashes.findIndex((hash) => equalBytes(hash, checkpoint.hash))
  if (at === -1) {
    const expected = `${checkpoint.height}:${toHex(checkpoint.hash)}`
    return rejected('file-checkpoint', { got: toHex(hashes[0]!), height: file.base.height, expected })
  }
  const trusted = trustCheckpoint(engine.kernels, chain, checkpoint, headers[at]!, nowMs)
  if (trusted.kind !== 'accepted') return trusted
  const hops = file.hops.slice(at)
  const committee = committeeAt(chain.params, file, at)
  return committee === undefined
    ? accepted({ trusted: trusted.value, hops })
    : withCommittee(engine, chain, trusted.value, committee, hops)
}

/** The committee of header `at`'s epoch, if the file brought it up to there (0 is the base, i the hop i − 1). */
function committeeAt(params: ChainParams, { base, committee, hops }: ProofFile, at: number): Committee | undefined {
  const epoch = epochOf(at === 0 ? base.height : hops[at - 1]!.header.height, params)
  const brought = [committee, ...hops.slice(0, at).map((hop) => hop.committee)]
  return at === 0 ? committee : brought.findLast((one) => one?.head.epoch === epoch)
}

/** The checkpoint's header vouches for the root, the audit for what is under it ([LC-4]). */
function withCommittee(
  engine: Engine,
  chain: Chain,
  trusted: Trusted,
  committee: Committee,
  hops: readonly Update[],
): Outcome<Start> {
  const expected = epochOf(trusted.header.height, chain.params)
  if (committee.head.epoch !== expected)
    return rejected('file-committee-epoch', { got: committee.head.epoch, expected })
  const audit = auditCommittee(engine, chain.params, committee, trusted.header.committeeRoot)
  if (audit.kind === 'rejected') return audit
  const keys = committeeKeys(engine, committee)
  return keys.kind === 'rejected' ? keys : accepted({ trusted: { ...trusted, committee: keys.value }, hops })
}

type Content = Pick<ProvenFile, 'request' | 'value'>

function verifyContent(engine: Engine, file: ProofFile, trusted: Trusted): Result<Content, ProofFileVerdictCode> {
  const request = decodeProofRequest(file.request)
  if (request.kind === 'rejected') return request
  const { at } = request.value
  if (at !== trusted.header.height) return rejected('file-height', { got: at, expected: trusted.header.height })
  const answer = decodeProofResponse(file.response)
  if (answer.kind === 'rejected') return answer
  if (answer.value.kind === 'refused') return rejected('file-refusal', { refusal: answer.value.refusal })
  const value = verifyProofAnswer(engine.kernels, queryOf(request.value), trusted, answer.value.body)
  return value.kind === 'rejected' ? value : accepted({ request: request.value, value: value.value })
}

function queryOf(request: ProofRequest): Query {
  if (request.kind === 1) return { kind: 'header', height: request.height }
  if (request.kind === 2) return { kind: 'transaction', txid: request.txid }
  if (request.kind === 3) return { kind: 'state', prefix: request.prefix }
  const { start, end, prefix } = request
  return { kind: 'topic', start, end, prefix }
}

export { isProofText, parseProofText, proofText, PROOF_TEXT_SENTENCES, type ProofText } from './proof-text.ts'
export { parseCheckpoint } from './checkpoint-text.ts'
