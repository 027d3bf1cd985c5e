/**
 * `status`: what a peer says it has. Request: empty.
 * Response: CertifiedHeader (its newest final header) ‖ oldestHeight u64 (the lowest height that it serves hops from).
 *
 * A claim, not a fact: a client believes the head only when `hops` has proven it ([LC-7]).
 */
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { readCertifiedHeader, writeCertifiedHeader, type CertifiedHeader } from './certified-header.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'

export interface StatusResponse {
  readonly head: CertifiedHeader
  readonly oldestHeight: bigint
}

export const encodeStatusRequest = (): Uint8Array => new Uint8Array(0)

export function decodeStatusRequest(bytes: Uint8Array): Result<undefined, DecodeCode> {
  return new Reader(bytes).finish(undefined)
}

export function encodeStatusResponse(answer: Answer<StatusResponse>): Uint8Array {
  return encodeAnswer(answer, ({ head, oldestHeight }) => {
    const writer = new Writer(600)
    writeCertifiedHeader(writer, head)
    return writer.u64(oldestHeight).finish()
  })
}

export function decodeStatusResponse(bytes: Uint8Array): Result<Answer<StatusResponse>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => ({ head: readCertifiedHeader(reader), oldestHeight: reader.u64() }))
}
