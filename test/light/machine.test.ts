import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { txid, type Tx } from '../../src/chain/transaction.ts'
import type { LightNotice } from '../../src/light/contract.ts'
import { encodeStatusResponse } from '../../src/wire/status.ts'
import { fixtureOf, FixtureView, modelEngine, realEngine } from './fixture-view.ts'
import { World } from './world.ts'

const EPOCHS = 6
const chain = fixtureOf({ epochs: EPOCHS })
const tip = BigInt(chain.blocks.length)
const endMs = chain.header(chain.blocks.length).timeMs
const engine = modelEngine
const { spec } = chain
const options = { seed: 'machine', nowMs: endMs + 500n }
const checkpointAt = (height: number) => ({ height: BigInt(height), hash: chain.ledger(height).hash })
const txidOf = ({ body }: Tx) => txid(engine.kernels, body)
const last = <Kind extends LightNotice['kind']>(world: World, kind: Kind) =>
  world.notices.filter((notice): notice is LightNotice & { kind: Kind } => notice.kind === kind).at(-1)

test('from genesis it hops to the head of an honest peer and follows', () => {
  const view = new FixtureView(chain, 10)
  const world = new World({ engine, spec }, options)
  world.connect('a', { view })
  world.settle()
  equal(world.height, 10n)
  equal(world.machine.phase, 'following')
  for (view.headHeight = 11; view.headHeight < Number(tip); view.headHeight++) world.settle()
  world.settle()
  equal(world.height, tip)
  equal(world.dropped.size, 0)
})

test('with real BLS it reaches the same head', () => {
  const real = fixtureOf({ epochs: 3, real: true })
  const world = new World({ engine: realEngine, spec: real.spec }, options)
  world.connect('a', { view: new FixtureView(real) })
  equal(world.settle().height, BigInt(real.blocks.length))
  equal(world.dropped.size, 0)
})

test('from a checkpoint of any height it reaches the head', () => {
  for (let height = 0; height <= chain.blocks.length; height++) {
    const world = new World({ engine, spec, checkpoint: checkpointAt(height) }, options)
    world.connect('a', { view: new FixtureView(chain) })
    equal(world.settle().height, tip, `checkpoint ${height}`)
    equal(world.dropped.size, 0)
  }
})

test('what was saved is where a restart goes on, without any peer', () => {
  const first = new World({ engine, spec }, options)
  first.connect('a', { view: new FixtureView(chain, 13) })
  first.settle()
  const second = new World({ engine, spec }, { ...options, store: first.store })
  equal(second.height, 13n)
  second.connect('a', { view: new FixtureView(chain) })
  equal(second.settle().height, tip)
})

test('a store with any entry changed is not believed: it starts again from genesis, with a warning', () => {
  const first = new World({ engine, spec }, options)
  first.connect('a', { view: new FixtureView(chain, 13) })
  first.settle()
  for (const key of ['head', 'committee'])
    for (let at = 0; at < first.store.get(key)!.length; at += 37) {
      const store = new Map(first.store)
      const changed = Uint8Array.from(store.get(key)!)
      changed[at]! ^= 4
      store.set(key, changed)
      const second = new World({ engine, spec }, { ...options, store })
      equal(second.height, 0n, `${key} byte ${at}`)
      ok(second.has('warning', 'store-rejected'))
    }
})

test('a store of another chain is refused and left alone', () => {
  const other = fixtureOf({ epochs: 2, seed: 'other' })
  const first = new World({ engine, spec: other.spec }, options)
  first.connect('a', { view: new FixtureView(other) })
  first.settle()
  const before = new Map(first.store)
  const second = new World({ engine, spec }, { ...options, store: first.store })
  ok(second.has('failed', 'store-other-chain'))
  deepEqual(second.store, before)
})

test('a stale trusted head is said to be stale, and no peer is believed', () => {
  const nowMs = chain.header(0).timeMs + BigInt(spec.params.trustPeriodMs) + 1n
  const world = new World({ engine, spec }, { ...options, nowMs })
  world.connect('a', { view: new FixtureView(chain) })
  world.settle()
  equal(world.machine.phase, 'stale')
  equal(world.height, 0n)
  ok(world.has('warning', 'trusted-stale'))
})

