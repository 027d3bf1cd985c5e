/** What every adapter of the Store port promises, as one suite. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import type { Store } from '../../src/ports/index.ts'

export interface StoreUnderTest {
  /** Opens the same store: called again after a close it must find what was committed. */
  open(): Promise<Store>
  cleanUp(): Promise<void>
}

const bytes = (...values: number[]) => Uint8Array.from(values)

export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  const property = (title: string, body: (under: StoreUnderTest) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const under = await make()
      try {
        await body(under)
      } finally {
        await under.cleanUp()
      }
    })

  property('a key that was never written is undefined', async ({ open }) => {
    const store = await open()
    equal(await store.get('head'), undefined)
    deepEqual(await store.keys(''), [])
    await store.close()
  })

  property('a commit is visible at once and after reopening; an empty value is not an absent one', async ({ open }) => {
    const first = await open()
    await first.commit(
      new Map([
        ['a', bytes(1, 2, 3)],
        ['b', bytes()],
      ]),
    )
    deepEqual(await first.get('a'), bytes(1, 2, 3))
    deepEqual(await first.get('b'), bytes())
    await first.close()
    const second = await open()
    deepEqual(await second.get('a'), bytes(1, 2, 3))
    deepEqual(await second.get('b'), bytes())
    await second.close()
  })

  property('undefined deletes, in the same commit as writes', async ({ open }) => {
    const store = await open()
    await store.commit(new Map([['old', bytes(1)]]))
    await store.commit(
      new Map<string, Uint8Array | undefined>([
        ['old', undefined],
        ['new', bytes(2)],
      ]),
    )
    equal(await store.get('old'), undefined)
    deepEqual(await store.keys(''), ['new'])
    await store.close()
    const again = await open()
    equal(await again.get('old'), undefined)
    await again.close()
  })

  property('keys are those of a prefix, ascending', async ({ open }) => {
    const store = await open()
    await store.commit(new Map(['p/2', 'q', 'p/1', 'p/10'].map((key) => [key, bytes(7)])))
    deepEqual(await store.keys('p/'), ['p/1', 'p/10', 'p/2'])
    await store.close()
  })

  property('nobody can change what is stored through an array they hold', async ({ open }) => {
    const store = await open()
    const written = bytes(5)
    await store.commit(new Map([['k', written]]))
    written[0] = 6
    const read = await store.get('k')
    read![0] = 7
    deepEqual(await store.get('k'), bytes(5))
    await store.close()
  })

  property('commits that were not awaited land in the order of the calls', async ({ open }) => {
    const store = await open()
    await Promise.all([1, 2, 3, 4].map((value) => store.commit(new Map([['k', bytes(value)]]))))
    deepEqual(await store.get('k'), bytes(4))
    await store.close()
  })

  property('any run of commits and restarts equals a map', async ({ open }) => {
    const seed = Date.now()
    console.log(`store contract seed ${seed}`)
    const prng = new Prng(seed)
    const model = new Map<string, Uint8Array>()
    let store = await open()
    for (let step = 0; step < 60; step++) {
      const writes = new Map<string, Uint8Array | undefined>()
      for (let count = prng.below(4); count >= 0; count--) {
        const value = prng.chance(0.25) ? undefined : prng.bytes(prng.below(300))
        writes.set(`k${prng.below(8)}`, value)
      }
      await store.commit(writes)
      for (const [key, value] of writes) {
        if (value === undefined) model.delete(key)
        else model.set(key, value)
      }
      if (prng.chance(0.1)) {
        await store.close()
        store = await open()
      }
    }
    deepEqual(await store.keys(''), [...model.keys()].sort())
    for (const [key, value] of model) deepEqual(await store.get(key), value)
    await store.close()
  })

  property('a closed store answers with the code "closed"', async ({ open }) => {
    const store = await open()
    await store.close()
    await rejects(store.get('k'), { code: 'closed' })
    await rejects(store.commit(new Map()), { code: 'closed' })
  })
}
