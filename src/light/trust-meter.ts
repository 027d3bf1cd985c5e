/**
 * What the user may rely on right now, and on whose word: one value, computed from what the machine knows, and one sentence.
 *
 * Proof and freshness are two things. *Proof*: a committee's quorum signed the head; that stays true. *Freshness*: whether
 * it is still the newest; nobody can prove that, it can only be asked of several peers ([LC-5], [LC-7]). A *witness* is an
 * independent source that was seen to have the head's block: a connected peer in another network than the peer that brought
 * it (light/network-group.ts), for a second identity costs nothing. Two peers in one network are one witness.
 */
import { bitAt } from '../base/bytes.ts'
import { committeeSeatCount, type Committee } from '../chain/committee.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import type { Header } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import type { PeerName } from '../ports/network.ts'
import type { LightPhase } from './contract.ts'
import { isLocalAddress, networkGroup, sourceOf } from './network-group.ts'

export interface TrustFacts {
  readonly params: Pick<ChainParams, 'trustPeriodMs' | 'blockTimeMs' | 'clockDriftMsMax'>
  readonly phase: LightPhase
  readonly head: { readonly header: Header; readonly cert?: FinalityCert } | undefined
  /** Of the head's epoch, where known. */
  readonly committee: Committee | undefined
  /** Who brought the head, also where it is gone since; undefined for a stored one and for genesis. */
  readonly bringer: Pick<TrustPeer, 'name' | 'address'> | undefined
  /** Device time at which the head was accepted in this session; undefined while there was none. */
  readonly advancedMs: bigint | undefined
  readonly peers: readonly TrustPeer[]
  /** Pairs of final blocks that were seen to conflict. */
  readonly conflictCount: number
  /** Peers that sent something provably wrong, those remembered from earlier sessions included. */
  readonly rejectedPeerCount: number
}

export interface TrustPeer {
  readonly name: PeerName
  /** The multiaddr it was reached at; empty if unknown. */
  readonly address: string
  /** The highest height at which it was seen to have our block. */
  readonly agreedHeight: bigint | undefined
}

/**
 * `fresh`: younger than a few blocks. `quiet`: peers are there and none has had anything newer. `alone`: nobody to ask.
 * `stale`: older than the trust period ([LC-1]). `none`: there is no head yet.
 */
export type Freshness = 'fresh' | 'quiet' | 'alone' | 'stale' | 'none'

export interface CertificateWeight {
  /** Seats that signed the head, of the committee's seats. */
  readonly signedSeats: number
  readonly seats: number
  /** Stake of the credentials with at least one seat that signed, of all credentials in the committee, in micro-units. */
  readonly signedStake: bigint
  readonly stake: bigint
}

export interface Trust {
  readonly phase: LightPhase
  readonly freshness: Freshness
  readonly height: bigint | undefined
  /** Age of the head by the device clock; undefined without a head. */
  readonly ageMs: bigint | undefined
  /** How long the head may still be trusted; 0 when it is stale. */
  readonly trustLeftMs: bigint | undefined
  readonly trustPeriodMs: bigint
  /** How long there has been nothing newer; undefined before the first head of this session. */
  readonly quietMs: bigint | undefined
  /** Of the head's certificate; undefined for genesis and while the committee is not known. */
  readonly weight: CertificateWeight | undefined
  readonly peerCount: number
  /** Connected peers seen to have the head's block, the one that brought it included. */
  readonly agreeingCount: number
  /**
   * Independent sources seen to have the head's block, the one that brought it apart: other networks, or on private networks
   * other hosts and ports. Of a stored head and genesis nobody knows who brought them, so the first source counts as that.
   */
  readonly witnessCount: number
  /** Networks that the agreeing peers are in: many peers of one network may be one operator. */
  readonly networkCount: number
  /** False is to be shown: only one source says that this is the newest head, or none. */
  readonly isWitnessed: boolean
  /** All agreeing peers are of this machine or of a private network: whether they are independent, their addresses cannot tell. */
  readonly isLocal: boolean
  readonly conflictCount: number
  readonly rejectedPeerCount: number
  /** All of it in a line for a person. */
  readonly sentence: string
}

/** A head is fresh for so many block times, and at least for so long. */
const FRESH_BLOCKS = 5n
const FRESH_MS_MIN = 10_000n

export function assessTrust(facts: TrustFacts, nowMs: bigint): Trust {
  const { head, params, phase } = facts
  const ageMs = head && since(head.header.timeMs, nowMs)
  const trustPeriodMs = BigInt(params.trustPeriodMs)
  const height = head?.header.height
  const agreeing = facts.peers.filter(({ agreedHeight }) => height !== undefined && (agreedHeight ?? -1n) >= height)
  const witnessCount = witnessesOf(facts.bringer, agreeing)
  const trust = {
    phase,
    freshness: freshnessOf(facts, ageMs),
    height,
    ageMs,
    trustLeftMs: ageMs === undefined ? undefined : ageMs > trustPeriodMs ? 0n : trustPeriodMs - ageMs,
    trustPeriodMs,
    quietMs: facts.advancedMs === undefined ? undefined : since(facts.advancedMs, nowMs),
    weight: weightOf(head?.cert, facts.committee),
    peerCount: facts.peers.length,
    agreeingCount: agreeing.length,
    witnessCount,
    networkCount: new Set(agreeing.map(({ address }) => networkGroup(address))).size,
    isWitnessed: witnessCount > 0,
    isLocal: agreeing.length > 0 && agreeing.every(({ address }) => isLocalAddress(address)),
    conflictCount: facts.conflictCount,
    rejectedPeerCount: facts.rejectedPeerCount,
  }
  const aheadMs = head === undefined ? 0n : head.header.timeMs - nowMs
  const isBehind = aheadMs > BigInt(params.clockDriftMsMax) && trust.freshness !== 'stale'
  const said = trustSentence(trust, freshMsOf(params))
  // A head that was accepted while the clock was right: its age cannot be told by this one.
  return {
    ...trust,
    sentence: isBehind ? `${said}; this device's clock is ${durationText(aheadMs)} behind it: set it` : said,
  }
}

