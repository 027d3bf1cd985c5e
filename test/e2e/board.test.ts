/** The short form of the check `board` on this machine's Node. The emulated board itself is run by `npm run check -- board`. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { HOST } from '../../tools/checks/board-target.ts'
import { runOn } from '../../tools/checks/board.ts'

test('the edge file follows a live devnet, and after power cuts with torn writes goes on from what it had reported', async () => {
  const seed = String(Date.now())
  console.log(`board seed ${seed}`)
  const { results, notRun } = await runOn([HOST], seed, false)
  deepEqual(notRun, [])
  ok(results.length > 0)
  deepEqual(
    results.filter(({ pass }) => !pass),
    [],
  )
})
