/** What a node's store says that the chain is: the ledger at its head, rebuilt from the blocks in it. */
import { decodeBlock, type Block } from '../chain/block.ts'
import { decodeCert, type FinalityCert } from '../chain/certificate.ts'
import type { Result } from '../base/verdict.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { CorruptionError } from '../store/level-db.ts'
import type { LevelChainStore } from '../store/level-chain.ts'
import type { Execution } from './execution.ts'
import type { Recent } from './node-view.ts'

/**
 * The final state that `store` holds, executed again from genesis. The operator trusts the own store: signatures in it are
 * not checked again, everything else is. A store that does not add up throws CorruptionError.
 */
export async function restore(
  execution: Execution,
  genesis: Ledger,
  store: LevelChainStore,
  onProgress: (height: bigint) => void,
): Promise<Recent> {
  const head = store.headHeight ?? 0n
  let ledger = genesis
  let block = genesisBlock(genesis)
  for (let height = 1n; height <= head; height++) {
    block = accept(`block ${height}`, decodeBlock(stored(`block ${height}`, store.block(height))))
    ledger = accept(`block ${height}`, execution.replay(ledger, block))
    if (height % 256n === 0n) {
      onProgress(height)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { ledger, block, cert: certAt(store, head) }
}

function certAt(store: LevelChainStore, height: bigint): FinalityCert | undefined {
  if (height === 0n) return undefined
  return accept(`certificate ${height}`, decodeCert(stored(`certificate ${height}`, store.cert(height))))
}

/** Genesis has no transactions and no certificate; its body is never hashed. */
export function genesisBlock({ header }: Ledger): Block {
  const body = { reveal: new Uint8Array(96), parentCert: new Uint8Array(0), transactions: [], evidence: [] }
  return { header, body }
}

function stored(what: string, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new CorruptionError(`${what} is missing`)
  return bytes
}

function accept<Value>(what: string, result: Result<Value, string>): Value {
  if (result.kind === 'rejected') throw new CorruptionError(`${what} is not valid (${result.code})`)
  return result.value
}
