import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { LightEffect } from '../../src/light/contract.ts'
import { LightMachine } from '../../src/light/machine.ts'
import { encodeStatusResponse } from '../../src/wire/status.ts'
import { fixtureOf, FixtureView, modelEngine } from './fixture-view.ts'
import { World, type WorldPeer } from './world.ts'

const seed = Date.now()
console.log(`hostile peers seed ${seed}`)
const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const nowMs = chain.header(tip).timeMs
const { spec } = chain
const engine = modelEngine

/** Ways to answer wrongly. Some leave the bytes as they are now and then, so that valid and corrupted mix. */
const MANGLES: readonly ((bytes: Uint8Array, prng: Prng) => Uint8Array | undefined)[] = [
  (bytes, prng) => {
    bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8)
    return bytes
  },
  (bytes, prng) => bytes.subarray(0, prng.below(bytes.length)),
  (_, prng) => prng.bytes(prng.below(2000)),
  (bytes, prng) => (prng.chance(0.5) ? bytes : undefined),
  (bytes, prng) => {
    if (prng.chance(0.7)) return bytes
    bytes[prng.below(bytes.length)] = prng.below(256)
    return bytes
  },
  (bytes, prng) => Uint8Array.of(...bytes, ...prng.bytes(1 + prng.below(3))),
  () => Uint8Array.of(1, 0),
]

/** Remembers what was sent and sends it again in place of an answer. */
function replaying(): NonNullable<WorldPeer['mangle']> {
  const heard: Uint8Array[] = []
  return (bytes, prng) => {
    heard.push(bytes)
    return prng.chance(0.5) ? bytes : Uint8Array.from(prng.pick(heard))
  }
}

function isPrefixOfChain(world: World): boolean {
  const { trusted } = world.machine
  return trusted === undefined || equalBytes(trusted.hash, chain.ledger(Number(trusted.header.height)).hash)
}

test('any mix of valid and corrupted answers, in any order, leaves the client at a prefix of the honest chain', () => {
  for (let round = 0; round < 60; round++) {
    const prng = new Prng(`${seed}/${round}`)
    const height = prng.below(tip)
    const isGenesis = prng.chance(0.5)
    const checkpoint = { height: BigInt(height), hash: chain.ledger(height).hash }
    const world = new World({ engine, spec, ...(isGenesis ? {} : { checkpoint }) }, { seed: `${seed}/${round}`, nowMs })
    const views: FixtureView[] = []
    for (let index = prng.below(5); index >= 0; index--) {
      const view = new FixtureView(chain, prng.below(tip + 1))
      views.push(view)
      world.connect(`hostile ${index}`, { view, mangle: prng.chance(0.2) ? replaying() : prng.pick(MANGLES) })
    }
    for (let step = 0; step < 25; step++) {
      world.settle()
      ok(isPrefixOfChain(world), `seed ${seed}, round ${round}`)
      world.tick(BigInt(prng.below(6000)))
      const view = prng.pick(views)
      view.headHeight = Math.min(tip, view.headHeight + prng.below(3))
    }
    ok(!world.has('halted') && !world.has('failed'), `seed ${seed}, round ${round}: stopped by noise`)
    world.connect('honest', { view: new FixtureView(chain) })
    for (let second = 0; second < 90 && world.height !== BigInt(tip); second++) {
      world.settle()
      world.tick(1000n)
    }
    equal(world.height, BigInt(tip), `seed ${seed}, round ${round}: the honest peer was not found`)
  }
})

test('frames of any bytes in answer to everything asked never throw out of the machine, and move nothing', () => {
  const prng = new Prng(`${seed}/fuzz`)
  const machine = new LightMachine({ engine, spec, seed: `${seed}` })
  machine.step({ kind: 'started', nowMs, saved: new Map() })
  const status = encodeStatusResponse({
    kind: 'served',
    body: { head: new FixtureView(chain, 0).head(), oldestHeight: 0n },
  })
  let frameCount = 0
  const take = (effects: readonly LightEffect[]): void => {
    for (const effect of effects) {
      // Now and then the truth about the head, so that streams are opened and can be fuzzed too.
      const bytes = prng.chance(0.3) ? status : prng.bytes(prng.below(400))
      if (bytes !== status && prng.chance(0.7)) bytes[0] = 0
      if (effect.kind === 'send-request') {
        frameCount++
        take(machine.step({ kind: 'response-received', requestId: effect.requestId, bytes }))
      }
      if (effect.kind !== 'open-follow') continue
      frameCount++
      take(machine.step({ kind: 'frame-received', streamId: effect.streamId, bytes }))
    }
  }
  for (let round = 0; round < 4000; round++) {
    take(machine.step({ kind: 'peer-connected', peer: `p${round}` }))
    if (round % 10 === 0)
      take(machine.step({ kind: 'asked', queryId: `q${round}`, query: { kind: 'header', height: 0n } }))
    take(machine.step({ kind: 'ticked', nowMs: nowMs + BigInt(round) }))
    take(machine.step({ kind: 'query-cancelled', queryId: `q${round}` }))
    take(machine.step({ kind: 'peer-disconnected', peer: `p${round}` }))
  }
  ok(frameCount > 4000, `only ${frameCount} frames`)
  equal(machine.trusted!.header.height, 0n)
})

test('a store of random bytes never throws, and gives no trust', () => {
  const prng = new Prng(`${seed}/store`)
  for (let round = 0; round < 300; round++) {
    const store = new Map(['head', 'committee', 'evidence', 'banned'].map((key) => [key, prng.bytes(prng.below(700))]))
    const world = new World({ engine, spec }, { seed: 'store', nowMs, store })
    ok(world.height === undefined || world.height === 0n)
    ok(world.has('failed', 'evidence-unreadable') || store.get('evidence')!.length === 0 || world.has('warning'))
  }
})
