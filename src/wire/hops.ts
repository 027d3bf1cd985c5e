/**
 * `hops`: updates that lead from a height the client trusts towards the head, one per epoch.
 *
 *   request  = fromHeight u64 ‖ countMax u16 (1–64) ‖ base u8 (0 none, 1 full, 2 compact) ‖ forms u8 (bit set, 1 << form)
 *   response = base u8 (as asked) ‖ [CertifiedHeader ‖ committee (u32 length and bytes)] ‖ updates (list)
 *
 * The base is the header at fromHeight with the committee of its epoch: what a client needs to start from a bare
 * checkpoint (it checks the header by hash and the committee by root) or to follow within an epoch that it reached by a
 * compact hop. Update i starts from update i−1, the first from fromHeight. No update means that the server has nothing newer.
 */
import type { Result } from '../base/verdict.ts'
import type { Committee, CommitteeHead } from '../chain/committee.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import type { ChainParams } from '../chain/params.ts'
import type { CompactCommittee } from '../verify/compact.ts'
import type { Update } from '../verify/light.ts'
import { readCertifiedHeader, writeCertifiedHeader, type CertifiedHeader } from './certified-header.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'
import { HOP_COUNT_MAX } from './limits.ts'
import {
  COMMITTEE_FORM,
  readCommittee,
  readCompact,
  readUpdate,
  writeCommittee,
  writeCompact,
  writeUpdate,
} from './update.ts'

/** How much of the committee comes with the base, if there is one: the index in this list. */
export const BASE_FORMS = ['none', 'full', 'compact'] as const
export type BaseForm = (typeof BASE_FORMS)[number]

export interface HopsRequest {
  readonly fromHeight: bigint
  readonly countMax: number
  readonly base: BaseForm
  /** Bit set of committee forms that the client reads: the client's own set. */
  readonly forms: number
}

/** With one form of the committee of the header's epoch. Genesis has no certificate and so no compact form. */
export type HopsBase = CertifiedHeader & CommitteeForm

export type CommitteeForm =
  | { readonly committee: Committee; readonly compact?: undefined }
  | { readonly committee?: undefined; readonly compact: CompactCommittee }

export interface HopsResponse {
  readonly base: HopsBase | undefined
  readonly updates: readonly Update[]
}

export function encodeHopsRequest({ fromHeight, countMax, base, forms }: HopsRequest): Uint8Array {
  return new Writer(12).u64(fromHeight).u16(countMax).u8(BASE_FORMS.indexOf(base)).u8(forms).finish()
}

export function decodeHopsRequest(bytes: Uint8Array): Result<HopsRequest, DecodeCode> {
  const reader = new Reader(bytes)
  const fromHeight = reader.u64()
  const countMax = reader.u16()
  reader.expect(countMax >= 1 && countMax <= HOP_COUNT_MAX, 'hop count', { countMax, most: HOP_COUNT_MAX })
  return reader.finish({ fromHeight, countMax, base: readBaseForm(reader), forms: reader.u8() })
}

/** `forms`: what the client reads. */
export function encodeHopsResponse(answer: Answer<HopsResponse>, forms: number): Uint8Array {
  return encodeAnswer(answer, ({ base, updates }) => {
    const writer = new Writer(4096)
    writeBase(writer, base)
    const canContinue = (forms & (1 << COMMITTEE_FORM.continued)) !== 0
    let before: CommitteeHead | undefined
    return writer
      .list(updates, (out, update) => {
        writeUpdate(out, update, canContinue ? before : undefined)
        before = headOf(update) ?? before
      })
      .finish()
  })
}

export function decodeHopsResponse(bytes: Uint8Array, params: ChainParams): Result<Answer<HopsResponse>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => {
    let before: CommitteeHead | undefined
    return {
      base: readBase(reader, params),
      updates: reader.list('updates', 0, HOP_COUNT_MAX, (item) => {
        const update = readUpdate(item, params, before)
        before = headOf(update) ?? before
        return update
      }),
    }
  })
}

const headOf = ({ committee, compact }: Update): CommitteeHead | undefined => (committee ?? compact)?.head

function writeBase(writer: Writer, base: HopsBase | undefined): void {
  const form: BaseForm = base === undefined ? 'none' : base.compact === undefined ? 'full' : 'compact'
  writer.u8(BASE_FORMS.indexOf(form))
  if (base === undefined) return
  writeCertifiedHeader(writer, base)
  if (base.compact === undefined) writeCommittee(writer, base.committee)
  else writeCompact(writer, base.compact)
}

function readBase(reader: Reader, params: ChainParams): HopsBase | undefined {
  const form = readBaseForm(reader)
  if (form === 'none') return undefined
  const { header, cert } = readCertifiedHeader(reader)
  const committee = form === 'full' ? readCommittee(reader, params) : undefined
  const compact = form === 'compact' ? readCompact(reader, params) : undefined
  reader.expect(committee !== undefined || compact !== undefined, 'committee of the base')
  return compact === undefined ? { header, cert, committee: committee! } : { header, cert, compact }
}

function readBaseForm(reader: Reader): BaseForm {
  const index = reader.u8()
  const form = BASE_FORMS[index]
  reader.expect(form !== undefined, 'base form', { index })
  return form ?? 'none'
}
