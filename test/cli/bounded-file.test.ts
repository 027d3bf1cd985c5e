import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readBoundedFile } from '../../src/cli/bounded-file.ts'
import type { CliError } from '../../src/cli/exit-codes.ts'

const MODULE = new URL('../../src/cli/bounded-file.ts', import.meta.url).href
let folder: string
before(() => void (folder = mkdtempSync(join(tmpdir(), 'stakecube-bounded-'))))
after(() => rmSync(folder, { recursive: true, force: true }))

const refuses = (path: string, bytesMax: number, pattern: RegExp) =>
  throws(
    () => readBoundedFile(path, 'proof file', bytesMax),
    (error: CliError) => {
      equal(error.exit, 'input')
      match(error.message, pattern)
      return true
    },
  )

test('a file is read whole up to the limit, and one byte more is refused with both sizes', () => {
  const path = join(folder, 'a')
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index & 255)
  writeFileSync(path, bytes)
  deepEqual(readBoundedFile(path, 'proof file', 200_000), bytes)
  refuses(path, 199_999, /^the proof file .*a has 200000 bytes and may have at most 199999: /)
  writeFileSync(path, '')
  equal(readBoundedFile(path, 'proof file', 0).length, 0)
})

test('what has no size and no end is read no further than the limit', () => {
  refuses('/dev/zero', 1_000_000, /has more than 1000000 bytes and may have at most 1000000/)
})

test('what is not there, or is a folder, is refused by its name', () => {
  refuses(join(folder, 'none'), 1, /cannot read the proof file .*none \(ENOENT\)/)
  refuses(folder, 1e9, /cannot read the proof file .* \(EISDIR\)/)
})

test('standard input is read to its end, from a pipe that brings it in parts too', () => {
  const script = `import(${JSON.stringify(MODULE)}).then(({ readBoundedFile }) => console.log(readBoundedFile('-', 'proof file', 300000).length))`
  const node = [process.execPath, '--import', 'tsx', '-e', script]
  equal(spawnSync(node[0]!, node.slice(1), { input: Buffer.alloc(150_000), encoding: 'utf8' }).stdout.trim(), '150000')
  const quoted = node.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ')
  equal(execFileSync('sh', ['-c', `(printf abc; sleep 0.2; printf def) | ${quoted}`], { encoding: 'utf8' }).trim(), '6')
})
