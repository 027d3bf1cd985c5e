import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { Spool } from '../../src/store/spool.ts'

const makeFolder = () => mkdtempSync(join(tmpdir(), 'stakecube-spool-'))
const bytes = (text: string) => new TextEncoder().encode(text)
const texts = (lines: readonly Uint8Array[]) => lines.map((line) => new TextDecoder().decode(line))
const ALL = 2 ** 30

test('lines come back in order, in portions that fit, from a cursor that survives a restart', () => {
  const folder = makeFolder()
  const first = new Spool(folder)
  for (let index = 0; index < 10; index++) first.append(bytes(`line ${index}`), 7 * (index + 1))
  const { lines, next } = first.read(first.start, 20)
  deepEqual(texts(lines), ['line 0', 'line 1', 'line 2'])
  first.close()
  const again = new Spool(folder)
  equal(again.sourceEnd, 70)
  deepEqual(texts(again.read(next, ALL).lines), ['line 3', 'line 4', 'line 5', 'line 6', 'line 7', 'line 8', 'line 9'])
  again.close()
  rmSync(folder, { recursive: true })
})

test('a power cut at any byte of the last record loses that record and nothing else, and the source is read on from there', () => {
  const folder = makeFolder()
  const spool = new Spool(folder)
  spool.append(bytes('kept'), 5)
  spool.close()
  const [name] = readdirSync(folder)
  const path = join(folder, name!)
  const before = readFileSync(path).length
  const more = new Spool(folder)
  more.append(bytes('a line that is torn'), 25)
  more.close()
  const whole = readFileSync(path)
  for (let length = before; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length))
    const torn = new Spool(folder)
    equal(torn.sourceEnd, 5, `cut at ${length}`)
    torn.append(bytes('again'), 12)
    deepEqual(texts(torn.read(torn.start, ALL).lines), ['kept', 'again'], `cut at ${length}`)
    torn.close()
  }
  rmSync(folder, { recursive: true })
})

test('a cut while a new segment begins keeps where the source was', () => {
  const folder = makeFolder()
  const spool = new Spool(folder)
  let position = 0
  while (readdirSync(folder).length < 2) spool.append(new Uint8Array(1000).fill(65), (position += 1001))
  spool.close()
  const last = join(folder, readdirSync(folder).sort().at(-1)!)
  for (const length of [0, 5, 19]) {
    truncateSync(last, length)
    const torn = new Spool(folder)
    equal(torn.sourceEnd, position - 1001)
    torn.close()
  }
  rmSync(folder, { recursive: true })
})

test('whatever is appended, torn and trimmed, what is read equals what was synced', () => {
  const seed = Date.now()
  console.log(`spool seed ${seed}`)
  const prng = new Prng(seed)
  const folder = makeFolder()
  let spool = new Spool(folder)
  let cursor = spool.start
  let waiting: string[] = []
  let position = 0
  for (let step = 0; step < 400; step++) {
    for (let count = prng.below(6); count > 0; count--) {
      const line = `${step}/${count}/${'x'.repeat(prng.below(1500))}`
      spool.append(bytes(line), (position += line.length + 1))
      waiting.push(line)
    }
    const { lines, next } = spool.read(cursor, prng.below(8000))
    deepEqual(texts(lines), waiting.slice(0, lines.length))
    waiting = waiting.slice(lines.length)
    cursor = next
    if (prng.chance(0.2)) spool.trim(cursor)
    if (!prng.chance(0.1)) continue
    spool.close()
    const last = readdirSync(folder).sort().at(-1)!
    appendFileSync(join(folder, last), prng.bytes(prng.below(40)))
    spool = new Spool(folder)
    equal(spool.sourceEnd, position)
  }
  ok(readdirSync(folder).length < 10)
  deepEqual(texts(spool.read(cursor, ALL).lines), waiting)
  spool.close()
  rmSync(folder, { recursive: true })
})

test('a file in the way of the folder is said', () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'file'), '')
  throws(() => new Spool(join(folder, 'file')), { name: 'StoreError', code: 'not-writable' })
  rmSync(folder, { recursive: true })
})
