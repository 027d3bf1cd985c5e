/**
 * `lease` (§8): a device asks a coordination node for its full nodes, and again when one of them went silent.
 *
 *   request  = deviceKey 32 ‖ silent: list of ≤ 8 PeerIds in text form (byte strings)
 *   response = outcome u8 ‖ leaseMs u32 ‖ nodes: list of ≤ 8 multiaddrs (byte strings), each ending in /p2p/<PeerId>
 *
 * leaseMs and nodes are zero and empty unless the outcome is `granted`, where there is at least one node. Advice on whom to ask, not
 * a fact: what these nodes send is verified as anybody's.
 */
import type { Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { decodeAnswer, encodeAnswer, type Answer } from './envelope.ts'
import { readOutcome } from './submit.ts'

/** On the wire: the index in this list. Append only. */
export const LEASE_OUTCOMES = ['granted', 'other-key', 'unregistered', 'revoked', 'role', 'no-node'] as const
/**
 * `other-key`: the transport proved another key than the one named. `unregistered`: proven to have no live registration.
 * `revoked`: the same, and this node saw it registered before. `role`: full nodes are assigned, they are not given any.
 * `no-node`: none is up; ask again.
 */
export type LeaseOutcome = (typeof LEASE_OUTCOMES)[number]

export const LEASE_NODES_MAX = 8
export const LEASE_MS_MAX = 86_400_000
const PEER_BYTES_MAX = 128
const ADDRESS_BYTES_MAX = 512

export interface LeaseRequest {
  readonly deviceKey: Uint8Array
  /** PeerIds of full nodes that this node named and that the device cannot reach. */
  readonly silent: readonly string[]
}

export interface LeaseResponse {
  readonly outcome: LeaseOutcome
  readonly leaseMs: number
  readonly nodes: readonly string[]
}

export function encodeLeaseRequest({ deviceKey, silent }: LeaseRequest): Uint8Array {
  return new Writer(64).bytes(deviceKey).list(silent, writeText).finish()
}

export function decodeLeaseRequest(bytes: Uint8Array): Result<LeaseRequest, DecodeCode> {
  const reader = new Reader(bytes)
  const deviceKey = reader.bytes(32)
  const silent = reader.list('silent nodes', 0, LEASE_NODES_MAX, (item) => readText(item, PEER_BYTES_MAX))
  return reader.finish({ deviceKey, silent })
}

export function encodeLeaseResponse(answer: Answer<LeaseResponse>): Uint8Array {
  return encodeAnswer(answer, ({ outcome, leaseMs, nodes }) =>
    new Writer(256).u8(LEASE_OUTCOMES.indexOf(outcome)).u32(leaseMs).list(nodes, writeText).finish(),
  )
}

export function decodeLeaseResponse(bytes: Uint8Array): Result<Answer<LeaseResponse>, DecodeCode> {
  return decodeAnswer(bytes, (reader) => {
    const outcome = readOutcome(reader, LEASE_OUTCOMES)
    const leaseMs = reader.u32()
    const nodes = reader.list('nodes', 0, LEASE_NODES_MAX, (item) => readText(item, ADDRESS_BYTES_MAX))
    const isGranted = outcome === 'granted'
    reader.expect(isGranted ? leaseMs >= 1 && leaseMs <= LEASE_MS_MAX : leaseMs === 0, 'lease time', { leaseMs })
    reader.expect(isGranted === nodes.length > 0, 'nodes of a lease', { count: nodes.length })
    return { outcome, leaseMs, nodes }
  })
}

const writeText = (writer: Writer, text: string): void => {
  writer.byteString(Uint8Array.from(text, (char) => char.charCodeAt(0)))
}

/** Printable ASCII without spaces. */
function readText(reader: Reader, lengthMax: number): string {
  const bytes = reader.byteString('text', lengthMax)
  const isText = bytes.length > 0 && bytes.every((byte) => byte > 0x20 && byte < 0x7f)
  reader.expect(isText, 'printable ASCII')
  return String.fromCharCode(...bytes)
}
