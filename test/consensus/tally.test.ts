import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { popCount } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { VOTE, voteMessage } from '../../src/chain/certificate.ts'
import type { QuorumRule } from '../../src/chain/params.ts'
import { emptyBitmap, isBitmap, setBit } from '../../src/consensus/bitmap.ts'
import { Seats, type Voter } from '../../src/consensus/seats.ts'
import { Tally } from '../../src/consensus/tally.ts'
import { createModelBls, modelBlsSigner as signer } from '../../src/crypto/bls-model.ts'
import type { BlsVerifier } from '../../src/crypto/bls-contract.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { TOY_PARAMS, toyWorld } from './toy-chain.ts'

const SEED = process.env['TALLY_SEED'] ?? 'tally'
const HASH = new Uint8Array(32).fill(5)

/** The model scheme with a count of its checks. */
function counting(): { readonly bls: BlsVerifier; checks(): number } {
  const model = createModelBls()
  let count = 0
  const bls: BlsVerifier = {
    scheme: model.scheme,
    engine: model.engine,
    decodeKey: (bytes) => model.decodeKey(bytes),
    isSignature: (bytes) => model.isSignature(bytes),
    sumKeys: (keys) => model.sumKeys(keys),
    subtractKeys: (total, keys) => model.subtractKeys(total, keys),
    verifyPossession: (...args) => model.verifyPossession(...args),
    sumSignatures: (signatures) => model.sumSignatures(signatures),
    sumSeats: (seats, bitmap) => model.sumSeats(seats, bitmap),
    verifySeats: (claim) => {
      count++
      return model.verifySeats(claim)
    },
    verifySeatsBatch: (...args) => {
      count++
      return model.verifySeatsBatch(...args)
    },
    verify: (...args) => {
      count++
      return model.verify(...args)
    },
    verifyBatch: (...args) => {
      count++
      return model.verifyBatch(...args)
    },
  }
  return { bls, checks: () => count }
}

function setup(rule: QuorumRule = 'flat') {
  const world = toyWorld(SEED, 12, { ...TOY_PARAMS, quorum: rule })
  const { bls, checks } = counting()
  const engine = { kernels: twin, bls }
  const seats = new Seats(engine, rule, world.keys)
  const target = { type: VOTE.precommit, height: 3n, round: 1, hash: HASH }
  const message = voteMessage(twin, world.genesis.header.chainId, target.type, target.height, target.round, HASH)
  const tally = new Tally(engine, seats, target, message, new Uint8Array(32).fill(1))
  const secretOf = ({ name }: Voter) => world.cast.validators[world.cast.validatorOfKey.get(name)!]!.blsSecrets[0]!
  const sign = (voter: Voter, what = message) => signer.sign(secretOf(voter), what)
  /** The part of a shard's core that `voters` are, as its aggregator sends it. */
  const piece = (shard: number, voters: readonly Voter[], what = message) => {
    const bitmap = emptyBitmap(seats.count)
    const parts: { signature: Uint8Array; times: number }[] = []
    for (const voter of voters) {
      const own = voter.seats.filter((seat) => Math.floor(seat / seats.coreSize) === shard)
      for (const seat of own) setBit(bitmap, seat)
      if (own.length > 0) parts.push({ signature: sign(voter, what), times: own.length })
    }
    return { bitmap, signature: bls.sumSignatures(parts)! }
  }
  return { world, bls, checks, seats, tally, message, sign, piece }
}

/** The inverse of a model signature: p − value, p = 2^61 − 1. */
function negated(signature: Uint8Array): Uint8Array {
  const inverse = signature.slice()
  const view = new DataView(inverse.buffer)
  view.setBigUint64(88, (1n << 61n) - 1n - view.getBigUint64(88))
  return inverse
}

const shardsOf = ({ shardCount }: Seats) => Array.from({ length: shardCount }, (_, shard) => shard)

