import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Committee, CommitteeHead, Member } from '../../src/chain/committee.ts'
import { auditCommittee } from '../../src/cube/audit.ts'
import { committeeRoot } from '../../src/cube/committee.ts'
import { flipBit, ModelChain, quickEngine } from '../verify/model-chain.ts'

const model = new ModelChain({ engine: await quickEngine(), height: 14 })
const { engine, chain } = model
const prng = new Prng(process.env['SEED'] ?? 'audit')

/** Judged under its own root, as if it had been certified. */
const audit = (committee: Committee) =>
  auditCommittee(engine, chain.params, committee, committeeRoot(engine.kernels, committee))

test('[LC-4] every committee that the draws give passes', () => {
  for (const epoch of [0, 1, 2, 3, 4]) assert.equal(audit(model.committee(epoch).committee).kind, 'accepted')
})

const flipped = (bytes: Uint8Array) => flipBit(bytes, prng.below(8 * bytes.length))
const odd = () => prng.pick([0, 1, 2, 3, 5, 254, 65_535, prng.below(65_536)])
const oddAmount = () => prng.pick([0n, 1n, 1n << 55n, 1n << 56n, (1n << 64n) - 1n, prng.uint64()])

function oddMember(member: Member): Member {
  const changes: (() => Partial<Member>)[] = [
    () => ({ blsPk: flipped(member.blsPk) }),
    () => ({ credential: flipped(member.credential) }),
    () => ({ amount: oddAmount() }),
    () => ({ drawEpoch: odd() }),
    () => ({ seat: odd() }),
  ]
  return { ...member, ...prng.pick(changes)() }
}

function oddHead(head: CommitteeHead): CommitteeHead {
  const draw = prng.below(head.draws.length)
  const shard = prng.below(head.cube.length)
  const changes: (() => Partial<CommitteeHead>)[] = [
    () => ({ epoch: odd() }),
    () => ({ f: odd() }),
    () => ({ F: odd() }),
    () => ({ aggregateKey: flipped(head.aggregateKey) }),
    () => ({ draws: prng.shuffled(head.draws) }),
    () => ({ draws: head.draws.slice(prng.below(2)) }),
    () => ({ draws: head.draws.with(draw, { ...head.draws[draw]!, seed: prng.bytes(32) }) }),
    () => ({ draws: head.draws.with(draw, { ...head.draws[draw]!, stake: oddAmount() }) }),
    () => ({ cube: prng.shuffled(head.cube) }),
    () => ({ cube: head.cube.slice(0, 1 + prng.below(head.cube.length)) }),
    () => ({ cube: head.cube.with(shard, { ...head.cube[shard]!, seats: odd() }) }),
    () => ({ cube: head.cube.with(shard, { ...head.cube[shard]!, label: { bits: 64, bytes: prng.bytes(8) } }) }),
  ]
  return { ...head, ...prng.pick(changes)() }
}

/** A committee with one or more random faults in head, shards or members. */
function mutated(committee: Committee): Committee {
  const { head, shards } = committee
  const at = prng.below(shards.length)
  const { members } = shards[at]!
  const seat = prng.below(members.length)
  const changes: (() => Committee)[] = [
    () => ({ head: oddHead(head), shards }),
    () => ({ head, shards: prng.shuffled(shards) }),
    () => ({ head, shards: shards.slice(prng.below(2)) }),
    () => ({ head, shards: shards.with(at, { ...shards[at]!, members: prng.shuffled(members) }) }),
    () => ({
      head,
      shards: shards.with(at, { ...shards[at]!, members: members.with(seat, oddMember(members[seat]!)) }),
    }),
  ]
  const changed = prng.pick(changes)()
  return prng.chance(0.3) ? mutated(changed) : changed
}

/** All member keys in order of bytes: the audit cannot say which of them sits where, their sum binds the set. */
const keysIn = ({ shards }: Committee) =>
  shards.flatMap(({ members }) => members.map(({ blsPk }) => toHex(blsPk))).sort()

const seating = ({ shards }: Committee) =>
  shards.map(({ label, members }) => [label, members.map(({ credential, seat }) => [credential, seat])])

test('[LC-4] whatever a hostile committee holds, the audit answers and never throws; next to nothing passes by luck', () => {
  const codes = new Set<string>()
  let lucky = 0
  const { committee } = model.committee(3)
  for (let round = 0; round < 1500; round++) {
    const changed = mutated(committee)
    const verdict = audit(changed)
    if (verdict.kind === 'rejected') codes.add(verdict.code)
    else {
      // A consistency check knows no stake set: a made-up credential may win a seat by luck, under the true keys only.
      if (!isDeepStrictEqual(seating(changed), seating(committee))) lucky++
      assert.deepEqual(keysIn(changed), keysIn(committee), `round ${round}, seed ${prng.seed}`)
    }
  }
  assert.ok(lucky < 45, `${lucky} of 1500 passed by luck, seed ${prng.seed}`)
  assert.ok(codes.size >= 12, `codes seen: ${[...codes].join(', ')}`)
})
