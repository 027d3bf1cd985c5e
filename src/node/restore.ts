/** What a node's store says that the chain is: the ledger at its head, rebuilt from the blocks in it. */
import { decodeBlock, type Block } from '../chain/block.ts'
import { decodeCert, type FinalityCert } from '../chain/certificate.ts'
import { blockHash } from '../chain/header.ts'
import { equalBytes } from '../base/bytes.ts'
import type { Result } from '../base/verdict.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { CorruptionError, isCorruption } from '../store/level-db.ts'
import { decodeSnapshot } from '../store/level-snapshot.ts'
import type { LevelChainStore } from '../store/level-chain.ts'
import type { Execution } from './execution.ts'
import type { Recent } from './node-view.ts'

/** Validators of one devnet stop within a few blocks of each other. */
const LOOK_BACK = 64n

/**
 * The final state that `store` holds: its snapshot, and the blocks after it executed again. The operator trusts the own store: signatures in it are
 * not checked again, everything else is. A store that does not add up throws CorruptionError.
 */
export async function restore(
  execution: Execution,
  genesis: Ledger,
  store: LevelChainStore,
  { onProgress, onDamage }: RestoreNews,
): Promise<Recent> {
  const head = store.headHeight ?? 0n
  let { ledger, block } = startAtHand(execution, store, head) ??
    (await startOnDisk(execution, store, head, onDamage)) ?? {
      ledger: genesis,
      block: genesisBlock(genesis),
    }
  for (let height = ledger.header.height + 1n; height <= head; height++) {
    block = blockAt(store, height)
    ledger = accept(`block ${height}`, execution.replay(ledger, block))
    if (height % 256n === 0n) {
      onProgress(height)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { ledger, block, cert: certAt(store, head) }
}

export interface RestoreNews {
  /** This height was executed again. */
  onProgress(height: bigint): void
  /** Something in the store is damaged and not needed: one sentence. */
  onDamage(what: string): void
}

type Start = Pick<Recent, 'ledger' | 'block'>

/** The newest height of this store whose ledger another validator of this process has restored. */
function startAtHand(execution: Execution, store: LevelChainStore, head: bigint): Start | undefined {
  const lowest = head > LOOK_BACK ? head - LOOK_BACK : 0n
  for (let height = head; height > lowest; height--) {
    const block = wholeBlockAt(store, height)
    const ledger = block && execution.restored(blockHash(execution.engine.kernels, block.header))
    if (block !== undefined && ledger !== undefined) return { ledger, block }
  }
  return undefined
}

/** A damaged block below the snapshot is no reason to start anew: it is repaired later. */
function wholeBlockAt(store: LevelChainStore, height: bigint): Block | undefined {
  try {
    return blockAt(store, height)
  } catch (error) {
    if (!isCorruption(error)) throw error
    return undefined
  }
}

/** The snapshot in the store, if it is of a block in the store; one that is damaged only costs time. */
async function startOnDisk(
  execution: Execution,
  store: LevelChainStore,
  head: bigint,
  onDamage: RestoreNews['onDamage'],
): Promise<Start | undefined> {
  try {
    return await readSnapshot(execution, store, head)
  } catch (error) {
    if (!isCorruption(error)) throw error
    onDamage(`the stored snapshot is damaged (${(error as Error).message}): executing the chain from genesis`)
    return undefined
  }
}

async function readSnapshot(execution: Execution, store: LevelChainStore, head: bigint): Promise<Start | undefined> {
  const snapshot = await store.snapshot()
  if (snapshot === undefined || snapshot.height > head) return undefined
  const { engine, chain } = execution
  const ledger = decodeSnapshot(engine, chain.params, snapshot.parts)
  const block = blockAt(store, snapshot.height)
  if (!equalBytes(ledger.hash, blockHash(engine.kernels, block.header)))
    throw new CorruptionError(`the snapshot of height ${snapshot.height} is of another block`)
  execution.keep(ledger)
  return { ledger, block }
}

const blockAt = (store: LevelChainStore, height: bigint): Block =>
  accept(`block ${height}`, decodeBlock(stored(`block ${height}`, store.block(height))))

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
