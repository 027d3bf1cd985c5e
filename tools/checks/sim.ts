/**
 * Check `sim`: random runs at the tolerated faults show no safety violation, all go on after the heal, and each checker
 * catches its planted bug. Long form: 10 000 runs with model signatures and 20 with real BLS, on all cores.
 */
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { CampaignTally, runPlanted, type CampaignSummary } from '../../src/sim/campaign.ts'
import type { RunReport } from '../../src/sim/simulate.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const RUNS_FILE = fileURLToPath(new URL('sim-runs.ts', import.meta.url))

/** Runs SEED-0 … SEED-(count−1), every `step`-th from `first`, in a process of its own. */
async function runShare(
  seed: string,
  first: number,
  step: number,
  count: number,
  scheme: string,
  take: (report: RunReport) => void,
) {
  const args = [
    '--max-semi-space-size=64',
    '--import',
    'tsx',
    RUNS_FILE,
    seed,
    String(first),
    String(step),
    String(count),
    scheme,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  for await (const line of createInterface({ input: child.stdout })) take(JSON.parse(line) as RunReport)
  const code = await closed
  if (code !== 0) throw new Error(`a share of the ${scheme} runs of seed ${seed} ended with exit code ${code}`)
}

async function campaign(seed: string, count: number, scheme: 'model' | 'bls'): Promise<CampaignSummary> {
  const tally = new CampaignTally()
  const shares = Math.min(cpus().length, count)
  const take = (report: RunReport) => {
    tally.add(report)
    if (!report.ok)
      process.stderr.write(`\nFAILED: stakecube sim --seed ${report.seed}: ${JSON.stringify(report.violations)}\n`)
    if (tally.runs % 100 === 0) process.stderr.write(`\r${tally.runs} of ${count} runs (${scheme}) `)
  }
  await Promise.all(Array.from({ length: shares }, (_, share) => runShare(seed, share, shares, count, scheme, take)))
  return tally.summary(scheme)
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
  const [modelRuns, realRuns] = full ? [10_000, 20] : [40, 1]
  const model = await campaign(seed, modelRuns, 'model')
  const real = await campaign(seed, realRuns, 'bls')
  const tools = { engine: { kernels, bls: createModelBls() }, signer: modelBlsSigner }
  const caught = [...runPlanted(seed, tools)]
  const planted = caught.map((one) => ({ bug: one.bug, caught: one.caught }))
  return {
    results: [
      noted(
        'summary',
        [model, real].map((summary) => ({ ...fieldsOf(summary), planted })),
        'as the issue names it',
      ),
      ...resultsOf(model, modelRuns),
      ...resultsOf(real, realRuns),
      ...caught.map(({ bug, checker, caught: isCaught, seed: caughtSeed }) => ({
        ...measured(`planted: ${bug}`, isCaught ? 1 : 0, 'caught', '==', 1),
        checker,
        caughtSeed,
      })),
    ],
    notRun: [],
  }
}

const fieldsOf = ({ runs, signatures, safetyViolations, stalledAfterHeal }: CampaignSummary) => ({
  runs,
  signatures,
  safetyViolations,
  stalledAfterHeal,
})
