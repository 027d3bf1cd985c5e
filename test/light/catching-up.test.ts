/** Catching up over many epochs ([LC-4c]), and the ways in which it could be made to stand still or to lie. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import { encodeCert } from '../../src/chain/certificate.ts'
import type { LightNotice } from '../../src/light/contract.ts'
import { LightCore } from '../../src/light/core.ts'
import type { Update } from '../../src/verify/light.ts'
import { answerHops } from '../../src/wire/answer.ts'
import { served } from '../../src/wire/envelope.ts'
import { decodeHopsRequest, encodeHopsResponse, type HopsRequest } from '../../src/wire/hops.ts'
import { encodeStatusResponse } from '../../src/wire/status.ts'
import { FORMS_ALL, FORMS_FULL } from '../../src/wire/update.ts'
import { fixtureOf, FixtureView, modelEngine } from './fixture-view.ts'
import { World, type WorldPeer } from './world.ts'

const engine = modelEngine
const chain = fixtureOf({ epochs: 30, paymentsPerBlock: 0 })
const tip = chain.blocks.length
const nowMs = chain.header(tip).timeMs + 500n
const { spec } = chain
const checkpoint = { height: 2n, hash: chain.ledger(2).hash }
const options = { seed: 'catching up', nowMs }
const last = <Kind extends LightNotice['kind']>(world: World, kind: Kind) =>
  world.notices.filter((notice): notice is LightNotice & { kind: Kind } => notice.kind === kind).at(-1)

/** A peer that hears every hops request and may change what it answers. */
function peer(
  view: FixtureView,
  change: (updates: readonly Update[], request: HopsRequest) => readonly Update[] = (updates) => updates,
): WorldPeer & { readonly asked: HopsRequest[] } {
  const asked: HopsRequest[] = []
  const respond = (protocol: string, bytes: Uint8Array): Uint8Array | undefined => {
    if (protocol !== 'hops') return undefined
    const request = decodeHopsRequest(bytes)
    ok(request.kind === 'accepted')
    asked.push(request.value)
    const answer = answerHops(view, request.value)
    if (answer.kind === 'refused') return encodeHopsResponse(answer, FORMS_ALL)
    const updates = change(answer.body.updates, request.value)
    return encodeHopsResponse(served({ ...answer.body, updates }), request.value.forms)
  }
  return { view, respond, asked }
}

/** The same hop with a signature of another block. */
const withSignature = (update: Update, of: Update): Update => ({
  ...update,
  cert: { ...update.cert, signature: of.cert.signature },
})

test('[LC-4c] compact hops are asked for up to the last epoch but one, the full committee with the last, then it follows', () => {
  const one = peer(new FixtureView(chain))
  const world = new World({ engine, spec, checkpoint }, options)
  world.connect('a', one)
  equal(world.settle().height, BigInt(tip))
  equal(world.machine.phase, 'following')
  equal(one.asked[0]!.base, 'compact')
  deepEqual(
    one.asked.map(({ forms, countMax }) => [forms, countMax]),
    [
      [FORMS_ALL, 16],
      [FORMS_ALL, 12],
      [FORMS_FULL, 16],
    ],
  )
  equal(world.machine.trusted!.committee?.head.epoch, 29)
  equal(world.dropped.size, 0)
})

test('[LC-4c] the next hops are under way while a batch waits for its verification', () => {
  const world = new World({ engine, spec }, options)
  const requests: string[] = []
  const heights: bigint[] = []
  const machine = world.machine
  world.connect('a', {
    view: new FixtureView(chain),
    respond: (protocol) => {
      if (protocol === 'hops') {
        requests.push(protocol)
        heights.push(machine.trusted!.header.height)
      }
      return undefined
    },
  })
  world.settle()
  equal(world.height, BigInt(tip))
  ok(requests.length >= 3)
  ok(
    new Set(heights).size < heights.length,
    `some request is answered before the head has moved: heads ${heights.join()}`,
  )
})

test('[LC-4c] a hop in the middle of a batch that does not hold names its sender, and nothing from it on is accepted', () => {
  for (const at of [0, 1, 7, 15]) {
    const liar = peer(new FixtureView(chain), (updates) =>
      updates.length > at ? updates.with(at, withSignature(updates[at]!, updates.at(at - 1)!)) : updates,
    )
    const world = new World({ engine, spec }, options)
    world.connect('liar', liar)
    world.settle()
    equal(world.dropped.get('liar'), 'cert-signature', `hop ${at}`)
    ok(world.remembered.has('liar'))
    const { height, hash } =
      world.machine.trusted!.header.height === 0n
        ? { height: 0n, hash: chain.ledger(0).hash }
        : {
            height: world.height!,
            hash: world.machine.trusted!.hash,
          }
    equal(toHex(hash), toHex(chain.ledger(Number(height)).hash), 'a prefix of the honest chain')
    ok(height <= BigInt(4 * (at + 1)), `hop ${at}: ${height}`)
    world.connect('honest', { view: new FixtureView(chain) })
    equal(world.settle().height, BigInt(tip))
    ok(!world.dropped.has('honest'))
  }
})

