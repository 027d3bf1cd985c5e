/** [EVI-1]: two signatures of one key burn its stake; everything else is refused with its own code. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { concatBytes, hex, toHex } from '../../src/base/bytes.ts'
import { sentence } from '../../src/base/sentence.ts'
import { VOTE, voteMessage, type VoteType } from '../../src/chain/certificate.ts'
import { KIND, type Outpoint, type Utxo } from '../../src/chain/output.ts'
import { unbondingEpochs } from '../../src/chain/params.ts'
import {
  burntOrder,
  decodeEvidence,
  encodeEvidence,
  inHashOrder,
  REPORTER_SHARE,
  type DoubleCert,
  type DoubleVote,
  type Evidence,
} from '../../src/ledger/evidence.ts'
import { EVIDENCE_SENTENCES } from '../../src/ledger/ledger-codes.ts'
import { committeeOf, unaccounted, type Ledger } from '../../src/ledger/ledger.ts'
import { engine, nowhere, SMALL_PARAMS, transferTo, unbondingOf, World, type Validator } from './ledger-world.ts'

const world = new World('evidence')
const { chain, prng } = world
const { kernels } = engine
const [culprit, innocent] = world.validators as [Validator, Validator]
const reporter = world.wallets[0]!.owner
const ledger = world.advance(world.genesis, 3)
const caused = new Set<string>()
const SEATS_MAX = 16

const stakesOf = (at: Ledger, { owner }: Validator, kind: number = KIND.stake): Outpoint[] =>
  world.utxosOf(at, owner, kind).map(({ outpoint }) => outpoint)

function doubleVote(changes: Partial<DoubleVote> = {}, type: VoteType = VOTE.precommit): DoubleVote {
  const { height = 2n, round = 1, blsPk = culprit.blsPk } = changes
  const vote = (hash: Uint8Array) => {
    const message = voteMessage(kernels, chain.chainId, type, height, round, hash)
    return { hash, signature: world.signer.sign(culprit.blsSecret, message) }
  }
  const votes = inHashOrder(vote(prng.bytes(32)), vote(new Uint8Array(32)), ({ hash }) => hash)
  return { kind: 1, reporter, blsPk, type, height, round, votes, burnt: stakesOf(ledger, culprit), ...changes }
}

function doubleCert(changes: Partial<DoubleCert> = {}): DoubleCert {
  const certs = inHashOrder(
    world.certifyHash(ledger, 2n, 5, prng.bytes(32), [0, 1]),
    world.certifyHash(ledger, 2n, 5, prng.bytes(32), [2, 3]),
    ({ blockHash }) => blockHash,
  )
  const { committee } = committeeOf(ledger, 0)!
  return { kind: 2, reporter, certs, header: ledger.header, committee, burnt: [], ...changes }
}

/** The block that has exactly this evidence, valid or not. */
function blockWith(at: Ledger, items: readonly Uint8Array[], built = world.build(at)) {
  return { header: built.header, body: { ...built.body, evidence: items } }
}
function expectCode(
  items: readonly (Evidence | Uint8Array)[],
  code: string,
  at = ledger,
  built = world.build(at),
): void {
  const bytes = items.map((item) => (item instanceof Uint8Array ? item : encodeEvidence(item)))
  const result = world.execute(at, blockWith(at, bytes, built))
  assert.equal(result.kind === 'rejected' ? result.code : 'accepted', code)
  caused.add(code)
  if (result.kind === 'rejected')
    assert.doesNotMatch(
      sentence(EVIDENCE_SENTENCES[code as keyof typeof EVIDENCE_SENTENCES], result.operands),
      /unknown/,
    )
}

test('two votes of one key burn its stake, and one part in 64 goes to the reporter', () => {
  for (const type of [VOTE.prevote, VOTE.precommit]) {
    const item = encodeEvidence(doubleVote({}, type))
    const block = world.build(ledger, { evidence: [item, item, hex('01')] })
    assert.deepEqual(block.body.evidence, [item])
    const next = world.execute(ledger, block)
    assert.ok(next.kind === 'accepted')
    assert.equal(stakesOf(next.value, culprit).length, 0)
    assert.equal(unaccounted(next.value), 0n)
    const [share] = next.value.delta.created
    assert.deepEqual(share!.outpoint, { txid: kernels.tagged('stakecube/evidence').hash(item), index: 0 })
    assert.deepEqual(share!.output, transferTo(reporter, 5_000_000n / REPORTER_SHARE))
    assert.equal(next.value.money.burnt - ledger.money.burnt, 5_000_000n - 5_000_000n / REPORTER_SHARE)
  }
})

test('two certificates of one round burn the stake of every key that is in both', () => {
  const burnt = burntOrder(world.validators.flatMap((validator) => stakesOf(ledger, validator)))
  const inBoth = new Set(
    committeeOf(ledger, 0)!
      .seatKeys.filter((_, seat) => seat > 3)
      .map(({ bytes }) => toHex(bytes)),
  )
  assert.equal(inBoth.size, world.validators.length)
  const next = world.next(ledger, { evidence: [encodeEvidence(doubleCert({ burnt }))] })
  assert.equal(next.outputs.stakes.size, 0)
  assert.equal(unaccounted(next), 0n)
})

