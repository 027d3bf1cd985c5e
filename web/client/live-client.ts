/**
 * The elements' client over the light client of src/client: turns its events into one snapshot of facts, and its proven
 * values into words. It adds no trust of its own: everything in a snapshot was verified there.
 */
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { sentence } from '../../src/base/sentence.ts'
import { blockHash } from '../../src/chain/header.ts'
import type { Owner } from '../../src/chain/output.ts'
import { SPEC_SENTENCES, chainIdOf, parseChainSpec, type ChainSpec } from '../../src/chain/spec.ts'
import { ClientError } from '../../src/client/errors.ts'
import type { Head, PeerInfo, Warning } from '../../src/client/events.ts'
import { createLightClient, type NetworkFactory } from '../../src/client/index.ts'
import type { LightClient } from '../../src/client/light-client.ts'
import { accountOf, balanceOf, buildPayment } from '../../src/client/wallet.ts'
import { topicOf } from '../../src/crypto/keys.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import type { Store } from '../../src/ports/index.ts'
import type { Checkpoint } from '../../src/verify/trust.ts'
import { openIdbStore } from '../../src/store/idb.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { parseCheckpoint, type ClientConfig } from './config.ts'
import {
  ClientProblem,
  HEADS_KEPT,
  NO_FACTS,
  TOPIC_ENTRIES_KEPT,
  problemOf,
  type BalanceFacts,
  type ClientFacts,
  type ClientSource,
  type HeadFacts,
  type PaymentOptions,
  type PaymentProgress,
  type PeerFacts,
  type Phase,
  type Problem,
  type ProofFacts,
  type TopicEntry,
  type TopicFacts,
  type Wallet,
} from './facts.ts'
import { inspectProofFile } from './proof-steps.ts'

/** Peers that a page connects to: each costs a peer connection, and a few witnesses are enough. */
const PEERS_USED = 4
/** Blocks that a payment may wait for. */
const EXPIRY_BLOCKS = 200n
/** After a head, time for the other peers to bring it too before witnesses are counted. */
const WITNESS_DELAY_MS = 400
const WITNESS_SAMPLES = 3
/** A peer has another block where the checkpoint is: one of the two is wrong. */
const DOUBT = 'checkpoint-mismatch'

/** Opens the store, loads the network and starts to follow. Rejects with ClientProblem. */
export async function startLiveClient(config: ClientConfig): Promise<ClientSource> {
  const spec = parseChainSpec(config.chainSpec)
  if (spec.kind === 'rejected')
    throw new ClientProblem(
      'bad-chain',
      `The chain spec is refused: ${sentence(SPEC_SENTENCES[spec.code], spec.operands)}`,
    )
  try {
    const client = await open(config, spec.value)
    const live = new LiveClient(client, spec.value, config)
    await live.start()
    return live
  } catch (cause) {
    throw asProblem(cause)
  }
}

async function open(config: ClientConfig, spec: ChainSpec): Promise<LightClient> {
  const kernels = await loadKernels()
  const chainId = chainIdOf(kernels, spec)
  if (config.checkpointText !== undefined) parseCheckpoint(config.checkpointText, chainId)
  const { checkpoint, relays = [] } = config
  return createLightClient({
    spec,
    kernels,
    worker: true,
    peers: someOf(config.peers, PEERS_USED),
    store: await openStore(`stakecube/${toHex(chainId)}`),
    network: networkWith(relays),
    serves: relays.length > 0,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  })
}

/** libp2p is most of the code of a page: what the store holds is shown while it loads. */
const networkWith =
  (relays: readonly string[]): NetworkFactory =>
  async (chainId) => {
    const { browserNetwork } = await import('../../src/client/browser-network.ts')
    return browserNetwork({ relays })(chainId)
  }

/** A private window may have no database: then nothing is kept, and everything else works. */
async function openStore(name: string): Promise<Store> {
  try {
    return await openIdbStore(name, { onWarning: ({ message }) => console.warn(message) })
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'not-writable')) throw cause
    console.warn(cause.message)
    return createMemoryStore()
  }
}

/** `count` of the items, drawn anew for each visit so that no peer can count on serving it. */
function someOf<Item>(items: readonly Item[], count: number): Item[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ item }) => item)
}

const asProblem = (cause: unknown): ClientProblem => {
  const { code, sentence: text } = problemOf(cause)
  const full = text.charAt(0).toUpperCase() + text.slice(1)
  return new ClientProblem(code, full.endsWith('.') ? full : `${full}.`, { cause })
}

