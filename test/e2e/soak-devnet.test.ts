/** The short form of the check `soak-devnet`, as part of `npm test`. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../tools/checks/soak-devnet.ts'

test('validators as processes lose nothing and sign nothing twice under kill -9, a partition and a restart of all', async () => {
  const seed = String(Date.now())
  console.log(`soak-devnet seed ${seed}`)
  const { results, notRun } = await run({ seed, full: false })
  deepEqual(notRun, [])
  ok(results.length > 0)
  // How many kills fit into a minute depends on the machine; that there were some does not.
  ok(results.some(({ id, value }) => id === 'kills' && Number(value) > 0))
  deepEqual(
    results.filter(({ id, pass }) => !pass && id !== 'kills'),
    [],
  )
})
