/**
 * Whether a light client accepts a header (§9): one-question predicates, then one ordered checklist.
 *
 * Attack: every byte of an update may be hostile. Cheap questions come before dear ones; a committee is hashed only if its
 * epoch fits, audited only under a certified root; one pairing check comes after all that needs none. A header ahead of
 * the clock is judged in full first, so a forged one is rejected and not kept for later.
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, undecided, type Rejected, type Result, type Verdict } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import type { Committee, CommitteeHead } from '../chain/committee.ts'
import { blockHash, type Header } from '../chain/header.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { BlsKey, SignedMessage } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { auditContent } from '../cube/audit.ts'
import { committeeRoot } from '../cube/committee.ts'
import type { Kernels } from '../kernels/contract.ts'
import {
  checkCertForm,
  checkCertShape,
  claimUnder,
  committeeKeys,
  signersKey,
  verifyClaim,
  type CertCode,
  type CommitteeKeys,
} from './certificate.ts'
import { compactKey, type CompactCode, type CompactCommittee } from './compact.ts'
import { checkChain, checkFresh, type Chain, type Trusted, type TrustCode } from './trust.ts'

/** One untrusted step: a header of the trusted epoch ([LC-2]) or of the next ([LC-3]). */
export interface Update {
  readonly header: Header
  readonly cert: FinalityCert
  /** RFC 9162 inclusion path of leaf trusted.height in the new header's history. */
  readonly historyPath: Uint8Array
  /** The hash that the path proves at that leaf, when the sender says that it is not the trusted one ([LC-5]). */
  readonly historyLeaf?: Hash32
  /** Full committee of the header's epoch: needed unless the trusted one is of that epoch and known. */
  readonly committee?: Committee
  /** Or its compact form ([LC-4c]). */
  readonly compact?: CompactCommittee
}

export type LightCode =
  | 'header-height'
  | 'header-epoch'
  | 'header-committee-root'
  | 'header-next-committee-root'
  | 'header-time'
  | 'header-future'
  | 'committee-missing'
  | 'committee-epoch'
  | 'committee-weak'
  | 'committee-root'
  | 'audit-draw-seed'
  | 'history-path'
  | 'conflict-height'
  | 'conflict-history'

export const LIGHT_SENTENCES: Readonly<Record<LightCode, string>> = {
  'header-height': 'The header has height {got}, below the trusted height {trusted}; ask for a newer one.',
  'header-epoch':
    'The header is of epoch {got} and from epoch {trusted} one can only go on to epoch {most}; ask for the hops between.',
  'header-committee-root':
    'The header names the committee {got} and its epoch has the committee {expected}; ask another peer.',
  'header-next-committee-root':
    'The header names the next committee {got} and the trusted header of the same epoch names {expected}; ask another peer.',
  'header-time':
    'The header has time {got} ms and, {blocks} blocks above the trusted one, must have at least {least} ms; ask another peer.',
  'header-future':
    "The header has time {got} ms and this device's clock with its allowed drift stands at {most} ms; wait, or set the clock.",
  'committee-missing':
    'The committee of epoch {expected} is not known and the update brings none (its header is of epoch {got}); ask for a hop with the committee.',
  'committee-epoch': 'The committee is of epoch {got} and the header needs that of epoch {expected}; ask another peer.',
  'committee-weak':
    'The committee has f = {f} and F = {F}, and the chain asks for f = {expectedf} and F = {expectedF}; allow weak committees only for trying things out.',
  'committee-root':
    'The committee of epoch {epoch} has the root {got} and the certified one is {expected}; ask another peer.',
  'audit-draw-seed':
    'The committee head of epoch {epoch} lists the seed {got} for the draw of epoch {draw} and the header that gives it has {expected}; do not use this committee, the chain is broken.',
  'history-path':
    'The history of header {height} does not lead from block {trusted} at height {trustedHeight} to its root {expected}; ask another peer.',
  'conflict-height':
    'Two final blocks of height {height} conflict: {trusted} is trusted and {got} is certified; the chain is broken, keep both as evidence and stop.',
  'conflict-history':
    'Final block {got} of height {height} has {leaf} at height {trustedHeight}, where {trusted} is trusted; the chain is broken, keep both as evidence and stop.',
}

export type { Chain, Trusted } from './trust.ts'
export type VerifyCode = LightCode | TrustCode | CertCode | CompactCode

type Fault = Rejected<VerifyCode> | undefined

/** True for verdicts that blame no peer but the chain: stop, keep the update as evidence, tell the user ([LC-4], [LC-5]). */
export function isBrokenChain(code: VerifyCode): boolean {
  return code === 'conflict-height' || code === 'conflict-history' || code.startsWith('audit-')
}

// ── Predicates ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** At the same height only to compare hashes: see the checklist. */
const checkHeight = (trusted: Header, header: Header): Fault =>
  header.height >= trusted.height
    ? undefined
    : rejected('header-height', { got: header.height, trusted: trusted.height })

