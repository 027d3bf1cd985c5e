/** The coordination node over a scripted light client: what it proves, when it looks again, and whom it refuses. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import { DEVICE_ROLE, encodeDeviceData } from '../../src/chain/output-data.ts'
import { KIND, type Utxo } from '../../src/chain/output.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import { Coordinator, type CoordinatorClient, type CoordinatorEvent } from '../../src/client/coordinator.ts'
import { PROVEN_FOR_HEIGHTS } from '../../src/client/registrations.ts'
import { ownerOf } from '../../src/crypto/keys.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { keyOfPeer, peerNameOf } from '../../src/net/identity.ts'
import { decodeLeaseResponse, encodeLeaseRequest, type LeaseResponse } from '../../src/wire/lease.ts'

interface Device {
  readonly peer: string
  readonly key: Uint8Array
  readonly name: string
}

async function device(seed: number): Promise<Device> {
  const peer = await peerNameOf(new Uint8Array(32).fill(seed))
  const key = keyOfPeer(peer)!
  return { peer, key, name: toHex(key) }
}

const output = (kind: number, owner: Uint8Array, data: Uint8Array, index: number): Utxo =>
  ({
    outpoint: { txid: new Uint8Array(32).fill(index), index },
    createdHeight: 1n,
    output: { kind, amount: 1n, owner, data },
  }) as Utxo

/** A chain of which only the head and registrations are told, and peers that have it or not. */
class World {
  height = 100n
  epoch = 6
  phase: CoordinatorClient['present']['phase'] = 'following'
  ageMs = 0
  proofs = 0
  readonly hungUp: string[] = []
  readonly events: CoordinatorEvent[] = []
  readonly peers = new Map<string, bigint | undefined>()
  /** Hex of an owner → what lies under it. */
  readonly state = new Map<string, Utxo[]>()
  readonly listeners: ((peer: { name: string; state: string; code?: string }) => void)[] = []
  readonly coordinator: Coordinator

  constructor(t: TestContext, nodesPerLease = 1) {
    const present = () => this.#present()
    const client = {
      spec: { params: DEVNET_PARAMS },
      engine: { kernels: twin },
      get present() {
        return present()
      },
      on: (name: string, listener: never) => (name === 'peer' ? this.listeners.push(listener) : 0, () => undefined),
      unspent: (owner: Uint8Array) => this.prove(owner),
      unspentUnder: ({ bytes }: { bytes: Uint8Array }) => this.prove(bytes),
    }
    const parts = {
      hangUp: (peer: string) => void this.hungUp.push(peer),
      onEvent: (event: CoordinatorEvent) => void this.events.push(event),
    }
    this.coordinator = new Coordinator({
      ...{ client: client as unknown as CoordinatorClient, limits: { nodesPerLease } },
      ...parts,
    })
    t.after(() => this.coordinator.close())
  }

