/**
 * Check `scale`: messages and bytes per node and block and time to final for 64 to 4096 simulated nodes, with and without
 * the cost of cryptography, charged in virtual time at what it was measured to be. The figures that StakeCube's authors
 * published stand beside ours as they are: their hardware is not ours, so nothing is divided.
 */
import { Prng } from '../../src/base/prng.ts'
import { loadBls } from '../../src/crypto/bls-kernel/load.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { SCALE_NETWORK, SCALE_PARAMS, measureScale, type ScaleRow } from '../../src/sim/scale.ts'
import { measureCosts } from './crypto-costs.ts'
import { MEASURED_COSTS, type SimCosts } from '../../src/sim/measured-costs.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

/** What StakeCube's authors published for N processes on a cluster: f = F = 5, at most 10 transactions per proposer. */
const PUBLISHED = [
  { processes: 550, mebibytesPerNodeBlock: 1.26, blockTimeS: 64 },
  { processes: 1000, mebibytesPerNodeBlock: 1.38, blockTimeS: 119 },
  { processes: 5000, mebibytesPerNodeBlock: 1.62, blockTimeS: 540 },
]

const MEBIBYTE = 1024 * 1024

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const kernels = await loadKernels()
  const tools = { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
  const sizes = full ? [64, 256, 1024, 4096] : [64]
  const rows: ScaleRow[] = []
  for (const nodes of sizes)
    for (const charged of [undefined, MEASURED_COSTS]) {
      const options = { seed, nodes, blocks: full ? 3 : 2, ...(charged === undefined ? {} : { costs: charged }) }
      rows.push(measureScale(options, tools))
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`)
    }
  const bls = () => loadBls({ sha256: (bytes) => kernels.sha256(bytes) })
  const here = await measureCosts(bls, new Prng(`${seed}/costs`))
  return { results: [...rowResults(rows, sizes.length), ...conditions(here)], notRun: [] }
}

const rowResults = (rows: readonly ScaleRow[], sizeCount: number): CheckResult[] => [
  measured('sizes', rows.length, 'rows, each size with and without the cost of cryptography', '==', 2 * sizeCount),
  measured('blocksLeast', Math.min(...rows.map(({ blocks }) => blocks)), 'final blocks measured in each row', '>=', 2),
  ...rows.map((row) =>
    noted(
      `${row.nodes} nodes${row.withCrypto ? ', cryptography charged' : ''}`,
      { ...row, mebibytesPerNodeBlock: Math.round((1000 * row.bytesPerNodeBlock) / MEBIBYTE) / 1000 },
      '',
    ),
  ),
]

const conditions = (here: SimCosts): CheckResult[] => [
  noted(
    'cryptography',
    MEASURED_COSTS,
    'ms per operation as charged: kernel (verifying), noble (signing, Ed25519), idle',
  ),
  noted('cryptographyHere', here, 'ms per operation on this machine as busy as it is now; not charged'),
  noted(
    'network',
    { ...SCALE_NETWORK, blockTimeMs: SCALE_PARAMS.blockTimeMs, f: SCALE_PARAMS.f, F: SCALE_PARAMS.F },
    "connections along the cube's links alone; broadcast through a tree over them without duplicates; 5-second blocks; about 10 payments in each; equal stake",
  ),
  noted('published', PUBLISHED, "by StakeCube's authors, on a cluster of other hardware: quoted, not divided"),
]
