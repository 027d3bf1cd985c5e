/** Stands in for kernels/twin in the edge file, which has the wasm kernels: every Node 18 compiles WebAssembly. */
import type { Kernels } from '../kernels/contract.ts'

const answer = (): never => {
  throw new Error('this Node runs without WebAssembly: start it without --jitless')
}

export const twin: Kernels = new Proxy({ name: 'twin' } as Kernels, { get: answer })
