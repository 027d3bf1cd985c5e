import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { VectorFileError } from '../../src/cli/vectors/fields.ts'
import { parseExactJson } from '../../src/cli/vectors/json.ts'
import { runVectors, VECTOR_KINDS, type VectorKind } from '../../src/cli/vectors/run.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { twin } from '../../src/kernels/twin/index.ts'

const ENGINE = { kernels: twin, bls: createNobleBls() }
const run = (kind: VectorKind, file: unknown) =>
  runVectors(kind, typeof file === 'string' ? file : JSON.stringify(file), ENGINE)

/** The twelve certified rows are facts of §7, so they stand here too. */
const SORTITION_ROWS = [
  {
    name: 'toy symmetric median',
    n: '100',
    T: '200',
    e: '100',
    digestHex: '8000000000000000000000000000000000000000000000000000000000000000',
    seats: '50',
  },
  {
    name: 'toy low probability',
    n: '250',
    T: '1000',
    e: '1',
    digestHex: '5555555555555555555555555555555555555555555555555555555555555555',
    seats: '0',
  },
  {
    name: 'realistic half stake median',
    n: '1000000000000000',
    T: '2000000000000000',
    e: '1500',
    digestHex: '8000000000000000000000000000000000000000000000000000000000000000',
    seats: '750',
  },
  {
    name: 'base minimum ordinary ratio',
    n: '100000',
    T: '10000000000000000',
    e: '5000',
    digestHex: '8000000000000000000000000000000000000000000000000000000000000000',
    seats: '0',
  },
  {
    name: 'payout minimum upper tail',
    n: '30000000000',
    T: '10000000000000000',
    e: '5000',
    digestHex: 'fffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    seats: '5',
  },
  {
    name: 'online stake 1500 tail',
    n: '2000000000000000',
    T: '2000000000000000',
    e: '1500',
    digestHex: 'ffffffffffffffefffffffffffffffffffffffffffffffffffffffffffffffff',
    seats: '1852',
  },
  {
    name: 'online stake 6000 tail',
    n: '2000000000000000',
    T: '2000000000000000',
    e: '6000',
    digestHex: 'fffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffff',
    seats: '6667',
  },
  {
    name: 'supply ceiling 5000 tail',
    n: '10000000000000000',
    T: '10000000000000000',
    e: '5000',
    digestHex: 'ffffffffffffffffbfffffffffffffffffffffffffffffffffffffffffffffff',
    seats: '5667',
  },
  {
    name: 'one third supply 2990 tail',
    n: '3333333333333333',
    T: '10000000000000000',
    e: '2990',
    digestHex: 'ffffffffffffffbfffffffffffffffffffffffffffffffffffffffffffffffff',
    seats: '1281',
  },
  {
    name: 'domain edge tiny probability',
    n: '72057594037927935',
    T: '18446744073709551615',
    e: '1',
    digestHex: 'ffffffffffffbfffffffffffffffffffffffffffffffffffffffffffffffffff',
    seats: '5',
  },
  {
    name: 'probability near one',
    n: '3000',
    T: '6001',
    e: '6000',
    digestHex: '8000000000000000000000000000000000000000000000000000000000000000',
    seats: '3000',
  },
  {
    name: 'large balanced probability',
    n: '3000',
    T: '18446744073709551615',
    e: '9223372036854775807',
    digestHex: '8000000000000000000000000000000000000000000000000000000000000000',
    seats: '1500',
  },
]

test('the twelve certified sortition rows give their seats', () => {
  const report = run('sortition', { cases: SORTITION_ROWS })
  assert.deepEqual(report, { cases: 12, passed: 12, failed: [] })
})

test('a wrong expectation is reported with its index, what was expected and what was got', () => {
  const wrong = SORTITION_ROWS.map((row, index) => (index === 3 ? { ...row, seats: '123456' } : row))
  const report = run('sortition', { cases: wrong })
  assert.equal(report.passed, 11)
  assert.deepEqual(report.failed, [{ index: 3, expected: '123456', got: SORTITION_ROWS[3]!.seats }])
})

