/** Opening a node's store: what it held is executed, and one that is damaged is set aside and filled again from peers. */
import { join } from 'node:path'
import { encodeBlock } from '../chain/block.ts'
import { encodeCommittee } from '../chain/committee.ts'
import { decodeSafetyRecord } from '../consensus/safety-record.ts'
import { committeeOf, type Ledger } from '../ledger/ledger.ts'
import type { Log } from '../ports/index.ts'
import { hasSetAside, isCorruption, setAside } from '../store/level-db.ts'
import { LevelChainStore } from '../store/level-chain.ts'
import type { Execution } from './execution.ts'
import type { Recent } from './node-view.ts'
import { genesisBlock, restore } from './restore.ts'
import { SafetyStore } from './safety-store.ts'

export interface StoreOptions {
  readonly execution: Execution
  readonly genesis: Ledger
  /** The node's data folder; the store is a folder in it. */
  readonly folder: string
  readonly log: Log
}

export interface OpenedStore {
  readonly store: LevelChainStore
  readonly recent: Recent
  readonly safety: SafetyStore
  /** A damaged store was replaced, now or at an earlier start, and nothing was signed since. */
  readonly isRecordLost: boolean
  readonly conflictNames: readonly string[]
}

/**
 * A damaged store is set aside and the chain fetched again from peers. What was set aside beside a store without a vote
 * record is the durable mark of a lost record: a restart does not end the silence.
 */
export async function openStore(options: StoreOptions): Promise<OpenedStore> {
  const folder = join(options.folder, 'chain')
  const warn = ({ message }: { readonly message: string }): void => options.log.log('warn', message)
  const open = () => LevelChainStore.open(folder, options.execution.chain.chainId, warn)
  const store = await open()
  try {
    return await opened(options, store, folder)
  } catch (error) {
    await store.close()
    if (!isCorruption(error)) throw error
    setAside(folder, error, warn)
    return opened(options, await open(), folder)
  }
}

async function opened(options: StoreOptions, store: LevelChainStore, folder: string): Promise<OpenedStore> {
  const recent = await fill(options, store)
  const safety = new SafetyStore(store, options.folder, store.safety() === undefined && hasSetAside(folder))
  for (const finding of [...safety.findings, ...missingBlocks(safety, recent)]) options.log.log('warn', finding)
  return { store, recent, safety, isRecordLost: safety.isLost, conflictNames: await store.conflictNames() }
}

/** A vote at a height is only written when the block before it is on disk: if it is not, the database has lost its end. */
function missingBlocks({ saved }: SafetyStore, { ledger }: Recent): string[] {
  const record = saved && decodeSafetyRecord(saved.record)
  const { height } = ledger.header
  if (record?.kind !== 'accepted' || record.value.height <= height + 1n) return []
  const lost = `${height + 1n} to ${record.value.height - 1n}`
  return [
    `the database ends at block ${height}, and this validator has voted on ${record.value.height}: it has lost blocks ${lost}, which are fetched from peers`,
  ]
}

async function fill(options: StoreOptions, store: LevelChainStore): Promise<Recent> {
  const { execution, genesis, log } = options
  if (store.headHeight === undefined)
    await store.append({
      ...{ height: 0n, block: encodeBlock(genesisBlock(genesis)), cert: undefined, txids: [] },
      committees: committeesOf(genesis, [0, 1]),
    })
  return restore(execution, genesis, store, {
    onProgress: (height) => log.log('info', `executed block ${height} again`),
    onDamage: (what) => log.log('warn', what),
  })
}

/** Encoded committees of these epochs, as far as the ledger has them. */
export function committeesOf(ledger: Ledger, epochs: readonly number[]) {
  return epochs.flatMap((epoch) => {
    const keys = committeeOf(ledger, epoch)
    return keys === undefined ? [] : [{ epoch, bytes: encodeCommittee(keys.committee) }]
  })
}
