/**
 * What the light client keeps between starts, as store entries. No reading of a clock is among it ([LC-1]).
 *
 *   chain      chainId 32
 *   head       CertifiedHeader: the trusted head
 *   committee  the full committee of the head's epoch, or else
 *   compact    its compact form for the head's certificate ([LC-4c])
 *   evidence   ConflictEvidence, once there is one
 *   checkpoint height u64 ‖ hash 32: the last checkpoint that the chain of `head` was found to hold
 *   banned     list of (name as a byte string ‖ u64), newest last: peers that sent something provably wrong, each with the time of
 *              the head that was trusted then (0: none yet)
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { accepted, rejected, type Operands, type Result } from '../base/verdict.ts'
import { encodeCommittee, type Committee } from '../chain/committee.ts'
import { Reader, Writer } from '../chain/codec.ts'
import type { ChainParams } from '../chain/params.ts'
import { decodeCommittee } from '../chain/committee.ts'
import { readCertifiedHeader, writeCertifiedHeader, type CertifiedHeader } from '../wire/certified-header.ts'
import { decodeConflict, encodeConflict, type ConflictEvidence } from '../wire/evidence.ts'
import { decodeCompact, encodeCompact, type CompactCommittee } from '../verify/compact.ts'
import { seatCountMax } from '../wire/update.ts'
import type { Checkpoint, SavedEntries } from './contract.ts'

export const SAVED_KEY = {
  chain: 'chain',
  head: 'head',
  committee: 'committee',
  compact: 'compact',
  evidence: 'evidence',
  checkpoint: 'checkpoint',
  banned: 'banned',
} as const

export const BANNED_COUNT_MAX = 256
const PEER_NAME_BYTES_MAX = 256

/** With the full committee of its epoch or, in the midst of catching up, the compact form. */
export interface SavedHead extends CertifiedHeader {
  readonly committee: Committee | undefined
  readonly compact: CompactCommittee | undefined
}

/** What of a head's committee goes to the store: nothing new, or one form in place of the other. */
export type CommitteeWrite =
  | { readonly kind: 'kept' }
  | { readonly kind: 'full'; readonly committee: Committee }
  | { readonly kind: 'compact'; readonly compact: CompactCommittee }

type Writes = Map<string, Uint8Array | undefined>

/** The full committee is written only when it changed: it is by far the largest part. */
export function headWrites(chainId: Hash32, head: CertifiedHeader, write: CommitteeWrite): Writes {
  const writer = new Writer(600)
  writeCertifiedHeader(writer, head)
  const writes: Writes = new Map([
    [SAVED_KEY.chain, chainId],
    [SAVED_KEY.head, writer.finish()],
  ])
  if (write.kind === 'kept') return writes
  const isFull = write.kind === 'full'
  writes.set(SAVED_KEY.committee, isFull ? encodeCommittee(write.committee) : undefined)
  writes.set(SAVED_KEY.compact, isFull ? undefined : encodeCompact(write.compact))
  return writes
}

export const evidenceWrites = (evidence: ConflictEvidence): Writes =>
  new Map([[SAVED_KEY.evidence, encodeConflict(evidence)]])

export const checkpointWrites = ({ height, hash }: Checkpoint): Writes =>
  new Map([[SAVED_KEY.checkpoint, new Writer(40).u64(height).bytes(hash).finish()]])

/** Whether the stored chain was compared with exactly this checkpoint. */
export function isConfirmed(saved: SavedEntries, checkpoint: Checkpoint): boolean {
  const entry = saved.get(SAVED_KEY.checkpoint)
  return entry !== undefined && equalBytes(entry, checkpointWrites(checkpoint).get(SAVED_KEY.checkpoint)!)
}

export interface Ban {
  readonly name: string
  /** Time of the head that was trusted then, 0 if there was none. Chain time: no reading of a clock is stored. */
  readonly atMs: bigint
}

export function bannedWrites(bans: readonly Ban[]): Writes {
  const writer = new Writer(256).list(bans.slice(-BANNED_COUNT_MAX), (out, { name, atMs }) =>
    out.byteString(asciiBytes(name).slice(0, PEER_NAME_BYTES_MAX)).u64(atMs),
  )
  return new Map([[SAVED_KEY.banned, writer.finish()]])
}

/** Well-formed, not yet verified. Undefined when there is none. */
export function readSavedHead(saved: SavedEntries, params: ChainParams): Result<SavedHead | undefined> {
  const [headBytes, fullBytes, compactBytes] = [SAVED_KEY.head, SAVED_KEY.committee, SAVED_KEY.compact].map((key) =>
    saved.get(key),
  )
  if (headBytes === undefined && fullBytes === undefined && compactBytes === undefined) return accepted(undefined)
  if (headBytes === undefined || (fullBytes === undefined) === (compactBytes === undefined))
    return rejected('saved-incomplete', {
      head: headBytes !== undefined,
      committee: fullBytes !== undefined,
      compact: compactBytes !== undefined,
    })
  const reader = new Reader(headBytes)
  const head = reader.finish(readCertifiedHeader(reader))
  if (head.kind === 'rejected') return head
  const full = fullBytes && decodeCommittee(fullBytes, seatCountMax(params))
  if (full?.kind === 'rejected') return full
  const compact = compactBytes && decodeCompact(compactBytes, seatCountMax(params))
  if (compact?.kind === 'rejected') return compact
  return accepted({ ...head.value, committee: full?.value, compact: compact?.value })
}

/** Undefined when there is none. One that does not decode is still a sign that the client once halted. */
export function readSavedEvidence(saved: SavedEntries): Result<ConflictEvidence> | undefined {
  const bytes = saved.get(SAVED_KEY.evidence)
  return bytes && decodeConflict(bytes)
}

/** A list that does not decode bans nobody. */
export function readBanned(saved: SavedEntries): readonly Ban[] {
  const reader = new Reader(saved.get(SAVED_KEY.banned) ?? Uint8Array.of(0, 0))
  const bans = reader.list('banned peers', 0, BANNED_COUNT_MAX, (item) => ({
    name: item.byteString('peer', PEER_NAME_BYTES_MAX),
    atMs: item.u64(),
  }))
  const result = reader.finish(bans)
  if (result.kind === 'rejected') return []
  return result.value.map(({ name, atMs }) => ({ name: String.fromCharCode(...name), atMs }))
}

/** Peer names are printable ASCII (a PeerId in text form); anything else is left out. */
const asciiBytes = (text: string): Uint8Array =>
  Uint8Array.from(Array.from(text, (char) => char.codePointAt(0)!).filter((code) => code >= 0x20 && code < 0x7f))

/** Operands in one line, for a sentence within a sentence. */
export const reasonText = (code: string, operands: Operands): string => {
  const details = Object.entries(operands).map(([name, value]) => `${name} ${String(value)}`)
  return details.length === 0 ? code : `${code}: ${details.join(', ')}`
}