test('a head ahead of the clock is undecided, and accepted once the clock has caught up', () => {
  const nowMs = chain.header(5).timeMs - BigInt(spec.params.clockDriftMsMax) - 1n
  const world = new World({ engine, spec }, { ...options, nowMs })
  world.connect('a', { view: new FixtureView(chain, 5) })
  world.settle()
  ok(world.height! < 5n)
  ok(world.has('warning', 'header-future'))
  equal(world.dropped.size, 0)
  world.tick(2n)
  equal(world.settle().height, 5n)
})

test('the checkpoint of another chain, or with a wrong height, stops it with a code of its own', () => {
  const other = fixtureOf({ epochs: 2, seed: 'other' })
  const foreign = { height: 3n, hash: other.ledger(3).hash }
  const world = new World({ engine, spec, checkpoint: foreign }, options)
  world.connect('a', { view: new FixtureView(other) })
  ok(world.settle().has('failed', 'checkpoint-other-chain'))
  const mismatch = new World({ engine, spec, checkpoint: { ...checkpointAt(3), height: 4n } }, options)
  mismatch.connect('a', { view: new FixtureView(chain) })
  ok(mismatch.settle().has('warning', 'checkpoint-mismatch'))
  equal(mismatch.height, undefined)
})

test('a stored chain that does not hold the checkpoint stops it', () => {
  const fork = fixtureOf({ epochs: EPOCHS, paymentsPerBlock: 1 })
  const first = new World({ engine, spec }, options)
  first.connect('a', { view: new FixtureView(chain, 13) })
  first.settle()
  const checkpoint = { height: 9n, hash: fork.ledger(9).hash }
  const second = new World({ engine, spec, checkpoint }, { ...options, store: first.store })
  second.connect('a', { view: new FixtureView(chain) })
  ok(second.settle().has('failed', 'checkpoint-conflict'))
})

test('a quorum that signed two chains halts it, keeps evidence that every peer gets, and stays halted after a restart', () => {
  const fork = fixtureOf({ epochs: EPOCHS, paymentsPerBlock: 1 })
  for (const heads of [
    [10, 10],
    [10, 12],
    [12, 10],
    [10, 18],
  ] as const) {
    const world = new World({ engine, spec }, { ...options, seed: `fork ${heads.join()}` })
    const honest = new FixtureView(chain, heads[0])
    world.connect('honest', { view: honest })
    world.settle()
    world.connect('fork', { view: new FixtureView(fork, heads[1]) })
    world.settle()
    // The honest stream stays quiet while another peer claims more: that peer is asked.
    world.tick(6000n)
    world.settle()
    equal(world.machine.phase, 'halted', `heads ${heads.join()}`)
    ok(world.has('halted'))
    equal(honest.reports.length, 1)
    const restarted = new World({ engine, spec }, { ...options, store: world.store })
    equal(restarted.machine.phase, 'halted')
  }
})

test('a peer that claims a head it cannot prove is dropped and remembered', () => {
  const { header, cert } = new FixtureView(chain).head()
  const claim = { header: { ...header, height: header.height + 2n }, cert }
  const boast = encodeStatusResponse({ kind: 'served', body: { head: claim, oldestHeight: 0n } })
  const respond = (protocol: string) => (protocol === 'status' ? boast : undefined)
  const world = new World({ engine, spec }, options)
  world.connect('liar', { view: new FixtureView(chain, 9), respond })
  world.settle()
  equal(world.height, 9n)
  equal(world.dropped.get('liar'), 'claim-unproven')
  ok(world.remembered.has('liar'))
  world.connect('liar', { view: new FixtureView(chain, 9) })
  world.settle()
  equal(world.dropped.get('liar'), 'banned')
})

