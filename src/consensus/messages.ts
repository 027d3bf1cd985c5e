/**
 * What validators say to each other. One canonical encoding each ([ENC-1]); decoders hold every limit.
 *
 *   proposal   1 ‖ height u64 ‖ round u32 ‖ signature 96 ‖ quorum (byte string: Aggregate or empty) ‖ block (u32 length)
 *   votes      2 ‖ type u8 ‖ height u64 ‖ round u32 ‖ hash 32 ‖ list of (seat u16 ‖ signature 96)
 *   aggregate  3 ‖ Aggregate
 *   status     4 ‖ height u64 ‖ round u32 ‖ has proposal u8 ‖ wanted block hash 32 (zero: none)
 *   block      5 ‖ block (u32 length)
 *   ask        6 ‖ type u8 ‖ height u64 ‖ round u32 ‖ hash 32 ‖ seat u16
 *
 *   Aggregate  type u8 ‖ height u64 ‖ round u32 ‖ hash 32 ‖ bitmap (byte string) ‖ signature 96
 *
 * An entry of `votes` names its key by the first of the key's seats; it counts for all of them.
 */
import type { Hash32 } from '../base/brand.ts'
import { u32, u64 } from '../base/bytes.ts'
import { accepted, type Result } from '../base/verdict.ts'
import { VOTE, type VoteType } from '../chain/certificate.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { HEADER_LENGTH } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import type { Kernels } from '../kernels/contract.ts'

export interface VoteTarget {
  readonly type: VoteType
  readonly height: bigint
  readonly round: number
  /** Zero hash: nil. */
  readonly hash: Hash32
}

export interface Aggregate extends VoteTarget {
  /** One bit per committee seat, as in a certificate. */
  readonly bitmap: Uint8Array
  readonly signature: Uint8Array
}

export interface VoteEntry {
  readonly seat: number
  readonly signature: Uint8Array
}

export interface ProposalMessage {
  readonly kind: 'proposal'
  readonly height: bigint
  readonly round: number
  readonly signature: Uint8Array
  /** The prevote quorum that lets a block of an earlier round be proposed again ([HDR-2]). */
  readonly quorum?: Aggregate
  /** Encoded block. */
  readonly block: Uint8Array
}
export interface VotesMessage extends VoteTarget {
  readonly kind: 'votes'
  readonly entries: readonly VoteEntry[]
}
export interface AggregateMessage {
  readonly kind: 'aggregate'
  readonly aggregate: Aggregate
}
/** Where a node stands; sent while it makes no progress. Peers answer with what it lacks. */
export interface StatusMessage {
  readonly kind: 'status'
  readonly height: bigint
  readonly round: number
  /** The sender holds a proposal of `round`. */
  readonly hasProposal: boolean
  /** A block that the sender has a quorum for but not the bytes; zero for none. */
  readonly wanted: Hash32
}
export interface BlockMessage {
  readonly kind: 'block'
  readonly block: Uint8Array
}
/** Asks for the single vote of the key at `seat`: its two votes make evidence. */
export interface AskMessage extends VoteTarget {
  readonly kind: 'ask'
  readonly seat: number
}
export type Message = ProposalMessage | VotesMessage | AggregateMessage | StatusMessage | BlockMessage | AskMessage

const KINDS = { proposal: 1, votes: 2, aggregate: 3, status: 4, block: 5, ask: 6 } as const

/** Bitmaps: 4096 seats are more than any chain spec allows (chain/spec-rules.ts). */
const BITMAP_BYTES_MAX = 512
const VOTE_ENTRY_COUNT_MAX = 4096

/** The longest message of a chain: a proposal with a full block. A driver cuts frames off here. */
export const messageBytesMax = (params: ChainParams): number => blockLengthMax(params) + 4096

const blockLengthMax = (params: ChainParams): number => params.blockBytesMax + HEADER_LENGTH

export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer(256).u8(KINDS[message.kind])
  switch (message.kind) {
    case 'proposal':
      writer.u64(message.height).u32(message.round).bytes(message.signature)
      writer.byteString(message.quorum === undefined ? new Uint8Array(0) : encodeAggregate(message.quorum))
      return writer.u32(message.block.length).bytes(message.block).finish()
    case 'votes':
      writeTarget(writer, message)
      return writer.list(message.entries, (out, { seat, signature }) => out.u16(seat).bytes(signature)).finish()
    case 'aggregate':
      return writeAggregate(writer, message.aggregate).finish()
    case 'status':
      writer
        .u64(message.height)
        .u32(message.round)
        .u8(message.hasProposal ? 1 : 0)
      return writer.bytes(message.wanted).finish()
    case 'block':
      return writer.u32(message.block.length).bytes(message.block).finish()
    case 'ask':
      return writeTarget(writer, message).u16(message.seat).finish()
  }
}

