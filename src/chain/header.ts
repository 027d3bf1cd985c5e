/** Block headers (§6), 314 bytes. */
import type { Hash32 } from '../base/brand.ts'
import type { Result } from '../base/verdict.ts'
import type { Kernels } from '../kernels/contract.ts'
import { Reader, Writer, type DecodeCode } from './codec.ts'

export const HEADER_VERSION = 1
export const HEADER_LENGTH = 314

export interface Header {
  readonly chainId: Hash32
  readonly height: bigint
  /** The round of first proposal ([HDR-2]). */
  readonly round: number
  readonly timeMs: bigint
  readonly parent: Hash32
  readonly parentCertHash: Hash32
  readonly seed: Hash32
  readonly txRoot: Hash32
  readonly txCount: number
  /** After this block, rewards included. */
  readonly stateRoot: Hash32
  /** Of this header's epoch. */
  readonly committeeRoot: Hash32
  /** Of the next epoch. */
  readonly nextCommitteeRoot: Hash32
  /** RFC 9162 root over the hashes of headers 0 … height−1. */
  readonly historyRoot: Hash32
}

export function encodeHeader(header: Header): Uint8Array {
  return new Writer(HEADER_LENGTH)
    .u16(HEADER_VERSION)
    .bytes(header.chainId)
    .u64(header.height)
    .u32(header.round)
    .u64(header.timeMs)
    .bytes(header.parent)
    .bytes(header.parentCertHash)
    .bytes(header.seed)
    .bytes(header.txRoot)
    .u32(header.txCount)
    .bytes(header.stateRoot)
    .bytes(header.committeeRoot)
    .bytes(header.nextCommitteeRoot)
    .bytes(header.historyRoot)
    .finish()
}

export function readHeader(reader: Reader): Header {
  const version = reader.u16()
  reader.expect(version === HEADER_VERSION, 'header version', { version, expected: HEADER_VERSION })
  return {
    chainId: reader.bytes(32),
    height: reader.u64(),
    round: reader.u32(),
    timeMs: reader.u64(),
    parent: reader.bytes(32),
    parentCertHash: reader.bytes(32),
    seed: reader.bytes(32),
    txRoot: reader.bytes(32),
    txCount: reader.u32(),
    stateRoot: reader.bytes(32),
    committeeRoot: reader.bytes(32),
    nextCommitteeRoot: reader.bytes(32),
    historyRoot: reader.bytes(32),
  }
}

export function decodeHeader(bytes: Uint8Array): Result<Header, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readHeader(reader))
}

export function blockHash(kernels: Kernels, header: Header): Hash32 {
  return kernels.tagged('stakecube/header').hash(encodeHeader(header))
}
