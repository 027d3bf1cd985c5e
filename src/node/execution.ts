/**
 * Executing blocks, each once: the proposer's own block, a proposal that is validated and then committed, and in a devnet
 * what the validators of one process all execute. Execution is a pure function of (ledger, block), so its result may be
 * shared; ledgers are immutable.
 */
import { toHex } from '../base/bytes.ts'
import type { Result } from '../base/verdict.ts'
import { encodeBlock, type Block } from '../chain/block.ts'
import type { Engine } from '../crypto/engine.ts'
import { executeBlock, VerifiedCache, type Chain, type Ledger, type LedgerCode } from '../ledger/ledger.ts'

/** Candidates remembered on top of one ledger; honest rounds make one or two. */
const CANDIDATES_MAX = 16

export class Execution {
  readonly engine: Engine
  readonly chain: Chain
  /** Transactions and certificates that were verified in this process. */
  readonly cache: VerifiedCache
  readonly #results = new WeakMap<Ledger, Map<string, Result<Ledger, LedgerCode>>>()

  constructor(engine: Engine, chain: Chain) {
    this.engine = engine
    this.chain = chain
    this.cache = new VerifiedCache(engine.kernels)
  }

  /** The ledger after `block` on top of `parent`, or why it is not valid there. */
  execute(parent: Ledger, block: Block): Result<Ledger, LedgerCode> {
    return this.#once(parent, block, this.cache)
  }

  /** As `execute`, for a block that this operator's own store holds as final: its signatures are not checked again. */
  replay(parent: Ledger, block: Block): Result<Ledger, LedgerCode> {
    return this.#once(parent, block, new AllVerified(this.engine.kernels))
  }

  #once(parent: Ledger, block: Block, cache: VerifiedCache): Result<Ledger, LedgerCode> {
    const name = toHex(this.engine.kernels.sha256(encodeBlock(block)))
    const known = this.#results.get(parent) ?? new Map<string, Result<Ledger, LedgerCode>>()
    this.#results.set(parent, known)
    const before = known.get(name)
    if (before !== undefined) return before
    const result = executeBlock(this.engine, this.chain, parent, block, cache)
    if (known.size >= CANDIDATES_MAX) known.clear()
    known.set(name, result)
    return result
  }
}

class AllVerified extends VerifiedCache {
  override hasVerified(): boolean {
    return true
  }
}
