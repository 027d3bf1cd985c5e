/** All cases, for one environment. */
import { loadKernels } from '../src/kernels/load.ts'
import type { Kernels } from '../src/kernels/contract.ts'
import type { CaseMaker, Environment, Measurement } from './harness/case.ts'
import { merkleCases } from './kernels/merkle.ts'
import { proofCases } from './kernels/proofs.ts'
import { auditCases, selectCases } from './kernels/select.ts'
import { sha256Cases } from './kernels/sha256.ts'
import { blsCases } from './verify/bls.ts'

const MAKERS: readonly CaseMaker[] = [sha256Cases, merkleCases, proofCases, selectCases, auditCases, blsCases]

/** The builds that this engine runs. */
export async function kernelBuilds(): Promise<Kernels[]> {
  const builds: Kernels[] = []
  for (const prefer of ['simd', 'scalar', 'twin'] as const) {
    const kernels = await loadKernels({ prefer })
    if (kernels.name === prefer) builds.push(kernels)
  }
  return builds
}

/** Measurements whose `id` contains one of the words in `only`; all of them if it is empty. */
export async function suite(environment: Environment, only: readonly string[]): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const make of MAKERS) measurements.push(...(await make(environment)))
  return measurements.filter(({ id }) => only.length === 0 || only.some((word) => id.includes(word)))
}
