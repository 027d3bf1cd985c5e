/** The short form of the check `flood`, as part of `npm test`. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../tools/checks/flood.ts'

test('peers that flood are counted and cut off, and the validators go on in bounded memory', async () => {
  const { results, notRun } = await run({ seed: 'flood', full: false })
  deepEqual(notRun, [])
  ok(results.length > 0)
  deepEqual(
    results.filter(({ pass }) => !pass),
    [],
  )
})
