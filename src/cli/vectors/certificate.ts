/** Kind `certificate`: [FIN-1] under both quorum rules, and the compact form [LC-4c]. */
import { toHex } from '../../base/bytes.ts'
import { decodeCert } from '../../chain/certificate.ts'
import { decodeHeader } from '../../chain/header.ts'
import type { QuorumRule } from '../../chain/params.ts'
import type { Engine } from '../../crypto/engine.ts'
import type { BlsKey } from '../../crypto/bls-contract.ts'
import { bitmapLength, committeeKeys, signersKey, verifyCert, type CommitteeKeys } from '../../verify/certificate.ts'
import { buildCompact, compactKey, compactLeaves } from '../../verify/compact.ts'
import { readCommittee } from './cube.ts'
import { VectorFileError, type Fields } from './fields.ts'
import type { Json, Suite } from './suite.ts'
import { split } from './trees.ts'

export const certificateSuite: Suite = (engine, file) => {
  const committees = new Map(file.objects('committees').map((item) => [item.text('name'), readKeys(engine, item)]))
  return (testCase) => {
    const name = testCase.text('committee')
    const keys = committees.get(name)
    if (keys === undefined)
      throw new VectorFileError(`${testCase.place}.committee names no committee of the file, got "${name}"`)
    const valid = isValid(engine, testCase, keys)
    if (!testCase.flag('valid')) return { expected: { valid: false }, got: { valid } }
    const compact = testCase.object('compact')
    return {
      expected: {
        valid: true,
        leafIndices: compact.raw('leafIndices') as Json,
        leavesHex: compact.raw('leavesHex') as Json,
        proof: compact.raw('proof') as Json,
        keyHex: compact.text('keyHex'),
        sumHex: compact.text('keyHex'),
      },
      got: { valid, ...compactAnswer(engine, testCase, keys) },
    }
  }
}

/** The compact form that we build for the certificate, and the signers' key by either way. */
function compactAnswer(engine: Engine, testCase: Fields, keys: CommitteeKeys): Record<string, Json> {
  const cert = decodeCert(testCase.hex('certHex'))
  if (cert.kind === 'rejected') return { keyHex: `refused: ${cert.code}` }
  const { bitmap } = cert.value
  if (bitmap.length !== bitmapLength(keys.seatKeys.length)) return { keyHex: 'refused: bitmap length' }
  const compact = buildCompact(engine.kernels, keys, bitmap)
  const { indices, leaves } = compactLeaves(compact, bitmap)
  const key = compactKey(engine, keys.head, keys.root, cert.value, compact)
  return {
    leafIndices: indices,
    leavesHex: leaves.map(toHex),
    proof: split(compact.proof),
    keyHex: key.kind === 'accepted' ? hexOrNull(key.value) : `refused: ${key.code}`,
    sumHex: hexOrNull(signersKey(engine.bls, keys, bitmap)),
  }
}

const hexOrNull = (key: BlsKey | undefined): Json => (key === undefined ? null : toHex(key.bytes))

function isValid(engine: Engine, testCase: Fields, keys: CommitteeKeys): boolean {
  const header = decodeHeader(testCase.hex('headerHex'))
  const cert = decodeCert(testCase.hex('certHex'))
  if (header.kind === 'rejected' || cert.kind === 'rejected') return false
  const { chainId } = header.value
  return verifyCert(engine, { quorum: readRule(testCase) }, chainId, keys, header.value, cert.value).kind === 'accepted'
}

function readRule(testCase: Fields): QuorumRule {
  const rule = testCase.text('quorum')
  if (rule !== 'flat' && rule !== 'two-level')
    throw new VectorFileError(`${testCase.place}.quorum must be "flat" or "two-level", got "${rule}"`)
  return rule
}

/** A committee of the file; it must be sound, or none of its certificates could be judged. */
function readKeys(engine: Engine, item: Fields): CommitteeKeys {
  const committee = readCommittee(item)
  const keys = committee.kind === 'rejected' ? committee : committeeKeys(engine, committee.value)
  if (keys.kind === 'rejected') throw new VectorFileError(`${item.place} is no sound committee (${keys.code})`)
  const root = toHex(keys.value.root)
  if (root !== item.text('committeeRoot'))
    throw new VectorFileError(`${item.place}.committeeRoot is not the root of its leaves, which is ${root}`)
  return keys.value
}
