import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { equalBytes, isZero, toHex } from '../../src/base/bytes.ts'
import { encodeBlock } from '../../src/chain/block.ts'
import { NIL_HASH, VOTE, encodeCert } from '../../src/chain/certificate.ts'
import { blockHash } from '../../src/chain/header.ts'
import { DEFAULT_TIMES } from '../../src/consensus/agreement.ts'
import { decodeMessage } from '../../src/consensus/messages.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { verifyCert } from '../../src/verify/certificate.ts'
import { ScriptedPeer, effectsOf, votesSent } from './scripted-peer.ts'
import { engine, signer } from './toy-chain.ts'

const { prevote, precommit } = VOTE

/** A started peer that proposes in none of the rounds 0 to 3. */
function listener(name: string): ScriptedPeer {
  for (let attempt = 0; ; attempt++) {
    const peer = new ScriptedPeer(`${name} ${attempt}`, 8)
    if (!peer.isSeated || ![0, 1, 2, 3].every((round) => peer.proposer(round) !== peer.me && peer.votesLeave(round)))
      continue
    peer.start()
    return peer
  }
}

/** A started peer that proposes in round 0. */
function proposer(name: string): ScriptedPeer {
  for (let attempt = 0; ; attempt++) {
    const peer = new ScriptedPeer(`${name} ${attempt}`, 8)
    if (peer.isSeated && peer.proposer(0) === peer.me && peer.votesLeave(0)) return peer
  }
}

function lockedOn(name: string): { readonly peer: ScriptedPeer; readonly hash: Uint8Array } {
  const peer = listener(name)
  const block = peer.block(0)
  const hash = blockHash(twin, block.header)
  peer.hear(peer.proposal(0, block))
  const sent = votesSent(peer, peer.hearAll(prevote, 0, hash))
  assert.deepEqual(
    sent.map(({ type, hash }) => [type, toHex(hash)]),
    [[precommit, toHex(hash)]],
    'it locks',
  )
  return { peer, hash }
}

/** All others precommit nil in `round`: on to the next one. */
function passRound(peer: ScriptedPeer, round: number): void {
  peer.hearAll(precommit, round, NIL_HASH)
  assert.equal(peer.machine.standing?.round, round + 1)
}