  #present() {
    const header = { height: this.height, timeMs: BigInt(Date.now() - this.ageMs) }
    const peers = [...this.peers].map(([name, agreedHeight]) => {
      return { name, agreedHeight, address: `/ip4/10.0.0.1/tcp/4001/p2p/${name}` }
    })
    return { phase: this.phase, header, advancedMs: undefined, peers }
  }

  async prove(owner: Uint8Array) {
    this.proofs++
    return {
      header: { height: this.height },
      utxos: this.state.get(toHex(owner)) ?? [],
      proof: new Uint8Array(0),
      pages: [],
    }
  }

  register({ key }: Device, role: keyof typeof DEVICE_ROLE, owner = new Uint8Array(16)): void {
    const data = encodeDeviceData({
      ...{ deviceKey: key, role: DEVICE_ROLE[role], deviceSig: new Uint8Array(64), metadata: new Uint8Array(0) },
    })
    this.state.set(toHex(ownerOf(twin, key)), [output(KIND.device, owner, data, 1)])
  }

  revoke({ key }: Device): void {
    this.state.delete(toHex(ownerOf(twin, key)))
  }

  async ask({ peer, key }: Device, claim = key, silent: string[] = []): Promise<LeaseResponse | string> {
    const request = encodeLeaseRequest({ deviceKey: claim, silent })
    const response = await this.coordinator.answer(request, { peer, key })
    ok(response.kind === 'accepted')
    const answer = decodeLeaseResponse(response.value)
    ok(answer.kind === 'accepted')
    return answer.value.kind === 'served' ? answer.value.body : answer.value.refusal
  }

  /** The outcome, or the peers that are given. */
  async given(who: Device, silent: string[] = []): Promise<string> {
    const answer = await this.ask(who, who.key, silent)
    if (typeof answer === 'string') return answer
    return answer.outcome === 'granted' ? answer.nodes.map((node) => node.split('/p2p/')[1]!).join() : answer.outcome
  }

  /** What it would do within a few seconds. */
  async settle(): Promise<void> {
    for (let round = 0; round < 4; round++) {
      this.coordinator.tick()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

const [board, other, nodeA, nodeB] = (await Promise.all([1, 2, 3, 4].map(device))) as [Device, Device, Device, Device]

test('a registered device is given a node; every other is refused with its own code', async (t) => {
  const world = new World(t)
  world.register(board, 'light')
  equal(await world.given(board), 'no-node')
  world.peers.set(nodeA.peer, 100n)
  await world.settle()
  equal(await world.given(board), nodeA.peer)
  equal(await world.given(other), 'unregistered')
  deepEqual(await world.ask(other, board.key), { outcome: 'other-key', leaseMs: 0, nodes: [] })
  world.register(other, 'full')
  world.height++
  equal(await world.given(other), 'role')
  world.register(other, 'coordination')
  world.height += PROVEN_FOR_HEIGHTS
  equal(await world.given(other), nodeA.peer, 'a weak board that relays is given full nodes too')
  const malformed = await world.coordinator.answer(new Uint8Array(5), board)
  equal(malformed.kind, 'rejected')
})

test('a revocation ends the lease within the bound of blocks, and its device is hung up on and told so', async (t) => {
  const world = new World(t)
  world.register(board, 'light')
  world.peers.set(nodeA.peer, 100n)
  await world.settle()
  equal(await world.given(board), nodeA.peer)
  world.revoke(board)
  for (let blocks = 1n; blocks <= PROVEN_FOR_HEIGHTS; blocks++) {
    world.height++
    world.peers.set(nodeA.peer, world.height)
    await world.settle()
  }
  deepEqual(world.events.at(-1), { kind: 'ended', device: board.name, height: 100n + PROVEN_FOR_HEIGHTS })
  deepEqual(world.hungUp, [board.peer])
  equal(world.coordinator.table.leaseCount, 0)
  equal(await world.given(board), 'revoked')
  world.register(board, 'light')
  world.height++
  equal(await world.given(board), nodeA.peer, 'registered again')
})

test('nothing is granted from a head that is old, behind or of a broken chain', async (t) => {
  const world = new World(t)
  world.register(board, 'light')
  world.peers.set(nodeA.peer, 100n)
  await world.settle()
  for (const phase of ['halted', 'failed', 'stale', 'waiting'] as const) {
    world.phase = phase
    equal(await world.given(board), 'busy', phase)
  }
  world.phase = 'following'
  world.ageMs = 120_000
  equal(await world.given(board), 'busy')
  world.ageMs = 0
  equal(await world.given(board), nodeA.peer)
})

test('full nodes: those that have the newest blocks, registered ones first; lost ones and other roles are left out', async (t) => {
  const world = new World(t, 2)
  world.register(board, 'light')
  world.register(nodeA, 'full')
  world.peers.set(nodeB.peer, 100n).set(nodeA.peer, 100n)
  await world.settle()
  equal(await world.given(board), [nodeA.peer, nodeB.peer].join())
  world.coordinator.disconnected(nodeA.peer)
  world.peers.delete(nodeA.peer)
  equal(await world.given(board), nodeB.peer)
  // Connected, and a minute of blocks behind.
  world.height += 100n
  await world.settle()
  equal(await world.given(board), 'no-node')
  world.peers.set(nodeB.peer, world.height)
  world.register(nodeB, 'light')
  world.height += PROVEN_FOR_HEIGHTS
  await world.settle()
  equal(await world.given(board), 'no-node', 'a light device serves no state')
})

test('provable misbehaviour bars a node for good: wrong bytes to this client, or stake of its owner burnt', async (t) => {
  const world = new World(t)
  const owner = new Uint8Array(16).fill(9)
  const stake = output(KIND.stake, owner, new Uint8Array(144), 7)
  world.register(board, 'light')
  world.register(nodeA, 'full', owner)
  world.state.set(toHex(owner), [stake])
  world.peers.set(nodeA.peer, 100n).set(nodeB.peer, 100n)
  await world.settle()
  equal(await world.given(board), nodeA.peer)
  world.state.set(toHex(owner), [])
  world.height += PROVEN_FOR_HEIGHTS
  world.peers.set(nodeA.peer, world.height).set(nodeB.peer, world.height)
  await world.settle()
  equal(await world.given(board), nodeB.peer)
  const barred = () => world.events.filter((event) => event.kind === 'barred')
  deepEqual(barred(), [{ kind: 'barred', peer: nodeA.peer, reason: 'stake-burnt' }])
  world.height += PROVEN_FOR_HEIGHTS
  world.peers.set(nodeA.peer, world.height).set(nodeB.peer, world.height)
  await world.settle()
  equal(barred().length, 1, 'it is still connected, and told once')
  // Another node of the same owner is found out when it comes.
  world.register(other, 'full', owner)
  world.peers.set(other.peer, world.height)
  await world.settle()
  ok(world.coordinator.table.barred.includes(other.peer))
  for (const listener of world.listeners) listener({ name: nodeB.peer, state: 'dropped', code: 'flooding' })
  equal(await world.given(board), nodeB.peer, 'being too fast proves nothing')
  for (const listener of world.listeners) listener({ name: nodeB.peer, state: 'dropped', code: 'proof-invalid' })
  await world.settle()
  equal(await world.given(board), 'no-node')
})

test('keys by the thousand cost a bounded number of proofs, and keep no registered device out', async (t) => {
  const world = new World(t)
  world.register(board, 'light')
  world.peers.set(nodeA.peer, 100n)
  await world.settle()
  equal(await world.given(board), nodeA.peer)
  const before = world.proofs
  let busy = 0
  for (let seed = 10; seed < 110; seed++) if ((await world.given(await device(seed))) === 'busy') busy++
  const proofs = world.proofs - before
  // The burst, and what comes back at four in a second while this runs.
  ok(proofs >= 8 && proofs < 80 && busy === 100 - proofs, `${proofs} proofs, ${busy} busy`)
  world.height += PROVEN_FOR_HEIGHTS
  equal(await world.given(board), nodeA.peer)
})
