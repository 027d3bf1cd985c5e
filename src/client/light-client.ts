/** The light client behind the public API: a machine, a driver, and who is waiting for what. */
import { toHex } from '../base/bytes.ts'
import type { Verdict } from '../base/verdict.ts'
import type { Committee } from '../chain/committee.ts'
import type { Header } from '../chain/header.ts'
import type { Owner, Utxo } from '../chain/output.ts'
import { chainIdOf, type ChainSpec } from '../chain/spec.ts'
import { txid as txidOf, type Tx } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import type { LightNotice, LightPhase, Query, QueryValue, SubmissionStatus, VerifiedHead } from '../light/contract.ts'
import { TransportError, type Network } from '../ports/network.ts'
import type { Store } from '../ports/index.ts'
import { TOPIC_BLOCK_COUNT_MAX } from '../wire/limits.ts'
import type { Prefix } from '../wire/proof.ts'
import { Driver } from './driver.ts'
import type { CallOptions, PrivateOptions, ProvenPage, ProvenSet, TopicBlocks } from './reads.ts'
import type { MachineHost } from './machine-host.ts'
import { LIVENESS_LIMITS, type LivenessLimits } from './liveness.ts'
import { Serving } from './serving.ts'
import { ClientError } from './errors.ts'
import { exportProof, type ExportContext, type ExportedProof, type FreeProofRequest } from './proof-export.ts'
import { guarded, Listeners, type ClientEvents, type Head, type HeadInTurn, type PeerInfo } from './events.ts'
import type { ProvenFile } from '../light/proof-file.ts'
import type { Checkpoint } from '../verify/trust.ts'
import { assessTrust, trustKey, type Trust, type TrustFacts, type TrustPeer } from '../light/trust-meter.ts'
import { shareText } from '../light/checkpoint-text.ts'
import {
  checkBigint,
  checkBytes,
  checkCheckpoint,
  checkHeight,
  checkPrefix,
  checkProofRequest,
  checkTx,
} from './arguments.ts'
import { ofOwner, prefixOf, topicBlocks, watchOwner, watchTopic, type OwnerState } from './watch.ts'

export interface ResolvedOptions {
  readonly engine: Engine
  readonly host: MachineHost
  /** Why `host` is in this thread although a worker was wanted. */
  readonly workerFault?: string
  readonly spec: ChainSpec
  readonly checkpoint?: Checkpoint
  readonly peers: readonly string[]
  readonly store: Store
  readonly network: Promise<Network>
  readonly nowMs: () => number
  readonly serves?: boolean
  readonly liveness?: Partial<LivenessLimits>
}

export interface Present {
  readonly phase: LightPhase
  readonly header: Header | undefined
  /** Device time at which it was verified in this session. */
  readonly advancedMs: bigint | undefined
  /** Connected ones. */
  readonly peers: readonly TrustPeer[]
}

export type ProvenTransaction = QueryValue & { readonly kind: 'transaction' }
export type ProvenHeader = QueryValue & { readonly kind: 'header' }

/** Heads that wait for the reader of one `heads()`. */
export const HEADS_WAITING_MAX = 256

interface Waiting<Value> {
  resolve(value: Value): void
  /** ClientError, or what the application's own function threw. */
  reject(error: unknown): void
}

/** Submissions also hear of each stage. */
interface WaitingSubmission extends Waiting<ProvenTransaction> {
  onStatus(status: SubmissionStatus): void
}

export class LightClient {
  readonly spec: ChainSpec
  readonly chainId: Uint8Array
  readonly engine: Engine
  readonly #host: MachineHost
  readonly #driver: Driver
  readonly #options: ResolvedOptions
  readonly #listeners = new Listeners()
  readonly #nowMs: () => number
  readonly #queries = new Map<string, Waiting<QueryValue>>()
  readonly #submissions = new Map<string, WaitingSubmission>()
  readonly #peers = new Map<string, PeerInfo>()
  #head: Head | undefined
  /** Who brought the head, and from where: also once it has hung up. */
  #bringer: TrustFacts['bringer']
  #phase: LightPhase = 'waiting'
  #stopped: ClientError | undefined
  #idCount = 0
  #starting: Promise<void> | undefined
  #isClosed = false
  #trustKey = ''
  #serving: Serving | undefined

