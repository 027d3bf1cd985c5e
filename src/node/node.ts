/**
 * A full node: it follows the chain, keeps it, serves light clients, passes transactions on, and, given keys, takes part in
 * the agreement. The composition root of everything that a validator is made of.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Committee } from '../chain/committee.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import { toHex } from '../base/bytes.ts'
import { rejected, type Result } from '../base/verdict.ts'
import { decodeTx, encodeTx, txid as txidOf, type Tx } from '../chain/transaction.ts'
import { Agreement, DEFAULT_TIMES, type AgreementTimes } from '../consensus/agreement.ts'
import { LedgerChain } from '../consensus/ledger-chain.ts'
import { EvidencePool } from '../consensus/evidence-pool.ts'
import type { MisbehaviourCode } from '../consensus/events.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { ownerOf } from '../crypto/keys.ts'
import { committeeOf, type Ledger } from '../ledger/ledger.ts'
import { Mempool } from '../ledger/mempool.ts'
import { createHost, type Host } from '../net/host.ts'
import { createNetwork, type Libp2pNetwork } from '../net/network.ts'
import { serve, type RequestContext, type Server } from '../net/serve.ts'
import type { Log } from '../ports/index.ts'
import type { LevelChainStore } from '../store/level-chain.ts'
import { encodeSnapshot } from '../store/level-snapshot.ts'
import { answer, type RequestProtocol } from '../wire/answer.ts'
import { decodeConflict, type ConflictEvidence } from '../wire/evidence.ts'
import type { SubmitResponse } from '../wire/submit.ts'
import { AgreementDriver, type FinalBytes } from './agreement-driver.ts'
import { answerBlocks, BLOCKS_PROTOCOL, type FinalBlock } from './block-sync.ts'
import { CatchUp } from './catch-up.ts'
import { Conflicts } from './conflicts.ts'
import { Direct } from './direct.ts'
import { DirectSorter } from './direct-sorter.ts'
import { Dialer } from './dialer.ts'
import { DoubleVotes } from './double-votes.ts'
import type { NodeEngine } from './engine.ts'
import type { Execution } from './execution.ts'
import { FinalBell, followResponder } from '../net/follow-responder.ts'
import { guardGossip } from './gossip-guard.ts'
import { Gossip, gossipOptions, type Judgement } from './gossip.ts'
import { Journal } from './journal.ts'
import { hasChainBegun } from './newcomer.ts'
import { NodeCounts } from './node-counts.ts'
import { NodeView, type FinalSource } from './node-view.ts'
import { committeesOf, openStore, type OpenedStore } from './open-store.ts'
import { prepareAnswer } from './prepare-answers.ts'
import { Repair } from './repair.ts'
import type { SafetyStore } from './safety-store.ts'
import { Silence } from './silence.ts'
import { checkOwnStore } from './trust.ts'

export interface NodeOptions {
  readonly engine: NodeEngine
  /** May be shared by the nodes of one process. */
  readonly execution: Execution
  readonly genesis: Ledger
  /** Data folder of this node alone; made if missing. */
  readonly folder: string
  /** Secret key of the account that the node runs as, 32 bytes: its libp2p identity. */
  readonly seed: Uint8Array
  /** One BLS secret per credential; none for a node that only follows. */
  readonly secretKeys: readonly Uint8Array[]
  readonly listen: readonly string[]
  /** Multiaddrs to tell peers in place of those listened on. */
  readonly announce?: readonly string[]
  readonly connectionCountMax?: number
  /** Multiaddrs of nodes to stay connected to. */
  readonly peers: readonly string[]
  /** Every node of this network is connected to every other: gossip need not pass messages on. */
  readonly isFullyConnected?: boolean
  /** Keeps what this node says in the agreement in journal.jsonl of its folder. */
  readonly keepsJournal?: boolean
  /** Goes on from a store older than the trust period too ([LC-1]): a network that was stopped as a whole. */
  readonly trustsOwnStore?: boolean
  readonly log: Log
  readonly times?: AgreementTimes
  readonly onFinal?: (final: FinalBytes) => void
  /** The node cannot go on; it has stopped signing. */
  readonly onFailure?: (error: unknown) => void
}

/** Blocks between two snapshots of the ledger; so many at most are executed again after a crash. */
const SNAPSHOT_INTERVAL = 256n
const REQUESTS: readonly RequestProtocol[] = ['status', 'hops', 'headers', 'proof', 'submit', 'evidence']
/** What no honest peer does even once; other faults may be someone else's doing or a bug, and only count. */
const CUT_OFF_AT_ONCE: readonly MisbehaviourCode[] = ['malformed-message', 'bad-proposal-signature']

