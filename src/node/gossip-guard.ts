/**
 * What gossipsub lets pass without a word, counted and bounded for each peer: floods of messages and control entries,
 * signatures that fail, frames above the limit, frames that do not decode.
 *
 * It stands between gossipsub's stream reader and its router: the three methods below are replaced on the instance. They
 * are looked for at the start, so that a gossipsub without them fails there and not silently.
 */
import { TokenBucket } from '../net/peer-account.ts'

interface Rpc {
  readonly messages?: readonly { readonly data?: Uint8Array }[]
  readonly subscriptions?: readonly unknown[]
  readonly control?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[] | undefined>>
}

/** The parts of gossipsub that are replaced. */
interface Router {
  handleReceivedRpc(from: { toString(): string }, rpc: Rpc): Promise<void>
  handlePeerReadStreamError(error: Error, peer: { toString(): string }): void
  decodeRpc(bytes: Uint8Array): Rpc
  readonly score: { rejectInvalidMessage(from: string, topic: string): void }
}

export interface GossipGuardWorld {
  isBanned(peer: string): boolean
  onFault(peer: string, reason: string): void
  onDrop(reason: string): void
}

/** Messages, message names and other entries of one peer in a second; a validator of a large chain stays well below. */
const ENTRIES_PER_SECOND = 1024
const ENTRY_BURST = 4096
const BYTES_PER_SECOND = 8 * 1024 * 1024
const BYTE_BURST = 32 * 1024 * 1024
const PEERS_MAX = 1024

export function guardGossip(pubsub: unknown, world: GossipGuardWorld): void {
  const router = pubsub as Router
  for (const name of ['handleReceivedRpc', 'handlePeerReadStreamError', 'decodeRpc'] as const)
    if (typeof router[name] !== 'function') throw new Error(`gossipsub has no ${name} to guard`)
  const budgets = new PeerBudgets()
  const handle = router.handleReceivedRpc.bind(router)
  router.handleReceivedRpc = async (from, rpc) => {
    const peer = from.toString()
    if (world.isBanned(peer)) return world.onDrop('banned')
    if (budgets.spend(peer, entryCount(rpc), byteCount(rpc))) return handle(from, rpc)
    world.onDrop('gossip-flood')
    world.onFault(peer, 'gossip-flood')
  }
  const readError = router.handlePeerReadStreamError.bind(router)
  router.handlePeerReadStreamError = (error, peer) => {
    if (/DataLength/.test(error.name)) world.onFault(peer.toString(), 'gossip-frame-too-large')
    readError(error, peer)
  }
  const decode = router.decodeRpc.bind(router)
  router.decodeRpc = (bytes) => {
    try {
      return decode(bytes)
    } catch (error) {
      world.onDrop('gossip-frame-malformed')
      throw error
    }
  }
  const reject = router.score.rejectInvalidMessage.bind(router.score)
  router.score.rejectInvalidMessage = (from, topic) => {
    world.onFault(from, 'gossip-not-signed')
    reject(from, topic)
  }
}

function entryCount({ messages = [], subscriptions = [], control = {} }: Rpc): number {
  let count = 1 + messages.length + subscriptions.length
  for (const entries of Object.values(control))
    for (const entry of entries ?? []) {
      const ids = entry['messageIDs']
      // Names of messages are cheap to look up, not free.
      count += 1 + (Array.isArray(ids) ? ids.length / 8 : 0)
    }
  return count
}

const byteCount = ({ messages = [] }: Rpc): number =>
  messages.reduce((sum, { data }) => sum + (data?.length ?? 0) + 256, 0)

class PeerBudgets {
  readonly #buckets = new Map<string, { readonly entries: TokenBucket; readonly bytes: TokenBucket }>()

  spend(peer: string, entries: number, bytes: number): boolean {
    const nowMs = performance.now()
    const known = this.#buckets.get(peer)
    const buckets = known ?? {
      entries: new TokenBucket(ENTRIES_PER_SECOND, ENTRY_BURST, nowMs),
      bytes: new TokenBucket(BYTES_PER_SECOND, BYTE_BURST, nowMs),
    }
    if (known === undefined) this.#remember(peer, buckets)
    // Both are taken from: a peer that is out of one does not save the other.
    const hasEntries = buckets.entries.take(entries, nowMs)
    return buckets.bytes.take(bytes, nowMs) && hasEntries
  }

  #remember(peer: string, buckets: { readonly entries: TokenBucket; readonly bytes: TokenBucket }): void {
    if (this.#buckets.size >= PEERS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!)
    this.#buckets.set(peer, buckets)
  }
}
