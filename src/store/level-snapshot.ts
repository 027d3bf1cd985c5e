/**
 * A ledger as bytes, so that a restart need not execute the chain from genesis.
 *
 *   header 314 ‖ issued u64 ‖ burnt u64
 *   ‖ outputs (u32 count ‖ Utxo …) ‖ hashes of headers 0 … height−1 (u32 count ‖ 32 …)
 *   ‖ epochs (list: epoch u32 ‖ seed 32 ‖ stake u64 ‖ committee (u32 length, 0: none) ‖ owners (list: credential 32 ‖ owner 16))
 *   ‖ stakeEnds (list: epoch u32 plus one ‖ u32 count ‖ Utxo …)
 *   ‖ rewards: fees u64 ‖ seats u32 ‖ list (credential 32 ‖ owner 16 ‖ bits u32)
 *
 * It is the operator's own data: what can be compared with the header is, the rest rests on the store's checksums.
 */
import { equalBytes, fromHex, toHex } from '../base/bytes.ts'
import { Reader, Writer } from '../chain/codec.ts'
import { committeeSeatCount, decodeCommittee, encodeCommittee } from '../chain/committee.ts'
import { blockHash, encodeHeader, readHeader } from '../chain/header.ts'
import { encodeOutpoint, readUtxo, writeUtxo, type Utxo } from '../chain/output.ts'
import type { ChainParams } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import type { EpochRecord } from '../ledger/epochs.ts'
import { outputsOf, type Ledger, type StakeEnd } from '../ledger/ledger-value.ts'
import { PersistentMap } from '../ledger/persistent-map.ts'
import type { Earned, RewardBook } from '../ledger/rewards.ts'
import { HistoryLog } from '../proofs/history.ts'
import { committeeKeys } from '../verify/certificate.ts'
import { CorruptionError } from './level-db.ts'

/** Values in LevelDB stay well below this. */
const PART_BYTES = 512 * 1024
const NO_COMMITTEE_ROOT = new Uint8Array(32)
/** Counts in a snapshot are bounded by its own length only: it is our own file. */
const COUNT_MAX = 0xffffffff

export function encodeSnapshot(ledger: Ledger): Uint8Array[] {
  const writer = new Writer(PART_BYTES)
  writer.bytes(encodeHeader(ledger.header)).u64(ledger.money.issued).u64(ledger.money.burnt)
  writeUtxos(writer, ledger.outputs.byOutpoint.values())
  const height = Number(ledger.header.height)
  writer.u32(height)
  for (let index = 0; index < height; index++) writer.bytes(ledger.history.hashAt(index))
  writer.list(ledger.epochs, writeEpoch)
  writer.list(ledger.stakeEnds, (out, { epoch, stakes }) => writeUtxos(out.u32(epoch + 1), stakes.values()))
  writeRewards(writer, ledger.rewards)
  const bytes = writer.finish()
  const parts: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += PART_BYTES) parts.push(bytes.subarray(start, start + PART_BYTES))
  return parts
}

function writeUtxos(writer: Writer, utxos: Iterable<Utxo>): Writer {
  const all = [...utxos]
  writer.u32(all.length)
  for (const utxo of all) writeUtxo(writer, utxo)
  return writer
}

function writeEpoch(writer: Writer, { epoch, draw, committee, owners }: EpochRecord): void {
  const encoded = committee === undefined ? new Uint8Array(0) : encodeCommittee(committee.committee)
  writer.u32(epoch).bytes(draw.seed).u64(draw.stake).u32(encoded.length).bytes(encoded)
  writer.list([...owners], (out, [credential, owner]) => out.bytes(fromHex(credential)!).bytes(owner))
}

function writeRewards(writer: Writer, { fees, seats, earned }: RewardBook): void {
  writer.u64(fees).u32(seats)
  writer.list([...earned], (out, [credential, { owner, bits }]) =>
    out.bytes(fromHex(credential)!).bytes(owner).u32(bits),
  )
}

/** The ledger again; throws CorruptionError if the bytes are not one. */
export function decodeSnapshot(engine: Engine, params: ChainParams, parts: readonly Uint8Array[]): Ledger {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  parts.reduce((offset, part) => (whole.set(part, offset), offset + part.length), 0)
  const reader = new Reader(whole)
  const header = readHeader(reader)
  const money = { issued: reader.u64(), burnt: reader.u64() }
  const utxos = readUtxos(reader)
  const hashes = reader.items('history', reader.u32(), 0, COUNT_MAX, (item) => item.bytes(32))
  const epochs = reader.list('epochs', 1, 0xffff, (item) => readEpoch(engine, params, item))
  const stakeEnds = reader.list('stake ends', 1, 0xffff, readStakeEnd)
  const rewards = readRewards(reader)
  demand(reader.finish(undefined).kind === 'accepted', 'its length')
  const outputs = outputsOf(engine, utxos)
  const history = HistoryLog.of(engine.kernels, hashes)
  demand(outputs !== undefined && equalBytes(outputs.tree.root, header.stateRoot), 'its outputs')
  demand(BigInt(history.size) === header.height && equalBytes(history.root(), header.historyRoot), 'its history')
  const roots = epochs.slice(-2).map(({ root }) => root)
  demand(
    equalBytes(roots[0]!, header.committeeRoot) && equalBytes(roots[1]!, header.nextCommitteeRoot),
    'its committees',
  )
  const delta = { created: [], spent: [], epochsChanged: false }
  return { header, hash: blockHash(engine.kernels, header), outputs, history, epochs, stakeEnds, rewards, money, delta }
}

const readUtxos = (reader: Reader): Utxo[] => reader.items('outputs', reader.u32(), 0, COUNT_MAX, readUtxo)

function readEpoch(engine: Engine, params: ChainParams, reader: Reader): EpochRecord {
  const epoch = reader.u32()
  const draw = { epoch, seed: reader.bytes(32), stake: reader.u64() }
  const length = reader.u32()
  const encoded = reader.bytes(Math.min(length, reader.remaining))
  const owners = new Map(reader.list('owners', 0, 0xffff, (item) => [toHex(item.bytes(32)), item.bytes(16)] as const))
  if (length === 0 || reader.failed) return { epoch, draw, committee: undefined, root: NO_COMMITTEE_ROOT, owners }
  const decoded = decodeCommittee(encoded, committeeSeatCount(params))
  const keys = decoded.kind === 'rejected' ? decoded : committeeKeys(engine, decoded.value)
  if (keys.kind === 'rejected') throw new CorruptionError(`the committee of epoch ${epoch} in a snapshot is not valid`)
  return { epoch, draw, committee: keys.value, root: keys.value.root, owners }
}

function readStakeEnd(reader: Reader): StakeEnd {
  const epoch = reader.u32() - 1
  let stakes = PersistentMap.empty<Utxo>()
  for (const utxo of readUtxos(reader)) stakes = stakes.with(encodeOutpoint(utxo.outpoint), utxo)
  return { epoch, stakes }
}

function readRewards(reader: Reader): RewardBook {
  const fees = reader.u64()
  const seats = reader.u32()
  const earned = reader.list('rewards', 0, 0xffff, (item): readonly [string, Earned] => {
    const credential = toHex(item.bytes(32))
    return [credential, { owner: item.bytes(16), bits: item.u32() }]
  })
  return { fees, seats, earned: new Map(earned) }
}

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new CorruptionError(`a snapshot of the ledger does not add up: ${what}`)
}
