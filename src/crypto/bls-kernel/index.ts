/**
 * createKernelBls: BlsVerifier in AssemblyScript. Shell: it compiles WebAssembly. For composition roots, which fall back to
 * createNobleBls where there is none; both give the same verdict for the same bytes.
 *
 * Of use only with a good source of batch seeds; keys and messages are public, nothing here is constant-time.
 */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import type { BlsVerifier } from '../bls-contract.ts'
import { KernelBls } from './kernel-bls.ts'
import { BlsMachine } from './machine.ts'

export interface KernelBlsOptions {
  /** A compiled bls.wasm of this package, used as it is. */
  readonly module?: WebAssembly.Module
  /** SHA-256 for the coefficients of verifyBatch; any will do. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
}

/** The bytes of the kernel, as they stand in build/bls.wasm. */
export async function blsKernelBytes(): Promise<Uint8Array<ArrayBuffer>> {
  const { wasm } = await import('./bls.gen.ts')
  const binary = atob(wasm)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** An instance of the kernel of its own (1.4 MiB). Tests use it; others want createKernelBls. */
export async function createBlsMachine(module?: WebAssembly.Module): Promise<BlsMachine> {
  if (module !== undefined) return new BlsMachine(await WebAssembly.instantiate(module))
  const { instance } = await WebAssembly.instantiate(await blsKernelBytes())
  return new BlsMachine(instance)
}

/** Rejects if the engine cannot compile WebAssembly. Each call makes an instance with its own tables. */
export async function createKernelBls(options: KernelBlsOptions = {}): Promise<BlsVerifier> {
  return new KernelBls(await createBlsMachine(options.module), options.sha256 ?? nobleSha256)
}
