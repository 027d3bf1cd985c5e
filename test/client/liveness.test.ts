import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { createLightClient, type Connectivity } from '../../src/client/index.ts'
import { Liveness } from '../../src/client/liveness.ts'
import { TransportError, type ProtocolName } from '../../src/ports/network.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const nowMs = () => Number(chain.header(tip).timeMs)
const { kernels, bls } = modelEngine

/** Peers that can vanish without a word: nothing is refused, nothing comes. */
class VanishingNetwork extends FixtureNetwork {
  readonly vanished = new Set<string>()
  readonly dialled: string[] = []

  override async connect(address: string): Promise<string> {
    this.dialled.push(address)
    return super.connect(address)
  }

  override async request(peer: string, protocol: ProtocolName, request: Uint8Array, options?: { timeoutMs: number }) {
    if (!this.vanished.has(peer)) return super.request(peer, protocol, request)
    await new Promise((resolve) => setTimeout(resolve, options!.timeoutMs))
    throw new TransportError('timeout', 'vanished')
  }
}

async function started(liveness: { silentMs: number; probeTimeoutMs: number; sleepMs: number }) {
  const network = new VanishingNetwork(new Map([['a', new FixtureView(chain)]]))
  const store = createMemoryStore()
  const base = { spec: chain.spec, peers: ['/memory/p2p/a'], store, network, kernels, bls, nowMs, liveness }
  const client = await createLightClient(base)
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  return { client, network, store }
}

test('a peer that vanishes without a word is noticed, told and dialled again', async () => {
  const { client, network } = await started({ silentMs: 50, probeTimeoutMs: 50, sleepMs: 60_000 })
  network.vanished.add('a')
  const told = await new Promise<Connectivity>((resolve) => client.on('connectivity', resolve))
  deepEqual(told, { kind: 'peer-silent', peer: 'a' })
  network.vanished.clear()
  await new Promise<void>((resolve) =>
    client.on('peer', ({ state }) => (state === 'connected' ? resolve() : undefined)),
  )
  equal(network.dialled.length, 2)
  await client.close()
})

test('a peer that is silent because there is nothing new, and answers, is kept', async () => {
  const { client, network } = await started({ silentMs: 0, probeTimeoutMs: 5000, sleepMs: 60_000 })
  const said: Connectivity[] = []
  client.on('connectivity', (what) => said.push(what))
  await new Promise((resolve) => setTimeout(resolve, 2500))
  deepEqual(said, [])
  equal(network.dialled.length, 1)
  await client.close()
})

test('after sleep, and when the network changes, everyone is asked at once and what waits is dialled', async () => {
  const network = new VanishingNetwork(new Map([['a', new FixtureView(chain)]]))
  const said: Connectivity['kind'][] = []
  let hurried = 0
  const abort = new AbortController()
  const events = { tell: ({ kind }: Connectivity) => void said.push(kind), hurry: () => void hurried++ }
  // Every tick is one that comes too late.
  const liveness = new Liveness(network, { silentMs: 1e9, probeTimeoutMs: 10, sleepMs: -1 }, events, abort.signal)
  liveness.heard('a')
  network.vanished.add('a')
  const gone = new Promise<string>((resolve) => network.onDisconnect(resolve))
  liveness.tick()
  equal(await gone, 'a')
  liveness.onNetworkChange(false)
  liveness.onNetworkChange(true)
  deepEqual(said, ['woke', 'peer-silent', 'offline', 'online'])
  equal(hurried, 3)
  abort.abort()
})

test('an address that was told is dialled, kept in the store once it worked, and dialled after a restart', async () => {
  const network = new VanishingNetwork(
    new Map([
      ['a', new FixtureView(chain, 3)],
      ['b', new FixtureView(chain)],
    ]),
  )
  const entries = new Map<string, Uint8Array>()
  const base = { spec: chain.spec, peers: ['/memory/p2p/a'], network, kernels, bls, nowMs }
  const client = await createLightClient({ ...base, store: createMemoryStore(entries) })
  await client.start()
  client.addPeers(['/memory/p2p/b', 'nonsense'], '/ip4/9.9.9.9/tcp/1/p2p/a')
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  await client.close()
  ok(entries.has('addresses'))
  network.dialled.length = 0
  const again = await createLightClient({ ...base, store: createMemoryStore(entries) })
  await again.start()
  await again.whenHead(({ peer }) => peer === undefined)
  ok(network.dialled.includes('/memory/p2p/b'))
  await again.close()
})
