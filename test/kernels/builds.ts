/** Every implementation of the contract, for suites that all of them must pass. Fails where the engine lacks one. */
import { AssertionError } from '../../src/base/assert.ts'
import type { Kernels } from '../../src/kernels/contract.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { createTwin } from '../../src/kernels/twin/index.ts'

export const BUILDS: readonly Kernels[] = [
  createTwin(),
  await loadKernels({ prefer: 'scalar' }),
  await loadKernels({ prefer: 'simd' }),
]

export const isAssertion = (error: unknown) => error instanceof AssertionError
