/**
 * Timing. Everything is warmed up first (compilers need that), then samples of all measurements take turns, so that a slow
 * moment of the machine falls on all of them alike. A sample is a batch of runs that takes long enough for the clock.
 */
import type { Measurement } from './case.ts'

export interface SampleOptions {
  readonly rounds: number
  /** Least duration of a sample; far above the clock's step. */
  readonly sampleMs: number
  readonly warmUpMs: number
  /** Called after each round. */
  readonly progress?: (round: number) => void
}

/** Nanoseconds for one run, one number for each sample. */
export interface Samples {
  readonly id: string
  readonly impl: string
  readonly checked: boolean
  readonly samplesNs: number[]
}

interface Runner {
  readonly measurement: Measurement
  batch: number
}

/** Keeps answers alive, so that no compiler drops the work. */
let sink: unknown

async function runBatch({ run, asynchronous }: Measurement, batch: number): Promise<number> {
  const start = performance.now()
  if (asynchronous) for (let index = 0; index < batch; index++) sink = await run()
  else for (let index = 0; index < batch; index++) sink = run()
  return performance.now() - start
}

/** Warms up and finds the batch size. */
async function prepare(measurement: Measurement, { sampleMs, warmUpMs }: SampleOptions): Promise<Runner> {
  let batch = 1
  let spentMs = 0
  for (;;) {
    const tookMs = await runBatch(measurement, batch)
    spentMs += tookMs
    if (spentMs >= warmUpMs && tookMs >= sampleMs / 4) {
      const wanted = Math.ceil((batch * sampleMs) / tookMs)
      return { measurement, batch: Math.max(1, wanted) }
    }
    if (tookMs < sampleMs) batch *= 2
  }
}

/** Checks every answer, then samples. A wrong answer is an error: nothing wrong is timed. */
export async function measure(measurements: readonly Measurement[], options: SampleOptions): Promise<Samples[]> {
  const runners: Runner[] = []
  for (const measurement of measurements) {
    if (!measurement.check(await measurement.run()))
      throw new Error(`${measurement.impl} gives a wrong answer in ${measurement.id}`)
    runners.push(await prepare(measurement, options))
  }
  const samples = measurements.map(({ id, impl }): Samples => ({ id, impl, checked: true, samplesNs: [] }))
  for (let round = 0; round < options.rounds; round++) {
    for (let step = 0; step < runners.length; step++) {
      // Each round begins elsewhere: nobody is always first after the pause.
      const which = (step + round * 7) % runners.length
      const { measurement, batch } = runners[which]!
      samples[which]!.samplesNs.push(((await runBatch(measurement, batch)) * 1e6) / batch)
    }
    options.progress?.(round + 1)
  }
  if (sink === Symbol.for('never')) throw new Error('unreachable')
  return samples
}
