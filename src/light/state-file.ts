/**
 * What a client has verified, as one file to give to another machine: the trusted head and the committee of its epoch.
 *
 *     magic "SCSTATE1" ‖ chainId 32 ‖ head (CertifiedHeader as a byte string) ‖ form u8 (1 full, 2 compact) ‖ committee (u32 length)
 *
 * Whoever takes such a file trusts its giver as one who gives a checkpoint: the bytes are verified again (root, audit,
 * certificate), which shows that they are whole and that a committee signed this head, not that it is the right chain's.
 * So the height and hash of the head are shown to the user, as of a checkpoint. Peers that were refused, addresses and
 * evidence stay at home; the state of a client that has halted is not given away.
 */
import type { Committee } from '../chain/committee.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { chainIdOf, type ChainSpec } from '../chain/spec.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result, type Verdict } from '../base/verdict.ts'
import type { Engine } from '../crypto/engine.ts'
import { utf8 } from '../kernels/checks.ts'
import { checkFresh, type Trusted } from '../verify/trust.ts'
import { COMMITTEE_BYTES_MAX } from '../wire/limits.ts'
import { COMMITTEE_FORM } from '../wire/update.ts'
import type { SyncCode } from './codes.ts'
import type { SavedEntries } from './contract.ts'
import { SAVED_KEY } from './saved-state.ts'
import { learnCommittee, trustStored } from './start.ts'

export const STATE_FILE_MAGIC = utf8('SCSTATE1')
const HEAD_BYTES_MAX = 16_384

export type StateFileCode = 'state-empty' | 'state-halted' | 'state-magic'

export const STATE_FILE_SENTENCES: Readonly<Record<StateFileCode, string>> = {
  'state-empty':
    'The store has {got} of the {expected} entries of a verified head; let the client follow the chain first.',
  'state-halted':
    'The store holds {bytes} bytes of evidence that the chain broke, where there should be none; do not give it to others as a state to trust.',
  'state-magic': 'The file begins with {got}, a state file begins with {expected}; it is something else.',
}

/** The file of what a store holds. Nothing in it is verified here: `importState` does that. */
export function exportState(saved: SavedEntries): Result<Uint8Array, StateFileCode> {
  const evidence = saved.get(SAVED_KEY.evidence)
  if (evidence !== undefined) return rejected('state-halted', { bytes: evidence.length })
  const [chain, head, full, compact] = [SAVED_KEY.chain, SAVED_KEY.head, SAVED_KEY.committee, SAVED_KEY.compact].map(
    (key) => saved.get(key),
  )
  const committee = full ?? compact
  const got = [chain, head, committee].filter((entry) => entry !== undefined).length
  if (chain === undefined || head === undefined || committee === undefined)
    return rejected('state-empty', { got, expected: 3 })
  return accepted(
    new Writer(1024 + committee.length)
      .bytes(STATE_FILE_MAGIC)
      .bytes(chain)
      .byteString(head)
      .u8(full === undefined ? COMMITTEE_FORM.compact : COMMITTEE_FORM.full)
      .u32(committee.length)
      .bytes(committee)
      .finish(),
  )
}

export interface ImportedState {
  /** For an empty store, in one commit. */
  readonly entries: SavedEntries
  /** The head, verified; with its full committee audited where the file has it. */
  readonly trusted: Trusted
}

/**
 * Verifies a state file again, for a client of `spec` whose clock says `nowMs`. Undecided (`trust-expired`) if its head is
 * older than the trust period: it is of no use then. `chain-weak` if its committee is below the chain's f and F ([LC-3]) and
 * `weakCommitteesAllowed` is not true.
 */
export function importState(
  engine: Engine,
  spec: ChainSpec,
  bytes: Uint8Array,
  nowMs: bigint,
  weakCommitteesAllowed = false,
): Verdict<ImportedState, StateFileCode | DecodeCode | SyncCode | 'trust-expired'> {
  const entries = decodeState(bytes)
  if (entries.kind === 'rejected') return entries
  const origin = { engine, params: spec.params, chainId: chainIdOf(engine.kernels, spec), weakCommitteesAllowed }
  const stored = trustStored(origin, entries.value)
  if (stored.kind === 'rejected') return stored
  if (stored.kind === 'none') return rejected('state-empty', { got: 0, expected: 3 })
  const stale = checkFresh(origin, stored.trusted.header, nowMs)
  if (stale !== undefined) return stale
  const trusted =
    stored.unaudited === undefined ? accepted(stored.trusted) : audited(origin, stored.trusted, stored.unaudited)
  return trusted.kind === 'rejected' ? trusted : accepted({ entries: entries.value, trusted: trusted.value })
}

function decodeState(bytes: Uint8Array): Result<SavedEntries, StateFileCode | DecodeCode> {
  const magic = bytes.subarray(0, STATE_FILE_MAGIC.length)
  if (!equalBytes(magic, STATE_FILE_MAGIC))
    return rejected('state-magic', { got: toHex(magic), expected: toHex(STATE_FILE_MAGIC) })
  const reader = new Reader(bytes.subarray(STATE_FILE_MAGIC.length))
  const chain = reader.bytes(32)
  const head = reader.byteString('head', HEAD_BYTES_MAX)
  const form = reader.u8()
  reader.expect(form === COMMITTEE_FORM.full || form === COMMITTEE_FORM.compact, 'committee form', { form })
  const length = reader.u32()
  reader.expect(length <= COMMITTEE_BYTES_MAX, 'committee bytes', { length, most: COMMITTEE_BYTES_MAX })
  const committee = reader.bytes(reader.failed ? 0 : length)
  const key = form === COMMITTEE_FORM.full ? SAVED_KEY.committee : SAVED_KEY.compact
  return reader.finish<SavedEntries>(
    new Map([
      [SAVED_KEY.chain, chain],
      [SAVED_KEY.head, head],
      [key, committee],
    ]),
  )
}

function audited(
  origin: Parameters<typeof learnCommittee>[0],
  trusted: Trusted,
  committee: Committee,
): Result<Trusted, SyncCode> {
  const keys = learnCommittee(origin, trusted, committee)
  if (keys.kind === 'rejected') return rejected('store-rejected', { reason: keys.code })
  const { header, hash, cert } = trusted
  return accepted({ header, hash, committee: keys.value, ...(cert === undefined ? {} : { cert }) })
}
