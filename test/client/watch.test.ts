import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import { txid } from '../../src/chain/transaction.ts'
import { createLightClient, type OwnerState, type TopicBlocks, type Trust } from '../../src/client/index.ts'
import { buildTopicRange, encodeTopicRange, txLeaf } from '../../src/proofs/topics.ts'
import { buildStateProof, encodeStateProof } from '../../src/proofs/state-proof.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Prefix } from '../../src/wire/proof.ts'
import { fixtureOf, FixtureView, modelEngine } from '../light/fixture-view.ts'
import { FixtureNetwork } from './fixture-network.ts'

const chain = fixtureOf({ epochs: 5 })
const tip = chain.blocks.length
const nowMs = () => Number(chain.header(tip).timeMs)
const { kernels, bls } = modelEngine
const { owner } = chain.cast.wallets[0]!
const PLAIN = new Uint8Array(8)

async function started(views: Record<string, FixtureView>) {
  const network = new FixtureNetwork(new Map(Object.entries(views)))
  const peers = Object.keys(views).map((name) => `/memory/${name}`)
  const store = createMemoryStore()
  const client = await createLightClient({ spec: chain.spec, peers, store, network, kernels, bls, nowMs })
  await client.start()
  return { client, network }
}

/** The owner's outputs in the ledger, by outpoint. */
const expectedAt = (height: number): string[] =>
  [...chain.ledger(height).outputs.byOutpoint.values()]
    .filter(({ output }) => output.kind <= 3 && toHex(output.owner) === toHex(owner))
    .map(nameOf)
    .toSorted()
const nameOf = ({ outpoint }: { outpoint: { txid: Uint8Array; index: number } }) =>
  `${toHex(outpoint.txid)}:${outpoint.index}`

test('an owner is watched: the complete set at each head, and what came and went adds up', async () => {
  const view = new FixtureView(chain, 3)
  const { client, network } = await started({ a: view })
  await client.whenHead(({ header }) => header.height === 3n)
  const held = new Set<string>()
  const heights: number[] = []
  for await (const { header, utxos, added, removed } of client.watchOwner(owner, { prefixBits: 3 })) {
    for (const utxo of removed) ok(held.delete(nameOf(utxo)))
    for (const utxo of added) held.add(nameOf(utxo))
    deepEqual([...held].toSorted(), expectedAt(Number(header.height)))
    deepEqual(utxos.map(nameOf).toSorted(), [...held].toSorted())
    heights.push(Number(header.height))
    if (view.headHeight === 8) break
    view.headHeight++
    network.tellNews()
  }
  deepEqual(heights, [3, 4, 5, 6, 7, 8])
  await client.close()
})

/** Leaves the last matching leaf, or output, out of each proof, as if it were not there. */
class OmittingView extends FixtureView {
  override topicProof(height: bigint, prefix: Prefix): Uint8Array | undefined {
    const all = height === 0n ? [] : this.chain.blocks[Number(height) - 1]!.block.body.transactions
    const leaves = all.map(({ body }) => txLeaf(body.topic, txid(kernels, body)))
    const range = buildTopicRange(kernels, leaves, prefix)
    return encodeTopicRange({ ...range, leaves: range.leaves.slice(0, -1) })
  }
  override stateProof(height: bigint, prefix: Prefix): Uint8Array | undefined {
    const proof = buildStateProof(this.chain.ledger(Number(height)).outputs.tree, prefix.bits, prefix.bytes)
    if (proof.kind === 'rejected') return undefined
    return encodeStateProof({ ...proof.value, leaves: proof.value.leaves.slice(1) })
  }
}

test('a topic is watched without a gap, and a peer that leaves a transaction or an output out is caught and dropped', async () => {
  const [liar, honest] = [new OmittingView(chain, 9), new FixtureView(chain, 9)]
  const { client, network } = await started({ liar, honest })
  await client.whenHead(({ header }) => header.height === 9n)
  const dropped = new Promise<string>((resolve) =>
    client.on('peer', ({ name, state }) => (state === 'dropped' ? resolve(name) : undefined)),
  )
  const found: string[] = []
  let next = 1n
  for await (const blocks of client.watchTopic(PLAIN, { from: 1n })) {
    equal(blocks.start, next)
    next = blocks.end
    found.push(...blocks.transactions.map(({ txid: id }) => toHex(id)))
    if (next > 12n) break
    liar.headHeight = ++honest.headHeight
    network.tellNews()
  }
  const expected = chain.blocks
    .slice(0, Number(next) - 1)
    .flatMap(({ block }) =>
      block.body.transactions
        .filter(({ body }) => body.topic.every((byte) => byte === 0))
        .map(({ body }) => toHex(txid(kernels, body))),
    )
  deepEqual(found, expected)
  // Peers that have the head are asked in random order: the liar's turn comes.
  for (let count = 0; client.peers.some(({ name }) => name === 'liar') && count < 64; count++)
    await client.unspent(owner)
  equal(await dropped, 'liar')
  await client.close()
})

