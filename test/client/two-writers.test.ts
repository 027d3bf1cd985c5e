/** Two clients over one IndexedDB store, as two tabs where the engine has no Web Locks. */
import 'fake-indexeddb/auto'
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { createLightClient, type LightClient } from '../../src/client/index.ts'
import { trustStored } from '../../src/light/start.ts'
import { openIdbStore } from '../../src/store/idb.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'

const chain = fixtureOf({ epochs: 7 })
const tip = chain.blocks.length
const endMs = Number(chain.header(tip).timeMs)
const { kernels, bls } = modelEngine
const SEED = process.env['SEED'] ?? String(Date.now() % 100_000)

interface Tab {
  readonly view: FixtureView
  readonly network: FixtureNetwork
  client: LightClient
}

async function openTab(name: string, view: FixtureView): Promise<Tab> {
  const network = new FixtureNetwork(new Map([['a', view]]))
  const client = await createLightClient({
    ...{ spec: chain.spec, peers: ['/memory/a'], store: await openIdbStore(name), network, kernels, bls },
    nowMs: () => endMs,
  })
  await client.start()
  return { view, network, client }
}

/** The height that a start from this store would tell; fails where it would not be trusted. */
async function storedHeight(name: string): Promise<bigint> {
  const store = await openIdbStore(name)
  const saved = await store.entries!()
  await store.close()
  const origin = { engine: modelEngine, params: chain.spec.params, chainId: chain.chainId }
  const stored = trustStored(origin, saved)
  ok(stored.kind === 'trusted', `${stored.kind} ${stored.kind === 'rejected' ? JSON.stringify(stored.operands) : ''}`)
  return stored.trusted.header.height
}

const reached = ({ client }: Tab, height: number) => client.whenHead(({ header }) => header.height >= BigInt(height))

test('whoever writes, in whatever order, the store holds the newest head that any of them told, whole', async (context) => {
  const prng = new Prng(`two writers/${SEED}`)
  const name = `two-writers-${SEED}`
  const tabs = await Promise.all([openTab(name, new FixtureView(chain, 1)), openTab(name, new FixtureView(chain, 1))])
  context.after(() => Promise.all(tabs.map(({ client }) => client.close())))
  let newest = 1
  await Promise.all(tabs.map((tab) => reached(tab, 1)))
  while (newest < tip) {
    // One of them moves on, by one block or by epochs; often one is behind the other, sometimes both save at once.
    const moved = prng.chance(0.3) ? tabs : [prng.pick(tabs)]
    for (const { view, network } of moved) {
      view.headHeight = Math.min(tip, view.headHeight + (prng.chance(0.2) ? 1 + prng.below(12) : 1))
      network.tellNews()
    }
    await Promise.all(moved.map((tab) => reached(tab, tab.view.headHeight)))
    newest = Math.max(newest, ...moved.map(({ view }) => view.headHeight))
    equal(await storedHeight(name), BigInt(newest), `seed ${SEED}, at ${newest}`)
  }
  await Promise.all(tabs.map(({ client }) => client.close()))
  equal(await storedHeight(name), BigInt(tip), `seed ${SEED}`)
})
