import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { describeBlsVerifier } from './bls-verifier-suite.ts'

describeBlsVerifier('kernel', () => createKernelBls(), { caseCount: 200 })
