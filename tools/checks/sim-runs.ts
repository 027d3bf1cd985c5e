/** A share of the runs of check `sim`, in a process of its own: SEED FIRST STEP COUNT model|bls → one report a line. */
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { realRun } from '../../src/sim/campaign.ts'
import { randomRun } from '../../src/sim/run-options.ts'
import { simulate } from '../../src/sim/simulate.ts'

const [seed, first, step, count, scheme] = process.argv.slice(2)
const kernels = await loadKernels()
const isReal = scheme === 'bls'
const bls = isReal ? createNobleBls((bytes) => kernels.sha256(bytes)) : createModelBls()
const tools = { engine: { kernels, bls }, signer: isReal ? nobleBlsSigner : modelBlsSigner }
for (let index = Number(first); index < Number(count); index += Number(step)) {
  const name = `${seed}-${index}`
  process.stdout.write(`${JSON.stringify(simulate(isReal ? realRun(name) : randomRun(name), tools))}\n`)
}
