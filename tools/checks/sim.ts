/**
 * Check `sim`: random runs at the tolerated faults show no safety violation, all go on after the heal, and each checker
 * catches its planted bug. Long form: 10 000 runs with model signatures and 20 with real BLS.
 */
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { CampaignTally, realRun, runCampaign, runPlanted, type CampaignSummary } from '../../src/sim/campaign.ts'
import { randomRun, type RunOptions } from '../../src/sim/run-options.ts'
import type { SimTools } from '../../src/sim/world.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

function campaign(seed: string, runs: number, tools: SimTools, optionsOf: (seed: string) => RunOptions) {
  const tally = new CampaignTally()
  const seeds = Array.from({ length: runs }, (_, index) => `${seed}-${index}`)
  for (const report of runCampaign(seeds, tools, optionsOf)) {
    tally.add(report)
    if (tally.runs % 100 === 0) process.stderr.write(`\r${tally.runs} of ${runs} runs (${tools.signer.scheme})`)
  }
  process.stderr.write('\n')
  return tally.summary(tools.signer.scheme)
}

function resultsOf(summary: CampaignSummary, runsMin: number): CheckResult[] {
  const { signatures, runs, safetyViolations, stalledAfterHeal, failedSeeds, ...rest } = summary
  return [
    measured(`runs ${signatures}`, runs, 'runs', '>=', runsMin),
    measured(`safetyViolations ${signatures}`, safetyViolations, 'runs', '==', 0),
    measured(`stalledAfterHeal ${signatures}`, stalledAfterHeal, 'runs', '==', 0),
    noted(`failedSeeds ${signatures}`, failedSeeds, 'stakecube sim --seed SEED repeats one'),
    noted(`extent ${signatures}`, rest, ''),
  ]
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const kernels = await loadKernels()
  const model: SimTools = { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
  const real: SimTools = {
    engine: { kernels, bls: createNobleBls((bytes) => kernels.sha256(bytes)) },
    signer: nobleBlsSigner,
  }
  const [modelRuns, realRuns] = full ? [10_000, 20] : [60, 1]
  const planted = [...runPlanted(seed, model)].map(({ bug, checker, caught, seed: caughtSeed }) => ({
    ...measured(`planted: ${bug}`, caught ? 1 : 0, 'caught', '==', 1),
    checker,
    caughtSeed,
  }))
  return {
    results: [
      ...resultsOf(campaign(seed, modelRuns, model, randomRun), modelRuns),
      ...resultsOf(campaign(seed, realRuns, real, realRun), realRuns),
      ...planted,
    ],
    notRun: [],
  }
}
