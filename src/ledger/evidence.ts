/**
 * [EVI-1]: evidence in a block. It names the guilty by their own signatures and burns stake of theirs.
 *
 *     kind u8 ‖ reporter owner 16 ‖ …
 *       1 votes         blsPk 48 ‖ type u8 ‖ height u64 ‖ round u32 ‖ hash 32 ‖ signature 96 ‖ hash 32 ‖ signature 96
 *       2 certificates  cert (byte string) ‖ cert (byte string) ‖ Header 314 ‖ committee (byte string)
 *     ‖ burnt outpoints (list, 1–64, strictly ascending)
 *
 * The two hashes ascend, so a pair has one encoding. For kind 2 the header is one of this chain in the certificates'
 * epoch: its committeeRoot proves the committee. Votes need no committee: both signatures are the key's own.
 */
import { equalBytes, compareBytes, bitAt, toHex } from '../base/bytes.ts'
import type { Hash32 } from '../base/brand.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import { decodeCert, encodeCert, voteMessage, VOTE, type FinalityCert, type VoteType } from '../chain/certificate.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import { committeeSeatCount, decodeCommittee, encodeCommittee, type Committee } from '../chain/committee.ts'
import { blockHash, encodeHeader, readHeader, type Header } from '../chain/header.ts'
import { stakeData, unbondingData } from '../chain/output-data.ts'
import {
  encodeOutpoint,
  KIND,
  readOutpoint,
  writeOutpoint,
  type Outpoint,
  type Output,
  type Owner,
  type Utxo,
} from '../chain/output.ts'
import { epochOf, unbondingEpochs } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import { historyIndex } from '../proofs/history.ts'
import { checkCertForm, claimUnder, committeeKeys, signersKey, verifyClaim } from '../verify/certificate.ts'
import type { EvidenceCode } from './ledger-codes.ts'
import type { Ledger } from './ledger-value.ts'
import { showOutpoint, type Chain } from './transaction-rules.ts'

export const BURNT_COUNT_MAX = 64
/** The reporter gets one part in this many of what is burnt. */
export const REPORTER_SHARE = 64n

export interface SignedHash {
  readonly hash: Hash32
  readonly signature: Uint8Array
}

/** Two votes of one key for one (type, height, round). */
export interface DoubleVote {
  readonly kind: 1
  readonly reporter: Owner
  readonly blsPk: Uint8Array
  readonly type: VoteType
  readonly height: bigint
  readonly round: number
  readonly votes: readonly [SignedHash, SignedHash]
  readonly burnt: readonly Outpoint[]
}

/** Two certificates for one height and round: every key set in both is guilty. */
export interface DoubleCert {
  readonly kind: 2
  readonly reporter: Owner
  readonly certs: readonly [FinalityCert, FinalityCert]
  /** Any header of this chain in the certificates' epoch. */
  readonly header: Header
  readonly committee: Committee
  readonly burnt: readonly Outpoint[]
}
export type Evidence = DoubleVote | DoubleCert

export function encodeEvidence(evidence: Evidence): Uint8Array {
  const writer = new Writer(1024).u8(evidence.kind).bytes(evidence.reporter)
  if (evidence.kind === 1) {
    writer.bytes(evidence.blsPk).u8(evidence.type).u64(evidence.height).u32(evidence.round)
    for (const { hash, signature } of evidence.votes) writer.bytes(hash).bytes(signature)
  } else {
    for (const cert of evidence.certs) writer.byteString(encodeCert(cert))
    writer.bytes(encodeHeader(evidence.header)).byteString(encodeCommittee(evidence.committee))
  }
  return writer.list(evidence.burnt, writeOutpoint).finish()
}

/** `seatCountMax` bounds what a committee in it may hold: the chain's own (3F+1)(3f+1). */
export function decodeEvidence(bytes: Uint8Array, seatCountMax: number): Result<Evidence, DecodeCode> {
  const reader = new Reader(bytes)
  const kind = reader.u8()
  const reporter = reader.bytes(16)
  if (kind === 1) return readDoubleVote(reader, reporter)
  reader.expect(kind === 2, 'evidence kind', { kind })
  const encoded = [reader.byteString('certificate'), reader.byteString('certificate')] as const
  const header = readHeader(reader)
  const committeeBytes = reader.byteString('committee')
  const framed = reader.finish(readBurnt(reader))
  if (framed.kind === 'rejected') return framed
  const [first, second] = [decodeCert(encoded[0]), decodeCert(encoded[1])]
  if (first.kind === 'rejected') return first
  if (second.kind === 'rejected') return second
  const committee = decodeCommittee(committeeBytes, seatCountMax)
  if (committee.kind === 'rejected') return committee
  const certs = [first.value, second.value] as const
  return accepted({ kind: 2, reporter, certs, header, committee: committee.value, burnt: framed.value })
}

