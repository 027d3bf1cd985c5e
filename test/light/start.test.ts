/** Where trust begins, and what must be known before a head is told: [LC-1], [LC-3], [LC-8]. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { exportState, importState } from '../../src/light/state-file.ts'
import { chainFixture, FIXTURE_PARAMS } from '../../src/sim/fixture.ts'
import { encodeProofResponse } from '../../src/wire/proof.ts'
import { refused } from '../../src/wire/envelope.ts'
import { fixtureOf, FixtureView, modelEngine } from './fixture-view.ts'
import { World } from './world.ts'

const engine = modelEngine
const chain = fixtureOf({ epochs: 6 })
const { spec } = chain
const tip = chain.blocks.length
const nowMs = chain.header(tip).timeMs
const checkpointAt = (height: number, of = chain) => ({ height: BigInt(height), hash: of.ledger(height).hash })

/** The store of a client that followed from genesis to `height`. */
function storeAt(height: number): Map<string, Uint8Array> {
  const world = new World({ engine, spec }, { seed: 'store', nowMs })
  world.connect('a', { view: new FixtureView(chain, height) })
  equal(world.settle().height, BigInt(height))
  return new Map(world.store)
}

const headsOf = ({ notices }: World) =>
  notices.flatMap((notice) => (notice.kind === 'head' ? [Number(notice.head.header.height)] : []))

test('a stored head above a checkpoint that it was never compared with is told, and asked about, only after a peer proved it', () => {
  const world = new World({ engine, spec, checkpoint: checkpointAt(4) }, { seed: 'hold', nowMs, store: storeAt(14) })
  world.deliver({ kind: 'asked', queryId: 'q', query: { kind: 'header', height: 3n } })
  world.tick(1000n)
  deepEqual(headsOf(world), [])
  let isSilent = true
  const view = new FixtureView(chain, 14)
  const respond = (protocol: string) =>
    protocol === 'proof' && isSilent ? encodeProofResponse(refused('not-found')) : undefined
  world.connect('a', { view, respond })
  world.settle()
  deepEqual(headsOf(world), [])
  ok(!world.has('answered'))
  ok(world.has('warning', 'checkpoint-unconfirmed'))
  ok(!world.notices.some((notice) => notice.kind === 'phase' && notice.phase === 'following'))
  isSilent = false
  world.tick(5000n)
  world.settle()
  equal(headsOf(world)[0], 14)
  ok(world.has('answered'))
  // The next start with the same checkpoint needs nobody.
  const again = new World(
    { engine, spec, checkpoint: checkpointAt(4) },
    { seed: 'again', nowMs, store: new Map(world.store) },
  )
  deepEqual(headsOf(again), [14])
  // With another one it does.
  const other = new World(
    { engine, spec, checkpoint: checkpointAt(5) },
    { seed: 'other', nowMs, store: new Map(world.store) },
  )
  deepEqual(headsOf(other), [])
})

test('a stored chain that does not hold the checkpoint is never told as a head, whatever comes on top of it', () => {
  const fork = fixtureOf({ epochs: 2, seed: 'another chain' })
  const store = storeAt(14)
  const checkpoint = { height: 4n, hash: fork.ledger(4).hash }
  const world = new World({ engine, spec, checkpoint }, { seed: 'wrong', nowMs, store })
  world.connect('a', { view: new FixtureView(chain) })
  world.settle()
  ok(world.has('failed', 'checkpoint-conflict'))
  deepEqual(headsOf(world), [])
  equal(world.store.get('checkpoint'), undefined)
})

test('a stored head below the checkpoint is told at once; what lies at or above it, once it was found to hold the checkpoint', () => {
  const world = new World({ engine, spec, checkpoint: checkpointAt(11) }, { seed: 'below', nowMs, store: storeAt(6) })
  deepEqual(headsOf(world), [6])
  world.connect('a', { view: new FixtureView(chain) })
  equal(world.settle().height, BigInt(tip))
  equal(headsOf(world).at(-1), tip)
  ok(world.store.has('checkpoint'))
  const wrong = { height: 11n, hash: new Uint8Array(32).fill(7) }
  const other = new World({ engine, spec, checkpoint: wrong }, { seed: 'below', nowMs, store: storeAt(6) })
  other.connect('a', { view: new FixtureView(chain) })
  ok(other.settle().has('failed', 'checkpoint-conflict'))
  ok(
    headsOf(other).every((height) => height < 11),
    headsOf(other).join(),
  )
})

test('a confirmation of a chain that the store no longer holds does not speak for the next one', () => {
  const from = checkpointAt(9)
  const first = new World({ engine, spec, checkpoint: from }, { seed: 'first', nowMs })
  first.connect('a', { view: new FixtureView(chain, 10) })
  first.settle()
  const store = new Map(first.store)
  ok(store.has('checkpoint'))
  store.set('head', new Uint8Array(3))
  const second = new World({ engine, spec }, { seed: 'second', nowMs, store })
  second.connect('a', { view: new FixtureView(chain, 12) })
  second.settle()
  ok(second.has('warning', 'store-rejected'))
  ok(!second.store.has('checkpoint'))
})

// ── Weak committees ──────────────────────────────────────────────────────────────────────────────────────────────────

const weak = chainFixture({
  ...{ epochs: 2, seed: 'weak', engine, signer: modelBlsSigner },
  params: { ...FIXTURE_PARAMS, shardSizeMax: 32_767 },
})
const weakTip = weak.blocks.length
const weakNowMs = weak.header(weakTip).timeMs

function weakStore(): Map<string, Uint8Array> {
  const lenient = new World(
    { engine, spec: weak.spec, weakCommitteesAllowed: true },
    { seed: 'weak', nowMs: weakNowMs },
  )
  lenient.connect('a', { view: new FixtureView(weak) })
  equal(lenient.settle().height, BigInt(weakTip))
  return new Map(lenient.store)
}

test('[LC-3] a stored head under a weak committee is refused by that name unless it is allowed, and the store stays as it was', () => {
  const store = weakStore()
  const before = new Map(store)
  const strict = new World({ engine, spec: weak.spec }, { seed: 'strict', nowMs: weakNowMs, store })
  ok(strict.has('failed', 'chain-weak'))
  deepEqual(headsOf(strict), [])
  deepEqual(strict.store, before)
  const lenient = new World(
    { engine, spec: weak.spec, weakCommitteesAllowed: true },
    { seed: 'lenient', nowMs: weakNowMs, store },
  )
  deepEqual(headsOf(lenient), [weakTip])
})

test('[LC-3] a checkpoint under a weak committee is refused by that name, blames no peer, and is taken where it is allowed', () => {
  const checkpoint = checkpointAt(3, weak)
  for (const weakCommitteesAllowed of [false, true]) {
    const world = new World(
      { engine, spec: weak.spec, checkpoint, weakCommitteesAllowed },
      { seed: 'base', nowMs: weakNowMs },
    )
    world.connect('a', { view: new FixtureView(weak) })
    world.settle()
    equal(world.has('failed', 'chain-weak'), !weakCommitteesAllowed)
    equal(world.height, weakCommitteesAllowed ? BigInt(weakTip) : undefined)
    deepEqual([...world.remembered], [])
  }
})

test('[LC-3] a state file under a weak committee is refused by that name unless it is allowed', () => {
  const file = exportState(weakStore())
  ok(file.kind === 'accepted')
  const strict = importState(engine, weak.spec, file.value, weakNowMs)
  ok(strict.kind === 'rejected' && strict.code === 'chain-weak', JSON.stringify(strict.kind))
  equal(importState(engine, weak.spec, file.value, weakNowMs, true).kind, 'accepted')
})
