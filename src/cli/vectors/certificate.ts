/** Kind `certificate`: [FIN-1] under both quorum rules, and the compact form [LC-4c]. */
import { toHex } from '../../base/bytes.ts'
import { decodeCert } from '../../chain/certificate.ts'
import { decodeHeader } from '../../chain/header.ts'
import type { QuorumRule } from '../../chain/params.ts'
import type { Engine } from '../../crypto/engine.ts'
import { committeeKeys, verifyCert, type CommitteeKeys } from '../../verify/certificate.ts'
import { readCommittee } from './cube.ts'
import { VectorFileError, type Fields } from './fields.ts'
import type { Json, Suite } from './suite.ts'

export const certificateSuite: Suite = (engine, file) => {
  const committees = new Map(file.objects('committees').map((item) => [item.text('name'), readKeys(engine, item)]))
  return (testCase) => {
    const name = testCase.text('committee')
    const keys = committees.get(name)
    if (keys === undefined)
      throw new VectorFileError(`${testCase.place}.committee names no committee of the file, got "${name}"`)
    const valid = isValid(engine, testCase, keys)
    const expected: Record<string, Json> = { valid: testCase.flag('valid') }
    const got: Record<string, Json> = { valid }
    return { expected, got }
  }
}

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
