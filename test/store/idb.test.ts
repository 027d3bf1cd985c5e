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

test('an exchange writes what it decides from what is there, with nobody between, over two openings of one database', async () => {
  const name = freshName()
  const [a, b] = [await openIdbStore(name), await openIdbStore(name)]
  const count = (present: ReadonlyMap<string, Uint8Array>) =>
    new Map([['count', Uint8Array.of((present.get('count')?.[0] ?? 0) + 1)]])
  await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? a : b).exchange!(['count'], count)))
  deepEqual(await a.get('count'), Uint8Array.of(40))
  deepEqual([...(await b.entries!())], [['count', Uint8Array.of(40)]])
  await Promise.all([a.close(), b.close()])
})

test('an exchange whose decision throws writes nothing and rejects with that', async () => {
  const store = await openIdbStore(freshName())
  await store.commit(new Map([['a', Uint8Array.of(1)]]))
  const fault = new Error('no')
  await rejects(
    store.exchange!(['a', 'b'], () => {
      throw fault
    }),
    fault,
  )
  deepEqual([...(await store.entries!())], [['a', Uint8Array.of(1)]])
  await store.exchange!(['a'], () => new Map([['a', undefined]]))
  equal((await store.entries!()).size, 0)
  await store.close()
  await rejects(
    store.exchange!([], () => new Map()),
    { code: 'closed' },
  )
})
