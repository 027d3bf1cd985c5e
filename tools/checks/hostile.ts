/**
 * Check `hostile`: the real client, over TCP on loopback, among servers that forge, withhold, truncate, delay, flood, replay,
 * eclipse, equivocate or serve another chain, and one honest peer whose address stands at a random place among theirs. While
 * they lie, the chain grows. Every head that the client tells of must be the chain's, and it must get to its tip; where a
 * quorum signed two chains it must stop, and keep and give out evidence that others can verify.
 *
 * A peer is counted as dropped when the client hung up on it for something that it sent.
 */
import { equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { createLightClient, type LightClient } from '../../src/client/index.ts'
import { nodeNetwork } from '../../src/client/node-network.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { epochOf } from '../../src/chain/params.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { chainFixture, type ChainFixture } from '../../src/sim/fixture.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { verifyHeightConflict, verifyHistoryConflict } from '../../src/verify/conflict.ts'
import type { CertifiedHeader } from '../../src/wire/certified-header.ts'
import { decodeConflict, type ConflictEvidence } from '../../src/wire/evidence.ts'
import { encodeFollowFrame } from '../../src/wire/follow.ts'
import { nextUpdate } from '../../src/wire/answer.ts'
import { FixtureView } from '../../test/light/fixture-view.ts'
import {
  BoastingView,
  delayed,
  flipped,
  flooding,
  ForeignView,
  ForgingView,
  HostilePeer,
  replaying,
  truncated,
  type Behaviour,
} from './hostile-servers.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

const EPOCHS = 5
/** The honest peer has so much of the chain at first, and then one block more each time. */
const START_HEIGHT = 6
const BLOCK_EVERY_MS = 150
const TIMEOUT_MS = 180_000
/** Longer than any time-out of the client. */
const SLOW_MS = 20_000

interface World {
  readonly engine: Engine
  readonly chain: ChainFixture
  /** The same genesis and committees: a quorum signed both. */
  readonly fork: ChainFixture
  readonly foreign: ChainFixture
  readonly prng: Prng
}

interface Server {
  readonly view: FixtureView
  readonly behaviour?: Behaviour
}
interface Scenario {
  readonly name: string
  readonly servers: (world: World, count: number) => readonly Server[]
  readonly isConflict?: boolean
}

const times = (count: number, make: (index: number) => Server): readonly Server[] =>
  Array.from({ length: count }, (_, index) => make(index))

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'forged',
    servers: ({ chain, engine, prng }, count) =>
      times(count, (index) =>
        index % 2 === 0
          ? { view: new ForgingView(chain, engine.kernels) }
          : { view: new FixtureView(chain), behaviour: { frame: flipped(prng) } },
      ),
  },
  {
    name: 'stale',
    servers: ({ chain }, count) =>
      times(count, (index) => ({ view: index % 2 === 0 ? new FixtureView(chain, 2) : new BoastingView(chain, 2) })),
  },
  {
    name: 'truncated',
    servers: ({ chain, prng }, count) =>
      times(count, () => ({ view: new FixtureView(chain), behaviour: { frame: truncated(prng) } })),
  },
  {
    name: 'slow',
    servers: ({ chain }, count) =>
      times(count, () => ({ view: new FixtureView(chain), behaviour: { frame: delayed(SLOW_MS) } })),
  },
  {
    name: 'flooding',
    servers: ({ chain, prng }, count) =>
      times(count, (index) => {
        const view = new FixtureView(chain, 3)
        const first = nextUpdate(view, 0n)
        if (first.kind === 'refused' || first.body === undefined) throw new Error('the fixture has no update')
        const valid = encodeFollowFrame({ kind: 'served', body: first.body })
        const frame = index % 2 === 0 ? () => valid : () => prng.bytes(64 * 1024)
        return { view, behaviour: { stream: flooding(frame) } }
      }),
  },
  {
    name: 'replaying',
    servers: ({ chain, prng }, count) =>
      times(count, () => ({ view: new FixtureView(chain), behaviour: { frame: replaying(prng) } })),
  },
  {
    // All but one address are the attacker's: they agree with each other, and withhold.
    name: 'eclipsing',
    servers: ({ chain }, count) => times(4 * count, () => ({ view: new FixtureView(chain, 3) })),
  },
  {
    name: 'wrong chain',
    servers: ({ chain, foreign }, count) => times(count, () => ({ view: new ForeignView(chain, foreign) })),
  },
  {
    name: 'equivocating quorum',
    servers: ({ fork }) => [{ view: new FixtureView(fork, START_HEIGHT) }],
    isConflict: true,
  },
]

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const kernels = await loadKernels()
  const engine: Engine = { kernels, bls: await createKernelBls({ sha256: (bytes) => kernels.sha256(bytes) }) }
  const fixture = (name: string, paymentsPerBlock: number) =>
    chainFixture({ engine, signer: nobleBlsSigner, epochs: EPOCHS, seed: name, paymentsPerBlock })
  const chain = fixture(seed, 2)
  const world = { engine, chain, fork: fixture(seed, 1), foreign: fixture(`${seed}/other`, 2) }
  const trials: Trial[] = []
  for (const scenario of SCENARIOS)
    for (let round = 0; round < (full ? 3 : 1); round++) {
      const prng = new Prng(`${seed}/${scenario.name}/${round}`)
      trials.push(await tryScenario({ ...world, prng }, scenario, full ? 4 : 2))
    }
  return { results: figures(trials), notRun: [] }
}

