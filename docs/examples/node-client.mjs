/**
 * The light client in Node, from beginning to end: follow, ask with proofs, pay, keep a proof, verify it offline, hand the
 * state on. After `npm ci && npm run build`, with a devnet running (`npm start`):
 *
 *   node docs/examples/node-client.mjs http://127.0.0.1:8080
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  accountOf,
  balanceOf,
  buildPayment,
  ClientError,
  createLightClient,
  exportState,
  importState,
  parseChainSpec,
  parseCheckpoint,
  parseOwner,
  verifyProofFile,
} from 'stakecube'
import { loadKernels } from 'stakecube/kernels'
import { nodeNetwork } from 'stakecube/node'
import { openFileStore } from 'stakecube/store/file'
import { createMemoryStore } from 'stakecube/store/memory'

// What a client needs: the chain's spec, a checkpoint from someone you trust, and addresses of peers. A devnet gives all of it.
const devnet = await (await fetch(new URL('/devnet.json', process.argv[2] ?? 'http://127.0.0.1:8080'))).json()
const spec = parseChainSpec(JSON.stringify(devnet.chainSpec))
if (spec.kind === 'rejected') throw new Error(`the chain spec is refused: ${spec.code}`)

const folder = await mkdtemp(join(tmpdir(), 'stakecube-example-'))
const client = await createLightClient({
  spec: spec.value,
  peers: devnet.tcpPeers,
  store: await openFileStore(join(folder, 'store')),
  network: nodeNetwork(),
})

// ── Follow ───────────────────────────────────────────────────────────────────────────────────────────────────────────
client.on('warning', ({ code, sentence }) => console.log(`warning ${code}: ${sentence}`))
client.on('error', ({ code, message }) => console.log(`error ${code}: ${message}`))
client.on('progress', ({ hopsDone, hopsTotal }) => hopsTotal && console.log(`epochs: ${hopsDone} of ${hopsTotal}`))
await client.start()
for await (const { header, signedSeats, seats, skippedCount } of client.heads()) {
  console.log(`verified ${header.height}, signed by ${signedSeats} of ${seats} seats, ${skippedCount} heads skipped`)
  if (client.phase === 'following') break
}
// Proof and freshness are two things, and so is who says so: show the sentence, or its parts.
const { sentence, freshness, isWitnessed, isLocal } = client.trust
console.log(sentence, { freshness, isWitnessed, isLocal })

// ── Ask, with proofs ─────────────────────────────────────────────────────────────────────────────────────────────────
const kernels = await loadKernels()
const alice = accountOf(kernels, Buffer.from(devnet.wallets[0].secretKeyHex, 'hex'))
const bob = parseOwner(devnet.wallets[1].owner)
const { header, utxos } = await client.unspent(alice.owner, { signal: AbortSignal.timeout(20_000) })
console.log(`alice can spend ${balanceOf(alice.owner, utxos).spendable} at block ${header.height}: complete, proven`)
// The serving peer learns only a bucket of owners that share 8 bits.
const hidden = await client.unspent(alice.owner, { prefixBits: 8 })
console.log(`the same from a bucket: ${hidden.utxos.length} outputs`)

// ── Pay, and wait until it is final ──────────────────────────────────────────────────────────────────────────────────
const topic = createHash('sha256').update('example/energy').digest().subarray(0, 8)
const payment = buildPayment(
  kernels,
  { chainId: client.chainId, params: client.spec.params },
  { account: alice, utxos, to: bob, amount: 250_000n, expiry: header.height + 100n, topic },
)
const final = await client.submit(payment.tx, { onStatus: ({ kind }) => console.log(`payment ${kind}`) })
console.log(`final in block ${final.header.height}, fee ${payment.fee}`)

// All transactions of a topic, none left out; `watchTopic` goes on with each new block, `watchOwner` with each new head.
for await (const { start, end, transactions } of client.watchTopic(topic, { from: final.header.height })) {
  console.log(`topic in blocks ${start} to ${end - 1n}: ${transactions.length} transactions`)
  break
}

// ── Keep the proof, and verify it without any network ────────────────────────────────────────────────────────────────
const { bytes } = await client.exportProof({ kind: 2, txid: payment.txid })
const verdict = verifyProofFile(client.engine, spec.value, undefined, bytes, BigInt(Date.now()))
console.log(`proof file of ${bytes.length} bytes: ${verdict.kind}`)
bytes[bytes.length - 1] ^= 1
const forged = verifyProofFile(client.engine, spec.value, undefined, bytes, BigInt(Date.now()))
console.log(`one bit changed: ${forged.kind}`)

// ── Hand on where you are: a checkpoint as text, or the whole state as a file ────────────────────────────────────────
const share = parseCheckpoint(client.share(), client.chainId)
console.log(`share: block ${share.value.height}`)
await client.close()
const store = await openFileStore(join(folder, 'store'))
const saved = new Map(await Promise.all((await store.keys('')).map(async (key) => [key, await store.get(key)])))
await store.close()
const file = exportState(saved)
const imported = importState(client.engine, spec.value, file.value, BigInt(Date.now()))
if (imported.kind !== 'accepted') throw new Error(imported.code)
const second = await createLightClient({
  spec: spec.value,
  checkpoint: share.value,
  peers: devnet.tcpPeers,
  store: createMemoryStore(new Map(imported.value.entries)),
  network: nodeNetwork(),
})
await second.start()
console.log(`a second client goes on from block ${(await second.whenHead()).header.height}`)

// ── Errors have a code, a sentence and what to do (docs/errors.md) ───────────────────────────────────────────────────
try {
  await second.topicIn(topic, 5n, 5n)
} catch (error) {
  console.log(error instanceof ClientError && `${error.code}: ${error.message}`)
}
await second.close()
await rm(folder, { recursive: true })
console.log('done')
