/** All cases, for one environment. */
import { loadKernels } from '../src/kernels/load.ts'
import type { Kernels } from '../src/kernels/contract.ts'
import type { CaseMaker, Environment, Measurement } from './harness/case.ts'
import { merkleCases } from './kernels/merkle.ts'
import { proofCases } from './kernels/proofs.ts'
import { auditCases, selectCases } from './kernels/select.ts'
import { sha256Cases } from './kernels/sha256.ts'
import { blsCases } from './verify/bls.ts'

/** Which ids a maker makes, so that what was not asked for is not even prepared. */
const MAKERS: readonly (readonly [ids: string, maker: CaseMaker])[] = [
  ['sha256-32 sha256-64 sha256-header sha256-1KiB sha256-1MiB', sha256Cases],
  ['merkle-64 merkle-rfc9162', merkleCases],
  ['proofs-build proofs-verify state-root', proofCases],
  ['select-small select-large', selectCases],
  ['audit-256', auditCases],
  ['bls-certificate-16 bls-certificate-49 bls-certificate-256 bls-52-singles bls-52-batch bls-key bls-start', blsCases],
]

/** The builds that this engine runs. */
export async function kernelBuilds(): Promise<Kernels[]> {
  const builds: Kernels[] = []
  for (const prefer of ['simd', 'scalar', 'twin'] as const) {
    const kernels = await loadKernels({ prefer })
    if (kernels.name === prefer) builds.push(kernels)
  }
  return builds
}

/** Measurements whose `id` contains one of the words in `only`; all of them if it is empty. Rivals in a case stand together. */
export async function suite(environment: Environment, only: readonly string[]): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  const wanted = (ids: string) => only.length === 0 || only.some((word) => ids.includes(word))
  for (const [ids, make] of MAKERS) if (wanted(ids)) measurements.push(...(await make(environment)))
  const asked = measurements.filter(({ id }) => wanted(id))
  return [...new Set(asked.map(({ id }) => id))].flatMap((id) => asked.filter((measurement) => measurement.id === id))
}
