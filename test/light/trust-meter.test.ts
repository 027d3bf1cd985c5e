import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { networkGroup } from '../../src/light/network-group.ts'
import { assessTrust, durationText, trustKey, type TrustFacts } from '../../src/light/trust-meter.ts'
import { fixtureOf } from './fixture-view.ts'

const chain = fixtureOf({ epochs: 5 })
const height = chain.blocks.length
const { cert } = chain.blocks[height - 1]!
const header = chain.header(height)
const { committee } = chain.committees[chain.committees.length - 2]!
const peer = (name: string, agreedHeight: number | undefined, address = '/ip4/10.0.0.1/tcp/1') => ({
  ...{ name, address },
  agreedHeight: agreedHeight === undefined ? undefined : BigInt(agreedHeight),
})
const facts: TrustFacts = {
  params: chain.spec.params,
  phase: 'following',
  head: { header, cert },
  committee,
  bringer: 'a',
  advancedMs: header.timeMs,
  peers: [peer('a', height), peer('b', height, '/ip4/10.0.3.4/tcp/1'), peer('c', height - 1)],
  conflictCount: 0,
  rejectedPeerCount: 0,
}
const at = (ms: number) => header.timeMs + BigInt(ms)

test('a fresh head names its age and the peers that have it; the one that brought it is no witness', () => {
  const trust = assessTrust(facts, at(4000))
  equal(trust.sentence, 'verified, 4 s old, 2 peers')
  deepEqual([trust.agreeingCount, trust.witnessCount, trust.networkCount, trust.isWitnessed], [2, 1, 1, true])
  equal(trust.trustLeftMs, BigInt(chain.spec.params.trustPeriodMs) - 4000n)
})

test('with one source it is unwitnessed, and says so', () => {
  const trust = assessTrust({ ...facts, peers: [peer('a', height)] }, at(4000))
  ok(!trust.isWitnessed)
  match(trust.sentence, /^verified, 4 s old, 1 peer, unwitnessed/)
})

test('what is proven and not fresh is told apart: peers without anything newer, nobody to ask, trust run out', () => {
  const quiet = assessTrust(facts, at(125_000))
  equal(quiet.freshness, 'quiet')
  equal(quiet.sentence, 'verified, 2 min old, but no peer has had anything newer for 2 min')
  const alone = assessTrust({ ...facts, peers: [] }, at(4000))
  equal(alone.freshness, 'alone')
  match(alone.sentence, /no peer is connected/)
  const stale = assessTrust(facts, at(Number(chain.spec.params.trustPeriodMs) + 1))
  equal(stale.freshness, 'stale')
  equal(stale.trustLeftMs, 0n)
  match(stale.sentence, /14 d are allowed; get a fresh checkpoint/)
  equal(assessTrust({ ...facts, head: undefined }, at(0)).sentence, 'nothing is verified yet')
  match(assessTrust({ ...facts, phase: 'halted', conflictCount: 1 }, at(0)).sentence, /two final blocks conflict/)
})

test('the weight of a certificate counts its seats, and each credential once', () => {
  const { weight } = assessTrust(facts, at(0))
  const members = committee.shards.flatMap((shard) => shard.members)
  const credentials = new Map(members.map(({ credential, amount }) => [credential.join(), amount]))
  equal(weight?.seats, members.length)
  equal(
    weight?.stake,
    [...credentials.values()].reduce((sum, amount) => sum + amount, 0n),
  )
  ok(weight.signedSeats > (2 * weight.seats) / 3 && weight.signedStake <= weight.stake && weight.signedStake > 0n)
})

test('a clock behind the block counts as being at it', () => {
  equal(assessTrust(facts, at(-60_000)).ageMs, 0n)
})

test('the key that calls for an event leaves ages out and nothing else that is shown', () => {
  equal(trustKey(assessTrust(facts, at(0))), trustKey(assessTrust(facts, at(4000))))
  ok(trustKey(assessTrust(facts, at(0))) !== trustKey(assessTrust({ ...facts, peers: [] }, at(0))))
  ok(trustKey(assessTrust(facts, at(0))) !== trustKey(assessTrust(facts, at(60_000))))
})

test('durations are rounded down to one unit', () => {
  deepEqual([999n, 59_999n, 60_000n, 7_199_999n, 7_200_000n, 172_800_000n].map(durationText), [
    '0 s',
    '59 s',
    '1 min',
    '119 min',
    '2 h',
    '2 d',
  ])
})

test('addresses of one /16, one IPv6 /32, one domain or one relay are one network', () => {
  const same = [
    ['/ip4/203.0.113.5/tcp/1/p2p/a', '/ip4/203.0.7.1/udp/2/webrtc-direct/p2p/b'],
    ['/ip6/2001:db8::1/tcp/1', '/ip6/2001:0DB8:1::7/tcp/9'],
    ['/dns4/a.example.org/tcp/1', '/dnsaddr/b.Example.org/p2p/x'],
    ['/ip4/9.9.9.9/tcp/1/p2p/r/p2p-circuit/webrtc/p2p/a', '/ip4/9.9.1.1/tcp/1/p2p/r/p2p-circuit/webrtc/p2p/b'],
  ] as const
  for (const [a, b] of same) equal(networkGroup(a), networkGroup(b))
  const groups = [
    '/ip4/203.0.113.5/tcp/1',
    '/ip4/203.1.113.5/tcp/1',
    '/ip6/2001:db9::1/tcp/1',
    '/ip6/::1/tcp/1',
    'x',
    '',
  ]
  equal(new Set(groups.map(networkGroup)).size, groups.length)
})