export function decodeMessage(bytes: Uint8Array, params: ChainParams): Result<Message, DecodeCode> {
  const reader = new Reader(bytes)
  const kind = reader.u8()
  switch (kind) {
    case KINDS.proposal:
      return decodeProposal(reader, params)
    case KINDS.votes:
      return reader.finish({ kind: 'votes', ...readTarget(reader), entries: readEntries(reader) })
    case KINDS.aggregate:
      return reader.finish({ kind: 'aggregate', aggregate: readAggregate(reader) })
    case KINDS.status:
      return reader.finish({
        kind: 'status',
        height: reader.u64(),
        round: reader.u32(),
        hasProposal: readFlag(reader),
        wanted: reader.bytes(32),
      })
    case KINDS.block:
      return reader.finish({ kind: 'block', block: readBlockBytes(reader, params) })
    case KINDS.ask:
      return reader.finish({ kind: 'ask', ...readTarget(reader), seat: reader.u16() })
    default:
      reader.expect(false, 'message kind', { kind })
      return reader.finish(undefined as never)
  }
}

function decodeProposal(reader: Reader, params: ChainParams): Result<ProposalMessage, DecodeCode> {
  const height = reader.u64()
  const round = reader.u32()
  const signature = reader.bytes(96)
  const quorumBytes = reader.byteString('prevote quorum', BITMAP_BYTES_MAX + 256)
  const framed = reader.finish({
    kind: 'proposal' as const,
    height,
    round,
    signature,
    block: readBlockBytes(reader, params),
  })
  if (framed.kind === 'rejected' || quorumBytes.length === 0) return framed
  const quorum = decodeAggregate(quorumBytes)
  return quorum.kind === 'rejected' ? quorum : accepted({ ...framed.value, quorum: quorum.value })
}

export function encodeAggregate(aggregate: Aggregate): Uint8Array {
  return writeAggregate(new Writer(256), aggregate).finish()
}

export function decodeAggregate(bytes: Uint8Array): Result<Aggregate, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readAggregate(reader))
}

function writeAggregate(writer: Writer, aggregate: Aggregate): Writer {
  return writeTarget(writer, aggregate).byteString(aggregate.bitmap).bytes(aggregate.signature)
}

function readAggregate(reader: Reader): Aggregate {
  return {
    ...readTarget(reader),
    bitmap: reader.byteString('bitmap', BITMAP_BYTES_MAX),
    signature: reader.bytes(96),
  }
}

function writeTarget(writer: Writer, { type, height, round, hash }: VoteTarget): Writer {
  return writer.u8(type).u64(height).u32(round).bytes(hash)
}

function readTarget(reader: Reader): VoteTarget {
  const type = reader.u8()
  reader.expect(type === VOTE.prevote || type === VOTE.precommit, 'vote type', { type })
  return { type: type as VoteType, height: reader.u64(), round: reader.u32(), hash: reader.bytes(32) }
}

/** Strictly ascending by seat. */
function readEntries(reader: Reader): VoteEntry[] {
  let last = -1
  return reader.list('vote entries', 1, VOTE_ENTRY_COUNT_MAX, (item) => {
    const seat = item.u16()
    item.expect(seat > last, 'vote entries ascend', { seat, last })
    last = seat
    return { seat, signature: item.bytes(96) }
  })
}

function readFlag(reader: Reader): boolean {
  const flag = reader.u8()
  reader.expect(flag <= 1, 'flag', { flag })
  return flag === 1
}

function readBlockBytes(reader: Reader, params: ChainParams): Uint8Array {
  const length = reader.u32()
  const lengthMax = blockLengthMax(params)
  if (length > lengthMax) reader.fail('decode-count', { what: 'block bytes', length, lengthMax })
  return reader.bytes(reader.failed ? 0 : length)
}

/** The 32 bytes that a proposal signs ([HDR-3]). */
export function proposalMessage(
  kernels: Kernels,
  chainId: Hash32,
  height: bigint,
  round: number,
  blockHash: Hash32,
  bodyHash: Hash32,
): Hash32 {
  return kernels.tagged('stakecube/proposal').hash(chainId, u64(height), u32(round), blockHash, bodyHash)
}
