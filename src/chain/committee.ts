/** Labels, members and committees as they are encoded and hashed (§5). Who gets in is decided in cube/. */
import type { Hash32 } from '../base/brand.ts'
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from './codec.ts'

/** A shard's label: its first `bits` bits; ⌈bits/8⌉ bytes, unused low bits zero. */
export interface Label {
  readonly bits: number
  readonly bytes: Uint8Array
}

/** One core seat of a committee shard, 96 bytes. */
export interface Member {
  readonly blsPk: Uint8Array
  readonly credential: Hash32
  readonly amount: bigint
  readonly drawEpoch: number
  /** k of [DRAW-2], from 0. */
  readonly seat: number
}
export const MEMBER_LENGTH = 96

/** What a draw epoch was drawn with: D_d and S_d. */
export interface Draw {
  readonly epoch: number
  readonly seed: Hash32
  readonly stake: bigint
}

export interface CubeShard {
  readonly label: Label
  readonly seats: number
}

export interface CommitteeHead {
  readonly epoch: number
  /** f_e and F_e of [CUBE-2]. */
  readonly f: number
  readonly F: number
  /** Sum of the keys of all members, one term per seat. */
  readonly aggregateKey: Uint8Array
  /** Exactly the last min(T, e+1) epochs, ascending. */
  readonly draws: readonly Draw[]
  /** All shards of the cube, ascending by bit string. */
  readonly cube: readonly CubeShard[]
}

export interface CommitteeShard {
  readonly label: Label
  /** The core: 3f_e+1 seats in core order. */
  readonly members: readonly Member[]
}

/** A full committee: its head and the 3F_e+1 shards in [CUBE-3] order. */
export interface Committee {
  readonly head: CommitteeHead
  readonly shards: readonly CommitteeShard[]
}

/** Limits that a decoder holds: seatsTarget is below 2^16, so no honest cube comes near them. */
export const CUBE_SHARD_COUNT_MAX = 8192
export const DRAW_COUNT_MAX = 256
export const LABEL_BITS_MAX = 64

/** Seats of the committee, (3F_e+1)(3f_e+1). */
export const committeeSeatCount = (head: Pick<CommitteeHead, 'f' | 'F'>): number => (3 * head.F + 1) * (3 * head.f + 1)

export function writeLabel(writer: Writer, label: Label): void {
  writer.u8(label.bits).bytes(label.bytes)
}
export function encodeLabel(label: Label): Uint8Array {
  const writer = new Writer(9)
  writeLabel(writer, label)
  return writer.finish()
}
export function readLabel(reader: Reader): Label {
  const bits = reader.u8()
  if (bits > LABEL_BITS_MAX) reader.fail('decode-count', { what: 'label bits', bits, bitsMax: LABEL_BITS_MAX })
  const bytes = reader.bytes(reader.failed ? 0 : (bits + 7) >> 3)
  const unused = (8 - (bits & 7)) & 7
  reader.expect(((bytes[bytes.length - 1] ?? 0) & ((1 << unused) - 1)) === 0, 'unused label bits are zero', { bits })
  return { bits, bytes }
}

export function writeMember(writer: Writer, member: Member): void {
  writer.bytes(member.blsPk).bytes(member.credential).u64(member.amount).u32(member.drawEpoch).u32(member.seat)
}
export function encodeMember(member: Member): Uint8Array {
  const writer = new Writer(MEMBER_LENGTH)
  writeMember(writer, member)
  return writer.finish()
}
export const readMember = (reader: Reader): Member => ({
  blsPk: reader.bytes(48),
  credential: reader.bytes(32),
  amount: reader.u64(),
  drawEpoch: reader.u32(),
  seat: reader.u32(),
})

export function encodeCommitteeHead(head: CommitteeHead): Uint8Array {
  return new Writer(1024)
    .u32(head.epoch)
    .u16(head.f)
    .u16(head.F)
    .bytes(head.aggregateKey)
    .list(head.draws, (writer, { epoch, seed, stake }) => writer.u32(epoch).bytes(seed).u64(stake))
    .list(head.cube, (writer, { label, seats }) => {
      writeLabel(writer, label)
      writer.u16(seats)
    })
    .finish()
}

export function readCommitteeHead(reader: Reader): CommitteeHead {
  return {
    epoch: reader.u32(),
    f: reader.u16(),
    F: reader.u16(),
    aggregateKey: reader.bytes(48),
    draws: reader.list('draws', 1, DRAW_COUNT_MAX, (item) => ({
      epoch: item.u32(),
      seed: item.bytes(32),
      stake: item.u64(),
    })),
    cube: reader.list('cube', 1, CUBE_SHARD_COUNT_MAX, (item) => ({ label: readLabel(item), seats: item.u16() })),
  }
}

export function decodeCommitteeHead(bytes: Uint8Array): Result<CommitteeHead, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readCommitteeHead(reader))
}

/**
 * The wire form of a full committee: the head as a u32 length and its bytes, then for each committee shard, in order, the
 * label and its core of 3f_e+1 members. The counts follow from f and F, so a decoder is told the most seats it will size
 * anything by: `seatCountMax`, from the chain's own f and F.
 */
export function encodeCommittee({ head, shards }: Committee): Uint8Array {
  const headBytes = encodeCommitteeHead(head)
  const writer = new Writer(4 + headBytes.length + 128 * shards.length).u32(headBytes.length).bytes(headBytes)
  for (const { label, members } of shards) {
    writeLabel(writer, label)
    for (const member of members) writeMember(writer, member)
  }
  return writer.finish()
}

export function decodeCommittee(bytes: Uint8Array, seatCountMax: number): Result<Committee, DecodeCode> {
  const reader = new Reader(bytes)
  const headLength = reader.u32()
  const headReader = new Reader(reader.bytes(headLength <= reader.remaining ? headLength : reader.remaining + 1))
  const headResult = headReader.finish(readCommitteeHead(headReader))
  if (reader.failed) return reader.finish(undefined as never)
  if (headResult.kind === 'rejected') return headResult
  const head = headResult.value
  const seatCount = committeeSeatCount(head)
  if (seatCount > seatCountMax) reader.fail('decode-count', { what: 'committee seats', seatCount, seatCountMax })
  const shards: CommitteeShard[] = []
  for (let shard = 0; shard < 3 * head.F + 1 && !reader.failed; shard++) {
    const label = readLabel(reader)
    const seatsOfShard = 3 * head.f + 1
    shards.push({ label, members: reader.items('members', seatsOfShard, seatsOfShard, seatsOfShard, readMember) })
  }
  return reader.finish({ head, shards })
}
