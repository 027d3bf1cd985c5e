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
/** Ledgers on top of which results are remembered: the head, and those of validators that lag behind it. */
const PARENTS_MAX = 16
/** Newest ledgers that a restored validator leaves for the others of its process. */
const RESTORED_MAX = 256

export class Execution {
  readonly engine: Engine
  readonly chain: Chain
  /** Transactions and certificates that were verified in this process. */
  readonly cache: VerifiedCache
  readonly #results = new Map<Ledger, Map<string, Result<Ledger, LedgerCode>>>()
  readonly #restored = new Map<string, Ledger>()

  constructor(engine: Engine, chain: Chain) {
    this.engine = engine
    this.chain = chain
    this.cache = new VerifiedCache(engine.kernels)
  }

  /** The ledger after `block` on top of `parent`, or why it is not valid there. */
  execute(parent: Ledger, block: Block): Result<Ledger, LedgerCode> {
    return this.#once(parent, block)
  }

  /** As `execute`, for a block that this operator's own store holds as final: its signatures are not checked again. */
  replay(parent: Ledger, block: Block): Result<Ledger, LedgerCode> {
    const result = executeBlock(this.engine, this.chain, parent, block, new AllVerified(this.engine.kernels))
    if (result.kind === 'accepted') this.keep(result.value)
    return result
  }

  /** The ledger after the block of this hash, if it was replayed lately: a devnet's validators have one history. */
  restored(hash: Uint8Array): Ledger | undefined {
    return this.#restored.get(toHex(hash))
  }

  /** Leaves a ledger for the other validators of this process. */
  keep(ledger: Ledger): void {
    this.#restored.set(toHex(ledger.hash), ledger)
    const [oldest] = this.#restored.keys()
    if (this.#restored.size > RESTORED_MAX) this.#restored.delete(oldest!)
  }

  #once(parent: Ledger, block: Block): Result<Ledger, LedgerCode> {
    const name = toHex(this.engine.kernels.sha256(encodeBlock(block)))
    const known = this.#resultsOn(parent)
    const before = known.get(name)
    if (before !== undefined) return before
    const result = executeBlock(this.engine, this.chain, parent, block, this.cache)
    if (known.size >= CANDIDATES_MAX) known.clear()
    known.set(name, result)
    return result
  }

  #resultsOn(parent: Ledger): Map<string, Result<Ledger, LedgerCode>> {
    const known = this.#results.get(parent) ?? new Map<string, Result<Ledger, LedgerCode>>()
    this.#results.delete(parent)
    this.#results.set(parent, known)
    const [oldest] = this.#results.keys()
    if (this.#results.size > PARENTS_MAX) this.#results.delete(oldest!)
    return known
  }
}

class AllVerified extends VerifiedCache {
  override hasVerified(): boolean {
    return true
  }
}
