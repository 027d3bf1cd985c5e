/**
 * Roles among real processes (§8): a coordination node and boards run from the edge file, full nodes of their own, a devnet
 * beside them. A board that knows nobody but the coordination node follows the chain, is moved when its full node is killed, and
 * is refused once it is not what it says.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { chainIdOf, parseChainSpec } from '../../src/chain/spec.ts'
import { PROVEN_FOR_HEIGHTS } from '../../src/client/registrations.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { createHost } from '../../src/net/host.ts'
import { keyOfPeer, peerNameOf } from '../../src/net/identity.ts'
import { createNetwork } from '../../src/net/network.ts'
import { decodeLeaseResponse, encodeLeaseRequest } from '../../src/wire/lease.ts'
import { COMMAND, DevnetProcess, drawPortBase, freePort } from '../../tools/devnet-process.ts'

const EDGE = ['dist/edge/stakecube.mjs']
const BLOCK_MS = 1000
const STEP_MS = 60_000

const folder = mkdtempSync(join(tmpdir(), 'stakecube-lease-'))
const file = (name: string): string => join(folder, name)

type Event = Readonly<Record<string, unknown>>

/** A command that runs on, and the events that it printed. */
class Running {
  readonly events: Event[] = []
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  said = ''
  #wake: (() => void)[] = []

