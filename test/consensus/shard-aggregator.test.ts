import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { popCount } from '../../src/base/bytes.ts'
import { VOTE, voteMessage } from '../../src/chain/certificate.ts'
import { emptyBitmap, setBit, union, without } from '../../src/consensus/bitmap.ts'
import { HeightState } from '../../src/consensus/height-state.ts'
import { Seats, type Voter } from '../../src/consensus/seats.ts'
import { ShardAggregator } from '../../src/consensus/shard-aggregator.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { engine, signer, toyWorld } from './toy-chain.ts'

const HASH = new Uint8Array(32).fill(5)
const PAUSE_MS = 60

/** The aggregator of shard 0 in round 0, and what the others say. */
function setup(seed: string) {
  const world = toyWorld(seed, 16)
  const seats = new Seats(engine, world.params.quorum, world.keys)
  const chainId = world.genesis.header.chainId
  const context = { engine, chainId, seats, height: 1n, batchSeed: new Uint8Array(32).fill(1) }
  const state = new HeightState(context, world.genesis.header, [seats.aggregatorOf(0, 1n, 0)], 0)
  const tally = state.at(0).phase(VOTE.prevote).open(HASH, undefined)!
  const message = voteMessage(twin, chainId, VOTE.prevote, 1n, 0, HASH)
  const signatureOf = ({ name }: Voter) =>
    signer.sign(world.cast.validators[world.cast.validatorOfKey.get(name)!]!.blsSecrets[0]!, message)
  const vote = (voter: Voter) => tally.addVote(voter, signatureOf(voter), voter.name)
  /** All of a shard's core, as its aggregator sums it. */
  const hearShard = (shard: number) => {
    const bitmap = emptyBitmap(seats.count)
    const parts = [...seats.votersOfShard(shard)].map((voter) => {
      const own = voter.seats.filter((seat) => Math.floor(seat / seats.coreSize) === shard)
      for (const seat of own) setBit(bitmap, seat)
      return { signature: signatureOf(voter), times: own.length }
    })
    tally.addAggregate({ bitmap, signature: engine.bls.sumSignatures(parts)! }, `aggregator ${shard}`)
  }
  return { seats, state, tally, vote, hearShard }
}

/** A draw in which shard 0 is of four people who sit nowhere else: then each vote is one seat. */
function drawn(): ReturnType<typeof setup> {
  for (let draw = 0; draw < 500; draw++) {
    const made = setup(`shard aggregator ${draw}`)
    if ([...made.seats.votersOfShard(0)].every(({ seats }) => seats.length === 1)) return made
  }
  throw new Error('no draw has such a shard')
}

describe('ShardAggregator', () => {
  it('sends at once what is enough, later what is not, and nothing twice', () => {
    const { seats, state, tally, vote } = drawn()
    const [first, second, third] = [...seats.votersOfShard(0)]
    const aggregator = new ShardAggregator(PAUSE_MS)
    vote(first!)
    assert.deepEqual(aggregator.collect(state, 0, []), { sums: [], nextMs: PAUSE_MS })
    assert.equal(popCount(aggregator.collect(state, PAUSE_MS, []).sums[0]!.bitmap), 1)
    vote(second!)
    vote(third!)
    const { sums, nextMs } = aggregator.collect(state, PAUSE_MS + 1, [])
    assert.deepEqual([sums, nextMs], [[], 3 * PAUSE_MS + 1], 'the pause has doubled')
    assert.equal(popCount(aggregator.collect(state, nextMs!, [], { only: tally }).sums[0]!.bitmap), 3)
    assert.deepEqual(aggregator.collect(state, 10 * PAUSE_MS, []).sums, [])
  })

  it('goes on while the others lack the quorum that its own votes make, and stops when they have one', () => {
    const { seats, state, tally, vote, hearShard } = drawn()
    const [first, second, ...late] = [...seats.votersOfShard(0)]
    const aggregator = new ShardAggregator(PAUSE_MS)
    vote(first!)
    vote(second!)
    aggregator.collect(state, 0, [])
    const [sent] = aggregator.collect(state, PAUSE_MS, []).sums
    hearShard(1)
    hearShard(2)
    for (const voter of late) vote(voter)
    tally.prove()
    const own = seats.bitsOfShard(0)
    assert.ok(seats.isQuorum(tally.provenBitmap), 'here is a quorum')
    assert.ok(!seats.isQuorum(union(without(tally.provenBitmap, own), sent!.bitmap)), 'nobody else has one')
    const [fuller] = aggregator.collect(state, PAUSE_MS + 1, []).sums
    assert.equal(fuller === undefined ? 0 : popCount(fuller.bitmap), seats.coreSize)
    assert.deepEqual(aggregator.collect(state, 10 * PAUSE_MS, []).sums, [])
  })

  it('is done with prevotes once the others have a quorum without what it holds back', () => {
    const { seats, state, tally, vote, hearShard } = drawn()
    const [first, ...late] = [...seats.votersOfShard(0)]
    const aggregator = new ShardAggregator(PAUSE_MS)
    vote(first!)
    aggregator.collect(state, 0, [])
    aggregator.collect(state, PAUSE_MS, [])
    for (const shard of [1, 2, 3]) hearShard(shard)
    for (const voter of late) vote(voter)
    tally.prove()
    assert.deepEqual(aggregator.collect(state, PAUSE_MS + 1, []), { sums: [], nextMs: undefined })
  })
})
