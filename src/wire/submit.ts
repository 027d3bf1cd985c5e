/**
 * `submit`: a transaction for the mempool. Request: one Tx. Response: outcome u8 ‖ reason (byte string, ASCII).
 *
 * Advice, not a fact: whether it became final is shown by a PROOF-2 and by nothing else.
 */
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { decodeTx, encodeTx, type Tx } from '../chain/transaction.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'

/** On the wire: the index in this list. `known`: already in the mempool or in a block. */
export const SUBMIT_OUTCOMES = ['accepted', 'known', 'rejected'] as const
export type SubmitOutcome = (typeof SUBMIT_OUTCOMES)[number]

/** Bytes of a reason: printable ASCII, such as a ledger code and its operands. */
export const REASON_BYTES_MAX = 256

export interface SubmitResponse {
  readonly outcome: SubmitOutcome
  /** Empty unless rejected. */
  readonly reason: string
}

export const encodeSubmitRequest = (tx: Tx): Uint8Array => encodeTx(tx)
export const decodeSubmitRequest = (bytes: Uint8Array): Result<Tx, DecodeCode> => decodeTx(bytes)

export function encodeSubmitResponse(answer: Answer<SubmitResponse>): Uint8Array {
  return encodeAnswer(answer, ({ outcome, reason }) => {
    const writer = new Writer(64).u8(SUBMIT_OUTCOMES.indexOf(outcome))
    writeReason(writer, reason)
    return writer.finish()
  })
}

export function decodeSubmitResponse(bytes: Uint8Array): Result<Answer<SubmitResponse>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => ({
    outcome: readOutcome(reader, SUBMIT_OUTCOMES),
    reason: readReason(reader),
  }))
}

export function readOutcome<Outcome extends string>(reader: Reader, outcomes: readonly Outcome[]): Outcome {
  const index = reader.u8()
  reader.expect(index < outcomes.length, 'outcome', { index })
  return outcomes[index] ?? outcomes[0]!
}

/** Keeps printable ASCII only and cuts at the limit, so that a reason can be shown anywhere. */
export function writeReason(writer: Writer, reason: string): void {
  const bytes = Array.from(reason, (char) => char.codePointAt(0)!).filter((code) => code >= 0x20 && code < 0x7f)
  writer.byteString(Uint8Array.from(bytes.slice(0, REASON_BYTES_MAX)))
}

export function readReason(reader: Reader): string {
  const bytes = reader.byteString('reason', REASON_BYTES_MAX)
  reader.expect(
    bytes.every((byte) => byte >= 0x20 && byte < 0x7f),
    'printable ASCII',
  )
  return String.fromCharCode(...bytes)
}
