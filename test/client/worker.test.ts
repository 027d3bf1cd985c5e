/** Worker mode: the client over a machine in a real thread does what it does over one in its own. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineWorker } from '../../src/client/worker-host.ts'
import { createLightClient, verifyProofFile, type LightClient, type Trust } from '../../src/client/index.ts'
import type { ClientError } from '../../src/client/errors.ts'
import type { Network, Responder } from '../../src/ports/network.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { encodeHopsRequest } from '../../src/wire/hops.ts'
import { encodeFollowRequest } from '../../src/wire/follow.ts'
import { FORMS_ALL, FORMS_FULL } from '../../src/wire/update.ts'
import { answer, nextUpdate } from '../../src/wire/answer.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'
import { ThreadWorker } from './thread-worker.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const nowMs = () => Number(chain.header(tip).timeMs)
const { kernels, bls } = modelEngine

async function setUp(options: { readonly head?: number; readonly entries?: Map<string, Uint8Array> } = {}) {
  const view = new FixtureView(chain, options.head ?? tip)
  const network = new FixtureNetwork(new Map([['a', view]]))
  const store = createMemoryStore(options.entries)
  const worker = await ThreadWorker.loaded()
  const base = { spec: chain.spec, peers: ['/memory/a'], store, network, kernels, bls, nowMs, worker }
  return { view, network, worker, base }
}

const at = (height: number) => (head: { readonly header: { readonly height: bigint } }) =>
  head.header.height === BigInt(height)

/** What a user sees of a client that catches up, follows, reads, pays and proves; times left out. */
async function seen(worker: MachineWorker | undefined): Promise<readonly unknown[]> {
  const { view, network, base } = setUpWith(worker)
  const client = await createLightClient(base)
  const told: unknown[] = []
  client.on('head', ({ header, hash, signedSeats, seats, peer }) => told.push([header, hash, signedSeats, seats, peer]))
  client.on('warning', ({ code }) => told.push(code))
  client.on('phase', (phase) => told.push(phase))
  await client.start()
  await client.whenHead(at(6))
  const wallet = chain.cast.wallets[0]!
  const { utxos, proof } = await client.unspent(wallet.owner)
  told.push(utxos, proof, (await client.header(3n)).header)
  const stages: string[] = []
  const paid = client.submit(chain.blocks[8]!.block.body.transactions[0]!, {
    onStatus: ({ kind }) => stages.push(kind),
  })
  while (view.headHeight < tip) {
    view.headHeight++
    network.tellNews()
    await client.whenHead(at(view.headHeight))
  }
  told.push((await paid).header, stages, client.committee, client.witnessCount, withoutTimes(client.trust))
  const exported = await client.exportProof({ kind: 3, prefix: { bits: 128, bytes: wallet.owner } })
  told.push(exported, await client.verifyProof(exported.bytes), await client.verifyProof(exported.bytes.slice(1)))
  await client.close()
  return told
}

function setUpWith(worker: MachineWorker | undefined) {
  const view = new FixtureView(chain, 6)
  const network = new FixtureNetwork(new Map([['a', view]]))
  const base = { spec: chain.spec, peers: ['/memory/a'], store: createMemoryStore(), network, kernels, bls, nowMs }
  return { view, network, base: worker === undefined ? base : { ...base, worker } }
}

const withoutTimes = (trust: Trust) => ({ ...trust, ageMs: 0n, trustLeftMs: 0n, quietMs: 0n, sentence: '' })

test('a client that verifies in a worker tells, reads, pays and proves the same as one that verifies in its own thread', async () => {
  const worker = await ThreadWorker.loaded()
  const [here, there] = [await seen(undefined), await seen(worker)]
  equal(here.includes('worker-unavailable'), false)
  ok(here.length > 10 && worker.messageCount > tip)
  deepEqual(there, here)
  await worker.exited
})

test('a proof file that the worker made verifies for a stranger, and one against another checkpoint does not', async () => {
  const { base } = await setUp()
  const client = await createLightClient(base)
  await client.start()
  await client.whenHead(at(tip))
  const { bytes } = await client.exportProof({ kind: 1, height: 3n })
  equal(verifyProofFile(modelEngine, chain.spec, undefined, bytes, chain.header(tip).timeMs).kind, 'accepted')
  equal((await client.verifyProof(bytes, { checkpoint: undefined })).kind, 'accepted')
  const other = { height: 3n, hash: chain.ledger(4).hash }
  equal((await client.verifyProof(bytes, { checkpoint: other })).kind, 'rejected')
  await rejects(client.verifyProof('file' as unknown as Uint8Array), { code: 'argument-invalid' })
  await client.close()
})

