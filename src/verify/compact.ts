/**
 * Compact committees ([LC-4c]): of a committee only its head and the members whose bits are zero, under one multiproof to
 * the certified root. The key of the signers is the aggregate key less the keys of those that did not sign.
 *
 * Such a hop trusts the certified root for aggregateKey: honest validators signed it after computing it.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { bitAt, concatBytes, equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import { Reader, Writer, type DecodeCode } from '../chain/codec.ts'
import {
  committeeSeatCount,
  encodeCommitteeHead,
  encodeMember,
  readCommitteeHead,
  readMember,
  writeMember,
  type CommitteeHead,
  type Member,
} from '../chain/committee.ts'
import type { BlsKey, WeightedKey } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { checkCube, type AuditCode } from '../cube/audit.ts'
import { committeeLeafCount, committeeLeaves, headLeaf, memberLeaf, memberLeafIndex } from '../cube/committee.ts'
import type { CubeParams } from '../cube/draws.ts'
import type { Kernels } from '../kernels/contract.ts'
import { buildMultiproof, rootFromMultiproof, type MerkleCode } from '../proofs/merkle.ts'
import { bitmapLength, type CommitteeKeys } from './certificate.ts'

export interface CompactCommittee {
  readonly head: CommitteeHead
  /** The members of exactly the zero bits, in the order of the bitmap. */
  readonly absent: readonly Member[]
  /** Multiproof of leaf 0 and the absent members, concatenated hashes. */
  readonly proof: Uint8Array
}

export type CompactCode =
  'compact-size' | 'compact-bitmap' | 'compact-members' | 'compact-root' | MerkleCode | AuditCode

export const COMPACT_SENTENCES: Readonly<
  Record<'compact-size' | 'compact-bitmap' | 'compact-members' | 'compact-root', string>
> = {
  'compact-size':
    'The compact committee of epoch {epoch} claims f = {f} and F = {F}, and the chain has at most f = {most} and F = {mostF}; ask another peer.',
  'compact-bitmap': 'The bitmap has {got} bytes and a committee of {seats} seats needs {expected}; ask another peer.',
  'compact-members':
    'The compact committee of epoch {epoch} carries {got} absent members and its certificate has {expected} zero bits; ask another peer.',
  'compact-root':
    'The compact committee of epoch {epoch} proves the root {got} and the chain says {expected}; ask another peer for it.',
}

/** Seats whose bit is zero, ascending. `bitmap` has the committee's length. */
function zeroSeats(head: Pick<CommitteeHead, 'f' | 'F'>, bitmap: Uint8Array): number[] {
  const seats = Array.from({ length: committeeSeatCount(head) }, (_, seat) => seat)
  return seats.filter((seat) => bitAt(bitmap, seat) === 0)
}

/** Leaf indices of the head and of the given seats. */
function leafIndices(head: Pick<CommitteeHead, 'f' | 'F'>, seats: readonly number[]): number[] {
  const coreSize = 3 * head.f + 1
  return [0, ...seats.map((seat) => memberLeafIndex(head, Math.floor(seat / coreSize), seat % coreSize))]
}

/** The compact form of a committee for one certificate's bitmap, which has the committee's length. */
export function buildCompact(
  kernels: Kernels,
  { committee, head }: Pick<CommitteeKeys, 'committee' | 'head'>,
  bitmap: Uint8Array,
): CompactCommittee {
  assert(bitmap.length === bitmapLength(committeeSeatCount(head)), `bitmap has ${bitmap.length} bytes`)
  const members = committee.shards.flatMap((shard) => shard.members)
  const seats = zeroSeats(head, bitmap)
  const leafHashes = concatBytes(...committeeLeaves(committee).map((leaf) => kernels.leafHash(leaf)))
  return {
    head,
    absent: seats.map((seat) => members[seat]!),
    proof: buildMultiproof(kernels, leafHashes, leafIndices(head, seats)),
  }
}

/**
 * The key of a certificate's signers, from a compact committee under the certified `root`. Undefined stands for the
 * identity. Nothing is sized by f and F before they are shown to be at most the chain's. A fault that the audit names is one
 * of a head or member under the matching root, so of the chain and not of the peer.
 */
