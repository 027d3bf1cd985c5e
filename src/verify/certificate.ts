/**
 * Finality certificates ([FIN-1]): whether enough of a committee precommitted a header. With chain/certificate.ts the one
 * place that knows what a certificate looks like.
 *
 * What an attacker who controls all bytes of a certificate can reach: comparisons, then one G2 decoding, then one sum of
 * keys, then one pairing check; every cheaper reason is looked for before a dearer one.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { bitAt, equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import { VOTE, voteMessage, type FinalityCert } from '../chain/certificate.ts'
import { committeeSeatCount, type Committee, type CommitteeHead } from '../chain/committee.ts'
import { blockHash, type Header } from '../chain/header.ts'
import type { ChainParams, QuorumRule } from '../chain/params.ts'
import type { BlsKey, BlsVerifier, SeatKeys, SeatVerdict, SignedMessage } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { checkAggregate, checkShape, type AuditCode } from '../cube/audit.ts'
import { committeeRoot } from '../cube/committee.ts'

/** A committee with its keys decoded: what certificates are verified under. Trusted as far as its root is. */
export interface CommitteeKeys {
  readonly root: Hash32
  readonly head: CommitteeHead
  readonly committee: Committee
  /** One key per seat, in the order of the bitmap. */
  readonly seatKeys: readonly BlsKey[]
}

export type CertCode =
  | 'cert-height'
  | 'cert-hash'
  | 'cert-round'
  | 'cert-bitmap-length'
  | 'cert-padding'
  | 'cert-quorum'
  | 'cert-signature-encoding'
  | 'cert-key-sum'
  | 'cert-signature'

/** One sentence for each reason: `{name}` stands for an operand. */
export const CERT_SENTENCES: Readonly<Record<CertCode, string>> = {
  'cert-height': 'The certificate is for height {got} and the header has height {expected}; ask another peer.',
  'cert-hash': 'The certificate is for block {got} and the header is block {expected}; ask another peer.',
  'cert-round':
    'The certificate is from round {got}, before round {least} in which its block was proposed; ask another peer.',
  'cert-bitmap-length':
    'The bitmap of the certificate has {got} bytes and a committee of {seats} seats needs {expected}; ask another peer.',
  'cert-padding':
    'Bit {bit} of the certificate is set and the committee has {seats} seats, the rest must be zero; ask another peer.',
  'cert-quorum': 'The certificate has {got} {unit} and the {rule} quorum is {least}; ask another peer.',
  'cert-signature-encoding':
    'The signature {got} of the certificate is not a point that a signature can be (the identity, outside the subgroup or not canonical, where a point of the subgroup is expected); ask another peer.',
  'cert-key-sum':
    'The keys of the {seats} set seats add up to the identity, where a key is expected; do not use this committee.',
  'cert-signature':
    'The signature of the certificate for block {hash} does not verify under the {seats} seats that it names, as it must; ask another peer.',
}

type Fault = Rejected<CertCode> | undefined

/**
 * Decodes the keys of a committee and computes its root. Refuses a shape that does not follow from its f and F, keys that
 * are no keys, and an aggregateKey that is not their sum. Whether the root is the right one is for the caller to compare;
 * one that already has it may pass it.
 */
export function committeeKeys(
  engine: Engine,
  committee: Committee,
  root: Hash32 = committeeRoot(engine.kernels, committee),
): Result<CommitteeKeys, AuditCode> {
  const { bls } = engine
  const fault = checkShape(committee) ?? checkAggregate(engine, committee)
  if (fault !== undefined) return fault
  const seatKeys = committee.shards.flatMap(({ members }) => members.map(({ blsPk }) => bls.decodeKey(blsPk)!))
  return accepted({ root, head: committee.head, committee, seatKeys })
}

/** Whether the set bits of a bitmap are a quorum under `rule` ([FIN-1]). Bits beyond the committee do not count. */
export function hasQuorum(rule: QuorumRule, head: Pick<CommitteeHead, 'f' | 'F'>, bitmap: Uint8Array): boolean {
  const { got, least } = quorumOf(rule, head, bitmap)
  return got >= least
}

