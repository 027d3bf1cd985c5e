/**
 * `evidence`: proof that two final blocks conflict ([LC-5]), given to a peer so that it can be checked and published.
 *
 *   request = kind u8 ‖ CertifiedHeader ‖ CertifiedHeader ‖ …
 *     1 same height   two certified headers of one height
 *     2 history       the first is the one that was trusted; the second's history holds `leafHash` at its height:
 *                     leafHash 32 ‖ path (byte string)
 *   response = outcome u8 ‖ reason (byte string, ASCII)
 */
import type { Hash32 } from '../base/brand.ts'
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { readCertifiedHeader, writeCertifiedHeader, type CertifiedHeader } from './certified-header.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'
import { PATH_BYTES_MAX } from './limits.ts'
import { readOutcome, readReason, writeReason } from './submit.ts'

export type ConflictEvidence =
  | { readonly kind: 1; readonly first: CertifiedHeader; readonly second: CertifiedHeader }
  | {
      readonly kind: 2
      readonly first: CertifiedHeader
      readonly second: CertifiedHeader
      readonly leafHash: Hash32
      readonly path: Uint8Array
    }

/** On the wire: the index in this list. */
export const EVIDENCE_OUTCOMES = ['kept', 'known', 'rejected'] as const
export type EvidenceOutcome = (typeof EVIDENCE_OUTCOMES)[number]
export interface EvidenceResponse {
  readonly outcome: EvidenceOutcome
  readonly reason: string
}

export function encodeConflict(evidence: ConflictEvidence): Uint8Array {
  const writer = new Writer(1200).u8(evidence.kind)
  writeCertifiedHeader(writer, evidence.first)
  writeCertifiedHeader(writer, evidence.second)
  if (evidence.kind === 2) writer.bytes(evidence.leafHash).byteString(evidence.path)
  return writer.finish()
}

export function decodeConflict(bytes: Uint8Array): Result<ConflictEvidence, DecodeCode> {
  const reader = new Reader(bytes)
  const kind = reader.u8()
  reader.expect(kind === 1 || kind === 2, 'evidence kind', { kind })
  const first = readCertifiedHeader(reader)
  const second = readCertifiedHeader(reader)
  if (kind !== 2) return reader.finish({ kind: 1, first, second })
  const leafHash = reader.bytes(32)
  return reader.finish({ kind, first, second, leafHash, path: reader.byteString('history path', PATH_BYTES_MAX) })
}

export function encodeEvidenceResponse(answer: Answer<EvidenceResponse>): Uint8Array {
  return encodeAnswer(answer, ({ outcome, reason }) => {
    const writer = new Writer(64).u8(EVIDENCE_OUTCOMES.indexOf(outcome))
    writeReason(writer, reason)
    return writer.finish()
  })
}

export function decodeEvidenceResponse(bytes: Uint8Array): Result<Answer<EvidenceResponse>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => ({
    outcome: readOutcome(reader, EVIDENCE_OUTCOMES),
    reason: readReason(reader),
  }))
}
