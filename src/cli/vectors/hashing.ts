/** Kinds that the kernels answer alone: tagged-hash, select, sortition, rfc9162-inclusion, rfc9162-consistency. */
import { concatBytes, equalBytes, toHex } from '../../base/bytes.ts'
import type { Suite } from './suite.ts'

export const taggedHashSuite: Suite =
  ({ kernels }) =>
  (testCase) => ({
    expected: testCase.text('hash'),
    got: toHex(kernels.tagged(testCase.text('tag')).hash(...testCase.hexes('parts'))),
  })

/** `sortition` and `select` have one format. */
export const selectSuite: Suite =
  ({ kernels }) =>
  (testCase) => ({
    expected: String(testCase.u64('seats')),
    got: String(
      kernels.select(testCase.u64('n'), testCase.u64('T'), testCase.u64('e'), testCase.bytes('digestHex', 32)),
    ),
  })

export const inclusionSuite: Suite =
  ({ kernels }) =>
  (testCase) => {
    const proof = testCase.base64s('proof')
    const root = kernels.rootFromInclusion(
      testCase.u64('leafIdx'),
      testCase.u64('treeSize'),
      testCase.base64('leafHash'),
      concatBytes(...proof),
    )
    const holds = areHashes(proof) && root !== undefined && equalBytes(root, testCase.base64('root'))
    return { expected: { wantErr: testCase.flag('wantErr') }, got: { wantErr: !holds } }
  }

export const consistencySuite: Suite =
  ({ kernels }) =>
  (testCase) => {
    const proof = testCase.base64s('proof')
    const holds =
      areHashes(proof) &&
      kernels.verifyConsistency(
        testCase.u64('size1'),
        testCase.u64('size2'),
        testCase.base64('root1'),
        testCase.base64('root2'),
        concatBytes(...proof),
      )
    return { expected: { wantErr: testCase.flag('wantErr') }, got: { wantErr: !holds } }
  }

/** Joining hides the lengths, so they are checked before. */
export const areHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every(({ length }) => length === 32)
