import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { VOTE, voteMessage, type FinalityCert } from '../../src/chain/certificate.ts'
import { chainIdOf } from '../../src/chain/spec.ts'
import { EvidencePool } from '../../src/consensus/evidence-pool.ts'
import { LedgerChain } from '../../src/consensus/ledger-chain.ts'
import { Seats } from '../../src/consensus/seats.ts'
import { revealMessage } from '../../src/crypto/keys.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { genesisLedger, unaccounted } from '../../src/ledger/ledger.ts'
import { makeCast } from '../../src/sim/cast.ts'
import { FIXTURE_PARAMS } from '../../src/sim/fixture.ts'
import { engine, signer } from './toy-chain.ts'

const STAKE = 5_000_000_000n

function setup() {
  const cast = makeCast(twin, signer, new Prng('evidence pool'), {
    name: 'evidence pool',
    params: FIXTURE_PARAMS,
    genesisTimeMs: 1_800_000_000_000n,
    stakes: Array.from({ length: 5 }, () => [STAKE]),
    walletCount: 1,
    walletAmount: 1_000_000n,
  })
  const chainId = chainIdOf(twin, cast.spec)
  const reporter = cast.wallets[0]!.owner
  const pool = new EvidencePool(FIXTURE_PARAMS, reporter)
  const chain = new LedgerChain({
    engine,
    params: FIXTURE_PARAMS,
    chainId,
    ledger: genesisLedger(engine, cast.spec),
    transactions: () => [],
    evidence: (ledger) => pool.candidates(ledger),
  })
  const vote = (validator: number, byte: number) => {
    const secret = cast.validators[validator]!.blsSecrets[0]!
    const hash = new Uint8Array(32).fill(byte)
    const target = { type: VOTE.prevote, height: 1n, round: 0, hash }
    const message = voteMessage(twin, chainId, target.type, target.height, target.round, hash)
    return { ...target, blsPk: signer.publicKey(secret), signature: signer.sign(secret, message) }
  }
  const seats = new Seats(engine, FIXTURE_PARAMS.quorum, chain.committee(1n)!)
  const proposer = seats.proposer(chain.head().header.seed, 1n, 0)
  const secret = cast.validators[cast.validatorOfKey.get(proposer.name)!]!.blsSecrets[0]!
  const build = () =>
    chain.buildBlock({
      round: 0,
      timeMs: chain.head().header.timeMs + BigInt(FIXTURE_PARAMS.blockTimeMs),
      reveal: signer.sign(secret, revealMessage(twin, chainId, 1n)),
      parentCert: new Uint8Array(0),
    })
  return { cast, chain, pool, vote, build, reporter }
}

/** Commit takes a certificate as it is: whether it holds is the agreement's business. */
const anyCert = (hash: Uint8Array): FinalityCert => ({
  height: 1n,
  round: 0,
  blockHash: hash,
  bitmap: new Uint8Array(2),
  signature: new Uint8Array(96),
})

describe('EvidencePool', () => {
  it('puts a double vote into the next block, which burns the stake and pays the reporter one part in 64', () => {
    const { chain, pool, vote, build, reporter } = setup()
    pool.add(vote(2, 7), vote(2, 3))
    const block = build()
    assert.equal(block.body.evidence.length, 1)
    assert.equal(chain.validateBlock(block).kind, 'accepted')
    chain.commit(block, anyCert(new Uint8Array(32)))
    const stakes = [...chain.ledger.outputs.stakes.values()]
    assert.equal(stakes.length, 4)
    assert.equal(unaccounted(chain.ledger), 0n)
    const paid = [...chain.ledger.outputs.byOutpoint.values()].filter(
      ({ createdHeight, output }) => createdHeight === 1n && toHex(output.owner) === toHex(reporter),
    )
    assert.deepEqual(
      paid.map(({ output }) => output.amount),
      [STAKE / 64n],
    )
    assert.deepEqual(pool.candidates(chain.ledger), [], 'there is nothing left to burn')
    assert.equal(pool.size, 0)
  })

  it('holds one pair per key, and evidence that does not hold stays out of the block', () => {
    const { chain, pool, vote, build } = setup()
    pool.add(vote(1, 1), vote(1, 2))
    pool.add(vote(1, 4), vote(1, 5))
    assert.equal(pool.size, 1)
    pool.add(vote(0, 1), { ...vote(0, 2), signature: vote(3, 2).signature })
    const block = build()
    assert.equal(block.body.evidence.length, 1)
    assert.equal(chain.validateBlock(block).kind, 'accepted')
  })
})

describe('LedgerChain', () => {
  it('executes a candidate once and commits what it executed', () => {
    const { chain, build } = setup()
    const block = build()
    const first = chain.validateBlock(block)
    assert.equal(chain.validateBlock(block), first)
    assert.equal(chain.headCert(), undefined)
    chain.commit(block, anyCert(new Uint8Array(32)))
    assert.equal(first.kind === 'accepted' && first.value === chain.ledger, true)
    assert.equal(chain.head().header.height, 1n)
    assert.equal(chain.headCert()?.height, 1n)
  })

  it('refuses to commit a block that is not valid', () => {
    const { chain, build } = setup()
    const block = build()
    const bad = { ...block, header: { ...block.header, stateRoot: new Uint8Array(32).fill(1) } }
    assert.equal(chain.validateBlock(bad).kind, 'rejected')
    assert.throws(() => chain.commit(bad, anyCert(new Uint8Array(32))))
  })
})