test('silent peers are moved down, not banned, and an honest one is found among them', () => {
  const world = new World({ engine, spec }, options)
  for (let index = 0; index < 5; index++)
    world.connect(`silent ${index}`, { view: new FixtureView(chain), mangle: () => undefined })
  world.connect('honest', { view: new FixtureView(chain) })
  world.settle()
  equal(world.height, tip)
  equal(world.remembered.size, 0)
})

test('an owner’s complete unspent set, a header and a transaction are answered with proofs', () => {
  const world = new World({ engine, spec }, options)
  world.connect('a', { view: new FixtureView(chain) })
  world.settle()
  const [wallet] = chain.cast.wallets
  const prefix = { bits: 128, bytes: wallet!.owner }
  const someTx = chain.blocks[6]!.block.body.transactions[0]!
  world.deliver({ kind: 'asked', queryId: 'state', query: { kind: 'state', prefix } })
  world.deliver({ kind: 'asked', queryId: 'header', query: { kind: 'header', height: 4n } })
  const wanted = txidOf(someTx)
  world.deliver({ kind: 'asked', queryId: 'tx', query: { kind: 'transaction', txid: wanted } })
  world.deliver({ kind: 'asked', queryId: 'none', query: { kind: 'transaction', txid: new Uint8Array(32) } })
  world.settle()
  const answers = new Map(
    world.notices.flatMap((notice) => (notice.kind === 'answered' ? [[notice.queryId, notice.answer] as const] : [])),
  )
  const state = answers.get('state')
  ok(state?.kind === 'accepted' && state.value.kind === 'state')
  const expected = [...chain.ledger(Number(tip)).outputs.byOutpoint.values()].filter(({ output }) =>
    output.owner.every((byte, index) => byte === wallet!.owner[index]),
  )
  equal(state.value.utxos.length, expected.length)
  const header = answers.get('header')
  ok(header?.kind === 'accepted' && header.value.kind === 'header' && header.value.header.height === 4n)
  const found = answers.get('tx')
  ok(found?.kind === 'accepted' && found.value.kind === 'transaction' && found.value.header.height === 7n)
  equal((answers.get('none') as { code?: string }).code, 'query-not-found')
})

test('a proof that does not hold bans its peer, and another one answers', () => {
  const world = new World({ engine, spec }, { ...options, seed: 'proofs' })
  const bad = new (class extends FixtureView {
    override stateProof(height: bigint) {
      return super.stateProof(height, { bits: 128, bytes: chain.cast.wallets[1]!.owner })
    }
  })(chain)
  world.connect('bad', { view: bad })
  world.settle()
  world.deliver({
    kind: 'asked',
    queryId: 'q',
    query: { kind: 'state', prefix: { bits: 128, bytes: chain.cast.wallets[0]!.owner } },
  })
  world.settle()
  ok(world.remembered.has('bad'))
  world.connect('good', { view: new FixtureView(chain) })
  world.settle()
  equal(last(world, 'answered')?.answer.kind, 'accepted')
})

test('a submitted transaction is given to several peers and told final with its proof once it is in a block', () => {
  const views = [1, 2, 3, 4].map(() => new FixtureView(chain, 6))
  const world = new World({ engine, spec }, options)
  views.forEach((view, index) => world.connect(`p${index}`, { view }))
  world.settle()
  const tx = chain.blocks[8]!.block.body.transactions[0]!
  world.deliver({ kind: 'submitted', submissionId: 's', txid: txidOf(tx), tx })
  world.settle()
  equal(views.filter(({ submitted }) => submitted.length > 0).length, 3)
  for (let height = 7; height <= 11; height++) {
    for (const view of views) view.headHeight = height
    world.settle()
  }
  const status = last(world, 'submission')?.status
  ok(status?.kind === 'final' && status.value.header.height === 9n)
})

