/**
 * Check `twin`: on random inputs every kernel of every build answers as the twin does, and SHA-256 as node:crypto does.
 * A mismatch names the seed that makes its case again.
 */
import { createHash } from 'node:crypto'
import { equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Kernels } from '../../src/kernels/contract.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { measured, type CheckOptions, type CheckOutcome } from './registry.ts'
import { CASES } from './twin-cases.ts'

export interface AgreementOptions {
  /** Random cases for each kernel. */
  readonly cases: number
  readonly seed: string
  /** Names from CASES; all of them if left out. */
  readonly kernels?: readonly string[]
}

export interface Agreement {
  readonly kernel: string
  readonly build: string
  readonly cases: number
  readonly mismatches: number
  readonly firstMismatchSeed: string | null
}

/** node:crypto as far as it goes: SHA-256 only. */
function hashByNode(kernels: Kernels): Kernels {
  const sha256 = (message: Uint8Array) => new Uint8Array(createHash('sha256').update(message).digest())
  return { ...kernels, sha256 }
}

/** Compares builds with the twin, kernel by kernel. */
export async function runTwinAgreement(options: AgreementOptions): Promise<Agreement[]> {
  const builds: [string, Kernels][] = []
  for (const name of ['scalar', 'simd'] as const) {
    const kernels = await loadKernels({ prefer: name })
    if (kernels.name !== name) throw new Error(`this engine does not run the ${name} build`)
    builds.push([name, kernels])
  }
  const answers: Agreement[] = []
  for (const kernel of options.kernels ?? Object.keys(CASES)) {
    const others = kernel === 'sha256' ? [...builds, ['node:crypto', hashByNode(twin)] as [string, Kernels]] : builds
    answers.push(...compare(kernel, others, options))
  }
  return answers
}

function compare(kernel: string, builds: readonly [string, Kernels][], { cases, seed }: AgreementOptions): Agreement[] {
  const make = CASES[kernel]!
  const tallies = builds.map(() => ({ mismatches: 0, firstMismatchSeed: null as string | null }))
  for (let index = 0; index < cases; index++) {
    const caseSeed = `${seed}/${kernel}/${index}`
    const run = make(new Prng(caseSeed))
    const expected = run(twin)
    for (const [which, [, kernels]] of builds.entries()) {
      if (equalBytes(run(kernels), expected)) continue
      const tally = tallies[which]!
      tally.mismatches++
      tally.firstMismatchSeed ??= caseSeed
    }
  }
  return builds.map(([build], which) => ({ kernel, build, cases, ...tallies[which]! }))
}

/** Results in the form of `npm run check`. */
export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const agreements = await runTwinAgreement({ cases: full ? 1_000_000 : 2_000, seed })
  const results = agreements.map(({ kernel, build, ...tally }) => ({
    ...measured(`${kernel} ${build}`, tally.mismatches, `mismatches of ${tally.cases} cases`, '==', 0),
    ...tally,
  }))
  return { results, notRun: [] }
}
