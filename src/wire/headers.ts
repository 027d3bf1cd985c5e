/**
 * `headers`: a range of headers without certificates. Request: start u64 ‖ count u16 (1–512). Response: list of headers,
 * ascending from `start`, fewer than asked for only at the server's head.
 *
 * Whoever has verified the last one (as a head or by PROOF-1) has verified all: each names its parent's hash.
 */
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { encodeHeader, HEADER_LENGTH, readHeader, type Header } from '../chain/header.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'
import { HEADER_COUNT_MAX } from './limits.ts'

export interface HeadersRequest {
  readonly start: bigint
  readonly count: number
}

export function encodeHeadersRequest({ start, count }: HeadersRequest): Uint8Array {
  return new Writer(10).u64(start).u16(count).finish()
}

export function decodeHeadersRequest(bytes: Uint8Array): Result<HeadersRequest, DecodeCode> {
  const reader = new Reader(bytes)
  const request = { start: reader.u64(), count: reader.u16() }
  reader.expect(request.count >= 1 && request.count <= HEADER_COUNT_MAX, 'header count', { count: request.count })
  return reader.finish(request)
}

export function encodeHeadersResponse(answer: Answer<readonly Header[]>): Uint8Array {
  return encodeAnswer(answer, (headers) =>
    new Writer(2 + HEADER_LENGTH * headers.length)
      .list(headers, (writer, header) => writer.bytes(encodeHeader(header)))
      .finish(),
  )
}

export function decodeHeadersResponse(bytes: Uint8Array): Result<Answer<readonly Header[]>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => reader.list('headers', 0, HEADER_COUNT_MAX, readHeader))
}
