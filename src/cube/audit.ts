/**
 * The audit of a full committee ([LC-4]): is it the one that the cube in its head and the draws give? A consistency check
 * and batch work for the kernels. What makes a committee trusted is the certificate of the one before; a certified one
 * that fails here is a broken chain.
 *
 * What an attacker who controls all bytes can reach: nothing is sized by f or F before they are shown to follow from the
 * cube and to be at most the chain's; Select is only asked inside its domain; hashing is bounded by the seats claimed.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { compareBytes, concatBytes, equalBytes, toHex, u32, u64 } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import {
  encodeMember,
  type Committee,
  type CommitteeHead,
  type CommitteeShard,
  type Label,
  type Member,
} from '../chain/committee.ts'
import { STAKE_LIMIT } from '../chain/spec-rules.ts'
import type { BlsKey } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import type { DrawAudit, Kernels } from '../kernels/contract.ts'
import { committeeLabels, committeeRoot, coreRanks } from './committee.ts'
import { drawOf, firstDrawEpoch, redrawEpoch, type CubeParams } from './draws.ts'
import { coversSpace, firstDisorder, isPrefix, labelText } from './labels.ts'
import { faultBounds } from './shards.ts'

export type AuditCode =
  | 'audit-labels'
  | 'audit-cover'
  | 'audit-empty-shard'
  | 'audit-fault-bounds'
  | 'audit-shape'
  | 'audit-root'
  | 'audit-draws'
  | 'audit-committee-order'
  | 'audit-twice'
  | 'audit-credential'
  | 'audit-draw-epoch'
  | 'audit-amount'
  | 'audit-seat'
  | 'audit-position'
  | 'audit-core-order'
  | 'audit-member-key'
  | 'audit-aggregate-key'

/** One sentence for each reason: `{name}` stands for an operand. */
export const AUDIT_SENTENCES: Readonly<Record<AuditCode, string>> = {
  'audit-labels':
    'Shard {index} of the cube of epoch {epoch}, "{label}", does not come after "{before}"; do not use this committee, the chain or the peer that sent it is broken.',
  'audit-cover':
    'The {shards} shards of epoch {epoch} do not cover the id space exactly once; do not use this committee, the chain or the peer that sent it is broken.',
  'audit-empty-shard':
    'Shard "{label}" of epoch {epoch} claims {seats} seats and needs at least {least}; do not use this committee.',
  'audit-fault-bounds':
    'The committee of epoch {epoch} claims f = {f} and F = {F} where its cube gives f = {expectedf} and F = {expectedF}; do not use this committee.',
  'audit-shape': 'The committee of epoch {epoch} has {got} {what} and must have {expected}; ask another peer for it.',
  'audit-root':
    'The committee of epoch {epoch} has the root {got} and the chain says {expected}; ask another peer for it.',
  'audit-draws':
    'The committee head of epoch {epoch} lists {got} and must list exactly the draws of epochs {first} to {epoch}, each with some stake; do not use this committee.',
  'audit-committee-order':
    'Committee place {index} of epoch {epoch} is held by shard "{got}" and belongs to shard "{expected}"; do not use this committee.',
  'audit-twice':
    'Seat {seat} of credential {credential} is in the committee of epoch {epoch} twice, at {first} and {second}; do not use this committee.',
  'audit-credential':
    'Credential {credential} stands in the committee of epoch {epoch} with two different {what}s, {first} and {second}; do not use this committee.',
  'audit-draw-epoch':
    'Credential {credential} claims the draw of epoch {got} in epoch {epoch} and can only have one from {least} to {epoch}; do not use this committee.',
  'audit-amount':
    'Credential {credential} claims a stake of {got}, and the draw of epoch {drawEpoch} allows from 1 to {most}; do not use this committee.',
  'audit-seat':
    'Credential {credential} claims seat number {got} in epoch {epoch} and won {won} seats; do not use this committee.',
  'audit-position':
    'Seat {seat} of credential {credential} has the position {got}, outside its shard "{label}"; do not use this committee.',
  'audit-core-order':
    'Core seat {index} of shard "{label}" in epoch {epoch} has the rank {got}, below the rank {before} of the seat before it; do not use this committee.',
  'audit-member-key':
    'The key {got} of credential {credential} in epoch {epoch} is not a valid public key (the identity, outside the subgroup or not canonical, where a point of the subgroup is expected); do not use this committee.',
  'audit-aggregate-key':
    'The committee head of epoch {epoch} has the aggregate key {got} and its seats add up to {expected}; do not use this committee.',
}

type Fault = Rejected<AuditCode> | undefined