test('a set under an earlier block is that block’s, and the block is proven', async () => {
  const { client } = await started({ a: new FixtureView(chain, 12) })
  await client.whenHead(({ header }) => header.height === 12n)
  const { header, utxos } = await client.unspent(owner, { atHeight: 5n })
  equal(header.height, 5n)
  deepEqual(utxos.map(nameOf).toSorted(), expectedAt(5))
  await client.close()
})

test('a range that is empty, too long or above the head is refused before anyone is asked', async () => {
  const { client } = await started({ a: new FixtureView(chain, 12) })
  await client.whenHead(({ header }) => header.height === 12n)
  for (const [start, end] of [
    [3n, 3n],
    [0n, 257n],
    [5n, 14n],
    [-1n, 3n],
  ] as const)
    await rejects(client.topicIn(PLAIN, start, end), { code: 'range-invalid' })
  equal((await client.topicIn(PLAIN, 0n, 13n)).end, 13n)
  await client.close()
})

test('watching ends with the signal, and when the client closes', async () => {
  const { client } = await started({ a: new FixtureView(chain, 6) })
  await client.whenHead(({ header }) => header.height === 6n)
  const abort = new AbortController()
  const watched: OwnerState[] = []
  const watching = (async () => {
    for await (const state of client.watchOwner(owner, { signal: abort.signal })) {
      watched.push(state)
      abort.abort()
    }
  })()
  await rejects(watching, { code: 'aborted' })
  equal(watched.length, 1)
  const topics: TopicBlocks[] = []
  const ended = (async () => {
    for await (const blocks of client.watchTopic(PLAIN)) {
      topics.push(blocks)
      void client.close()
    }
  })()
  await ended
  equal(topics.length, 1)
})

test('a payment past its expiry is reported as never included only where its input is proven unspent', async () => {
  const view = new FixtureView(chain, 6)
  const { client, network } = await started({ a: view })
  await client.whenHead(({ header }) => header.height === 6n)
  const spent = chain.blocks[2]!.block.body.transactions[0]!
  const unspent = [...chain.ledger(19).outputs.byOutpoint.values()].find(
    ({ output }) => toHex(output.owner) === toHex(owner),
  )!
  const pk = chain.cast.wallets[0]!.pk
  const signature = new Uint8Array(64)
  const lost = { body: { ...spent.body, inputs: [unspent.outpoint], expiry: 7n }, witnesses: [{ pk, signature }] }
  const replaced = { body: { ...spent.body, expiry: 7n, payload: Uint8Array.of(1) }, witnesses: spent.witnesses }
  const outcomes = [client.submit(lost), client.submit(replaced)].map((done) =>
    done.then(
      () => 'final',
      ({ code }: { code: string }) => code,
    ),
  )
  while (view.headHeight < tip) {
    view.headHeight++
    network.tellNews()
    await client.whenHead(({ header }) => header.height === BigInt(view.headHeight))
  }
  deepEqual(await Promise.all(outcomes), ['payment-expired', 'payment-unknown'])
  await client.close()
})

test('the trust meter tells a second peer’s word from none, with an event when it changes', async () => {
  const [a, b] = [new FixtureView(chain, 6), new FixtureView(chain, 6)]
  const { client, network } = await started({ a, b })
  await client.whenHead(({ header }) => header.height === 6n)
  const told = (wanted: (trust: Trust) => boolean) =>
    new Promise<Trust>((resolve) => client.on('trust', (trust) => (wanted(trust) ? resolve(trust) : undefined)))
  a.headHeight = 7
  const unwitnessed = told(({ height, isWitnessed }) => height === 7n && !isWitnessed)
  network.tellNews()
  equal((await unwitnessed).agreeingCount, 1)
  const witnessed = told(({ height, isWitnessed }) => height === 7n && isWitnessed)
  b.headHeight = 7
  network.tellNews()
  equal((await witnessed).agreeingCount, 2)
  equal(client.trust.weight?.seats, client.head?.seats)
  await client.close()
})

/** Answers only where fewer than two outputs lie under the prefix, as if frames were small. */
class SmallFrames extends FixtureView {
  override stateProof(height: bigint, prefix: Prefix) {
    const proof = buildStateProof(this.chain.ledger(Number(height)).outputs.tree, prefix.bits, prefix.bytes)
    if (proof.kind === 'accepted' && proof.value.leaves.length > 1) return 'too-large' as never
    return super.stateProof(height, prefix)
  }
}

test('a set that does not fit an answer is paged by longer prefixes, under one header, and is complete', async () => {
  const { client } = await started({ a: new SmallFrames(chain, 12) })
  await client.whenHead(({ header }) => header.height === 12n)
  const { header, utxos, pages } = await client.unspent(owner)
  equal(header.height, 12n)
  deepEqual(utxos.map(nameOf).toSorted(), expectedAt(12))
  ok(expectedAt(12).length > 1 && pages.length > 1)
  await client.close()
})
