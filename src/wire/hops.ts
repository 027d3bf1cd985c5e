/**
 * `hops`: updates that lead from a height the client trusts towards the head, one per epoch.
 *
 *   request  = fromHeight u64 ‖ countMax u16 (1–64) ‖ wantBase u8 (0 or 1) ‖ forms u8 (bit set, 1 << form)
 *   response = hasBase u8 ‖ [CertifiedHeader ‖ committee (u32 length and bytes)] ‖ updates (list)
 *
 * The base is the header at fromHeight with the committee of its epoch: what a client needs to start from a bare
 * checkpoint (it checks the header by hash and the committee by root and audit). Update i starts from update i−1, the
 * first from fromHeight. No update means that the server has nothing newer.
 */
import type { Result } from '../base/verdict.ts'
import type { Committee } from '../chain/committee.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import type { ChainParams } from '../chain/params.ts'
import type { Update } from '../verify/light.ts'
import { readCertifiedHeader, writeCertifiedHeader, type CertifiedHeader } from './certified-header.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'
import { HOP_COUNT_MAX } from './limits.ts'
import { readCommittee, readUpdate, writeCommittee, writeUpdate } from './update.ts'

export interface HopsRequest {
  readonly fromHeight: bigint
  readonly countMax: number
  readonly wantBase: boolean
  /** Bit set of committee forms that the client reads: the client's own set. */
  readonly forms: number
}

export interface HopsBase extends CertifiedHeader {
  /** Of the header's epoch. */
  readonly committee: Committee
}

export interface HopsResponse {
  readonly base: HopsBase | undefined
  readonly updates: readonly Update[]
}

export function encodeHopsRequest({ fromHeight, countMax, wantBase, forms }: HopsRequest): Uint8Array {
  return new Writer(12)
    .u64(fromHeight)
    .u16(countMax)
    .u8(wantBase ? 1 : 0)
    .u8(forms)
    .finish()
}

export function decodeHopsRequest(bytes: Uint8Array): Result<HopsRequest, DecodeCode> {
  const reader = new Reader(bytes)
  const fromHeight = reader.u64()
  const countMax = reader.u16()
  reader.expect(countMax >= 1 && countMax <= HOP_COUNT_MAX, 'hop count', { countMax, most: HOP_COUNT_MAX })
  return reader.finish({ fromHeight, countMax, wantBase: readFlag(reader), forms: reader.u8() })
}

export function encodeHopsResponse(answer: Answer<HopsResponse>): Uint8Array {
  return encodeAnswer(answer, ({ base, updates }) => {
    const writer = new Writer(4096).u8(base === undefined ? 0 : 1)
    if (base !== undefined) {
      writeCertifiedHeader(writer, base)
      writeCommittee(writer, base.committee)
    }
    return writer.list(updates, writeUpdate).finish()
  })
}

export function decodeHopsResponse(bytes: Uint8Array, params: ChainParams): Result<Answer<HopsResponse>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => ({
    base: readFlag(reader) ? readBase(reader, params) : undefined,
    updates: reader.list('updates', 0, HOP_COUNT_MAX, (item) => readUpdate(item, params)),
  }))
}

function readBase(reader: Reader, params: ChainParams): HopsBase {
  const { header, cert } = readCertifiedHeader(reader)
  const committee = readCommittee(reader, params)
  reader.expect(committee !== undefined, 'committee of the base')
  return { header, cert, committee: committee! }
}

function readFlag(reader: Reader): boolean {
  const flag = reader.u8()
  reader.expect(flag <= 1, 'flag', { flag })
  return flag === 1
}
