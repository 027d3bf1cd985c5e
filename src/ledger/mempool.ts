/**
 * Transactions that wait for a block. Bounded in count and bytes; holds only what is valid on the newest ledger, and no
 * two that could not stand in one block together (spend one output, or register one device key).
 *
 * Attack: a flood. Every transaction here pays its fee from money that exists and that no other waiting one spends; when
 * the pool is full the one that pays least per byte goes, and one that would pay less than all does not come in.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import { deviceData } from '../chain/output-data.ts'
import { KIND } from '../chain/output.ts'
import type { Tx, TxBody } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import type { MempoolCode, TxCode } from './ledger-codes.ts'
import { stateView, type Ledger } from './ledger-value.ts'
import { VerifiedCache } from './prepared-transaction.ts'
import { checkTx, checkTxRules, showOutpoint, type Chain, type CheckedTx } from './transaction-rules.ts'

export interface MempoolLimits {
  readonly countMax: number
  readonly bytesMax: number
}
export const MEMPOOL_LIMITS: MempoolLimits = { countMax: 20_000, bytesMax: 32 * 1024 * 1024 }

interface Waiting extends CheckedTx {
  readonly name: string
  /** Outpoints spent and device keys registered: no other waiting transaction has one of these. */
  readonly claims: readonly string[]
  /** Order of arrival; of two that pay the same the earlier one comes first. */
  readonly arrival: number
}

/** Pays less per byte (negative), or as much and came later. Exact: no division. */
function compareRates(a: Waiting, b: Waiting): number {
  const difference = a.fee * BigInt(b.byteCount) - b.fee * BigInt(a.byteCount)
  return difference === 0n ? b.arrival - a.arrival : difference < 0n ? -1 : 1
}

function claimsOf({ inputs, outputs }: TxBody): string[] {
  const devices = outputs.filter(({ kind }) => kind === KIND.device)
  return [...inputs.map(showOutpoint), ...devices.map(({ data }) => `device ${toHex(deviceData(data).deviceKey)}`)]
}

export class Mempool {
  readonly #engine: Engine
  readonly #chain: Chain
  readonly #limits: MempoolLimits
  readonly #cache: VerifiedCache
  #ledger: Ledger
  readonly #waiting = new Map<string, Waiting>()
  readonly #claims = new Map<string, Waiting>()
  #bytes = 0
  #arrivals = 0

  /** `cache` is the one that the node executes blocks with. */
  constructor(
    engine: Engine,
    chain: Chain,
    ledger: Ledger,
    cache: VerifiedCache = new VerifiedCache(engine.kernels),
    limits: MempoolLimits = MEMPOOL_LIMITS,
  ) {
    assert(limits.countMax >= 1 && limits.bytesMax >= chain.params.txBytesMax, 'limits must hold one transaction')
    this.#engine = engine
    this.#chain = chain
    this.#ledger = ledger
    this.#cache = cache
    this.#limits = limits
  }

  get count(): number {
    return this.#waiting.size
  }

  get byteCount(): number {
    return this.#bytes
  }

  has(txid: Hash32): boolean {
    return this.#waiting.has(toHex(txid))
  }

  get(txid: Hash32): Tx | undefined {
    return this.#waiting.get(toHex(txid))?.tx
  }

