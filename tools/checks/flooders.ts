/**
 * Peers that send what no honest peer sends, as fast as they are read. Each kind goes on under a new identity when it was
 * cut off, and counts what it got rid of. They run in a process of their own (flood-process.ts).
 */
import { randomBytes } from 'node:crypto'
import type { Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { concatBytes, u16, u32, u64 } from '../../src/base/bytes.ts'
import type { ChainParams } from '../../src/chain/params.ts'
import { encodeMessage, messageBytesMax } from '../../src/consensus/messages.ts'
import { writeFrame } from '../../src/net/frames.ts'
import { createHost, type Host } from '../../src/net/host.ts'
import { protocolPath } from '../../src/net/protocol-path.ts'
import { gossipOptions } from '../../src/node/gossip.ts'

export interface Flood {
  readonly chainId: Uint8Array
  readonly params: ChainParams
  /** Addresses of the validators. */
  readonly targets: readonly string[]
  readonly counts: FloodCounts
  readonly isOver: () => boolean
  /** About the height that the chain is at. */
  readonly height: () => bigint
}

export interface FloodCounts {
  messages: number
  bytes: number
  identities: number
  /** Identities whose connection the target ended. */
  cutOff: number
  /** By kind. */
  readonly byKind: Record<string, number>
}

/** Sends one burst on `host` to the peer; throws when it is cut off. */
type Burst = (flood: Flood, host: Host, peer: string, count: (bytes: number) => void) => Promise<void>

const BURST = 64
const SEND_TIMEOUT_MS = 5000
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

const stream = (flood: Flood, host: Host, peer: string, name: string) =>
  host.dialProtocol(peerIdFromString(peer), protocolPath(flood.chainId, name), {
    signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
  })

/** Many frames on one stream after a hello without keys. */
const direct =
  (make: (flood: Flood) => Uint8Array): Burst =>
  async (flood, host, peer, count) => {
    const out = await stream(flood, host, peer, 'validators')
    await writeFrame(out, u16(0), AbortSignal.timeout(SEND_TIMEOUT_MS))
    for (let sent = 0; sent < BURST && out.status === 'open'; sent++) {
      const bytes = make(flood)
      await writeFrame(out, bytes, AbortSignal.timeout(SEND_TIMEOUT_MS))
      count(bytes.length)
    }
    await out.close({ signal: AbortSignal.timeout(SEND_TIMEOUT_MS) })
  }

/** Requests, each on a stream of its own that is reset before anybody reads the answer. */
const requests =
  (name: string, make: (flood: Flood) => Uint8Array): Burst =>
  async (flood, host, peer, count) => {
    const streams: Stream[] = []
    try {
      for (let sent = 0; sent < 8; sent++) {
        const out = await stream(flood, host, peer, name)
        streams.push(out)
        const bytes = make(flood)
        await writeFrame(out, bytes, AbortSignal.timeout(SEND_TIMEOUT_MS))
        count(bytes.length)
      }
    } finally {
      for (const out of streams) out.abort(new Error('next'))
    }
  }

const voteMessage = (height: bigint, round: number): Uint8Array => {
  const entries = [{ seat: randomBytes(1)[0]! % 49, signature: random(96) }]
  return encodeMessage({ kind: 'votes', type: 1, height, round, hash: random(32), entries })
}

/** A whole message of the chain, the same again and again. */
const replayed = voteMessage(1n, 0)

export const KINDS: Readonly<Record<string, Burst>> = {
  'garbage-direct': direct(() => random(200)),
  'large-direct': direct(({ params }) =>
    concatBytes(new Uint8Array([5]), u32(1_000_000), random(Math.min(1_000_000, messageBytesMax(params) - 8))),
  ),
  'replayed-direct': direct(() => replayed),
  'future-direct': direct(({ height }) => voteMessage(height() + 1n + BigInt(randomBytes(1)[0]!), randomBytes(1)[0]!)),
  'rounds-direct': direct(({ height }) => voteMessage(height(), 1 + (randomBytes(1)[0]! % 63))),
  oversized: async (flood, host, peer, count) => {
    for (const name of ['validators', 'status', 'submit']) {
      const out = await stream(flood, host, peer, name)
      out.send(concatBytes(u32(0xffff_ffff), random(1000)))
      count(1004)
    }
  },
  hellos: async (flood, host, peer, count) => {
    const hello = concatBytes(u16(64), random(64 * 144))
    for (let sent = 0; sent < 8; sent++) {
      const out = await stream(flood, host, peer, 'validators')
      await writeFrame(out, hello, AbortSignal.timeout(SEND_TIMEOUT_MS))
      count(hello.length)
      await out.close({ signal: AbortSignal.timeout(SEND_TIMEOUT_MS) })
    }
  },
  'garbage-requests': requests('proof', () => random(40)),
  'topic-requests': requests('proof', ({ height }) => {
    const end = height() > 1n ? height() - 1n : 1n
    const start = end > 256n ? end - 256n : 0n
    return concatBytes(new Uint8Array([4]), u64(end), u64(start), u64(end), new Uint8Array([64]), random(8))
  }),
  'status-requests': requests('status', () => new Uint8Array(0)),
  'gossip-garbage': gossip('agreement', () => random(300)),
  'gossip-replayed': gossip('agreement', () => replayed),
  'gossip-future': gossip('agreement', ({ height }) => voteMessage(height() + 5n, 3)),
  // The form of a double vote, by nobody who votes.
  'gossip-double-votes': gossip('double-votes', ({ height }) =>
    concatBytes(new Uint8Array([1]), random(16 + 48), new Uint8Array([1]), u64(height()), u32(0), random(256), u16(0)),
  ),
  'gossip-transactions': gossip('transactions', () => random(500)),
  'gossip-frames': async (_flood, host, peer, count) => {
    const out = await host.dialProtocol(peerIdFromString(peer), '/meshsub/1.1.0')
    for (let sent = 0; sent < BURST && out.status === 'open'; sent++) {
      const body = random(120)
      if (!out.send(concatBytes(new Uint8Array([body.length]), body)))
        await out.onDrain({ signal: AbortSignal.timeout(SEND_TIMEOUT_MS) })
      count(body.length)
    }
    out.abort(new Error('next'))
  },
}

function gossip(topic: string, make: (flood: Flood) => Uint8Array): Burst {
  return async (flood, host, _peer, count) => {
    for (let sent = 0; sent < BURST; sent++) {
      const bytes = make(flood)
      await host.services.pubsub.publish(protocolPath(flood.chainId, topic), bytes)
      count(bytes.length)
    }
    // Publishing does not wait for the other side; a moment, so that we notice when it hangs up.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** One kind of flood against one target until the flood is over. */
export async function floodOne(flood: Flood, kind: string, target: string): Promise<void> {
  while (!flood.isOver()) {
    const host = await createHost({ webrtc: false, gossip: gossipOptions(flood.chainId, flood.params, true) })
    flood.counts.identities++
    try {
      await runIdentity(flood, kind, host, target)
    } finally {
      await host.stop()
    }
  }
}

async function runIdentity(flood: Flood, kind: string, host: Host, target: string): Promise<void> {
  const { counts } = flood
  const peer = target.slice(target.lastIndexOf('/') + 1)
  const count = (bytes: number): void => {
    counts.messages++
    counts.bytes += bytes
    counts.byKind[kind] = (counts.byKind[kind] ?? 0) + 1
  }
  let isConnected = false
  let refusals = 0
  while (!flood.isOver() && refusals < 3) {
    try {
      const connection = await host.dial(multiaddr(target), { signal: AbortSignal.timeout(SEND_TIMEOUT_MS) })
      isConnected = true
      while (!flood.isOver() && connection.status === 'open')
        await KINDS[kind]!(flood, host, peer, count).catch(() => new Promise((resolve) => setTimeout(resolve, 20)))
    } catch {
      // Refused. Cut off once and refused on dialling again: this identity is done for.
    }
    refusals++
  }
  if (isConnected && !flood.isOver()) counts.cutOff++
}
