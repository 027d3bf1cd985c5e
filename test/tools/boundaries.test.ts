import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { breaches } from '../../tools/boundaries.ts'

async function breachesOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'stakecube-boundaries-'))
  try {
    for (const [path, text] of Object.entries({ 'package.json': '{"name":"x","type":"module"}', ...files })) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return await breaches(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

test('an allowed arrow passes', async () => {
  const found = await breachesOf({
    'src/base/a.ts': 'export const a = 1\n',
    'src/chain/b.ts': "import { a } from '../base/a.ts'\nexport const b = a\n",
  })
  assert.deepEqual(found, [])
})

test('a wrong arrow between rooms fails, also when only a type crosses', async () => {
  const found = await breachesOf({
    'src/base/a.ts': "import type { B } from '../chain/b.ts'\nexport type A = B\n",
    'src/chain/b.ts': 'export type B = number\n',
  })
  assert.match(found.join('\n'), /arrow-from-base: src\/base\/a\.ts → src\/chain\/b\.ts/)
})

test('the core importing something of Node fails', async () => {
  const found = await breachesOf({
    'src/chain/b.ts': "import { readFileSync } from 'node:fs'\nexport const b = readFileSync\n",
  })
  assert.match(found.join('\n'), /core-takes-only-noble/)
})

test('a production entry point that reaches the model signatures by a detour fails', async () => {
  const found = await breachesOf({
    'src/crypto/bls-model.ts': 'export const model = 1\n',
    'src/cli/detour.ts': "import { model } from '../crypto/bls-model.ts'\nexport const detour = model\n",
    'src/cli/light.ts': "import { detour } from './detour.ts'\nexport const light = detour\n",
  })
  assert.match(found.join('\n'), /model-signatures-only-in-sim: src\/cli\/light\.ts/)
})

test('having seen no modules fails', async () => {
  assert.match((await breachesOf({}))[0]!, /saw no modules/)
  assert.match((await breachesOf({ 'src/base/readme.md': 'nothing' }))[0]!, /saw no modules/)
})

test('a room that the table does not know fails', async () => {
  const found = await breachesOf({
    'src/base/a.ts': 'export const a = 1\n',
    'src/utils/b.ts': "import { a } from '../base/a.ts'\nexport const b = a\n",
  })
  assert.match(found.join('\n'), /src\/utils\/ is a room/)
})
