/**
 * Check `mutations`: every single-bit change of a header, certificate, committee and proof, every truncation and a byte too
 * many is rejected with a code; and every code of verify/codes.ts is caused by something. The short form takes a sample of
 * the mutants of a small chain; the long form takes all, for committees of three sizes and both quorum rules.
 */
import { Prng } from '../../src/base/prng.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { loadKernels } from '../../src/kernels/load.ts'
import { PROOF_FILE_SENTENCES } from '../../src/light/proof-file.ts'
import { VERIFICATION_CODES } from '../../src/verify/codes.ts'
import { causesOf } from '../../test/verify/causes.ts'
import { flipBit, ModelChain } from '../../test/verify/model-chain.ts'
import { fileTargets } from './mutation-files.ts'
import { proofTargets, updateTargets, type Target } from './mutation-targets.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

/** Codes that a proof file or an answer gives and that stand in light/, above verify/, or in a target's own judgement. */
const FILE_CODES: readonly string[] = [
  ...Object.keys(PROOF_FILE_SENTENCES),
  'proof-kind',
  'proof-height',
  'proof-header',
  'hops-refused',
  'hops-count',
  'hops-base',
]
/** Mutants of one target in the short form; those of smaller targets are all taken. */
const SAMPLE_MAX = 500

interface Tally {
  mutants: number
  readonly accepted: string[]
  readonly undecided: string[]
  readonly threw: string[]
  readonly codes: Map<string, number>
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const kernels = await loadKernels()
  const engine = { kernels, bls: await createKernelBls({ sha256: (bytes) => kernels.sha256(bytes) }) }
  const models = chainsOf(engine, full)
  const targets = [
    ...models.flatMap(([label, model]) => updateTargets(label, model)),
    ...proofTargets(models[0]![1]),
    ...fileTargets(models[0]![1], new ModelChain({ engine, height: 6, validators: 1 })),
  ]
  const refusedWhole = targets.filter(({ bytes, judge }) => judge(bytes).kind !== 'accepted').map(({ name }) => name)
  const tally: Tally = { mutants: 0, accepted: [], undecided: [], threw: [], codes: new Map() }
  const prng = new Prng(seed)
  for (const [index, target] of targets.entries()) {
    if (full) process.stderr.write(`\rmutations: target ${index + 1} of ${targets.length}, ${tally.mutants} mutants `)
    tryMutants(tally, target, chosen(target, full, prng.fork(target.name)))
  }
  const caused = causedCodes(models[0]![1])
  const neverCaused = VERIFICATION_CODES.filter((code) => !caused.has(code))
  const codeless = [...tally.codes.keys()].filter(
    (code) => !VERIFICATION_CODES.includes(code) && !FILE_CODES.includes(code),
  )
  return {
    results: [
      noted('targets', targets.length, 'kinds of bytes'),
      measured('genuineRefused', refusedWhole.length, 'targets', '==', 0),
      measured('mutants', tally.mutants, 'mutants', '>=', full ? 400_000 : 10_000),
      measured('accepted', tally.accepted.length, 'mutants', '==', 0),
      measured('undecided', tally.undecided.length, 'mutants', '==', 0),
      measured('threw', tally.threw.length, 'mutants', '==', 0),
      measured('rejectedWithUnlistedCode', codeless.length, 'codes', '==', 0),
      measured('codes', VERIFICATION_CODES.length, 'codes', '>=', 60),
      measured('codesNeverCaused', neverCaused.length, 'codes', '==', 0),
      noted(
        'firstOffenders',
        [...refusedWhole, ...tally.accepted, ...tally.undecided, ...tally.threw, ...codeless, ...neverCaused].slice(
          0,
          20,
        ),
        'names',
      ),
      noted('rejections', Object.fromEntries([...tally.codes].sort()), 'mutants by code'),
    ],
    notRun: [],
  }
}

/** Seeds are fixed, so that committees of full strength are drawn; what is random is which mutants a sample takes. */
function chainsOf(engine: Engine, full: boolean): [string, ModelChain][] {
  const small: [string, ModelChain] = ['16 seats, flat', new ModelChain({ engine, height: 18 })]
  if (!full) return [small]
  const middle = { f: 2, F: 2, seatsTarget: 196, shardSizeMax: 20 }
  const large = { f: 5, F: 5, seatsTarget: 800, shardSizeMax: 40 }
  return [
    small,
    ['49 seats, two-level', new ModelChain({ engine, height: 9, quorum: 'two-level', params: middle })],
    ['256 seats, flat', new ModelChain({ engine, height: 9, validators: 10, params: large })],
  ]
}

/** Mutants are numbered: bit flips, then truncations to each length, then one byte too many. */
const mutantCount = ({ bytes }: Target): number => 8 * bytes.length + bytes.length + 1

function mutant({ bytes }: Target, number: number): Uint8Array {
  const flips = 8 * bytes.length
  if (number < flips) return flipBit(bytes, number)
  if (number < flips + bytes.length) return bytes.slice(0, number - flips)
  const longer = new Uint8Array(bytes.length + 1)
  longer.set(bytes)
  return longer
}

/** All numbers, or one at a random place in each of SAMPLE_MAX equal stretches. */
function chosen(target: Target, full: boolean, prng: Prng): number[] {
  const count = mutantCount(target)
  if (full || count <= SAMPLE_MAX) return Array.from({ length: count }, (_, number) => number)
  return Array.from({ length: SAMPLE_MAX }, (_, stretch) => {
    const [start, end] = [stretch, stretch + 1].map((edge) => Math.floor((edge * count) / SAMPLE_MAX)) as [
      number,
      number,
    ]
    return start + prng.below(end - start)
  })
}

function tryMutants(tally: Tally, target: Target, numbers: readonly number[]): void {
  for (const number of numbers) {
    const name = `${target.name}, mutant ${number}`
    tally.mutants++
    try {
      const verdict = target.judge(mutant(target, number))
      if (verdict.kind === 'rejected') tally.codes.set(verdict.code, (tally.codes.get(verdict.code) ?? 0) + 1)
      else (verdict.kind === 'accepted' ? tally.accepted : tally.undecided).push(name)
    } catch (error) {
      tally.threw.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** The codes that the causes of test/verify/causes.ts do cause, whatever they are filed under. */
function causedCodes(model: ModelChain): Set<string> {
  const caused = new Set<string>()
  for (const cause of Object.values(causesOf(model)).flat()) {
    const verdict = cause()
    if (verdict.kind !== 'accepted') caused.add(verdict.code)
  }
  return caused
}
