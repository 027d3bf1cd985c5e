import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { generatedFiles } from '../../tools/generate-bls-field.ts'
import { FIELD_CASES } from './bls-field-cases.ts'
import { compileFieldMachine } from './bls-field-machine.ts'
import type { FieldMachine } from './bls-field-machine.ts'

const SEED = process.env['BLS_SEED'] ?? 'bls-field'
const CASE_COUNT = 200

describe(`the insides of the BLS kernel against BigInt arithmetic (BLS_SEED=${SEED})`, () => {
  let machine: FieldMachine
  before(async () => {
    machine = await compileFieldMachine()
  })

  for (const [name, agrees] of Object.entries(FIELD_CASES))
    it(`${name} agrees on ${CASE_COUNT} random operands, edges and loose forms among them`, () => {
      for (let index = 0; index < CASE_COUNT; index++)
        assert.ok(agrees(machine, new Prng(`${SEED}/${name}/${index}`)), `case ${index}`)
    })

  it('is built from what the generator writes', async () => {
    for (const { path, text } of await generatedFiles())
      assert.equal(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), text, path)
  })
})
