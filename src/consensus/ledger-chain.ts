/** The ledger as the agreement's chain: candidates are executed once, and what was executed is what gets committed. */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import type { Result } from '../base/verdict.ts'
import type { Block } from '../chain/block.ts'
import { encodeCert, type FinalityCert } from '../chain/certificate.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { Tx } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import {
  buildBlock,
  committeeOf,
  executeBlock,
  type Ledger,
  type LedgerCode,
  type VerifiedCache,
} from '../ledger/ledger.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import type { BlockPlan, ChainPort } from './chain-port.ts'

export interface LedgerChainOptions {
  readonly engine: Engine
  readonly params: ChainParams
  readonly chainId: Hash32
  /** Where to begin: genesis, or what a store gave back, with the certificate of its head. */
  readonly ledger: Ledger
  readonly cert?: FinalityCert
  /** Signature checks that the node's mempool has done already. */
  readonly cache?: VerifiedCache
  /** Candidates for a block on top of `ledger`, best first; what is not valid there stays out. */
  transactions(ledger: Ledger): readonly Tx[]
  evidence?(ledger: Ledger): readonly Uint8Array[]
  /** Called after each commit with the new ledger. */
  onCommit?(ledger: Ledger, block: Block, cert: FinalityCert): void
  /** The state transition; the simulator shares results among its nodes. */
  readonly execute?: typeof executeBlock
}

export class LedgerChain implements ChainPort {
  readonly #options: LedgerChainOptions
  readonly #executed = new WeakMap<Block, Result<Ledger, LedgerCode>>()
  #ledger: Ledger
  #cert: FinalityCert | undefined

  constructor(options: LedgerChainOptions) {
    this.#options = options
    this.#ledger = options.ledger
    this.#cert = options.cert
  }

  get chainId(): Hash32 {
    return this.#options.chainId
  }

  get params(): ChainParams {
    return this.#options.params
  }

  /** The ledger after the last final block. */
  get ledger(): Ledger {
    return this.#ledger
  }

  head(): Ledger {
    return this.#ledger
  }

  headCert(): FinalityCert | undefined {
    return this.#cert
  }

  committee(height: bigint): CommitteeKeys | undefined {
    return committeeOf(this.#ledger, epochOf(height, this.params))
  }

  buildBlock(plan: BlockPlan): Block {
    const { engine, cache } = this.#options
    const transactions = this.#options.transactions(this.#ledger)
    const evidence = this.#options.evidence?.(this.#ledger) ?? []
    return buildBlock(engine, this.#options, this.#ledger, { ...plan, transactions, evidence }, cache)
  }

  validateBlock(block: Block): Result<Ledger, LedgerCode> {
    const known = this.#executed.get(block)
    if (known !== undefined) return known
    const { engine, cache, execute = executeBlock } = this.#options
    const result = execute(engine, this.#options, this.#ledger, block, cache)
    this.#executed.set(block, result)
    return result
  }

  commit(block: Block, cert: FinalityCert): void {
    const after = this.validateBlock(block)
    assert(after.kind === 'accepted', 'only a valid block is committed')
    this.#ledger = after.value
    this.#cert = cert
    this.#rememberCert(cert)
    this.#options.onCommit?.(after.value, block, cert)
  }

  /** The next block most likely carries this certificate: it has been verified already. */
  #rememberCert(cert: FinalityCert): void {
    this.#options.cache?.rememberCert(this.#ledger.hash, encodeCert(cert))
  }
}
