/** Every file of ../shared/vectors through the code of `stakecube vectors`, with every kernel. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { runVectors, VECTOR_KINDS, type VectorKind } from '../../src/cli/vectors/run.ts'

const FOLDER = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url))
const KERNELS = ['twin', 'scalar', 'simd'] as const

const FILES: Record<VectorKind, { readonly path: string; readonly casesLeast: number }> = {
  sortition: { path: 'sortition/certified.json', casesLeast: 12 },
  'rfc9162-inclusion': { path: 'rfc9162/inclusion.json', casesLeast: 53 },
  'rfc9162-consistency': { path: 'rfc9162/consistency.json', casesLeast: 43 },
  'tagged-hash': { path: 'model/tagged-hash.json', casesLeast: 42 },
  select: { path: 'model/select.json', casesLeast: 300 },
  pop: { path: 'model/pop.json', casesLeast: 20 },
  vote: { path: 'model/vote.json', casesLeast: 8 },
  tx: { path: 'model/tx.json', casesLeast: 42 },
  state: { path: 'model/state.json', casesLeast: 229 },
  cube: { path: 'model/cube.json', casesLeast: 11 },
  audit: { path: 'model/audit.json', casesLeast: 17 },
  header: { path: 'model/header.json', casesLeast: 17 },
  certificate: { path: 'model/certificate.json', casesLeast: 94 },
  history: { path: 'model/history.json', casesLeast: 18 },
  topics: { path: 'model/topics.json', casesLeast: 65 },
}

const missing = VECTOR_KINDS.filter((kind) => !existsSync(FOLDER + FILES[kind].path))

test(
  'the suites that this machine does not have are named',
  { skip: missing.length === 0 ? 'all are here' : false },
  (t) => {
    t.diagnostic(`vectors not found under ${FOLDER}, so not run: ${missing.join(', ')}`)
  },
)

for (const name of KERNELS) {
  const kernels = await loadKernels({ prefer: name })
  // As the command chooses it: noble beside the twin, the AssemblyScript kernel beside the others.
  const bls = name === 'twin' ? createNobleBls() : await createKernelBls()
  test(`the engine runs the ${name} kernels themselves`, () => assert.equal(kernels.name, name))
  for (const kind of VECTOR_KINDS) {
    const { path, casesLeast } = FILES[kind]
    const skip = missing.includes(kind) ? `${path} is not here` : false
    test(`every case of ${path} passes as ${kind} with ${name}`, { skip }, () => {
      const report = runVectors(kind, readFileSync(FOLDER + path, 'utf8'), { kernels, bls })
      assert.deepEqual(report.failed.slice(0, 3), [])
      assert.equal(report.passed, report.cases)
      assert.ok(report.cases >= casesLeast, `${report.cases} cases, at least ${casesLeast} are known`)
    })
  }
}
