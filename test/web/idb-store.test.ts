/** The Store contract against Chromium's own IndexedDB, and what only a real one can show. */
import { deleteDB, openDB } from 'idb'
import { openIdbStore } from '../../src/store/idb.ts'
import type { StoreWarning } from '../../src/store/store-error.ts'
import { storeContract } from '../store/contract.ts'
import { equal, ok, rejection } from './expect.ts'

let count = 0
const freshName = (): string => `test-${Date.now()}-${count++}`

describe('IndexedDB store in Chromium', () => {
  storeContract('idb', async () => {
    const name = freshName()
    return { open: () => openIdbStore(name), cleanUp: () => deleteDB(name) }
  })

  it('sets a corrupted database aside, says so, and neither trusts nor deletes it', async () => {
    const name = freshName()
    const store = await openIdbStore(name)
    await store.commit(new Map([['head', Uint8Array.of(1, 2, 3)]]))
    await store.close()
    const raw = await openDB(name)
    const entry = (await raw.get('entries', 'head')) as { bytes: Uint8Array }
    entry.bytes[1]! ^= 1
    await raw.put('entries', entry, 'head')
    raw.close()
    const warnings: StoreWarning[] = []
    const again = await openIdbStore(name, { onWarning: (warning) => warnings.push(warning) })
    equal(await again.get('head'), undefined)
    equal(
      warnings.map(({ code }) => code),
      ['set-aside'],
    )
    await again.close()
    const kept = await openDB(name)
    equal(await kept.count('set-aside'), 1)
    kept.close()
    await deleteDB(name)
  })

  it('refuses a database of a newer version and leaves it alone', async () => {
    const name = freshName()
    const newer = await openDB(name, 1000, { upgrade: (database) => void database.createObjectStore('entries') })
    await newer.put('entries', 'theirs', 'head')
    newer.close()
    const error = (await rejection(() => openIdbStore(name))) as Error & { code: string }
    equal(error.code, 'version-newer')
    ok(error.message.includes('newer version'), error.message)
    const after = await openDB(name)
    equal(await after.get('entries', 'head'), 'theirs')
    after.close()
    await deleteDB(name)
  })
})
