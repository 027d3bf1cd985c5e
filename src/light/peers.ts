/**
 * What the light client knows of each peer, and in which order it asks them ([LC-7]): a peer that sent something provably
 * wrong is dropped and remembered; one that is slow, refuses or hangs up is only moved down.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Prng } from '../base/prng.ts'
import type { PeerName } from '../ports/network.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import { BANNED_COUNT_MAX, type Ban } from './saved-state.ts'

/** Peers held at once; further ones are hung up on. */
export const PEER_COUNT_MAX = 32
/** How long a peer that sent something provably wrong is remembered: its operator may have mended it by then. Chain time. */
export const BAN_MS = 86_400_000n
const REST_STEP_MS = 2_000n
const REST_MS_MAX = 60_000n

export interface Peer {
  readonly name: PeerName
  /** Its newest claimed head, and the hash of that. Not verified. */
  claim: { readonly head: CertifiedHeader; readonly hash: Uint8Array } | undefined
  /** The highest height at which it was seen to have our block. */
  agreedHeight: bigint | undefined
  /** Failures that prove nothing (timeouts, refusals, resets) since the last success. */
  failures: number
  /** Not asked before this time. */
  restUntilMs: bigint
  statusAskedMs: bigint | undefined
  /** The open follow stream, and the height that its next frame starts from. */
  stream: { readonly id: string; height: bigint } | undefined
  /** Updates of this peer that wait for verification. */
  queuedCount: number
}

export class PeerTable {
  readonly #peers = new Map<PeerName, Peer>()
  /** Oldest first, at most BANNED_COUNT_MAX. */
  #banned: readonly Ban[] = []
  readonly #prng: Prng

  constructor(prng: Prng) {
    this.#prng = prng
  }

  restoreBanned(bans: readonly Ban[]): void {
    for (const { name, atMs } of bans) this.ban(name, atMs)
  }

  get banned(): readonly Ban[] {
    return this.#banned
  }

  /** `atMs`: time of the trusted head, 0 while there is none: it counts from the first one then. */
  ban(name: PeerName, atMs: bigint): void {
    if (!this.isBanned(name)) this.#banned = [...this.#banned, { name, atMs }].slice(-BANNED_COUNT_MAX)
  }

  isBanned(name: PeerName): boolean {
    return this.#banned.some((ban) => ban.name === name)
  }

  /** The chain has come to `headMs`: what was long ago by that is forgiven. No clock of the device can do so. */
  forgive(headMs: bigint): void {
    if (this.#banned.length === 0) return
    this.#banned = this.#banned
      .filter(({ atMs }) => atMs === 0n || headMs <= atMs + BAN_MS)
      .map((ban) => (ban.atMs === 0n ? { ...ban, atMs: headMs } : ban))
  }

  /** The new peer; undefined when it is known already or the table is full. */
  add(name: PeerName): Peer | undefined {
    if (this.#peers.has(name) || this.#peers.size >= PEER_COUNT_MAX) return undefined
    const peer: Peer = {
      name,
      claim: undefined,
      agreedHeight: undefined,
      failures: 0,
      restUntilMs: 0n,
      statusAskedMs: undefined,
      stream: undefined,
      queuedCount: 0,
    }
    this.#peers.set(name, peer)
    return peer
  }

  get(name: PeerName): Peer | undefined {
    return this.#peers.get(name)
  }

  remove(name: PeerName): void {
    this.#peers.delete(name)
  }

  get all(): readonly Peer[] {
    return [...this.#peers.values()]
  }

  byStream(streamId: string): Peer | undefined {
    return this.all.find(({ stream }) => stream?.id === streamId)
  }

  /** Peers that may be asked now, those that failed least first, in random order among equals. */
  ranked(nowMs: bigint, wanted: (peer: Peer) => boolean = () => true): readonly Peer[] {
    const usable = this.all.filter((peer) => peer.restUntilMs <= nowMs && wanted(peer))
    return this.#prng.shuffled(usable).sort((a, b) => a.failures - b.failures)
  }

  /** A peer did not do what it was asked, and it proves nothing: let it rest, longer each time. */
  moveDown(peer: Peer, nowMs: bigint): void {
    peer.failures++
    const restMs = REST_STEP_MS * 2n ** BigInt(Math.min(peer.failures - 1, 10))
    peer.restUntilMs = nowMs + (restMs < REST_MS_MAX ? restMs : REST_MS_MAX)
  }

  moveUp(peer: Peer): void {
    peer.failures = 0
    peer.restUntilMs = 0n
  }

  /** How many peers were seen to have our block at `height`. */
  agreeing(height: bigint): number {
    return this.all.filter(({ agreedHeight }) => agreedHeight !== undefined && agreedHeight >= height).length
  }

  highestClaim(): bigint {
    return this.all.reduce(
      (highest, { claim }) => (claim && claim.head.header.height > highest ? claim.head.header.height : highest),
      0n,
    )
  }
}

/** Whether a peer's claim is the block `hash`. */
export const claims = (peer: Peer, hash: Uint8Array): boolean =>
  peer.claim !== undefined && equalBytes(peer.claim.hash, hash)