test('[LC-4c] absent members, heads and aggregate keys that are not those of the root are refused, alone and in a batch', () => {
  const changes: readonly ((update: Update) => Update)[] = [
    ({ compact, ...rest }) => ({
      ...rest,
      compact: { ...compact!, head: { ...compact!.head, epoch: compact!.head.epoch + 1 } },
    }),
    ({ compact, ...rest }) => ({ ...rest, compact: { ...compact!, absent: compact!.absent.slice(1) } }),
    ({ compact, ...rest }) => ({
      ...rest,
      compact: { ...compact!, head: { ...compact!.head, aggregateKey: compact!.absent[0]!.blsPk } },
    }),
    ({ compact, ...rest }) => ({ ...rest, compact: { ...compact!, proof: compact!.proof.map((byte) => byte ^ 1) } }),
    ({ compact, ...rest }) => ({
      ...rest,
      compact: { ...compact!, absent: [...compact!.absent.slice(1), compact!.absent[0]!] },
    }),
  ]
  for (const [index, change] of changes.entries())
    for (const at of [0, 5]) {
      const isUsable = ({ compact }: Update) => compact !== undefined && compact.absent.length > 1
      const liar = peer(new FixtureView(chain), (updates) =>
        updates.map((update, place) => (place >= at && isUsable(update) ? change(update) : update)),
      )
      const world = new World({ engine, spec }, options)
      world.connect('liar', liar)
      world.settle()
      ok(world.remembered.has('liar'), `change ${index} from hop ${at}: ${String(world.dropped.get('liar'))}`)
      ok(!world.has('failed') && !world.has('halted'), `change ${index} from hop ${at}`)
      equal(toHex(world.machine.trusted!.hash), toHex(chain.ledger(Number(world.height)).hash))
    }
})

test('[LC-8] a client that stops in the midst of catching up goes on from the compact head that it had saved', () => {
  const world = new World({ engine, spec, checkpoint }, options)
  const view = new FixtureView(chain)
  let count = 0
  world.connect(
    'a',
    peer(view, (updates) => (++count > 1 ? [] : updates)),
  )
  world.settle()
  ok(world.height! > 40n && world.height! < BigInt(tip), `stopped at ${world.height}`)
  ok(world.store.has('compact') && !world.store.has('committee'))
  const second = new World({ engine, spec, checkpoint }, { ...options, store: new Map(world.store) })
  equal(second.height, world.height)
  equal(last(second, 'head')?.head.seats, 16)
  second.connect('honest', { view })
  equal(second.settle().height, BigInt(tip))
  ok(second.store.has('committee') && !second.store.has('compact'))
  for (const key of ['head', 'compact'])
    for (let at = 0; at < world.store.get(key)!.length; at += 13) {
      const store = new Map(world.store)
      store.set(
        key,
        store.get(key)!.map((byte, index) => (index === at ? byte ^ 8 : byte)),
      )
      const third = new World({ engine, spec }, { ...options, store })
      equal(third.height, 0n, `${key} byte ${at}`)
      ok(third.has('warning', 'store-rejected'))
    }
})

test('[LC-4] after a warm start the head is told first and the audit of its committee follows, before anything else is verified', () => {
  const world = new World({ engine, spec }, options)
  world.connect('a', { view: new FixtureView(chain, 50) })
  world.settle()
  const second = new World({ engine, spec }, { ...options, store: world.store })
  equal(last(second, 'head')?.head.header.height, 50n)
  const epochKnown = () => second.machine.trusted!.committee?.head.epoch
  equal(epochKnown(), undefined)
  second.deliver({ kind: 'work-resumed' })
  equal(epochKnown(), 12)
  equal(last(second, 'committee')?.epoch, 12)
})

test('progress counts hops towards the claim, never backwards, and estimates what is left once time has passed', () => {
  const world = new World({ engine, spec, hopBatchMax: 4 }, options)
  const peers = peer(new FixtureView(chain), (updates) => (world.tick(1000n), updates))
  world.connect('a', peers)
  world.settle()
  const steps = world.notices.filter((notice) => notice.kind === 'progress')
  ok(steps.length >= 7)
  for (const [index, step] of steps.entries()) {
    const before = steps[index - 1]
    ok(before === undefined || step.hopsDone >= before.hopsDone)
    ok(step.hopsDone <= step.hopsTotal && step.hopsTotal <= 29)
  }
  equal(steps.at(-1)!.hopsDone, steps.at(-1)!.hopsTotal)
  ok(steps.some(({ hopsPerS, remainingMs }) => hopsPerS !== undefined && remainingMs !== undefined && remainingMs > 0))
})