function figures(trials: readonly Trial[]) {
  const sum = (count: (trial: Trial) => number) => trials.reduce((total, trial) => total + count(trial), 0)
  const conflicts = trials.filter(({ scenario }) => scenario.isConflict === true)
  const names = new Set(trials.map(({ scenario }) => scenario.name))
  const perScenario = [...names].map((name) => {
    const own = trials.filter(({ scenario }) => scenario.name === name)
    return [
      name,
      {
        trials: own.length,
        hostilePeers: own.reduce((total, { hostilePeers }) => total + hostilePeers, 0),
        dropped: own.reduce((total, { dropped }) => total + dropped, 0),
        worstMs: Math.max(...own.map(({ durationMs }) => durationMs)),
        codes: [...new Set(own.flatMap(({ codes }) => codes))],
      },
    ] as const
  })
  return [
    measured(
      'falseAccepts',
      sum(({ falseAccepts }) => falseAccepts),
      'heads or sets that are not the chain’s',
      '==',
      0,
    ),
    measured(
      'honestPeerFound',
      sum(({ isFound }) => Number(isFound)),
      'trials',
      '==',
      trials.length,
    ),
    measured(
      'evidence',
      sum(({ evidence }) => evidence),
      'verified, kept and given to the honest peer',
      '==',
      conflicts.length,
    ),
    measured(
      'heads',
      sum(({ heads }) => heads),
      'heads told',
      '>',
      trials.length,
    ),
    measured(
      'servers',
      sum(({ hostilePeers }) => hostilePeers),
      'hostile peers',
      '>=',
      names.size,
    ),
    measured('kinds', names.size, 'kinds of server', '==', SCENARIOS.length),
    noted('scenarios', Object.fromEntries(perScenario), ''),
  ]
}

interface Trial {
  readonly scenario: Scenario
  readonly hostilePeers: number
  readonly falseAccepts: number
  readonly heads: number
  /** It got to the tip; where a quorum equivocated: it stopped, having followed the honest peer till then. */
  readonly isFound: boolean
  readonly evidence: number
  readonly dropped: number
  readonly codes: readonly string[]
  readonly durationMs: number
}