export class FullNode {
  readonly host: Host
  readonly view: NodeView
  readonly mempool: Mempool
  readonly #options: NodeOptions
  readonly #store: LevelChainStore
  readonly #chain: LedgerChain
  readonly #gossip: Gossip
  readonly #direct: Direct
  readonly #network: Libp2pNetwork
  readonly #catchUp: CatchUp
  readonly #dialer: Dialer
  readonly #evidence: EvidencePool
  readonly #bell = new FinalBell()
  readonly #journal: Journal | undefined
  readonly #conflicts: Conflicts
  readonly #doubleVotes: DoubleVotes
  readonly #sorter: DirectSorter
  readonly #safety: SafetyStore
  readonly repair: Repair
  readonly counts = new NodeCounts()
  #hasFailed = false
  #lastFinalAtMs = performance.now()
  #agreement: Agreement
  #driver: AgreementDriver
  /** Set while the validator must not sign, since it does not know what it signed before. */
  #silence: Silence | undefined
  /** Neither blocks nor a record of votes: whether the chain has begun must be known before anything is signed. */
  #isNewcomer: boolean
  #isStopped = false
  #server: Server | undefined

  /**
   * Opens the store, executes what is in it, listens and connects; the agreement waits for `begin`. Rejects with StoreError
   * and the like.
   */
  static async open(options: NodeOptions): Promise<FullNode> {
    const opened = await openStore(options)
    const { store, recent } = opened
    try {
      if (options.trustsOwnStore !== true)
        checkOwnStore(recent.ledger.header, options.execution.chain.params, Date.now())
    } catch (error) {
      await store.close()
      throw error
    }
    const { chain } = options.execution
    let node: FullNode | undefined
    const host = await createHost({
      seed: options.seed,
      listen: options.listen,
      ...(options.announce === undefined ? {} : { announce: options.announce }),
      ...(options.connectionCountMax === undefined ? {} : { connectionCountMax: options.connectionCountMax }),
      datastorePath: join(options.folder, 'libp2p'),
      onStoreSetAside: ({ message }) => options.log.log('warn', message),
      onStoreFailure: ({ message }) =>
        options.log.log('warn', `libp2p cannot write its store, and goes on: ${message}`),
      gossip: gossipOptions(chain.chainId, chain.params, options.isFullyConnected ?? false),
      refusesPeer: (peer) => node?.isBanned(peer) ?? false,
    }).catch(async (error: unknown) => {
      await store.close()
      throw error
    })
    node = new FullNode(options, opened, host)
    await node.#listen()
    return node
  }

