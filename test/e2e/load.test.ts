/** The short form of the check `load`, as part of `npm test`. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../tools/checks/load.ts'

test('eight validators as processes make payments final, and each one’s processor time and memory is known', async () => {
  const { results, notRun } = await run({ seed: 'load', full: false })
  deepEqual(notRun, [])
  ok(results.length > 0)
  // How much this machine carries, beside whatever else it does, is for the check to show, not for a test to judge.
  deepEqual(
    results.filter(({ id, pass }) => !pass && id !== 'ratesCarried'),
    [],
  )
})