async function tryScenario(world: World, scenario: Scenario, count: number): Promise<Trial> {
  const { chain, engine, prng } = world
  const startedMs = performance.now()
  const tip = chain.blocks.length
  const honest = await HostilePeer.start(new FixtureView(chain, START_HEIGHT))
  const hostile = await Promise.all(
    scenario.servers(world, count).map(({ view, behaviour }) => HostilePeer.start(view, behaviour)),
  )
  const store = createMemoryStore()
  const offsetMs = Number(chain.header(tip).timeMs) - performance.now()
  const client = await createLightClient({
    spec: chain.spec,
    peers: prng.shuffled([honest, ...hostile].map(({ address }) => address)),
    store,
    network: nodeNetwork({ webrtc: false }),
    nowMs: () => Math.round(performance.now() + offsetMs),
    ...engine,
  })
  const watched = watch(client, chain)
  const ticker = setInterval(() => honest.moveTo(Math.min(tip, honest.view.headHeight + 1)), BLOCK_EVERY_MS)
  try {
    await client.start()
    const isFound = scenario.isConflict === true ? await stops(client) : await reaches(client, tip)
    if (scenario.isConflict !== true) await watched.ask(chain.cast.wallets[0]!.owner)
    const kept = scenario.isConflict === true ? await store.get('evidence') : undefined
    const evidence = kept === undefined ? 0 : Number(isEvidence(world, kept) && (await isGiven(honest)))
    const { falseAccepts, heads, codes, dropped } = watched
    return {
      ...{ scenario, hostilePeers: hostile.length, isFound, evidence, falseAccepts: falseAccepts(), heads: heads() },
      ...{ dropped: dropped(), codes: codes(), durationMs: Math.round(performance.now() - startedMs) },
    }
  } finally {
    clearInterval(ticker)
    await client.close()
    await Promise.all([honest, ...hostile].map((peer) => peer.close()))
  }
}

/** Everything that the client says, held against the honest chain. */
function watch(client: LightClient, chain: ChainFixture) {
  let falseAccepts = 0
  let heads = 0
  const dropped = new Set<string>()
  const codes = new Set<string>()
  client.on('head', ({ header, hash }) => {
    heads++
    if (!equalBytes(hash, chain.ledger(Number(header.height)).hash)) falseAccepts++
  })
  client.on('peer', ({ name, state, code }) => {
    if (state !== 'dropped') return
    dropped.add(name)
    if (code !== undefined) codes.add(code)
  })
  return {
    falseAccepts: () => falseAccepts,
    heads: () => heads,
    dropped: () => dropped.size,
    codes: () => [...codes],
    /** The owner's set, by whichever peers answer: the ledger's, or it counts as a false accept. */
    async ask(owner: Uint8Array): Promise<void> {
      const { header, utxos } = await client.unspent(owner, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      const expected = [...chain.ledger(Number(header.height)).outputs.byOutpoint.values()].filter(
        ({ output }) => output.kind <= 3 && equalBytes(output.owner, owner),
      )
      if (utxos.length !== expected.length) falseAccepts++
    },
  }
}

async function reaches(client: LightClient, height: number): Promise<boolean> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const reached = client.whenHead(({ header }) => header.height === BigInt(height), { signal })
  return reached.then(
    () => true,
    () => false,
  )
}

function stops(client: LightClient): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), TIMEOUT_MS)
    client.on('error', ({ code }) => {
      clearTimeout(timer)
      resolve(code === 'conflict')
    })
  })
}

/** The honest peer gets the evidence a moment after the client has stopped. */
async function isGiven(honest: HostilePeer): Promise<boolean> {
  const deadlineMs = performance.now() + TIMEOUT_MS
  while (honest.view.reports.length === 0 && performance.now() < deadlineMs)
    await new Promise((resolve) => setTimeout(resolve, 20))
  return honest.view.reports.length > 0
}

/** As somebody else would judge it, who knows the committees. */
function isEvidence({ engine, chain }: World, bytes: Uint8Array): boolean {
  const decoded = decodeConflict(bytes)
  if (decoded.kind === 'rejected') return false
  const evidence: ConflictEvidence = decoded.value
  const { params } = chain.spec
  const known = { params, chainId: chain.chainId }
  const part = ({ header, cert }: CertifiedHeader) => ({
    ...{ header, cert: cert! },
    committee: chain.committees[epochOf(header.height, params)]!,
  })
  const [first, second] = [part(evidence.first), part(evidence.second)]
  const verdict =
    evidence.kind === 1
      ? verifyHeightConflict(engine, known, first, second)
      : verifyHistoryConflict(engine, known, first, second, evidence.leafHash, evidence.path)
  return verdict.kind === 'accepted'
}
