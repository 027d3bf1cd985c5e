/** What a user can get wrong around a client: each has its own error, and leaves what was stored as it was. */
import { deepEqual, equal, ok } from 'node:assert/strict'
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
