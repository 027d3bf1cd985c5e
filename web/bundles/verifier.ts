/**
 * The verifier alone in one file: proof files are checked against a chain spec and a checkpoint, without any network. The
 * twin does the hashing (a proof has few) and the BLS kernel the signatures; an engine that compiles no WebAssembly, for
 * instance under a policy without 'wasm-unsafe-eval', is refused with a sentence: there the whole client has noble.
 */
import type { Engine } from '../../src/crypto/engine.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { twin } from '../../src/kernels/twin/index.ts'

export { parseChainSpec } from '../../src/chain/spec.ts'
export { verifyProofFile } from '../../src/light/proof-file.ts'

/** The engine that `verifyProofFile` takes. Rejects if WebAssembly cannot be compiled. */
export async function loadVerifier(): Promise<Engine> {
  return { kernels: twin, bls: await createKernelBls({ sha256: (bytes) => twin.sha256(bytes) }) }
}
