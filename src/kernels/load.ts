/**
 * Chooses and loads the kernels: simd where the engine has SIMD, else scalar, else the twin. For composition roots; works in
 * Node, pages and workers. The bytes are embedded in the package; engines that compile no bytes pass a module; pages whose
 * policy forbids WebAssembly get the twin.
 */
import type { KernelName, Kernels } from './contract.ts'
import { twin } from './twin/index.ts'
import { createWasmKernels } from './wasm/index.ts'

export interface LoadOptions {
  /** What to take if the engine can run it; else the next one in the order simd, scalar, twin. */
  readonly prefer?: KernelName
  /** A compiled scalar.wasm or simd.wasm of this package, used as it is. */
  readonly module?: WebAssembly.Module
}

/** A function of one v128.const: validates only where SIMD does. */
const SIMD_PROBE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  10,
  1,
  8,
  0,
  65,
  0,
  253,
  15,
  253,
  98,
  11,
)

/** The best build that this engine runs. */
export function bestKernel(): KernelName {
  if (typeof WebAssembly !== 'object') return 'twin'
  return WebAssembly.validate(SIMD_PROBE) ? 'simd' : 'scalar'
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** The bytes of a build, as they stand in build/scalar.wasm and build/simd.wasm. */
export async function kernelBytes(name: 'scalar' | 'simd'): Promise<Uint8Array<ArrayBuffer>> {
  const { wasm } = name === 'simd' ? await import('./wasm/simd.gen.ts') : await import('./wasm/scalar.gen.ts')
  return fromBase64(wasm)
}

/** Each call makes an instance of its own, with its own memory (6 MiB, touched as it is used). */
export async function loadKernels(options: LoadOptions = {}): Promise<Kernels> {
  if (options.module !== undefined) return createWasmKernels(await WebAssembly.instantiate(options.module))
  const best = bestKernel()
  const wanted = options.prefer ?? best
  if (wanted === 'twin' || best === 'twin') return twin
  const name = wanted === 'simd' && best === 'simd' ? 'simd' : 'scalar'
  const bytes = await kernelBytes(name)
  // A bundle may leave the scalar build out.
  if (bytes.length === 0) return twin
  try {
    return createWasmKernels((await WebAssembly.instantiate(bytes)).instance)
  } catch (cause) {
    if (!isForbidden(cause)) throw cause
    return twin
  }
}

/** A page's policy without 'wasm-unsafe-eval' lets no WebAssembly be compiled: engines report that as a CompileError. */
const isForbidden = (cause: unknown): boolean =>
  cause instanceof WebAssembly.CompileError && /content security|policy|unsafe-eval/i.test(cause.message)