describe('Agreement: one height', () => {
  it('prevotes a valid proposal, precommits on its quorum and decides with a certificate that verifies', () => {
    const { peer, hash } = lockedOn('decides')
    const { header } = peer.block(0)
    const [final] = effectsOf(peer.hearAll(precommit, 0, hash), 'final')
    assert.ok(final && equalBytes(final.hash, hash))
    const verdict = verifyCert(engine, peer.world.params, peer.chain.chainId, peer.world.keys, header, final.cert)
    assert.equal(verdict.kind, 'accepted')
    assert.equal(peer.machine.height, 2n)
  })

  it('decides from single votes as from sums, and counts all seats of a key for one signature', () => {
    const peer = listener('single votes')
    const block = peer.block(0)
    const hash = blockHash(twin, block.header)
    peer.hear(peer.proposal(0, block))
    for (const type of [prevote, precommit])
      for (const voter of peer.others) peer.hear(peer.vote(type, 0, hash, voter), voter.name)
    assert.equal(effectsOf(peer.effects, 'final').length, 1)
  })

  it('prevotes nil when the proposal does not come in time', () => {
    const peer = listener('time-out')
    const sent = votesSent(peer, peer.advance(DEFAULT_TIMES.proposeMs))
    assert.deepEqual(
      sent.map(({ type, hash }) => [type, isZero(hash)]),
      [[prevote, true]],
    )
  })

  it('is not put off by a clock that is set back: its time-outs move along', () => {
    const peer = listener('set back')
    peer.advance(-3_600_000)
    const sent = votesSent(peer, peer.advance(DEFAULT_TIMES.proposeMs))
    assert.equal(sent.length, 1)
    passRound(peer, 0)
    peer.advance(-3_600_000)
    const [vote] = votesSent(peer, peer.advance(DEFAULT_TIMES.proposeMs + DEFAULT_TIMES.growthMs))
    assert.ok(vote && isZero(vote.hash) && vote.round === 1)
  })

  it('prevotes nil for a block that the chain refuses, and for a reveal of somebody else', () => {
    for (const fault of ['chain', 'reveal']) {
      const peer = listener(`refuses ${fault}`)
      const block = peer.block(0)
      const other = signer.sign(peer.secretOf(peer.proposer(1)), new Uint8Array(32))
      const bad =
        fault === 'chain'
          ? { ...block, header: { ...block.header, historyRoot: new Uint8Array(32) } }
          : peer.chain.buildBlock({
              round: 0,
              timeMs: block.header.timeMs,
              reveal: other,
              parentCert: new Uint8Array(0),
            })
      const sent = votesSent(peer, peer.hear(peer.proposal(0, bad)))
      assert.deepEqual(
        sent.map(({ hash }) => isZero(hash)),
        [true],
        fault,
      )
    }
  })

  it('ignores a proposal that the proposer of the round did not sign, and its sender [HDR-3]', () => {
    const peer = listener('not the proposer')
    const other = peer.others.find((voter) => voter !== peer.proposer(0))!
    const effects = peer.hear(peer.proposal(0, peer.block(0), undefined, other))
    assert.equal(votesSent(peer, effects).length, 0)
    assert.equal(effectsOf(effects, 'misbehaviour')[0]?.code, 'bad-proposal-signature')
    assert.equal(votesSent(peer, peer.hear(peer.proposal(0, peer.block(0)))).length, 0, 'the same sender is not heard')
    assert.equal(votesSent(peer, peer.hear(peer.proposal(0, peer.block(0)), 'somebody else')).length, 1)
  })

  it('votes for the first of two proposals of one round only', () => {
    const peer = listener('two proposals')
    const sent = [
      ...votesSent(peer, peer.hear(peer.proposal(0, peer.block(0)))),
      ...votesSent(peer, peer.hear(peer.proposal(0, peer.block(0, 7)))),
    ]
    assert.deepEqual(
      sent.map(({ hash }) => toHex(hash)),
      [toHex(blockHash(twin, peer.block(0).header))],
    )
  })

  it('waits with its vote for a block from the future until its clock has come near [HDR-1]', () => {
    const peer = listener('future')
    const { clockDriftMsMax } = peer.world.params
    const lead = peer.nowMs - Number(peer.block(0).header.timeMs)
    const block = peer.block(0, lead + clockDriftMsMax + 1000)
    assert.equal(votesSent(peer, peer.hear(peer.proposal(0, block))).length, 0)
    assert.equal(votesSent(peer, peer.advance(999)).length, 0)
    const [vote] = votesSent(peer, peer.advance(1))
    assert.ok(vote && equalBytes(vote.hash, blockHash(twin, block.header)))
  })

  it('proposes when its turn comes, with a block that it then votes for', () => {
    const peer = proposer('own turn')
    const effects = peer.start()
    assert.equal(votesSent(peer, effects).length, 1)
    const [vote] = votesSent(peer, effects)
    assert.ok(vote !== undefined && !isZero(vote.hash) && vote.type === prevote)
  })

  it('goes to the next round when it gets a nil precommit quorum, and prevotes nil on a nil prevote quorum', () => {
    const peer = listener('nil')
    peer.advance(DEFAULT_TIMES.proposeMs)
    const sent = votesSent(peer, peer.hearAll(prevote, 0, NIL_HASH))
    assert.deepEqual(
      sent.map(({ type, hash }) => [type, isZero(hash)]),
      [[precommit, true]],
    )
    passRound(peer, 0)
    assert.equal(peer.machine.standing?.step, 'propose')
  })

  it('gives up a phase whose quorum is split only after its time-out', () => {
    const peer = listener('split')
    const hash = blockHash(twin, peer.block(0).header)
    peer.hear(peer.proposal(0, peer.block(0)))
    const half = peer.others.length >> 1
    peer.hearAll(prevote, 0, hash, peer.others.slice(0, half))
    peer.hear({ kind: 'aggregate', aggregate: peer.sum(prevote, 0, NIL_HASH, peer.others.slice(half)) }, 'another')
    assert.equal(peer.machine.standing?.step, 'prevote')
    peer.advance(DEFAULT_TIMES.prevoteMs - 1)
    assert.equal(peer.machine.standing?.step, 'prevote')
    const [vote] = votesSent(peer, peer.advance(1))
    assert.ok(vote && isZero(vote.hash) && vote.type === precommit)
  })

  it('skips to a later round once somebody honest is surely there, not before', () => {
    const peer = listener('skip')
    const voters = peer.someHonest
    peer.hearAll(prevote, 5, NIL_HASH, voters.slice(0, -1))
    assert.equal(peer.machine.standing?.round, 0)
    peer.hear({ kind: 'aggregate', aggregate: peer.sum(prevote, 5, NIL_HASH, voters) }, 'another')
    assert.equal(peer.machine.standing?.round, 5)
  })

  it('decides on a precommit quorum of an earlier round', () => {
    const { peer, hash } = lockedOn('earlier round')
    passRound(peer, 0)
    const fewer = peer.others.slice(0, -1)
    const effects = peer.hear({ kind: 'aggregate', aggregate: peer.sum(precommit, 0, hash, fewer) }, 'another')
    assert.equal(effectsOf(effects, 'final').length, 1)
  })

  it('asks for a block that has a quorum only when it does not come by itself', () => {
    const asked = (peer: ScriptedPeer, hash: Uint8Array): number =>
      effectsOf(peer.effects, 'broadcast').filter(({ bytes }) => {
        const message = decodeMessage(bytes, peer.world.params)
        return message.kind === 'accepted' && message.value.kind === 'status' && equalBytes(message.value.wanted, hash)
      }).length
    for (const comes of [true, false]) {
      const peer = listener(`missing block ${comes}`)
      const block = peer.block(0)
      const hash = blockHash(twin, block.header)
      peer.hearAll(precommit, 0, hash)
      peer.advance(DEFAULT_TIMES.wantMs - 1)
      assert.equal(asked(peer, hash), 0, 'it may be on its way')
      if (comes) peer.hear(peer.proposal(0, block))
      peer.advance(1)
      assert.deepEqual([effectsOf(peer.effects, 'final').length, asked(peer, hash)], comes ? [1, 0] : [0, 1])
      if (!comes) peer.hear({ kind: 'block', block: encodeBlock(block) })
      assert.equal(effectsOf(peer.effects, 'final').length, 1)
    }
  })

  it('takes a final block with its certificate from a peer, and blames one with a bad certificate', () => {
    const peer = listener('final')
    const { block } = { block: peer.block(0) }
    const hash = blockHash(twin, block.header)
    const sum = peer.sum(precommit, 0, hash, peer.others)
    const cert = { height: 1n, round: 0, blockHash: hash, bitmap: sum.bitmap, signature: sum.signature }
    const bad = { ...cert, signature: peer.sum(prevote, 0, hash, peer.others).signature }
    const first = peer.step({ type: 'final-received', from: 'liar', block: encodeBlock(block), cert: encodeCert(bad) })
    assert.equal(effectsOf(first, 'misbehaviour')[0]?.code, 'bad-final')
    const second = peer.step({
      type: 'final-received',
      from: 'peer',
      block: encodeBlock(block),
      cert: encodeCert(cert),
    })
    assert.equal(effectsOf(second, 'final').length, 1)
  })

  it('decides with another body of the same hash when the first one was spoilt [HDR-3]', () => {
    const peer = listener('spoilt body')
    const good = peer.block(0)
    const hash = blockHash(twin, good.header)
    const spoilt = { ...good, body: { ...good.body, parentCert: new Uint8Array(200) } }
    peer.hear(peer.proposal(0, spoilt))
    peer.hearAll(prevote, 0, hash)
    assert.equal(effectsOf(peer.hearAll(precommit, 0, hash), 'final').length, 0)
    const effects = peer.hear({ kind: 'block', block: encodeBlock(good) }, 'another')
    assert.equal(effectsOf(effects, 'final').length, 1)
  })
})