  /** Takes a transaction in that is valid in the next block; the txid, or why not. May push out others that pay less. */
  add(tx: Tx): Result<Hash32, TxCode | MempoolCode> {
    const prepared = this.#cache.prepare(tx)
    const name = toHex(prepared.txid)
    if (this.#waiting.has(name)) return rejected('mempool-known', { txid: name })
    const checked = checkTxRules(this.#engine.kernels, this.#place(), prepared)
    if (checked.kind === 'rejected') return checked
    const waiting = { ...checked.value, name, claims: claimsOf(tx.body), arrival: this.#arrivals++ }
    const room = this.#roomFor(waiting)
    if (room.kind === 'rejected') return room
    const verified = checkTx(this.#engine, this.#place(), prepared, this.#cache)
    if (verified.kind === 'rejected') return verified
    for (const other of room.value) this.#drop(other)
    this.#waiting.set(name, waiting)
    for (const claim of waiting.claims) this.#claims.set(claim, waiting)
    this.#bytes += waiting.byteCount
    return accepted(prepared.txid)
  }

  /**
   * Follows the chain to `ledger`: drops what it holds and what it has made invalid. One block on from the last ledger
   * costs what that block spent; any other step checks all that wait again.
   */
  advance(ledger: Ledger): void {
    const isNext = equalBytes(ledger.header.parent, this.#ledger.hash)
    this.#ledger = ledger
    for (const outpoint of ledger.delta.spent) {
      const spender = this.#claims.get(showOutpoint(outpoint))
      if (spender !== undefined) this.#drop(spender)
    }
    for (const waiting of [...this.#waiting.values()])
      if ((!isNext || dependsOnHeight(waiting, ledger)) && this.#isInvalid(waiting)) this.#drop(waiting)
  }

  #isInvalid(waiting: Waiting): boolean {
    return checkTxRules(this.#engine.kernels, this.#place(), waiting).kind === 'rejected'
  }

  /** Candidates for the next block, best fee per byte first, at most `bytesMax` bytes in all. */
  select(bytesMax: number): Tx[] {
    const selected: Tx[] = []
    let bytes = 0
    for (const waiting of [...this.#waiting.values()].sort((a, b) => compareRates(b, a))) {
      if (bytes + waiting.byteCount > bytesMax) continue
      bytes += waiting.byteCount
      selected.push(waiting.tx)
    }
    return selected
  }

  #place() {
    const { header } = this.#ledger
    return { chain: this.#chain, state: stateView(this.#ledger), height: header.height + 1n }
  }

  /** What must go so that `waiting` can stay: transactions it replaces, then those that pay least per byte. */
  #roomFor(waiting: Waiting): Result<ReadonlySet<Waiting>, MempoolCode> {
    const leaving = new Set(waiting.claims.flatMap((claim) => this.#claims.get(claim) ?? []))
    const feeMin = feeToReplace(leaving, waiting, this.#chain.params.minFeePerByte)
    if (waiting.fee < feeMin) {
      const [first] = leaving
      return rejected('mempool-conflict', { txid: first!.name, fee: waiting.fee, feeMin })
    }
    const { countMax, bytesMax } = this.#limits
    let count = this.#waiting.size + 1 - leaving.size
    let bytes = this.#bytes + waiting.byteCount - sumOfBytes(leaving)
    if (count <= countMax && bytes <= bytesMax) return accepted(leaving)
    const poorest = [...this.#waiting.values()].filter((other) => !leaving.has(other)).sort(compareRates)
    for (const other of poorest) {
      if (count <= countMax && bytes <= bytesMax) break
      if (compareRates(other, waiting) >= 0) return rejected('mempool-full', ratesOf(other, waiting))
      leaving.add(other)
      count--
      bytes -= other.byteCount
    }
    return accepted(leaving)
  }

  #drop(waiting: Waiting): void {
    this.#waiting.delete(waiting.name)
    for (const claim of waiting.claims) this.#claims.delete(claim)
    this.#bytes -= waiting.byteCount
  }
}

/** Whether one more block can make it invalid without spending its inputs: by its height or by a registration. */
function dependsOnHeight({ tx, spent }: Waiting, { header }: Ledger): boolean {
  const { expiry, outputs } = tx.body
  return (
    expiry <= header.height ||
    outputs.some(({ kind }) => kind === KIND.device) ||
    spent.some(({ output }) => output.kind !== KIND.transfer)
  )
}

const sumOfBytes = (all: Iterable<Waiting>): number => [...all].reduce((sum, { byteCount }) => sum + byteCount, 0)

/** All that the replaced ones pay, and the least fee for the new bytes on top; nothing if none is replaced. */
function feeToReplace(replaced: ReadonlySet<Waiting>, { byteCount }: Waiting, minFeePerByte: bigint): bigint {
  if (replaced.size === 0) return 0n
  return [...replaced].reduce((sum, { fee }) => sum + fee, 0n) + minFeePerByte * BigInt(byteCount)
}

const ratesOf = (least: Waiting, waiting: Waiting) => ({
  feePerByteMin: least.fee / BigInt(least.byteCount),
  feePerByte: waiting.fee / BigInt(waiting.byteCount),
})
