import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalAddress, networkGroup, sourceOf } from '../../src/light/network-group.ts'
import { assessTrust, durationText, trustKey, type TrustFacts } from '../../src/light/trust-meter.ts'
import { fixtureOf } from './fixture-view.ts'

const chain = fixtureOf({ epochs: 5 })
const height = chain.blocks.length
const { cert } = chain.blocks[height - 1]!
const header = chain.header(height)
const { committee } = chain.committees[chain.committees.length - 2]!
const peer = (name: string, agreedHeight: number | undefined, address = '/ip4/203.0.113.1/tcp/1') => ({
  ...{ name, address },
  agreedHeight: agreedHeight === undefined ? undefined : BigInt(agreedHeight),
})
const facts: TrustFacts = {
  params: chain.spec.params,
  phase: 'following',
  head: { header, cert },
  committee,
  bringer: { name: 'a', address: '/ip4/203.0.113.1/tcp/1' },
  advancedMs: header.timeMs,
  peers: [peer('a', height), peer('b', height, '/ip4/198.51.100.4/tcp/1'), peer('c', height - 1)],
  conflictCount: 0,
  rejectedPeerCount: 0,
}
const at = (ms: number) => header.timeMs + BigInt(ms)

test('a fresh head names its age and the peers that have it; the one that brought it is no witness', () => {
  const trust = assessTrust(facts, at(4000))
  equal(trust.sentence, 'verified, 4 s old, 2 peers in 2 networks')
  deepEqual([trust.agreeingCount, trust.witnessCount, trust.networkCount, trust.isWitnessed], [2, 1, 2, true])
  equal(trust.trustLeftMs, BigInt(chain.spec.params.trustPeriodMs) - 4000n)
})

test('with one source it is unwitnessed, and says so', () => {
  const trust = assessTrust({ ...facts, peers: [peer('a', height)] }, at(4000))
  ok(!trust.isWitnessed)
  match(trust.sentence, /^verified, 4 s old, 1 peer, unwitnessed/)
})

test('a crowd in the network of the peer that brought the head is no witness, however many; nor once that peer is gone', () => {
  const crowd = Array.from({ length: 9 }, (_, index) => peer(`c${index}`, height, `/ip4/203.0.7.${index}/tcp/1`))
  for (const peers of [[peer('a', height), ...crowd], crowd]) {
    const trust = assessTrust({ ...facts, peers }, at(4000))
    deepEqual([trust.agreeingCount, trust.witnessCount, trust.isWitnessed], [peers.length, 0, false])
    equal(
      trust.sentence,
      `verified, 4 s old, ${peers.length} peers in 1 network, unwitnessed: nobody in another network was seen to have it`,
    )
  }
  const joined = assessTrust(
    { ...facts, peers: [...crowd, peer('z', height, '/dns4/node.example.org/tcp/1')] },
    at(4000),
  )
  deepEqual([joined.witnessCount, joined.isWitnessed], [1, true])
})

test('of a stored head nobody knows who brought it: it takes two sources to witness it', () => {
  const stored = { ...facts, bringer: undefined }
  const [a, b] = [peer('a', height), peer('b', height, '/ip4/198.51.100.4/tcp/1')]
  equal(assessTrust({ ...stored, peers: [a] }, at(4000)).isWitnessed, false)
  equal(assessTrust({ ...stored, peers: [a, peer('c', height, '/ip4/203.0.9.9/tcp/1')] }, at(4000)).isWitnessed, false)
  deepEqual([assessTrust({ ...stored, peers: [a, b] }, at(4000)).witnessCount], [1])
})

test('a peer whose address is not known witnesses nothing', () => {
  equal(assessTrust({ ...facts, peers: [peer('a', height), peer('b', height, '')] }, at(4000)).isWitnessed, false)
})

test('on one machine another port is another source, and the meter says that all of it is private', () => {
  const local = (name: string, port: number) => peer(name, height, `/ip4/127.0.0.1/tcp/${port}/ws/p2p/${name}`)
  const bringer = local('a', 4001)
  const alone = assessTrust({ ...facts, bringer, peers: [bringer, local('b', 4001)] }, at(4000))
  deepEqual([alone.isWitnessed, alone.isLocal], [false, true])
  const two = assessTrust({ ...facts, bringer, peers: [bringer, local('b', 4002)] }, at(4000))
  deepEqual([two.isWitnessed, two.isLocal, two.networkCount], [true, true, 1])
  equal(two.sentence, 'verified, 4 s old, 2 peers on private networks')
  const mixed = assessTrust({ ...facts, bringer, peers: [bringer, peer('c', height)] }, at(4000))
  deepEqual([mixed.isWitnessed, mixed.isLocal, mixed.networkCount], [true, false, 2])
})

test('addresses of this machine and of private networks are local, all others are not', () => {
  const local = ['/ip4/127.0.0.1/tcp/1', '/ip4/10.9.8.7/tcp/1', '/ip4/172.31.0.1/tcp/1', '/ip4/192.168.1.1/udp/1']
  local.push(
    '/ip4/100.64.0.1/tcp/1',
    '/ip4/169.254.1.1/tcp/1',
    '/ip6/::1/tcp/1',
    '/ip6/fd00::1/tcp/1',
    '/ip6/fe80::1/tcp/1',
  )
  local.push('/dns4/localhost/tcp/1', '/dns/cam.local/tcp/1')
  const open = ['/ip4/172.32.0.1/tcp/1', '/ip4/192.169.1.1/tcp/1', '/ip4/100.128.0.1/tcp/1', '/ip4/11.0.0.1/tcp/1']
  open.push(
    '/ip6/2001:db8::1/tcp/1',
    '/ip6/::2/tcp/1',
    '/dns4/local.example.org/tcp/1',
    '/dns4/notlocal/tcp/1',
    '/memory/a',
    '',
  )
  deepEqual(
    local.filter((address) => !isLocalAddress(address)),
    [],
  )
  deepEqual(open.filter(isLocalAddress), [])
})

test('peers behind one relay are one source, on this machine too', () => {
  const behind = (relay: string, name: string) => `${relay}/p2p-circuit/webrtc/p2p/${name}`
  for (const relay of ['/ip4/127.0.0.1/tcp/9/ws/p2p/r', '/dns4/relay.example.org/tcp/443/wss/p2p/r'])
    equal(sourceOf(behind(relay, 'a')), sourceOf(behind(relay, 'b')))
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

test('a head that is old when it comes is not said to have had a successor awaited for long', () => {
  const { sentence } = assessTrust({ ...facts, advancedMs: at(3_600_000) }, at(3_601_000))
  equal(sentence, 'verified, 60 min old, the newest that any peer has had so far')
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
  equal(assessTrust(facts, at(-9_000)).ageMs, 0n)
  equal(assessTrust(facts, at(-9_000)).sentence, 'verified, 0 s old, 2 peers in 2 networks')
  const far = assessTrust(facts, at(-86_400_000))
  equal(far.ageMs, 0n)
  match(far.sentence, /^verified, .*; this device's clock is 24 h behind it: set it$/)
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
