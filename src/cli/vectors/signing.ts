/** Kinds `pop` and `vote`: what is signed with BLS, by whom, and whether it verifies. */
import { toHex } from '../../base/bytes.ts'
import { voteMessage, type VoteType } from '../../chain/certificate.ts'
import { nobleBlsSigner } from '../../crypto/bls-signer.ts'
import { possessionMessage } from '../../crypto/keys.ts'
import { VectorFileError } from './fields.ts'
import type { Suite } from './suite.ts'

export const possessionSuite: Suite =
  ({ kernels, bls }) =>
  (testCase) => {
    const blsPk = testCase.hex('blsPk')
    const message = possessionMessage(kernels, testCase.bytes('chainId', 32), testCase.bytes('owner', 16), blsPk)
    const key = bls.decodeKey(blsPk)
    const valid = key !== undefined && bls.verifyPossession(key, message, testCase.hex('popSig'))
    // Of a tampered case the key, owner or chain is another than the one signed for: only the verdict can be compared.
    if (!testCase.flag('valid')) return { expected: { valid: false }, got: { valid } }
    const secretKey = testCase.bytes('secretKey', 32)
    return {
      expected: {
        valid: true,
        blsPk: testCase.text('blsPk'),
        message: testCase.text('message'),
        popSig: testCase.text('popSig'),
      },
      got: {
        valid,
        blsPk: toHex(nobleBlsSigner.publicKey(secretKey)),
        message: toHex(message),
        popSig: toHex(nobleBlsSigner.provePossession(secretKey, message)),
      },
    }
  }

export const voteSuite: Suite =
  ({ kernels, bls }) =>
  (testCase) => {
    const secretKey = testCase.bytes('secretKey', 32)
    const type = testCase.number('type')
    if (type !== 1 && type !== 2) throw new VectorFileError(`${testCase.place}.type must be 1 or 2, got ${type}`)
    const message = voteMessage(
      kernels,
      testCase.bytes('chainId', 32),
      type satisfies VoteType,
      testCase.u64('height'),
      testCase.number('round'),
      testCase.bytes('blockHash', 32),
    )
    const key = bls.decodeKey(testCase.hex('blsPk'))
    return {
      expected: {
        blsPk: testCase.text('blsPk'),
        message: testCase.text('message'),
        signature: testCase.text('signature'),
        verifies: true,
      },
      got: {
        blsPk: toHex(nobleBlsSigner.publicKey(secretKey)),
        message: toHex(message),
        signature: toHex(nobleBlsSigner.sign(secretKey, message)),
        verifies: key !== undefined && bls.verify(key, message, testCase.hex('signature')),
      },
    }
  }
