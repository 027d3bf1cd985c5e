/**
 * What a client may write where another one may have written since: two tabs of one site without Web Locks, over one store.
 *
 * Each commit leaves a stamp of its own. Who finds the stamp that it left, or read at its start, writes as if it were alone. Who
 * finds another one compares heights within the store's transaction: a head that is not newer than what is there stays out, so
 * that nothing newer is lost; a newer one is written with everything that belongs to it, so that head and committee are
 * always of one client. Evidence is written whatever else is there. Pure.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { Reader } from '../chain/codec.ts'
import { readCertifiedHeader } from '../wire/certified-header.ts'
import type { SavedEntries } from './contract.ts'
import { SAVED_KEY } from './saved-state.ts'

/** Entry that says who wrote last. */
export const STAMP_KEY = 'stamp'
/** Entries that belong together. */
const HEAD_KEYS: readonly string[] = [
  SAVED_KEY.chain,
  SAVED_KEY.head,
  SAVED_KEY.committee,
  SAVED_KEY.compact,
  SAVED_KEY.checkpoint,
]
/** What has to be read to decide. */
export const DECIDING_KEYS: readonly string[] = [STAMP_KEY, SAVED_KEY.chain, SAVED_KEY.head]

export type Writes = ReadonlyMap<string, Uint8Array | undefined>

export interface SharedCommit {
  /** What is to be written now. */
  readonly writes: Writes
  /** The last value that this client has for each entry: what it read at its start, and what it wrote since. */
  readonly all: Writes
  /** The stamp that this client left or read last; undefined if there was none. */
  readonly seen: Uint8Array | undefined
  /** The stamp that this commit leaves. */
  readonly stamp: Uint8Array
}

export type Decision =
  | { readonly kind: 'write'; readonly writes: Writes }
  /** Somebody else's head is as new or newer: only what does not belong to a head is written, and no stamp. */
  | { readonly kind: 'superseded'; readonly writes: Writes }
  | { readonly kind: 'other-chain'; readonly stored: string; readonly expected: string }

export function decideCommit({ writes, all, seen, stamp }: SharedCommit, present: SavedEntries): Decision {
  const chain = all.get(SAVED_KEY.chain)
  const stored = present.get(SAVED_KEY.chain)
  if (chain !== undefined && stored !== undefined && !equalBytes(chain, stored))
    return { kind: 'other-chain', stored: toHex(stored), expected: toHex(chain) }
  const stamped: Writes = new Map([[STAMP_KEY, stamp]])
  if (sameBytes(present.get(STAMP_KEY), seen)) return { kind: 'write', writes: new Map([...writes, ...stamped]) }
  const theirs = heightOf(present.get(SAVED_KEY.head))
  const ours = heightOf(all.get(SAVED_KEY.head))
  if (theirs !== undefined && (ours === undefined || theirs >= ours))
    return { kind: 'superseded', writes: new Map([...writes].filter(([key]) => !HEAD_KEYS.includes(key))) }
  const mine = HEAD_KEYS.map((key) => [key, all.get(key)] as const)
  return { kind: 'write', writes: new Map([...writes, ...mine, ...stamped]) }
}

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalBytes(a, b)

/** Of a head entry; undefined if there is none that can be read. */
function heightOf(entry: Uint8Array | undefined): bigint | undefined {
  if (entry === undefined) return undefined
  const reader = new Reader(entry)
  const head = reader.finish(readCertifiedHeader(reader))
  return head.kind === 'accepted' ? head.value.header.height : undefined
}