function readDoubleVote(reader: Reader, reporter: Owner): Result<DoubleVote, DecodeCode> {
  const blsPk = reader.bytes(48)
  const type = reader.u8()
  reader.expect(type === VOTE.prevote || type === VOTE.precommit, 'vote type', { type })
  const [height, round] = [reader.u64(), reader.u32()]
  const readVote = (): SignedHash => ({ hash: reader.bytes(32), signature: reader.bytes(96) })
  const votes = [readVote(), readVote()] as const
  const burnt = readBurnt(reader)
  return reader.finish({ kind: 1, reporter, blsPk, type: type as VoteType, height, round, votes, burnt })
}

const readBurnt = (reader: Reader): Outpoint[] => reader.list('burnt outpoints', 0, BURNT_COUNT_MAX, readOutpoint)

/** What the evidence of a block does to the state. */
export interface EvidenceEffect {
  /** Outputs of the reporters. */
  readonly created: readonly Utxo[]
  readonly burnt: readonly Utxo[]
  /** Burnt less what the reporters get. */
  readonly amountBurnt: bigint
}

/** Whether the evidence of the block on top of `ledger` holds, and its effect. `isSpent`: by the block's transactions. */
export function checkEvidence(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  items: readonly Uint8Array[],
  isSpent: (outpoint: Outpoint) => boolean,
): Result<EvidenceEffect, EvidenceCode> {
  const created: Utxo[] = []
  const burnt: Utxo[] = []
  let amountBurnt = 0n
  for (const [index, bytes] of items.entries()) {
    const taken = (outpoint: Outpoint) =>
      isSpent(outpoint) || burnt.some((utxo) => showOutpoint(utxo.outpoint) === showOutpoint(outpoint))
    const own = checkOne(engine, chain, ledger, index, bytes, taken)
    if (own.kind === 'rejected') return own
    const { reporter, utxos } = own.value
    const amount = utxos.reduce((sum, { output }) => sum + output.amount, 0n)
    const share = amount / REPORTER_SHARE >= chain.params.minOutput ? amount / REPORTER_SHARE : 0n
    if (share > 0n) created.push(shareOf(engine, ledger, bytes, reporter, share))
    burnt.push(...utxos)
    amountBurnt += amount - share
  }
  return accepted({ created, burnt, amountBurnt })
}

function shareOf({ kernels }: Engine, { header }: Ledger, bytes: Uint8Array, owner: Owner, amount: bigint): Utxo {
  const txid = kernels.tagged('stakecube/evidence').hash(bytes)
  const output: Output = { kind: KIND.transfer, amount, owner, data: new Uint8Array(0) }
  return { outpoint: { txid, index: 0 }, createdHeight: header.height + 1n, output }
}

type Fault = Rejected<EvidenceCode> | undefined

function checkOne(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  index: number,
  bytes: Uint8Array,
  isSpent: (outpoint: Outpoint) => boolean,
): Result<{ readonly reporter: Owner; readonly utxos: Utxo[] }, EvidenceCode> {
  if (bytes[0] !== 1 && bytes[0] !== 2) return rejected('evidence-kind', { index, kind: bytes[0] ?? 'none' })
  const decoded = decodeEvidence(bytes, committeeSeatCount(chain.params))
  if (decoded.kind === 'rejected')
    return rejected('evidence-decode', { index, problem: decoded.code, ...decoded.operands })
  const evidence = decoded.value
  const guilty =
    evidence.kind === 1
      ? checkDoubleVote(engine, chain, ledger, index, evidence)
      : checkDoubleCert(engine, chain, ledger, index, evidence)
  if (guilty.kind === 'rejected') return guilty
  const utxos = burntOutputs(ledger, index, evidence.burnt, guilty.value, isSpent)
  return utxos.kind === 'rejected' ? utxos : accepted({ reporter: evidence.reporter, utxos: utxos.value })
}

/** The burnt outputs: unspent before and in the block, and of guilty keys. */
function burntOutputs(
  ledger: Ledger,
  index: number,
  outpoints: readonly Outpoint[],
  guilty: readonly Uint8Array[],
  isSpent: (outpoint: Outpoint) => boolean,
): Result<Utxo[], EvidenceCode> {
  if (outpoints.length === 0) return rejected('evidence-burn-none', { index })
  const utxos: Utxo[] = []
  for (const [place, outpoint] of outpoints.entries()) {
    const key = encodeOutpoint(outpoint)
    if (place > 0 && compareBytes(encodeOutpoint(outpoints[place - 1]!), key) >= 0)
      return rejected('evidence-burn-order', { index })
    const utxo = ledger.outputs.byOutpoint.get(key)
    const operands = { index, outpoint: showOutpoint(outpoint) }
    if (utxo === undefined || isSpent(outpoint)) return rejected('evidence-burn-missing', operands)
    const owned = stakeKeyOf(utxo.output)
    if (owned === undefined || !guilty.some((one) => equalBytes(one, owned)))
      return rejected('evidence-burn-innocent', operands)
    utxos.push(utxo)
  }
  return accepted(utxos)
}

