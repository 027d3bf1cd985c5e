import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Silence } from '../../src/node/silence.ts'

test('[BFT-1] silence ends only with a block first proposed after the restart by any clock within the drift', () => {
  const silence = new Silence('lost', 1_000_000.4, { clockDriftMsMax: 10_000 })
  assert.equal(silence.endsWith({ timeMs: 999_999n }), false)
  assert.equal(silence.endsWith({ timeMs: 1_010_001n }), false)
  assert.equal(silence.endsWith({ timeMs: 1_010_002n }), true)
  assert.match(silence.reason, /signs nothing until .*1970-01-01T00:16:50/)
})
