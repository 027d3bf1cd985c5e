/** libp2p's own store in LevelDB. Nothing in it is dear: peers are found again, and a new certificate costs an address. */
import { LevelDatastore } from 'datastore-level'
import { openOrSetAside } from './level-db.ts'
import type { StoreWarning } from './store-error.ts'

/**
 * Opens or creates the datastore in `folder`, whose parent is made if missing. A damaged one is renamed to
 * `<folder>.damaged-<n>`, reported through `warn`, and a new one is started. Rejects with StoreError.
 */
export function openLevelDatastore(folder: string, warn: (warning: StoreWarning) => void): Promise<LevelDatastore> {
  return openOrSetAside(folder, () => openReadable(folder), warn)
}

/** LevelDB finds damaged entries when they are read, which libp2p does while it begins to listen: the few there are, read here. */
async function openReadable(folder: string): Promise<LevelDatastore> {
  const datastore = new LevelDatastore(folder)
  try {
    // Not by its own open(), whose errors no longer say why.
    await datastore.db.open()
    await datastore.db.iterator().all()
    return datastore
  } catch (error) {
    await datastore.close()
    throw error
  }
}
