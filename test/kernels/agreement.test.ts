import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { runTwinAgreement } from '../../tools/checks/twin.ts'
import { CASES } from '../../tools/checks/twin-cases.ts'

const seed = process.env['STAKECUBE_SEED'] ?? randomBytes(6).toString('hex')

for (const kernel of Object.keys(CASES))
  test(`${kernel}: scalar, SIMD and twin agree on random input (seed ${seed})`, async () => {
    for (const answer of await runTwinAgreement({ cases: 400, seed, kernels: [kernel] }))
      assert.equal(answer.mismatches, 0, `${answer.build} differs first at STAKECUBE_SEED=${answer.firstMismatchSeed}`)
  })