describe(`Tally (TALLY_SEED=${SEED})`, () => {
  it('checks all sums of a phase at once', () => {
    const { seats, tally, piece, checks } = setup()
    for (const shard of shardsOf(seats)) tally.addAggregate(piece(shard, seats.voters), `aggregator ${shard}`)
    assert.equal(checks(), 0, 'nothing is checked before it matters')
    assert.deepEqual(tally.prove(), [])
    assert.equal(popCount(tally.provenBitmap), seats.count)
    assert.equal(checks(), 1)
  })

  it('proves what was claimed in any order and mixture, and what it proves verifies', () => {
    const prng = new Prng(SEED)
    for (let run = 0; run < 50; run++) {
      const { seats, tally, piece, sign, bls, message } = setup()
      const steps = [
        ...shardsOf(seats).map(
          (shard) => () => tally.addAggregate(piece(shard, prng.shuffled(seats.voters).slice(0, 7)), 'a'),
        ),
        ...shardsOf(seats).map((shard) => () => tally.addAggregate(piece(shard, seats.voters), 'b')),
        ...seats.voters.map((voter) => () => tally.addVote(voter, sign(voter), 'c')),
      ]
      for (const step of prng.shuffled(steps)) {
        step()
        if (!prng.chance(0.3)) continue
        assert.deepEqual(tally.prove(), [])
        const { bitmap, signature } = tally.proven!
        assert.ok(bls.verify(seats.sumOf(bitmap)!, message, signature))
      }
      tally.prove()
      assert.equal(popCount(tally.provenBitmap), seats.count)
    }
  })

  it('drops wrong claims, names who made them, and keeps the rest', () => {
    const { seats, tally, piece, sign } = setup()
    const wrong = new Uint8Array(32).fill(6)
    for (const shard of shardsOf(seats))
      tally.addAggregate(piece(shard, seats.voters, shard === 1 ? wrong : undefined), `aggregator ${shard}`)
    tally.addVote(seats.voters[0]!, sign(seats.voters[0]!, wrong), 'liar')
    const blamed = tally.prove()
    assert.ok(blamed.includes('aggregator 1') && !blamed.some((peer) => /aggregator [023]/.test(peer)), String(blamed))
    assert.equal(seats.countInShard(tally.provenBitmap, 1), 0)
    assert.equal(popCount(tally.provenBitmap), seats.count - seats.coreSize)
  })

  it('counts nothing that a forger adds: no bit without its signature', () => {
    const { seats, tally, piece } = setup()
    const honest = piece(0, seats.voters)
    const boast = { bitmap: emptyBitmap(seats.count).fill(0xff), signature: honest.signature }
    tally.addAggregate(boast, 'boaster')
    assert.deepEqual(tally.prove(), ['boaster'])
    assert.equal(tally.proven, undefined)
    assert.equal(popCount(tally.claimed), 0, 'the claim is gone')
  })

  it('proves the sum of two parts whose errors cancel, and never builds on one of them alone', () => {
    const { seats, tally, piece, bls, sign, message } = setup()
    const delta = sign(seats.voters[0]!, new Uint8Array(32).fill(9))
    const shifted = (shard: number, by: Uint8Array) => {
      const { bitmap, signature } = piece(shard, seats.voters)
      const parts = [signature, by].map((one) => ({ signature: one, times: 1 }))
      return { bitmap, signature: bls.sumSignatures(parts)! }
    }
    tally.addAggregate(shifted(0, delta), 'first')
    tally.addAggregate(shifted(1, negated(delta)), 'second')
    assert.deepEqual(tally.prove(), [], 'together they are what everybody signed')
    assert.equal(popCount(tally.provenBitmap), 2 * seats.coreSize)
    for (const shard of shardsOf(seats).slice(2)) tally.addAggregate(piece(shard, seats.voters), 'third')
    tally.addAggregate(piece(0, seats.voters.slice(1)), 'fourth')
    assert.deepEqual(tally.prove(), [])
    assert.equal(popCount(tally.provenBitmap), seats.count)
    assert.ok(bls.verify(seats.sumOf(tally.provenBitmap)!, message, tally.proven!.signature))
  })

  it('takes a second candidate for a vote when the first was wrong', () => {
    const { seats, tally, sign } = setup()
    const voter = seats.voters[0]!
    tally.addVote(voter, sign(voter, new Uint8Array(32).fill(8)), 'front-runner')
    tally.addVote(voter, sign(voter), 'voter')
    assert.deepEqual(tally.prove(), ['front-runner'])
    assert.equal(popCount(tally.provenBitmap), voter.seats.length)
  })

  it('gives one peer one place for a voter’s vote, so that it cannot keep the vote itself out', () => {
    const { seats, tally, sign, piece } = setup()
    const [voter, other] = [seats.voters[0]!, seats.voters[1]!]
    assert.equal(tally.addVote(voter, sign(other), 'forger'), true)
    assert.equal(tally.addVote(voter, piece(0, seats.voters).signature, 'forger'), false)
    assert.equal(tally.addVote(voter, sign(voter), 'voter'), true)
    const blamed: string[] = []
    assert.deepEqual(tally.provenVote(voter, blamed), sign(voter))
    assert.deepEqual(blamed, ['forger'])
    assert.deepEqual(tally.provenVote(voter, blamed), sign(voter))
    assert.deepEqual(blamed, ['forger'], 'what was wrong is forgotten, and checked once')
  })

  it('takes a sum whose signature somebody sent before under another bitmap', () => {
    const { seats, tally, piece } = setup()
    const honest = shardsOf(seats).map((shard) => piece(shard, seats.voters))
    tally.addAggregate({ bitmap: honest[1]!.bitmap, signature: honest[0]!.signature }, 'eavesdropper')
    for (const sum of honest) assert.equal(tally.addAggregate(sum, 'aggregator'), true)
    assert.deepEqual(tally.prove(), ['eavesdropper'])
    assert.equal(popCount(tally.provenBitmap), seats.count)
  })

  it('sums one shard’s votes for its aggregator, leaving out the wrong ones', () => {
    const { seats, tally, sign, bls, message } = setup()
    for (const [index, voter] of seats.voters.entries())
      tally.addVote(voter, sign(voter, index === 0 ? new Uint8Array(32).fill(3) : undefined), voter.name)
    const blamed: string[] = []
    for (const shard of shardsOf(seats)) {
      const sum = tally.sumShard(shard, blamed)
      if (sum === undefined) continue
      assert.ok(bls.verify(seats.sumOf(sum.bitmap)!, message, sum.signature))
      assert.equal(popCount(sum.bitmap), seats.countInShard(sum.bitmap, shard), 'no bit of another shard')
      assert.ok(isBitmap(sum.bitmap, seats.count))
    }
    assert.deepEqual(new Set(blamed), new Set([seats.voters[0]!.name]))
  })
})

