import { NO_FACTS, type ClientFacts } from '../../web/client/facts.ts'
import { staleAfterMs, trustOf } from '../../web/client/trust.ts'
import { equal, ok } from './expect.ts'
import { followingAt, ScriptedClient } from './scripted-client.ts'

const NOW_MS = 1_800_000_000_000
const following: ClientFacts = { ...new ScriptedClient().facts, ...followingAt(40n, 3, NOW_MS) }
const level = (facts: ClientFacts, nowMs = NOW_MS) => trustOf(facts, nowMs).level

describe('trust', () => {
  it('is never "verified" before a head has been verified', () => {
    for (const phase of ['starting', 'connecting', 'syncing', 'following', 'offline', 'stopped'] as const)
      ok(level({ ...NO_FACTS, phase }) !== 'verified', phase)
  })
  it('is "verified" with a young head that a second source has, "unwitnessed" with one peer or peers of one network', () => {
    equal(level(following), 'verified')
    equal(level({ ...following, witnessCount: 1, isWitnessed: false }), 'unwitnessed')
    const crowd = trustOf({ ...following, witnessCount: 3, isWitnessed: false }, NOW_MS)
    equal(crowd.level, 'unwitnessed')
    ok(crowd.sentence.includes('3 peers of one network'), crowd.sentence)
  })
  it('becomes stale by the mere passing of time', () => {
    const young = NOW_MS + staleAfterMs(following) - 1000
    equal(level(following, young), 'verified')
    equal(level(following, young + 2000), 'stale')
  })
  it('says so when the trust period is over, whatever the peers do', () => {
    equal(level({ ...following, expired: true }), 'expired')
    equal(level({ ...following, expired: true, phase: 'offline' }), 'expired')
  })
  it('says what stopped it, above everything else', () => {
    const problem = { code: 'conflict', sentence: 'Two final blocks conflict at height 9.' }
    const trust = trustOf({ ...following, phase: 'stopped', problem, expired: true }, NOW_MS)
    equal(trust.level, 'stopped')
    equal(trust.sentence, problem.sentence)
  })
  it('names the last verified block when it is offline', () => {
    const trust = trustOf({ ...following, phase: 'offline', peers: [] }, NOW_MS)
    equal(trust.level, 'offline')
    ok(trust.sentence.includes('block 40'), trust.sentence)
  })
})
