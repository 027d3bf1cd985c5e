/** The short form of the check `mesh`, as part of `npm test`. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../tools/checks/mesh.ts'

test('clients in Node and Chromium, of which one alone reaches a validator, follow through each other', async () => {
  const { results, notRun } = await run({ seed: String(Date.now()), full: false })
  deepEqual(notRun, [])
  ok(results.length > 0)
  deepEqual(
    results.filter(({ pass }) => !pass),
    [],
  )
})
