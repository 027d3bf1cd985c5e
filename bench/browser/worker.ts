/** Runs the suite off the page's thread and sends progress, then samples. */
import { measure } from '../harness/measure.ts'
import { kernelBuilds, suite } from '../suite.ts'
import type { ProcessOptions } from '../process.ts'

async function run(options: ProcessOptions): Promise<void> {
  const environment = { kernels: await kernelBuilds(), subtle: crypto.subtle, merkleLog: options.merkleLog }
  const measurements = await suite(environment, options.only)
  const progress = (round: number) => postMessage({ round, of: options.rounds })
  postMessage({ samples: await measure(measurements, { ...options, progress }) })
}

onmessage = ({ data }: MessageEvent<ProcessOptions>) => {
  run(data).catch((error: unknown) => postMessage({ error: String(error) }))
}
