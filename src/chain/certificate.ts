/**
 * What a finality certificate and a vote look like (§6). Everything that knows this layout lives here and in
 * verify/certificate.ts: threshold keys may later replace bitmaps.
 */
import type { Hash32 } from '../base/brand.ts'
import { u32, u64 } from '../base/bytes.ts'
import type { Result } from '../base/verdict.ts'
import type { Kernels } from '../kernels/contract.ts'
import { Reader, Writer, type DecodeCode } from './codec.ts'

export const VOTE = { prevote: 1, precommit: 2 } as const
export type VoteType = (typeof VOTE)[keyof typeof VOTE]

/** Vote for no block: the zero hash. */
export const NIL_HASH: Hash32 = new Uint8Array(32)

export interface FinalityCert {
  readonly height: bigint
  readonly round: number
  readonly blockHash: Hash32
  /** One bit per committee seat, shard by shard in committee order, first seat in the most significant bit. */
  readonly bitmap: Uint8Array
  /** Aggregate BLS signature over the precommit message, 96 bytes. */
  readonly signature: Uint8Array
}

export function encodeCert(cert: FinalityCert): Uint8Array {
  return new Writer(142 + cert.bitmap.length)
    .u64(cert.height)
    .u32(cert.round)
    .bytes(cert.blockHash)
    .byteString(cert.bitmap)
    .bytes(cert.signature)
    .finish()
}

export function decodeCert(bytes: Uint8Array): Result<FinalityCert, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish({
    height: reader.u64(),
    round: reader.u32(),
    blockHash: reader.bytes(32),
    bitmap: reader.byteString('bitmap'),
    signature: reader.bytes(96),
  })
}

/** The 32 bytes that a vote signs. */
export function voteMessage(
  kernels: Kernels,
  chainId: Hash32,
  type: VoteType,
  height: bigint,
  round: number,
  hash: Hash32,
): Hash32 {
  return kernels.tagged('stakecube/vote').hash(chainId, Uint8Array.of(type), u64(height), u32(round), hash)
}
