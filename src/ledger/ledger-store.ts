/**
 * What a node writes of a ledger so that it restarts without executing from genesis, and how it comes back.
 *
 *     unspent outputs     by the delta of each block: keys encodeOutpoint, values encodeUtxo
 *     header hashes       by the block store
 *     `tip` record        each block: version, header, money, reward book
 *     `epochs` record     in the first block of an epoch (delta.epochsChanged): draws, committees, stake sets
 *
 * All four of one block must become visible together. Nothing read back is believed: both records end in their SHA-256,
 * roots are compared with the header of the tip, and the caller compares that header's hash with the certificate it has.
 */
import type { Hash32 } from '../base/brand.ts'
import { concatBytes, equalBytes, fromHex, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { committeeSeatCount, decodeCommittee, encodeCommittee } from '../chain/committee.ts'
import { blockHash, encodeHeader, readHeader, type Header } from '../chain/header.ts'
import { encodeOutpoint, readOutpoint, readUtxo, writeUtxo, type Outpoint, type Utxo } from '../chain/output.ts'
import { epochOf } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import { NO_COMMITTEE_ROOT } from '../cube/committee.ts'
import type { Kernels } from '../kernels/contract.ts'
import { HistoryLog } from '../proofs/history.ts'
import { committeeKeys, type CommitteeKeys } from '../verify/certificate.ts'
import type { EpochRecord } from './epochs.ts'
import type { RestoreCode } from './ledger-codes.ts'
import { epochRecord, outputsOf, type Ledger, type Money, type StakeEnd } from './ledger-value.ts'
import { PersistentMap } from './persistent-map.ts'
import type { Earned, RewardBook } from './rewards.ts'
import type { Chain } from './transaction-rules.ts'

/** Of both records; a newer one is refused. */
export const LEDGER_STORE_VERSION = 1

export function encodeUtxo(utxo: Utxo): Uint8Array {
  const writer = new Writer(128)
  writeUtxo(writer, utxo)
  return writer.finish()
}
export function decodeUtxo(bytes: Uint8Array): Result<Utxo, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readUtxo(reader))
}
export { encodeOutpoint }
export function decodeOutpoint(bytes: Uint8Array): Result<Outpoint, DecodeCode> {
  const reader = new Reader(bytes)
  return reader.finish(readOutpoint(reader))
}

// ── Records ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A record ends in the SHA-256 of all before it. */
function seal(kernels: Kernels, writer: Writer): Uint8Array {
  const bytes = writer.finish()
  return concatBytes(bytes, kernels.sha256(bytes))
}

/** version u16 ‖ Header ‖ issued u64 ‖ burnt u64 ‖ fees u64 ‖ seats u32 ‖ u32 count, each (credential 32 ‖ owner 16 ‖ bits u32). */
export function encodeTip(kernels: Kernels, { header, money, rewards }: Ledger): Uint8Array {
  const writer = new Writer(1024).u16(LEDGER_STORE_VERSION).bytes(encodeHeader(header))
  writer.u64(money.issued).u64(money.burnt).u64(rewards.fees).u32(rewards.seats).u32(rewards.earned.size)
  for (const [id, { owner, bits }] of rewards.earned) writer.bytes(fromHex(id)!).bytes(owner).u32(bits)
  return seal(kernels, writer)
}

interface Tip {
  readonly header: Header
  readonly money: Money
  readonly rewards: RewardBook
}

const readEarned = (reader: Reader): [string, Earned] => [
  toHex(reader.bytes(32)),
  { owner: reader.bytes(16), bits: reader.u32() },
]

function readTip(reader: Reader): Tip {
  const header = readHeader(reader)
  const money = { issued: reader.u64(), burnt: reader.u64() }
  const [fees, seats] = [reader.u64(), reader.u32()]
  const earned = reader.items('earned', reader.u32(), 0, 0xffffffff, readEarned)
  return { header, money, rewards: { fees, seats, earned: new Map(earned) } }
}

/**
 * version u16 ‖ list of epochs (epoch u32 ‖ D 32 ‖ S u64 ‖ committee (u32 length and bytes, empty for none) ‖ u32 count of
 * owners, each (credential 32 ‖ owner 16)) ‖ list of stake ends (epoch + 1 u32 ‖ u32 count of utxos).
 */
