/** One simulated network: nodes on virtual time, what goes wrong, and the checkers that watch. */
import { equalBytes, toHex } from '../base/bytes.ts'
import { Prng } from '../base/prng.ts'
import type { Block } from '../chain/block.ts'
import { blockHash } from '../chain/header.ts'
import { KIND, type Utxo } from '../chain/output.ts'
import { epochOf } from '../chain/params.ts'
import { chainIdOf } from '../chain/spec.ts'
import { encodeTx } from '../chain/transaction.ts'
import { Agreement, DEFAULT_TIMES, type AgreementConfig, type AgreementTimes } from '../consensus/agreement.ts'
import { EvidencePool } from '../consensus/evidence-pool.ts'
import type { AgreementEffect } from '../consensus/events.ts'
import { candidateFrom } from '../consensus/height-state.ts'
import { proposalMessage, type ProposalMessage } from '../consensus/messages.ts'
import type { Seats } from '../consensus/seats.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { VerifiedCache, executeBlock, genesisLedger, type Ledger } from '../ledger/ledger.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import { makeCast, type Cast } from './cast.ts'
import { Checkers, type Signers } from './checkers.ts'
import { overlayOf } from './cube-links.ts'
import { CostMeter, chargedBls, chargedExecution } from './crypto-costs.ts'
import { SimClock } from './clock.ts'
import { SimDisk } from './disk.ts'
import { EventQueue } from './event-queue.ts'
import { FaultyNode } from './faulty-node.ts'
import { chargedSigner } from './measured-costs.ts'
import { SimNetwork, type Relaying } from './network.ts'
import { makePayment } from './payments.ts'
import type { PlantedBug } from './planted-bugs.ts'
import type { RunOptions } from './run-options.ts'
import { Staking } from './staking.ts'
import { SimLedgerChain, sharedExecution, type LedgerSnapshot } from './sim-ledger-chain.ts'
import { SimNode, type NodeObserver, type NodeSetup } from './sim-node.ts'

export interface SimTools {
  readonly engine: Engine
  readonly signer: BlsSigner
}

/** Quick for virtual time; the shapes are the production ones. */
const TIMES: AgreementTimes = { ...DEFAULT_TIMES, proposeMs: 900, resendMs: 600, mostMs: 10_000, ignoreMs: 5000 }

/** What each validator has beside its stake where stake comes and goes. */
const VALIDATOR_AMOUNT = 120_000_000n

/** The production machine; what follows from a committee alone is worked out once for all nodes. */
class SharingAgreement extends Agreement {
  readonly #known: WeakMap<CommitteeKeys, Seats>

  constructor(config: AgreementConfig, known: WeakMap<CommitteeKeys, Seats>) {
    super(config)
    this.#known = known
  }

  protected override makeSeats(keys: CommitteeKeys): Seats {
    const seats = this.#known.get(keys) ?? super.makeSeats(keys)
    this.#known.set(keys, seats)
    return seats
  }
}

