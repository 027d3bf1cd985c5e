import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { exportState, importState } from '../../src/light/state-file.ts'
import { flipBit } from '../verify/model-chain.ts'
import { fixtureOf, FixtureView, modelEngine } from './fixture-view.ts'
import { World } from './world.ts'

const engine = modelEngine
const chain = fixtureOf({ epochs: 6 })
const tip = chain.blocks.length
const nowMs = chain.header(tip).timeMs
const { spec } = chain

function followed(height = tip): World {
  const world = new World({ engine, spec }, { seed: 'state', nowMs })
  world.connect('a', { view: new FixtureView(chain, height) })
  return world.settle()
}

function fileOf(world: World): Uint8Array {
  const file = exportState(world.store)
  ok(file.kind === 'accepted')
  return file.value
}

test('a state that one client exports is where another goes on, without a peer and without its bans', () => {
  const world = followed(13)
  const imported = importState(engine, spec, fileOf(world), nowMs)
  ok(imported.kind === 'accepted')
  equal(imported.value.trusted.header.height, 13n)
  equal(imported.value.trusted.committee?.head.epoch, 3)
  deepEqual([...imported.value.entries.keys()].sort(), ['chain', 'committee', 'head'])
  const other = new World({ engine, spec }, { seed: 'other', nowMs, store: new Map(imported.value.entries) })
  equal(other.height, 13n)
  other.connect('b', { view: new FixtureView(chain) })
  equal(other.settle().height, BigInt(tip))
})

test('single-bit changes, truncations and a byte too many are refused with a code', () => {
  const file = fileOf(followed())
  for (let bit = 0; bit < 8 * file.length; bit += 7) {
    const verdict = importState(engine, spec, flipBit(file, bit), nowMs)
    equal(verdict.kind, 'rejected', `bit ${bit}`)
  }
  for (let length = 0; length < file.length; length += 3)
    equal(importState(engine, spec, file.slice(0, length), nowMs).kind, 'rejected', `length ${length}`)
  equal(importState(engine, spec, Uint8Array.of(...file, 0), nowMs).kind, 'rejected')
})

test('a file of another chain, one that is too old, an empty store and a halted client each have their own code', () => {
  const world = followed()
  const file = fileOf(world)
  const other = importState(engine, fixtureOf({ epochs: 2, seed: 'other' }).spec, file, nowMs)
  ok(other.kind === 'rejected' && other.code === 'store-other-chain')
  const late = importState(engine, spec, file, nowMs + BigInt(spec.params.trustPeriodMs) + 1n)
  ok(late.kind === 'undecided' && late.code === 'trust-expired')
  const empty = exportState(new Map())
  ok(empty.kind === 'rejected' && empty.code === 'state-empty')
  const halted = exportState(new Map(world.store).set('evidence', new Uint8Array(9)))
  ok(halted.kind === 'rejected' && halted.code === 'state-halted')
  const none = importState(engine, spec, new Uint8Array(3), nowMs)
  ok(none.kind === 'rejected' && none.code === 'state-magic')
})
