/**
 * `follow`: a stream of updates as blocks become final.
 *
 *   request = fromHeight u64 ‖ forms u8          each frame of the response = Update, or a refusal that ends the stream
 *
 * The first update starts from fromHeight, each later one from the one before it. A server may skip heights that were
 * final in the meantime; it never skips an epoch.
 */
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import type { ChainParams } from '../chain/params.ts'
import type { Update } from '../verify/light.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'
import { readUpdate, writeUpdate } from './update.ts'

export interface FollowRequest {
  readonly fromHeight: bigint
  readonly forms: number
}

export function encodeFollowRequest({ fromHeight, forms }: FollowRequest): Uint8Array {
  return new Writer(9).u64(fromHeight).u8(forms).finish()
}

export function decodeFollowRequest(bytes: Uint8Array): Result<FollowRequest, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish({ fromHeight: reader.u64(), forms: reader.u8() })
}

export function encodeFollowFrame(answer: Answer<Update>): Uint8Array {
  return encodeAnswer(answer, (update) => {
    const writer = new Writer(1024)
    writeUpdate(writer, update)
    return writer.finish()
  })
}

export function decodeFollowFrame(bytes: Uint8Array, params: ChainParams): Result<Answer<Update>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => readUpdate(reader, params))
}
