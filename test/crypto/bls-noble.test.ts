import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { describeBlsVerifier } from './bls-verifier-suite.ts'

describeBlsVerifier('noble', () => createNobleBls(), { caseCount: 40 })
