/** How much a reader may rely on what the page shows, in honest words. Pure: time is an argument. */
import type { ClientFacts } from './facts.ts'

export type TrustLevel =
  'starting' | 'connecting' | 'syncing' | 'verified' | 'unwitnessed' | 'stale' | 'offline' | 'expired' | 'stopped'

export interface Trust {
  readonly level: TrustLevel
  /** One or two words for a badge. */
  readonly word: string
  /** One sentence that says what that means for the reader. */
  readonly sentence: string
}

/** Silence of a head, in block times and at least in milliseconds, after which it is called stale. */
export const STALE_BLOCKS = 10
export const STALE_MS_MIN = 10_000

/** Milliseconds without a new block after which a head counts as stale. */
export function staleAfterMs(facts: ClientFacts): number {
  return Math.max(STALE_BLOCKS * (facts.chain?.params.blockTimeMs ?? 1000), STALE_MS_MIN)
}

/** Age of the head by its own time stamp, never negative; undefined without a head. */
export function headAgeMs(facts: ClientFacts, nowMs: number): number | undefined {
  if (facts.head === undefined) return undefined
  return Math.max(0, nowMs - Number(facts.head.header.timeMs))
}

export function trustOf(facts: ClientFacts, nowMs: number): Trust {
  const height = facts.head?.header.height
  const shown = height === undefined ? 'Nothing has been verified yet.' : `What you see was final at block ${height}.`
  if (facts.phase === 'stopped')
    return { level: 'stopped', word: 'Stopped', sentence: facts.problem?.sentence ?? `The client is closed. ${shown}` }
  if (facts.head === undefined && facts.problem !== undefined)
    return { level: 'stopped', word: 'Cannot start', sentence: facts.problem.sentence }
  if (facts.expired)
    return {
      level: 'expired',
      word: 'Too old to trust',
      sentence: `${shown} That is longer ago than the chain's trust period: a fresh checkpoint is needed.`,
    }
  if (facts.phase === 'starting')
    return { level: 'starting', word: 'Starting', sentence: `Loading the verifier. ${shown}` }
  if (facts.phase === 'connecting')
    return { level: 'connecting', word: 'Connecting', sentence: `No peer has answered yet. ${shown}` }
  if (facts.phase === 'offline')
    return {
      level: 'offline',
      word: 'Offline',
      sentence: `No peer can be reached. ${shown} It may have changed since.`,
    }
  if (facts.phase === 'syncing')
    return { level: 'syncing', word: 'Catching up', sentence: `Verifying the blocks since the last visit. ${shown}` }
  return following(facts, nowMs, shown)
}

/** Several identities in one network may be one operator, so they are no more than one peer. */
function unwitnessed({ witnessCount }: ClientFacts): Trust {
  const isOne = witnessCount < 2
  const who = isOne ? 'one peer has' : `${witnessCount} peers of one network have`
  return {
    level: 'unwitnessed',
    word: isOne ? 'Verified, one peer' : 'Verified, one network',
    sentence: `This device checked the last block. So far ${who} shown it: ${isOne ? 'it' : 'they'} cannot forge a block, but could hide newer ones.`,
  }
}

/** How long nothing newer was seen, in words. */
function silence(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`
}

/** Where this visit began, if it went on from what an earlier one had verified. */
const resumed = ({ resumedHeight }: ClientFacts): string =>
  resumedHeight === undefined ? '' : ` It went on from block ${resumedHeight}, verified on an earlier visit.`

function following(facts: ClientFacts, nowMs: number, shown: string): Trust {
  const ageMs = headAgeMs(facts, nowMs)
  if (ageMs === undefined) return { level: 'syncing', word: 'Catching up', sentence: shown }
  if (ageMs > staleAfterMs(facts))
    return {
      level: 'stale',
      word: 'Stale',
      sentence: `Verified, but no peer has had anything newer for ${silence(ageMs)}. ${shown} It may have changed since.`,
    }
  if (!facts.isWitnessed) return unwitnessed(facts)
  return {
    level: 'verified',
    word: 'Verified',
    sentence: `This device checked the certificate of each block shown; ${facts.witnessCount} peers have the same head and none contradicts it.${resumed(facts)}`,
  }
}