  private constructor(
    options: NodeOptions,
    { store, recent, safety, isRecordLost, conflictNames }: OpenedStore,
    host: Host,
  ) {
    const { engine, execution } = options
    const { chain, cache } = execution
    this.#options = options
    this.#store = store
    this.#safety = safety
    this.host = host
    this.repair = new Repair({
      ...{ engine, chain, log: options.log },
      ledger: () => this.ledger,
      committee: (epoch) => this.view.committeeKeys(epoch),
      read: (height) => finalIn(store, height),
      fetch: (height) => this.#catchUp.fetchOne(height),
      write: (height, final) => store.replace({ height, ...final }),
    })
    this.#journal =
      options.keepsJournal === true
        ? new Journal(join(options.folder, 'journal.jsonl'), engine.kernels, chain.params)
        : undefined
    this.#evidence = new EvidencePool(chain.params, ownerOf(engine.kernels, ed25519PublicKey(options.seed)))
    this.mempool = new Mempool(engine, chain, recent.ledger, cache)
    this.view = new NodeView({
      ...{ engine, chain, source: readable(store, this.repair), start: recent },
      submit: (tx) => this.submit(tx),
      reportConflict: (evidence) => this.#conflicts.report(evidence),
    })
    this.#conflicts = new Conflicts({
      ...{ engine, chain, nowMs: () => Date.now() },
      committee: (epoch) => this.view.committeeKeys(epoch),
      final: (height) => this.view.final(height),
      onConflict: (evidence, bytes, name) => this.#keepConflict(evidence, bytes, name),
    })
    this.#conflicts.restore(conflictNames)
    this.#doubleVotes = new DoubleVotes({
      ...{ engine, chain, pool: this.#evidence },
      ledger: () => this.ledger,
      committee: (epoch) => this.view.committeeKeys(epoch),
      publish: (bytes) => this.#gossip.publishDoubleVote(bytes),
      onKey: (blsPk) => {
        this.counts.equivocations++
        options.log.log('warn', `key ${toHex(blsPk).slice(0, 16)}… voted twice: evidence for the next block`)
      },
    })
    this.#chain = new LedgerChain({
      ...{ engine, ...chain, ledger: recent.ledger, cache },
      ...(recent.cert === undefined ? {} : { cert: recent.cert }),
      transactions: () => this.mempool.select(chain.params.blockBytesMax),
      evidence: (ledger) => this.#evidence.candidates(ledger),
      execute: (_engine, _chain, ledger, block) => execution.execute(ledger, block),
      onCommit: (ledger, block, cert) => {
        this.view.advance({ ledger, block, cert })
        this.mempool.advance(ledger)
      },
    })
    this.#gossip = new Gossip(host, chain.chainId, chain.params, options.isFullyConnected ?? false, {
      height: () => this.#chain.ledger.header.height + 1n,
      onAgreement: (author, bytes) => {
        this.counts.take('gossip')
        this.#driver.receive(author, bytes)
      },
      onTransaction: (_author, bytes) => {
        this.counts.take('transaction')
        return this.#takeTransaction(bytes)
      },
      onConflict: (bytes) => this.#takeConflict(bytes),
      onDoubleVote: (bytes) => this.#doubleVotes.judge(bytes),
      onDrop: (reason) => this.counts.drop(reason),
      onFault: (peer, reason) => this.#server?.fault(peer, reason),
    })
    guardGossip(host.services.pubsub, {
      isBanned: (peer) => this.isBanned(peer),
      onDrop: (reason) => this.counts.drop(reason),
      onFault: (peer, reason) => this.#server?.fault(peer, reason),
    })
    this.#direct = new Direct({
      ...{ host, engine, chainId: chain.chainId, params: chain.params, signer: engine.signer },
      secretKeys: options.secretKeys,
      onMessage: (peer, bytes) => {
        this.counts.take('direct')
        if (this.#sorter.isUseful(bytes)) this.#driver.receive(peer, bytes)
      },
      onFault: (peer, reason) => this.#server?.fault(peer, reason),
    })
    this.#sorter = new DirectSorter(chain.params, () => this.#chain.ledger.header.height + 1n, this.counts)
    this.#network = createNetwork(host, chain.chainId, { stopsHost: false })
    this.#catchUp = new CatchUp({
      network: this.#network,
      params: chain.params,
      height: () => this.height,
      peers: () => this.#direct.peers,
      take: (peer, block, cert) => this.#driver.receiveFinal(peer, block, cert),
    })
    this.#dialer = new Dialer(this.#network, host, options.peers, (peer) => this.#direct.reach(peer))
    const isUnrecorded = options.secretKeys.length > 0 && (isRecordLost || safety.saved === undefined)
    this.#isNewcomer = isUnrecorded && !isRecordLost && this.height === 0n
    if (isUnrecorded && !this.#isNewcomer)
      this.#silence = new Silence(isRecordLost ? 'lost' : 'none', Date.now(), chain.params)
    this.#agreement = this.#makeAgreement(this.#silence === undefined)
    this.#driver = this.#makeDriver()
  }

  get height(): bigint {
    return this.#chain.ledger.header.height
  }

  get ledger(): Ledger {
    return this.#chain.ledger
  }

  /** Of the head's epoch; undefined when the cube is empty, which stops the chain. */
  get committee(): Committee | undefined {
    return committeeOf(this.ledger, epochOf(this.height, this.params))?.committee
  }

  get standing(): Agreement['standing'] {
    return this.#agreement.standing
  }

  get params(): ChainParams {
    return this.#options.execution.chain.params
  }

  /** The node cannot go on: its store failed. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  get isSilent(): boolean {
    return this.#silence !== undefined
  }

  get signs(): boolean {
    return this.#options.secretKeys.length > 0 && !this.isSilent && !this.#isNewcomer && !this.#hasFailed
  }

  get expectsPeers(): boolean {
    return this.#options.peers.length > 0
  }

  /** By `performance.now()`; the start before the first block. */
  get lastFinalAtMs(): number {
    return this.#lastFinalAtMs
  }

  get serving(): Server['counters'] | undefined {
    return this.#server?.counters
  }

  /** Nodes that messages can be sent to. */
  get connectionCount(): number {
    return this.#direct.peers.length
  }

  /** Multiaddrs that others can dial. */
  get addresses(): readonly string[] {
    return this.host.getMultiaddrs().map(String)
  }

  isBanned(peer: string): boolean {
    return this.#server?.isBanned(peer) ?? false
  }

  /** Takes a transaction in and passes it on. */
  submit(tx: Tx): SubmitResponse {
    const added = this.mempool.add(tx)
    if (added.kind === 'accepted') {
      this.#gossip.publishTransaction(encodeTx(tx))
      return { outcome: 'accepted', reason: '' }
    }
    if (added.code === 'mempool-known') return { outcome: 'known', reason: '' }
    return { outcome: 'rejected', reason: `${added.code} ${operandsText(added.operands)}` }
  }

  /** Takes part in the agreement from here on. */
  begin(): void {
    if (this.#silence !== undefined) this.#options.log.log('warn', this.#silence.reason)
    if (this.#isNewcomer) void this.#lookAround()
    else this.#driver.start(this.#safety.saved)
    void this.repair.lookThrough(this.height)
  }

  /** Resolves when nothing of the node runs any more and its store is closed. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#dialer.stop()
    this.repair.stop()
    this.#catchUp.stop()
    await this.#driver.stop()
    this.#gossip.stop()
    await this.#server?.stop()
    await this.#direct.stop()
    await this.#network.close()
    // libp2p writes to a store of its own when it ends; what it cannot write, such as peers' addresses, is found again.
    const { log } = this.#options
    await Promise.resolve(this.host.stop()).catch((error: Error) =>
      log.log('warn', `libp2p could not write its store: ${error.message}`),
    )
    // A disk that refused a write before would refuse this one too; it only saves time.
    if (this.#store.headHeight !== undefined && !this.#hasFailed) await this.#saveSnapshot(this.#store.headHeight)
    this.#safety.close()
    await this.#store.close()
    this.#journal?.close()
  }

  async #listen(): Promise<void> {
    const { chainId } = this.#options.execution.chain
    const requests = REQUESTS.map(
      (protocol) =>
        [protocol, (request: Uint8Array, context: RequestContext) => this.#answer(protocol, request, context)] as const,
    )
    this.#server = await serve(this.host, chainId, {
      requests: {
        ...Object.fromEntries(requests),
        [BLOCKS_PROTOCOL]: (request) => answerBlocks(request, (height) => this.repair.read(height)),
      },
      streams: { follow: followResponder(this.view, this.#bell) },
    })
    await this.#direct.start()
    this.#gossip.start()
    this.#dialer.start()
  }

  async #answer(
    protocol: RequestProtocol,
    request: Uint8Array,
    context: RequestContext,
  ): Promise<Result<Uint8Array, string>> {
    if (!(await prepareAnswer(this.view, protocol, request, context))) return rejected('too-many-requests', {})
    return answer(this.view, protocol, request)
  }

  #makeAgreement(signs: boolean): Agreement {
    const { engine, secretKeys, times } = this.#options
    return new Agreement({
      ...{ engine, chain: this.#chain, signer: engine.signer, secretKeys: signs ? secretKeys : [] },
      times: times ?? DEFAULT_TIMES,
      batchSeed: randomBytes(32),
    })
  }

  /** A newcomer signs from the first block on, or is silent when there are blocks that it may have signed. */
  async #lookAround(): Promise<void> {
    if (this.expectsPeers)
      this.#options.log.log('debug', 'nothing is stored yet: peers are asked whether the chain has begun')
    let listens = false
    const hasBegun = await hasChainBegun({
      peerCount: this.#options.peers.length,
      peers: () => this.#direct.peers,
      isStopped: () => this.#isStopped || this.#hasFailed,
      askFirst: (peer) => this.#catchUp.askNext(peer),
      take: (peer, { block, cert }) => {
        if (!listens) this.#goOn(false)
        listens = true
        this.#driver.receiveFinal(peer, block, cert)
        return this.height > 0n
      },
    })
    if (hasBegun === undefined) return
    this.#isNewcomer = false
    if (!hasBegun) return listens ? this.#beginSigning() : this.#driver.start(this.#safety.saved)
    this.#silence = new Silence('none', Date.now(), this.params)
    this.#options.log.log('warn', this.#silence.reason)
  }

  /** Ends the silence once a block shows that nothing signed before can matter any more. */
  #listenForEnd({ block }: FinalBytes): void {
    if (this.#silence?.endsWith(block.header) !== true) return
    this.#silence = undefined
    this.#options.log.log('info', `signing from height ${block.header.height + 1n}`)
    this.#beginSigning()
  }

  #beginSigning(): void {
    void this.#driver.stop().then(() => this.#goOn(true))
  }

  /** With a new agreement, in place of one that wrote nothing or has stopped. */
  #goOn(signs: boolean): void {
    if (this.#isStopped || this.#hasFailed) return
    void this.#driver.stop()
    this.#agreement = this.#makeAgreement(signs)
    this.#driver = this.#makeDriver()
    this.#driver.start(this.#safety.saved)
  }

  #makeDriver(): AgreementDriver {
    const { log, onFinal } = this.#options
    return new AgreementDriver({
      ...{ agreement: this.#agreement, log, nowMs: () => Date.now() },
      broadcast: (bytes) => void (this.#mayLeave(bytes) && this.#gossip.publishAgreement(bytes)),
      sendToKey: (blsPk, bytes) => !this.#mayLeave(bytes) || this.#direct.sendToKey(blsPk, bytes),
      sendToPeer: (peer, bytes) => void (this.#mayLeave(bytes) && this.#direct.sendToPeer(peer, bytes)),
      saveSafety: (effect) => this.#safety.save(effect),
      saveFinal: (final) => this.#saveFinal(final),
      onFinal: (final) => {
        this.#lastFinalAtMs = performance.now()
        this.counts.blocks++
        this.counts.transactions += final.block.body.transactions.length
        this.#bell.ring()
        this.#listenForEnd(final)
        onFinal?.(final)
      },
      onPeerAhead: (peer, height) => void (this.#isNewcomer || this.#catchUp.behind(peer, height)),
      onMisbehaviour: (peer, code) => this.#blame(peer, code),
      onEquivocation: (first, second) => this.#doubleVotes.found(first, second),
      onFailure: (error) => this.#fail(error),
    })
  }

  #fail(error: unknown): void {
    this.#hasFailed = true
    void this.#driver.stop()
    this.#options.onFailure?.(error)
  }

  /** Written to the journal, if there is one; what cannot be written does not leave, and the node ends. */
  #mayLeave(bytes: Uint8Array): boolean {
    try {
      this.#journal?.record(bytes)
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  async #saveFinal({ block, blockBytes, certBytes }: FinalBytes): Promise<void> {
    const { kernels } = this.#options.engine
    const { params } = this.#options.execution.chain
    const { height } = block.header
    const epoch = epochOf(height, params)
    const isFirst = epochOf(height - 1n, params) !== epoch
    await this.#store.append({
      ...{ height, block: blockBytes, cert: certBytes },
      txids: block.body.transactions.map(({ body }) => txidOf(kernels, body)),
      committees: isFirst ? committeesOf(this.#chain.ledger, [epoch, epoch + 1]) : [],
    })
    if (height % SNAPSHOT_INTERVAL === 0n) await this.#saveSnapshot(height)
  }

  async #saveSnapshot(height: bigint): Promise<void> {
    const ledger = this.view.ledgerAt(height)
    if (ledger !== undefined && height > 0n) await this.#store.saveSnapshot(height, encodeSnapshot(ledger))
  }

  #takeConflict(bytes: Uint8Array): Judgement {
    const evidence = decodeConflict(bytes)
    if (evidence.kind === 'rejected') return 'reject'
    return this.#conflicts.report(evidence.value).outcome === 'kept' ? 'accept' : 'ignore'
  }

  /** A conflict that holds: kept, passed on and told. */
  #keepConflict({ first, second }: ConflictEvidence, bytes: Uint8Array, name: string): void {
    this.counts.conflicts++
    const heights = { first: first.header.height, second: second.header.height }
    this.#options.log.log('error', 'two final blocks conflict: the chain is broken; the proof is kept', heights)
    this.#store.saveConflict(name, bytes).catch((error: unknown) => this.#fail(error))
    this.#gossip.publishConflict(bytes)
  }

  #takeTransaction(bytes: Uint8Array): Judgement {
    const tx = decodeTx(bytes)
    if (tx.kind === 'rejected') return 'reject'
    return this.mempool.add(tx.value).kind === 'accepted' ? 'accept' : 'ignore'
  }

  #blame(peer: string, code: MisbehaviourCode): void {
    const times = CUT_OFF_AT_ONCE.includes(code) ? Number.MAX_SAFE_INTEGER : 1
    for (let count = 0; count < times && !this.isBanned(peer); count++) this.#server?.fault(peer, code)
  }
}

function finalIn(store: LevelChainStore, height: bigint): FinalBlock | undefined {
  const block = store.block(height)
  const cert = store.cert(height)
  return block === undefined || cert === undefined ? undefined : { block, cert }
}

/** The store as the view reads it: what is damaged is not there, and is repaired. */
const readable = (store: LevelChainStore, repair: Repair): FinalSource => ({
  block: (height) => repair.guard(height, () => store.block(height)),
  cert: (height) => repair.guard(height, () => store.cert(height)),
  committee: (epoch) => store.committee(epoch),
  heightOf: (txid) => store.heightOf(txid),
})

function operandsText(operands: Readonly<Record<string, unknown>>): string {
  return Object.entries(operands)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ')
}
