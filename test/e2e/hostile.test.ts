/** The short form of the check `hostile`, as part of `npm test`. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../tools/checks/hostile.ts'

test('among servers of every hostile kind the client believes nothing false and finds the honest one', async () => {
  const seed = String(Date.now())
  console.log(`hostile seed ${seed}`)
  const { results, notRun } = await run({ seed, full: false })
  deepEqual(notRun, [])
  ok(results.length > 0)
  deepEqual(
    results.filter(({ pass }) => !pass),
    [],
  )
})