/** Audits `committee` against the root that a certified header gives for it. Cheap reasons are looked for first. */
export function auditCommittee(
  engine: Engine,
  params: CubeParams,
  committee: Committee,
  root: Hash32,
): Result<void, AuditCode> {
  const fault =
    checkCube(params, committee.head) ??
    checkShape(committee) ??
    checkRoot(engine.kernels, committee, root) ??
    auditContent(engine.kernels, params, committee) ??
    checkAggregate(engine, committee)
  return fault ?? accepted(undefined)
}

/** All of the audit but the root and the keys, which {@link auditCommittee} adds. */
export function auditContent(kernels: Kernels, params: CubeParams, committee: Committee): Fault {
  const { head, shards } = committee
  return (
    checkCube(params, head) ??
    checkShape(committee) ??
    checkDraws(params, head) ??
    checkCommitteeOrder(kernels, head, shards) ??
    checkCredentials(head, shards) ??
    checkMembers(kernels, params, head, shards)
  )
}

/** The cube as the head lists it: labels, cover, and the f and F that follow. Needs no more than the head. */
export function checkCube(params: Pick<CubeParams, 'f' | 'F'>, head: CommitteeHead): Fault {
  const { epoch, cube } = head
  const labels = cube.map(({ label }) => label)
  const disorder = firstDisorder(labels)
  if (disorder !== undefined)
    return rejected('audit-labels', {
      index: disorder,
      epoch,
      label: labelText(labels[disorder]!),
      before: labelText(labels[disorder - 1]!),
    })
  if (!coversSpace(labels)) return rejected('audit-cover', { shards: labels.length, epoch })
  const empty = cube.find(({ seats }) => seats === 0)
  if (empty !== undefined)
    return rejected('audit-empty-shard', { label: labelText(empty.label), epoch, seats: 0, least: 1 })
  const expected = faultBounds(params, cube)
  return head.f === expected.f && head.F === expected.F
    ? undefined
    : rejected('audit-fault-bounds', { epoch, f: head.f, F: head.F, expectedf: expected.f, expectedF: expected.F })
}

/** 3F+1 shards of 3f+1 members. A decoded committee always has them; one put together in memory may not. */
export function checkShape({ head, shards }: Committee): Fault {
  const { epoch, f, F } = head
  if (shards.length !== 3 * F + 1)
    return rejected('audit-shape', { epoch, what: 'shards', got: shards.length, expected: 3 * F + 1 })
  const odd = shards.find(({ members }) => members.length !== 3 * f + 1)
  return odd === undefined
    ? undefined
    : rejected('audit-shape', {
        epoch,
        what: `seats in shard "${labelText(odd.label)}"`,
        got: odd.members.length,
        expected: 3 * f + 1,
      })
}

function checkRoot(kernels: Kernels, committee: Committee, root: Hash32): Fault {
  const got = committeeRoot(kernels, committee)
  return equalBytes(got, root)
    ? undefined
    : rejected('audit-root', { epoch: committee.head.epoch, got: toHex(got), expected: toHex(root) })
}

function checkDraws(params: CubeParams, { epoch, draws }: CommitteeHead): Fault {
  const first = firstDrawEpoch(params.seatLifetime, epoch)
  const exact =
    draws.length === epoch - first + 1 && draws.every((draw, index) => draw.epoch === first + index && draw.stake > 0n)
  if (exact) return undefined
  const got = draws.map((draw) => `${draw.epoch}${draw.stake > 0n ? '' : ' without stake'}`).join(', ')
  return rejected('audit-draws', { epoch, first, got: `epochs ${got}` })
}

function checkCommitteeOrder(kernels: Kernels, head: CommitteeHead, shards: readonly CommitteeShard[]): Fault {
  const expected = committeeLabels(kernels, seedOf(head), head.F, head.cube)
  const index = shards.findIndex(({ label }, place) => !sameLabel(label, expected[place]!))
  return index < 0
    ? undefined
    : rejected('audit-committee-order', {
        index,
        epoch: head.epoch,
        got: labelText(shards[index]!.label),
        expected: labelText(expected[index]!),
      })
}

/** One key, one amount and one draw epoch for each credential, and no seat of it twice. */
function checkCredentials({ epoch }: CommitteeHead, shards: readonly CommitteeShard[]): Fault {
  const known = new Map<string, { readonly member: Member; readonly places: Map<number, string> }>()
  for (const [shard, { members }] of shards.entries())
    for (const [index, member] of members.entries()) {
      const credential = toHex(member.credential)
      const place = `${shard}/${index}`
      const before = known.get(credential)
      if (before === undefined) {
        known.set(credential, { member, places: new Map([[member.seat, place]]) })
        continue
      }
      const difference = differenceOf(before.member, member)
      if (difference !== undefined) return rejected('audit-credential', { credential, epoch, ...difference })
      const first = before.places.get(member.seat)
      if (first !== undefined)
        return rejected('audit-twice', { seat: member.seat, credential, epoch, first, second: place })
      before.places.set(member.seat, place)
    }
  return undefined
}