describe('Agreement: locking [BFT-1]', () => {
  it('prevotes nil for another block in a later round while it is locked', () => {
    const { peer } = lockedOn('locked')
    passRound(peer, 0)
    const [vote] = votesSent(peer, peer.hear(peer.proposal(1, peer.block(1, 5))))
    assert.ok(vote && isZero(vote.hash))
  })

  it('prevotes its locked block when that is proposed again with its quorum', () => {
    const { peer, hash } = lockedOn('again')
    passRound(peer, 0)
    const quorum = peer.sum(prevote, 0, hash, peer.others)
    const [vote] = votesSent(peer, peer.hear(peer.proposal(1, peer.block(0), quorum)))
    assert.ok(vote && equalBytes(vote.hash, hash))
  })

  it('leaves its lock for a prevote quorum from a round above it, and for none from the same or a lower one', () => {
    for (const quorumRound of [0, 1]) {
      const { peer } = lockedOn(`unlock ${quorumRound}`)
      passRound(peer, 0)
      passRound(peer, 1)
      const other = peer.block(quorumRound, 9)
      const hash = blockHash(twin, other.header)
      // With more than the tolerated faults there could be two quorums in round 0; the lock must hold even then.
      const quorum = peer.sum(prevote, quorumRound, hash, peer.others)
      const [vote] = votesSent(peer, peer.hear(peer.proposal(2, other, quorum)))
      assert.equal(vote === undefined ? undefined : isZero(vote.hash), quorumRound === 0, `round ${quorumRound}`)
    }
  })

  it('refuses to take up an older block without a quorum, or with one that does not hold [HDR-2]', () => {
    const peer = listener('HDR-2')
    passRound(peer, 0)
    const old = peer.block(0)
    const hash = blockHash(twin, old.header)
    const few = peer.sum(prevote, 0, hash, peer.others.slice(0, 2))
    const forged = {
      ...peer.sum(prevote, 0, hash, peer.others),
      signature: peer.sum(precommit, 0, hash, peer.others).signature,
    }
    const wrongRound = peer.sum(prevote, 1, hash, peer.others)
    for (const [index, quorum] of [undefined, few, forged, wrongRound].entries()) {
      const effects = peer.hear(peer.proposal(1, old, quorum), `peer ${index}`)
      assert.equal(votesSent(peer, effects).length, 0, `case ${index}`)
      assert.equal(effectsOf(effects, 'misbehaviour').length, 1, `case ${index}`)
    }
    const good = peer.sum(prevote, 0, hash, peer.others)
    assert.equal(votesSent(peer, peer.hear(peer.proposal(1, old, good), 'honest')).length, 1)
  })

  it('proposes the block that it last saw a prevote quorum for, byte by byte, with that quorum', () => {
    for (let attempt = 0; ; attempt++) {
      const peer = new ScriptedPeer(`re-proposal ${attempt}`, 8)
      if (!peer.isSeated || peer.proposer(0) === peer.me || peer.proposer(1) !== peer.me || !peer.votesLeave(0))
        continue
      peer.start()
      const block = peer.block(0)
      const hash = blockHash(twin, block.header)
      peer.hear(peer.proposal(0, block))
      peer.hearAll(prevote, 0, hash)
      const effects = peer.hearAll(precommit, 0, NIL_HASH)
      const bytes = effectsOf(effects, 'broadcast').map((effect) => toHex(effect.bytes))
      assert.ok(bytes.some((message) => message.startsWith('01') && message.includes(toHex(encodeBlock(block)))))
      return
    }
  })
})

