/** The computing parts that a node runs on: the best kernels this machine has, BLS with a memory, and a signer. */
import type { BlsSigner } from '../crypto/bls-contract.ts'
import { createNobleBls } from '../crypto/bls-noble.ts'
import { nobleBlsSigner } from '../crypto/bls-signer.ts'
import type { Engine } from '../crypto/engine.ts'
import { loadKernels } from '../kernels/load.ts'
import { RememberingBls } from './remembering-bls.ts'

export interface NodeEngine extends Engine {
  readonly bls: RememberingBls
  readonly signer: BlsSigner
}

export async function createNodeEngine(): Promise<NodeEngine> {
  const kernels = await loadKernels()
  const bls = new RememberingBls(createNobleBls((bytes) => kernels.sha256(bytes)))
  return { kernels, bls, signer: nobleBlsSigner }
}
