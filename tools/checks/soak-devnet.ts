/**
 * Check `soak-devnet`: validators as processes, with payments, under kill -9 of random tolerated sets, partitions between
 * processes that heal, and kill -9 of everything at once. Kinds, victims and times come from the seed.
 *
 * Afterwards all that was signed is read: the journals (each vote, sum and proposal, written before it went to the wire),
 * the safety records and the certificates of every store. And every block that any validator said is final must be in the
 * store of that validator and of all others.
 *
 * A set is tolerated when the seats left in this epoch's committee and the next one's are a quorum.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Prng } from '../../src/base/prng.ts'
import { toHex } from '../../src/base/bytes.ts'
import { decodeBlock } from '../../src/chain/block.ts'
import { VOTE, decodeCert } from '../../src/chain/certificate.ts'
import { committeeSeatCount, decodeCommittee } from '../../src/chain/committee.ts'
import { blockHash } from '../../src/chain/header.ts'
import { epochOf } from '../../src/chain/params.ts'
import { chainIdOf } from '../../src/chain/spec.ts'
import { emptyBitmap, setBit } from '../../src/consensus/bitmap.ts'
import { decodeSafetyRecord } from '../../src/consensus/safety-record.ts'
import { committeeOf } from '../../src/ledger/ledger.ts'
import { makeDevnet, saveDevnet, TRAFFIC_WALLET, type DevnetConfig } from '../../src/node/devnet-config.ts'
import { createNodeEngine, type NodeEngine } from '../../src/node/engine.ts'
import type { FullNode } from '../../src/node/node.ts'
import { ProcessDevnet } from '../../src/node/process-devnet.ts'
import { startObserver } from '../../src/node/running-devnet.ts'
import { Traffic } from '../../src/node/traffic.ts'
import { LevelChainStore } from '../../src/store/level-chain.ts'
import { hasQuorum } from '../../src/verify/certificate.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'
import { SignedClaims } from './signed-claims.ts'
import { Wires, type Parting } from './wires.ts'

const MAIN = 'dist/cli/main.js'
const PROGRESS_MS_MAX = 300_000

interface Form {
  readonly validators: number
  readonly blockTimeMs: number
  readonly epochLength: number
  /** The trouble goes on for so long, and until each kind was had; 0: each once. */
  readonly troubleMs: number
  readonly killsMin: number
}
const SHORT: Form = { validators: 5, blockTimeMs: 500, epochLength: 8, troubleMs: 0, killsMin: 6 }
const FULL: Form = { validators: 8, blockTimeMs: 1000, epochLength: 16, troubleMs: 30 * 60_000, killsMin: 100 }

const TROUBLES = ['kill', 'kill', 'kill', 'kill', 'part', 'restart-all'] as const
type Trouble = (typeof TROUBLES)[number]

export async function run({ full, seed }: CheckOptions): Promise<CheckOutcome> {
  if (!existsSync(MAIN)) return { results: [], notRun: [`${MAIN} is not there: run "npm run build" first`] }
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-soak-'))
  const soak = await Soak.start(folder, full ? FULL : SHORT, seed)
  try {
    await soak.trouble()
    await soak.settle()
  } finally {
    await soak.stop()
  }
  const results = await soak.results()
  if (results.every(({ pass }) => pass)) rmSync(folder, { recursive: true, force: true })
  else results.push(noted('kept', folder, 'folder with stores and journals'))
  return { results, notRun: [] }
}

class Soak {
  readonly #engine: NodeEngine
  readonly #config: DevnetConfig
  readonly #folder: string
  readonly #form: Form
  readonly #random: Prng
  readonly #wires: Wires
  #devnet!: ProcessDevnet
  #observer!: FullNode
  #traffic!: Traffic
  /** By validator: height → hash of what it said is final. */
  readonly #said: Map<number, string>[]
  readonly #had = new Map<Trouble, number>()
  readonly #stalls: string[] = []
  readonly #warnings: string[] = []
  #kills = 0
  #heightBefore = 0
  #heightAfter = 0
  #slowestMs = 0