/** The trusted epoch or the one after it. */
function checkEpoch({ params }: Chain, trusted: Header, header: Header): Fault {
  const [from, to] = [epochOf(trusted.height, params), epochOf(header.height, params)]
  return to <= from + 1 ? undefined : rejected('header-epoch', { got: to, trusted: from, most: from + 1 })
}

const checkCommitteeRoot = (expected: Hash32, header: Header): Fault =>
  equalBytes(header.committeeRoot, expected)
    ? undefined
    : rejected('header-committee-root', { got: toHex(header.committeeRoot), expected: toHex(expected) })

/** Headers of one epoch agree on the next committee. */
const checkNextCommitteeRoot = (trusted: Header, header: Header): Fault =>
  equalBytes(header.nextCommitteeRoot, trusted.nextCommitteeRoot)
    ? undefined
    : rejected('header-next-committee-root', {
        got: toHex(header.nextCommitteeRoot),
        expected: toHex(trusted.nextCommitteeRoot),
      })

/** [HDR-1] over the difference in height. */
function checkTime({ params }: Chain, trusted: Header, header: Header): Fault {
  const blocks = header.height - trusted.height
  const least = trusted.timeMs + blocks * BigInt(params.blockTimeMs)
  return header.timeMs >= least ? undefined : rejected('header-time', { got: header.timeMs, blocks, least })
}

/** [LC-6] */
function checkClock({ params }: Chain, header: Header, nowMs: bigint) {
  const most = nowMs + BigInt(params.clockDriftMsMax)
  return header.timeMs <= most ? undefined : undecided('header-future' as const, { got: header.timeMs, most })
}

const checkCommitteeHead = (chain: Chain, epoch: number, head: CommitteeHead): Fault =>
  head.epoch === epoch ? checkStrength(chain, head) : rejected('committee-epoch', { got: head.epoch, expected: epoch })

/** [LC-3]: f and F are the chain's, or smaller ones that the user allowed. */
export function checkStrength(
  chain: Pick<Chain, 'weakCommitteesAllowed'> & { readonly params: Pick<ChainParams, 'f' | 'F'> },
  head: CommitteeHead,
): Rejected<'committee-weak'> | undefined {
  const { f, F } = chain.params
  const isWeak = head.f <= f && head.F <= F && chain.weakCommitteesAllowed === true
  return (head.f === f && head.F === F) || isWeak
    ? undefined
    : rejected('committee-weak', { f: head.f, F: head.F, expectedf: f, expectedF: F })
}

/** [LC-4]: each D that we know from a header of our own. Asked only of a head under its certified root. */
function checkDrawSeeds(chain: Chain, { epoch, draws }: CommitteeHead): Fault {
  for (const draw of draws) {
    const expected = chain.drawSeed?.(draw.epoch)
    if (expected !== undefined && !equalBytes(expected, draw.seed))
      return rejected('audit-draw-seed', {
        epoch,
        got: toHex(draw.seed),
        draw: draw.epoch,
        expected: toHex(expected),
      })
  }
  return undefined
}

/** [LC-5]: what the new header's history holds at the trusted height. */
function checkHistory(kernels: Kernels, trusted: Trusted, hash: Hash32, update: Update): Fault {
  const { header, historyPath } = update
  const leaf = update.historyLeaf ?? trusted.hash
  const leafHash = leaf.length === 32 ? kernels.leafHash(leaf) : leaf
  const root = kernels.rootFromInclusion(trusted.header.height, header.height, leafHash, historyPath)
  const operands = { trusted: toHex(trusted.hash), trustedHeight: trusted.header.height, height: header.height }
  if (root === undefined || !equalBytes(root, header.historyRoot))
    return rejected('history-path', { ...operands, expected: toHex(header.historyRoot) })
  return equalBytes(leaf, trusted.hash)
    ? undefined
    : rejected('conflict-history', { ...operands, got: toHex(hash), leaf: toHex(leaf) })
}

const checkSameHash = (trusted: Trusted, hash: Hash32): Fault =>
  equalBytes(trusted.hash, hash)
    ? undefined
    : rejected('conflict-height', { height: trusted.header.height, trusted: toHex(trusted.hash), got: toHex(hash) })

// ── The committee that has to have signed ─────────────────────────────────────────────────────────────────────────────

/** Who signs the header's epoch: seat by seat, or only the key of a certificate's signers. */
interface Signers {
  readonly head: CommitteeHead
  readonly keys: CommitteeKeys | undefined
  readonly keyOf: (cert: FinalityCert) => Result<BlsKey | undefined, VerifyCode>
}

const fromKeys = (engine: Engine, keys: CommitteeKeys): Signers => ({
  head: keys.head,
  keys,
  keyOf: ({ bitmap }) => accepted(signersKey(engine.bls, keys, bitmap)),
})

