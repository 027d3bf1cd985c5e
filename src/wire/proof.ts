/**
 * `proof`: PROOF-1 to PROOF-4, each under the final header at height `at`, which the client trusts.
 *
 *   request  = kind u8 ‖ at u64 ‖ …
 *     1 header       height u64 (≤ at)
 *     2 transaction  txid 32
 *     3 state        prefixBits u16 (0–256) ‖ ⌈prefixBits/8⌉ bytes, unused low bits zero
 *     4 topic        start u64 ‖ end u64 (start < end ≤ at+1, at most 256 blocks) ‖ prefixBits u8 (0–64) ‖ bytes
 *   response = kind u8 ‖ …
 *     1  LinkedHeader
 *     2  LinkedHeader of the block that holds it ‖ proof (u32 length and bytes; proofs/transaction.ts)
 *     3  proof (u32 length and bytes; proofs/state-proof.ts), under the stateRoot of `at`
 *     4  list of (LinkedHeader ‖ proof (u32 length and bytes; proofs/topics.ts)), one for each block of [start, end)
 *
 *   LinkedHeader = header 314 ‖ path (byte string): the header and its inclusion in the history of `at`; the path is empty
 *   when the header is `at` itself.
 *
 * The prefix of a state or topic request may be shorter than a whole owner or topic: the server then learns only a bucket.
 */
import type { Hash32 } from '../base/brand.ts'
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { encodeHeader, readHeader, type Header } from '../chain/header.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'
import { FRAME_LIMITS, PATH_BYTES_MAX, TOPIC_BLOCK_COUNT_MAX } from './limits.ts'

/** A key or topic prefix: ⌈bits/8⌉ bytes, unused low bits zero. */
export interface Prefix {
  readonly bits: number
  readonly bytes: Uint8Array
}

export type ProofRequest =
  | { readonly kind: 1; readonly at: bigint; readonly height: bigint }
  | { readonly kind: 2; readonly at: bigint; readonly txid: Hash32 }
  | { readonly kind: 3; readonly at: bigint; readonly prefix: Prefix }
  | { readonly kind: 4; readonly at: bigint; readonly start: bigint; readonly end: bigint; readonly prefix: Prefix }

export interface LinkedHeader {
  readonly header: Header
  readonly path: Uint8Array
}
export interface LinkedProof extends LinkedHeader {
  readonly proof: Uint8Array
}

export type ProofResponse =
  | ({ readonly kind: 1 } & LinkedHeader)
  | ({ readonly kind: 2 } & LinkedProof)
  | { readonly kind: 3; readonly proof: Uint8Array }
  | { readonly kind: 4; readonly blocks: readonly LinkedProof[] }

export function encodeProofRequest(request: ProofRequest): Uint8Array {
  const writer = new Writer(64).u8(request.kind).u64(request.at)
  if (request.kind === 1) return writer.u64(request.height).finish()
  if (request.kind === 2) return writer.bytes(request.txid).finish()
  if (request.kind === 3) return writer.u16(request.prefix.bits).bytes(request.prefix.bytes).finish()
  return writer.u64(request.start).u64(request.end).u8(request.prefix.bits).bytes(request.prefix.bytes).finish()
}

export function decodeProofRequest(bytes: Uint8Array): Result<ProofRequest, DecodeCode> {
  const reader = new Reader(bytes)
  const kind = reader.u8()
  const at = reader.u64()
  if (kind === 1) return reader.finish({ kind, at, height: reader.u64() })
  if (kind === 2) return reader.finish({ kind, at, txid: reader.bytes(32) })
  if (kind === 3) return reader.finish({ kind, at, prefix: readPrefix(reader, reader.u16(), 256) })
  reader.expect(kind === 4, 'proof kind', { kind })
  const start = reader.u64()
  const end = reader.u64()
  reader.expect(start < end && end - start <= BigInt(TOPIC_BLOCK_COUNT_MAX), 'topic range', { start, end })
  return reader.finish({ kind: 4, at, start, end, prefix: readPrefix(reader, reader.u8(), 64) })
}

function readPrefix(reader: Reader, bits: number, bitsMax: number): Prefix {
  if (bits > bitsMax) reader.fail('decode-count', { what: 'prefix bits', bits, bitsMax })
  const bytes = reader.bytes(reader.failed ? 0 : (bits + 7) >> 3)
  const unused = (8 - (bits & 7)) & 7
  reader.expect(((bytes[bytes.length - 1] ?? 0) & ((1 << unused) - 1)) === 0, 'unused prefix bits are zero', { bits })
  return { bits, bytes }
}

export function encodeProofResponse(answer: Answer<ProofResponse>): Uint8Array {
  return encodeAnswer(answer, (response) => {
    const writer = new Writer(1024).u8(response.kind)
    if (response.kind === 1) writeLinkedHeader(writer, response)
    if (response.kind === 2) writeLinkedProof(writer, response)
    if (response.kind === 3) writeProof(writer, response.proof)
    if (response.kind === 4) writer.list(response.blocks, writeLinkedProof)
    return writer.finish()
  })
}

export function decodeProofResponse(bytes: Uint8Array): Result<Answer<ProofResponse>, DecodeCode> {
  return decodeAnswer(bytes, readProofResponse)
}

function readProofResponse(reader: Reader): ProofResponse {
  const kind = reader.u8()
  if (kind === 1) return { kind, ...readLinkedHeader(reader) }
  if (kind === 2) return { kind, ...readLinkedProof(reader) }
  if (kind === 3) return { kind, proof: readProof(reader) }
  reader.expect(kind === 4, 'proof kind', { kind })
  return { kind: 4, blocks: reader.list('topic blocks', 1, TOPIC_BLOCK_COUNT_MAX, readLinkedProof) }
}

function writeLinkedHeader(writer: Writer, { header, path }: LinkedHeader): void {
  writer.bytes(encodeHeader(header)).byteString(path)
}
const readLinkedHeader = (reader: Reader): LinkedHeader => ({
  header: readHeader(reader),
  path: reader.byteString('history path', PATH_BYTES_MAX),
})

function writeLinkedProof(writer: Writer, linked: LinkedProof): void {
  writeLinkedHeader(writer, linked)
  writeProof(writer, linked.proof)
}
const readLinkedProof = (reader: Reader): LinkedProof => ({ ...readLinkedHeader(reader), proof: readProof(reader) })

function writeProof(writer: Writer, proof: Uint8Array): void {
  writer.u32(proof.length).bytes(proof)
}
function readProof(reader: Reader): Uint8Array {
  const length = reader.u32()
  const lengthMax = FRAME_LIMITS.proof.responseBytesMax
  if (length > lengthMax) reader.fail('decode-count', { what: 'proof bytes', length, lengthMax })
  return reader.bytes(reader.failed ? 0 : length)
}
