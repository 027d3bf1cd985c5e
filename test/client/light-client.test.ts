import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import {
  createLightClient,
  type LightClient,
  parseCheckpoint,
  parseProofText,
  proofText,
  verifyProofFile,
} from '../../src/client/index.ts'
import { balanceOf, buildPayment } from '../../src/client/wallet.ts'
import type { SubmissionStatus } from '../../src/light/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const nowMs = () => Number(chain.header(tip).timeMs)
const { kernels, bls } = modelEngine

function setUp(options: { readonly head?: number; readonly entries?: Map<string, Uint8Array> } = {}) {
  const view = new FixtureView(chain, options.head ?? tip)
  const network = new FixtureNetwork(new Map([['a', view]]))
  const store = createMemoryStore(options.entries)
  const base = { spec: chain.spec, peers: ['/memory/a'], store, network, kernels, bls, nowMs }
  return { view, network, base }
}

test('it starts at genesis, catches up with a peer and follows it', async () => {
  const { view, network, base } = setUp({ head: 7 })
  const client = await createLightClient(base)
  await client.start()
  equal(client.head?.header.height, 0n)
  equal((await client.whenHead(({ header }) => header.height === 7n)).header.height, 7n)
  const heads: bigint[] = []
  for await (const { header } of client.heads()) {
    heads.push(header.height)
    if (header.height === BigInt(tip)) break
    view.headHeight++
    network.tellNews()
  }
  deepEqual(
    heads,
    Array.from({ length: tip - 6 }, (_, index) => BigInt(index + 7)),
  )
  ok(client.committee !== undefined && client.witnessCount === 1)
  await client.close()
  ok(network.isClosed)
})

test('it is moved to other told peers: those before are hung up on and forgotten, a given one stays', async () => {
  const network = new FixtureNetwork(new Map(['a', 'b', 'c'].map((name) => [name, new FixtureView(chain)])))
  const store = createMemoryStore()
  const client = await createLightClient({
    spec: chain.spec,
    peers: [],
    peersLater: true,
    store,
    network,
    kernels,
    bls,
    nowMs,
  })
  const until = async (of: LightClient, ...expected: readonly string[]) => {
    const connected = () => of.peers.map(({ name }) => name).sort()
    while (connected().join() !== expected.join()) await new Promise<void>((resolve) => of.on('peer', () => resolve()))
  }
  await client.start()
  client.addPeers(['/memory/p2p/a'])
  await until(client, 'a')
  client.movePeers(['/memory/p2p/b', '/memory/p2p/c'])
  await until(client, 'b', 'c')
  client.movePeers(['/memory/p2p/c'])
  await until(client, 'c')
  client.movePeers([])
  await until(client)
  await client.close()

  const own = await createLightClient({ ...setUp().base, network, peers: ['/memory/p2p/a'] })
  await own.start()
  own.movePeers(['/memory/p2p/b'])
  await until(own, 'a', 'b')
  own.movePeers([])
  await until(own, 'a')
  await own.close()
})

test('a head that was told is stored: a client over the same entries starts there', async () => {
  const entries = new Map<string, Uint8Array>()
  const first = await createLightClient(setUp({ entries }).base)
  await first.start()
  await first.whenHead(({ header }) => header.height === BigInt(tip))
  await first.close()
  const second = await createLightClient({ ...setUp({ entries }).base, peers: ['/memory/nobody'] })
  await second.start()
  equal(second.head?.header.height, BigInt(tip))
  await second.close()
})

test('an owner’s proven set adds up to the ledger’s, and a payment built from it is final with a proof', async () => {
  const { view, network, base } = setUp({ head: 6 })
  const client = await createLightClient(base)
  await client.start()
  await client.whenHead(({ header }) => header.height === 6n)
  const wallet = chain.cast.wallets[0]!
  const { utxos, header } = await client.unspent(wallet.owner)
  equal(header.height, 6n)
  const expected = [...chain.ledger(6).outputs.byOutpoint.values()].filter(
    ({ output }) => output.kind === 0 && output.owner.join() === wallet.owner.join(),
  )
  equal(
    balanceOf(wallet.owner, utxos).spendable,
    expected.reduce((sum, { output }) => sum + output.amount, 0n),
  )
  const tx = chain.blocks[8]!.block.body.transactions[0]!
  const stages: SubmissionStatus['kind'][] = []
  const done = client.submit(tx, { onStatus: ({ kind }) => stages.push(kind) })
  while (view.headHeight < 10) {
    view.headHeight++
    network.tellNews()
    await client.whenHead((head) => head.header.height === BigInt(view.headHeight))
  }
  equal((await done).header.height, 9n)
  deepEqual(stages, ['sent', 'final'])
  await client.close()
})