test('a transaction that every peer refuses is told rejected with their reasons; one past its expiry is told expired', () => {
  const view = new FixtureView(chain, 6)
  view.submitAnswer = { outcome: 'rejected', reason: 'tx-fee' }
  const world = new World({ engine, spec }, options)
  world.connect('a', { view })
  world.settle()
  const tx = chain.blocks[8]!.block.body.transactions[0]!
  world.deliver({ kind: 'submitted', submissionId: 's', txid: txidOf(tx), tx })
  world.settle()
  deepEqual(last(world, 'submission')?.status, { kind: 'rejected', reasons: ['tx-fee'] })
  view.submitAnswer = { outcome: 'accepted', reason: '' }
  const short = { ...tx, body: { ...tx.body, expiry: 8n } }
  world.deliver({ kind: 'submitted', submissionId: 't', txid: txidOf(short), tx: short })
  for (view.headHeight = 7; view.headHeight < 11; view.headHeight++) world.settle()
  deepEqual(last(world, 'submission')?.status, { kind: 'expired', expiry: 8n, isProven: false })
})

test('while it follows, trust that runs out is said, its streams are closed, and a fresh head does not revive it', () => {
  const view = new FixtureView(chain, 9)
  const world = new World({ engine, spec }, options)
  world.connect('a', { view })
  world.settle()
  world.tick(BigInt(spec.params.trustPeriodMs))
  equal(world.machine.phase, 'stale')
  view.headHeight = 12
  world.settle()
  world.deliver({ kind: 'asked', queryId: 'q', query: { kind: 'header', height: 1n } })
  equal(last(world, 'answered')?.answer.kind, 'rejected')
  equal(world.height, 9n)
  world.tick(-BigInt(spec.params.trustPeriodMs))
  world.settle()
  for (let second = 0; second < 15; second++) {
    world.tick(1000n)
    world.settle()
  }
  equal(world.height, 12n, 'a clock that was set right lets it go on')
})

test('a stored head that is too old gives way to a newer checkpoint, and without one stays stale', () => {
  const first = new World({ engine, spec }, options)
  first.connect('a', { view: new FixtureView(chain, 5) })
  first.settle()
  const nowMs = chain.header(5).timeMs + BigInt(spec.params.trustPeriodMs) + 1n
  const stale = new World({ engine, spec }, { ...options, nowMs, store: new Map(first.store) })
  equal(stale.machine.phase, 'stale')
  const fresh = new World({ engine, spec, checkpoint: checkpointAt(20) }, { ...options, nowMs, store: first.store })
  fresh.connect('a', { view: new FixtureView(chain) })
  equal(fresh.settle().height, tip)
})

test('a checkpoint that is itself too old is stale at once', () => {
  const nowMs = chain.header(5).timeMs + BigInt(spec.params.trustPeriodMs) + 1n
  const world = new World({ engine, spec, checkpoint: checkpointAt(5) }, { ...options, nowMs })
  world.connect('a', { view: new FixtureView(chain) })
  world.settle()
  equal(world.machine.phase, 'stale')
  equal(world.height, 5n)
})

test('two peers that deliver the same blocks at different times both count as having the head', () => {
  const views = [new FixtureView(chain, 8), new FixtureView(chain, 8)]
  const world = new World({ engine, spec }, options)
  views.forEach((view, index) => world.connect(`p${index}`, { view }))
  world.settle()
  for (let height = 9; height <= 16; height++)
    for (const view of views) {
      view.headHeight = height
      world.settle()
    }
  equal(world.height, 16n)
  equal(world.machine.witnessCount, 2)
  equal(
    world.notices.filter(({ kind }) => kind === 'head').length,
    new Set(world.notices.flatMap((notice) => (notice.kind === 'head' ? [notice.head.header.height] : []))).size,
  )
})

test('a clock that is set back by a day delays nothing: resting peers are asked again at once', () => {
  let isSilent = true
  const world = new World({ engine, spec }, options)
  world.connect('a', { view: new FixtureView(chain, 9), mangle: (bytes) => (isSilent ? undefined : bytes) })
  world.settle()
  equal(world.height, 0n)
  isSilent = false
  world.tick(-86_400_000n)
  world.settle()
  world.tick(86_400_000n)
  equal(world.settle().height, 9n)
})
