/** Stores that really cannot be written: a file in the way, a full disk, a read-only one. What was stored stays as it was. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLightClient, type ClientError } from '../../src/client/index.ts'
import { openFileStore } from '../../src/store/file.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const { kernels, bls } = modelEngine
const root = mkdtempSync(join(tmpdir(), 'stakecube-bad-stores-'))
after(() => rmSync(root, { recursive: true, force: true }))

async function clientOver(folder: string, view: FixtureView) {
  const network = new FixtureNetwork(new Map([['a', view]]))
  const store = await openFileStore(folder)
  const nowMs = () => Number(chain.header(tip).timeMs)
  const client = await createLightClient({
    spec: chain.spec,
    peers: ['/memory/a'],
    store,
    network,
    kernels,
    bls,
    nowMs,
  })
  return { client, network }
}

async function followTo(folder: string, height: number): Promise<Uint8Array> {
  const { client } = await clientOver(folder, new FixtureView(chain, height))
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(height))
  await client.close()
  return readFileSync(join(folder, 'light.store'))
}

test('a file where the folder should be is refused by its code and left as it is', async () => {
  const path = join(root, 'file')
  writeFileSync(path, 'mine')
  await rejects(openFileStore(path), { name: 'StoreError', code: 'not-writable', message: /a file is in the way/ })
  await rejects(openFileStore(join(path, 'below')), { name: 'StoreError', code: 'not-writable' })
  equal(readFileSync(path, 'utf8'), 'mine')
})

/** A small disk of its own; undefined where this user may not mount one. */
function smallDisk(name: string, bytes: number): { readonly folder: string; readOnly(): void } | undefined {
  const folder = mkdtempSync(join(root, name))
  const mount = (...options: string[]) => spawnSync('mount', [...options, folder]).status === 0
  if (process.platform !== 'linux' || !mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs')) return undefined
  after(() => void spawnSync('umount', [folder]))
  return { folder, readOnly: () => void ok(mount('-o', 'remount,ro')) }
}

const fill = (folder: string) =>
  spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=1k', 'count=4096'])

test('a full and a read-only disk each have their code, leave nothing behind, and the store goes on once they are mended', async (context) => {
  const disk = smallDisk('start', 65_536)
  if (disk === undefined) return context.skip('this user may not mount a disk')
  const { folder } = disk
  const before = await followTo(folder, 9)
  fill(folder)
  await rejects(openFileStore(folder), { name: 'StoreError', code: 'no-space', message: /free some space/ })
  deepEqual(readdirSync(folder).sort(), ['filler', 'light.store'])
  deepEqual(readFileSync(join(folder, 'light.store')), before)
  rmSync(join(folder, 'filler'))
  await followTo(folder, 12)
  const kept = readFileSync(join(folder, 'light.store'))
  ok(kept.length > before.length)
  disk.readOnly()
  await rejects(openFileStore(folder), { name: 'StoreError', code: 'not-writable', message: /read-only/ })
  deepEqual(readFileSync(join(folder, 'light.store')), kept)
})

test('a disk that fills while a client follows: told as store-failed, heads go on, and all is saved once there is room', async (context) => {
  const disk = smallDisk('running', 65_536)
  if (disk === undefined) return context.skip('this user may not mount a disk')
  const { folder } = disk
  const view = new FixtureView(chain, 3)
  const { client, network } = await clientOver(folder, view)
  const codes: string[] = []
  client.on('error', (error: ClientError) => codes.push(error.code))
  const goOn = async (height: number) => {
    view.headHeight = height
    network.tellNews()
    await client.whenHead(({ header }) => header.height === BigInt(height))
  }
  await client.start()
  await goOn(4)
  equal(codes.length, 0)
  fill(folder)
  // Across the end of an epoch, whose committee does not fit either.
  const full = 4 + chain.spec.params.epochLength + 1
  for (let height = 5; height <= full; height++) await goOn(height)
  ok(codes.length > 0 && codes.every((code) => code === 'store-failed'), codes.join())
  rmSync(join(folder, 'filler'))
  await goOn(full + 1)
  await client.close()
  const again = await clientOver(folder, view)
  await again.client.start()
  equal(again.client.head?.header.height, BigInt(full + 1))
  equal(again.client.head?.peer, undefined)
  await again.client.close()
})