/** `root` is certified: by the trusted header itself or, for the next epoch, as its nextCommitteeRoot. */
function signersOf(
  engine: Engine,
  chain: Chain,
  epoch: number,
  root: Hash32,
  known: CommitteeKeys | undefined,
  { committee, compact, header }: Update,
): Result<Signers, VerifyCode> {
  const head = committee?.head ?? compact?.head ?? known?.head
  if (head !== undefined) {
    const fault = checkCommitteeHead(chain, epoch, head)
    if (fault !== undefined) return fault
  }
  if (committee !== undefined) return fullSigners(engine, chain, root, committee)
  if (compact !== undefined)
    return accepted({
      head: compact.head,
      keys: known,
      keyOf: (cert) => compactKey(engine, chain.params, root, cert, compact),
    })
  if (known !== undefined) return accepted(fromKeys(engine, known))
  return rejected('committee-missing', { expected: epoch, got: epochOf(header.height, chain.params) })
}

/** A fault found by the audit under a matching root is no bad peer but a broken chain ([LC-4]). */
function fullSigners(engine: Engine, chain: Chain, root: Hash32, committee: Committee): Result<Signers, VerifyCode> {
  const got = committeeRoot(engine.kernels, committee)
  if (!equalBytes(got, root))
    return rejected('committee-root', { epoch: committee.head.epoch, got: toHex(got), expected: toHex(root) })
  const fault = auditContent(engine.kernels, chain.params, committee)
  if (fault !== undefined) return fault
  const keys = committeeKeys(engine, committee, got)
  return keys.kind === 'rejected' ? keys : accepted(fromKeys(engine, keys.value))
}

// ── The checklist ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** An update that holds if its certificate's signature does. */
export interface Prepared {
  readonly claim: SignedMessage
  readonly head: CommitteeHead
  readonly cert: FinalityCert
  /** What follows once the claim is verified. */
  readonly verdict: Verdict<Trusted, VerifyCode>
}

/**
 * The whole checklist but the pairing check, which is left as a claim: several updates can share one batch. `isBatched`
 * leaves out the signature's encoding too: the batch decodes every signature anyway, and names those that are none.
 */
export function prepareUpdate(
  engine: Engine,
  chain: Chain,
  trusted: Trusted,
  update: Update,
  nowMs: bigint,
  isBatched = false,
): Verdict<Prepared, VerifyCode> {
  const { header, cert } = update
  const early =
    checkFresh(chain, trusted.header, nowMs) ??
    checkChain(chain, header) ??
    checkHeight(trusted.header, header) ??
    checkEpoch(chain, trusted.header, header)
  if (early !== undefined) return early
  const epoch = epochOf(header.height, chain.params)
  const sameEpoch = epoch === epochOf(trusted.header.height, chain.params)
  const root = sameEpoch ? trusted.header.committeeRoot : trusted.header.nextCommitteeRoot
  // Another block of the trusted height is evidence whatever it says, if it is certified.
  const sameHeight = header.height === trusted.header.height
  const content = sameHeight
    ? undefined
    : (checkCommitteeRoot(root, header) ??
      (sameEpoch ? checkNextCommitteeRoot(trusted.header, header) : undefined) ??
      checkTime(chain, trusted.header, header))
  if (content !== undefined) return content
  const hash = blockHash(engine.kernels, header)
  const signers = signersOf(engine, chain, epoch, root, sameEpoch ? trusted.committee : undefined, update)
  if (signers.kind === 'rejected') return signers
  const { head, keys, keyOf } = signers.value
  const malformed = isBatched
    ? checkCertShape(chain.params.quorum, head, header, hash, cert)
    : checkCertForm(engine.bls, chain.params.quorum, head, header, hash, cert)
  if (malformed !== undefined) return malformed
  const key = keyOf(cert)
  if (key.kind === 'rejected') return key
  const drawn = checkDrawSeeds(chain, head)
  if (drawn !== undefined) return drawn
  const claim = claimUnder(engine, chain.chainId, key.value, head, cert)
  if (claim.kind === 'rejected') return claim
  const disagreement = sameHeight ? checkSameHash(trusted, hash) : checkHistory(engine.kernels, trusted, hash, update)
  const isCompact = keys === undefined && update.compact !== undefined
  const next: Trusted = { header, hash, committee: keys, cert, ...(isCompact ? { compact: update.compact } : {}) }
  const verdict = disagreement ?? checkClock(chain, header, nowMs) ?? accepted(next)
  return accepted({ claim: claim.value, head, cert, verdict })
}

/**
 * Whether `update` is accepted on top of `trusted` by a client whose clock says `nowMs`. `undecided` blames nobody:
 * the trusted header is stale, or the new one is ahead of the clock. See {@link isBrokenChain} for what to do with the rest.
 */
export function verifyUpdate(
  engine: Engine,
  chain: Chain,
  trusted: Trusted,
  update: Update,
  nowMs: bigint,
): Verdict<Trusted, VerifyCode> {
  const prepared = prepareUpdate(engine, chain, trusted, update, nowMs)
  if (prepared.kind !== 'accepted') return prepared
  const { claim, head, cert, verdict } = prepared.value
  // A path that leads nowhere needs no pairing to be refused; everything else is worth nothing without one.
  if (verdict.kind === 'rejected' && verdict.code === 'history-path') return verdict
  const signed = verifyClaim(engine, claim, head, cert)
  return signed.kind === 'rejected' ? signed : verdict
}