/** How many of what a bitmap has, and how many make a quorum: seats (`flat`) or shards with 2f+1 seats (`two-level`). */
export function quorumOf(
  rule: QuorumRule,
  head: Pick<CommitteeHead, 'f' | 'F'>,
  bitmap: Uint8Array,
): { readonly got: number; readonly least: number; readonly unit: string } {
  const seatsOfShards = countByShard(head, bitmap)
  if (rule === 'flat') {
    const seats = seatsOfShards.reduce((sum, count) => sum + count, 0)
    return { got: seats, least: Math.floor((2 * committeeSeatCount(head)) / 3) + 1, unit: 'seats' }
  }
  const seatsLeast = 2 * head.f + 1
  const shards = seatsOfShards.filter((count) => count >= seatsLeast).length
  return { got: shards, least: 2 * head.F + 1, unit: `shards with at least ${seatsLeast} seats` }
}

function countByShard({ f, F }: Pick<CommitteeHead, 'f' | 'F'>, bitmap: Uint8Array): number[] {
  const coreSize = 3 * f + 1
  const bitCount = 8 * bitmap.length
  return Array.from({ length: 3 * F + 1 }, (_, shard) => {
    let count = 0
    for (let bit = shard * coreSize; bit < (shard + 1) * coreSize && bit < bitCount; bit++) count += bitAt(bitmap, bit)
    return count
  })
}

/** Bytes of a bitmap over `seats` seats. */
export const bitmapLength = (seats: number): number => (seats + 7) >> 3

/** Everything that [FIN-1] asks short of keys and pairings. `hash` is the header's. */
export function checkCertForm(
  bls: BlsVerifier,
  rule: QuorumRule,
  head: Pick<CommitteeHead, 'f' | 'F'>,
  header: Pick<Header, 'height' | 'round'>,
  hash: Hash32,
  cert: FinalityCert,
): Fault {
  return checkCertShape(rule, head, header, hash, cert) ?? checkSignatureEncoding(bls, cert)
}

/** The same without the signature's encoding, which a batch of pairings checks by itself. */
export function checkCertShape(
  rule: QuorumRule,
  head: Pick<CommitteeHead, 'f' | 'F'>,
  header: Pick<Header, 'height' | 'round'>,
  hash: Hash32,
  cert: FinalityCert,
): Fault {
  return (
    checkHeight(header, cert) ??
    checkHash(hash, cert) ??
    checkRound(header, cert) ??
    checkBitmap(head, cert) ??
    checkQuorum(rule, head, cert)
  )
}

const checkHeight = (header: Pick<Header, 'height'>, cert: FinalityCert): Fault =>
  cert.height === header.height ? undefined : rejected('cert-height', { got: cert.height, expected: header.height })

const checkHash = (hash: Hash32, cert: FinalityCert): Fault =>
  equalBytes(cert.blockHash, hash)
    ? undefined
    : rejected('cert-hash', { got: toHex(cert.blockHash), expected: toHex(hash) })

const checkRound = (header: Pick<Header, 'round'>, cert: FinalityCert): Fault =>
  cert.round >= header.round ? undefined : rejected('cert-round', { got: cert.round, least: header.round })

function checkBitmap(head: Pick<CommitteeHead, 'f' | 'F'>, { bitmap }: FinalityCert): Fault {
  const seats = committeeSeatCount(head)
  const expected = bitmapLength(seats)
  if (bitmap.length !== expected) return rejected('cert-bitmap-length', { got: bitmap.length, seats, expected })
  for (let bit = seats; bit < 8 * expected; bit++)
    if (bitAt(bitmap, bit) === 1) return rejected('cert-padding', { bit, seats })
  return undefined
}

function checkQuorum(rule: QuorumRule, head: Pick<CommitteeHead, 'f' | 'F'>, { bitmap }: FinalityCert): Fault {
  const quorum = quorumOf(rule, head, bitmap)
  return quorum.got >= quorum.least ? undefined : rejected('cert-quorum', { ...quorum, rule })
}

export const checkSignatureEncoding = (bls: BlsVerifier, { signature }: FinalityCert): Fault =>
  bls.isSignature(signature) ? undefined : rejected('cert-signature-encoding', { got: toHex(signature) })

/** The keys that a bitmap counts over. */
function seatsOf(bls: BlsVerifier, { head, seatKeys }: CommitteeKeys): SeatKeys {
  const total = bls.decodeKey(head.aggregateKey)
  assert(total !== undefined, 'committeeKeys has checked the aggregate key')
  return { keys: seatKeys, total }
}

/**
 * The sum of the keys of the set bits, one term per seat; undefined if it is the identity. Adds the set ones or takes the
 * clear ones from the aggregate, whichever are fewer. `bitmap` has the committee's length.
 */
export function signersKey(bls: BlsVerifier, keys: CommitteeKeys, bitmap: Uint8Array): BlsKey | undefined {
  return bls.sumSeats(seatsOf(bls, keys), bitmap)
}

