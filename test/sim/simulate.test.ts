import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { STRATEGIES } from '../../src/sim/faulty-node.ts'
import { PLANTED_BUGS } from '../../src/sim/planted-bugs.ts'
import { MEASURED_COSTS, scaledCosts } from '../../src/sim/measured-costs.ts'
import { randomRun, smallParams, type RunOptions } from '../../src/sim/run-options.ts'
import { simulate, violationsOf, type RunReport } from '../../src/sim/simulate.ts'
import { CHECKERS } from '../../src/sim/checkers.ts'
import { createModelBls, modelBlsSigner } from '../../src/crypto/bls-model.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { nobleBlsSigner } from '../../src/crypto/bls-signer.ts'
import { twin } from '../../src/kernels/twin/index.ts'

const model = { engine: { kernels: twin, bls: createModelBls() }, signer: modelBlsSigner }
const FIRST_SEED = Number(process.env['SIM_SEED'] ?? '1000')
const RUN_COUNT = Number(process.env['SIM_RUNS'] ?? '25')

function assertOk(report: RunReport): void {
  assert.ok(report.ok, `repeat with: stakecube sim --seed ${report.seed}\n${JSON.stringify(report, undefined, 2)}`)
}

describe(`simulated networks (SIM_SEED=${FIRST_SEED}, SIM_RUNS=${RUN_COUNT})`, () => {
  it('stay safe and go on after the heal, whatever the seed brings', () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUN_COUNT; seed++)
      assertOk(simulate(randomRun(String(seed)), model))
  })

  for (const strategy of STRATEGIES)
    it(`survive ${strategy} validators up to the bound, under both quorum rules`, () => {
      let [found, burnt] = [0, 0]
      for (const quorum of ['flat', 'two-level'] as const) {
        const base = randomRun(`${FIRST_SEED} ${strategy} ${quorum}`)
        const options: RunOptions = {
          ...base,
          params: smallParams(quorum, 1, 5),
          stakes: Array.from({ length: 7 }, () => [80_000_000n]),
          faulty: new Map([
            [1, strategy],
            [4, strategy],
          ]),
        }
        const report = simulate(options, model)
        assertOk(report)
        found += report.equivocationsFound
        burnt += report.evidenceIncluded
        if (strategy === 'garbage') assert.ok(report.peersBlamed > 0)
      }
      if (strategy === 'equivocating') assert.ok(found > 0 && burnt > 0, 'double votes are found and stake is burnt')
      if (strategy === 'silent') assert.equal(found, 0)
    })

  it('stay safe over many epochs of crashes, partitions and eclipses, rewards paid and seats redrawn', () => {
    let epochs = 0
    for (let run = 0; run < 6; run++) {
      const options = randomRun(`${FIRST_SEED} long ${run}`)
      const trouble = { healAfterMs: 40_000, crashCount: 30, partitionCount: 6, eclipseCount: 4 }
      const report = simulate({ ...options, ...trouble }, model)
      assertOk(report)
      epochs += Math.floor(report.height / options.params.epochLength)
    }
    assert.ok(epochs >= 12, `${epochs} epochs in all`)
  })

  it('let stake come and go: newcomers sit in committees, cubes split and merge', () => {
    const total = { stakesJoined: 0, stakesLeft: 0, splits: 0, merges: 0, newcomerEpochs: 0 }
    for (let run = 0; run < 4; run++) {
      const base = randomRun(`${FIRST_SEED} stake ${run}`)
      const params = { ...base.params, epochLength: 2, seatLifetime: 1 }
      const report = simulate({ ...base, params, healAfterMs: 8000, stakeEveryMs: 400, progressBlocks: 6 }, model)
      assertOk(report)
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += report[name]
    }
    for (const [name, count] of Object.entries(total)) assert.ok(count > 0, `${name}: ${JSON.stringify(total)}`)
  })

  it('charge what cryptography costs: dearer cryptography, later finality', () => {
    const base = randomRun(`${FIRST_SEED} costs`)
    const calm = { ...base, faulty: new Map(), crashCount: 0, partitionCount: 0, eclipseCount: 0, healAfterMs: 0 }
    const medianAt = (factor: number) => {
      const report = simulate({ ...calm, progressBlocks: 4, costs: scaledCosts(MEASURED_COSTS, factor) }, model)
      assertOk(report)
      return report.finalityMedianMs
    }
    assert.ok(medianAt(0) < medianAt(1) && medianAt(1) < medianAt(4))
  })

  it('take the time to final by the world’s clock, however wrong the clocks of the nodes are', () => {
    const base = randomRun(`${FIRST_SEED} drift`)
    const calm = { ...base, faulty: new Map(), crashCount: 0, partitionCount: 0, eclipseCount: 0, healAfterMs: 0 }
    const params = { ...base.params, clockDriftMsMax: 120_000 }
    const at = (clockOffsetMsMax: number) => {
      const report = simulate({ ...calm, params, clockOffsetMsMax, clockPeriodMs: 0, progressBlocks: 6 }, model)
      assertOk(report)
      return report.finalityMedianMs
    }
    const [right, wrong] = [at(0), at(60_000)]
    assert.ok(right > 0 && wrong > 0 && wrong < 3 * right, `${right} and ${wrong} ms`)
  })

  it('repeat exactly from their seed', () => {
    const [first, second] = [1, 2].map(() => simulate(randomRun(`${FIRST_SEED} again`), model))
    assert.deepEqual(first, second)
  })

  it('work with real BLS', () => {
    const real = { engine: { kernels: twin, bls: createNobleBls() }, signer: nobleBlsSigner }
    const base = randomRun(`${FIRST_SEED} real`)
    const report = simulate(
      {
        ...base,
        params: smallParams('flat', 1, 3),
        stakes: Array.from({ length: 4 }, () => [80_000_000n]),
        faulty: new Map([[3, 'equivocating']]),
        healAfterMs: 1500,
        network: { ...base.network, loss: 0.05 },
      },
      real,
    )
    assertOk(report)
    assert.equal(report.signatures, 'bls')
  })
})

describe('checkers', () => {
  it('each have a planted bug that only they promise to catch', () => {
    assert.deepEqual([...new Set(PLANTED_BUGS.map(({ caughtBy }) => caughtBy))].sort(), [...CHECKERS].sort())
  })

  for (const bug of PLANTED_BUGS)
    it(`${bug.caughtBy} catches: ${bug.name}`, () => {
      for (let attempt = 0; attempt < 12; attempt++) {
        const options = bug.provoke(randomRun(`planted ${attempt}`))
        const caught = violationsOf(simulate(options, model, bug), bug.caughtBy)
        if (!caught.some(({ detail }) => bug.says?.test(detail) ?? true)) continue
        assert.equal(violationsOf(simulate(options, model), bug.caughtBy).length, 0, 'and sees nothing without the bug')
        return
      }
      assert.fail('twelve runs did not meet the bug')
    })
})