describe('Agreement: durability [BFT-1]', () => {
  it('sends neither votes nor proposals before they are on disk', () => {
    const peer = proposer('slow disk')
    peer.isDiskFast = false
    const effects = peer.start()
    assert.equal(effectsOf(effects, 'persist').length, 1)
    assert.equal(effectsOf(effects, 'broadcast').length + effectsOf(effects, 'send-to-key').length, 0)
    const { id } = effectsOf(effects, 'persist')[0]!
    assert.ok(effectsOf(peer.step({ type: 'persisted', id }), 'broadcast').length > 0)
  })

  it('never signs a second vote for one (type, height, round) after a crash, and sends the first one again', () => {
    const peer = listener('crash')
    const first = peer.block(0)
    peer.hear(peer.proposal(0, first))
    peer.restart()
    const again = votesSent(peer, peer.effects.slice(-10))
    assert.deepEqual(
      again.map(({ hash }) => toHex(hash)),
      [toHex(blockHash(twin, first.header))],
    )
    const effects = [...peer.hear(peer.proposal(0, peer.block(0, 3))), ...peer.advance(DEFAULT_TIMES.proposeMs)]
    const prevotes = votesSent(peer, effects).filter(({ type }) => type === prevote)
    assert.ok(prevotes.every(({ hash }) => equalBytes(hash, blockHash(twin, first.header))))
  })

  it('keeps its lock and its quorum across a crash', () => {
    const { peer, hash } = lockedOn('locked crash')
    peer.restart()
    assert.equal(peer.machine.standing?.step, 'precommit')
    passRound(peer, 0)
    const [vote] = votesSent(peer, peer.hear(peer.proposal(1, peer.block(1, 5))))
    assert.ok(vote && isZero(vote.hash), 'still locked')
    const effects = peer.hear({ kind: 'aggregate', aggregate: peer.sum(precommit, 0, hash, peer.others) }, 'another')
    assert.equal(effectsOf(effects, 'final').length, 1, 'the block itself is still there')
  })

  it('hands over each prevote quorum that it acts on, to be kept', () => {
    const { peer } = lockedOn('quorum kept')
    assert.equal(effectsOf(peer.effects, 'persist').filter(({ quorum }) => quorum !== undefined).length, 1)
  })

  it('signs nothing at a height below its record, where it does not know what it signed', () => {
    const { peer, hash } = lockedOn('ahead')
    peer.hearAll(precommit, 0, hash)
    assert.equal(peer.machine.height, 2n)
    peer.advance(10_000)
    const behind = new ScriptedPeer('unused', 8)
    assert.ok(behind)
    peer.chain = new (peer.chain.constructor as typeof import('./toy-chain.ts').ToyChain)(peer.world)
    peer.restart()
    assert.equal(peer.machine.height, 1n)
    const effects = [...peer.hear(peer.proposal(0, peer.block(0, 3))), ...peer.advance(30_000)]
    assert.equal(votesSent(peer, effects).length, 0)
    assert.equal(effectsOf(effects, 'persist').length, 0)
  })
})

