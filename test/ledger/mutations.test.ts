/** Blocks with one bit changed, cut short, or made of random bytes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, hex } from '../../src/base/bytes.ts'
import { decodeBlock, encodeBlock } from '../../src/chain/block.ts'
import { VOTE, voteMessage } from '../../src/chain/certificate.ts'
import { KIND } from '../../src/chain/output.ts'
import { decodeEvidence, encodeEvidence, inHashOrder } from '../../src/ledger/evidence.ts'
import { deviceOf, engine, SMALL_PARAMS, stakeOf, transferTo, validatorOf, walletOf, World } from './ledger-world.ts'

const world = new World('block-mutations')
const { chain, prng, wallets } = world
const [alice, bob, carol] = wallets as [(typeof wallets)[0], (typeof wallets)[0], (typeof wallets)[0]]
const ledger = world.advance(world.genesis, 2)

/** A block with a transfer, a stake, a device and evidence. */
function fullBlock() {
  const pay = (wallet: typeof alice, output: ReturnType<typeof transferTo>) =>
    world.pay(wallet, world.utxosOf(ledger, wallet.owner)[0]!, [output])
  const [culprit] = world.validators
  const vote = (hash: Uint8Array) => {
    const message = voteMessage(engine.kernels, chain.chainId, VOTE.prevote, 1n, 0, hash)
    return { hash, signature: world.signer.sign(culprit!.blsSecret, message) }
  }
  const evidence = encodeEvidence({
    ...{ kind: 1, reporter: carol.owner, blsPk: culprit!.blsPk, type: VOTE.prevote, height: 1n, round: 0 },
    votes: inHashOrder(vote(prng.bytes(32)), vote(prng.bytes(32)), ({ hash }) => hash),
    burnt: world.utxosOf(ledger, culprit!.owner, KIND.stake).map(({ outpoint }) => outpoint),
  })
  const transactions = [
    pay(alice, transferTo(bob.owner, 9_000n)),
    pay(bob, stakeOf(chain.chainId, validatorOf(prng), SMALL_PARAMS.minStake)),
    pay(carol, deviceOf(chain.chainId, carol.owner, walletOf(prng))),
  ]
  const block = world.build(ledger, { transactions, evidence: [evidence] })
  assert.deepEqual([block.header.txCount, block.body.evidence.length], [3, 1])
  return encodeBlock(block)
}

const encoded = fullBlock()

test('a block with any one bit changed is refused, but for what the proposer may choose', () => {
  /** round u32 at 42, timeMs u64 at 46: [HDR-2] and [HDR-1] are the agreement's to judge. */
  const chosen = (at: number) => at >= 42 && at < 54
  let decodes = 0
  for (let at = 0; at < encoded.length; at++) {
    const mutant = encoded.slice()
    mutant[at]! ^= 1 << (at % 8)
    const decoded = decodeBlock(mutant)
    if (decoded.kind === 'rejected') continue
    decodes++
    const result = world.execute(ledger, decoded.value)
    if (!chosen(at)) assert.equal(result.kind, 'rejected', `byte ${at} of ${encoded.length}`)
  }
  assert.ok(decodes > encoded.length / 2)
})

test('a block cut short or made longer does not decode', () => {
  for (let length = 0; length < encoded.length; length += 11)
    assert.equal(decodeBlock(encoded.subarray(0, length)).kind, 'rejected')
  assert.equal(decodeBlock(concatBytes(encoded, hex('00'))).kind, 'rejected')
})

test('random evidence and random bodies are answered, never thrown on', () => {
  const base = world.build(ledger)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.constantFrom(1, 2), (bytes, kind) => {
      const item = concatBytes(Uint8Array.of(kind), bytes)
      decodeEvidence(item, 16)
      const block = { header: base.header, body: { ...base.body, evidence: [item] } }
      assert.equal(world.execute(ledger, block).kind, 'rejected')
    }),
    { numRuns: 300 },
  )
})
