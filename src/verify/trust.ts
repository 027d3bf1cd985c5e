/** What a light client trusts, how it starts to, and when it no longer may ([LC-1]). */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, undecided, type Verdict } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import { blockHash, type Header } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { CommitteeKeys } from './certificate.ts'
import type { CompactCommittee } from './compact.ts'

/** The chain that is followed, and what its user allowed. */
export interface Chain {
  readonly params: ChainParams
  readonly chainId: Hash32
  /** Accept committees whose f or F is smaller than the chain's ([LC-3]). Refused unless true. */
  readonly weakCommitteesAllowed?: boolean
  /** D of a draw epoch as the follower's own headers have it ([LC-4]); undefined for those that it has not seen. */
  drawSeed?(epoch: number): Hash32 | undefined
}

/** A header that was verified, or that the user chose. */
export interface Trusted {
  readonly header: Header
  readonly hash: Hash32
  /** Of the header's epoch; undefined while it is not known, as after a bare checkpoint or a compact hop. */
  readonly committee: CommitteeKeys | undefined
  /** The form that `cert` was verified with, where it was a compact one and the full one is not known ([LC-4c]). */
  readonly compact?: CompactCommittee
  readonly cert?: FinalityCert
}

export interface Checkpoint {
  readonly height: bigint
  readonly hash: Hash32
}

export type TrustCode = 'trust-expired' | 'checkpoint-height' | 'checkpoint-hash' | 'header-chain'

export const TRUST_SENTENCES: Readonly<Record<TrustCode, string>> = {
  'trust-expired':
    'The trusted header of height {height} is {ageMs} ms old and this chain trusts one for {trustPeriodMs} ms; get a fresh checkpoint from a source you trust.',
  'checkpoint-height':
    'The header has height {got} and the checkpoint names height {expected}; check the checkpoint, or ask another peer.',
  'checkpoint-hash':
    'The header of height {height} has the hash {got} and the checkpoint says {expected}; check the checkpoint, or ask another peer.',
  'header-chain':
    'The header belongs to chain {got} and this client follows {expected}; check the chain spec, or ask another peer.',
}

/** How old `header` is, with a clock that lags behind it counted as being at it. */
export function ageMs(header: Pick<Header, 'timeMs'>, nowMs: bigint): bigint {
  return nowMs > header.timeMs ? nowMs - header.timeMs : 0n
}

/** [LC-1] */
export function isStale(
  params: Pick<ChainParams, 'trustPeriodMs'>,
  header: Pick<Header, 'timeMs'>,
  nowMs: bigint,
): boolean {
  return ageMs(header, nowMs) > BigInt(params.trustPeriodMs)
}

/** `trust-expired` if `header` is stale. Nobody's fault, so never a rejection. */
export function checkFresh({ params }: Chain, header: Header, nowMs: bigint) {
  const { trustPeriodMs } = params
  return isStale(params, header, nowMs)
    ? undecided('trust-expired' as const, { height: header.height, ageMs: ageMs(header, nowMs), trustPeriodMs })
    : undefined
}

export const checkChain = ({ chainId }: Chain, header: Header) =>
  equalBytes(header.chainId, chainId)
    ? undefined
    : rejected('header-chain' as const, { got: toHex(header.chainId), expected: toHex(chainId) })

/** Trust in the header that a user's or app's checkpoint names. Its committee becomes known by the first update. */
export function trustCheckpoint(
  kernels: Kernels,
  chain: Chain,
  checkpoint: Checkpoint,
  header: Header,
  nowMs: bigint,
): Verdict<Trusted, TrustCode> {
  const hash = blockHash(kernels, header)
  if (header.height !== checkpoint.height)
    return rejected('checkpoint-height', { got: header.height, expected: checkpoint.height })
  if (!equalBytes(hash, checkpoint.hash))
    return rejected('checkpoint-hash', {
      height: header.height,
      got: toHex(hash),
      expected: toHex(checkpoint.hash),
    })
  return (
    checkChain(chain, header) ?? checkFresh(chain, header, nowMs) ?? accepted({ header, hash, committee: undefined })
  )
}
