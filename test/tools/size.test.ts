import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../tools/checks/size.ts'

test('every wasm file and the JavaScript that comes with it is within its budget', async () => {
  const { results, notRun } = await run()
  assert.deepEqual(notRun, [])
  for (const { id, value, bar, pass } of results)
    assert.ok(pass, `${id}: ${String(value)} bytes, at most ${String(bar)}`)
})
