/**
 * What the light client keeps between starts, as store entries. No reading of a clock is among it ([LC-1]).
 *
 *   chain      chainId 32
 *   head       CertifiedHeader: the trusted head
 *   committee  the full committee of the head's epoch
 *   evidence   ConflictEvidence, once there is one
 *   banned     names of peers that sent something provably wrong (list of byte strings, newest last)
 */
import type { Hash32 } from '../base/brand.ts'
import { accepted, rejected, type Operands, type Result } from '../base/verdict.ts'
import { encodeCommittee, type Committee } from '../chain/committee.ts'
import { Reader, Writer } from '../chain/codec.ts'
import type { ChainParams } from '../chain/params.ts'
import { decodeCommittee } from '../chain/committee.ts'
import { readCertifiedHeader, writeCertifiedHeader, type CertifiedHeader } from '../wire/certified-header.ts'
import { decodeConflict, encodeConflict, type ConflictEvidence } from '../wire/evidence.ts'
import { seatCountMax } from '../wire/update.ts'
import type { SavedEntries } from './contract.ts'

export const SAVED_KEY = {
  chain: 'chain',
  head: 'head',
  committee: 'committee',
  evidence: 'evidence',
  banned: 'banned',
} as const

export const BANNED_COUNT_MAX = 256
const PEER_NAME_BYTES_MAX = 256

export interface SavedHead extends CertifiedHeader {
  readonly committee: Committee
}

type Writes = Map<string, Uint8Array | undefined>

/** The committee is written only when it changed: it is by far the largest part. */
export function headWrites(chainId: Hash32, head: CertifiedHeader, committee: Committee | undefined): Writes {
  const writer = new Writer(600)
  writeCertifiedHeader(writer, head)
  const writes: Writes = new Map([
    [SAVED_KEY.chain, chainId],
    [SAVED_KEY.head, writer.finish()],
  ])
  if (committee !== undefined) writes.set(SAVED_KEY.committee, encodeCommittee(committee))
  return writes
}

export const evidenceWrites = (evidence: ConflictEvidence): Writes =>
  new Map([[SAVED_KEY.evidence, encodeConflict(evidence)]])

export function bannedWrites(peers: readonly string[]): Writes {
  const writer = new Writer(256).list(peers.slice(-BANNED_COUNT_MAX), (out, peer) =>
    out.byteString(asciiBytes(peer).slice(0, PEER_NAME_BYTES_MAX)),
  )
  return new Map([[SAVED_KEY.banned, writer.finish()]])
}

/** Well-formed, not yet verified. Undefined when there is none. */
export function readSavedHead(saved: SavedEntries, params: ChainParams): Result<SavedHead | undefined> {
  const headBytes = saved.get(SAVED_KEY.head)
  const committeeBytes = saved.get(SAVED_KEY.committee)
  if (headBytes === undefined && committeeBytes === undefined) return accepted(undefined)
  if (headBytes === undefined || committeeBytes === undefined)
    return rejected('saved-incomplete', { head: headBytes !== undefined, committee: committeeBytes !== undefined })
  const reader = new Reader(headBytes)
  const head = reader.finish(readCertifiedHeader(reader))
  if (head.kind === 'rejected') return head
  const committee = decodeCommittee(committeeBytes, seatCountMax(params))
  return committee.kind === 'rejected' ? committee : accepted({ ...head.value, committee: committee.value })
}

export function readSavedEvidence(saved: SavedEntries): ConflictEvidence | undefined {
  const bytes = saved.get(SAVED_KEY.evidence)
  const decoded = bytes === undefined ? undefined : decodeConflict(bytes)
  return decoded?.kind === 'accepted' ? decoded.value : undefined
}

/** A list that does not decode bans nobody. */
export function readBanned(saved: SavedEntries): readonly string[] {
  const reader = new Reader(saved.get(SAVED_KEY.banned) ?? Uint8Array.of(0, 0))
  const names = reader.list('banned peers', 0, BANNED_COUNT_MAX, (item) => item.byteString('peer', PEER_NAME_BYTES_MAX))
  const result = reader.finish(names)
  return result.kind === 'accepted' ? result.value.map((name) => String.fromCharCode(...name)) : []
}

/** Peer names are printable ASCII (a PeerId in text form); anything else is left out. */
const asciiBytes = (text: string): Uint8Array =>
  Uint8Array.from(Array.from(text, (char) => char.codePointAt(0)!).filter((code) => code >= 0x20 && code < 0x7f))

/** Operands in one line, for a sentence within a sentence. */
export const reasonText = (code: string, operands: Operands): string => {
  const details = Object.entries(operands).map(([name, value]) => `${name} ${String(value)}`)
  return details.length === 0 ? code : `${code}: ${details.join(', ')}`
}
