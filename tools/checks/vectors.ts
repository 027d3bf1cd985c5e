/** Check `vectors`: every file of ../shared/vectors passes through `stakecube vectors` with scalar, SIMD and twin. */
import { existsSync } from 'node:fs'
import { vectorsCommand } from '../../src/cli/vectors/index.ts'
import { measured, type CheckOutcome, type CheckResult } from './registry.ts'

const FOLDER = '../shared/vectors'
const MODEL_KINDS = [
  ...['tagged-hash', 'select', 'pop', 'vote', 'tx', 'state', 'cube', 'audit', 'header', 'certificate', 'history'],
  'topics',
]
const FILES: readonly (readonly [kind: string, file: string])[] = [
  ['sortition', 'sortition/certified.json'],
  ['rfc9162-inclusion', 'rfc9162/inclusion.json'],
  ['rfc9162-consistency', 'rfc9162/consistency.json'],
  ...MODEL_KINDS.map((kind) => [kind, `model/${kind}.json`] as const),
]

export async function run(): Promise<CheckOutcome> {
  const results: CheckResult[] = []
  const notRun: string[] = []
  for (const [kind, file] of FILES) {
    const path = `${FOLDER}/${file}`
    if (!existsSync(path)) {
      notRun.push(`${path} is not here: put the shared folder beside the repository`)
      continue
    }
    for (const kernel of ['scalar', 'simd', 'twin']) {
      let text = ''
      await vectorsCommand([kind, path, '--kernel', kernel, '--json'], (printed) => (text += printed))
      const { cases, passed } = JSON.parse(text) as { cases: number; passed: number }
      const failed = measured(`${kind}, ${kernel}: failed of ${cases}`, cases - passed, 'cases', '==', 0)
      results.push(cases > 0 ? failed : { ...failed, pass: false })
    }
  }
  return { results, notRun }
}