  constructor(command: readonly string[], ...args: readonly string[]) {
    this.child = spawn(process.execPath, [...command, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.events.push(JSON.parse(line) as Event)
      for (const wake of this.#wake.splice(0)) wake()
    })
    this.child.stderr!.on('data', (chunk: Buffer) => (this.said += chunk.toString()))
    this.ended = once(this.child, 'close').then(([code]) => {
      for (const wake of this.#wake.splice(0)) wake()
      return code as number | null
    })
  }

  /** The first event from `from` on for which `wanted` is true. */
  async until(what: string, wanted: (event: Event) => boolean, from = 0): Promise<Event> {
    const deadlineMs = performance.now() + STEP_MS
    for (;;) {
      const found = this.events.slice(from).find(wanted)
      if (found !== undefined) return found
      const isOver = this.child.exitCode !== null || performance.now() > deadlineMs
      if (isOver)
        throw new Error(`${what} did not come; it said: ${this.said}\n${JSON.stringify(this.events.slice(-5))}`)
      const timer = setTimeout(() => this.#wake.splice(0).forEach((wake) => wake()), 1000)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
      clearTimeout(timer)
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal)
    await this.ended
  }
}

let devnet: DevnetProcess
let spec: string
const running: Running[] = []
const start = (command: readonly string[], ...args: readonly string[]): Running => {
  const started = new Running(command, ...args)
  running.push(started)
  return started
}
/** Runs a command to its end. */
async function run(
  ...args: readonly string[]
): Promise<{ code: number | null; events: readonly Event[]; said: string }> {
  const command = new Running(EDGE, ...args)
  const code = await command.ended
  return { code, events: command.events, said: command.said }
}

async function keyFile(name: string): Promise<{ path: string; peer: string; device: string }> {
  const path = file(`${name}.json`)
  equal((await run('wallet', 'new', path)).code, 0)
  const { secretKey } = JSON.parse(readFileSync(path, 'utf8')) as { secretKey: string }
  const peer = await peerNameOf(fromHex(secretKey)!)
  return { path, peer, device: toHex(keyOfPeer(peer)!) }
}

async function fullNode(name: string, peers: readonly string[]) {
  const seed = toHex(crypto.getRandomValues(new Uint8Array(32)))
  writeFileSync(file(`${name}-keys.json`), JSON.stringify({ seed, blsSecrets: [] }))
  const port = await freePort()
  const listen = [`/ip4/127.0.0.1/tcp/${port}`]
  const config = { chainSpec: spec, data: file(name), keys: file(`${name}-keys.json`), listen, peers }
  writeFileSync(file(`${name}-config.json`), JSON.stringify(config))
  const peer = await peerNameOf(fromHex(seed)!)
  const node = start(COMMAND, 'validator', '--config', file(`${name}-config.json`))
  return { node, peer, address: `${listen[0]}/p2p/${peer}` }
}

const isHead = ({ event }: Event): boolean => event === 'head'
/** A head that a peer brought. */
const isBrought = ({ event, source }: Event): boolean => event === 'head' && source !== 'genesis' && source !== 'store'
const isLease = ({ event }: Event): boolean => event === 'lease'
type Named<Of> = Of extends Promise<infer Value> ? Value : never
let first: Named<ReturnType<typeof fullNode>>
let second: typeof first
let board: Named<ReturnType<typeof keyFile>>
let coordinator: Running
let coordinatorAddress: string
let startCoordinator: () => Running

before(async () => {
  const ports = { httpPort: await freePort(), p2pPort: drawPortBase() }
  const flags = ['--validators', '1', '--block-time', String(BLOCK_MS)]
  devnet = await DevnetProcess.start({ folder: file('devnet'), ...ports, flags })
  spec = devnet.ready.spec
  const { tcpPeers } = JSON.parse(readFileSync(file('devnet/devnet.json'), 'utf8')) as { tcpPeers: readonly string[] }
  board = await keyFile('board')
  const own = await keyFile('coordinator')
  const register = ['--device-key', board.path, '--wallet', 'alice', '--devnet', file('devnet')]
  const registered = await run('device', 'register', ...register)
  equal(registered.code, 0, registered.said)
  first = await fullNode('first', tcpPeers)
  second = await fullNode('second', tcpPeers)
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`
  coordinatorAddress = `${listen}/p2p/${own.peer}`
  startCoordinator = () =>
    start(
      EDGE,
      ...['light', '--spec', spec, '--device-key', own.path, '--serve', listen, '--relay', '--coordinate', '1'],
      ...['--store', file('coordinator-store'), '--peer', first.address, '--peer', second.address],
    )
  coordinator = startCoordinator()
  await coordinator.until('a head', isBrought)
})
after(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await devnet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const light = (device: string, ...more: readonly string[]): Running =>
  start(EDGE, 'light', '--spec', spec, '--coordinator', coordinatorAddress, '--device-key', device, ...more)

test('a key that is not registered, and one that says it is another, are refused, each with its code', async () => {
  const stranger = light((await keyFile('stranger')).path)
  equal(await stranger.ended, 4)
  match(stranger.said, /lease-unregistered: .* is not registered: register it/)
  deepEqual(stranger.events.filter(isBrought), [], 'it was told of no peer')

  const parsed = parseChainSpec(readFileSync(spec, 'utf8'))
  ok(parsed.kind === 'accepted')
  const network = createNetwork(await createHost({ webrtc: false }), chainIdOf(await loadKernels(), parsed.value))
  try {
    const options = { timeoutMs: 10_000, responseBytesMax: 8192 }
    const peer = await network.connect(coordinatorAddress, options)
    const claim = encodeLeaseRequest({ deviceKey: fromHex(board.device)!, silent: [] })
    const answer = decodeLeaseResponse(await network.request(peer, 'lease', claim, options))
    ok(answer.kind === 'accepted' && answer.value.kind === 'served')
    deepEqual(answer.value.body, { outcome: 'other-key', leaseMs: 0, nodes: [] })
  } finally {
    await network.close()
  }
})

test('a board follows through the full node it is given, is moved when that one is killed, and outlives the coordination node', async () => {
  const device = light(board.path)
  const [given] = (await device.until('a lease', isLease))['nodes'] as [string]
  const [used, spare] = given === first.address ? [first, second] : [second, first]
  equal(given, used.address)
  const head = await device.until('a head of it', ({ event, source }) => event === 'head' && source === used.peer)

  const killedAt = device.events.length
  const killedMs = performance.now()
  await used.node.kill('SIGKILL')
  const isMoved = (event: Event) => isLease(event) && String(event['nodes']) === spare.address
  await device.until('the other full node', isMoved, killedAt)
  const movedMs = performance.now() - killedMs
  const next = await device.until('a head of it', ({ source }) => source === spare.peer, killedAt)
  console.log(`moved after ${Math.round(movedMs)} ms, a head after ${Math.round(performance.now() - killedMs)} ms`)
  ok(Number(next['height']) > Number(head['height']))
  const sources = new Set(device.events.filter(isHead).map(({ source }) => source))
  ok(
    [...sources].every((source) => [first.peer, second.peer, 'genesis', 'store'].includes(String(source))),
    [...sources].join(),
  )

  await coordinator.kill('SIGKILL')
  const alone = device.events.length
  await device.until('a head without a coordination node', isHead, alone)
  coordinator = startCoordinator()
  const again = await coordinator.until('the board again', ({ kind }) => kind === 'leased')
  deepEqual([again['device'], again['nodes']], [board.device, [spare.peer]])
  equal(device.child.exitCode, null)

  // Revoked while it is leased: the coordination node sees it by itself, and ends it.
  const revokedAt = coordinator.events.length
  const revoked = await run('device', 'revoke', board.device, '--wallet', 'alice', '--devnet', file('devnet'))
  equal(revoked.code, 0, revoked.said)
  const { height } = revoked.events[0] as { height: number }
  equal(await device.ended, 4)
  match(device.said, /lease-revoked: .* was revoked/)
  await coordinator.until('the end of the lease', ({ kind }) => kind === 'ended' || kind === 'refused', revokedAt)
  const heights = coordinator.events.flatMap((event) => (event['kind'] === 'ended' ? Number(event['height']) : []))
  ok(
    heights.every((at) => at <= height + 2 * Number(PROVEN_FOR_HEIGHTS)),
    `revoked at ${height}, ended at ${heights.join()}`,
  )
})
