/**
 * Evidence that two final blocks conflict ([LC-5]), judged by someone who holds the committees of both heights. Such
 * evidence shows that more than a third of a committee broke the rules; it never says which block is the right one.
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result, type Verdict } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import { blockHash, type Header } from '../chain/header.ts'
import type { Engine } from '../crypto/engine.ts'
import { verifyCert, type CertCode, type CommitteeKeys } from './certificate.ts'
import { checkChain, checkFresh, type Chain, type Trusted, type TrustCode } from './trust.ts'

/** A header with a certificate, and the committee of its epoch as the caller knows it from his own chain. */
export interface Certified {
  readonly header: Header
  readonly cert: FinalityCert
  readonly committee: CommitteeKeys
}

export type ConflictCode =
  'evidence-heights' | 'evidence-same-block' | 'evidence-path' | 'conflict-history' | TrustCode | CertCode

export const CONFLICT_SENTENCES: Readonly<
  Record<'evidence-heights' | 'evidence-same-block' | 'evidence-path', string>
> = {
  'evidence-heights':
    'The headers have heights {first} and {second}, and such evidence needs {relation}; the evidence is void.',
  'evidence-same-block':
    'Both parts of the evidence name block {first} and must differ, got {second}; the evidence is void.',
  'evidence-path':
    'The history of header {height} does not hold {leaf} at height {leafHeight} under its root {expected}; the evidence is void.',
}

type Fault = Rejected<ConflictCode> | undefined

/** Accepted iff both headers are of one height, of different hashes, and validly certified. */
export function verifyHeightConflict(
  engine: Engine,
  chain: Chain,
  first: Certified,
  second: Certified,
): Result<void, ConflictCode> {
  const heights = { first: first.header.height, second: second.header.height, relation: 'one height' }
  if (heights.first !== heights.second) return rejected('evidence-heights', heights)
  const hashes = [first, second].map(({ header }) => blockHash(engine.kernels, header)) as [Hash32, Hash32]
  return (
    checkDiffer(hashes[0], hashes[1]) ??
    checkCertified(engine, chain, first) ??
    checkCertified(engine, chain, second) ??
    accepted(undefined)
  )
}

/** Accepted iff both are validly certified and the second's history holds `leaf`, another hash, at the first's height. */
export function verifyHistoryConflict(
  engine: Engine,
  chain: Chain,
  first: Certified,
  second: Certified,
  leaf: Hash32,
  path: Uint8Array,
): Result<void, ConflictCode> {
  const [low, high] = [first.header.height, second.header.height]
  if (low >= high) return rejected('evidence-heights', { first: low, second: high, relation: 'ascending heights' })
  return (
    checkDiffer(blockHash(engine.kernels, first.header), leaf) ??
    checkLeaf(engine, second.header, low, leaf, path) ??
    checkCertified(engine, chain, first) ??
    checkCertified(engine, chain, second) ??
    accepted(undefined)
  )
}

/**
 * A certified header below the trusted one is looked up in the trusted history: accepted if `genuine`, the header that
 * `path` proves at that height, is that block. If it is another, the chain is broken: `conflict-history`. All this only
 * while the trusted header is fresh and for genuine headers young enough ([LC-5]): keys given up long ago must not be able
 * to stop a client. A certificate is verified only where it would show a conflict.
 */
export function checkAgainstHistory(
  engine: Engine,
  chain: Chain,
  trusted: Trusted,
  past: Certified,
  genuine: { readonly header: Header; readonly path: Uint8Array },
  nowMs: bigint,
): Verdict<void, ConflictCode> {
  const { kernels } = engine
  const stale = checkFresh(chain, trusted.header, nowMs) ?? checkFresh(chain, genuine.header, nowMs)
  if (stale !== undefined) return stale
  const [low, high] = [past.header.height, trusted.header.height]
  if (low >= high || genuine.header.height !== low)
    return rejected('evidence-heights', { first: low, second: high, relation: 'a height below the trusted one' })
  const [pastHash, genuineHash] = [blockHash(kernels, past.header), blockHash(kernels, genuine.header)]
  const unproven = checkLeaf(engine, trusted.header, low, genuineHash, genuine.path)
  if (unproven !== undefined) return unproven
  if (equalBytes(pastHash, genuineHash)) return accepted(undefined)
  return (
    checkCertified(engine, chain, past) ??
    rejected('conflict-history', {
      height: high,
      got: toHex(trusted.hash),
      leaf: toHex(genuineHash),
      trustedHeight: low,
      trusted: toHex(pastHash),
    })
  )
}

const checkDiffer = (first: Hash32, second: Hash32): Fault =>
  equalBytes(first, second)
    ? rejected('evidence-same-block', { first: toHex(first), second: toHex(second) })
    : undefined

function checkLeaf({ kernels }: Engine, header: Header, leafHeight: bigint, leaf: Hash32, path: Uint8Array): Fault {
  const leafHash = leaf.length === 32 ? kernels.leafHash(leaf) : leaf
  const root = kernels.rootFromInclusion(leafHeight, header.height, leafHash, path)
  return root !== undefined && equalBytes(root, header.historyRoot)
    ? undefined
    : rejected('evidence-path', {
        height: header.height,
        leaf: toHex(leaf),
        leafHeight,
        expected: toHex(header.historyRoot),
      })
}

/** Of this chain, with the committee's valid certificate. What the header says of its committee plays no part. */
function checkCertified(engine: Engine, chain: Chain, { header, cert, committee }: Certified): Fault {
  const foreign = checkChain(chain, header)
  if (foreign !== undefined) return foreign
  const certified = verifyCert(engine, chain.params, chain.chainId, committee, header, cert)
  return certified.kind === 'rejected' ? certified : undefined
}