function differenceOf(a: Member, b: Member) {
  if (!equalBytes(a.blsPk, b.blsPk)) return { what: 'key', first: toHex(a.blsPk), second: toHex(b.blsPk) }
  if (a.amount !== b.amount) return { what: 'amount', first: a.amount, second: b.amount }
  return a.drawEpoch === b.drawEpoch ? undefined : { what: 'draw epoch', first: a.drawEpoch, second: b.drawEpoch }
}

/** Draw epoch, amount and seat number of every member, its position under its shard's label, and the order of each core. */
function checkMembers(
  kernels: Kernels,
  params: CubeParams,
  head: CommitteeHead,
  shards: readonly CommitteeShard[],
): Fault {
  const { positions, seats } = drawAudit(kernels, params, head, shards)
  let place = 0
  for (const { label, members } of shards) {
    const own: Hash32[] = []
    for (const member of members) {
      const fault = checkMember(params, head, member, seats[place]!)
      if (fault !== undefined) return fault
      const position = positions.slice(32 * place, 32 * place + 32)
      if (!isPrefix(label, position)) return positionFault(member, position, label)
      own.push(position)
      place++
    }
    const fault = checkCoreOrder(kernels, head, label, own)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Draws and positions of all members in one call. A member that is outside the domain gets zeros; checkMember refuses it. */
function drawAudit(
  kernels: Kernels,
  { seatsTarget }: Pick<CubeParams, 'seatsTarget'>,
  { draws }: CommitteeHead,
  shards: readonly CommitteeShard[],
): DrawAudit {
  const drawBytes = draws.map(({ epoch, seed, stake }) => concatBytes(u32(epoch), seed, u64(stake)))
  const memberBytes = shards.flatMap(({ members }) => members.map(encodeMember))
  return kernels.auditDraws(concatBytes(...drawBytes), concatBytes(...memberBytes), BigInt(seatsTarget))
}

/** `won` is Select's answer for this member. */
function checkMember(
  params: CubeParams,
  { epoch, draws }: CommitteeHead,
  { credential: id, amount, drawEpoch, seat }: Member,
  won: bigint,
): Fault {
  const credential = toHex(id)
  const least = Math.max(redrawEpoch(params.seatLifetime, id, epoch) ?? 0, draws[0]!.epoch)
  if (drawEpoch < least || drawEpoch > epoch)
    return rejected('audit-draw-epoch', { credential, got: drawEpoch, epoch, least })
  const { stake } = drawOf(draws, drawEpoch)
  const most = stake < STAKE_LIMIT ? stake : STAKE_LIMIT - 1n
  if (amount < 1n || amount > most) return rejected('audit-amount', { credential, got: amount, drawEpoch, most })
  return seat < won ? undefined : rejected('audit-seat', { credential, got: seat, epoch, won: Number(won) })
}

const positionFault = ({ seat, credential }: Member, position: Hash32, label: Label): Fault =>
  rejected('audit-position', { seat, credential: toHex(credential), got: toHex(position), label: labelText(label) })

function checkCoreOrder(kernels: Kernels, head: CommitteeHead, label: Label, positions: readonly Hash32[]): Fault {
  const ranks = coreRanks(kernels, seedOf(head), positions)
  for (let index = 1; index < ranks.length; index++)
    if (compareBytes(ranks[index - 1]!, ranks[index]!) >= 0)
      return rejected('audit-core-order', {
        index,
        label: labelText(label),
        epoch: head.epoch,
        got: toHex(ranks[index]!),
        before: toHex(ranks[index - 1]!),
      })
  return undefined
}

/** Decodes every key and compares their sum; on an emulated board this costs more than all the rest. */
export function checkAggregate({ bls }: Engine, { head, shards }: Committee): Fault {
  const keys: BlsKey[] = []
  for (const { members } of shards)
    for (const { blsPk, credential } of members) {
      const key = bls.decodeKey(blsPk)
      if (key === undefined)
        return rejected('audit-member-key', { got: toHex(blsPk), credential: toHex(credential), epoch: head.epoch })
      keys.push(key)
    }
  const sum = bls.sumKeys(keys.map((key) => ({ key, times: 1 })))
  if (sum !== undefined && equalBytes(sum.bytes, head.aggregateKey)) return undefined
  const expected = sum === undefined ? 'the identity, which is refused' : toHex(sum.bytes)
  return rejected('audit-aggregate-key', { epoch: head.epoch, got: toHex(head.aggregateKey), expected })
}

function seedOf({ epoch, draws }: CommitteeHead): Hash32 {
  const draw = draws.at(-1)
  assert(draw?.epoch === epoch, `draws must end with epoch ${epoch}`)
  return draw.seed
}

const sameLabel = (a: Label, b: Label): boolean => a.bits === b.bits && equalBytes(a.bytes, b.bytes)
