import { deepEqual, equal } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { SafetyFile } from '../../src/store/safety-file.ts'

const base = mkdtempSync(join(tmpdir(), 'stakecube-safety-'))
after(() => rmSync(base, { recursive: true, force: true }))
let folder: string
let number = 0
beforeEach(() => (folder = join(base, String(number++))))

async function saved(...payloads: readonly number[]): Promise<void> {
  const file = SafetyFile.open(folder)
  for (const payload of payloads) await file.save(new Uint8Array(40 + payload).fill(payload))
  file.close()
}
function reopened(): { first: number | undefined; isLost: boolean } {
  const file = SafetyFile.open(folder)
  file.close()
  return { first: file.payload?.[0], isLost: file.isLost }
}
/** The slot that holds `payload`. */
const slotOf = (payload: number) =>
  join(
    folder,
    ['safety-0', 'safety-1'].find((name) => readFileSync(join(folder, name))[12] === payload)!,
  )

test('the last payload is there after reopening, and the sequence goes on', async () => {
  deepEqual(reopened(), { first: undefined, isLost: false })
  await saved(1, 2, 3)
  deepEqual(reopened(), { first: 3, isLost: false })
  await saved(2)
  deepEqual(reopened(), { first: 2, isLost: false })
})

test('a write torn at any byte leaves the payload before it', async () => {
  await saved(1, 2)
  const slot = slotOf(2)
  const whole = readFileSync(slot)
  for (let length = 1; length < whole.length; length++) {
    writeFileSync(slot, whole.subarray(0, length))
    deepEqual(reopened(), { first: 1, isLost: false }, `after ${length} bytes`)
  }
  for (let at = 0; at < whole.length; at++) {
    const flipped = Uint8Array.from(whole)
    flipped[at]! ^= 1
    writeFileSync(slot, flipped)
    equal(reopened().first, 1, `bit flipped in byte ${at}`)
  }
})

test('with both slots damaged the record is lost, and that is said', async () => {
  await saved(1, 2)
  for (const payload of [1, 2]) truncateSync(slotOf(payload), 30)
  deepEqual(reopened(), { first: undefined, isLost: true })
})

test('a slot that is empty or away after a write is a damaged one, and both are a lost record', async () => {
  const spoilt: readonly ((path: string) => void)[] = [(path) => truncateSync(path, 0), (path) => rmSync(path)]
  for (const spoil of spoilt)
    for (const gone of [[1], [2], [1, 2]]) {
      folder = join(base, String(number++))
      await saved(1, 2)
      for (const path of gone.map(slotOf)) spoil(path)
      const file = SafetyFile.open(folder)
      file.close()
      const left = [2, 1].find((payload) => !gone.includes(payload))
      deepEqual([file.payload?.[0], file.hasTornSlot, file.isLost], [left, true, left === undefined])
    }
})

test('new slots are whole, and a crash while they were made leaves none', async () => {
  const isNew = (): boolean => {
    const file = SafetyFile.open(folder)
    file.close()
    deepEqual([file.payload, file.hasTornSlot, file.isLost], [undefined, false, false])
    return file.isNew
  }
  mkdirSync(`${folder}.new`)
  writeFileSync(join(`${folder}.new`, 'safety-0'), 'half')
  equal(isNew(), true)
  equal(isNew(), false)
})
