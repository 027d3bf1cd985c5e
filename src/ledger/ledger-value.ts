/**
 * The ledger after a block: an immutable value. Executing a block makes the next one and shares all that stays the same,
 * so candidates, forks of them and the past cost little and cannot disturb each other.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { deviceData } from '../chain/output-data.ts'
import { encodeOutpoint, KIND, type Outpoint, type Utxo } from '../chain/output.ts'
import type { Header } from '../chain/header.ts'
import type { ChainSpec } from '../chain/spec-rules.ts'
import type { Engine } from '../crypto/engine.ts'
import { HistoryLog } from '../proofs/history.ts'
import { StateTree } from '../proofs/state-tree.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import { genesis } from '../verify/genesis.ts'
import { electEpoch, type EpochRecord } from './epochs.ts'
import { PersistentMap } from './persistent-map.ts'
import { EMPTY_BOOK, type RewardBook } from './rewards.ts'
import type { StateView } from './transaction-rules.ts'

/** What the last block changed, for a database that follows. */
export interface LedgerDelta {
  readonly created: readonly Utxo[]
  readonly spent: readonly Outpoint[]
  /** True in the first block of an epoch: {@link Ledger.epochs} and {@link Ledger.stakeEnds} changed. */
  readonly epochsChanged: boolean
}

/** The stake outputs after the last block of `epoch`; epoch −1 is genesis. */
export interface StakeEnd {
  readonly epoch: number
  readonly stakes: PersistentMap<Utxo>
}

/** Where all money is: in outputs, in fees that wait for their epoch's end, or burnt. */
export interface Money {
  /** Genesis amounts and all block rewards ever. */
  readonly issued: bigint
  /** Rewards that nobody got, and stake burnt for evidence. */
  readonly burnt: bigint
}

/** The indexes over the unspent outputs. */
export interface Outputs {
  readonly tree: StateTree
  /** By encoded outpoint. */
  readonly byOutpoint: PersistentMap<Utxo>
  /** Live registration of each device key. */
  readonly registrations: PersistentMap<Outpoint>
  /** Kind 1 only, by encoded outpoint. */
  readonly stakes: PersistentMap<Utxo>
}

export interface Ledger {
  readonly header: Header
  readonly hash: Hash32
  readonly outputs: Outputs
  /** Hashes of the headers 0 … height−1: its root is the header's historyRoot. */
  readonly history: HistoryLog
  /** Ascending, without gaps, up to the epoch after the header's; at least the last T and the one before the header's. */
  readonly epochs: readonly EpochRecord[]
  /** The two newest. */
  readonly stakeEnds: readonly StakeEnd[]
  /** Of the header's epoch. */
  readonly rewards: RewardBook
  readonly money: Money
  readonly delta: LedgerDelta
}

const EMPTY_OUTPUTS = (engine: Engine): Outputs => ({
  tree: StateTree.empty(engine.kernels),
  byOutpoint: PersistentMap.empty(),
  registrations: PersistentMap.empty(),
  stakes: PersistentMap.empty(),
})

/** The outputs of `utxos` alone, or undefined if two share a state key. */
export function outputsOf(engine: Engine, utxos: readonly Utxo[]): Outputs | undefined {
  return changeOutputs(EMPTY_OUTPUTS(engine), [], utxos)
}

/** `outputs` without `spent` and with `created`; undefined if two would share a state key ([TX-2]). */
export function changeOutputs(outputs: Outputs, spent: readonly Utxo[], created: readonly Utxo[]): Outputs | undefined {
  const tree = outputs.tree.update(spent, created)
  if (tree.kind === 'rejected') return undefined
  let { byOutpoint, registrations, stakes } = outputs
  for (const { outpoint, output } of spent) {
    const key = encodeOutpoint(outpoint)
    byOutpoint = byOutpoint.without(key)
    if (output.kind === KIND.stake) stakes = stakes.without(key)
    if (output.kind === KIND.device) registrations = registrations.without(deviceData(output.data).deviceKey)
  }
  for (const utxo of created) {
    const key = encodeOutpoint(utxo.outpoint)
    byOutpoint = byOutpoint.with(key, utxo)
    if (utxo.output.kind === KIND.stake) stakes = stakes.with(key, utxo)
    if (utxo.output.kind === KIND.device)
      registrations = registrations.with(deviceData(utxo.output.data).deviceKey, utxo.outpoint)
  }
  return { tree: tree.value, byOutpoint, registrations, stakes }
}

/** The ledger of height 0. The spec has been checked and its signatures verify ({@link genesis}). */
export function genesisLedger(engine: Engine, spec: ChainSpec): Ledger {
  const { header, hash, utxos } = genesis(engine, spec)
  const outputs = outputsOf(engine, utxos)
  assert(outputs !== undefined && equalBytes(outputs.tree.root, header.stateRoot), 'genesis outputs must have its root')
  const { stakes } = outputs
  const first = electEpoch(engine, spec.params, 0, stakes.values(), header.seed, [])
  const second = electEpoch(engine, spec.params, 1, stakes.values(), header.seed, [first.draw])
  assert(equalBytes(first.root, header.committeeRoot), 'genesis must have the committee of epoch 0')
  assert(equalBytes(second.root, header.nextCommitteeRoot), 'genesis must have the committee of epoch 1')
  return {
    header,
    hash,
    outputs,
    history: HistoryLog.empty(engine.kernels),
    epochs: [first, second],
    stakeEnds: [{ epoch: -1, stakes }],
    rewards: EMPTY_BOOK,
    money: { issued: utxos.reduce((sum, { output }) => sum + output.amount, 0n), burnt: 0n },
    delta: { created: utxos, spent: [], epochsChanged: true },
  }
}

/** The record of `epoch`, if the ledger still or already has it. */
export function epochRecord(ledger: Ledger, epoch: number): EpochRecord | undefined {
  return ledger.epochs[epoch - ledger.epochs[0]!.epoch]
}

/** The committee of `epoch`: the header's own, the next one and some before. Undefined without one or out of reach. */
export function committeeOf(ledger: Ledger, epoch: number): CommitteeKeys | undefined {
  return epochRecord(ledger, epoch)?.committee
}

/** The ledger's outputs as the transaction rules read them. */
export function stateView({ outputs }: Ledger): StateView {
  return {
    utxo: (outpoint) => outputs.byOutpoint.get(encodeOutpoint(outpoint)),
    registration: (deviceKey) => outputs.registrations.get(deviceKey),
  }
}

/** Sum of all unspent outputs. Visits each. */
export function totalAmount(ledger: Ledger): bigint {
  let total = 0n
  for (const { output } of ledger.outputs.byOutpoint.values()) total += output.amount
  return total
}

/** What is missing (or too much) when outputs, waiting fees and burnt money are held against all money issued: 0n. */
export function unaccounted(ledger: Ledger): bigint {
  return ledger.money.issued - ledger.money.burnt - ledger.rewards.fees - totalAmount(ledger)
}
