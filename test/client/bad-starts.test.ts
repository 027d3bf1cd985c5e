/** What a user can get wrong around a client: each has its own error, and leaves what was stored as it was. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { createLightClient, type ClientError, type Warning } from '../../src/client/index.ts'
import type { Store } from '../../src/ports/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'

const DAY_MS = 86_400_000
const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const endMs = Number(chain.header(tip).timeMs)
const { kernels, bls } = modelEngine

function optionsOf(given: {
  readonly entries?: Map<string, Uint8Array>
  readonly served?: typeof chain
  readonly store?: Store
  readonly nowMs?: () => number
}) {
  const served = given.served ?? chain
  return {
    spec: chain.spec,
    peers: ['/memory/a'],
    store: given.store ?? createMemoryStore(given.entries),
    network: new FixtureNetwork(new Map([['a', new FixtureView(served)]])),
    kernels,
    bls,
    nowMs: given.nowMs ?? (() => endMs),
  }
}

/** Entries of a client that has followed the chain up to its end. */
async function storedEntries(): Promise<Map<string, Uint8Array>> {
  const entries = new Map<string, Uint8Array>()
  const client = await createLightClient(optionsOf({ entries }))
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  await client.close()
  return entries
}

/** The head and its committee; addresses and bans may change on any start. */
const stateOf = (entries: ReadonlyMap<string, Uint8Array>) =>
  ['chain', 'head', 'committee', 'compact', 'evidence'].map((key) => String(entries.get(key)))

type Options = Parameters<typeof createLightClient>[0]

/** The first error or warning with `code`. */
async function told(options: Options, code: string): Promise<ClientError | Warning> {
  const client = await createLightClient(options)
  try {
    return await new Promise((resolve, reject) => {
      const seen: string[] = []
      const timer = setTimeout(() => reject(new Error(`no ${code}, but ${seen.join()}`)), 8_000)
      const hear = (what: ClientError | Warning) => {
        seen.push(what.code)
        if (what.code !== code) return
        clearTimeout(timer)
        resolve(what)
      }
      client.on('error', hear)
      client.on('warning', hear)
      client.start().catch(() => undefined)
    })
  } finally {
    await client.close()
  }
}

test('a checkpoint with a wrong hash: both hashes are told, of a fresh store nothing is written, a filled one stays', async () => {
  const checkpoint = { height: 9n, hash: new Uint8Array(32).fill(7) }
  const fresh = new Map<string, Uint8Array>()
  const mismatch = await told({ ...optionsOf({ entries: fresh }), checkpoint }, 'checkpoint-mismatch')
  equal(mismatch.operands['height'], 9n)
  equal(mismatch.operands['expected'], '07'.repeat(32))
  equal(fresh.get('head'), undefined)
  const entries = await storedEntries()
  const before = stateOf(entries)
  const conflict = await told({ ...optionsOf({ entries }), checkpoint }, 'checkpoint-conflict')
  equal(conflict.operands['expected'], '07'.repeat(32))
  deepEqual(stateOf(entries), before)
})

test('a checkpoint of another chain is named as that, and what is stored of this one stays', async () => {
  const other = fixtureOf({ epochs: 2, seed: 'another chain' })
  const checkpoint = { height: 3n, hash: other.ledger(3).hash }
  const error = await told({ ...optionsOf({ served: other }), checkpoint }, 'checkpoint-other-chain')
  ok(String(error.operands['got']) !== String(error.operands['expected']))
  const entries = await storedEntries()
  const before = stateOf(entries)
  await told({ ...optionsOf({ entries }), checkpoint }, 'checkpoint-conflict')
  deepEqual(stateOf(entries), before)
})

test('a store of another chain is refused by name and left alone', async () => {
  const entries = await storedEntries()
  const before = stateOf(entries)
  const { spec } = fixtureOf({ epochs: 2, seed: 'another chain' })
  await told({ ...optionsOf({ entries }), spec }, 'store-other-chain')
  deepEqual(stateOf(entries), before)
})

test('a clock a day behind: the head waits, is told as ahead of the clock with both times, and nothing stored is lost', async () => {
  const entries = await storedEntries()
  const before = stateOf(entries)
  const behind = await told(optionsOf({ nowMs: () => endMs - DAY_MS }), 'header-future')
  equal(Number(behind.operands['most']), endMs - DAY_MS + chain.spec.params.clockDriftMsMax)
  ok(Number(behind.operands['got']) > Number(behind.operands['most']))
  // What was accepted while the clock was right is not thrown away by a clock that is wrong now.
  const client = await createLightClient(optionsOf({ entries, nowMs: () => endMs - DAY_MS }))
  await client.start()
  equal(client.head?.header.height, BigInt(tip))
  await client.close()
  deepEqual(stateOf(entries), before)
})