test('integers beyond 2^53 keep every digit, in strings nothing is touched', () => {
  const text =
    '{"a":18446744073709551615,"b":"12345678901234567890","c":[9007199254740993, 1.5, -7],"d\\"1234567890123456789":1}'
  assert.deepEqual(parseExactJson(text), {
    a: '18446744073709551615',
    b: '12345678901234567890',
    c: ['9007199254740993', 1.5, -7],
    'd"1234567890123456789': 1,
  })
})

test('indices that differ only beyond 2^53 are told apart', () => {
  // A tree of 2^53 + 2 leaves: the last leaf's path has as many hashes as that index needs, not as its neighbour's.
  const leafHash = Buffer.from(new Uint8Array(32).fill(1)).toString('base64')
  const sibling = new Uint8Array(32).fill(2)
  const top = new Uint8Array(32).fill(3)
  const root = twin.nodeHash(top, twin.nodeHash(sibling, new Uint8Array(32).fill(1)))
  const proof = [sibling, top].map((hash) => Buffer.from(hash).toString('base64'))
  const file = (index: string) =>
    `{"cases":[{"leafIdx":${index},"treeSize":9007199254740994,"root":"${Buffer.from(root).toString('base64')}","leafHash":"${leafHash}","proof":${JSON.stringify(proof)},"wantErr":false}]}`
  assert.equal(run('rfc9162-inclusion', file('9007199254740993')).passed, 1)
  assert.equal(run('rfc9162-inclusion', file('9007199254740992')).passed, 0)
})

test('a file that is no vector file of its kind gets one sentence that names the place', () => {
  const bad: unknown[] = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    { cases: {} },
    { cases: [3] },
    { cases: [{}] },
    { cases: [null] },
  ]
  for (const kind of VECTOR_KINDS)
    for (const file of bad)
      assert.throws(
        () => run(kind, file),
        (error) => error instanceof VectorFileError && !error.message.includes('\n') && error.message.length < 200,
        `${kind} ${JSON.stringify(file)}`,
      )
})

test('a field of another type is named, not guessed at', () => {
  const row = SORTITION_ROWS[0]!
  for (const change of [
    { n: -1 },
    { n: '1e3' },
    { n: 1.5 },
    { n: '18446744073709551616' },
    { digestHex: 'zz' },
    { digestHex: '00' },
    { seats: [] },
  ])
    assert.throws(
      () => run('sortition', { cases: [{ ...row, ...change }] }),
      new RegExp(`cases\\[0\\]\\.${Object.keys(change)[0]!}`),
    )
})

test('an input outside the domain fails its case and not the run', () => {
  const row = SORTITION_ROWS[0]!
  const report = run('sortition', { cases: [{ ...row, n: '300' }, row] })
  assert.equal(report.passed, 1)
  assert.match(String(report.failed[0]!.got), /^threw: n must be in \[0, total 200\].*, got 300$/)
})

const MODEL = fileURLToPath(new URL('../../../shared/vectors/model/', import.meta.url))
const skip = existsSync(MODEL) ? false : `no vectors at ${MODEL}`

test('no answer is copied from the file: with every expectation changed every case fails', { skip }, () => {
  for (const kind of ['header', 'topics', 'state', 'audit', 'tagged-hash', 'select', 'cube', 'history'] as const) {
    const file = JSON.parse(readFileSync(`${MODEL}${kind}.json`, 'utf8')) as { cases: Record<string, unknown>[] }
    const cases = file.cases.filter((testCase) => kind !== 'header' || testCase['valid'] === true).map(falsified)
    const report = run(kind, { ...file, cases })
    assert.equal(report.passed, 0, `${kind}: ${report.passed} of ${report.cases} falsified cases passed`)
  }
})

/** The case with its expected answer made wrong. */
function falsified(testCase: Record<string, unknown>): Record<string, unknown> {
  const changed = { ...testCase }
  if ('hash' in changed) changed['hash'] = '00'.repeat(32)
  else if ('seats' in changed) changed['seats'] = '99999'
  else if ('seatsTotal' in changed) changed['seatsTotal'] = 1
  else if ('leafCount' in changed) changed['leafCount'] = 1e6
  else if (changed['valid'] === false) Object.assign(changed, { valid: true, expected: [], expectedSet: [] })
  else if ('expectedSet' in changed) changed['expectedSet'] = ['00']
  else if ('expected' in changed) changed['expected'] = ['00']
  else changed['valid'] = false
  return changed
}