/**
 * All of [FIN-1] but the pairing check, which is left as a claim: the certificate is valid iff `claim.signature` verifies.
 * So the certificates of several hops can go into one batch.
 */
export function certClaim(
  engine: Engine,
  params: Pick<ChainParams, 'quorum'>,
  chainId: Hash32,
  keys: CommitteeKeys,
  header: Header,
  cert: FinalityCert,
): Result<SignedMessage, CertCode> {
  const { kernels, bls } = engine
  const hash = blockHash(kernels, header)
  const fault = checkCertForm(bls, params.quorum, keys.head, header, hash, cert)
  if (fault !== undefined) return fault
  return claimUnder(engine, chainId, signersKey(bls, keys, cert.bitmap), keys.head, cert)
}

/** The claim of a well-formed certificate under the sum of its signers' keys, however that was found. */
export function claimUnder(
  engine: Engine,
  chainId: Hash32,
  key: BlsKey | undefined,
  head: Pick<CommitteeHead, 'f' | 'F'>,
  cert: FinalityCert,
): Result<SignedMessage, CertCode> {
  if (key === undefined) return keySumFault(head, cert)
  return accepted({ key, message: certMessage(engine, chainId, cert), signature: cert.signature })
}

/** Whether `cert` is valid for `header` under the committee `keys` ([FIN-1]). One pairing check at most. */
export function verifyCert(
  engine: Engine,
  params: Pick<ChainParams, 'quorum'>,
  chainId: Hash32,
  keys: CommitteeKeys,
  header: Header,
  cert: FinalityCert,
): Result<void, CertCode> {
  const { kernels, bls } = engine
  const hash = blockHash(kernels, header)
  const fault = checkCertForm(bls, params.quorum, keys.head, header, hash, cert)
  if (fault !== undefined) return fault
  const { bitmap, signature } = cert
  const message = certMessage(engine, chainId, cert)
  return resultOf(bls.verifySeats({ seats: seatsOf(bls, keys), bitmap, message, signature }), keys.head, cert)
}

/** [FIN-1] under the key of the certificate's signers, however that was found; undefined stands for the identity. */
export function verifyCertUnder(
  engine: Engine,
  params: Pick<ChainParams, 'quorum'>,
  chainId: Hash32,
  signers: { readonly head: Pick<CommitteeHead, 'f' | 'F'>; readonly key: BlsKey | undefined },
  header: Header,
  cert: FinalityCert,
): Result<void, CertCode> {
  const { head, key } = signers
  const fault = checkCertForm(engine.bls, params.quorum, head, header, blockHash(engine.kernels, header), cert)
  if (fault !== undefined) return fault
  const claim = claimUnder(engine, chainId, key, head, cert)
  return claim.kind === 'rejected' ? claim : verifyClaim(engine, claim.value, head, cert)
}

/** The verdict on the keys and the signature of a well-formed certificate, in the words of [FIN-1]. */
function resultOf(
  verdict: SeatVerdict,
  head: Pick<CommitteeHead, 'f' | 'F'>,
  cert: FinalityCert,
): Result<void, CertCode> {
  if (verdict === 'valid') return accepted(undefined)
  if (verdict === 'key-sum') return keySumFault(head, cert)
  assert(verdict === 'signature', `a well-formed certificate has no fault "${verdict}"`)
  return signatureFault(head, cert)
}

const keySumFault = (head: Pick<CommitteeHead, 'f' | 'F'>, cert: FinalityCert): Rejected<CertCode> =>
  rejected('cert-key-sum', { seats: seatsSet(head, cert) })

const signatureFault = (head: Pick<CommitteeHead, 'f' | 'F'>, cert: FinalityCert): Rejected<CertCode> =>
  rejected('cert-signature', { hash: toHex(cert.blockHash), seats: seatsSet(head, cert) })

const certMessage = ({ kernels }: Engine, chainId: Hash32, { height, round, blockHash: hash }: FinalityCert) =>
  voteMessage(kernels, chainId, VOTE.precommit, height, round, hash)

/** The pairing check of one claim. */
export function verifyClaim(
  { bls }: Engine,
  { key, message, signature }: SignedMessage,
  head: Pick<CommitteeHead, 'f' | 'F'>,
  cert: FinalityCert,
): Result<void, CertCode> {
  return bls.verify(key, message, signature) ? accepted(undefined) : signatureFault(head, cert)
}

const seatsSet = (head: Pick<CommitteeHead, 'f' | 'F'>, { bitmap }: FinalityCert): number =>
  quorumOf('flat', head, bitmap).got
