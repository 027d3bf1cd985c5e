import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { CliError, EXIT } from '../../src/cli/exit-codes.ts'
import { vectorsCommand } from '../../src/cli/vectors/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-vectors-'))
after(() => rmSync(folder, { recursive: true }))

const CASE = { n: '100', T: '200', e: '100', digestHex: '80'.padEnd(64, '0'), seats: '50' }

function fileOf(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** Exit code and what was printed. */
async function run(...argv: string[]): Promise<{ readonly code: number; readonly text: string }> {
  let text = ''
  const code = await vectorsCommand(argv, (chunk) => (text += chunk))
  return { code, text }
}

test('vectors answers {cases, passed, failed} and exits 0 only if every case passed, with each kernel', async () => {
  const good = fileOf('good.json', { cases: [CASE] })
  const bad = fileOf('bad.json', { cases: [CASE, { ...CASE, seats: '51' }] })
  for (const kernel of ['scalar', 'simd', 'twin']) {
    const passed = await run('select', good, '--kernel', kernel, '--json')
    assert.equal(passed.code, EXIT.ok)
    assert.deepEqual(JSON.parse(passed.text), { cases: 1, passed: 1, failed: [] })
    const failed = await run('select', bad, '--kernel', kernel, '--json')
    assert.equal(failed.code, EXIT.rejected)
    const report: unknown = JSON.parse(failed.text)
    assert.deepEqual(report, { cases: 2, passed: 1, failed: [{ index: 1, expected: '51', got: '50' }] })
  }
  assert.match((await run('select', bad)).text, /1 of 2 cases passed\ncase 1\n {2}expected "51"\n {2}got {6}"50"\n/)
})

test('vectors refuses a wrong kind, kernel and file with one sentence and the exit of the table', async () => {
  const good = fileOf('good.json', { cases: [CASE] })
  const refused = (exit: string, pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof CliError && error.exit === exit, String(error))
    assert.match(error.message, pattern)
    assert.ok(!error.message.includes('\n'))
    return true
  }
  await assert.rejects(run('selection', good), refused('usage', /KIND must be one of sortition, .* got "selection"/))
  await assert.rejects(run('select', good, '--kernel', 'fast'), refused('usage', /--kernel must be one of/))
  await assert.rejects(run('select'), refused('usage', /FILE is missing/))
  await assert.rejects(run('select', join(folder, 'none.json')), refused('input', /does not exist/))
  await assert.rejects(run('select', folder), refused('input', /cannot be read \(EISDIR\)/))
  await assert.rejects(run('select', fileOf('broken.json', '{"cases": [')), refused('input', /is not JSON/))
  await assert.rejects(run('tx', good), refused('input', /cases\[0\]\.valid is missing/))
})
