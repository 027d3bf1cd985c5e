/**
 * CPU time of each BLS case, for machines that others use too: `node --import tsx bench/verify/cpu-time.ts [ROUNDS] [WORD]`.
 *
 * The cases take turns. CPU time does not count waiting for the processor, as the clock of `npm run bench` does; it does
 * count the engine's own threads, so warm-up runs come first.
 */
import * as nodeCrypto from 'node:crypto'
import { twin } from '../../src/kernels/twin/index.ts'
import type { Measurement } from '../harness/case.ts'
import { blsCases } from './bls.ts'

const rounds = Number(process.argv[2] ?? 40)
const word = process.argv[3] ?? 'bls'
const WARM_UP_RUNS = 12

async function cpuMs({ run }: Measurement): Promise<number> {
  const start = process.cpuUsage()
  const answer = run()
  if (answer instanceof Promise) await answer
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

const measurements = (await blsCases({ kernels: [twin], nodeCrypto, merkleLog: 1 })).filter(({ id }) =>
  id.includes(word),
)
for (const measurement of measurements) {
  if (!measurement.check(await measurement.run()))
    throw new Error(`${measurement.impl}: wrong answer in ${measurement.id}`)
  for (let run = 1; run < WARM_UP_RUNS; run++) await measurement.run()
}
const samples = measurements.map((): number[] => [])
for (let round = 0; round < rounds; round++)
  for (const [index, measurement] of measurements.entries()) samples[index]!.push(await cpuMs(measurement))
console.log(`Node ${process.versions.node}, CPU ms of ${rounds} runs: least, median`)
for (const [index, { id, impl }] of measurements.entries()) {
  const sorted = samples[index]!.sort((a, b) => a - b)
  console.log(`${id.padEnd(22)} ${impl.padEnd(18)} ${sorted[0]!.toFixed(3)} ${sorted[sorted.length >> 1]!.toFixed(3)}`)
}