test('a clock ahead by more than the trust period: told as stale, no head is shown, and a right clock goes on from the store', async () => {
  const entries = await storedEntries()
  const before = stateOf(entries)
  const ahead = endMs + chain.spec.params.trustPeriodMs + DAY_MS
  const stale = await told(optionsOf({ entries, nowMs: () => ahead }), 'trusted-stale')
  equal(Number(stale.operands['ageMs']), chain.spec.params.trustPeriodMs + DAY_MS)
  const client = await createLightClient(optionsOf({ entries, nowMs: () => ahead }))
  await client.start()
  equal(client.head, undefined)
  await client.close()
  deepEqual(stateOf(entries), before)
  const right = await createLightClient(optionsOf({ entries }))
  await right.start()
  equal(right.head?.header.height, BigInt(tip))
  await right.close()
})

test('a full and a read-only store are told by name, with what was in them untouched, and the client goes on', async () => {
  const faults = [
    new StoreError('no-space', 'the disk of /data is full: make room'),
    new StoreError('not-writable', '/data cannot be written: give the user rights to it'),
  ]
  const entries = new Map<string, Uint8Array>()
  const short = await createLightClient({
    ...optionsOf({ entries }),
    network: new FixtureNetwork(new Map([['a', new FixtureView(chain, 6)]])),
  })
  await short.start()
  await short.whenHead(({ header }) => header.height === 6n)
  await short.close()
  const before = stateOf(entries)
  for (const fault of faults) {
    const inner = createMemoryStore(entries)
    const store: Store = {
      get: (key) => inner.get(key),
      keys: (prefix) => inner.keys(prefix),
      commit: () => Promise.reject(fault),
      close: () => Promise.resolve(),
    }
    const error = await told(optionsOf({ store }), 'store-failed')
    equal(error.operands['reason'], fault.message)
    deepEqual(stateOf(entries), before)
    const client = await createLightClient(optionsOf({ store }))
    const errors: string[] = []
    client.on('error', ({ code }) => errors.push(code))
    await client.start()
    const reached = new Promise<void>((resolve) =>
      client.on('head', ({ header }) => (header.height === BigInt(tip) ? resolve() : undefined)),
    )
    await reached
    await client.close()
    ok(errors.every((code) => code === 'store-failed') && errors.length > 0)
    deepEqual(stateOf(entries), before)
  }
})

test('a disk that is full for a while, across an epoch’s end, costs nothing: the next save brings what those before could not', async () => {
  const epochLength = chain.spec.params.epochLength
  const entries = new Map<string, Uint8Array>()
  const inner = createMemoryStore(entries)
  let isFull = false
  const full = new StoreError('no-space', 'the disk of /data is full: make room')
  const store: Store = {
    get: (key) => inner.get(key),
    keys: (prefix) => inner.keys(prefix),
    commit: (writes) => (isFull ? Promise.reject(full) : inner.commit(writes)),
    close: () => Promise.resolve(),
  }
  const view = new FixtureView(chain, epochLength - 2)
  const network = new FixtureNetwork(new Map([['a', view]]))
  const client = await createLightClient({ ...optionsOf({ store }), network })
  const errors: string[] = []
  client.on('error', ({ code }) => errors.push(code))
  await client.start()
  for (const isNowFull of [false, true, true, false]) {
    isFull = isNowFull
    await client.whenHead(({ header }) => header.height === BigInt(view.headHeight))
    view.headHeight++
    network.tellNews()
    await client.whenHead(({ header }) => header.height === BigInt(view.headHeight))
  }
  await client.close()
  ok(errors.length > 0 && errors.every((code) => code === 'store-failed'))
  const again = await createLightClient({ ...optionsOf({ entries }), peers: ['/memory/nobody'] })
  await again.start()
  equal(again.head?.header.height, BigInt(epochLength + 2))
  await again.close()
})

test('what a full disk kept from being saved is saved when the client closes, if there is room by then', async () => {
  const entries = new Map<string, Uint8Array>()
  const inner = createMemoryStore(entries)
  let isFull = true
  const store: Store = {
    get: (key) => inner.get(key),
    keys: (prefix) => inner.keys(prefix),
    commit: (writes) => (isFull ? Promise.reject(new StoreError('no-space', 'full')) : inner.commit(writes)),
    close: () => Promise.resolve(),
  }
  const client = await createLightClient(optionsOf({ store }))
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  equal(entries.size, 0)
  isFull = false
  await client.close()
  const again = await createLightClient({ ...optionsOf({ entries }), peers: ['/memory/nobody'] })
  await again.start()
  equal(again.head?.header.height, BigInt(tip))
  await again.close()
})

