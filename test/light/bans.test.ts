import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { BAN_MS, PeerTable } from '../../src/light/peers.ts'
import { BANNED_COUNT_MAX, bannedWrites, readBanned, SAVED_KEY } from '../../src/light/saved-state.ts'

const table = () => new PeerTable(new Prng('bans'))
const saved = (peers: PeerTable) => new Map([[SAVED_KEY.banned as string, bannedWrites(peers.banned).get('banned')!]])

test('a ban is forgiven after a day of the chain’s time, also across starts, and not a moment before', () => {
  const first = table()
  first.ban('a', 1000n)
  const second = table()
  second.restoreBanned(readBanned(saved(first)))
  deepEqual(second.banned, [{ name: 'a', atMs: 1000n }])
  second.forgive(1000n + BAN_MS)
  ok(second.isBanned('a'))
  second.forgive(1001n + BAN_MS)
  ok(!second.isBanned('a'))
})

test('a ban from before the first head counts from that head on; one from a head that a rolled-back store forgot, as before', () => {
  const peers = table()
  peers.ban('a', 0n)
  peers.ban('b', 9_000_000_000_000n)
  peers.forgive(5000n)
  deepEqual(peers.banned[0], { name: 'a', atMs: 5000n })
  peers.forgive(5001n + BAN_MS)
  deepEqual([peers.isBanned('a'), peers.isBanned('b')], [false, true])
})

test('of many bans the newest stay, and a list that cannot be read bans nobody', () => {
  const peers = table()
  for (let index = 0; index < BANNED_COUNT_MAX + 10; index++) peers.ban(`p${index}`, 1n)
  equal(peers.banned.length, BANNED_COUNT_MAX)
  ok(!peers.isBanned('p9') && peers.isBanned('p10') && peers.isBanned(`p${BANNED_COUNT_MAX + 9}`))
  equal(readBanned(saved(peers)).length, BANNED_COUNT_MAX)
  const bytes = saved(peers).get('banned')!
  deepEqual(readBanned(new Map([['banned', bytes.slice(0, -1)]])), [])
})
