/** One process of a run: measures and prints its samples as one line of JSON. Also what runs on the emulated board. */
import * as nodeCrypto from 'node:crypto'
import { measure } from './harness/measure.ts'
import { kernelBuilds, suite } from './suite.ts'

export interface ProcessOptions {
  readonly rounds: number
  readonly sampleMs: number
  readonly warmUpMs: number
  readonly merkleLog: number
  /** See Environment. */
  readonly slow?: boolean
  readonly only: readonly string[]
}

const options = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions
const environment = {
  kernels: await kernelBuilds(),
  nodeCrypto,
  subtle: nodeCrypto.webcrypto.subtle as SubtleCrypto,
  merkleLog: options.merkleLog,
  slow: options.slow ?? false,
}
const measurements = await suite(environment, options.only)
const progress = (round: number) => process.stderr.write(`\r  round ${round} of ${options.rounds} `)
const samples = await measure(measurements, { ...options, progress })
process.stderr.write('\n')
process.stdout.write(JSON.stringify({ engine: process.versions, arch: process.arch, samples }) + '\n')
