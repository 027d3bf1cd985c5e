import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { concatBytes, equalBytes, hex, toHex, u64 } from '../../src/base/bytes.ts'
import { sentence } from '../../src/base/sentence.ts'
import { epochOf } from '../../src/chain/params.ts'
import { txid, type Tx } from '../../src/chain/transaction.ts'
import { committeeOf, type Ledger } from '../../src/ledger/ledger.ts'
import {
  decodeProofFile,
  encodeProofFile,
  PROOF_FILE_SENTENCES,
  verifyProofFile,
  type ProofFile,
} from '../../src/light/proof-file.ts'
import { buildStateProof, encodeStateProof } from '../../src/proofs/state-proof.ts'
import { buildTopicRange, encodeTopicRange, txLeaf, wholeTopic } from '../../src/proofs/topics.ts'
import { buildTransactionProof, encodeTransactionProof } from '../../src/proofs/transaction.ts'
import { buildCompact } from '../../src/verify/compact.ts'
import type { Update } from '../../src/verify/light.ts'
import { refused, served } from '../../src/wire/envelope.ts'
import { encodeProofRequest, encodeProofResponse, type ProofRequest, type ProofResponse } from '../../src/wire/proof.ts'
import { engine, SMALL_PARAMS, transferTo, World } from '../ledger/ledger-world.ts'

const { kernels } = engine
const PARAMS = { ...SMALL_PARAMS, trustPeriodMs: 1_000_000 }
const world = new World('proof-file', PARAMS)
const { chain, spec } = world
const [alice, bob] = world.wallets as [(typeof world.wallets)[0], (typeof world.wallets)[0]]
const TOPIC = kernels.sha256(hex('aa')).slice(0, 8)
const caused = new Set<string>()

/** ledgers[h] is the one after block h; txs[h] are its transactions. */
const ledgers: Ledger[] = [world.genesis]
const txs: (readonly Tx[])[] = [[]]
for (let height = 1; height <= 11; height++) {
  const before = ledgers.at(-1)!
  const topic = height % 3 === 0 ? TOPIC : u64(BigInt(height))
  const coin = world.utxosOf(before, alice.owner)[0]!
  const block = world.build(before, {
    transactions: [world.pay(alice, coin, [transferTo(bob.owner, 5_000n)], 2n, { topic })],
  })
  const next = world.execute(before, block)
  assert.ok(next.kind === 'accepted')
  ledgers.push(next.value)
  txs.push(block.body.transactions)
}
const at = (height: number) => ledgers[height]!
const NOW = at(11).header.timeMs + 500n

/** The step from block `from` to block `to`, as a full node sends it. */
function step(from: number, to: number, form: 'none' | 'full' | 'compact'): Update {
  const ledger = at(to)
  const cert = world.certify(ledger, ledger, [3])
  const keys = committeeOf(ledger, epochOf(BigInt(to), PARAMS))!
  const base = { header: ledger.header, cert, historyPath: ledger.history.inclusionProof(from) }
  if (form === 'full') return { ...base, committee: keys.committee }
  return form === 'compact' ? { ...base, compact: buildCompact(kernels, keys, cert.bitmap) } : base
}

const fileOf = (from: number, hops: readonly Update[], request: ProofRequest, response: ProofResponse): ProofFile => ({
  chainId: chain.chainId,
  base: at(from).header,
  committee: from === 0 ? undefined : committeeOf(at(from), epochOf(BigInt(from), PARAMS))!.committee,
  hops,
  request: encodeProofRequest(request),
  response: encodeProofResponse(served(response)),
})

const prefix = { bits: 128, bytes: bob.owner }
function stateFile(from: number, hops: readonly Update[], height: number): ProofFile {
  const proof = buildStateProof(at(height).outputs.tree, prefix.bits, prefix.bytes)
  assert.ok(proof.kind === 'accepted')
  return fileOf(from, hops, { kind: 3, at: BigInt(height), prefix }, { kind: 3, proof: encodeStateProof(proof.value) })
}
const linked = (height: number, under: number) => ({
  header: at(height).header,
  path: height === under ? new Uint8Array(0) : at(under).history.inclusionProof(height),
})
const leavesAt = (height: number) => txs[height]!.map(({ body }) => txLeaf(body.topic, txid(kernels, body)))

const fromGenesis = [step(0, 4, 'full'), step(4, 9, 'compact'), step(9, 11, 'full')]
const checkpoint = (height: number) => ({ height: BigInt(height), hash: at(height).hash })
const verify = (file: ProofFile | Uint8Array, from?: number, nowMs = NOW) =>
  verifyProofFile(
    engine,
    spec,
    from === undefined ? undefined : checkpoint(from),
    file instanceof Uint8Array ? file : encodeProofFile(file),
    nowMs,
  )
function expectCode(file: ProofFile | Uint8Array, code: string, from?: number, nowMs = NOW): void {
  const verdict = verify(file, from, nowMs)
  assert.equal(verdict.kind === 'accepted' ? 'accepted' : verdict.code, code)
  caused.add(code)
  const template = PROOF_FILE_SENTENCES[code as keyof typeof PROOF_FILE_SENTENCES] as string | undefined
  if (template !== undefined && verdict.kind !== 'accepted')
    assert.doesNotMatch(sentence(template, verdict.operands), /unknown/)
}

