/**
 * A client whose facts a test sets, for unit tests of the elements: what they show for which facts. That the facts are true
 * is the business of the light client's own tests and of test/e2e.
 */
import { concatBytes } from '../../src/base/bytes.ts'
import type { Committee, Label } from '../../src/chain/committee.ts'
import type { Header } from '../../src/chain/header.ts'
import { DEVNET_PARAMS } from '../../src/chain/params.ts'
import type { Trust } from '../../src/light/trust-meter.ts'
import {
  NO_FACTS,
  type BalanceFacts,
  type ClientFacts,
  type ClientSource,
  type HeadFacts,
  type PaymentProgress,
  type PaymentOptions,
  type ProofFacts,
  type TopicFacts,
  type Wallet,
} from '../../web/client/facts.ts'

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

export const PROOF: ProofFacts = {
  kind: 'transaction',
  title: 'Payment in block 7',
  ok: true,
  height: 7n,
  file: Uint8Array.of(1, 2, 3),
  steps: [
    { title: 'The transaction is in the block', detail: 'leaf 3 of 9', held: true },
    { title: 'The block is final', detail: '45 of 49 seats', held: true },
  ],
}

export class ScriptedClient implements ClientSource {
  facts: ClientFacts = { ...NO_FACTS, chain: { name: 'test', chainId: bytes(32, 9), params: DEVNET_PARAMS } }
  closed = false
  readonly #listeners = new Set<() => void>()

  /** What the verbs do; a test replaces them. */
  onBalance: (owner: Uint8Array) => Promise<BalanceFacts> = async (owner) => ({
    ...{ owner, utxos: [], spendable: 12_500_000n, bound: 0n, height: this.facts.head?.header.height ?? 0n },
  })
  onPay: (report: (progress: PaymentProgress) => void) => Promise<ProofFacts> = async () => PROOF
  onInspect: (file: Uint8Array) => Promise<ProofFacts> = async () => PROOF
  readonly paid: { wallet: Wallet; to: Uint8Array; amount: bigint; options: PaymentOptions | undefined }[] = []
  /** The topics that are being watched; a test reports to them. */
  readonly watches: { topic: string; blocks: number; signal: AbortSignal; report: (facts: TopicFacts) => void }[] = []
  onWatch: () => Promise<void> = () => new Promise(() => undefined)

  set(change: Partial<ClientFacts>): void {
    this.facts = { ...this.facts, ...change }
    for (const listener of this.#listeners) listener()
  }
  get listenerCount(): number {
    return this.#listeners.size
  }
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  balance(owner: Uint8Array): Promise<BalanceFacts> {
    return this.onBalance(owner)
  }
  pay(
    wallet: Wallet,
    to: Uint8Array,
    amount: bigint,
    report: (progress: PaymentProgress) => void,
    options?: PaymentOptions,
  ): Promise<ProofFacts> {
    this.paid.push({ wallet, to, amount, options })
    return this.onPay(report)
  }
  watchTopic(
    topic: string,
    { blocks, signal }: { readonly blocks: number; readonly signal: AbortSignal },
    report: (facts: TopicFacts) => void,
  ): Promise<void> {
    this.watches.push({ topic, blocks, signal, report })
    return this.onWatch()
  }
  proveTransaction(): Promise<ProofFacts> {
    return Promise.resolve(PROOF)
  }
  inspect(file: Uint8Array): Promise<ProofFacts> {
    return this.onInspect(file)
  }
  addresses(): Promise<readonly string[]> {
    return Promise.resolve([])
  }
  async close(): Promise<void> {
    this.closed = true
  }
}

const label = (text: string): Label => ({ bits: text.length, bytes: Uint8Array.of(parseInt(text.padEnd(8, '0'), 2)) })

/** A committee of `shards` of a full cube of `dimensions`, seven seats each. */
export function committeeOf(dimensions: number, shards: number, epoch = 3): Committee {
  const labels = Array.from({ length: 2 ** dimensions }, (_, index) => index.toString(2).padStart(dimensions, '0'))
  const member = { blsPk: bytes(48, 1), credential: bytes(32, 2), amount: 1n, drawEpoch: 1, seat: 0 }
  return {
    head: {
      ...{ epoch, f: 2, F: 2, aggregateKey: bytes(48, 3), draws: [] },
      cube: labels.map((text) => ({ label: label(text), seats: 16 })),
    },
    shards: labels.slice(0, shards).map((text) => ({ label: label(text), members: Array(7).fill(member) })),
  }
}

/** A head of epoch 3 whose certificate has the first `seatsSigned` of 49 bits. */
export function headAt(
  height: bigint,
  { nowMs = Date.now(), seatsSigned = 45, delayMs = 900, txCount = 2 } = {},
): HeadFacts {
  const hash = bytes(32, Number(height & 255n))
  const header: Header = {
    ...{ chainId: bytes(32, 9), height, round: 0, timeMs: BigInt(nowMs - delayMs), txCount, parent: bytes(32, 0) },
    ...{ parentCertHash: hash, seed: hash, txRoot: hash, stateRoot: hash, committeeRoot: hash },
    ...{ nextCommitteeRoot: hash, historyRoot: hash },
  }
  const bits = Array.from({ length: 56 }, (_, seat) => (seat < seatsSigned ? '1' : '0')).join('')
  const bitmap = concatBytes(...bits.match(/.{8}/g)!.map((eight) => Uint8Array.of(parseInt(eight, 2))))
  const cert = { height, round: 0, blockHash: hash, bitmap, signature: bytes(96, 4) }
  return { header, hash, cert, epoch: 3, seatsSigned, seatCount: 49, verifiedAtMs: nowMs, delayMs }
}

/** What the trust meter says of a head that `signedSeats` of 49 seats signed and three peers have. */
export const trustWith = (change: Partial<Trust> = {}): Trust => ({
  ...{ phase: 'following', freshness: 'fresh', height: 40n, ageMs: 1000n, trustLeftMs: 3_599_000n },
  ...{ trustPeriodMs: 3_600_000n, quietMs: 1000n, peerCount: 3, agreeingCount: 3, witnessCount: 2, networkCount: 2 },
  ...{
    isWitnessed: true,
    isLocal: false,
    conflictCount: 0,
    rejectedPeerCount: 0,
    sentence: 'verified, 1 s old, 3 peers',
  },
  weight: { signedSeats: 45, seats: 49, signedStake: 920n, stake: 1000n },
  ...change,
})

/** Facts of a client that follows with two peers: `count` heads up to `height`. */
export function followingAt(height: bigint, count = 12, nowMs = Date.now()): Partial<ClientFacts> {
  const heads = Array.from({ length: count }, (_, back) =>
    headAt(height - BigInt(back), {
      nowMs: nowMs - 1000 * back,
      delayMs: 700 + ((back * 137) % 600),
      seatsSigned: 49 - (back % 5),
    }),
  )
  const peer = (name: string) => ({
    ...{ name, address: `/ip4/127.0.0.1/udp/1/webrtc-direct/p2p/${name}`, transport: 'webrtc-direct', height },
  })
  return {
    phase: 'following',
    head: heads[0],
    heads,
    committee: committeeOf(4, 7),
    peers: [peer('a'), peer('b')],
    witnessCount: 2,
    isWitnessed: true,
    trust: trustWith(),
  }
}