class LiveClient implements ClientSource {
  readonly #client: LightClient
  readonly #config: ClientConfig
  readonly #listeners = new Set<() => void>()
  #facts: ClientFacts
  #hadPeers = false
  #hasFailed = false
  #witnessSamples: (readonly [peers: number, isWitnessed: boolean])[] = []

  constructor(client: LightClient, spec: ChainSpec, config: ClientConfig) {
    this.#client = client
    this.#config = config
    const { name, params } = spec
    this.#facts = { ...NO_FACTS, chain: { name, params, chainId: client.chainId }, phase: 'connecting' }
    client.on('head', (head) => this.#onHead(head))
    client.on('peer', () => this.#onPeers())
    client.on('phase', () => this.#set({}))
    client.on('error', (error) => this.#onError(error))
    client.on('trust', (trust) => this.#set({ trust }))
    client.on('warning', (warning) => this.#onWarning(warning))
    client.on('closed', () => this.#set({}))
  }

  /** Resolves with the first head, which may be the stored one, long before there is a network; or when starting failed. */
  async start(): Promise<void> {
    const started = this.#client.start()
    started.catch((cause: unknown) => this.#stop(problemOf(asProblem(cause))))
    const told = this.#client.whenHead().then(
      () => undefined,
      () => started,
    )
    await Promise.race([started, told])
  }

  get facts(): ClientFacts {
    return this.#facts
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  addresses(): Promise<readonly string[]> {
    return this.#client.addresses()
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  // ── Facts ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #set(change: Partial<ClientFacts>): void {
    const expired = this.#client.phase === 'stale'
    this.#facts = { ...this.#facts, phase: this.#phase(), committee: this.#client.committee, expired, ...change }
    for (const listener of this.#listeners) listener()
  }

  #phase(): Phase {
    const { phase, peers, head } = this.#client
    if (phase === 'halted' || phase === 'failed' || this.#hasFailed) return 'stopped'
    if (peers.length === 0) return this.#hadPeers ? 'offline' : 'connecting'
    if (phase === 'following') return 'following'
    return phase === 'waiting' && head === undefined ? 'connecting' : 'syncing'
  }

  #onHead(head: Head): void {
    const facts = this.#headFacts(head)
    const { height } = head.header
    const isStored = this.#facts.head === undefined && head.peer === undefined && height > 0n
    if (isStored) this.#set({ resumedHeight: height })
    // Another peer had the checkpoint's block after all.
    if (this.#facts.problem?.code === DOUBT) this.#set({ problem: undefined })
    this.#set({ head: facts, heads: [facts, ...this.#facts.heads].slice(0, HEADS_KEPT) })
    setTimeout(() => this.#countWitnesses(), WITNESS_DELAY_MS)
  }

  /** A delay says something only of blocks that came while we followed, one by one. */
  #headFacts(head: Head): HeadFacts {
    const { header, hash, cert, epoch, signedSeats, seats, verifiedAtMs, peer } = head
    const before = this.#facts.head
    const live = peer !== undefined && this.#client.phase === 'following'
    const next = before !== undefined && before.header.height + 1n === header.height
    const delayMs = live && next ? Math.max(0, verifiedAtMs - Number(header.timeMs)) : undefined
    return { header, hash, cert, epoch, seatsSigned: signedSeats, seatCount: seats, verifiedAtMs, delayMs }
  }

  /** The largest of the last few counts: between a head and its echo from the others a count is low for a moment. */
  #countWitnesses(): void {
    const { witnessCount: now, trust } = this.#client
    this.#witnessSamples = [[now, trust.isWitnessed] as const, ...this.#witnessSamples].slice(0, WITNESS_SAMPLES)
    const witnessCount = Math.max(...this.#witnessSamples.map(([peers]) => peers))
    const isWitnessed = this.#witnessSamples.some(([, witnessed]) => witnessed)
    const { facts } = this
    if (witnessCount !== facts.witnessCount || isWitnessed !== facts.isWitnessed)
      this.#set({ witnessCount, isWitnessed })
  }

  #onPeers(): void {
    const { peers } = this.#client
    this.#hadPeers ||= peers.length > 0
    if (peers.length === 0) this.#witnessSamples = []
    this.#set({ peers: peers.map(peerFacts), ...(peers.length === 0 ? { witnessCount: 0, isWitnessed: false } : {}) })
  }

  /** What could not be saved stops nothing; the light client's own phase says what does. */
  #onError(error: ClientError): void {
    this.#set({ problem: problemOf(asProblem(error)) })
  }

  /** Of what peers said only a doubt about the start is told: without a head there is nothing else to look at. */
  #onWarning({ code, sentence: text }: Warning): void {
    if (code === 'worker-unavailable') console.warn(text)
    if (code !== DOUBT || this.#facts.head !== undefined) return
    this.#set({ problem: problemOf(asProblem(new ClientProblem(code, text))) })
  }

  #stop(problem: Problem): void {
    this.#hasFailed = true
    this.#set({ problem })
  }

  // ── Verbs ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async balance(owner: Owner): Promise<BalanceFacts> {
    try {
      const { header, utxos } = await this.#client.unspent(owner)
      const { spendable, bound } = balanceOf(owner, utxos)
      return { owner, utxos, spendable, bound, height: header.height }
    } catch (cause) {
      throw asProblem(cause)
    }
  }

  async pay(
    wallet: Wallet,
    to: Owner,
    amount: bigint,
    report: (progress: PaymentProgress) => void,
    { topic }: PaymentOptions = {},
  ): Promise<ProofFacts> {
    const { engine, spec, chainId } = this.#client
    try {
      report({ stage: 'proving', txid: undefined, proof: undefined })
      const { header, utxos } = await this.#client.unspent(wallet.owner)
      const account = accountOf(engine.kernels, wallet.secretKey)
      const request = {
        ...{ account, utxos, to, amount, expiry: header.height + EXPIRY_BLOCKS },
        ...(topic === undefined ? {} : { topic: this.#topic(topic) }),
      }
      const { tx, txid } = buildPayment(engine.kernels, { chainId, params: spec.params }, request)
      report({ stage: 'signed', txid, proof: undefined })
      await this.#client.submit(tx, {
        onStatus: ({ kind }) => (kind === 'sent' ? report({ stage: 'sent', txid, proof: undefined }) : undefined),
      })
      const proof = await this.proveTransaction(txid)
      report({ stage: 'final', txid, proof })
      return proof
    } catch (cause) {
      throw asProblem(cause)
    }
  }

  async proveTransaction(txid: Uint8Array): Promise<ProofFacts> {
    try {
      const { bytes } = await this.#client.exportProof({ kind: 2, txid })
      return { ...(await this.inspect(bytes)), kind: 'transaction' }
    } catch (cause) {
      throw asProblem(cause)
    }
  }

  async watchTopic(
    name: string,
    { blocks, signal }: { readonly blocks: number; readonly signal: AbortSignal },
    report: (facts: TopicFacts) => void,
  ): Promise<void> {
    try {
      const topic = this.#topic(name)
      const { header } = await this.#client.whenHead(undefined, { signal })
      const from = header.height >= BigInt(blocks) ? header.height - BigInt(blocks) + 1n : 0n
      let entries: readonly TopicEntry[] = []
      let count = 0
      for await (const { end, transactions } of this.#client.watchTopic(topic, { from, signal })) {
        count += transactions.length
        entries = [...transactions.toReversed(), ...entries].slice(0, TOPIC_ENTRIES_KEPT)
        report({ topic, start: from, end, entries, count })
      }
    } catch (cause) {
      if (!signal.aborted) throw asProblem(cause)
    }
  }

  #topic(name: string): Uint8Array {
    return (/^[0-9a-f]{16}$/i.test(name) ? fromHex(name) : undefined) ?? topicOf(this.#client.engine.kernels, name)
  }

  inspect(file: Uint8Array): Promise<ProofFacts> {
    const { engine, spec } = this.#client
    const { checkpoint } = this.#config
    const provenHash = async (height: bigint): Promise<Uint8Array | undefined> => {
      const proven = await this.#client.header(height).catch(() => undefined)
      return proven && blockHash(engine.kernels, proven.header)
    }
    const verify = (bytes: Uint8Array, from: Checkpoint | undefined) =>
      this.#client.verifyProof(bytes, { checkpoint: from })
    return inspectProofFile({ engine, spec, checkpoint, verify, provenHash }, file)
  }
}

function peerFacts({ name, address, height }: PeerInfo): PeerFacts {
  const transport = address.includes('/p2p-circuit')
    ? 'relay'
    : address.includes('/webrtc-direct')
      ? 'webrtc-direct'
      : /\/wss?(\/|$)/.test(address)
        ? 'websocket'
        : 'other'
  return { name, address, transport, height }
}