test('[LC-7] three peers that hold their streams and say nothing do not keep the client from the blocks of a fourth', () => {
  for (let round = 0; round < 6; round++) {
    const silent = [1, 2, 3].map(() => new FixtureView(chain, 40))
    const honest = new FixtureView(chain, 40)
    const world = new World({ engine, spec }, { ...options, seed: `silent ${round}`, nowMs: chain.header(40).timeMs })
    silent.forEach((view, index) => world.connect(`silent ${index}`, { view }))
    world.settle()
    world.connect('honest', { view: honest })
    world.settle()
    // From here on a block a second, which only the honest one has.
    for (let second = 1; second <= 30; second++) {
      honest.headHeight = 40 + second
      world.tick(1000n)
      world.settle()
    }
    ok(world.height! >= 68n, `round ${round}: at ${world.height} of 70`)
    ok(!world.has('failed') && world.dropped.size === 0)
  }
})

test('a claim that its peer does not prove keeps nobody in the phase of catching up', () => {
  const { header, cert } = new FixtureView(chain).head()
  const claim = { header: { ...header, height: header.height + 400n }, cert }
  const boast = encodeStatusResponse(served({ head: claim, oldestHeight: 0n }))
  const world = new World({ engine, spec }, options)
  world.connect('honest', { view: new FixtureView(chain) })
  world.settle()
  const busy = encodeHopsResponse({ kind: 'refused', refusal: 'busy' }, FORMS_ALL)
  const respond = (protocol: string) => (protocol === 'status' ? boast : protocol === 'hops' ? busy : undefined)
  world.connect('boaster', { view: new FixtureView(chain), respond })
  world.settle()
  for (let second = 0; second < 20; second++) {
    world.tick(1000n)
    world.settle()
  }
  equal(world.machine.phase, 'following')
  equal(last(world, 'phase')?.phase, 'following')
})

test('[LC-1] a checkpoint that is too old is told as stale and not as a head, until the clock is set right', () => {
  const late = chain.header(2).timeMs + BigInt(spec.params.trustPeriodMs) + 1n
  const world = new World({ engine, spec, checkpoint }, { ...options, nowMs: late })
  world.connect('a', { view: new FixtureView(chain) })
  world.settle()
  ok(world.has('warning', 'trusted-stale'))
  ok(!world.has('head'), 'nothing was told as a head')
  equal(world.machine.phase, 'stale')
  world.tick(nowMs - late)
  world.settle()
  ok(world.has('head'))
})

test('[LC-8] evidence in the store that cannot be read stops the client as evidence does', () => {
  const first = new World({ engine, spec }, options)
  first.connect('a', { view: new FixtureView(chain, 9) })
  first.settle()
  const store = new Map(first.store).set('evidence', encodeCert(chain.blocks[3]!.cert))
  const world = new World({ engine, spec }, { ...options, store })
  equal(world.machine.phase, 'failed')
  ok(world.has('failed', 'evidence-unreadable'))
  equal(toHex(world.store.get('head')!), toHex(first.store.get('head')!), 'the store is left as it is')
})

test('[LC-5] after compact hops a certified block of the epoch before that is not ours is judged at once, while blocks come', () => {
  const fork = fixtureOf({ epochs: 30, paymentsPerBlock: 1 })
  const honest = new FixtureView(chain, 44)
  const world = new World({ engine, spec, checkpoint: { height: 0n, hash: chain.ledger(0).hash } }, options)
  world.connect('honest', { view: honest })
  equal(world.settle().height, 44n)
  world.connect('fork', { view: new FixtureView(fork, 42) })
  world.settle()
  equal(world.machine.phase, 'halted')
  ok(world.has('halted') && honest.reports.length === 1)
})

test('[LC-5] another certified block of our own height, given for its committee, halts with both as evidence, after a restart too', () => {
  const first = new World({ engine, spec, checkpoint }, options)
  let count = 0
  first.connect(
    'a',
    peer(new FixtureView(chain), (updates) => (++count > 1 ? [] : updates)),
  )
  const { height } = first.settle()
  ok(first.store.has('compact'))
  const fork = new FixtureView(fixtureOf({ epochs: 30, paymentsPerBlock: 1 }), Number(height))
  const world = new World({ engine, spec }, { ...options, store: first.store })
  const honest = new FixtureView(chain, Number(height))
  world.connect('fork', {
    view: honest,
    respond: (protocol, bytes) => {
      const request = decodeHopsRequest(bytes)
      return protocol === 'hops' && request.kind === 'accepted'
        ? encodeHopsResponse(answerHops(fork, request.value), request.value.forms)
        : undefined
    },
  })
  world.settle()
  equal(world.machine.phase, 'halted')
  ok(honest.reports.length === 1 && world.store.has('evidence'))
  equal(new World({ engine, spec }, { ...options, store: world.store }).machine.phase, 'halted')
})

test('the first frame of a stream is waited for as long as blocks take, so that a slow chain’s peers are not moved down', () => {
  const timeoutOf = (blockTimeMs: number): number => {
    const slow = { ...spec, params: { ...spec.params, blockTimeMs } }
    const core = new LightCore({ engine, spec: slow, seed: 'slow' })
    core.openFollow(core.peers.add('a')!, new Uint8Array(0), 0n)
    const [effect] = core.takeEffects()
    ok(effect?.kind === 'open-follow')
    return effect.timeoutMs
  }
  equal(timeoutOf(1_000), 10_000)
  equal(timeoutOf(60_000), 240_000)
})
