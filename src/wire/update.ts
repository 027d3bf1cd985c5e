/**
 * One untrusted step of a light client (verify/light.ts decides about it), as `hops` and `follow` carry it:
 *
 *   header 314 ‖ certificate (byte string) ‖ historyPath (byte string) ‖ form u8 ‖ committee (u32 length and bytes)
 *
 * form 0: same epoch, committee length 0 · 1: full committee of the header's epoch · 2: compact ([LC-4c]), kept for the
 * next version and refused by this one: a client names the forms that it reads in its request.
 */
import { assert } from '../base/assert.ts'
import { decodeCommittee, encodeCommittee, type Committee } from '../chain/committee.ts'
import { Reader, Writer } from '../chain/codec.ts'
import { encodeCert, type FinalityCert } from '../chain/certificate.ts'
import { encodeHeader, readHeader, type Header } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import { readCert } from './certified-header.ts'
import { CERT_BYTES_MAX, COMMITTEE_BYTES_MAX, PATH_BYTES_MAX } from './limits.ts'

/** The same shape as verify/light.ts gives it. */
export interface Update {
  readonly header: Header
  readonly cert: FinalityCert
  /** RFC 9162 inclusion path of the trusted header's hash in the new header's history. */
  readonly historyPath: Uint8Array
  /** Of the header's epoch, when that is the epoch after the trusted one. */
  readonly committee?: Committee
}

export const COMMITTEE_FORM = { none: 0, full: 1, compact: 2 } as const
/** Bit set of the forms that this version reads, as a request names them: 1 << form. */
export const FORMS_READ = (1 << COMMITTEE_FORM.none) | (1 << COMMITTEE_FORM.full)

/** Seats of a committee of this chain at most: what a decoder sizes anything by. */
export const seatCountMax = ({ f, F }: Pick<ChainParams, 'f' | 'F'>): number => (3 * F + 1) * (3 * f + 1)

export function writeUpdate(writer: Writer, { header, cert, historyPath, committee }: Update): void {
  writer.bytes(encodeHeader(header)).byteString(encodeCert(cert)).byteString(historyPath)
  writer.u8(committee === undefined ? COMMITTEE_FORM.none : COMMITTEE_FORM.full)
  writeCommittee(writer, committee)
}

export function readUpdate(reader: Reader, params: ChainParams): Update {
  const header = readHeader(reader)
  const cert = readCert(reader, reader.byteString('certificate', CERT_BYTES_MAX))!
  const historyPath = reader.byteString('history path', PATH_BYTES_MAX)
  const form = reader.u8()
  reader.expect(form <= COMMITTEE_FORM.full, 'committee form', { form })
  const committee = readCommittee(reader, params)
  reader.expect((committee !== undefined) === (form === COMMITTEE_FORM.full), 'committee as its form says', { form })
  return committee === undefined ? { header, cert, historyPath } : { header, cert, historyPath, committee }
}

/** u32 length and the bytes; length 0 for none. */
export function writeCommittee(writer: Writer, committee: Committee | undefined): void {
  const bytes = committee === undefined ? new Uint8Array(0) : encodeCommittee(committee)
  assert(bytes.length <= COMMITTEE_BYTES_MAX, `committee must be ≤ ${COMMITTEE_BYTES_MAX} bytes, got ${bytes.length}`)
  writer.u32(bytes.length).bytes(bytes)
}

export function readCommittee(reader: Reader, params: ChainParams): Committee | undefined {
  const length = reader.u32()
  if (length > COMMITTEE_BYTES_MAX)
    reader.fail('decode-count', { what: 'committee bytes', length, lengthMax: COMMITTEE_BYTES_MAX })
  const bytes = reader.bytes(reader.failed ? 0 : length)
  if (reader.failed || length === 0) return undefined
  const committee = decodeCommittee(bytes, seatCountMax(params))
  if (committee.kind === 'accepted') return committee.value
  reader.fail(committee.code, { what: 'committee', ...committee.operands })
  return undefined
}
