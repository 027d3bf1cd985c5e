/**
 * Every limit of the §9 protocols in one place: bytes of a frame, items of a list, and how long a request may take.
 * A frame above its limit is cut off before it is read (net/frames.ts); a count above its limit is a decode fault.
 */
import { toHex } from '../base/bytes.ts'
import type { Hash32 } from '../base/brand.ts'
import type { ProtocolName } from '../ports/network.ts'

export interface FrameLimits {
  /** Bytes of the one request frame. */
  readonly requestBytesMax: number
  /** Bytes of a response frame, of each one for `follow`. */
  readonly responseBytesMax: number
  /** How long a client waits for the (first) response frame. */
  readonly timeoutMs: number
}

const KIB = 1024

export const FRAME_LIMITS: Readonly<Record<ProtocolName, FrameLimits>> = {
  status: { requestBytesMax: 16, responseBytesMax: 16 * KIB, timeoutMs: 5_000 },
  hops: { requestBytesMax: 64, responseBytesMax: 2 * 1024 * KIB, timeoutMs: 15_000 },
  follow: { requestBytesMax: 64, responseBytesMax: 512 * KIB, timeoutMs: 10_000 },
  headers: { requestBytesMax: 64, responseBytesMax: 256 * KIB, timeoutMs: 10_000 },
  proof: { requestBytesMax: 256, responseBytesMax: 4 * 1024 * KIB, timeoutMs: 10_000 },
  submit: { requestBytesMax: 64 * KIB, responseBytesMax: 4 * KIB, timeoutMs: 10_000 },
  evidence: { requestBytesMax: 64 * KIB, responseBytesMax: 4 * KIB, timeoutMs: 10_000 },
  lease: { requestBytesMax: 2 * KIB, responseBytesMax: 8 * KIB, timeoutMs: 10_000 },
}

/** Updates in one `hops` response. */
export const HOP_COUNT_MAX = 64
/** A server adds no further update to a `hops` response once it is this long. */
export const HOPS_BYTES_AIM = 1024 * KIB
/** Headers in one `headers` response: 512 × 314 B. */
export const HEADER_COUNT_MAX = 512
/** Blocks in one topic proof (PROOF-4). */
export const TOPIC_BLOCK_COUNT_MAX = 256
/** A committee on the wire: 961 seats and a large cube stay well below it. */
export const COMMITTEE_BYTES_MAX = 384 * KIB
/** An inclusion path in a tree of up to 2^64 leaves. */
export const PATH_BYTES_MAX = 64 * 32
/** A certificate: 142 bytes and a bitmap of at most 65 536 seats. */
export const CERT_BYTES_MAX = 142 + 8192

/** The libp2p protocol id of a §9 protocol: /stakecube/1/<first 8 hex of chainId>/<name>. */
export function protocolId(chainId: Hash32, protocol: ProtocolName): string {
  return `/stakecube/1/${toHex(chainId.subarray(0, 4))}/${protocol}`
}
