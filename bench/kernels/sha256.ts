/** One-shot hashing of short and long messages, copies in and out counted. */
import { Prng } from '../../src/base/prng.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { sameBytes, type Environment, type Measurement } from '../harness/case.ts'
import { peers } from './peers.ts'

const SIZES: readonly (readonly [id: string, length: number])[] = [
  ['sha256-32', 32],
  ['sha256-64', 64],
  ['sha256-header', 314],
  ['sha256-1KiB', 1024],
  ['sha256-1MiB', 1 << 20],
]

export async function sha256Cases(environment: Environment): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  const all = await peers(environment)
  const { subtle } = environment
  for (const [id, length] of SIZES) {
    const message = new Prng(id).bytes(length)
    const check = sameBytes(twin.sha256(message))
    for (const { impl, sha256 } of all) measurements.push({ id, impl, run: () => sha256(message), check })
    if (subtle !== undefined)
      measurements.push({
        id,
        impl: 'WebCrypto',
        run: () => subtle.digest('SHA-256', message as Uint8Array<ArrayBuffer>),
        check,
        asynchronous: true,
      })
  }
  return measurements
}
