/**
 * Check `scale`: messages and bytes per node and block and time to final for 64 to 4096 simulated nodes, with and without
 * the cost of cryptography, which is measured here first and then charged in virtual time. The figures that StakeCube's
 * authors published stand beside ours as they are: their hardware is not ours, so nothing is divided.
 */
import { Prng } from '../../src/base/prng.ts'
import { loadBls } from '../../src/crypto/bls-kernel/load.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { SCALE_NETWORK, SCALE_PARAMS, measureScale, type ScaleRow } from '../../src/sim/scale.ts'
import { measureCosts } from './crypto-costs.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

/** What StakeCube's authors published for N processes on a cluster: f = F = 5, at most 10 transactions per proposer. */
const PUBLISHED = [
  { processes: 550, mebibytesPerNodeBlock: 1.26, blockTimeS: 64 },
  { processes: 1000, mebibytesPerNodeBlock: 1.38, blockTimeS: 119 },
  { processes: 5000, mebibytesPerNodeBlock: 1.62, blockTimeS: 540 },
]

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const kernels = await loadKernels()
  const costs = await measureCosts(
    () => loadBls({ sha256: (bytes) => kernels.sha256(bytes) }),
    new Prng(`${seed}/costs`),
  )
  const tools = { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
  const sizes = full ? [64, 256, 1024, 4096] : [64]
  const rows: ScaleRow[] = []
  for (const nodes of sizes)
    for (const charged of [undefined, costs]) {
      const options = { seed, nodes, blocks: full ? 4 : 2, ...(charged === undefined ? {} : { costs: charged }) }
      rows.push(measureScale(options, tools))
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`)
    }
  return {
    results: [
      measured(
        'sizes',
        rows.length,
        'rows, each size with and without the cost of cryptography',
        '==',
        2 * sizes.length,
      ),
      ...rows.map((row) => noted(`${row.nodes} nodes${row.withCrypto ? ', cryptography charged' : ''}`, row, '')),
      noted('cryptography', costs, 'ms per operation on this machine: kernel (verifying), noble (signing, Ed25519)'),
      noted(
        'network',
        { ...SCALE_NETWORK, blockTimeMs: SCALE_PARAMS.blockTimeMs, f: SCALE_PARAMS.f, F: SCALE_PARAMS.F },
        'broadcast through a tree without duplicates; 5-second blocks; about 10 payments in each',
      ),
      noted('published', PUBLISHED, "by StakeCube's authors, on a cluster of other hardware: quoted, not compared"),
    ],
    notRun: [],
  }
}
