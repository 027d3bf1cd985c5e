/** Stands in for crypto/bls-signer.ts in the edge file: boards do not stake. */
import type { BlsSigner } from '../crypto/bls-contract.ts'
import { CliError } from '../cli/exit-codes.ts'

const leftOut = (): never => {
  throw new CliError(
    'environment',
    'staking is left out of the edge file: use the stakecube package on a larger machine',
  )
}

export const nobleBlsSigner: BlsSigner = {
  scheme: 'bls',
  publicKey: leftOut,
  sign: leftOut,
  provePossession: leftOut,
  secretKeyFrom: leftOut,
}