test('a file from genesis over full and compact hops proves an account’s complete outputs', () => {
  const verdict = verify(stateFile(0, fromGenesis, 11))
  assert.ok(
    verdict.kind === 'accepted',
    JSON.stringify(verdict, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
  )
  const { value, hopCount, trusted, from } = verdict.value
  assert.deepEqual([hopCount, trusted.header.height, from.height], [3, 11n, 0n])
  assert.ok(value.kind === 'state')
  assert.deepEqual(
    value.utxos.map(({ outpoint }) => toHex(outpoint.txid)).sort(),
    world
      .utxosOf(at(11), bob.owner)
      .map(({ outpoint }) => toHex(outpoint.txid))
      .sort(),
  )
})

test('a file whose base is the checkpoint needs no hop, no committee and no certificate', () => {
  const file = { ...stateFile(7, [], 7), committee: undefined }
  const verdict = verify(file, 7)
  assert.ok(verdict.kind === 'accepted' && verdict.value.hopCount === 0)
  assert.ok(equalBytes(verdict.value.trusted.hash, at(7).hash))
})

test('a checkpoint on the way serves as well, and what comes before it is not looked at', () => {
  const broken = { ...fromGenesis[0]!, cert: { ...fromGenesis[0]!.cert, signature: new Uint8Array(96) } }
  const hops = [broken, step(4, 6, 'none'), step(6, 9, 'full'), step(9, 11, 'full')]
  for (const from of [4, 6]) {
    const verdict = verify(stateFile(0, hops, 11), from)
    assert.ok(verdict.kind === 'accepted' && verdict.value.from.height === BigInt(from))
  }
  expectCode(stateFile(0, hops, 11), 'cert-signature-encoding')
})

test('header, transaction and topic proofs are kept and verified alike', () => {
  const header = verify(fileOf(0, fromGenesis, { kind: 1, at: 11n, height: 3n }, { kind: 1, ...linked(3, 11) }))
  assert.ok(header.kind === 'accepted' && header.value.value.kind === 'header')
  const id = txid(kernels, txs[5]![0]!.body)
  const proof = encodeTransactionProof(buildTransactionProof(kernels, leavesAt(5), 0))
  const transaction = fileOf(0, fromGenesis, { kind: 2, at: 11n, txid: id }, { kind: 2, ...linked(5, 11), proof })
  assert.equal(verify(transaction).kind, 'accepted')
  const topicBlock = (height: number) => ({
    ...linked(height, 11),
    proof: encodeTopicRange(buildTopicRange(kernels, leavesAt(height), wholeTopic(TOPIC))),
  })
  const request: ProofRequest = { kind: 4, at: 11n, start: 2n, end: 12n, prefix: { bits: 64, bytes: TOPIC } }
  const blocks = Array.from({ length: 10 }, (_, index) => topicBlock(2 + index))
  const verdict = verify(fileOf(0, fromGenesis, request, { kind: 4, blocks }))
  assert.ok(verdict.kind === 'accepted' && verdict.value.value.kind === 'topic')
  const found = verdict.value.value.blocks.filter(({ leaves }) => leaves.length > 0).map(({ height }) => height)
  assert.deepEqual(found, [3n, 6n, 9n])
  expectCode(fileOf(0, fromGenesis, request, { kind: 4, blocks: blocks.slice(1) }), 'file-topic-blocks')
  const swapped = [blocks[1]!, blocks[0]!, ...blocks.slice(2)]
  expectCode(fileOf(0, fromGenesis, request, { kind: 4, blocks: swapped }), 'file-topic-blocks')
})

test('a file of another kind, chain, checkpoint, height or with a refusal is refused with its own code', () => {
  const file = stateFile(0, fromGenesis, 11)
  expectCode(hex('00'), 'file-magic')
  expectCode(new Uint8Array(64 * 1024 * 1024 + 1), 'file-size')
  expectCode({ ...file, chainId: new Uint8Array(32) }, 'file-chain')
  expectCode({ ...file, base: at(1).header }, 'file-checkpoint')
  expectCode(file, 'file-checkpoint', 5)
  expectCode(stateFile(0, fromGenesis.slice(0, 2), 11), 'file-height')
  expectCode({ ...file, response: encodeProofResponse(refused('busy')) }, 'file-refusal')
  const inEpoch = stateFile(5, [step(5, 6, 'none')], 6)
  assert.equal(verify(inEpoch, 5).kind, 'accepted')
  expectCode({ ...inEpoch, committee: committeeOf(at(5), 2)!.committee }, 'file-committee-epoch', 5)
  expectCode({ ...inEpoch, committee: undefined }, 'committee-missing', 5)
})

test('a stale checkpoint and a header ahead of the clock are undecided', () => {
  const file = stateFile(0, fromGenesis, 11)
  const stale = verify(file, undefined, at(0).header.timeMs + BigInt(PARAMS.trustPeriodMs) + 1n)
  assert.deepEqual([stale.kind, stale.kind !== 'accepted' && stale.code], ['undecided', 'trust-expired'])
  const early = verify(file, undefined, at(11).header.timeMs - BigInt(PARAMS.clockDriftMsMax) - 1n)
  assert.deepEqual([early.kind, early.kind !== 'accepted' && early.code], ['undecided', 'header-future'])
})

test('a file has one encoding; no truncation and no flipped bit of it is accepted', () => {
  const file = stateFile(0, fromGenesis, 11)
  const bytes = encodeProofFile(file)
  assert.deepEqual(decodeProofFile(bytes, PARAMS), { kind: 'accepted', value: file })
  for (let length = 0; length < bytes.length; length += 13)
    assert.notEqual(verify(bytes.subarray(0, length)).kind, 'accepted')
  assert.notEqual(verify(concatBytes(bytes, hex('00'))).kind, 'accepted')
  for (let at = 0; at < bytes.length; at += 7) {
    const mutant = bytes.slice()
    mutant[at]! ^= 1 << (at % 8)
    assert.notEqual(verify(mutant).kind, 'accepted', `byte ${at} of ${bytes.length}`)
  }
})

after(() => {
  assert.deepEqual(
    Object.keys(PROOF_FILE_SENTENCES).filter((code) => !caused.has(code)),
    [],
  )
})