test('a head that was told is stored; the next worker tells it first and audits its committee after', async () => {
  const entries = new Map<string, Uint8Array>()
  const first = await createLightClient((await setUp({ entries })).base)
  await first.start()
  await first.whenHead(at(tip))
  await first.close()
  const second = await createLightClient({ ...(await setUp({ entries })).base, peers: ['/memory/nobody'] })
  const order: string[] = []
  second.on('head', () => order.push(second.committee === undefined ? 'head' : 'head with committee'))
  await second.start()
  equal(second.head?.header.height, BigInt(tip))
  deepEqual(order, ['head'])
  while (second.committee === undefined) await new Promise((resolve) => setImmediate(resolve))
  equal(second.committee.head.epoch, second.head.epoch)
  await second.close()
})

test('what goes wrong is told as without a worker: a store of another chain, a checkpoint with another hash', async () => {
  const entries = new Map([['chain', new Uint8Array(32)]])
  const client = await createLightClient((await setUp({ entries })).base)
  await rejects(client.start(), { code: 'store-other-chain' })
  await client.close()
  const { base } = await setUp()
  const doubted = await createLightClient({ ...base, checkpoint: { height: 3n, hash: chain.ledger(5).hash } })
  const warned = new Promise<string>((resolve) => doubted.on('warning', ({ code }) => resolve(code)))
  await doubted.start()
  equal(await warned, 'checkpoint-mismatch')
  await doubted.close()
})

// ── Workers that do not come up ──────────────────────────────────────────────────────────────────────────────────────

/** Follows to the tip in this thread, after a warning that says why. */
async function fallsBack(worker: MachineWorker | true | string, reason: RegExp): Promise<void> {
  const { base } = setUpWith(undefined)
  const client = await createLightClient({ ...base, worker })
  const warnings: string[] = []
  client.on('warning', ({ code, sentence }) => warnings.push(`${code}: ${sentence}`))
  await client.start()
  await client.whenHead(at(6))
  equal(warnings.length, 1)
  match(warnings[0]!, /^worker-unavailable: .*so this thread verifies/)
  match(warnings[0]!, reason)
  await client.close()
}

test('where there is no worker this thread verifies, and says why', async () => {
  await fallsBack(true, /no Worker/)
  await fallsBack('/worker.js', /no Worker/)
  await fallsBack(new ThreadWorker('no-such-file.mjs'), /no-such-file/)
})

test('a worker that cannot load its kernels, or cannot be sent the chain, is ended and done without', async () => {
  let isEnded = false
  const mute = (reply: (tell: (data: unknown) => void) => void): MachineWorker => {
    let tell: (event: { data: unknown }) => void = () => undefined
    return {
      postMessage: () => reply((data) => queueMicrotask(() => tell({ data }))),
      terminate: () => (isEnded = true),
      addEventListener: (type, listener) => (type === 'message' ? (tell = listener) : undefined),
    }
  }
  await fallsBack(
    mute((tell) => tell({ kind: 'failed', reason: 'no memory left' })),
    /no memory left/,
  )
  ok(isEnded)
  isEnded = false
  await fallsBack(mute(() => { throw new Error('could not be cloned') }), /could not be cloned/) // prettier-ignore
  ok(isEnded)
})

test('a worker choice that is none is refused at the call', async () => {
  const { base } = setUpWith(undefined)
  for (const worker of ['', 7, null, {}, []] as unknown as MachineWorker[])
    await rejects(createLightClient({ ...base, worker }), { code: 'argument-invalid', message: /worker/ })
})

// ── Workers that end ─────────────────────────────────────────────────────────────────────────────────────────────────

async function following(head = tip) {
  const entries = new Map<string, Uint8Array>()
  const parts = await setUp({ entries, head })
  const client = await createLightClient(parts.base)
  const failed = new Promise<ClientError>((resolve, reject) => {
    client.on('error', resolve)
    // As that this thread verifies after all: then the worker's end is nobody's.
    client.on('warning', ({ sentence }) => reject(new Error(sentence)))
  })
  await client.start()
  await client.whenHead(at(head))
  return { ...parts, entries, client, failed }
}

async function isOver(client: LightClient, failed: Promise<ClientError>, reason: RegExp): Promise<void> {
  const waiting = client.whenHead(() => false)
  const [error] = await Promise.all([failed, rejects(waiting, { code: 'worker-failed' })])
  equal(error.code, 'worker-failed')
  match(error.message, reason)
  equal(client.phase, 'failed')
  await rejects(client.unspent(chain.cast.wallets[0]!.owner), { code: 'worker-failed' })
  await rejects(client.verifyProof(new Uint8Array(9)), { code: 'worker-failed' })
  await client.close()
}

