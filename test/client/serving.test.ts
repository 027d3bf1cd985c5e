/** A light client that serves: what it costs others to keep it busy. */
import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Serving } from '../../src/client/serving.ts'
import { PeerAccount, SERVE_LIMITS } from '../../src/net/peer-account.ts'
import { answer, nextUpdate, type RequestProtocol } from '../../src/wire/answer.ts'
import { encodeHopsRequest } from '../../src/wire/hops.ts'
import { encodeStatusRequest } from '../../src/wire/status.ts'
import { FORMS_ALL } from '../../src/wire/update.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { World } from '../light/world.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const config = { engine: modelEngine, spec: chain.spec, onReport: () => ({ outcome: 'kept' as const, reason: '' }) }
const world = new World(config, { seed: 'serving', nowMs: chain.header(tip).timeMs })
world.connect('a', { view: new FixtureView(chain) })
world.settle()
const archive = world.machine.archive!
const host = {
  answer: (protocol: RequestProtocol, request: Uint8Array) => answer(archive, protocol, request),
  next: (height: bigint) => nextUpdate(archive, height),
}
const serving = new Serving(host, () => true)

const hops = encodeHopsRequest({ fromHeight: 0n, countMax: 64, base: 'none', forms: FORMS_ALL })
/** How many of `count` requests in a row one peer gets an answer to, at one moment. */
function answered(protocol: 'hops' | 'status', request: Uint8Array, count: number): number {
  const account = new PeerAccount(SERVE_LIMITS, 0)
  let served = 0
  for (let index = 0; index < count; index++) {
    if (account.admit(0) !== 'admitted') break
    const response = serving.request(protocol, request, (more) => account.charge(more, 0))
    ok(!(response instanceof Promise) && response.kind === 'accepted')
    if (response.value[0] === 0) served++
    account.released()
  }
  return served
}

test('requests that are dear to answer are refused long before cheap ones, and refused as busy', () => {
  const cheap = answered('status', encodeStatusRequest(), 1000)
  const dear = answered('hops', hops, 1000)
  equal(cheap, SERVE_LIMITS.requestBurst)
  ok(dear >= 16 && dear <= SERVE_LIMITS.requestBurst / 8, `${dear}`)
  const refusal = serving.request('hops', hops, () => false)
  ok(!(refusal instanceof Promise) && refusal.kind === 'accepted')
  equal([...refusal.value].join(), '1,4')
})
