/** Kinds `cube` and `audit`: committees elected from a stake set, and full committees to be audited. */
import { toHex } from '../../base/bytes.ts'
import { Reader } from '../../chain/codec.ts'
import {
  decodeCommitteeHead,
  encodeCommitteeHead,
  encodeLabel,
  encodeMember,
  readLabel,
  readMember,
  type Committee,
  type CommitteeHead,
  type CommitteeShard,
} from '../../chain/committee.ts'
import { readOutpoint } from '../../chain/output.ts'
import { credentialOf } from '../../crypto/keys.ts'
import { auditCommittee } from '../../cube/audit.ts'
import { committeeRoot, electCommittee, NO_COMMITTEE_ROOT } from '../../cube/committee.ts'
import { drawEpoch, type Credential, type CubeParams } from '../../cube/draws.ts'
import { labelText } from '../../cube/labels.ts'
import { buildCube, cubeSeatCount } from '../../cube/shards.ts'
import type { Result } from '../../base/verdict.ts'
import { VectorFileError, type Fields } from './fields.ts'
import type { Json, Suite } from './suite.ts'

const readParams = (params: Fields): CubeParams => ({
  f: params.number('f'),
  F: params.number('F'),
  seatsTarget: params.number('seatsTarget'),
  shardSizeMax: params.number('shardSizeMax'),
  seatLifetime: params.number('seatLifetime'),
})

export const cubeSuite: Suite = (engine) => (testCase) => {
  const { kernels } = engine
  const params = readParams(testCase.object('params'))
  const epoch = testCase.number('epoch')
  const draws = testCase.objects('draws').map((draw) => ({
    epoch: draw.number('epoch'),
    seed: draw.bytes('D', 32),
    stake: draw.u64('S'),
  }))
  const credentials = testCase.objects('credentials').map((item): Credential => {
    const outpoint = decodeWith(item, 'outpointHex', readOutpoint)
    return {
      id: credentialOf(kernels, outpoint),
      outpoint,
      amount: item.u64('amount'),
      blsPk: item.hex('blsPk'),
      owner: new Uint8Array(16),
      firstEpoch: item.number('firstEpoch'),
    }
  })
  const cube = buildCube(kernels, params, epoch, credentials, draws)
  const seatsOf = new Map(credentials.map((credential) => [credential, 0]))
  for (const { seats } of cube.shards)
    for (const { credential } of seats) seatsOf.set(credential, seatsOf.get(credential)! + 1)
  const committee = electCommittee(engine, params, cube)
  return {
    expected: {
      credentials: testCase.objects('credentials').map((item) => ({
        id: item.text('id'),
        drawEpoch: item.number('drawEpoch'),
        seats: item.number('seats'),
      })),
      seatsTotal: testCase.number('seatsTotal'),
      shards: testCase.objects('shards').map((shard) => ({ label: shard.text('label'), size: shard.number('size') })),
      f: testCase.raw('f') as Json,
      F: testCase.raw('F') as Json,
      aggregateKey: testCase.raw('aggregateKey') as Json,
      committeeHeadHex: testCase.raw('committeeHeadHex') as Json,
      members: testCase.raw('members') as Json,
      committeeRoot: testCase.text('committeeRoot'),
    },
    got: {
      credentials: credentials.map((credential) => ({
        id: toHex(credential.id),
        drawEpoch: drawEpoch(params.seatLifetime, credential.id, credential.firstEpoch, epoch),
        seats: seatsOf.get(credential)!,
      })),
      seatsTotal: cubeSeatCount(cube),
      shards: cube.shards.map(({ label, seats }) => ({ label: labelText(label), size: seats.length })),
      f: committee?.head.f ?? null,
      F: committee?.head.F ?? null,
      aggregateKey: committee === undefined ? null : toHex(committee.head.aggregateKey),
      committeeHeadHex: committee === undefined ? null : toHex(encodeCommitteeHead(committee.head)),
      members: (committee?.shards ?? []).map(shardJson),
      committeeRoot: toHex(committee === undefined ? NO_COMMITTEE_ROOT : committeeRoot(kernels, committee)),
    },
  }
}

export const auditSuite: Suite = (engine) => (testCase) => ({
  expected: testCase.flag('valid'),
  got: isAudited(engine, testCase),
})

function isAudited(engine: Parameters<Suite>[0], testCase: Fields): boolean {
  const committee = readCommittee(testCase)
  if (committee.kind === 'rejected') return false
  const params = readParams(testCase.object('params'))
  return auditCommittee(engine, params, committee.value, testCase.hex('committeeRoot')).kind === 'accepted'
}

/** The committee that `committeeHeadHex` and `members` say, through the codecs. */
export function readCommittee(item: Fields): Result<Committee> {
  const head: Result<CommitteeHead> = decodeCommitteeHead(item.hex('committeeHeadHex'))
  if (head.kind === 'rejected') return head
  const shards: CommitteeShard[] = []
  for (const shard of item.objects('members')) {
    const labelReader = new Reader(shard.hex('labelHex'))
    const label = labelReader.finish(readLabel(labelReader))
    if (label.kind === 'rejected') return label
    const members = []
    for (const bytes of shard.hexes('members')) {
      const memberReader = new Reader(bytes)
      const member = memberReader.finish(readMember(memberReader))
      if (member.kind === 'rejected') return member
      members.push(member.value)
    }
    shards.push({ label: label.value, members })
  }
  return { kind: 'accepted', value: { head: head.value, shards } }
}

const shardJson = ({ label, members }: CommitteeShard): Json => ({
  label: labelText(label),
  labelHex: toHex(encodeLabel(label)),
  members: members.map((member) => toHex(encodeMember(member))),
})

/** An input that must decode: a fault is the file's. */
function decodeWith<Value>(item: Fields, name: string, read: (reader: Reader) => Value): Value {
  const reader = new Reader(item.hex(name))
  const result = reader.finish(read(reader))
  if (result.kind === 'rejected')
    throw new VectorFileError(`${item.place}.${name} does not decode (${result.code}); correct the vector file`)
  return result.value
}