describe('Seats', () => {
  it('names every round’s proposer in proportion to seats, and aggregators that rotate', () => {
    const { seats, world } = setup()
    const turns = new Map<Voter, number>()
    for (let round = 0; round < 1600; round++) {
      const voter = seats.proposer(world.genesis.header.seed, 1n, round)
      turns.set(voter, (turns.get(voter) ?? 0) + 1)
    }
    for (const voter of seats.voters) {
      const expected = (1600 * voter.seats.length) / seats.count
      const got = turns.get(voter) ?? 0
      assert.ok(Math.abs(got - expected) < 5 * Math.sqrt(expected) + 5, `${got} turns for ${voter.seats.length} seats`)
    }
    const aggregators = new Set(Array.from({ length: seats.coreSize }, (_, round) => seats.aggregatorOf(0, 5n, round)))
    assert.equal(aggregators.size, seats.votersOfShard(0).size)
  })

  it('holds an honest seat exactly when more than the tolerated faults vote', () => {
    for (const rule of ['flat', 'two-level'] as const) {
      const { seats } = setup(rule)
      const bitmap = emptyBitmap(seats.count)
      const order = new Prng(`${SEED} ${rule}`).shuffled(Array.from({ length: seats.count }, (_, seat) => seat))
      for (const seat of order) {
        setBit(bitmap, seat)
        // A set that holds an honest seat for sure is one whose complement is no quorum.
        const rest = bitmap.map((byte) => ~byte & 0xff)
        assert.equal(seats.holdsHonest(bitmap), !seats.isQuorum(rest), rule)
      }
    }
  })
})
