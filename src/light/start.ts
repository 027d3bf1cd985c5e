/**
 * Where trust begins ([LC-1], [LC-8]): the stored head if it verifies again, else the checkpoint, else genesis.
 *
 * A checkpoint is a hash, so the block and its epoch's committee come from a peer, in full or compact: the block must have
 * that hash, the committee the root that the block names; a full one is audited ([LC-4]). The block's certificate must
 * verify under it too: it is what makes the stored head verifiable after a restart.
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import { committeeSeatCount, type Committee } from '../chain/committee.ts'
import { blockHash, type Header } from '../chain/header.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import { auditCommittee } from '../cube/audit.ts'
import { bitmapLength, committeeKeys, verifyCert, verifyCertUnder, type CommitteeKeys } from '../verify/certificate.ts'
import { buildCompact, compactKey, type CompactCommittee } from '../verify/compact.ts'
import { verifyGenesis } from '../verify/genesis.ts'
import { checkStrength, type Trusted } from '../verify/light.ts'
import type { HopsBase } from '../wire/hops.ts'
import type { SyncCode } from './codes.ts'
import type { Checkpoint, LightConfig, SavedEntries } from './contract.ts'
import { readSavedHead, reasonText, SAVED_KEY } from './saved-state.ts'

export interface Origin {
  readonly engine: Engine
  readonly params: ChainParams
  readonly chainId: Hash32
  /** As in Chain ([LC-3]): refused unless true. */
  readonly weakCommitteesAllowed?: boolean
}

/** Genesis with the committee of epoch 0, which the chain spec gives; every signature in the spec is verified. */
export function trustGenesis({ engine, spec }: LightConfig): Result<Trusted, SyncCode> {
  const built = verifyGenesis(engine, spec)
  const keys = built.kind === 'rejected' ? built : committeeKeys(engine, built.value.committees[0])
  if (built.kind === 'rejected') return rejected('genesis-invalid', { reason: reasonText(built.code, built.operands) })
  if (keys.kind === 'rejected') return rejected('genesis-invalid', { reason: reasonText(keys.code, keys.operands) })
  return accepted({ header: built.value.header, hash: built.value.hash, committee: keys.value })
}

export type StoredStart =
  | { readonly kind: 'none' }
  /** `unaudited`: the full committee of the store, still to be audited ([LC-4]) by `auditStored`. */
  | { readonly kind: 'trusted'; readonly trusted: Trusted; readonly unaudited: Committee | undefined }
  | Rejected<SyncCode>

/**
 * The stored head, verified again from its bytes as a compact hop is ([LC-4c]): committee by root, certificate by signature.
 * So the first verified head after a start costs one pairing and the keys of the absent seats; the audit comes after it.
 */
export function trustStored(origin: Origin, saved: SavedEntries): StoredStart {
  const chain = saved.get(SAVED_KEY.chain)
  if (chain !== undefined && !equalBytes(chain, origin.chainId))
    return rejected('store-other-chain', { stored: toHex(chain), expected: toHex(origin.chainId) })
  const stored = readSavedHead(saved, origin.params)
  if (stored.kind === 'rejected') return notTrusted(stored)
  if (stored.value === undefined) return { kind: 'none' }
  const { header, cert, committee } = stored.value
  if (cert === undefined) return rejected('store-rejected', { reason: 'a stored head has a certificate' })
  const compact = stored.value.compact ?? compactOf(origin, committee!, cert)
  if (compact === undefined) return rejected('store-rejected', { reason: 'the bitmap does not fit the committee' })
  const trusted = trustCompact(origin, header, cert, compact)
  if (trusted.kind === 'rejected') return weakChain(origin, header, trusted) ?? notTrusted(trusted)
  return { kind: 'trusted', trusted: trusted.value, unaudited: committee }
}

const notTrusted = ({ code, operands }: Rejected<string>): Rejected<SyncCode> =>
  rejected('store-rejected', { reason: reasonText(code, operands) })

/** Of a head whose committee and certificate verified: it is the chain itself that is weak ([LC-3]), and no peer's or disk's fault. */
const weakChain = (
  { params }: Origin,
  { height }: Header,
  { code, operands }: Rejected<string>,
): Rejected<SyncCode> | undefined =>
  code === 'committee-weak'
    ? rejected('chain-weak', { epoch: epochOf(height, params), reason: reasonText(code, operands) })
    : undefined

function compactOf({ engine }: Origin, committee: Committee, { bitmap }: FinalityCert): CompactCommittee | undefined {
  const { head } = committee
  if (bitmap.length !== bitmapLength(committeeSeatCount(head))) return undefined
  return buildCompact(engine.kernels, { committee, head }, bitmap)
}

