/** The computing dependencies that composition roots choose and that everything in the core takes as an argument. */
import type { Kernels } from '../kernels/contract.ts'
import type { BlsVerifier } from './bls-contract.ts'

export interface Engine {
  readonly kernels: Kernels
  readonly bls: BlsVerifier
}
