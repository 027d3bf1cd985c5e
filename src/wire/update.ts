/**
 * One untrusted step of a light client (verify/light.ts decides about it), as `hops` and `follow` carry it:
 *
 *   header 314 ‖ certificate (byte string) ‖ historyPath (byte string) ‖ form u8 ‖ committee (u32 length and bytes)
 *
 * form 0: same epoch, committee length 0 · 1: full committee of the header's epoch · 2: compact ([LC-4c]). A client names
 * the forms that it reads in its request, and a server sends no other.
 */
import { assert } from '../base/assert.ts'
import type { Result } from '../base/verdict.ts'
import { encodeCert } from '../chain/certificate.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { decodeCommittee, encodeCommittee, type Committee } from '../chain/committee.ts'
import { encodeHeader, readHeader } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import { decodeCompact, encodeCompact, type CompactCommittee } from '../verify/compact.ts'
import type { Update } from '../verify/light.ts'
import { readCert } from './certified-header.ts'
import { CERT_BYTES_MAX, COMMITTEE_BYTES_MAX, PATH_BYTES_MAX } from './limits.ts'

export const COMMITTEE_FORM = { none: 0, full: 1, compact: 2 } as const
/** Bit set of committee forms, as a request names them: 1 << form. */
export const FORMS_FULL = (1 << COMMITTEE_FORM.none) | (1 << COMMITTEE_FORM.full)
export const FORMS_ALL = FORMS_FULL | (1 << COMMITTEE_FORM.compact)

/** Seats of a committee of this chain at most: what a decoder sizes anything by. */
export const seatCountMax = ({ f, F }: Pick<ChainParams, 'f' | 'F'>): number => (3 * F + 1) * (3 * f + 1)

export function writeUpdate(writer: Writer, { header, cert, historyPath, committee, compact }: Update): void {
  assert(committee === undefined || compact === undefined, 'an update carries one form of its committee')
  writer.bytes(encodeHeader(header)).byteString(encodeCert(cert)).byteString(historyPath)
  if (compact === undefined) {
    writer.u8(committee === undefined ? COMMITTEE_FORM.none : COMMITTEE_FORM.full)
    return writeCommittee(writer, committee)
  }
  writer.u8(COMMITTEE_FORM.compact)
  writeCompact(writer, compact)
}

export function readUpdate(reader: Reader, params: ChainParams): Update {
  const header = readHeader(reader)
  const cert = readCert(reader, reader.byteString('certificate', CERT_BYTES_MAX))!
  const historyPath = reader.byteString('history path', PATH_BYTES_MAX)
  const form = reader.u8()
  reader.expect(form <= COMMITTEE_FORM.compact, 'committee form', { form })
  const base = { header, cert, historyPath }
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