  private constructor(
    engine: NodeEngine,
    config: DevnetConfig,
    folder: string,
    form: Form,
    seed: string,
    wires: Wires,
  ) {
    this.#engine = engine
    this.#config = config
    this.#folder = folder
    this.#form = form
    this.#random = new Prng(seed)
    this.#wires = wires
    this.#said = config.validators.map(() => new Map<number, string>())
  }

  static async start(folder: string, form: Form, seed: string): Promise<Soak> {
    const engine = await createNodeEngine()
    const { blockTimeMs, epochLength } = form
    const config = makeDevnet(engine, form.validators, Date.now(), { blockTimeMs, epochLength })
    await saveDevnet(folder, config)
    // One more node than validators: the observer, which is this process.
    const soak = new Soak(engine, config, folder, form, seed, await Wires.open(form.validators + 1))
    await soak.#start()
    return soak
  }

  async #start(): Promise<void> {
    const log = { log: (_level: string, message: string) => void this.#warnings.push(message) }
    this.#devnet = await ProcessDevnet.start({
      ...{ config: this.#config, folder: this.#folder, portBase: 0, webrtc: false, command: [MAIN], log },
      keepsJournal: true,
      route: (from, to, port) => this.#wires.route(from, to, port),
      onFinal: ({ height, hash }, validator) => void this.#said[validator]!.set(height, hash),
    })
    const observer = this.#form.validators
    const peers = this.#devnet.processes.map((_, index) => {
      const { peer, port } = this.#devnet.endpointOf(index)
      return `/ip4/127.0.0.1/tcp/${this.#wires.route(observer, index, port)}/p2p/${peer}`
    })
    const options = { engine: this.#engine, config: this.#config, folder: this.#folder, log, peers }
    this.#observer = await startObserver(this.#devnet, options)
    this.#traffic = new Traffic({
      ...{ kernels: this.#engine.kernels, chain: this.#chain, nodes: [this.#observer], transactionsPerSecond: 3 },
      secretKey: this.#config.wallets.find(({ name }) => name === TRAFFIC_WALLET)!.secretKey,
    })
    this.#traffic.start()
    await this.#progress('the start')
    this.#heightBefore = this.#devnet.best.height
  }

  get #chain() {
    return { params: this.#config.spec.params, chainId: chainIdOf(this.#engine.kernels, this.#config.spec) }
  }

  /** Random trouble until the time is over and each kind was had. */
  async trouble(): Promise<void> {
    const endMs = performance.now() + this.#form.troubleMs
    const kinds = [...new Set(TROUBLES)]
    for (;;) {
      const missing = kinds.filter((kind) => !this.#had.has(kind))
      const isOver = performance.now() >= endMs
      if (isOver && missing.length === 0) return
      const [next] = this.#random.shuffled(isOver ? missing : [...TROUBLES])
      this.#had.set(next!, (this.#had.get(next!) ?? 0) + 1)
      if (next === 'kill') await this.#killSome()
      else if (next === 'part') await this.#part()
      else await this.#restartAll()
      await this.#progress(next!)
      await pause(this.#random.below(this.#form.troubleMs > 60_000 ? 4000 : 500))
    }
  }

  async #killSome(): Promise<void> {
    const victims = this.#tolerated()
    await pause(this.#random.below(this.#form.blockTimeMs))
    for (const index of victims) this.#kill(index)
  }

  async #restartAll(): Promise<void> {
    await pause(this.#random.below(this.#form.blockTimeMs))
    for (const index of this.#devnet.processes.keys()) this.#kill(index)
  }

  #kill(index: number): void {
    const process = this.#devnet.processes[index]!
    if (process.pid !== undefined) this.#kills++
    process.kill()
  }

  /** Any two sides; where neither has a quorum the chain waits for the heal. */
  async #part(): Promise<void> {
    const sides = Array.from({ length: this.#form.validators + 1 }, () => this.#random.below(2))
    // Never all on one side.
    sides[0] = 0
    sides[1 + this.#random.below(this.#form.validators - 1)] = 1
    const parting: Parting = this.#random.below(2) === 0 ? 'reset' : 'hang'
    this.#wires.part(sides, parting)
    await pause(this.#form.troubleMs > 60_000 ? 3000 + this.#random.below(17_000) : 3000)
    this.#wires.heal()
  }

  /** A random set without which this epoch's and the next one's committee still have a quorum. */
  #tolerated(): number[] {
    const order = this.#random.shuffled([...this.#config.validators.keys()])
    const wanted = 1 + this.#random.below(order.length - 1)
    const victims: number[] = []
    for (const index of order)
      if (victims.length < wanted && this.#leavesQuorum([...victims, index])) victims.push(index)
    return victims
  }

  #leavesQuorum(dead: readonly number[]): boolean {
    const { ledger } = this.#observer
    const epoch = epochOf(ledger.header.height + 1n, this.#chain.params)
    const gone = new Set(
      dead.map((index) => toHex(this.#engine.signer.publicKey(this.#config.validators[index]!.blsSecret))),
    )
    return [epoch, epoch + 1].every((at) => {
      const committee = committeeOf(ledger, at)?.committee
      if (committee === undefined) return false
      const keys = committee.shards.flatMap(({ members }) => members.map(({ blsPk }) => toHex(blsPk)))
      const bitmap = emptyBitmap(keys.length)
      for (const [seat, key] of keys.entries()) if (!gone.has(key)) setBit(bitmap, seat)
      return hasQuorum(this.#chain.params.quorum, committee.head, bitmap)
    })
  }

  /** All run, and each has taken two more blocks. */
  async #progress(after: string): Promise<void> {
    const startedMs = performance.now()
    const target = this.#devnet.best.height + 2
    const { processes } = this.#devnet
    const isThere = () =>
      processes.every(({ ready, last }) => ready !== undefined && (last?.height ?? 0) >= target) &&
      Number(this.#observer.height) >= target
    while (!isThere() && performance.now() - startedMs < PROGRESS_MS_MAX) await pause(50)
    if (!isThere()) {
      const heights = processes.map(({ last, ready }) => `${last?.height ?? 0}${ready === undefined ? ' (down)' : ''}`)
      this.#stalls.push(`after ${after} at height ${target - 2}: ${heights.join()}, observer ${this.#observer.height}`)
    }
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedMs)
  }

  /** Every validator has what the best one had when the trouble was over. */
  async settle(): Promise<void> {
    this.#wires.heal()
    await this.#progress('the end')
    this.#heightAfter = this.#devnet.best.height
    await this.#progress('the last block')
  }

  async stop(): Promise<void> {
    this.#traffic.stop()
    await this.#observer.stop()
    await this.#devnet.stop()
    this.#wires.close()
  }

  async results() {
    const store = (name: string) =>
      LevelChainStore.open(join(this.#folder, name, 'chain'), this.#chain.chainId, () => undefined)
    const observer = await store('observer')
    const claims = new SignedClaims(seatKeysFrom(observer, this.#chain.params))
    let lost = 0
    for (const [index, said] of this.#said.entries()) {
      await claims.readJournal(join(this.#folder, `validator-${index}`, 'journal.jsonl'))
      const own = await store(`validator-${index}`)
      lost += this.#lostIn(own, said)
      this.#readStore(claims, own, index)
      await own.close()
    }
    await observer.close()
    for (const text of [...claims.contradictions.slice(0, 10), ...this.#stalls]) console.error(`soak: ${text}`)
    return [
      measured('kills', this.#kills, 'processes ended by SIGKILL', '>=', this.#form.killsMin),
      noted('heightBefore', this.#heightBefore, 'height'),
      measured('heightAfter', this.#heightAfter, 'height', '>', this.#heightBefore),
      measured('lostFinal', lost, 'blocks that were said to be final and are not in a store', '==', 0),
      measured('doubleSigns', claims.contradictions.length, 'contradictions', '==', 0),
      measured('partitions', this.#had.get('part') ?? 0, 'healed partitions', '>=', 1),
      measured('restartsOfAll', this.#had.get('restart-all') ?? 0, 'kill -9 of all validators at once', '>=', 1),
      measured(
        'stalls',
        this.#stalls.length,
        `times without two blocks everywhere in ${PROGRESS_MS_MAX / 1000} s`,
        '==',
        0,
      ),
      measured(
        'signedSlots',
        claims.slotCount,
        '(key, type, height, round) and proposals',
        '>=',
        4 * this.#heightAfter,
      ),
      noted('statements', claims.statements, 'signed statements read'),
      measured('tornJournalLines', claims.tornLines, 'lines', '==', 0),
      noted('slowestRecoveryMs', Math.round(this.#slowestMs), 'ms until all had two more blocks'),
      noted('troubleSeconds', Math.round(this.#form.troubleMs / 1000), 's'),
      noted('payments', this.#traffic.sentCount, 'transactions'),
      noted('stallsNamed', this.#stalls, ''),
    ]
  }

  /** Blocks that this validator, or any other below this one's head, called final and that its store contradicts. */
  #lostIn(store: LevelChainStore, own: ReadonlyMap<number, string>): number {
    let lost = 0
    for (const said of this.#said)
      for (const [height, hash] of said) {
        const bytes = store.block(BigInt(height))
        const block = bytes && decodeBlock(bytes)
        if (block?.kind === 'accepted' && toHex(blockHash(this.#engine.kernels, block.value.header)) === hash) continue
        // What only others said may be above this head; what is at or below heightAfter must be everywhere.
        if (bytes !== undefined || said === own || height <= this.#heightAfter) lost++
      }
    return lost
  }

  #readStore(claims: SignedClaims, store: LevelChainStore, index: number): void {
    const key = toHex(this.#engine.signer.publicKey(this.#config.validators[index]!.blsSecret))
    const saved = store.safety()
    const record = saved && decodeSafetyRecord(saved.record)
    if (record?.kind === 'accepted') {
      const { height, round, prevote, precommit } = record.value
      if (prevote !== undefined) claims.addVote(key, VOTE.prevote, Number(height), round, toHex(prevote))
      if (precommit !== undefined) claims.addVote(key, VOTE.precommit, Number(height), round, toHex(precommit))
    }
    for (let height = 1n; height <= (store.headHeight ?? 0n); height++) {
      const cert = decodeCert(store.cert(height)!)
      const block = decodeBlock(store.block(height)!)
      if (cert.kind === 'rejected' || block.kind === 'rejected')
        throw new Error(`block ${height} of validator ${index} is damaged`)
      const { round, blockHash: hash, bitmap } = cert.value
      claims.addBitmap(VOTE.precommit, Number(height), round, toHex(hash), bitmap)
      claims.addProposal(Number(height), block.value.header.round, toHex(hash))
    }
  }
}

function seatKeysFrom(store: LevelChainStore, params: DevnetConfig['spec']['params']) {
  const known = new Map<number, readonly string[] | undefined>()
  return (height: number): readonly string[] | undefined => {
    const epoch = epochOf(BigInt(height), params)
    if (!known.has(epoch)) {
      const bytes = store.committee(epoch)
      const committee = bytes && decodeCommittee(bytes, committeeSeatCount(params))
      if (committee?.kind !== 'accepted')
        throw new Error(`the committee of epoch ${epoch} is not in the observer's store`)
      known.set(
        epoch,
        committee.value.shards.flatMap(({ members }) => members.map(({ blsPk }) => toHex(blsPk))),
      )
    }
    return known.get(epoch)
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