/** The full committee of a head that was trusted without it: root, audit and keys. */
export function learnCommittee(
  { engine, params }: Origin,
  { header }: Trusted,
  committee: Committee,
): Result<CommitteeKeys, string> {
  const audit = auditCommittee(engine, params, committee, header.committeeRoot)
  return audit.kind === 'rejected' ? audit : committeeKeys(engine, committee, header.committeeRoot)
}

function checkOrigin({ params, chainId }: Origin, header: Header, epoch: number): Rejected<string> | undefined {
  if (!equalBytes(header.chainId, chainId)) return rejected('header-chain', { got: toHex(header.chainId) })
  const expected = epochOf(header.height, params)
  return epoch === expected ? undefined : rejected('committee-epoch', { got: epoch, epoch: expected })
}

/** A header whose hash or origin is vouched for, with the full committee and certificate that came along. */
function trustFull(origin: Origin, header: Header, cert: FinalityCert, committee: Committee): Result<Trusted, string> {
  const { engine, params, chainId } = origin
  const fault = checkOrigin(origin, header, committee.head.epoch)
  if (fault !== undefined) return fault
  const hash = blockHash(engine.kernels, header)
  const keys = learnCommittee(origin, { header, hash, committee: undefined }, committee)
  if (keys.kind === 'rejected') return keys
  const certified = verifyCert(engine, params, chainId, keys.value, header, cert)
  if (certified.kind === 'rejected') return certified
  return checkStrength(origin, committee.head) ?? accepted({ header, hash, committee: keys.value, cert })
}

/** The same with the compact form. */
function trustCompact(
  origin: Origin,
  header: Header,
  cert: FinalityCert,
  compact: CompactCommittee,
): Result<Trusted, string> {
  const { engine, params, chainId } = origin
  const { head } = compact
  const fault = checkOrigin(origin, header, head.epoch)
  if (fault !== undefined) return fault
  const key = compactKey(engine, params, header.committeeRoot, cert, compact)
  if (key.kind === 'rejected') return key
  const certified = verifyCertUnder(engine, params, chainId, { head, key: key.value }, header, cert)
  if (certified.kind === 'rejected') return certified
  const trusted = { header, hash: blockHash(engine.kernels, header), committee: undefined, cert, compact }
  return checkStrength(origin, head) ?? accepted(trusted)
}

/** What a base that a peer sent means for a client that starts from `checkpoint`. */
export type BaseVerdict =
  | { readonly kind: 'trusted'; readonly trusted: Trusted }
  /** The peer is at fault, provably. */
  | { readonly kind: 'bad-peer'; readonly code: SyncCode; readonly reason: string }
  /** The peer has another block there: its fault or the checkpoint's, and nobody can tell which. */
  | { readonly kind: 'mismatch'; readonly got: Hash32 }
  /** The checkpoint is at fault, or the chain that it names is weak; provably, so no other peer would help. */
  | { readonly kind: 'bad-checkpoint'; readonly fault: Rejected<SyncCode> }

export function trustBase(origin: Origin, checkpoint: Checkpoint, base: HopsBase): BaseVerdict {
  const { header, cert } = base
  const hash = blockHash(origin.engine.kernels, header)
  if (!equalBytes(hash, checkpoint.hash)) return { kind: 'mismatch', got: hash }
  const fault = checkpointFault(origin, checkpoint, header)
  if (fault !== undefined) return { kind: 'bad-checkpoint', fault }
  if (cert === undefined) return { kind: 'bad-peer', code: 'base-certificate', reason: 'none' }
  const trusted =
    base.compact === undefined
      ? trustFull(origin, header, cert, base.committee)
      : trustCompact(origin, header, cert, base.compact)
  if (trusted.kind === 'accepted') return { kind: 'trusted', trusted: trusted.value }
  const weak = weakChain(origin, header, trusted)
  if (weak !== undefined) return { kind: 'bad-checkpoint', fault: weak }
  const code = trusted.code.startsWith('cert-') ? 'base-certificate' : 'base-committee'
  return { kind: 'bad-peer', code, reason: reasonText(trusted.code, trusted.operands) }
}

function checkpointFault({ chainId }: Origin, checkpoint: Checkpoint, header: Header): Rejected<SyncCode> | undefined {
  if (!equalBytes(header.chainId, chainId))
    return rejected('checkpoint-other-chain', { got: toHex(header.chainId), expected: toHex(chainId) })
  if (header.height !== checkpoint.height)
    return rejected('checkpoint-wrong-height', {
      hash: toHex(checkpoint.hash),
      got: header.height,
      expected: checkpoint.height,
    })
  return undefined
}