/** A peer whose address is not known is its own word and nobody's witness. */
function witnessesOf(bringer: TrustFacts['bringer'], agreeing: readonly TrustPeer[]): number {
  const known = agreeing.filter(({ name, address }) => address !== '' && name !== bringer?.name)
  const sources = new Set(known.map(({ address }) => sourceOf(address)))
  if (bringer === undefined) return Math.max(0, sources.size - 1)
  sources.delete(sourceOf(bringer.address))
  return bringer.address === '' ? Math.max(0, sources.size - 1) : sources.size
}

/** A clock behind the block counts as being at it ([LC-1]). */
const since = (thenMs: bigint, nowMs: bigint): bigint => (nowMs > thenMs ? nowMs - thenMs : 0n)

function freshnessOf({ head, params, phase, peers }: TrustFacts, ageMs: bigint | undefined): Freshness {
  if (head === undefined || ageMs === undefined) return 'none'
  if (phase === 'stale' || ageMs > BigInt(params.trustPeriodMs)) return 'stale'
  if (peers.length === 0) return 'alone'
  return ageMs <= freshMsOf(params) ? 'fresh' : 'quiet'
}

function freshMsOf({ blockTimeMs }: TrustFacts['params']): bigint {
  const freshMs = FRESH_BLOCKS * BigInt(blockTimeMs)
  return freshMs > FRESH_MS_MIN ? freshMs : FRESH_MS_MIN
}

function weightOf(cert: FinalityCert | undefined, committee: Committee | undefined): CertificateWeight | undefined {
  if (cert === undefined || committee === undefined) return undefined
  const seats = committeeSeatCount(committee.head)
  const all = new Map<string, bigint>()
  const signed = new Map<string, bigint>()
  let signedSeats = 0
  for (const [index, { credential, amount }] of committee.shards.flatMap(({ members }) => members).entries()) {
    const name = credential.join()
    all.set(name, amount)
    if (bitAt(cert.bitmap, index) === 0) continue
    signedSeats++
    signed.set(name, amount)
  }
  const sum = (amounts: ReadonlyMap<string, bigint>) => [...amounts.values()].reduce((total, one) => total + one, 0n)
  return { signedSeats, seats, signedStake: sum(signed), stake: sum(all) }
}

/** What two values differ in for a person: everything but the ages. The event is for these. */
export function trustKey(trust: Trust): string {
  const { phase, freshness, height, agreeingCount, witnessCount, networkCount, conflictCount, rejectedPeerCount } =
    trust
  return [
    ...[phase, freshness, height, trust.peerCount, agreeingCount, witnessCount, networkCount],
    ...[trust.isLocal, conflictCount, rejectedPeerCount],
  ].join()
}

// ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function trustSentence(trust: Omit<Trust, 'sentence'>, freshMs: bigint): string {
  if (trust.phase === 'halted') return 'stopped: two final blocks conflict, the chain is broken'
  if (trust.phase === 'failed') return 'stopped: the chain or the checkpoint cannot be followed'
  const { ageMs, quietMs } = trust
  if (ageMs === undefined) return 'nothing is verified yet'
  const age = durationText(ageMs)
  switch (trust.freshness) {
    case 'none':
      return 'nothing is verified yet'
    case 'stale':
      return `too old to rely on: the newest verified block is ${age} old and ${durationText(trust.trustPeriodMs)} are allowed; get a fresh checkpoint`
    case 'alone':
      return `verified, ${age} old, and no peer is connected: there may be newer blocks`
    case 'quiet':
      // Old, and yet it only just came: catching up, a chain that stood still, or a clock that is ahead.
      if (quietMs !== undefined && quietMs <= freshMs)
        return `verified, ${age} old, the newest that any peer has had so far${unwitnessed(trust)}`
      return `verified, ${age} old, but no peer has had anything newer for ${durationText(quietMs ?? ageMs)}${unwitnessed(trust)}`
    case 'fresh':
      return `verified, ${age} old, ${countText(trust.agreeingCount, 'peer')}${whereText(trust)}${unwitnessed(trust)}`
  }
}

const unwitnessed = ({ isWitnessed, agreeingCount }: Pick<Trust, 'isWitnessed' | 'agreeingCount'>): string => {
  if (isWitnessed) return ''
  return agreeingCount > 1
    ? ', unwitnessed: nobody in another network was seen to have it'
    : ', unwitnessed: no second peer was seen to have it'
}

function whereText({ agreeingCount, networkCount, isLocal }: Omit<Trust, 'sentence'>): string {
  if (agreeingCount < 2) return ''
  return isLocal ? ' on private networks' : ` in ${countText(networkCount, 'network')}`
}

const countText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** `4 s`, `2 min`, `3 h`, `5 d`: rounded down to one unit. */
export function durationText(ms: bigint): string {
  const units = [
    ['d', 86_400_000n],
    ['h', 3_600_000n],
    ['min', 60_000n],
  ] as const
  for (const [unit, size] of units) if (ms >= (unit === 'min' ? size : 2n * size)) return `${ms / size} ${unit}`
  return `${ms / 1000n} s`
}
