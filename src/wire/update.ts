/**
 * One untrusted step of a light client (verify/light.ts decides about it), as `hops` and `follow` carry it:
 *
 *   header 314 ‖ certificate (byte string) ‖ historyPath (byte string) ‖ form u8 ‖ committee (u32 length and bytes)
 *
 * form 0: same epoch, committee length 0 · 1: full committee of the header's epoch · 2: compact ([LC-4c]) · 3: compact, in a
 * list of hops: a u8 before it says how many of the last draws of the committee head before it in the list go before its
 * own, of which there is at least one. A client names the forms that it reads in its request, and a server sends no other.
 */
import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Result } from '../base/verdict.ts'
import { encodeCert } from '../chain/certificate.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { decodeCommittee, encodeCommittee, type Committee, type CommitteeHead, type Draw } from '../chain/committee.ts'
import { encodeHeader, readHeader } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import { decodeCompact, encodeCompact, type CompactCommittee } from '../verify/compact.ts'
import type { Update } from '../verify/light.ts'
import { readCert } from './certified-header.ts'
import { CERT_BYTES_MAX, COMMITTEE_BYTES_MAX, PATH_BYTES_MAX } from './limits.ts'

export const COMMITTEE_FORM = { none: 0, full: 1, compact: 2, continued: 3 } as const
/** Bit set of committee forms, as a request names them: 1 << form. */
export const FORMS_FULL = (1 << COMMITTEE_FORM.none) | (1 << COMMITTEE_FORM.full)
export const FORMS_ALL = FORMS_FULL | (1 << COMMITTEE_FORM.compact) | (1 << COMMITTEE_FORM.continued)

/** Seats of a committee of this chain at most: what a decoder sizes anything by. */
export const seatCountMax = ({ f, F }: Pick<ChainParams, 'f' | 'F'>): number => (3 * F + 1) * (3 * f + 1)

/** `before`: the last committee head before it in a list whose reader reads form 3. */
export function writeUpdate(writer: Writer, update: Update, before?: CommitteeHead): void {
  const { header, cert, historyPath, committee, compact } = update
  assert(committee === undefined || compact === undefined, 'an update carries one form of its committee')
  writer.bytes(encodeHeader(header)).byteString(encodeCert(cert)).byteString(historyPath)
  if (compact === undefined) {
    writer.u8(committee === undefined ? COMMITTEE_FORM.none : COMMITTEE_FORM.full)
    return writeCommittee(writer, committee)
  }
  const { head } = compact
  const kept = before === undefined ? 0 : sharedDraws(before.draws, head.draws)
  if (kept === 0) writer.u8(COMMITTEE_FORM.compact)
  else writer.u8(COMMITTEE_FORM.continued).u8(kept)
  writeCompact(writer, { ...compact, head: { ...head, draws: head.draws.slice(kept) } })
}

/** How many of the last draws of `before` are the first ones of `after`, which has at least one more. */
function sharedDraws(before: readonly Draw[], after: readonly Draw[]): number {
  const isSame = (a: Draw, b: Draw) => a.epoch === b.epoch && a.stake === b.stake && equalBytes(a.seed, b.seed)
  for (let count = Math.min(before.length, after.length - 1, 0xff); count > 0; count--)
    if (after.slice(0, count).every((draw, index) => isSame(draw, before[before.length - count + index]!))) return count
  return 0
}

export function readUpdate(reader: Reader, params: ChainParams, before?: CommitteeHead): Update {
  const header = readHeader(reader)
  const cert = readCert(reader, reader.byteString('certificate', CERT_BYTES_MAX))!
  const historyPath = reader.byteString('history path', PATH_BYTES_MAX)
  const form = reader.u8()
  reader.expect(form <= COMMITTEE_FORM.continued, 'committee form', { form })
  const base = { header, cert, historyPath }
  if (form === COMMITTEE_FORM.continued) {
    const compact = readContinued(reader, params, before)
    return compact === undefined ? base : { ...base, compact }
  }
  if (form === COMMITTEE_FORM.compact) {
    const compact = readCompact(reader, params)
    return compact === undefined ? base : { ...base, compact }
  }
  const committee = readCommittee(reader, params)
  reader.expect((committee !== undefined) === (form === COMMITTEE_FORM.full), 'committee as its form says', { form })
  return committee === undefined ? base : { ...base, committee }
}

/** u32 length and the bytes; length 0 for none. */
export function writeCommittee(writer: Writer, committee: Committee | undefined): void {
  writeSized(writer, committee === undefined ? new Uint8Array(0) : encodeCommittee(committee))
}

export function readCommittee(reader: Reader, params: ChainParams): Committee | undefined {
  const bytes = readSized(reader)
  if (reader.failed || bytes.length === 0) return undefined
  return inner(reader, 'committee', decodeCommittee(bytes, seatCountMax(params)))
}

export function writeCompact(writer: Writer, compact: CompactCommittee): void {
  writeSized(writer, encodeCompact(compact))
}

export function readCompact(reader: Reader, params: ChainParams): CompactCommittee | undefined {
  const bytes = readSized(reader)
  return reader.failed ? undefined : inner(reader, 'compact committee', decodeCompact(bytes, seatCountMax(params)))
}

function readContinued(reader: Reader, params: ChainParams, before?: CommitteeHead): CompactCommittee | undefined {
  const kept = reader.u8()
  const most = before?.draws.length ?? 0
  reader.expect(kept >= 1 && kept <= most, 'draws of the head before', { kept, most })
  const compact = readCompact(reader, params)
  if (reader.failed || compact === undefined) return undefined
  const draws = [...before!.draws.slice(-kept), ...compact.head.draws]
  return { ...compact, head: { ...compact.head, draws } }
}

function writeSized(writer: Writer, bytes: Uint8Array): void {
  assert(bytes.length <= COMMITTEE_BYTES_MAX, `committee must be ≤ ${COMMITTEE_BYTES_MAX} bytes, got ${bytes.length}`)
  writer.u32(bytes.length).bytes(bytes)
}

function readSized(reader: Reader): Uint8Array {
  const length = reader.u32()
  if (length > COMMITTEE_BYTES_MAX)
    reader.fail('decode-count', { what: 'committee bytes', length, lengthMax: COMMITTEE_BYTES_MAX })
  return reader.bytes(reader.failed ? 0 : length)
}

/** A fault inside becomes the reader's. */
function inner<Value>(reader: Reader, what: string, result: Result<Value, DecodeCode>): Value | undefined {
  if (result.kind === 'accepted') return result.value
  reader.fail(result.code, { what, ...result.operands })
  return undefined
}
