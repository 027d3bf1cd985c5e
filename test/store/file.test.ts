import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { openFileStore } from '../../src/store/file.ts'
import { encodeLogHeader } from '../../src/store/record-log.ts'
import type { StoreWarning } from '../../src/store/store-error.ts'
import { storeContract } from './contract.ts'

const makeFolder = () => mkdtempSync(join(tmpdir(), 'stakecube-store-'))

storeContract('file', async () => {
  const folder = makeFolder()
  return {
    open: () => openFileStore(join(folder, 'made', 'on demand')),
    cleanUp: async () => rmSync(folder, { recursive: true }),
  }
})

/** A folder whose log holds three commits: head = 1, 2, 3. */
async function threeCommits() {
  const folder = makeFolder()
  const store = await openFileStore(folder)
  const lengths: number[] = []
  for (const value of [1, 2, 3]) {
    lengths.push(readFileSync(join(folder, 'light.store')).length)
    await store.commit(new Map([['head', Uint8Array.of(value, value)]]))
  }
  await store.close()
  return { folder, path: join(folder, 'light.store'), lastRecordStart: lengths[2]! }
}

test('a log cut anywhere in its last record keeps every commit before it, and the torn file', async () => {
  const { folder, path, lastRecordStart } = await threeCommits()
  const whole = readFileSync(path)
  for (let length = lastRecordStart + 1; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length))
    const warnings: StoreWarning[] = []
    const store = await openFileStore(folder, { onWarning: (warning) => warnings.push(warning) })
    deepEqual(await store.get('head'), Uint8Array.of(2, 2), `cut at ${length}`)
    await store.close()
    equal(warnings.length, 1)
    deepEqual(readFileSync(warnings[0]!.keptAs), whole.subarray(0, length))
  }
  rmSync(folder, { recursive: true })
})

test('a log with any bit changed is never trusted beyond its whole commits and never deleted', async () => {
  const { folder, path } = await threeCommits()
  const whole = readFileSync(path)
  const seed = Date.now()
  console.log(`bit flips seed ${seed}`)
  const prng = new Prng(seed)
  for (let round = 0; round < 150; round++) {
    const bit = prng.below(whole.length * 8)
    const changed = Uint8Array.from(whole)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    writeFileSync(path, changed)
    const warnings: StoreWarning[] = []
    try {
      const store = await openFileStore(folder, { onWarning: (warning) => warnings.push(warning) })
      const head = (await store.get('head'))?.[0]
      ok(head === undefined || head === 1 || head === 2, `bit ${bit} gave head ${head}`)
      await store.close()
      equal(warnings.length, 1, `bit ${bit} gave no warning`)
      deepEqual(new Uint8Array(readFileSync(warnings[0]!.keptAs)), changed)
    } catch (error) {
      // The version's own bits: a newer version is refused and left alone.
      equal((error as { code: string }).code, 'version-newer')
      deepEqual(new Uint8Array(readFileSync(path)), changed)
    }
  }
  rmSync(folder, { recursive: true })
})

test('a store of a newer version is refused with what to do, and left alone', async () => {
  const folder = makeFolder()
  const bytes = encodeLogHeader(7)
  writeFileSync(join(folder, 'light.store'), bytes)
  await rejects(openFileStore(folder), { code: 'version-newer', message: /version 7 .* update the program/ })
  deepEqual(new Uint8Array(readFileSync(join(folder, 'light.store'))), bytes)
  rmSync(folder, { recursive: true })
})

test('a second open of one folder is refused while the first lives', async () => {
  const folder = makeFolder()
  const store = await openFileStore(folder)
  await rejects(openFileStore(folder), { code: 'locked' })
  await store.close()
  await (await openFileStore(folder)).close()
  rmSync(folder, { recursive: true })
})

test('the lock of a process that is gone is taken over', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'lock'), '999999999\n')
  await (await openFileStore(folder)).close()
  rmSync(folder, { recursive: true })
})

test('a file in the way of the folder gets its own code', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder, 'file'), '')
  await rejects(openFileStore(join(folder, 'file')), { code: 'not-writable' })
  rmSync(folder, { recursive: true })
})

test('a log that grew far beyond its entries is rewritten, and nothing is lost', async () => {
  const folder = makeFolder()
  const store = await openFileStore(folder)
  const value = new Uint8Array(40_000)
  for (let round = 0; round < 40; round++) {
    value[0] = round
    await store.commit(new Map([['k', value]]))
  }
  await store.close()
  ok(readFileSync(join(folder, 'light.store')).length < 600_000)
  const again = await openFileStore(folder)
  equal((await again.get('k'))![0], 39)
  await again.close()
  deepEqual(readdirSync(folder), ['light.store'])
  rmSync(folder, { recursive: true })
})
