/** The computing parts that a node runs on: the best kernels this machine has, BLS with a memory, and a signer. */
import type { BlsSigner } from '../crypto/bls-contract.ts'
import { loadBls, type BlsEngineName } from '../crypto/bls-kernel/load.ts'
import { nobleBlsSigner } from '../crypto/bls-signer.ts'
import type { Engine } from '../crypto/engine.ts'
import { loadKernels } from '../kernels/load.ts'
import { RememberingBls } from './remembering-bls.ts'

export interface NodeEngine extends Engine {
  readonly bls: RememberingBls
  readonly signer: BlsSigner
}

/** `bls`: which verifier to take; the kernel unless told otherwise. */
export async function createNodeEngine(bls: BlsEngineName = 'kernel'): Promise<NodeEngine> {
  const kernels = await loadKernels()
  const verifier = await loadBls({ prefer: bls, sha256: (bytes) => kernels.sha256(bytes) })
  return { kernels, bls: new RememberingBls(verifier), signer: nobleBlsSigner }
}
