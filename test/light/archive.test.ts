import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { verifyHistoryProof } from '../../src/proofs/history.ts'
import { answer } from '../../src/wire/answer.ts'
import type { ConflictEvidence } from '../../src/wire/evidence.ts'
import { decodeHopsResponse, encodeHopsRequest } from '../../src/wire/hops.ts'
import { decodeProofResponse, encodeProofRequest } from '../../src/wire/proof.ts'
import { FORMS_FULL } from '../../src/wire/update.ts'
import { fixtureOf, FixtureView, modelEngine } from './fixture-view.ts'
import { World } from './world.ts'

const seed = Date.now()
console.log(`archive seed ${seed}`)
const chain = fixtureOf({ epochs: 6 })
const tip = chain.blocks.length
const nowMs = chain.header(tip).timeMs
const { spec } = chain
const engine = modelEngine
const kept = () => ({ outcome: 'kept' as const, reason: '' })
const serving = { engine, spec, onReport: kept }

/** A client that follows the fixture in steps of random length. */
function followed(name: string, checkpointHeight?: number): { world: World; view: FixtureView } {
  const prng = new Prng(name)
  const start = checkpointHeight ?? 0
  const checkpoint = { height: BigInt(start), hash: chain.ledger(start).hash }
  const world = new World({ ...serving, ...(start === 0 ? {} : { checkpoint }) }, { seed: name, nowMs })
  const view = new FixtureView(chain, start)
  world.connect('node', { view })
  for (world.settle(); view.headHeight < tip; world.settle()) {
    view.headHeight = Math.min(tip, view.headHeight + 1 + (prng.chance(0.3) ? prng.below(7) : 0))
    world.tick(1000n)
  }
  equal(world.height, BigInt(tip), `seed ${name}`)
  return { world, view }
}

test('a client that follows only another client, from wherever that one started, reaches its head', () => {
  for (let round = 0; round < 12; round++) {
    const name = `${seed}/${round}`
    const start = round % 3 === 0 ? 0 : new Prng(name).below(tip - 6)
    const first = followed(name, start)
    const checkpoint = { height: BigInt(start), hash: chain.ledger(start).hash }
    const second = new World({ ...serving, ...(start === 0 ? {} : { checkpoint }) }, { seed: name, nowMs })
    second.connect('client', { view: first.world.machine.archive! })
    equal(second.settle().height, BigInt(tip), `seed ${name}`)
    // And a third from the second: what was got by hops is given on.
    const third = new World({ engine, spec, ...(start === 0 ? {} : { checkpoint }) }, { seed: `3/${name}`, nowMs })
    third.connect('client', { view: second.machine.archive! })
    equal(third.settle().height, BigInt(tip), `seed ${name}, third`)
    equal(third.dropped.size, 0)
  }
})

test('every path that it gives out verifies under the header it is for, and within a run every pair has one', () => {
  for (let round = 0; round < 6; round++) {
    const { archive } = followed(`${seed}/paths/${round}`).world.machine
    let count = 0
    for (let size = 1; size <= tip; size++)
      for (let index = 0; index < size; index++) {
        const path = archive!.historyPath(BigInt(index), BigInt(size))
        if (path === undefined) continue
        const { hash } = chain.ledger(index)
        const root = chain.header(size).historyRoot
        const verdict = verifyHistoryProof(engine.kernels, root, BigInt(size), BigInt(index), hash, path)
        equal(verdict.kind, 'accepted', `seed ${seed}/paths/${round}: ${index} in ${size}`)
        count++
      }
    ok(count > 0, `seed ${seed}/paths/${round}`)
  }
})

