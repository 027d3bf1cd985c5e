/**
 * What a validator must not forget ([BFT-1]): what it signed last, its lock, and the prevote quorum it would propose with.
 *
 *   version u8 (=1) ‖ height u64 ‖ round u32 ‖ flags u8 ‖ prevote 32 if bit 0 ‖ precommit 32 if bit 1
 *   ‖ lock (round u32 ‖ hash 32) if bit 3 ‖ valid (byte string: Aggregate of its prevote quorum) if bit 4
 *   bit 2: a proposal was signed in this round
 *
 * One record holds one round: rounds only go up, and nothing is ever signed below the recorded (height, round).
 */
import type { Hash32 } from '../base/brand.ts'
import { accepted, type Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { decodeAggregate, encodeAggregate, type Aggregate } from './messages.ts'

export interface SafetyRecord {
  readonly height: bigint
  readonly round: number
  readonly prevote?: Hash32
  readonly precommit?: Hash32
  readonly hasProposed: boolean
  readonly lock?: { readonly round: number; readonly hash: Hash32 }
  /** The prevote quorum of the valid block, whose bytes are stored beside the record. */
  readonly valid?: Aggregate
}

const VERSION = 1
const PREVOTE = 1
const PRECOMMIT = 2
const PROPOSED = 4
const LOCK = 8
const VALID = 16

export function encodeSafetyRecord(record: SafetyRecord): Uint8Array {
  const flags =
    (record.prevote === undefined ? 0 : PREVOTE) |
    (record.precommit === undefined ? 0 : PRECOMMIT) |
    (record.hasProposed ? PROPOSED : 0) |
    (record.lock === undefined ? 0 : LOCK) |
    (record.valid === undefined ? 0 : VALID)
  const writer = new Writer(256).u8(VERSION).u64(record.height).u32(record.round).u8(flags)
  if (record.prevote !== undefined) writer.bytes(record.prevote)
  if (record.precommit !== undefined) writer.bytes(record.precommit)
  if (record.lock !== undefined) writer.u32(record.lock.round).bytes(record.lock.hash)
  if (record.valid !== undefined) writer.byteString(encodeAggregate(record.valid))
  return writer.finish()
}

export function decodeSafetyRecord(bytes: Uint8Array): Result<SafetyRecord, DecodeCode> {
  const reader = new Reader(bytes)
  const version = reader.u8()
  reader.expect(version === VERSION, 'safety record version', { version, expected: VERSION })
  const height = reader.u64()
  const round = reader.u32()
  const flags = reader.u8()
  reader.expect(flags < 32, 'safety record flags', { flags })
  const record = {
    height,
    round,
    ...((flags & PREVOTE) === 0 ? {} : { prevote: reader.bytes(32) }),
    ...((flags & PRECOMMIT) === 0 ? {} : { precommit: reader.bytes(32) }),
    hasProposed: (flags & PROPOSED) !== 0,
    ...((flags & LOCK) === 0 ? {} : { lock: { round: reader.u32(), hash: reader.bytes(32) } }),
  }
  const validBytes = (flags & VALID) === 0 ? undefined : reader.byteString('valid quorum')
  const framed = reader.finish(record)
  if (framed.kind === 'rejected' || validBytes === undefined) return framed
  const valid = decodeAggregate(validBytes)
  return valid.kind === 'rejected' ? valid : accepted({ ...record, valid: valid.value })
}
