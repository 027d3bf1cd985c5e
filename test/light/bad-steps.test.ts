/** Steps that no honest peer sends, and what they must not do to a client or to the honest peers beside the liar. */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { chainFixture, FIXTURE_PARAMS } from '../../src/sim/fixture.ts'
import { buildCompact } from '../../src/verify/compact.ts'
import type { Update } from '../../src/verify/light.ts'
import { nextUpdate } from '../../src/wire/answer.ts'
import { refused, served } from '../../src/wire/envelope.ts'
import { encodeHopsResponse } from '../../src/wire/hops.ts'
import { encodeProofResponse } from '../../src/wire/proof.ts'
import { FORMS_ALL } from '../../src/wire/update.ts'
import { fixtureOf, FixtureView, modelEngine } from './fixture-view.ts'
import { World } from './world.ts'

const engine = modelEngine
const chain = fixtureOf({ epochs: 6 })
const tip = BigInt(chain.blocks.length)
const nowMs = chain.header(chain.blocks.length).timeMs + 500n
const { spec } = chain

/** The honest first step from genesis: into epoch 1, with its committee. */
function firstStep(): Update {
  const next = nextUpdate(new FixtureView(chain), 0n)
  ok(next.kind === 'served' && next.body !== undefined)
  return next.body
}

const hopsOf = (update: Update): Uint8Array =>
  encodeHopsResponse(served({ base: undefined, updates: [update] }), FORMS_ALL)

/** A world in which `liar` answers hops with `update`, and proofs with `proof` if given. */
function worldWith(update: Update, proof?: Uint8Array): World {
  const world = new World({ engine, spec }, { seed: 'bad steps', nowMs })
  const respond = (protocol: string) =>
    protocol === 'hops' ? hopsOf(update) : protocol === 'proof' ? proof : undefined
  world.connect('liar', { view: new FixtureView(chain), respond })
  return world.settle()
}

function thenHonest(world: World): void {
  world.connect('honest', { view: new FixtureView(chain) })
  equal(world.settle().height, tip)
  ok(!world.dropped.has('honest'))
}

test('[LC-4c] a compact committee that nobody asked for is refused, and costs no honest peer its connection', () => {
  const { committee, ...step } = firstStep()
  ok(committee !== undefined)
  const compact = buildCompact(engine.kernels, chain.committees[1]!, step.cert.bitmap)
  const world = new World({ engine, spec }, { seed: 'bad steps', nowMs })
  const respond = (protocol: string) => (protocol === 'hops' ? hopsOf({ ...step, compact }) : undefined)
  // It claims a head of the next epoch, so the full form is asked for: it is the last hop.
  world.connect('liar', { view: new FixtureView(chain, 6), respond })
  world.settle()
  equal(world.height, 0n)
  equal(world.dropped.get('liar'), 'malformed')
  thenHonest(world)
})

test('hops that do not lead upwards are refused, instead of being asked for again and again', () => {
  const world = worldWith(firstStep())
  equal(world.height, firstStep().header.height)
  equal(world.dropped.get('liar'), 'malformed')
  thenHonest(world)
})

test('[LC-5] a path that leads nowhere costs the connection, whatever its sender shows or refuses to show for it', () => {
  const step = firstStep()
  const historyPath = step.historyPath.map((byte, index) => (index === 0 ? byte ^ 1 : byte))
  for (const proof of [undefined, encodeProofResponse(refused('busy'))]) {
    const world = worldWith({ ...step, historyPath }, proof)
    equal(world.height, 0n)
    equal(world.dropped.get('liar'), 'history-path')
    ok(world.remembered.has('liar'))
    thenHonest(world)
  }
})

test('[LC-3] a chain that begins with committees below its f and F stops the client, unless the user allowed them', () => {
  const params = { ...FIXTURE_PARAMS, shardSizeMax: 32_767 }
  const weak = chainFixture({ epochs: 2, seed: 'weak', engine, signer: modelBlsSigner, params })
  equal(weak.committees[0]!.head.F, 0)
  const at = weak.header(weak.blocks.length).timeMs
  const strict = new World({ engine, spec: weak.spec }, { seed: 'weak', nowMs: at })
  // Within epoch 0: the update brings no committee that could be looked at.
  strict.connect('a', { view: new FixtureView(weak, 2) })
  ok(strict.settle().has('failed', 'chain-weak'))
  equal(strict.height, 0n)
  equal(strict.dropped.size, 0)
  const lenient = new World({ engine, spec: weak.spec, weakCommitteesAllowed: true }, { seed: 'weak', nowMs: at })
  lenient.connect('a', { view: new FixtureView(weak) })
  equal(lenient.settle().height, BigInt(weak.blocks.length))
})
