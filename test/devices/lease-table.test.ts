/** The lease table against random histories: whatever happens, these hold. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../src/base/prng.ts'
import { BARRED_COUNT_MAX, LeaseTable, TRUST, type FullNode, type Lease } from '../../src/devices/lease-table.ts'

const seed = String(Date.now())
console.log(`lease seed ${seed}`)

const node = (name: string, more: Partial<FullNode> = {}): FullNode => ({
  ...{ peer: name, address: `/ip4/10.0.0.1/tcp/1/p2p/${name}`, trust: TRUST.known, group: name },
  ...more,
})
const peersOf = (lease: Lease | undefined): readonly string[] => lease!.nodes.map(({ peer }) => peer)

const LIMITS = { nodesPerLease: 2, leaseMs: 100, nodeCountMax: 6, leaseCountMax: 5, complaintMs: 80 }

/** One random history; every grant is judged by what is known outside of the table. */
function history(name: string): readonly string[] {
  const prng = new Prng(name)
  const lots = prng.fork('lots')
  const table = new LeaseTable(LIMITS)
  const up = new Map<string, FullNode>()
  const barred = new Set<string>()
  const given = new Map<string, { peers: readonly string[]; untilMs: number }>()
  const complaints = new Map<string, number>()
  const log: string[] = []
  let nowMs = 0
  for (let step = 0; step < 400; step++) {
    nowMs += prng.below(20)
    const peer = `n${prng.below(9)}`
    const device = `d${prng.below(7)}`
    const draw = prng.float()
    if (draw < 0.25) {
      const entry = node(peer, { trust: prng.pick([TRUST.known, TRUST.registered]), group: `g${prng.below(3)}` })
      const isKept = table.up(entry)
      equal(isKept, !barred.has(peer) && (up.has(peer) || up.size < LIMITS.nodeCountMax))
      if (isKept) up.set(peer, entry)
    } else if (draw < 0.35) {
      table.down(peer)
      up.delete(peer)
    } else if (draw < 0.37) {
      table.bar(peer)
      barred.add(peer)
      up.delete(peer)
    } else if (draw < 0.4) {
      table.end(device)
      given.delete(device)
    } else {
      const before = given.get(device)
      const isRunning = before !== undefined && before.untilMs > nowMs
      const held = isRunning ? before.peers : []
      const silent = prng.chance(0.3) ? [prng.pick([...held, 'n0', 'n1'])] : []
      if (!isRunning) for (const key of complaints.keys()) if (key.startsWith(`${device} `)) complaints.delete(key)
      for (const one of silent) if (held.includes(one)) complaints.set(`${device} ${one}`, nowMs + LIMITS.complaintMs)
      const isComplainedOf = (one: string) => (complaints.get(`${device} ${one}`) ?? 0) > nowMs
      const lease = table.lease(device, silent, nowMs, lots)
      const running = [...given].filter(([other, { untilMs }]) => other !== device && untilMs > nowMs).length
      if (lease === undefined) {
        ok(!isRunning && running >= LIMITS.leaseCountMax, 'refused only where the table is full')
        continue
      }
      const peers = peersOf(lease)
      equal(new Set(peers).size, peers.length, 'no node twice')
      equal(peers.length, Math.min(LIMITS.nodesPerLease, up.size), 'as many as there are')
      ok(
        peers.every((one) => up.has(one) && !barred.has(one)),
        'only nodes that are up, and never a barred one',
      )
      const kept = held.filter((one) => up.has(one) && !isComplainedOf(one))
      ok(
        kept.every((one) => peers.includes(one)),
        'what works is kept',
      )
      const fresh = [...up.keys()].filter((one) => !isComplainedOf(one))
      ok(peers.filter(isComplainedOf).length === Math.max(0, peers.length - fresh.length), 'complaints count')
      const added = peers.filter((one) => !kept.includes(one) && !isComplainedOf(one)).map((one) => up.get(one)!.trust)
      const left = fresh.filter((one) => !peers.includes(one)).map((one) => up.get(one)!.trust)
      ok(Math.max(0, ...left) <= Math.min(9, ...added) || added.length === 0, 'higher trust goes first')
      equal(lease.untilMs, nowMs + LIMITS.leaseMs)
      given.set(device, { peers, untilMs: lease.untilMs })
      log.push(`${device} ${peers.join()}`)
    }
    ok(table.leaseCount <= LIMITS.leaseCountMax && table.nodes.length <= LIMITS.nodeCountMax)
  }
  return log
}

test('whatever happens: leases name nodes that are up, keep what works, prefer trust, and stay within bounds', () => {
  for (let round = 0; round < 60; round++) {
    const name = `${seed}/${round}`
    const log = history(name)
    ok(log.length > 100, `${name}: ${log.length} leases`)
  }
})

test('the same history and lots give the same leases', () => {
  deepEqual(history(`${seed}/same`), history(`${seed}/same`))
})

test('equal nodes carry equal loads', () => {
  const table = new LeaseTable({ nodesPerLease: 1 })
  for (let index = 0; index < 5; index++) table.up(node(`n${index}`))
  const load = new Map<string, number>()
  const prng = new Prng(seed)
  for (let index = 0; index < 100; index++) {
    const [peer] = peersOf(table.lease(`d${index}`, [], 0, prng))
    load.set(peer!, (load.get(peer!) ?? 0) + 1)
  }
  deepEqual([...load.values()], [20, 20, 20, 20, 20])
})

test('the nodes of a lease are in different groups where there are such', () => {
  const table = new LeaseTable({ nodesPerLease: 2 })
  for (const name of ['a1', 'a2', 'a3', 'b1']) table.up(node(name, { group: name[0]! }))
  const prng = new Prng(seed)
  for (let index = 0; index < 50; index++) ok(peersOf(table.lease(`d${index}`, [], 0, prng)).includes('b1'))
})

test('a complaint moves the device that made it and nobody else, and only from what it was given', () => {
  const table = new LeaseTable({ nodesPerLease: 1 })
  table.up(node('a', { trust: TRUST.registered }))
  table.up(node('b'))
  const prng = new Prng(seed)
  for (const device of ['x', 'y']) deepEqual(peersOf(table.lease(device, [], 0, prng)), ['a'])
  deepEqual(peersOf(table.lease('x', ['a'], 1, prng)), ['b'])
  deepEqual(peersOf(table.lease('y', [], 2, prng)), ['a'])
  deepEqual(peersOf(table.lease('z', ['a'], 3, prng)), ['a'], 'a newcomer cannot choose')
  table.down('b')
  deepEqual(peersOf(table.lease('x', [], 4, prng)), ['a'], 'better than none')
})

test('whoever is barred stays out, whatever it is said to be later; memory of it is bounded', () => {
  const table = new LeaseTable()
  table.bar('bad')
  equal(table.up(node('bad', { trust: TRUST.registered })), false)
  deepEqual(peersOf(table.lease('d', [], 0, new Prng(seed))), [])
  for (let index = 1; index < BARRED_COUNT_MAX; index++) table.bar(`n${index}`)
  ok(table.barred.includes('bad'))
  table.bar('one more')
  equal(table.barred.length, BARRED_COUNT_MAX)
  ok(!table.barred.includes('bad'))
})

test('a lease that nobody renews makes room', () => {
  const table = new LeaseTable({ leaseMs: 10, leaseCountMax: 1 })
  table.up(node('a'))
  const prng = new Prng(seed)
  ok(table.lease('d', [], 0, prng) !== undefined)
  equal(table.lease('e', [], 9, prng), undefined)
  ok(table.lease('e', [], 10, prng) !== undefined)
  deepEqual(table.devices, ['e'])
})