test('a call with an aborted signal rejects with the code "aborted", and after closing with "closed"', async () => {
  const client = await createLightClient(setUp().base)
  await client.start()
  const abort = new AbortController()
  const never = client.whenHead(({ header }) => header.height === 99n, { signal: abort.signal })
  abort.abort()
  await rejects(never, { code: 'aborted' })
  await rejects(client.header(1n, { signal: abort.signal }), { code: 'aborted' })
  await client.close()
  await rejects(client.header(1n), { code: 'closed' })
})

test('a checkpoint that names another height stops it with a sentence that has both', async () => {
  const checkpoint = { height: 3n, hash: chain.ledger(5).hash }
  const { base } = setUp()
  const client = await createLightClient({ ...base, checkpoint })
  const warned = new Promise<string>((resolve) => client.on('warning', ({ code }) => resolve(code)))
  await client.start()
  equal(await warned, 'checkpoint-mismatch')
  equal(client.head, undefined)
  await client.close()
})

test('a store of another chain makes start reject, and is left as it was', async () => {
  const entries = new Map([['chain', new Uint8Array(32)]])
  const client = await createLightClient(setUp({ entries }).base)
  await rejects(client.start(), { code: 'store-other-chain', message: /name another store/ })
  await client.close()
  deepEqual([...entries.keys()], ['chain'])
})

test('without any address it says so', async () => {
  await rejects(createLightClient({ ...setUp().base, peers: [] }), { code: 'no-peers' })
})

test('a listener that throws stops nothing but itself', async () => {
  const { base } = setUp()
  const client = await createLightClient(base)
  const scope = globalThis as { reportError?: (error: unknown) => void }
  const uncaught = new Promise<unknown>((resolve) => (scope.reportError = resolve))
  const off = client.on('head', () => {
    off()
    throw new Error('from the listener')
  })
  await client.start()
  equal(((await uncaught) as Error).message, 'from the listener')
  delete scope.reportError
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  await client.close()
})

test('a payment spends the largest outputs first, pays the least fee and gives change', () => {
  const wallet = chain.cast.wallets[0]!
  const utxos = [...chain.ledger(6).outputs.byOutpoint.values()]
  const request = { account: wallet, utxos, to: chain.cast.wallets[1]!.owner, amount: 5_000_000n, expiry: 20n }
  const { tx, fee, change, inputs } = buildPayment(
    kernels,
    { chainId: chain.chainId, params: chain.spec.params },
    request,
  )
  const total = inputs.reduce((sum, { output }) => sum + output.amount, 0n)
  equal(total, 5_000_000n + fee + change)
  equal(tx.witnesses.length, inputs.length)
  ok(inputs.every(({ output }) => output.kind === 0 && output.owner.join() === wallet.owner.join()))
})

test('a proof file that it makes verifies from genesis and not for another chain', async () => {
  const { base } = setUp()
  const client = await createLightClient(base)
  await client.start()
  await client.whenHead(({ header }) => header.height === BigInt(tip))
  const { bytes } = await client.exportProof({ kind: 3, prefix: { bits: 128, bytes: chain.cast.wallets[0]!.owner } })
  const now = chain.header(tip).timeMs
  const proven = verifyProofFile(modelEngine, chain.spec, undefined, bytes, now)
  ok(proven.kind === 'accepted' && proven.value.value.kind === 'state')
  ok(proven.value.value.utxos.length > 0)
  const other = fixtureOf({ epochs: 2, seed: 'other' })
  equal(verifyProofFile(modelEngine, other.spec, undefined, bytes, now).kind, 'rejected')
  await client.close()
})

test('a proof file from a checkpoint carries no full committee, fits a QR code, and verifies from its text', async () => {
  for (const height of [tip, tip - 1, tip - 5, tip - 9]) {
    const { base } = setUp()
    const checkpoint = { height: BigInt(height), hash: chain.ledger(height).hash }
    const client = await createLightClient({ ...base, checkpoint })
    await client.start()
    await client.whenHead(({ header }) => header.height === BigInt(tip))
    const { bytes } = await client.exportProof({ kind: 1, height: 3n })
    const { text, qrVersion } = proofText(bytes)
    // One hop fits; each further epoch adds a compact committee.
    equal(qrVersion !== undefined, height >= tip - 5, `from ${height}: ${bytes.length} bytes`)
    ok(bytes.length < 4000, `from ${height}: ${bytes.length} bytes`)
    const read = parseProofText(text)
    ok(read.kind === 'accepted')
    const now = chain.header(tip).timeMs
    const proven = verifyProofFile(modelEngine, chain.spec, checkpoint, read.value, now)
    equal(proven.kind, 'accepted', `from ${height}`)
    const shared = client.share()
    deepEqual(parseCheckpoint(shared!, client.chainId), {
      kind: 'accepted',
      value: { height: BigInt(tip), hash: chain.ledger(tip).hash },
    })
    await client.close()
  }
})
