/** The short form of the check `resume`, as part of `npm test`. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../tools/checks/resume.ts'

test('a client killed with SIGKILL at random moments goes on from what it had verified, over TCP and webrtc-direct', async () => {
  const seed = String(Date.now())
  console.log(`resume seed ${seed}`)
  const { results, notRun } = await run({ seed, full: false })
  deepEqual(notRun, [])
  ok(results.length > 0)
  deepEqual(
    results.filter(({ pass }) => !pass),
    [],
  )
})