/** The BLS key of a stake or unbonding output. */
export function stakeKeyOf({ kind, data }: Output): Uint8Array | undefined {
  if (kind === KIND.stake) return stakeData(data).blsPk
  return kind === KIND.unbonding ? unbondingData(data).blsPk : undefined
}

/** Not of the future, and not older than stake stays within reach. */
function checkAge({ params }: Chain, { header }: Ledger, index: number, height: bigint): Fault {
  const blockHeight = header.height + 1n
  if (height > blockHeight) return rejected('evidence-height', { index, height, blockHeight })
  const epochMax = epochOf(height, params) + unbondingEpochs(params)
  return epochOf(blockHeight, params) > epochMax
    ? rejected('evidence-old', { index, epoch: epochOf(height, params), epochMax })
    : undefined
}

function checkHashes(index: number, first: Hash32, second: Hash32): Fault {
  return compareBytes(first, second) >= 0 ? rejected('evidence-same-hash', { index }) : undefined
}

/** The guilty key if both votes are its own, on different hashes, and not out of reach. `index`: for the rejection. */
export function checkDoubleVote(
  { kernels, bls }: Engine,
  chain: Chain,
  ledger: Ledger,
  index: number,
  { blsPk, type, height, round, votes }: DoubleVote,
): Result<readonly Uint8Array[], EvidenceCode> {
  const fault = checkAge(chain, ledger, index, height) ?? checkHashes(index, votes[0].hash, votes[1].hash)
  if (fault !== undefined) return fault
  const key = bls.decodeKey(blsPk)
  if (key === undefined) return rejected('evidence-key', { index })
  for (const [which, { hash, signature }] of votes.entries()) {
    const message = voteMessage(kernels, chain.chainId, type, height, round, hash)
    if (!bls.verify(key, message, signature)) return rejected('evidence-signature', { index, which })
  }
  return accepted([blsPk])
}

function checkDoubleCert(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  index: number,
  { certs, header, committee }: DoubleCert,
): Result<readonly Uint8Array[], EvidenceCode> {
  const [first, second] = certs
  const { height, round } = first
  if (second.height !== height) return rejected('evidence-height', { index, height, blockHeight: second.height })
  if (second.round !== round) return rejected('evidence-round', { index, first: round, second: second.round })
  const epoch = epochOf(height, chain.params)
  const fault =
    checkAge(chain, ledger, index, height) ??
    checkHashes(index, first.blockHash, second.blockHash) ??
    checkHeader(engine, chain, ledger, index, header, epoch)
  if (fault !== undefined) return fault
  const keys = committeeKeys(engine, committee)
  if (keys.kind === 'rejected') return rejected('evidence-committee', { index, epoch, problem: keys.code })
  if (!equalBytes(keys.value.root, header.committeeRoot))
    return rejected('evidence-committee', { index, epoch, problem: `root ${toHex(keys.value.root)}` })
  for (const [which, cert] of certs.entries()) {
    const form = checkCertForm(engine.bls, chain.params.quorum, keys.value.head, cert, cert.blockHash, cert)
    if (form !== undefined) return rejected('evidence-cert', { index, which, problem: form.code })
    const signers = signersKey(engine.bls, keys.value, cert.bitmap)
    const claim = claimUnder(engine, chain.chainId, signers, keys.value.head, cert)
    const verified = claim.kind === 'rejected' ? claim : verifyClaim(engine, claim.value, keys.value.head, cert)
    if (verified.kind === 'rejected') return rejected('evidence-cert', { index, which, problem: verified.code })
  }
  const inBoth = keys.value.seatKeys.filter((_, seat) => bitAt(first.bitmap, seat) + bitAt(second.bitmap, seat) === 2)
  return accepted(inBoth.map(({ bytes }) => bytes))
}

/** The header is this chain's and of the epoch. */
function checkHeader(
  { kernels }: Engine,
  { params }: Chain,
  ledger: Ledger,
  index: number,
  header: Header,
  epoch: number,
): Fault {
  const known = header.height <= ledger.header.height && epochOf(header.height, params) === epoch
  if (!known) return rejected('evidence-header', { index })
  const ours = ledger.history.append(ledger.hash).hashAt(historyIndex(header.height))
  return equalBytes(blockHash(kernels, header), ours) ? undefined : rejected('evidence-header', { index })
}

/** Two votes or certificates in the order of the encoding. */
export function inHashOrder<Item>(first: Item, second: Item, hashOf: (item: Item) => Hash32): readonly [Item, Item] {
  return compareBytes(hashOf(first), hashOf(second)) < 0 ? [first, second] : [second, first]
}

/** The first 64 of `outpoints`, which are distinct, in the order that evidence lists them. */
export function burntOrder(outpoints: readonly Outpoint[]): Outpoint[] {
  return [...outpoints].sort((a, b) => compareBytes(encodeOutpoint(a), encodeOutpoint(b))).slice(0, BURNT_COUNT_MAX)
}
