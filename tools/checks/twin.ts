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
import { runInProcesses } from './process-pool.ts'
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

type Build = readonly [name: string, kernels: Kernels]

/** The builds to compare with the twin. */
async function loadBuilds(): Promise<Build[]> {
  const builds: Build[] = []
  for (const name of ['scalar', 'simd'] as const) {
    const kernels = await loadKernels({ prefer: name })
    if (kernels.name !== name) throw new Error(`this engine does not run the ${name} build`)
    builds.push([name, kernels])
  }
  return builds
}

/** Compares builds with the twin, kernel by kernel. */
export async function runTwinAgreement(options: AgreementOptions): Promise<Agreement[]> {
  const run = await twinRunner()
  return (options.kernels ?? Object.keys(CASES)).flatMap((kernel) =>
    run({ kernel, seed: options.seed, from: 0, to: options.cases }),
  )
}

/** Cases [from, to) of a kernel. */
export interface TwinPart {
  readonly kernel: string
  readonly seed: string
  readonly from: number
  readonly to: number
}

/** Loads the builds once for a process. */
export async function twinRunner(): Promise<(part: TwinPart) => Agreement[]> {
  const builds = await loadBuilds()
  const withNode: Build[] = [...builds, ['node:crypto', hashByNode(twin)]]
  return (part) => compare(part, part.kernel === 'sha256' ? withNode : builds)
}

function compare({ kernel, seed, from, to }: TwinPart, builds: readonly Build[]): Agreement[] {
  const make = CASES[kernel]!
  const tallies = builds.map(() => ({ mismatches: 0, firstMismatchSeed: null as string | null }))
  for (let index = from; index < to; index++) {
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
  return builds.map(([build], which) => ({ kernel, build, cases: to - from, ...tallies[which]! }))
}

/** Cases of a kernel that a process of the long form takes at a time. */
const PART_SIZE = 50_000

async function runLong(cases: number, seed: string): Promise<Agreement[]> {
  const parts = Object.keys(CASES).flatMap((kernel) =>
    Array.from({ length: cases / PART_SIZE }, (_, part): TwinPart => {
      return { kernel, seed, from: part * PART_SIZE, to: (part + 1) * PART_SIZE }
    }),
  )
  const worker = new URL('./twin-worker.ts', import.meta.url)
  const joined = new Map<string, Agreement>()
  for (const agreement of (await runInProcesses<TwinPart, Agreement[]>(worker, parts, 'twin')).flat()) {
    const name = `${agreement.kernel} ${agreement.build}`
    joined.set(name, sumOf(joined.get(name), agreement))
  }
  return [...joined.values()]
}

function sumOf(sum: Agreement | undefined, next: Agreement): Agreement {
  if (sum === undefined) return next
  return {
    ...next,
    cases: sum.cases + next.cases,
    mismatches: sum.mismatches + next.mismatches,
    firstMismatchSeed: sum.firstMismatchSeed ?? next.firstMismatchSeed,
  }
}

/** Results in the form of `npm run check`. */
export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const agreements = await (full ? runLong(1_000_000, seed) : runTwinAgreement({ cases: 2_000, seed }))
  const results = agreements.map(({ kernel, build, ...tally }) => ({
    ...measured(`${kernel} ${build}`, tally.mismatches, `mismatches of ${tally.cases} cases`, '==', 0),
    ...tally,
  }))
  return { results, notRun: [] }
}
