/** A device and its coordination nodes over a scripted network: whom it asks, when it asks again, what it does with the answers. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Lessee, type LeaseNews } from '../../src/client/lessee.ts'
import { TransportError, type Network } from '../../src/ports/network.ts'
import { refused, served, type Answer } from '../../src/wire/envelope.ts'
import { decodeLeaseRequest, encodeLeaseResponse, type LeaseResponse } from '../../src/wire/lease.ts'

const DEVICE_KEY = new Uint8Array(32).fill(5)
const node = (name: string): string => `/ip4/10.0.0.1/tcp/1/p2p/${name}`
const grant = (...names: readonly string[]): LeaseResponse => ({
  outcome: 'granted',
  leaseMs: 3_600_000,
  nodes: names.map(node),
})
const outcome = (name: Exclude<LeaseResponse['outcome'], 'granted'>): LeaseResponse => ({
  outcome: name,
  leaseMs: 0,
  nodes: [],
})

type Reply = Answer<LeaseResponse> | Uint8Array | 'unreachable'

class World {
  /** Replies of each coordination node, in order; the last one again and again. */
  readonly replies = new Map<string, Reply[]>()
  readonly asked: string[] = []
  readonly news: LeaseNews[] = []
  /** What the client was last told to use. */
  moved: readonly string[] | undefined
  #wake: (() => void)[] = []
  #gone: (peer: string) => void = () => undefined
  #warning: (warning: { code: string; operands: object }) => void = () => undefined

  constructor(t: TestContext, coordinators: readonly string[]) {
    const client = {
      on: (name: string, listener: never) => {
        if (name === 'warning') this.#warning = listener
        return () => undefined
      },
      movePeers: (addresses: readonly string[]) => void (this.moved = addresses),
    }
    const network = {
      connect: async (address: string) => {
        const peer = address.split('/p2p/')[1]!
        if (this.#next(peer) === 'unreachable') throw new TransportError('dial-failed', `no ${peer}`)
        return peer
      },
      request: async (peer: string, protocol: string, bytes: Uint8Array) => {
        const request = decodeLeaseRequest(bytes)
        ok(protocol === 'lease' && request.kind === 'accepted')
        deepEqual(request.value.deviceKey, DEVICE_KEY)
        this.asked.push(`${peer} ${request.value.silent.join()}`.trim())
        const reply = this.#next(peer) as Exclude<Reply, 'unreachable'>
        const left = this.replies.get(peer)!
        if (left.length > 1) left.shift()
        return reply instanceof Uint8Array ? reply : encodeLeaseResponse(reply)
      },
      disconnect: async () => undefined,
      onDisconnect: (listener: (peer: string) => void) => {
        this.#gone = listener
        return () => undefined
      },
    }
    const lessee = new Lessee({
      ...{ client, network: Promise.resolve(network as unknown as Network), deviceKey: DEVICE_KEY },
      coordinators: coordinators.map(node),
      onNews: (news) => {
        this.news.push(news)
        for (const wake of this.#wake.splice(0)) wake()
      },
    })
    const ended = lessee.run()
    t.after(() => (lessee.close(), ended))
  }

  #next = (peer: string): Reply => this.replies.get(peer)?.[0] ?? 'unreachable'

  lose(peer: string): void {
    this.#gone(peer)
  }

  failDial(peer: string): void {
    this.#warning({ code: 'dial-failed', operands: { address: node(peer) } })
  }

  async until(count: number): Promise<LeaseNews> {
    while (this.news.length < count) await new Promise<void>((resolve) => this.#wake.push(resolve))
    return this.news[count - 1]!
  }
}

const nodesOf = (news: LeaseNews): string => (news.kind === 'assigned' ? news.nodes.join() : news.code)

test('it follows through what it is given, and asks again, naming who is silent, as soon as one is lost', async (t) => {
  const world = new World(t, ['c'])
  world.replies.set('c', [served(grant('a', 'b')), served(grant('b', 'd')), served(grant('b', 'e'))])
  equal(nodesOf(await world.until(1)), [node('a'), node('b')].join())
  deepEqual(world.moved, [node('a'), node('b')])
  world.lose('somebody else')
  world.lose('a')
  equal(nodesOf(await world.until(2)), [node('b'), node('d')].join())
  deepEqual(world.moved, [node('b'), node('d')])
  world.failDial('d')
  equal(nodesOf(await world.until(3)), [node('b'), node('e')].join())
  deepEqual(world.asked, ['c', 'c a', 'c d'])
})

test('who hangs up as its coordination node is asked at once, and a final refusal takes the nodes away', async (t) => {
  const world = new World(t, ['c'])
  world.replies.set('c', [served(grant('a')), served(outcome('revoked'))])
  await world.until(1)
  world.lose('c')
  const refusal = await world.until(2)
  ok(refusal.kind === 'refused' && refusal.isFinal)
  equal(refusal.code, 'lease-revoked')
  deepEqual(world.moved, [])
})

test('coordination nodes are asked in turn: one that is away, busy, lying in its bytes or refusing does not keep it from the next', async (t) => {
  const world = new World(t, ['away', 'busy', 'bad', 'no', 'c'])
  world.replies.set('busy', [refused('busy')])
  world.replies.set('bad', [Uint8Array.of(0, 77)])
  world.replies.set('no', [served(outcome('unregistered'))])
  world.replies.set('c', [served(grant('a'))])
  equal(nodesOf(await world.until(1)), node('a'))
  deepEqual(world.asked, ['busy', 'bad', 'no', 'c'])
})

test('while none answers, the nodes at hand are kept, and it is asked until one does', async (t) => {
  const world = new World(t, ['c'])
  world.replies.set('c', [served(grant('a'))])
  await world.until(1)
  world.replies.set('c', ['unreachable'])
  world.lose('a')
  const silence = await world.until(2)
  ok(silence.kind === 'refused' && !silence.isFinal && silence.code === 'lease-unreachable')
  deepEqual(world.moved, [node('a')])
  world.replies.set('c', [served(grant('b'))])
  for (let count = 3; ; count++) {
    const news = await world.until(count)
    if (news.kind !== 'assigned') continue
    equal(nodesOf(news), node('b'))
    break
  }
  equal(world.asked.at(-1), 'c a')
})