test('a worker that crashes ends the client with a code: what waits rejects, the network closes, the store keeps the head', async () => {
  const { client, failed, worker, network, entries } = await following()
  worker.postMessage({ crash: 'out of memory' })
  await isOver(client, failed, /out of memory/)
  ok(network.isClosed)
  await worker.exited
  const next = await createLightClient({ ...(await setUp({ entries })).base, peers: ['/memory/nobody'] })
  await next.start()
  equal(next.head?.header.height, BigInt(tip))
  await next.close()
})

test('a bug in the core is told from the worker as it would be from this thread', async () => {
  const { client, failed, worker, network, view } = await following(tip - 1)
  worker.postMessage({ plant: 'planted' })
  view.headHeight++
  network.tellNews()
  const error = await failed
  equal(error.code, 'internal-fault')
  match(error.message, /fault in StakeCube itself.*planted.*at work-resumed/)
  equal(client.phase, 'failed')
  await rejects(client.header(3n), { code: 'internal-fault' })
  await client.close()
  await worker.exited
})

test('a worker from which nothing comes for a minute of ticks is given up', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] })
  const { client, failed, worker } = await following()
  await worker.thread.terminate()
  for (let second = 0; second < 60; second++) context.mock.timers.tick(1000)
  equal(client.phase, 'following')
  const over = isOver(client, failed, /no answer for 60 s/)
  context.mock.timers.tick(1000)
  await over
})

test('a peer that streams faster than the worker verifies is read no faster: what waits is bounded', async () => {
  class CountingNetwork extends FixtureNetwork {
    frameCount = 0
    override async *stream(...given: Parameters<FixtureNetwork['stream']>): AsyncIterable<Uint8Array> {
      for await (const frame of super.stream(...given)) {
        this.frameCount++
        yield frame
      }
    }
  }
  const { base, worker } = await setUp()
  const view = new FixtureView(chain, 3)
  const network = new CountingNetwork(new Map([['a', view]]))
  const client = await createLightClient({ ...base, network })
  await client.start()
  await client.whenHead(at(3))
  while (client.phase !== 'following') await new Promise<void>((resolve) => client.on('phase', () => resolve()))
  worker.hold()
  view.headHeight = tip
  network.tellNews()
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  equal(network.frameCount, 1)
  worker.release()
  await client.whenHead(at(tip))
  ok(network.frameCount > 1)
  await client.close()
})

test('closing ends the worker and rejects what waits for it; a signal ends the wait alone', async () => {
  const { client, worker } = await following()
  const { bytes } = await client.exportProof({ kind: 1, height: 3n })
  const abort = new AbortController()
  const aborted = rejects(client.verifyProof(bytes, { signal: abort.signal }), { code: 'aborted' })
  abort.abort()
  await aborted
  equal((await client.verifyProof(bytes)).kind, 'accepted')
  const closed = rejects(client.verifyProof(bytes), { code: 'closed' })
  await client.close()
  await closed
  await worker.exited
})

// ── Serving ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The network of a client that serves, and what it serves with. */
class ListeningNetwork extends FixtureNetwork implements Network {
  responder: Responder | undefined
  async serve(responder: Responder): Promise<void> {
    this.responder = responder
  }
}

test('a client that verifies in a worker serves what it holds from there, and streams new heads', async () => {
  const view = new FixtureView(chain, tip - 2)
  const network = new ListeningNetwork(new Map([['a', view]]))
  const { base } = await setUp()
  const client = await createLightClient({ ...base, network, serves: true })
  await client.start()
  await client.whenHead(at(tip - 2))
  const serving = network.responder!
  const request = encodeHopsRequest({ fromHeight: 0n, countMax: 16, base: 'full', forms: FORMS_ALL })
  deepEqual(await serving.request('hops', request), answer(view, 'hops', request))
  equal((await serving.request('hops', Uint8Array.of(1))).kind, 'rejected')
  const abort = new AbortController()
  const stream = serving.follow(encodeFollowRequest({ fromHeight: BigInt(tip - 2), forms: FORMS_FULL }), abort.signal)
  ok(stream.kind === 'accepted')
  const frames = stream.value[Symbol.asyncIterator]()
  const coming = frames.next()
  const update = nextUpdate(new FixtureView(chain, tip - 1), BigInt(tip - 2))
  ok(update.kind === 'served')
  view.headHeight++
  network.tellNews()
  const { value } = (await coming) as { value: Uint8Array }
  ok(value.length > 300 && value[0] === 0)
  abort.abort()
  equal((await frames.next()).done, true)
  await client.close()
})