test('unbonding stake is burnt like stake', () => {
  const [stake] = world.utxosOf(ledger, culprit.owner, KIND.stake) as [Utxo]
  const [purse] = world.utxosOf(ledger, culprit.owner) as [Utxo]
  const unstake = world.sign([culprit, culprit], {
    inputs: [stake.outpoint, purse.outpoint],
    outputs: [
      unbondingOf(SMALL_PARAMS, stake, ledger.header.height + 1n),
      transferTo(culprit.owner, purse.output.amount - 10_000n),
    ],
  })
  const unbonding = world.next(ledger, { transactions: [unstake] })
  const burnt = stakesOf(unbonding, culprit, KIND.unbonding)
  assert.equal(burnt.length, 1)
  const next = world.next(unbonding, { evidence: [encodeEvidence(doubleVote({ burnt }))] })
  assert.equal(stakesOf(next, culprit, KIND.unbonding).length, 0)
  // A spend beside the evidence stays out of a built block, and makes another one invalid.
  const both = world.build(ledger, { evidence: [encodeEvidence(doubleVote())], transactions: [unstake] })
  assert.deepEqual([both.body.evidence.length, both.header.txCount], [1, 0])
  expectCode([doubleVote()], 'evidence-burn-missing', ledger, world.build(ledger, { transactions: [unstake] }))
})

test('evidence that is malformed, out of time or of one hash is refused', () => {
  expectCode([hex('03')], 'evidence-kind')
  expectCode([encodeEvidence(doubleVote()).slice(0, -1)], 'evidence-decode')
  expectCode([concatBytes(encodeEvidence(doubleCert()), hex('00'))], 'evidence-decode')
  expectCode([doubleVote({ height: 5n })], 'evidence-height')
  const vote = doubleVote()
  expectCode([{ ...vote, votes: [vote.votes[0], vote.votes[0]] }], 'evidence-same-hash')
  expectCode([{ ...vote, votes: [vote.votes[1], vote.votes[0]] }], 'evidence-same-hash')
  const late = world.advance(ledger, SMALL_PARAMS.epochLength * (1 + unbondingEpochs(SMALL_PARAMS)) - 3)
  assert.equal(late.header.height, BigInt(SMALL_PARAMS.epochLength * (1 + unbondingEpochs(SMALL_PARAMS))))
  expectCode([doubleVote()], 'evidence-old', late)
})

test('evidence whose signatures do not verify under a valid key is refused', () => {
  expectCode([doubleVote({ blsPk: new Uint8Array(48) })], 'evidence-key')
  expectCode([doubleVote({ blsPk: innocent.blsPk })], 'evidence-signature')
  const vote = doubleVote()
  expectCode([{ ...vote, type: VOTE.prevote }], 'evidence-signature')
  expectCode([{ ...vote, round: 2 }], 'evidence-signature')
})

test('evidence burns unspent stake of the guilty alone, each output once', () => {
  expectCode([doubleVote({ burnt: [] })], 'evidence-burn-none')
  const [own] = stakesOf(ledger, culprit) as [Outpoint]
  expectCode([doubleVote({ burnt: [own, own] })], 'evidence-burn-order')
  expectCode([doubleVote({ burnt: [nowhere(1)] })], 'evidence-burn-missing')
  expectCode([doubleVote(), doubleVote()], 'evidence-burn-missing')
  expectCode([doubleVote({ burnt: stakesOf(ledger, innocent) })], 'evidence-burn-innocent')
  expectCode([doubleVote({ burnt: stakesOf(ledger, culprit, KIND.transfer) })], 'evidence-burn-innocent')
})

test('certificates must be of one height and round, under this chain’s committee, each with a quorum', () => {
  const burnt = stakesOf(ledger, culprit)
  const good = doubleCert({ burnt })
  const [first, second] = good.certs
  expectCode([{ ...good, certs: [first, { ...second, height: 3n }] }], 'evidence-height')
  expectCode([{ ...good, certs: [first, { ...second, round: 6 }] }], 'evidence-round')
  expectCode([{ ...good, header: { ...ledger.header, round: 9 } }], 'evidence-header')
  const later = world.advance(ledger, 2)
  expectCode([{ ...good, header: later.header }], 'evidence-header', later)
  expectCode([{ ...good, committee: committeeOf(ledger, 1)!.committee }], 'evidence-committee')
  const shards = good.committee.shards.map(({ label, members }) => ({ label, members: [...members].reverse() }))
  expectCode([{ ...good, committee: { ...good.committee, shards } }], 'evidence-committee')
  const weak = inHashOrder(
    world.certifyHash(ledger, 2n, 5, prng.bytes(32), [0, 1, 2, 3, 4, 5]),
    world.certifyHash(ledger, 2n, 5, prng.bytes(32)),
    ({ blockHash }) => blockHash,
  )
  expectCode([{ ...good, certs: weak }], 'evidence-cert')
  expectCode([{ ...good, certs: [{ ...first, signature: second.signature }, second] }], 'evidence-cert')
})

test('evidence has one encoding, and no truncation of it decodes', () => {
  for (const evidence of [doubleVote(), doubleCert({ burnt: stakesOf(ledger, culprit) })]) {
    const bytes = encodeEvidence(evidence)
    assert.deepEqual(decodeEvidence(bytes, SEATS_MAX), { kind: 'accepted', value: evidence })
    for (let length = 0; length < bytes.length; length += 7)
      assert.equal(decodeEvidence(bytes.subarray(0, length), SEATS_MAX).kind, 'rejected')
  }
})

after(() => {
  assert.deepEqual(
    Object.keys(EVIDENCE_SENTENCES).filter((code) => !caused.has(code)),
    [],
  )
})
