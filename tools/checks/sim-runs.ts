/** A share of the runs of check `sim`, in a process of its own: SEED FIRST STEP COUNT model|bls → one report a line. */
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { loadBls } from '../../src/crypto/bls-kernel/load.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { realRun } from '../../src/sim/campaign.ts'
import { randomRun } from '../../src/sim/run-options.ts'
import { sharedSigner, sharedVerifier } from '../../src/sim/shared-bls.ts'
import { simulate } from '../../src/sim/simulate.ts'

const [seed, first, step, count, scheme] = process.argv.slice(2)
const kernels = await loadKernels()
const isReal = scheme === 'bls'
/** Fresh for each run, so that what is kept does not grow. */
const realBls = await loadBls({ sha256: (bytes) => kernels.sha256(bytes) })
const toolsOf = () =>
  isReal
    ? { engine: { kernels, bls: sharedVerifier(realBls) }, signer: sharedSigner(nobleBlsSigner) }
    : { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
for (let index = Number(first); index < Number(count); index += Number(step)) {
  const name = `${seed}-${index}`
  process.stdout.write(`${JSON.stringify(simulate(isReal ? realRun(name) : randomRun(name), toolsOf()))}\n`)
}
