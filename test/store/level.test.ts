import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { u32 } from '../../src/base/bytes.ts'
import { LevelChainStore } from '../../src/store/level-chain.ts'
import { isCorruption, LevelDb } from '../../src/store/level-db.ts'
import { NODE_STORE_VERSION } from '../../src/store/level-version.ts'
import { StoreError, type StoreCode, type StoreWarning } from '../../src/store/store-error.ts'

const CHAIN = new Uint8Array(32).fill(1)
const TXID = new Uint8Array(32).fill(2)
let base: string
let folder: string
let warnings: StoreWarning[]
const warn = (warning: StoreWarning): void => void warnings.push(warning)

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'stakecube-level-'))
  folder = join(base, 'deep', 'store')
  warnings = []
})
afterEach(() => rmSync(base, { recursive: true }))

const hasCode = (code: StoreCode) => (error: unknown) => {
  assert.ok(error instanceof StoreError)
  assert.equal(error.code, code)
  assert.ok(error.message.includes('name another folder'), error.message)
  return true
}
const block = (height: bigint) => ({
  height,
  block: new Uint8Array(500).fill(Number(height)),
  cert: height === 0n ? undefined : new Uint8Array(150).fill(Number(height)),
  txids: height === 2n ? [TXID] : [],
  committees: height === 1n ? [{ epoch: 1, bytes: Uint8Array.of(7) }] : [],
})

test('blocks, certificates, committees, transactions, votes and snapshots are there after reopening', async () => {
  const store = await LevelChainStore.open(folder, CHAIN, warn)
  assert.equal(store.headHeight, undefined)
  assert.equal(store.safety(), undefined)
  for (const height of [0n, 1n, 2n]) await store.append(block(height))
  await store.saveSafety({ record: Uint8Array.of(1), validBlock: Uint8Array.of(2), quorum: Uint8Array.of(3) })
  await store.saveSafety({ record: Uint8Array.of(4) })
  await store.saveSnapshot(1n, [Uint8Array.of(1), Uint8Array.of(2)])
  await store.saveSnapshot(2n, [Uint8Array.of(3)])
  await store.close()

  const again = await LevelChainStore.open(folder, CHAIN, warn)
  assert.equal(again.headHeight, 2n)
  assert.deepEqual(again.block(1n), block(1n).block)
  assert.deepEqual(again.cert(2n), block(2n).cert)
  assert.equal(again.cert(0n), undefined)
  assert.deepEqual(again.committee(1), Uint8Array.of(7))
  assert.equal(again.heightOf(TXID), 2n)
  assert.equal(again.heightOf(CHAIN), undefined)
  assert.deepEqual(again.safety(), { record: Uint8Array.of(4), validBlock: Uint8Array.of(2) })
  assert.deepEqual(await again.snapshot(), { height: 2n, parts: [Uint8Array.of(3)] })
  await again.close()
  assert.deepEqual(warnings, [])
})

test('a folder that is in use, holds another chain, or has a newer version says so', async () => {
  const store = await LevelChainStore.open(folder, CHAIN, warn)
  await assert.rejects(LevelChainStore.open(folder, CHAIN, warn), hasCode('locked'))
  await store.close()
  await assert.rejects(LevelChainStore.open(folder, TXID, warn), hasCode('failed'))
  const db = await LevelDb.open(folder, warn)
  await db.write([{ key: 'meta/version', value: u32(NODE_STORE_VERSION + 1) }])
  await db.close()
  await assert.rejects(LevelChainStore.open(folder, CHAIN, warn), hasCode('version-newer'))
})

test('a file in the way of the folder says so', async () => {
  writeFileSync(join(base, 'deep'), '')
  await assert.rejects(LevelChainStore.open(folder, CHAIN, warn), hasCode('not-writable'))
})

test('a database that LevelDB cannot open is set aside, kept, and a new one started', async () => {
  const store = await LevelChainStore.open(folder, CHAIN, warn)
  await store.append(block(0n))
  await store.close()
  writeFileSync(join(folder, 'CURRENT'), 'garbage')
  const fresh = await LevelChainStore.open(folder, CHAIN, warn)
  assert.equal(fresh.headHeight, undefined)
  await fresh.close()
  assert.equal(warnings.length, 1)
  assert.equal(readFileSync(join(warnings[0]!.keptAs, 'CURRENT'), 'utf8'), 'garbage')
})

test('an entry whose bytes were changed on disk is not returned', async () => {
  const db = await LevelDb.open(folder, warn)
  await db.write([{ key: 'b/1', value: Uint8Array.of(1, 2, 3) }])
  await db.close()
  const raw = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
  const stored = (await raw.get('b/1'))!
  stored[1]! ^= 1
  await raw.put('b/1', stored)
  await raw.close()
  const again = await LevelDb.open(folder, warn)
  assert.throws(() => again.get('b/1'), isCorruption)
  await again.close()
})

test('a torn last write leaves what was durable before it', async () => {
  const store = await LevelChainStore.open(folder, CHAIN, warn)
  for (const height of [0n, 1n]) await store.append(block(height))
  await store.close()
  const log = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .at(-1)!
  appendFileSync(join(folder, log), new Uint8Array(5).fill(9))
  const again = await LevelChainStore.open(folder, CHAIN, warn)
  assert.equal(again.headHeight, 1n)
  assert.deepEqual(again.block(1n), block(1n).block)
  await again.close()
  assert.ok(existsSync(folder))
})