export function compactKey(
  engine: Engine,
  params: Pick<CubeParams, 'f' | 'F'>,
  root: Hash32,
  { bitmap }: Pick<FinalityCert, 'bitmap'>,
  compact: CompactCommittee,
): Result<BlsKey | undefined, CompactCode> {
  const { head, absent } = compact
  if (head.f > params.f || head.F > params.F)
    return rejected('compact-size', { epoch: head.epoch, f: head.f, F: head.F, most: params.f, mostF: params.F })
  const count = committeeSeatCount(head)
  if (bitmap.length !== bitmapLength(count))
    return rejected('compact-bitmap', { got: bitmap.length, seats: count, expected: bitmapLength(count) })
  const seats = zeroSeats(head, bitmap)
  if (absent.length !== seats.length)
    return rejected('compact-members', { epoch: head.epoch, got: absent.length, expected: seats.length })
  const proven = compactRoot(engine.kernels, compact, seats)
  if (proven.kind === 'rejected') return proven
  if (!equalBytes(proven.value, root))
    return rejected('compact-root', { epoch: head.epoch, got: toHex(proven.value), expected: toHex(root) })
  return checkCube(params, head) ?? subtractAbsent(engine, compact)
}

function compactRoot(
  kernels: Kernels,
  compact: CompactCommittee,
  seats: readonly number[],
): Result<Hash32, MerkleCode> {
  const { indices, leaves } = leavesAt(compact, seats)
  const hashes = concatBytes(...leaves.map((leaf) => kernels.leafHash(leaf)))
  return rootFromMultiproof(kernels, committeeLeafCount(compact.head), indices, hashes, compact.proof)
}

/** The leaves that a compact committee brings for `bitmap`, and their indices in the committee tree. */
export function compactLeaves(compact: CompactCommittee, bitmap: Uint8Array): CompactLeaves {
  const seats = zeroSeats(compact.head, bitmap)
  assert(seats.length === compact.absent.length, `${compact.absent.length} members for ${seats.length} zero bits`)
  return leavesAt(compact, seats)
}

interface CompactLeaves {
  readonly indices: readonly number[]
  readonly leaves: readonly Uint8Array[]
}

function leavesAt({ head, absent }: CompactCommittee, seats: readonly number[]): CompactLeaves {
  const coreSize = 3 * head.f + 1
  const members = absent.map((member, index) => {
    const seat = seats[index]!
    return memberLeaf(Math.floor(seat / coreSize), seat % coreSize, encodeMember(member))
  })
  return { indices: leafIndices(head, seats), leaves: [headLeaf(head), ...members] }
}

function subtractAbsent({ bls }: Engine, { head, absent }: CompactCommittee): Result<BlsKey | undefined, AuditCode> {
  const total = bls.decodeKey(head.aggregateKey)
  if (total === undefined)
    return rejected('audit-aggregate-key', {
      epoch: head.epoch,
      got: toHex(head.aggregateKey),
      expected: 'a public key',
    })
  const keys: WeightedKey[] = []
  for (const { blsPk, credential } of absent) {
    const key = bls.decodeKey(blsPk)
    if (key === undefined)
      return rejected('audit-member-key', { got: toHex(blsPk), credential: toHex(credential), epoch: head.epoch })
    keys.push({ key, times: 1 })
  }
  return accepted(keys.length === 0 ? total : bls.subtractKeys(total, keys))
}

/** The wire form: the head as a u32 length and its bytes ‖ absent (list of Member) ‖ proof (byte string). */
export function encodeCompact({ head, absent, proof }: CompactCommittee): Uint8Array {
  const headBytes = encodeCommitteeHead(head)
  return new Writer(6 + headBytes.length + 96 * absent.length + proof.length)
    .u32(headBytes.length)
    .bytes(headBytes)
    .list(absent, writeMember)
    .byteString(proof)
    .finish()
}

/** `seatCountMax` is the chain's own (3F+1)(3f+1). */
export function decodeCompact(bytes: Uint8Array, seatCountMax: number): Result<CompactCommittee, DecodeCode> {
  const reader = new Reader(bytes)
  const headLength = reader.u32()
  const headReader = new Reader(reader.bytes(headLength <= reader.remaining ? headLength : reader.remaining + 1))
  const head = headReader.finish(readCommitteeHead(headReader))
  const absent = reader.list('absent members', 0, seatCountMax, readMember)
  const compact = reader.finish({ absent, proof: reader.byteString('multiproof') })
  if (compact.kind === 'rejected') return compact
  return head.kind === 'rejected' ? head : accepted({ head: head.value, ...compact.value })
}
