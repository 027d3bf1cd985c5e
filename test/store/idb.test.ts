import 'fake-indexeddb/auto'
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { openDB } from 'idb'
import { openIdbStore } from '../../src/store/idb.ts'
import type { StoreWarning } from '../../src/store/store-error.ts'
import { storeContract } from './contract.ts'

let databases = 0
const freshName = () => `stakecube-test-${++databases}`

storeContract('idb', async () => {
  const name = freshName()
  return { open: () => openIdbStore(name), cleanUp: async () => undefined }
})

test('an entry that does not fit its checksum sets all of them aside, with a warning', async () => {
  const name = freshName()
  const store = await openIdbStore(name)
  await store.commit(
    new Map([
      ['a', Uint8Array.of(1)],
      ['b', Uint8Array.of(2)],
    ]),
  )
  await store.close()
  const raw = await openDB(name, 1)
  const entry = (await raw.get('entries', 'a')) as { bytes: Uint8Array; checksum: Uint8Array }
  await raw.put('entries', { ...entry, bytes: Uint8Array.of(9) }, 'a')
  raw.close()
  const warnings: StoreWarning[] = []
  const again = await openIdbStore(name, { onWarning: (warning) => warnings.push(warning) })
  equal(await again.get('a'), undefined)
  equal(await again.get('b'), undefined)
  await again.close()
  equal(warnings.length, 1)
  const kept = await openDB(name, 1)
  const aside = (await kept.get('set-aside', warnings[0]!.keptAs)) as Record<string, { bytes: Uint8Array }>
  deepEqual(aside['b']!.bytes, Uint8Array.of(2))
  kept.close()
})

test('a database of a newer version is refused with what to do', async () => {
  const name = freshName()
  ;(await openDB(name, 7)).close()
  await rejects(openIdbStore(name), { code: 'version-newer', message: /reload/ })
})