export class World {
  readonly queue: EventQueue
  readonly network: SimNetwork
  readonly checkers: Checkers
  readonly cast: Cast
  readonly nodes: readonly SimNode<LedgerSnapshot>[]
  readonly startMs: number
  /**
   * From the making of a block to its finality at each honest node, ms of the world's time: the time in the block is of its
   * proposer's clock, which may be wrong.
   */
  readonly finalityMs: number[] = []
  /** The same by height. */
  readonly finalityMsOf = new Map<number, number[]>()
  equivocationCount = 0
  blameCount = 0
  /** Pieces of evidence in final blocks. */
  evidenceCount = 0
  /** By block hash. */
  readonly #builtMs = new Map<string, number>()
  readonly #options: RunOptions
  readonly #tools: SimTools
  readonly #bug: PlantedBug | undefined
  readonly #prng: Prng
  readonly #genesis: Ledger
  readonly #chainId: Uint8Array
  readonly #execute: typeof executeBlock
  readonly #meter: CostMeter
  /** What the nodes compute with. */
  readonly #engine: Engine
  readonly #signer: BlsSigner
  /** Of each node; in memory, so that a crash loses it no sooner than the next double vote. */
  readonly #evidence: readonly EvidencePool[]
  /** Shared like executions: whether a signature is valid does not depend on who asks. */
  readonly #cache: VerifiedCache
  readonly #seats = new WeakMap<CommitteeKeys, Seats>()
  /** Validator of each committee seat, by epoch. */
  readonly #voters = new Map<number, readonly number[]>()
  /** By epoch, where messages go over the links of the cube. */
  readonly #overlays = new Map<number, Relaying['overlay']>()
  #linkedEpoch = -1
  readonly #relaying: Relaying = {
    overlay: undefined,
    mayRelay: (node) => this.nodes[node]!.isUp && !this.#isFaulty(node),
  }

  constructor(options: RunOptions, tools: SimTools, bug?: PlantedBug) {
    const { params, stakes, walletCount } = options
    const { kernels } = tools.engine
    this.#options = options
    this.#tools = tools
    this.#bug = bug
    this.#prng = new Prng(`world/${options.seed}`)
    this.cast = makeCast(kernels, tools.signer, this.#prng.fork('cast'), {
      name: `sim ${options.seed}`,
      params,
      genesisTimeMs: 1_800_000_000_000n,
      stakes,
      walletCount,
      walletAmount: 50_000_000n,
      ...(options.stakeEveryMs === undefined ? {} : { laterKeyCount: 2, validatorAmount: VALIDATOR_AMOUNT }),
    })
    this.startMs = Number(this.cast.spec.genesisTimeMs)
    this.#chainId = chainIdOf(kernels, this.cast.spec)
    this.#genesis = genesisLedger(tools.engine, this.cast.spec)
    const shared = sharedExecution(bug?.execute ?? executeBlock)
    this.#meter = new CostMeter()
    const { costs } = options
    this.#execute = costs === undefined ? shared : chargedExecution(shared, costs, this.#meter)
    this.#engine =
      costs === undefined ? tools.engine : { ...tools.engine, bls: chargedBls(tools.engine.bls, costs, this.#meter) }
    this.#signer = costs === undefined ? tools.signer : chargedSigner(tools.signer, costs, this.#meter)
    this.#cache = bug?.makeCache?.(kernels) ?? new VerifiedCache(kernels)
    this.#evidence = this.cast.validators.map(({ owner }) => new EvidencePool(params, owner))
    this.queue = new EventQueue(this.startMs)
    this.checkers = new Checkers(params, {
      nodeOfSeat: (height, seat) => this.#voters.get(epochOf(height, params))?.[seat],
      ownProposal: (node, proposal) => this.#ownProposal(node, proposal),
    })
    this.network = new SimNetwork(
      this.queue,
      this.#prng.fork('network'),
      options.network,
      stakes.length,
      (from, to, bytes) => this.nodes[to]!.receive(from, bytes),
      this.#relaying,
    )
    this.#link(0, this.#genesis)
    this.nodes = stakes.map((_, index) => this.#makeNode(index))
    this.#keepBound(0, this.#genesis)
    this.#keepBound(1, this.#genesis)
  }

  get honest(): readonly SimNode<LedgerSnapshot>[] {
    return this.nodes.filter((node) => !this.#isFaulty(node.index))
  }

  get nowMs(): number {
    return this.queue.nowMs - this.startMs
  }

  /** Lowest height in hand among honest nodes; 0 for one that is down. */
  get lowestHeight(): number {
    return Math.min(...this.honest.map(({ standing }) => Number(standing?.height ?? 0n)))
  }

  /** Distinct validators in an epoch's committee. */
  voterCount(epoch: number): number {
    return new Set(this.#voters.get(epoch)).size
  }

  start(): void {
    for (const node of this.nodes) node.start()
    this.#planTrouble()
    this.#planPayments()
    this.#planStaking()
  }

  /** Everything that is broken and not faulty is mended. */
  heal(): void {
    this.network.heal()
    this.network.model = { ...this.network.model, loss: 0, doubling: 0 }
    for (const node of this.nodes) if (!node.isUp) node.start()
  }

  /** Runs until `isDone`, or for `forMs` of virtual time; true if done. */
  runUntil(isDone: () => boolean, forMs: number): boolean {
    const endMs = this.queue.nowMs + forMs
    while (!isDone() && (this.queue.next() ?? Infinity) <= endMs) this.queue.step()
    return isDone()
  }

  /** The checks that look at the whole of a run. */
  checkAll(): void {
    // Nodes that stand alike share their ledger.
    const checked = new Set<Ledger>()
    for (const node of this.honest) {
      const ledger = (node.chain as SimLedgerChain | undefined)?.ledger
      if (ledger === undefined || checked.has(ledger)) continue
      checked.add(ledger)
      this.checkers.checkMoney(node.index, ledger)
    }
    this.checkers.executeAnew(this.#tools.engine, this.cast.spec, this.#chainId)
  }

  // ── Nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #makeNode(index: number): SimNode<LedgerSnapshot> {
    const strategy = this.#options.faulty.get(index)
    const setup = this.#setupOf(index)
    if (strategy === undefined) return this.#bug?.makeNode?.(setup) ?? new SimNode(setup)
    const { engine, signer } = this.#tools
    return new FaultyNode({
      ...setup,
      engine,
      signer,
      secretKeys: this.cast.validators[index]!.blsSecrets,
      prng: this.#prng.fork(`faulty ${index}`),
      strategy,
      nodeCount: this.#options.stakes.length,
    })
  }

  #setupOf(index: number): NodeSetup<LedgerSnapshot> {
    const engine = this.#engine
    const signer = this.#signer
    const { clockOffsetMsMax, clockPeriodMs, diskMs, params, costs } = this.#options
    const prng = this.#prng.fork(`node ${index}`)
    const times = { ...(this.#options.times ?? TIMES), ...this.#bug?.times }
    return {
      index,
      queue: this.queue,
      network: this.network,
      disk: new SimDisk(),
      clock: new SimClock({ offsetMsMax: clockOffsetMsMax, driftPeriodMs: clockPeriodMs }, prng),
      diskMs,
      nodeOfKey: (blsPk) => this.cast.validatorOfKey.get(toHex(blsPk)),
      openChain: (after) =>
        new SimLedgerChain({
          engine,
          params,
          chainId: this.#chainId,
          from: after ?? { ledger: this.#genesis },
          execute: this.#execute,
          cache: this.#cache,
          evidence: (ledger) => this.#evidence[index]!.candidates(ledger),
          built: (block) => this.#noteBuilt(block),
        }),
      openAgreement: (chain) => {
        const config: AgreementConfig = {
          engine,
          chain,
          signer,
          secretKeys: this.cast.validators[index]!.blsSecrets,
          times,
          batchSeed: prng.fork('batch').bytes(32),
        }
        return this.#bug?.openAgreement?.(config) ?? new SharingAgreement(config, this.#seats)
      },
      observer: this.#observer,
      ...(costs === undefined ? {} : { meter: this.#meter }),
    }
  }

  readonly #observer: NodeObserver = {
    sent: (node, frame) => {
      if (!this.#isFaulty(node)) this.checkers.sent(node, frame)
    },
    final: (node, { block, hash, cert }) => this.#sawFinal(node, block, hash, cert),
    reported: (node, effect) => this.#sawReport(node, effect),
  }

  /** Signatures are deterministic: the key that makes this one again has made it. */
  #ownProposal(node: number, { height, round, block, signature }: ProposalMessage): ReturnType<Signers['ownProposal']> {
    const { engine, signer } = this.#tools
    const candidate = candidateFrom(engine.kernels, block)
    if (candidate === undefined) return undefined
    const { hash, bodyHash } = candidate
    const signed = proposalMessage(engine.kernels, this.#chainId, height, round, hash, bodyHash)
    const secret = this.cast.validators[node]!.blsSecrets.find((one) => equalBytes(signer.sign(one, signed), signature))
    return secret && { key: toHex(signer.publicKey(secret)), signed }
  }

  #sawFinal(
    node: number,
    ...[block, hash, cert]: Parameters<Checkers['final']> extends [number, ...infer R] ? R : never
  ) {
    const epoch = epochOf(block.header.height, this.#options.params)
    const { ledger } = this.nodes[node]!.chain as SimLedgerChain
    this.#keepBound(epoch + 1, ledger)
    this.#link(epoch, ledger)
    if (this.#isFaulty(node)) return
    this.#noteFinality(Number(block.header.height), hash)
    if (Number(block.header.height) > this.checkers.height) this.evidenceCount += block.body.evidence.length
    this.checkers.final(node, block, hash, cert)
  }

  /** A block that is proposed again in a later round was made in the earlier one. */
  #noteBuilt({ header }: Block): void {
    const name = toHex(blockHash(this.#tools.engine.kernels, header))
    if (!this.#builtMs.has(name)) this.#builtMs.set(name, this.queue.nowMs)
  }

  #noteFinality(height: number, hash: Uint8Array): void {
    const builtMs = this.#builtMs.get(toHex(hash))
    if (builtMs === undefined) return
    const ms = this.queue.nowMs - builtMs
    this.finalityMs.push(ms)
    const known = this.finalityMsOf.get(height)
    if (known === undefined) this.finalityMsOf.set(height, [ms])
    else known.push(ms)
  }

  #sawReport(node: number, effect: Extract<AgreementEffect, { type: 'misbehaviour' | 'equivocation' }>): void {
    if (effect.type === 'equivocation') {
      this.equivocationCount++
      this.#evidence[node]!.add(effect.first, effect.second)
      this.#checkGuilt(node, effect.first.blsPk)
      return
    }
    this.blameCount++
    const peer = Number(effect.peer.slice('node-'.length))
    if (!this.#isFaulty(node) && !this.#wasFaulty(peer)) this.checkers.blamed(node, peer, effect.code)
  }

  /** Whoever is shown to have voted twice must be one that was told to. */
  #checkGuilt(node: number, blsPk: Uint8Array): void {
    const peer = this.cast.validatorOfKey.get(toHex(blsPk)) ?? -1
    if (!this.#isFaulty(node) && !this.#wasFaulty(peer)) this.checkers.blamed(node, peer, 'two votes')
  }

  #isFaulty(index: number): boolean {
    const node = this.nodes[index]
    return node instanceof FaultyNode && node.strategy !== undefined
  }

  /** Faulty now or before: what it said then may be found out later. */
  #wasFaulty(index: number): boolean {
    return this.#options.faulty.has(index)
  }

  // ── The bound ────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Seats are drawn, so the faulty validators of a run may get more of a committee than is tolerated. Committees are known
   * an epoch ahead: then some of them become honest in time, and the run stays at the bound, never above it.
   */
  #keepBound(epoch: number, ledger: Ledger): void {
    if (this.#voters.has(epoch)) return
    const keys = ledger.epochs.find((record) => record.epoch === epoch)?.committee
    if (keys === undefined) return
    const voters = keys.seatKeys.map(({ bytes }) => this.cast.validatorOfKey.get(toHex(bytes)) ?? -1)
    this.#voters.set(epoch, voters)
    for (const node of this.nodes) {
      if (this.#isTolerated(keys, voters)) return
      if (node instanceof FaultyNode) node.reform()
    }
  }

  #isTolerated({ head }: CommitteeKeys, voters: readonly number[]): boolean {
    const coreSize = 3 * head.f + 1
    const badSeats = Array.from(
      { length: 3 * head.F + 1 },
      (_, shard) =>
        voters.slice(shard * coreSize, (shard + 1) * coreSize).filter((index) => this.#isFaulty(index)).length,
    )
    if (this.#options.params.quorum === 'two-level') return badSeats.filter((count) => count > head.f).length <= head.F
    return badSeats.reduce((sum, count) => sum + count, 0) <= Math.floor((voters.length - 1) / 3)
  }

  // ── Links ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The cube's links change for all when the first node has a final block of the epoch. */
  #link(epoch: number, ledger: Ledger): void {
    if (this.#options.network.routes === undefined || epoch <= this.#linkedEpoch) return
    this.#linkedEpoch = epoch
    for (const one of epoch === 0 ? [0, 1] : [epoch + 1])
      this.#overlays.set(
        one,
        overlayOf(this.#tools.engine, this.#options.params, ledger, one, this.#options.stakes.length, (blsPk) =>
          this.cast.validatorOfKey.get(toHex(blsPk)),
        ),
      )
    this.#relaying.overlay = this.#overlays.get(epoch)
    this.#overlays.delete(epoch - 1)
  }

  /** Connections of the nodes as the cube has them now; undefined where all are connected to all. */
  get linkCounts(): readonly number[] | undefined {
    const { overlay } = this.#relaying
    return overlay && this.nodes.map(({ index }) => overlay.linksOf(index).length)
  }

  // ── Trouble ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #planTrouble(): void {
    const prng = this.#prng.fork('trouble')
    const { healAfterMs, crashCount, partitionCount, eclipseCount, stakes } = this.#options
    for (let count = 0; count < crashCount; count++) {
      const node = this.nodes[prng.below(stakes.length)]!
      const atMs = prng.below(healAfterMs)
      const backMs = atMs + 50 + prng.below(3000)
      this.queue.after(atMs, () => node.crash())
      this.queue.after(backMs, () => node.isUp || node.start())
    }
    for (let count = 0; count < partitionCount; count++) {
      const atMs = prng.below(healAfterMs)
      const groups = stakes.map(() => prng.below(2 + prng.below(2)))
      this.queue.after(atMs, () => this.network.partition(groups))
      this.queue.after(atMs + 500 + prng.below(4000), () => this.network.heal())
    }
    for (let count = 0; count < eclipseCount; count++) {
      const victim = prng.below(stakes.length)
      const atMs = prng.below(healAfterMs)
      this.queue.after(atMs, () => this.network.eclipse(victim, new Set(this.#options.faulty.keys())))
      this.queue.after(atMs + 500 + prng.below(4000), () => this.network.endEclipse(victim))
    }
    this.queue.after(healAfterMs, () => this.heal())
  }

  #planPayments(): void {
    const prng = this.#prng.fork('payments')
    const { paymentEveryMs } = this.#options
    const pay = () => {
      this.#pay(prng)
      this.queue.after(paymentEveryMs, pay)
    }
    this.queue.after(paymentEveryMs, pay)
  }

  #planStaking(): void {
    const { stakeEveryMs, params } = this.#options
    if (stakeEveryMs === undefined) return
    const { kernels } = this.#tools.engine
    const isHonest = (index: number) => !this.#wasFaulty(index)
    const world = { kernels, signer: this.#tools.signer, params, chainId: this.#chainId, cast: this.cast, isHonest }
    const prng = this.#prng.fork('staking')
    const staking = new Staking(world, prng, this.#genesis)
    const act = () => {
      const node = prng.pick(this.honest)
      const ledger = (node.chain as SimLedgerChain | undefined)?.ledger
      const tx = ledger === undefined ? undefined : staking.next(ledger)
      if (tx !== undefined) node.submit(encodeTx(tx))
      this.queue.after(stakeEveryMs, act)
    }
    this.queue.after(stakeEveryMs, act)
  }

  /** A random wallet pays another from what it has according to a random honest node. */
  #pay(prng: Prng): void {
    const node = prng.pick(this.honest)
    const ledger = (node.chain as SimLedgerChain | undefined)?.ledger
    const [from, to] = prng.shuffled(this.cast.wallets)
    if (ledger === undefined || from === undefined || to === undefined) return
    const input = spendable(ledger, from.owner)
    if (input === undefined) return
    const { params } = this.#options
    const tx = makePayment(this.#tools.engine.kernels, this.#chainId, params.minFeePerByte, {
      from,
      inputs: [input],
      to: to.owner,
      amount: 10_000n + BigInt(prng.below(10_000)),
      expiry: ledger.header.height + 50n,
    })
    node.submit(encodeTx(tx))
  }
}

/** A transfer output of `owner` with enough for a payment. */
function spendable(ledger: Ledger, owner: Uint8Array): Utxo | undefined {
  for (const utxo of ledger.outputs.byOutpoint.values()) {
    const { kind, amount, owner: its } = utxo.output
    if (kind === KIND.transfer && amount > 1_000_000n && equalBytes(its, owner)) return utxo
  }
  return undefined
}