test('an argument that cannot be meant is refused at the call by name, and the client goes on', async () => {
  const client = await createLightClient(optionsOf({}))
  const early = client.header(-1n).catch((error: unknown) => error as ClientError)
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  const owner = new Uint8Array(16)
  const tx = chain.blocks[8]!.block.body.transactions[0]!
  const bad: readonly (() => Promise<unknown>)[] = [
    () => early.then((error) => Promise.reject(error)),
    () => client.header(2n ** 64n),
    () => client.header(3 as unknown as bigint),
    () => client.proveTransaction(new Uint8Array(31)),
    () => client.unspent(new Uint8Array(15)),
    () => client.unspent('ab' as unknown as Uint8Array),
    () => client.unspent(owner, { prefixBits: 129 }),
    () => client.unspent(owner, { prefixBits: 1.5 }),
    () => client.unspent(owner, { atHeight: -1n }),
    () => client.unspentUnder({ bits: 300, bytes: new Uint8Array(38) }),
    () => client.unspentUnder({ bits: 4, bytes: Uint8Array.of(0xff) }),
    () => client.topicIn(new Uint8Array(8), 0 as unknown as bigint, 1n),
    () => client.watchTopic(new Uint8Array(8), { from: -1n }).next(),
    () => client.watchOwner(new Uint8Array(3)).next(),
    () => client.submit({ ...tx, witnesses: [] }),
    () => client.submit({} as typeof tx),
    () => client.exportProof({ kind: 1, height: -1n }),
    () => client.exportProof({ kind: 9 } as unknown as { kind: 1; height: bigint }),
  ]
  for (const [index, call] of bad.entries()) await rejects(call, { code: 'argument-invalid' }, `call ${index}`)
  equal((await client.header(3n)).header.height, 3n)
  equal((await client.unspentUnder({ bits: 4, bytes: Uint8Array.of(0xf0) })).pages.length, 0)
  await client.close()
})

test('options that cannot be meant are refused by name before anything is opened; a clock may tell parts of a millisecond', async () => {
  const good = optionsOf({})
  const bad = [
    { spec: { kind: 'accepted', value: chain.spec } as never },
    { peers: '/memory/a' as never },
    { peers: [7] as never },
    { checkpoint: { height: -1n, hash: new Uint8Array(32) } },
    { checkpoint: { height: 5 as never, hash: new Uint8Array(32) } },
    { checkpoint: { height: 5n, hash: 'ab'.repeat(32) as never } },
  ]
  for (const part of bad)
    await rejects(createLightClient({ ...good, ...part }), { code: 'argument-invalid' }, Object.keys(part).join())
  const client = await createLightClient(optionsOf({ nowMs: () => endMs + 0.25 }))
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  equal(client.trust.ageMs, 0n)
  await client.close()
})

test('starting twice is starting once; a network that cannot be made fails the start of a client that serves, once', async () => {
  const client = await createLightClient(optionsOf({}))
  const heads: bigint[] = []
  client.on('head', ({ header }) => heads.push(header.height))
  await Promise.all([client.start(), client.start()])
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  await client.start()
  deepEqual(
    heads,
    heads.toSorted((a, b) => Number(a - b)),
  )
  equal(heads.filter((height) => height === 0n).length, 1)
  await client.close()
  const unmade = await createLightClient({
    ...optionsOf({}),
    serves: true,
    network: () => Promise.reject(new Error('no network here')),
  })
  await rejects(unmade.start(), /no network here/)
  await unmade.close()
  const closed = await createLightClient(optionsOf({}))
  await closed.close()
  await rejects(closed.start(), { code: 'closed' })
  await rejects(closed.exportProof({ kind: 1, height: 1n }), { code: 'closed' })
})

test('functions of the application that throw keep no promise from settling and no listener from hearing', async () => {
  const scope = globalThis as { reportError?: (error: unknown) => void }
  const surfaced: string[] = []
  scope.reportError = (error) => surfaced.push((error as Error).message)
  try {
    const store: Store = {
      ...createMemoryStore(),
      get: () => Promise.resolve(undefined),
      keys: () => Promise.resolve([]),
      commit: () => Promise.reject(new StoreError('no-space', 'full')),
      close: () => Promise.resolve(),
    }
    const client = await createLightClient(optionsOf({ store }))
    const heard: string[] = []
    client.on('error', () => {
      throw new Error('from error')
    })
    client.on('error', ({ code }) => heard.push(code))
    await client.start()
    await client.whenHead(({ header }) => header.height === BigInt(tip))
    ok(heard.includes('store-failed') && surfaced.includes('from error'))
    const broken = client.whenHead(() => {
      throw new Error('from wanted')
    })
    await rejects(broken, /from wanted/)
    const tx = chain.blocks[8]!.block.body.transactions[0]!
    const proven = await client.submit(tx, {
      onStatus: () => {
        throw new Error('from onStatus')
      },
    })
    equal(proven.header.height, 9n)
    ok(surfaced.includes('from onStatus'))
    await client.close()
  } finally {
    delete scope.reportError
  }
})

test('a client that found the chain broken exports no proof of it', async () => {
  const fork = fixtureOf({ epochs: 5, paymentsPerBlock: 1 })
  const views = new Map([
    ['a', new FixtureView(chain)],
    ['b', new FixtureView(fork)],
  ])
  const options = { ...optionsOf({}), peers: ['/memory/a', '/memory/b'], network: new FixtureNetwork(views) }
  const client = await createLightClient(options)
  const halted = new Promise<string>((resolve) => client.on('error', ({ code }) => resolve(code)))
  await client.start()
  equal(await halted, 'conflict')
  await rejects(client.exportProof({ kind: 1, height: 1n }), { code: 'conflict' })
  equal(client.share(), undefined)
  await client.close()
})
