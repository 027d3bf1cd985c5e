/**
 * Final blocks that the disk gave back damaged: found by reading all of them once after the start, or when somebody asks
 * for one; said, fetched from peers, and written again.
 *
 * What a peer sends must be the very block: its hash stands in the history of the node's own ledger, the certificate
 * verifies under that epoch's committee, and transactions and parent certificate are those of its header. Witnesses are
 * under no hash; a wrong one is found by whoever executes the block.
 */
import { equalBytes } from '../base/bytes.ts'
import { decodeBlock, type Block } from '../chain/block.ts'
import { decodeCert } from '../chain/certificate.ts'
import { blockHash } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import { txid } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import type { Chain, Ledger } from '../ledger/ledger.ts'
import { txLeaf } from '../proofs/topics.ts'
import { txRootOf } from '../proofs/transaction.ts'
import type { Log } from '../ports/index.ts'
import { isCorruption } from '../store/level-db.ts'
import { verifyCert, type CommitteeKeys } from '../verify/certificate.ts'
import type { FinalBlock } from './block-sync.ts'

export interface RepairWorld {
  readonly engine: Engine
  readonly chain: Chain
  readonly log: Log
  ledger(): Ledger
  committee(epoch: number): CommitteeKeys | undefined
  /** Reads block and certificate. Throws CorruptionError. */
  read(height: bigint): FinalBlock | undefined
  /** The block at `height` from each of the peers that has it. */
  fetch(height: bigint): AsyncIterable<FinalBlock>
  write(height: bigint, final: FinalBlock): Promise<void>
}

/** Pauses between tries while no peer has a good copy. */
const PAUSE_MS_MIN = 1000
const PAUSE_MS_MAX = 60_000
/** Blocks read in a row while looking through the store. */
const SLICE_COUNT = 16

export class Repair {
  readonly #world: RepairWorld
  readonly #damaged = new Set<bigint>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #pauseMs = PAUSE_MS_MIN
  #isStopped = false
  #isRunning = false
  repairedCount = 0

  constructor(world: RepairWorld) {
    this.#world = world
  }

  /** Heights that are damaged now. */
  get damagedCount(): number {
    return this.#damaged.size
  }

  /** As `world.read`; a damaged block reads as none, and is repaired. */
  read(height: bigint): FinalBlock | undefined {
    return this.guard(height, () => this.#world.read(height))
  }

  /** Runs a read of something that belongs to the block at `height`. */
  guard<Value>(height: bigint, read: () => Value | undefined): Value | undefined {
    try {
      return read()
    } catch (error) {
      if (!isCorruption(error)) throw error
      this.#found(height, error)
      return undefined
    }
  }

  /** Reads every block up to `head` once, a few at a time. */
  async lookThrough(head: bigint): Promise<void> {
    for (let height = 1n; height <= head && !this.#isStopped; height++) {
      this.read(height)
      if (height % BigInt(SLICE_COUNT) === 0n) await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #found(height: bigint, error: unknown): void {
    if (this.#damaged.has(height)) return
    this.#damaged.add(height)
    this.#world.log.log(
      'warn',
      `block ${height} is damaged on disk (${(error as Error).message}); fetching it from peers`,
    )
    void this.#mend()
  }

  async #mend(): Promise<void> {
    if (this.#isRunning || this.#isStopped) return
    this.#isRunning = true
    for (const height of this.#damaged) if (!this.#isStopped) await this.#mendOne(height).catch(() => undefined)
    this.#isRunning = false
    if (this.#damaged.size === 0 || this.#isStopped) return
    this.#timer = setTimeout(() => void this.#mend(), this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX)
  }

  async #mendOne(height: bigint): Promise<void> {
    for await (const final of this.#world.fetch(height)) {
      if (!this.isGenuine(height, final)) continue
      await this.#world.write(height, final)
      this.#damaged.delete(height)
      this.repairedCount++
      this.#pauseMs = PAUSE_MS_MIN
      this.#world.log.log('info', `block ${height} is repaired from a peer`)
      return
    }
  }

  /** Whether this is the final block of this chain at `height`. */
  isGenuine(height: bigint, final: FinalBlock): boolean {
    const { engine, chain } = this.#world
    const block = decodeBlock(final.block)
    const cert = decodeCert(final.cert)
    if (block.kind === 'rejected' || cert.kind === 'rejected') return false
    const { header } = block.value
    const hash = blockHash(engine.kernels, header)
    if (!equalBytes(hash, this.#hashAt(height) ?? new Uint8Array(0)) || !this.#isBodyOf(block.value)) return false
    const keys = this.#world.committee(epochOf(height, chain.params))
    return (
      keys !== undefined &&
      verifyCert(engine, chain.params, chain.chainId, keys, header, cert.value).kind === 'accepted'
    )
  }

  #hashAt(height: bigint): Uint8Array | undefined {
    const { header, hash, history } = this.#world.ledger()
    if (height === header.height) return hash
    return height < header.height ? history.hashAt(Number(height)) : undefined
  }

  #isBodyOf({ header, body }: Block): boolean {
    const { kernels } = this.#world.engine
    const leaves = body.transactions.map((tx) => txLeaf(tx.body.topic, txid(kernels, tx.body)))
    const isListed = leaves.length === header.txCount && equalBytes(txRootOf(kernels, leaves), header.txRoot)
    const parentCertHash = header.height <= 1n ? new Uint8Array(32) : kernels.sha256(body.parentCert)
    return isListed && equalBytes(parentCertHash, header.parentCertHash)
  }
}
