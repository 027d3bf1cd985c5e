/** The production ledger under a simulated node: a snapshot is the immutable ledger itself, the mempool a short list. */
import { encodeBlock, type Block } from '../chain/block.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import { decodeTx, txid, type Tx } from '../chain/transaction.ts'
import { toHex } from '../base/bytes.ts'
import type { Result } from '../base/verdict.ts'
import type { BlockPlan } from '../consensus/chain-port.ts'
import { LedgerChain } from '../consensus/ledger-chain.ts'
import type { Engine } from '../crypto/engine.ts'
import { executeBlock, type Ledger, type LedgerCode, type VerifiedCache } from '../ledger/ledger.ts'
import type { ChainParams } from '../chain/params.ts'
import type { SimChain } from './sim-node.ts'

export interface LedgerSnapshot {
  readonly ledger: Ledger
  readonly cert?: FinalityCert
}

export interface SimLedgerOptions {
  readonly engine: Engine
  readonly params: ChainParams
  readonly chainId: Uint8Array
  readonly from: LedgerSnapshot
  readonly execute: typeof executeBlock
  readonly cache: VerifiedCache
  /** Evidence that this node has found, as block bodies carry it. */
  evidence(ledger: Ledger): readonly Uint8Array[]
  /** Called with each block that this node makes. */
  built(block: Block): void
}

const POOL_COUNT_MAX = 256

export class SimLedgerChain extends LedgerChain implements SimChain<LedgerSnapshot> {
  readonly #engine: Engine
  readonly #pool: Map<string, Tx>
  readonly #built: (block: Block) => void

  constructor(options: SimLedgerOptions) {
    const pool = new Map<string, Tx>()
    const { from, ...rest } = options
    super({
      ...rest,
      ledger: from.ledger,
      ...(from.cert === undefined ? {} : { cert: from.cert }),
      transactions: () => [...pool.values()],
      onCommit: (_, block) => {
        for (const { body } of block.body.transactions) pool.delete(toHex(txid(options.engine.kernels, body)))
      },
    })
    this.#engine = options.engine
    this.#pool = pool
    this.#built = options.built
  }

  override buildBlock(plan: BlockPlan): Block {
    const block = super.buildBlock(plan)
    this.#built(block)
    return block
  }

  snapshot(): LedgerSnapshot {
    const cert = this.headCert()
    return { ledger: this.ledger, ...(cert === undefined ? {} : { cert }) }
  }

  submit(bytes: Uint8Array): void {
    const tx = decodeTx(bytes)
    if (tx.kind === 'rejected' || this.#pool.size >= POOL_COUNT_MAX) return
    this.#pool.set(toHex(txid(this.#engine.kernels, tx.value.body)), tx.value)
  }
}

/** The state transition with its results shared: it is pure, so all nodes of a world may use one execution. */
export function sharedExecution(execute: typeof executeBlock): typeof executeBlock {
  const results = new Map<string, Result<Ledger, LedgerCode>>()
  return (engine, chain, ledger, block, cache) => {
    const name = `${toHex(ledger.hash)} ${toHex(engine.kernels.sha256(encodeBlock(block)))}`
    const known = results.get(name)
    if (known !== undefined) return known
    const result = execute(engine, chain, ledger, block, cache)
    results.set(name, result)
    return result
  }
}
