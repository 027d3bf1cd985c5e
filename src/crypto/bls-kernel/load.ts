/**
 * Chooses a BlsVerifier: the AssemblyScript kernel where the engine compiles WebAssembly, else noble. Same verdicts with
 * both. For composition roots.
 */
import type { BlsVerifier } from '../bls-contract.ts'
import { createKernelBls } from './index.ts'

export type BlsEngineName = 'kernel' | 'noble'

export interface LoadBlsOptions {
  /** What to take if the engine can run it; else noble. */
  readonly prefer?: BlsEngineName
  /** A compiled bls.wasm of this package, for engines that compile no bytes. */
  readonly module?: WebAssembly.Module
  /** SHA-256 for the coefficients of verifyBatch. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array
}

export async function loadBls({ prefer = 'kernel', module, sha256 }: LoadBlsOptions): Promise<BlsVerifier> {
  const canCompile = typeof WebAssembly === 'object'
  if (prefer === 'kernel' && canCompile) {
    try {
      return await createKernelBls({ sha256, ...(module === undefined ? {} : { module }) })
    } catch (cause) {
      if (!isForbidden(cause)) throw cause
    }
  }
  const { createNobleBls } = await import('../bls-noble.ts')
  return createNobleBls(sha256)
}

/** A page's policy without 'wasm-unsafe-eval' lets no WebAssembly be compiled: engines report that as a CompileError. */
const isForbidden = (cause: unknown): boolean =>
  cause instanceof WebAssembly.CompileError && /content security|policy|unsafe-eval/i.test(cause.message)