export function encodeEpochs(kernels: Kernels, { epochs, stakeEnds }: Ledger): Uint8Array {
  const record = new Writer(16_384)
    .u16(LEDGER_STORE_VERSION)
    .list(epochs, writeRecord)
    .list(stakeEnds, (writer, { epoch, stakes }) => {
      writer.u32(epoch + 1).u32(stakes.size)
      for (const utxo of stakes.values()) writeUtxo(writer, utxo)
    })
  return seal(kernels, record)
}

function writeRecord(writer: Writer, { epoch, draw, committee, owners }: EpochRecord): void {
  const bytes = committee === undefined ? new Uint8Array(0) : encodeCommittee(committee.committee)
  writer.u32(epoch).bytes(draw.seed).u64(draw.stake).u32(bytes.length).bytes(bytes).u32(owners.size)
  for (const [id, owner] of owners) writer.bytes(fromHex(id)!).bytes(owner)
}

interface StoredRecord extends Omit<EpochRecord, 'committee' | 'root'> {
  readonly committee: Uint8Array
}

function readRecord(reader: Reader): StoredRecord {
  const epoch = reader.u32()
  const draw = { epoch, seed: reader.bytes(32), stake: reader.u64() }
  const length = reader.u32()
  const committee = reader.bytes(length)
  const owners = reader.items('owners', reader.u32(), 0, 0xffffffff, (item): [string, Uint8Array] => [
    toHex(item.bytes(32)),
    item.bytes(16),
  ])
  return { epoch, draw, committee, owners: new Map(owners) }
}

function readStakeEnd(reader: Reader): StakeEnd {
  const epoch = reader.u32() - 1
  let stakes = PersistentMap.empty<Utxo>()
  for (const utxo of reader.items('stakes', reader.u32(), 0, 0xffffffff, readUtxo))
    stakes = stakes.with(encodeOutpoint(utxo.outpoint), utxo)
  return { epoch, stakes }
}

// ── Restoring ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface StoredLedger {
  readonly tip: Uint8Array
  readonly epochs: Uint8Array
  /** All unspent outputs, in any order. */
  readonly utxos: readonly Utxo[]
  /** Of headers 0 … height−1, in order. */
  readonly headerHashes: Iterable<Hash32>
}

/** The ledger that was stored, or what does not fit. Its delta is empty. Costs one state tree and one history. */
export function restoreLedger(engine: Engine, chain: Chain, stored: StoredLedger): Result<Ledger, RestoreCode> {
  const tip = readRecordOf(engine.kernels, 'tip', stored.tip, readTip)
  if (tip.kind === 'rejected') return tip
  const epochs = readRecordOf(engine.kernels, 'epochs', stored.epochs, (reader) => ({
    records: reader.list('epochs', 2, 0xffff, readRecord),
    stakeEnds: reader.list('stake ends', 1, 2, readStakeEnd),
  }))
  if (epochs.kind === 'rejected') return epochs
  const { header, money, rewards } = tip.value
  const outputs = outputsOf(engine, stored.utxos)
  if (outputs === undefined || !equalBytes(outputs.tree.root, header.stateRoot))
    return rejected('restore-state', {
      got: outputs === undefined ? 'none' : toHex(outputs.tree.root),
      expected: toHex(header.stateRoot),
    })
  const history = HistoryLog.of(engine.kernels, stored.headerHashes)
  if (BigInt(history.size) !== header.height || !equalBytes(history.root(), header.historyRoot))
    return rejected('restore-history', {
      got: toHex(history.root()),
      count: history.size,
      expected: toHex(header.historyRoot),
      height: header.height,
    })
  const records: EpochRecord[] = []
  for (const record of epochs.value.records) {
    const decoded = restoreRecord(engine, chain, record)
    if (decoded.kind === 'rejected') return decoded
    records.push(decoded.value)
  }
  const ledger: Ledger = {
    header,
    hash: blockHash(engine.kernels, header),
    outputs,
    history,
    epochs: records,
    stakeEnds: epochs.value.stakeEnds,
    rewards,
    money,
    delta: { created: [], spent: [], epochsChanged: false },
  }
  return checkCommittees(chain, ledger) ?? accepted(ledger)
}

function readRecordOf<Value>(
  kernels: Kernels,
  what: string,
  bytes: Uint8Array,
  read: (reader: Reader) => Value,
): Result<Value, RestoreCode> {
  const version = new Reader(bytes).u16()
  if (version !== LEDGER_STORE_VERSION)
    return rejected('restore-version', { got: version, expected: LEDGER_STORE_VERSION })
  const end = bytes.length - 32
  if (end < 2 || !equalBytes(kernels.sha256(bytes.subarray(0, end)), bytes.subarray(end)))
    return rejected('restore-checksum', { what, bytes: bytes.length })
  const reader = new Reader(bytes.subarray(2, end))
  const decoded = reader.finish(read(reader))
  return decoded.kind === 'rejected' ? malformed(what, decoded) : decoded
}