test('a path costs its own length in hashes, however long the run, once its subtrees are known', () => {
  const long = fixtureOf({ epochs: 80 })
  const count = long.blocks.length
  let hashes = 0
  const kernels = new Proxy(engine.kernels, {
    get: (target, name, receiver) => {
      if (name === 'nodeHash') hashes++
      return Reflect.get(target, name, receiver) as unknown
    },
  })
  const options = { seed: 'cost', nowMs: long.header(count).timeMs }
  const world = new World({ ...serving, engine: { ...engine, kernels }, spec: long.spec }, options)
  const view = new FixtureView(long, 0)
  world.connect('node', { view })
  for (world.settle(); view.headHeight < count; world.settle()) view.headHeight++
  const cost = (index: number, size: number): number => {
    const before = hashes
    const path = world.machine.archive!.historyPath(BigInt(index), BigInt(size))!
    const spent = hashes - before
    const { hash } = long.ledger(index)
    const { historyRoot } = long.header(size)
    const verdict = verifyHistoryProof(engine.kernels, historyRoot, BigInt(size), BigInt(index), hash, path)
    equal(verdict.kind, 'accepted', `${index} in ${size}`)
    return spent
  }
  ok(count > 300, `${count} blocks`)
  for (const index of [0, count >> 1, count - 2]) cost(index, count - 1)
  for (const [index, size] of [
    [0, count],
    [1, count - 1],
    [count >> 1, count],
    [7, count >> 1],
  ] as const)
    ok(cost(index, size) <= 20, `${index} in ${size} of ${count}`)
})

test('it follows block by block: any later head can be reached from any height, the epoch rule kept', () => {
  const world = new World(serving, { seed: 'one by one', nowMs })
  const view = new FixtureView(chain, 0)
  world.connect('node', { view })
  for (world.settle(); view.headHeight < tip; world.settle()) view.headHeight++
  const archive = world.machine.archive!
  for (let from = 0; from < tip; from++) {
    const request = encodeHopsRequest({ fromHeight: BigInt(from), countMax: 64, base: 'full', forms: FORMS_FULL })
    const [ours, theirs] = [archive, new FixtureView(chain)].map((one) => answer(one, 'hops', request))
    ok(ours?.kind === 'accepted' && theirs?.kind === 'accepted')
    const [a, b] = [ours, theirs].map(({ value }) => decodeHopsResponse(value, spec.params))
    deepEqual(a, b, `from ${from}`)
  }
})

test('what it does not know it refuses as unsupported, and headers it proves', () => {
  const { archive } = followed(`${seed}/kinds`).world.machine
  const ask = (request: Parameters<typeof encodeProofRequest>[0]) => {
    const response = answer(archive!, 'proof', encodeProofRequest(request))
    ok(response.kind === 'accepted')
    const decoded = decodeProofResponse(response.value)
    ok(decoded.kind === 'accepted')
    return decoded.value.kind === 'refused' ? decoded.value.refusal : 'served'
  }
  const at = BigInt(tip)
  equal(ask({ kind: 2, at, txid: new Uint8Array(32) }), 'unsupported')
  equal(ask({ kind: 3, at, prefix: { bits: 0, bytes: new Uint8Array(0) } }), 'unsupported')
  equal(ask({ kind: 1, at, height: at }), 'served')
})

test('evidence that another client gives is verified: a real conflict halts, anything else does nothing', () => {
  const fork = fixtureOf({ epochs: 6, paymentsPerBlock: 1 })
  const final = (of: typeof chain, height: number) => new FixtureView(of).final(BigInt(height))!
  const same = { kind: 1, first: final(chain, tip - 1), second: final(chain, tip - 1) } as const
  const forged = { ...final(fork, tip - 1), cert: final(chain, tip - 1).cert! }
  const voids: ConflictEvidence[] = [
    same,
    { kind: 1, first: final(chain, tip - 1), second: forged },
    { kind: 1, first: final(chain, 2), second: final(fork, 2) },
    {
      kind: 2,
      first: final(chain, tip - 2),
      second: final(fork, tip),
      leafHash: new Uint8Array(32),
      path: new Uint8Array(0),
    },
  ]
  const client = new World(serving, { seed: 'reported', nowMs })
  client.connect('node', { view: new FixtureView(chain) })
  client.settle()
  for (const evidence of voids) client.deliver({ kind: 'evidence-received', evidence })
  equal(client.machine.phase, 'following')
  const node = new FixtureView(chain)
  client.connect('later', { view: node })
  client.deliver({
    kind: 'evidence-received',
    evidence: { kind: 1, first: final(chain, tip), second: final(fork, tip) },
  })
  client.settle()
  equal(client.machine.phase, 'halted')
  equal(node.reports.length, 1, 'it is gossiped')
  ok(client.store.has('evidence'), 'it is kept')
  const restarted = new World(serving, { seed: 'again', nowMs, store: client.store })
  const another = new FixtureView(chain)
  restarted.connect('another', { view: another })
  restarted.settle()
  equal(another.reports.length, 1, 'after a restart too, to whoever comes')
})