  constructor(options: ResolvedOptions) {
    const { engine, spec, host, network, store, peers, nowMs } = options
    this.#options = options
    this.spec = spec
    this.engine = engine
    this.chainId = chainIdOf(engine.kernels, spec)
    this.#nowMs = nowMs
    this.#host = host
    this.#driver = new Driver({
      host,
      network,
      store,
      peers,
      nowMs,
      kernels: engine.kernels,
      liveness: { ...LIVENESS_LIMITS, ...options.liveness },
      onConnectivity: (what) => this.#listeners.emit('connectivity', what),
      onNotice: (notice) => this.#onNotice(notice),
      onDialFailure: (address, message) =>
        this.#listeners.emit('warning', { code: 'dial-failed', sentence: message, operands: { address } }),
      onStoreFailure: (error) => this.#listeners.emit('error', error),
      onFault: (error) => this.#onFault(error),
      onNetworkFault: (error) => this.#warn(error),
      onTick: () => this.#tellTrust(),
    })
  }

  /**
   * Reads the store, tells the stored head, and begins to dial. When it resolves, `head` is the stored head, verified again, or genesis; or
   * undefined while the block of a checkpoint has still to come, or the stored chain has still to be compared with a new one. Rejects with ClientError if the client cannot go on at all.
   * A second call is the first one's promise.
   */
  start(): Promise<void> {
    return (this.#starting ??= this.#start())
  }

  async #start(): Promise<void> {
    if (this.#isClosed) throw new ClientError('closed')
    const { workerFault } = this.#options
    if (workerFault !== undefined) this.#warn(new ClientError('worker-unavailable', { reason: workerFault }))
    try {
      // Both at once: a network that cannot be made fails the two of them, and either may be the first to say so.
      await Promise.all([this.#driver.start(), this.#options.serves === true ? this.#serve() : undefined])
    } catch (error) {
      throw this.#isClosed ? new ClientError('closed', {}, { cause: error }) : error
    }
    if (this.#stopped !== undefined) throw this.#stopped
  }

  async #serve(): Promise<void> {
    const network = await this.#options.network
    if (network.serve === undefined) throw new ClientError('serve-unsupported')
    this.#serving = new Serving(this.#host, () => this.#stopped === undefined && !this.#isClosed)
    await network.serve(this.#serving)
  }

  /**
   * Further addresses to dial when there is room, as from a coordination node or another client at `toldBy` (its address).
   * They are kept in the store, in buckets by network, so that nobody can crowd out the others. Ill-formed ones are left out.
   */
  addPeers(addresses: readonly string[], toldBy = ''): void {
    this.#driver.addPeers(addresses, toldBy)
  }

  /**
   * The same, and whoever was told before and is not among `addresses` is hung up on and forgotten: a coordination node
   * ({@link ./lessee.ts}) has moved this client. The peers that the client was given at first stay.
   */
  movePeers(addresses: readonly string[], toldBy = ''): void {
    this.#driver.movePeers(addresses, toldBy)
  }

  /** What is known at this moment: verified, but not yet saved and told, which on a memory card takes up to a minute. */
  get present(): Present {
    const { phase, header, trust } = this.#host.state
    const { advancedMs, peers } = trust
    const withAddress = peers.map((peer) => ({ ...peer, address: this.#driver.addressOf(peer.name) ?? '' }))
    return { phase, header, advancedMs, peers: withAddress }
  }

  /** Multiaddrs at which other clients reach this one now; none unless its network listens. They may change. */
  async addresses(): Promise<readonly string[]> {
    return (await this.#options.network).addresses?.() ?? []
  }

  /** The newest verified head. */
  get head(): Head | undefined {
    return this.#head
  }

  get phase(): LightPhase {
    return this.#phase
  }

  /** The audited committee of the head's epoch. */
  get committee(): Committee | undefined {
    return this.#host.state.committee
  }

  get peers(): readonly PeerInfo[] {
    return [...this.#peers.values()]
  }

  /** Connected peers that were seen to have the head, or a later one; `trust.witnessCount` says how many are independent. */
  get witnessCount(): number {
    return this.#host.state.witnessCount
  }

  /** The trust meter: what may be relied on right now, and on whose word. Computed when it is read. */
  get trust(): Trust {
    const { committee, trust } = this.#host.state
    const { peers, ...facts } = trust
    const withAddress = peers.map((peer) => ({ ...peer, address: this.#peers.get(peer.name)?.address ?? '' }))
    const head = this.#head
    // A head is told once it is saved: the machine may be an epoch further.
    const ofHead = committee?.head.epoch === head?.epoch ? committee : undefined
    const known = { ...facts, params: this.spec.params, committee: ofHead, phase: this.#phase, head }
    return assessTrust({ ...known, bringer: this.#bringer, peers: withAddress }, BigInt(this.#nowMs()))
  }

  /** Tells the meter when it says something else; ages alone are read from it. */
  #tellTrust(): void {
    const trust = this.trust
    const key = trustKey(trust)
    if (key === this.#trustKey) return
    this.#trustKey = key
    this.#listeners.emit('trust', trust)
  }

  /** The head as a checkpoint for somebody else ({@link parseCheckpoint} reads it); undefined without a fresh verified head. */
  share(): string | undefined {
    const isUsable = this.#stopped === undefined && this.trust.freshness !== 'stale'
    return this.#head === undefined || !isUsable
      ? undefined
      : shareText(this.chainId, { height: this.#head.header.height, hash: this.#head.hash })
  }

  /** Calls `listener` with each event until the returned function is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener)
  }

  /** The first head for which `wanted` is true; the present one counts. */
  whenHead(wanted: (head: Head) => boolean = () => true, options: CallOptions = {}): Promise<Head> {
    return this.#wait(options, (done) => {
      const look = (head: Head): void => {
        try {
          if (wanted(head)) done.resolve(head)
        } catch (error) {
          done.reject(error)
        }
      }
      if (this.#head !== undefined) look(this.#head)
      const offHead = this.on('head', look)
      const offError = this.on('error', (error) => (error.code === 'store-failed' ? undefined : done.reject(error)))
      const offClosed = this.on('closed', () => done.reject(new ClientError('closed')))
      return () => (offHead(), offError(), offClosed())
    })
  }

  /**
   * Every verified head from now on, as long as the reader keeps up: beyond {@link HEADS_WAITING_MAX} that wait, the oldest are
   * left out, and the next one says how many in `skippedCount`. Ends when the client closes; throws when it stops or the
   * signal aborts.
   */
  async *heads(options: CallOptions = {}): AsyncGenerator<HeadInTurn, void, undefined> {
    const queue: Head[] = this.#head === undefined ? [] : [this.#head]
    let skippedCount = 0
    let wake: () => void = () => undefined
    const off = [
      this.on('head', (head) => {
        queue.push(head)
        for (; queue.length > HEADS_WAITING_MAX; skippedCount++) queue.shift()
        wake()
      }),
      this.on('error', () => wake()),
      this.on('closed', () => wake()),
    ]
    const onAbort = (): void => wake()
    options.signal?.addEventListener('abort', onAbort, { once: true })
    try {
      while (!this.#isClosed) {
        if (options.signal?.aborted === true) throw new ClientError('aborted')
        if (this.#stopped !== undefined) throw this.#stopped
        const next = queue.shift()
        if (next !== undefined) {
          const skipped = skippedCount
          skippedCount = 0
          yield { ...next, skippedCount: skipped }
        } else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      for (const unsubscribe of off) unsubscribe()
      options.signal?.removeEventListener('abort', onAbort)
    }
  }

  // ── Proven reads ─────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * [PROOF-3]: an owner's complete unspent outputs of kinds 0 to 3, under the head or under an earlier block that peers still
   * keep the state of. With `prefixBits` a bucket is asked for and filtered here: the serving peer learns only the bucket.
   */
  async unspent(owner: Owner, options: PrivateOptions & { readonly atHeight?: bigint } = {}): Promise<ProvenSet> {
    checkBytes('owner', owner, 16)
    const prefix = prefixOf(owner, options.prefixBits ?? 8 * owner.length)
    const set = await this.unspentUnder(prefix, options)
    return { ...set, utxos: ofOwner(this.engine.kernels, owner, set.utxos) }
  }

  /** The complete set under any key prefix. */
  async unspentUnder(prefix: Prefix, options: CallOptions & { readonly atHeight?: bigint } = {}): Promise<ProvenSet> {
    const { atHeight } = options
    checkPrefix(prefix)
    const under = atHeight === undefined ? undefined : (await this.header(atHeight, options)).header
    const query: Query = { kind: 'state', prefix, ...(under === undefined ? {} : { under }) }
    try {
      const value = (await this.#ask(query, options)) as QueryValue & { kind: 'state' }
      return { header: value.at, utxos: value.utxos, proof: value.proof, pages: [] }
    } catch (error) {
      if (!isTooLarge(error) || prefix.bits >= STATE_KEY_BITS || this.#head === undefined) throw error
    }
    return this.#paged(prefix, under ?? this.#head!.header, options)
  }

  /** A set that does not fit a frame, in halves under one header; together they are as complete as one. */
  async #paged(prefix: Prefix, under: Header, options: CallOptions): Promise<ProvenSet> {
    const pages: ProvenPage[] = []
    const utxos: Utxo[] = []
    for (const half of halvesOf(prefix)) {
      try {
        const value = (await this.#ask({ kind: 'state', prefix: half, under }, options)) as QueryValue & {
          kind: 'state'
        }
        pages.push({ prefix: half, proof: value.proof })
        utxos.push(...value.utxos)
      } catch (error) {
        if (!isTooLarge(error) || half.bits >= STATE_KEY_BITS) throw error
        const deeper = await this.#paged(half, under, options)
        pages.push(...deeper.pages)
        utxos.push(...deeper.utxos)
      }
    }
    return { header: under, utxos, proof: new Uint8Array(0), pages }
  }

  /** An owner's complete unspent set, proven, now and at each new head; heads that pass meanwhile are skipped. */
  watchOwner(owner: Owner, options: PrivateOptions = {}): AsyncGenerator<OwnerState, void, undefined> {
    return watchOwner(this, owner, options)
  }

  /** [PROOF-4]: the complete transactions of a topic (8 bytes) in the blocks [start, end), at most 256, up to the head. */
  async topicIn(topic: Uint8Array, start: bigint, end: bigint, options: PrivateOptions = {}): Promise<TopicBlocks> {
    checkBytes('topic', topic, 8)
    checkBigint('start', start)
    checkBigint('end', end)
    const most = BigInt(TOPIC_BLOCK_COUNT_MAX)
    const last = this.#head?.header.height ?? -1n
    if (start < 0n || start >= end || end - start > most || end > last + 1n)
      throw new ClientError('range-invalid', { start, end, most, last })
    const prefix = prefixOf(topic, options.prefixBits ?? 8 * topic.length)
    const value = await this.#ask({ kind: 'topic', start, end, prefix }, options)
    return topicBlocks(topic, value as QueryValue & { kind: 'topic' })
  }

  /** The same for every block from `from` (the present head unless given) on, without a gap, as blocks become final. */
  watchTopic(
    topic: Uint8Array,
    options: PrivateOptions & { readonly from?: bigint } = {},
  ): AsyncGenerator<TopicBlocks, void, undefined> {
    return watchTopic(this, topic, options)
  }

  /** [PROOF-1]: the header at `height`, proven to be in the chain of the head. */
  async header(height: bigint, options: CallOptions = {}): Promise<ProvenHeader> {
    checkHeight('height', height)
    return (await this.#ask({ kind: 'header', height }, options)) as ProvenHeader
  }

  /** [PROOF-2]: the block that holds `txid`. Rejects with `query-not-found` if no peer knows it (which proves nothing). */
  async proveTransaction(txid: Uint8Array, options: CallOptions = {}): Promise<ProvenTransaction> {
    checkBytes('txid', txid, 32)
    return (await this.#ask({ kind: 'transaction', txid }, options)) as ProvenTransaction
  }

  #ask(query: Query, options: CallOptions): Promise<QueryValue> {
    const queryId = `q${++this.#idCount}`
    return this.#wait(options, (done) => {
      this.#queries.set(queryId, done)
      this.#driver.deliver({ kind: 'asked', queryId, query })
      return () => {
        if (this.#queries.delete(queryId)) this.#driver.deliver({ kind: 'query-cancelled', queryId })
      }
    })
  }

  /**
   * Gives a signed transaction to several peers and resolves with its inclusion proof once it is final. Rejects with
   * `payment-rejected` if every peer refuses it; once the head has passed its expiry, with `payment-expired` if what it would
   * spend is proven unspent, else with `payment-unknown`. Aborting stops the wait, not the transaction.
   */
  async submit(
    tx: Tx,
    options: CallOptions & { readonly onStatus?: (status: SubmissionStatus) => void } = {},
  ): Promise<ProvenTransaction> {
    checkTx(tx)
    const submissionId = `s${++this.#idCount}`
    const txid = txidOf(this.engine.kernels, tx.body)
    return this.#wait(options, (done) => {
      const onStatus = options.onStatus ?? (() => undefined)
      this.#submissions.set(submissionId, { ...done, onStatus })
      this.#driver.deliver({ kind: 'submitted', submissionId, txid, tx })
      return () => {
        if (this.#submissions.delete(submissionId)) this.#driver.deliver({ kind: 'submission-cancelled', submissionId })
      }
    })
  }

  /**
   * A `.scproof` file that shows `request` to whoever has the chain spec and this client's checkpoint (genesis if it has
   * none). Peers are tried in turn; the file was verified as a stranger would before this resolves.
   */
  async exportProof(request: FreeProofRequest, options: CallOptions = {}): Promise<ExportedProof> {
    checkProofRequest(request)
    const over = this.#over(options)
    if (over !== undefined) throw over
    const context = await this.#exportContext(options)
    const reasons: string[] = []
    let invalid: ClientError | undefined
    for (const { name } of this.peers) {
      try {
        const exported = await exportProof(context, name, request)
        if (exported.kind === 'accepted') return exported.value
        const fault = new ClientError(exported.code, exported.operands)
        if (fault.code !== 'query-unavailable') invalid ??= fault
        reasons.push(fault.message)
      } catch (error) {
        if (options.signal?.aborted === true) throw new ClientError('aborted', {}, { cause: error })
        if (!(error instanceof TransportError)) throw error
        reasons.push(error.message)
      }
    }
    // That a peer sent something wrong must not be hidden by another's silence.
    if (invalid !== undefined) throw invalid
    const asked = reasons.length
    throw new ClientError('query-unavailable', { asked, reasons: reasons.join('; ') || 'no peer is connected' })
  }

  /**
   * A proof file, judged as by {@link verifyProofFile} where this client verifies, against `checkpoint` (the client's own unless
   * given; undefined: genesis). What comes back of the block that it leads to holds no committee keys.
   */
  async verifyProof(
    bytes: Uint8Array,
    options: CallOptions & { readonly checkpoint?: Checkpoint | undefined } = {},
  ): Promise<Verdict<ProvenFile>> {
    const { checkpoint } = 'checkpoint' in options ? options : this.#options
    if (checkpoint !== undefined) checkCheckpoint(checkpoint)
    if (!(bytes instanceof Uint8Array)) checkBytes('proof file', bytes, 0)
    const nowMs = BigInt(this.#nowMs())
    return this.#wait(options, (done) => {
      Promise.resolve(this.#host.verifyProof({ checkpoint, bytes, nowMs })).then(done.resolve, done.reject)
      return () => undefined
    })
  }

  async #exportContext({ signal }: CallOptions): Promise<ExportContext> {
    const { engine, spec } = this
    const { checkpoint } = this.#options
    const network = await this.#options.network
    const verify = (bytes: Uint8Array) => this.verifyProof(bytes, signal === undefined ? {} : { signal })
    const context = { engine, spec, network, checkpoint, verify }
    return signal === undefined ? context : { ...context, signal }
  }

  /** Stops everything; what was verified is saved. May be called more than once. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#rejectAll(new ClientError('closed'))
    await this.#driver.close()
    this.#listeners.emit('closed', undefined)
  }

  // ── Notices of the machine ───────────────────────────────────────────────────────────────────────────────────────

  #onNotice(notice: LightNotice): void {
    this.#handle(notice)
    this.#tellTrust()
  }

  #handle(notice: LightNotice): void {
    switch (notice.kind) {
      case 'head':
        return this.#onHead(notice.head, notice.peer)
      case 'phase':
        this.#phase = notice.phase
        return this.#listeners.emit('phase', notice.phase)
      case 'progress':
        return this.#listeners.emit('progress', notice)
      case 'peer':
        return this.#onPeer(notice)
      case 'warning':
        return this.#warn(new ClientError(notice.code, notice.operands))
      case 'failed':
        return this.#stop(new ClientError(notice.code, notice.operands))
      case 'halted':
        return this.#stop(new ClientError('conflict', { height: notice.evidence.first.header.height }))
      case 'answered':
        return this.#onAnswer(notice)
      case 'submission':
        return this.#onSubmission(notice.submissionId, notice.status)
    }
  }

  #onHead(head: VerifiedHead, peer: string | undefined): void {
    const info = peer === undefined ? undefined : this.#peers.get(peer)
    if (info !== undefined) this.#peers.set(info.name, { ...info, height: head.header.height })
    this.#head = { ...head, verifiedAtMs: this.#nowMs(), peer }
    this.#bringer = peer === undefined ? undefined : { name: peer, address: info?.address ?? '' }
    this.#serving?.tell()
    this.#listeners.emit('head', this.#head)
  }

  #onPeer({ peer, state, code }: LightNotice & { kind: 'peer' }): void {
    const known = this.#peers.get(peer)
    const address = this.#driver.addressOf(peer) ?? known?.address ?? ''
    const info: PeerInfo = { name: peer, address, state, height: known?.height, code }
    if (state === 'dropped' || state === 'disconnected') this.#peers.delete(peer)
    else this.#peers.set(peer, info)
    this.#listeners.emit('peer', info)
  }

  #onAnswer({ queryId, answer }: LightNotice & { kind: 'answered' }): void {
    const waiting = this.#queries.get(queryId)
    this.#queries.delete(queryId)
    if (answer.kind === 'accepted') waiting?.resolve(answer.value)
    else waiting?.reject(new ClientError(answer.code, answer.operands))
  }

  #onSubmission(submissionId: string, status: SubmissionStatus): void {
    const waiting = this.#submissions.get(submissionId)
    if (waiting === undefined) return
    if (status.kind !== 'sent') this.#submissions.delete(submissionId)
    guarded(() => waiting.onStatus(status))
    if (status.kind === 'final') waiting.resolve(status.value)
    if (status.kind === 'rejected')
      waiting.reject(new ClientError('payment-rejected', { reasons: status.reasons.join('; ') }))
    if (status.kind === 'expired') {
      const code = status.isProven ? 'payment-expired' : 'payment-unknown'
      waiting.reject(new ClientError(code, { expiry: status.expiry }))
    }
  }

  #warn({ code, operands, message }: ClientError): void {
    this.#listeners.emit('warning', { code, operands, sentence: message })
  }

  /** A bug: nothing more can be asked, and the phase says that it is over. */
  #onFault(error: ClientError): void {
    this.#phase = 'failed'
    this.#listeners.emit('phase', 'failed')
    this.#stop(error)
    this.#tellTrust()
  }

  #stop(error: ClientError): void {
    this.#stopped = error
    this.#listeners.emit('error', error)
    this.#rejectAll(error)
  }

  #rejectAll(error: ClientError): void {
    for (const waiting of [...this.#queries.values(), ...this.#submissions.values()]) waiting.reject(error)
    this.#queries.clear()
    this.#submissions.clear()
  }

  /** Why nothing more can be asked: a client that found the chain broken vouches for nothing of it. */
  #over({ signal }: CallOptions): ClientError | undefined {
    if (signal?.aborted === true) return new ClientError('aborted', {}, { cause: signal.reason })
    return this.#stopped ?? (this.#isClosed ? new ClientError('closed') : undefined)
  }

  /** A promise that ends with `begin`'s outcome or the signal; what `begin` returns is called at the end. */
  #wait<Value>(options: CallOptions, begin: (done: Waiting<Value>) => () => void): Promise<Value> {
    const { signal } = options
    return new Promise<Value>((resolve, reject) => {
      const over = this.#over(options)
      if (over !== undefined) return reject(over)
      const abort = () => done.reject(new ClientError('aborted', {}, { cause: signal?.reason }))
      let end: (() => void) | undefined
      let isOver = false
      const finish = (settle: () => void) => {
        if (isOver) return
        isOver = true
        signal?.removeEventListener('abort', abort)
        end?.()
        settle()
      }
      const done: Waiting<Value> = {
        resolve: (value) => finish(() => resolve(value)),
        reject: (error) => finish(() => reject(error)),
      }
      signal?.addEventListener('abort', abort, { once: true })
      try {
        end = begin(done)
      } catch (error) {
        return done.reject(error)
      }
      if (isOver) end()
    })
  }
}

const STATE_KEY_BITS = 256

/** Every peer that could answer says that it does not fit. */
const isTooLarge = (error: unknown): boolean =>
  error instanceof ClientError &&
  error.code === 'query-unavailable' &&
  String(error.operands['reasons']).includes('too-large')

/** The two prefixes that are one bit longer. */
function halvesOf({ bits, bytes }: Prefix): readonly [Prefix, Prefix] {
  const longer = new Uint8Array((bits + 8) >> 3)
  longer.set(bytes)
  const upper = longer.slice()
  upper[bits >> 3]! |= 0x80 >> (bits & 7)
  return [
    { bits: bits + 1, bytes: longer },
    { bits: bits + 1, bytes: upper },
  ]
}

/** Height and hash as people write a checkpoint. */
export const checkpointText = ({ header, hash }: Pick<VerifiedHead, 'header' | 'hash'>): string =>
  `${header.height}:${toHex(hash)}`
