/** Whose fault it was: a bug of ours, of the network's adapter, of a peer, or nobody's. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { createLightClient, type ClientError, type LightClient } from '../../src/client/index.ts'
import { TransportError, type ProtocolName } from '../../src/ports/network.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const nowMs = () => Number(chain.header(tip).timeMs)
const { kernels, bls } = modelEngine
const base = { spec: chain.spec, kernels, bls, nowMs }

const once = <Event>(subscribe: (listener: (event: Event) => void) => unknown) =>
  new Promise<Event>((resolve) => void subscribe(resolve))

test('a bug in the core is told as that, not as a lost connection: the client stops, and what it had verified is stored', async () => {
  let isBroken = false
  const faulty: typeof bls = new Proxy(bls, {
    get: (target, name, receiver) => {
      if (isBroken && name === 'verify') throw new Error('planted')
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  const view = new FixtureView(chain, 6)
  const network = new FixtureNetwork(new Map([['a', view]]))
  const entries = new Map<string, Uint8Array>()
  const options = { ...base, bls: faulty, peers: ['/memory/a'], store: createMemoryStore(entries), network }
  const client = await createLightClient(options)
  const states: (string | undefined)[] = []
  client.on('peer', ({ state, code }) => states.push(state === 'slow' ? code : undefined))
  await client.start()
  await client.whenHead(({ header }) => header.height === 6n)
  const told = once<ClientError>((listener) => client.on('error', listener))
  isBroken = true
  view.headHeight = 7
  network.tellNews()
  const error = await told
  equal(error.code, 'internal-fault')
  match(error.message, /fault in StakeCube itself.*planted.*at work-resumed/)
  equal((error.cause as Error).message, 'planted')
  equal(client.phase, 'failed')
  ok(!states.includes('stream-reset'), states.join())
  await rejects(client.header(3n), { code: 'internal-fault' })
  isBroken = false
  await client.close()
  const again = await createLightClient({
    ...options,
    network: new FixtureNetwork(new Map()),
    store: createMemoryStore(entries),
  })
  await again.start()
  equal(again.head?.header.height, 6n)
  await again.close()
})

/** Fails in a way of its own for one protocol. */
class FailingNetwork extends FixtureNetwork {
  fault: { readonly protocol: ProtocolName; readonly error: unknown } | undefined

  override async request(peer: string, protocol: ProtocolName, request: Uint8Array): Promise<Uint8Array> {
    if (this.fault?.protocol === protocol) throw this.fault.error
    return super.request(peer, protocol, request)
  }
}

async function following(): Promise<{ client: LightClient; network: FailingNetwork; view: FixtureView }> {
  const view = new FixtureView(chain, tip)
  const network = new FailingNetwork(new Map([['a', view]]))
  const client = await createLightClient({ ...base, peers: ['/memory/a'], store: createMemoryStore(), network })
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  return { client, network, view }
}

test('a network that fails in a way of its own is named in a warning, and one that fails as it should is not', async () => {
  const { client, network } = await following()
  const warnings: string[] = []
  client.on('warning', ({ code, sentence }) => warnings.push(`${code} ${sentence}`))
  network.fault = { protocol: 'proof', error: new TransportError('timeout', 'late') }
  client.header(3n).catch(() => undefined)
  await once((listener) => client.on('peer', ({ code }) => (code === 'timeout' ? listener(code) : undefined)))
  deepEqual(warnings, [])
  await client.close()
  const other = await following()
  other.network.fault = { protocol: 'proof', error: new TypeError('x is not a function') }
  const warned = once<{ code: string; sentence: string }>((listener) => other.client.on('warning', listener))
  other.client.header(3n).catch(() => undefined)
  const { code, sentence } = await warned
  equal(code, 'network-fault')
  match(sentence, /TypeError: x is not a function/)
  await other.client.close()
})

test('a proof file that a peer made wrong is told as that, even if another peer is silent', async () => {
  class Liar extends FixtureNetwork {
    override async request(peer: string, protocol: ProtocolName, request: Uint8Array): Promise<Uint8Array> {
      if (protocol !== 'proof') return super.request(peer, protocol, request)
      if (peer === 'b') throw new TransportError('timeout', 'proof: no answer in time')
      const response = await super.request(peer, protocol, request)
      return response.map((byte, index) => (index === response.length - 1 ? byte ^ 1 : byte))
    }
  }
  const views = new Map(['a', 'b'].map((name) => [name, new FixtureView(chain, 5)] as const))
  const network = new Liar(views)
  const peers = ['/memory/a', '/memory/b']
  const client = await createLightClient({ ...base, peers, store: createMemoryStore(), network })
  await client.start()
  await client.whenHead(({ header }) => header.height === 5n)
  while (client.peers.length < 2) await once((listener) => client.on('peer', listener))
  const error = await client.exportProof({ kind: 1, height: 2n }).then(
    () => undefined,
    (fault: ClientError) => fault,
  )
  ok(error !== undefined && error.code !== 'query-unavailable', error?.message)
  await client.close()
})

// ── Iterators ────────────────────────────────────────────────────────────────────────────────────────────────────────

test('heads() keeps at most 256 heads for a slow reader, leaves the oldest out and says how many', async () => {
  const long = fixtureOf({ epochs: 80 })
  const count = long.blocks.length
  const view = new FixtureView(long, 1)
  const network = new FixtureNetwork(new Map([['a', view]]))
  const client = await createLightClient({
    ...{ spec: long.spec, kernels, bls, nowMs: () => Number(long.header(count).timeMs) },
    ...{ peers: ['/memory/a'], store: createMemoryStore(), network },
  })
  await client.start()
  await client.whenHead(({ header }) => header.height === 1n)
  const heads = client.heads()
  const first = (await heads.next()).value!
  deepEqual([first.header.height, first.skippedCount], [1n, 0])
  for (let height = 2; height <= count; height++) {
    view.headHeight = height
    network.tellNews()
    await client.whenHead(({ header }) => header.height === BigInt(height))
  }
  ok(count > 300, `${count} blocks`)
  const next = (await heads.next()).value!
  deepEqual([next.header.height, next.skippedCount], [BigInt(count - 255), count - 257])
  const after = (await heads.next()).value!
  deepEqual([after.header.height, after.skippedCount], [BigInt(count - 254), 0])
  await heads.return()
  await client.close()
})