const malformed = (what: string, { code, operands }: Rejected<DecodeCode>): Rejected<RestoreCode> =>
  rejected('restore-decode', { what, problem: code, offset: operands['offset'] ?? 0 })

function restoreRecord(
  engine: Engine,
  { params }: Chain,
  { committee: bytes, ...record }: StoredRecord,
): Result<EpochRecord, RestoreCode> {
  if (bytes.length === 0) return accepted({ ...record, committee: undefined, root: NO_COMMITTEE_ROOT })
  const committee = decodeCommittee(bytes, committeeSeatCount(params))
  if (committee.kind === 'rejected') return malformed(`committee of epoch ${record.epoch}`, committee)
  const keys: Result<CommitteeKeys> = committeeKeys(engine, committee.value)
  if (keys.kind === 'rejected')
    return rejected('restore-decode', { what: `committee of epoch ${record.epoch}`, problem: keys.code, offset: 0 })
  return accepted({ ...record, committee: keys.value, root: keys.value.root })
}

/** The head vouches for its own committee and the next one. */
function checkCommittees({ params }: Chain, ledger: Ledger): Rejected<RestoreCode> | undefined {
  const { header } = ledger
  const epoch = epochOf(header.height, params)
  for (const [which, expected] of [
    [epoch, header.committeeRoot],
    [epoch + 1, header.nextCommitteeRoot],
  ] as const) {
    const got = epochRecord(ledger, which)?.root
    if (got === undefined || !equalBytes(got, expected))
      return rejected('restore-committee', {
        epoch: which,
        got: got === undefined ? 'none' : toHex(got),
        expected: toHex(expected),
      })
  }
  return undefined
}

// ── Whole snapshots ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Header hashes in one part: 64 KiB. */
const HASHES_PER_PART = 2048
/** Unspent outputs in one part. */
const UTXOS_PER_PART = 1024

/**
 * A ledger as parts that a database keeps together: for a node that does not follow deltas.
 *
 *     tip ‖ epochs ‖ parts of (kind u8: 0 hashes, 1 outputs ‖ u32 count and items), in order
 */
export function snapshotLedger(kernels: Kernels, ledger: Ledger): Uint8Array[] {
  const parts = [encodeTip(kernels, ledger), encodeEpochs(kernels, ledger)]
  const { history } = ledger
  for (let start = 0; start < history.size; start += HASHES_PER_PART) {
    const count = Math.min(HASHES_PER_PART, history.size - start)
    const writer = new Writer(5 + 32 * count).u8(0).u32(count)
    for (let index = start; index < start + count; index++) writer.bytes(history.hashAt(index))
    parts.push(writer.finish())
  }
  const utxos = [...ledger.outputs.byOutpoint.values()]
  for (let start = 0; start < utxos.length; start += UTXOS_PER_PART) {
    const chunk = utxos.slice(start, start + UTXOS_PER_PART)
    const writer = new Writer(128 * chunk.length).u8(1).u32(chunk.length)
    for (const utxo of chunk) writeUtxo(writer, utxo)
    parts.push(writer.finish())
  }
  return parts
}

/** The ledger of a snapshot, checked like every restored one. */
export function restoreSnapshot(
  engine: Engine,
  chain: Chain,
  parts: readonly Uint8Array[],
): Result<Ledger, RestoreCode> {
  const [tip = new Uint8Array(0), epochs = new Uint8Array(0), ...rest] = parts
  const headerHashes: Hash32[] = []
  const utxos: Utxo[] = []
  for (const [index, part] of rest.entries()) {
    const reader = new Reader(part)
    const kind = reader.u8()
    reader.expect(kind <= 1, 'part kind', { kind })
    const count = reader.u32()
    if (kind === 0) headerHashes.push(...reader.items('hashes', count, 0, HASHES_PER_PART, (item) => item.bytes(32)))
    else utxos.push(...reader.items('outputs', count, 0, UTXOS_PER_PART, readUtxo))
    const read = reader.finish(undefined)
    if (read.kind === 'rejected') return malformed(`snapshot part ${index}`, read)
  }
  return restoreLedger(engine, chain, { tip, epochs, utxos, headerHashes })
}
