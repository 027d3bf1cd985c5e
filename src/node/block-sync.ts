/**
 * `blocks`: how a node that was away gets the final blocks that it lacks from a peer.
 *
 *   request  = from height u64 ‖ count u16
 *   response = list of (u32 length ‖ block ‖ certificate as a byte string), heights ascending from `from`
 *
 * The one who asks verifies everything (the agreement's `final-received`); the one who answers stops at `BYTES_AIM`.
 */
import { accepted, type Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import type { ChainParams } from '../chain/params.ts'

export const BLOCK_COUNT_MAX = 64
export const BLOCKS_PROTOCOL = 'blocks'
const BYTES_AIM = 2 * 1024 * 1024
/** One block may reach over the aim. */
export const blocksBytesMax = (params: ChainParams): number => BYTES_AIM + params.blockBytesMax + 16 * 1024

export interface FinalBlock {
  /** Encoded block. */
  readonly block: Uint8Array
  /** Encoded certificate. */
  readonly cert: Uint8Array
}

export interface BlocksRequest {
  readonly from: bigint
  readonly count: number
}

export const encodeBlocksRequest = ({ from, count }: BlocksRequest): Uint8Array =>
  new Writer(10).u64(from).u16(count).finish()

export function decodeBlocksRequest(bytes: Uint8Array): Result<BlocksRequest, DecodeCode> {
  const reader = new Reader(bytes)
  const from = reader.u64()
  const count = reader.u16()
  reader.expect(from > 0n && count >= 1 && count <= BLOCK_COUNT_MAX, 'blocks asked for', { from, count })
  return reader.finish({ from, count })
}

export function decodeBlocksResponse(bytes: Uint8Array): Result<readonly FinalBlock[], DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(
    reader.list('blocks', 0, BLOCK_COUNT_MAX, (item) => ({
      block: item.bytes(Math.min(item.u32(), item.remaining + 1)),
      cert: item.byteString('certificate'),
    })),
  )
}

/** The server's side over any source of final blocks. */
export function answerBlocks(
  request: Uint8Array,
  finalAt: (height: bigint) => FinalBlock | undefined,
): Result<Uint8Array, DecodeCode> {
  const decoded = decodeBlocksRequest(request)
  if (decoded.kind === 'rejected') return decoded
  const { from, count } = decoded.value
  const found: FinalBlock[] = []
  let bytes = 0
  for (let height = from; found.length < count && bytes < BYTES_AIM; height++) {
    const final = finalAt(height)
    if (final === undefined) break
    found.push(final)
    bytes += final.block.length + final.cert.length
  }
  const writer = new Writer(bytes + 1024).list(found, (out, { block, cert }) =>
    out.u32(block.length).bytes(block).byteString(cert),
  )
  return accepted(writer.finish())
}