describe('Agreement: other people’s faults', () => {
  it('finds two votes of one key and shows both, each verifying', () => {
    const peer = listener('equivocation')
    const voter = peer.others[0]!
    const hash = blockHash(twin, peer.block(0).header)
    peer.hear(peer.vote(prevote, 0, hash, voter))
    const [found] = effectsOf(peer.hear(peer.vote(prevote, 0, NIL_HASH, voter), 'another'), 'equivocation')
    assert.ok(found)
    assert.deepEqual([toHex(found.first.hash), toHex(found.second.hash)].sort(), [toHex(NIL_HASH), toHex(hash)].sort())
    assert.ok([found.first, found.second].every(({ blsPk }) => toHex(blsPk) === voter.name))
  })

  it('does not take a forged second vote for one', () => {
    const peer = listener('framed')
    const voter = peer.others[0]!
    const hash = blockHash(twin, peer.block(0).header)
    peer.hear(peer.vote(prevote, 0, hash, voter))
    const forged = {
      ...peer.vote(prevote, 0, NIL_HASH, peer.others[1]!),
      entries: peer.vote(prevote, 0, hash, voter).entries,
    }
    assert.equal(effectsOf(peer.hear(forged, 'framer'), 'equivocation').length, 0)
  })

  it('asks for the single votes of a key that two proven sums share', () => {
    const peer = listener('suspect')
    peer.hear(peer.proposal(0, peer.block(0)))
    const hash = blockHash(twin, peer.block(0).header)
    const half = peer.others.length >> 1
    peer.hearAll(prevote, 0, hash, peer.others.slice(0, half))
    const nil = peer.sum(prevote, 0, NIL_HASH, peer.others.slice(half - 1))
    const effects = peer.hear({ kind: 'aggregate', aggregate: nil }, 'another')
    const asked = effectsOf(effects, 'broadcast').filter(({ bytes }) => bytes[0] === 6)
    assert.equal(asked.length, 2, 'one question for each hash')
  })

  it('blames the author of a wrong sum and counts the right ones', () => {
    const peer = listener('bad sum')
    const hash = blockHash(twin, peer.block(0).header)
    peer.hear(peer.proposal(0, peer.block(0)))
    const forged = {
      ...peer.sum(prevote, 0, hash, peer.others),
      signature: peer.sum(precommit, 0, hash, peer.others).signature,
    }
    const effects = peer.hear({ kind: 'aggregate', aggregate: forged }, 'liar')
    assert.deepEqual(
      effectsOf(effects, 'misbehaviour').map((effect) => effect.peer),
      ['liar'],
    )
    assert.equal(peer.machine.standing?.step, 'prevote')
    peer.hearAll(prevote, 0, hash)
    assert.equal(peer.machine.standing?.step, 'precommit')
  })

  it('hears a peer again some time after its fault', () => {
    const peer = listener('forgiven')
    peer.step({ type: 'message-received', from: 'clumsy', bytes: new Uint8Array(3) })
    const proposal = peer.proposal(0, peer.block(0))
    assert.equal(votesSent(peer, peer.hear(proposal, 'clumsy')).length, 0)
    peer.advance(DEFAULT_TIMES.ignoreMs)
    peer.hear(peer.proposal(0, peer.block(0)), 'clumsy')
    assert.ok(peer.machine.standing)
    const late = peer.hear({ kind: 'status', height: 1n, round: 0, hasProposal: false, wanted: NIL_HASH }, 'clumsy')
    assert.ok(effectsOf(late, 'send-to-peer').length > 0)
  })

  it('keeps a message for the next height until it gets there', () => {
    const { peer, hash } = lockedOn('early')
    const votes = peer.vote(prevote, 0, NIL_HASH, peer.others[0]!)
    const ahead = effectsOf(peer.hear({ ...votes, height: 2n }, 'early bird'), 'peer-ahead')
    assert.equal(ahead[0]?.height, 2n)
    peer.hearAll(precommit, 0, hash)
    assert.equal(peer.machine.height, 2n)
  })

  it('keeps a bounded number of messages for the next height from one peer, and those of others beside it', () => {
    for (const from of ['flood', 'another']) {
      const { peer, hash } = lockedOn(`early flood ${from}`)
      const cast = { ...peer.vote(prevote, 0, NIL_HASH, peer.others[0]!), height: 2n }
      for (let round = 0; round < 128; round++) peer.hear({ ...cast, round }, 'flood')
      peer.hear({ kind: 'aggregate', aggregate: peer.sum(prevote, 5, NIL_HASH, peer.someHonest, 2n) }, from)
      peer.hearAll(precommit, 0, hash)
      assert.equal(peer.machine.height, 2n)
      assert.equal(peer.machine.standing?.round, from === 'flood' ? 0 : 5)
    }
  })

  it('tells the driver of a peer that is behind, but not with every message', () => {
    const { peer, hash } = lockedOn('behind')
    peer.hearAll(precommit, 0, hash)
    const status = { kind: 'status', height: 1n, round: 0, hasProposal: true, wanted: NIL_HASH } as const
    assert.equal(effectsOf(peer.hear(status, 'late'), 'peer-behind').length, 1)
    assert.equal(effectsOf(peer.hear(status, 'late'), 'peer-behind').length, 0)
  })
})
