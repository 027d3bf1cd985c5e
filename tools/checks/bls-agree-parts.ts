/** Parts of check `bls-agree`: so many cases of one kind, the work of one process. Case n of a kind has a seed of its own. */
import { Prng } from '../../src/base/prng.ts'
import { createKernelBls } from '../../src/crypto/bls-kernel/index.ts'
import { createNobleBls } from '../../src/crypto/bls-noble.ts'
import { FIELD_CASES } from '../../test/crypto/bls-field-cases.ts'
import { compileFieldMachine } from '../../test/crypto/bls-field-machine.ts'
import {
  EDGES,
  batchCase,
  certificateWithBlst,
  certificateWithNoble,
  pointCase,
  verificationWithBlst,
  verificationWithNoble,
  type Answer,
} from './bls-agree-cases.ts'

export const EDGE_KIND = 'edge: '

/** Cases [from, to) of a kind. */
export interface Part {
  readonly kind: string
  readonly from: number
  readonly to: number
  readonly seed: string
}

export interface Tally {
  readonly cases: number
  readonly valid: number
  readonly disagreements: number
  readonly firstSeed: string | null
}

export type PartRunner = (part: Part) => Tally

/** Compiles what the cases need, once for a process. */
export async function partRunner(): Promise<PartRunner> {
  const verifiers = { kernel: await createKernelBls(), noble: createNobleBls() }
  const machine = await compileFieldMachine()
  const operations = Object.values(FIELD_CASES)
  const kinds: Readonly<Record<string, (prng: Prng, index: number) => Answer>> = {
    blst: (prng) => verificationWithBlst(verifiers, prng),
    noble: (prng) => verificationWithNoble(verifiers, prng),
    certificates: (prng) => certificateWithBlst(verifiers, prng),
    'certificates by noble': (prng) => certificateWithNoble(verifiers, prng),
    batches: (prng) => batchCase(verifiers, prng),
    points: (prng) => pointCase(verifiers, prng),
    field: (prng, index) => ({ agrees: operations[index % operations.length]!(machine, prng), valid: true }),
  }
  return ({ kind, from, to, seed }) => {
    const edge = kind.startsWith(EDGE_KIND) ? EDGES[kind.slice(EDGE_KIND.length)]! : undefined
    const answer = (prng: Prng, index: number): Answer =>
      edge === undefined ? kinds[kind]!(prng, index) : { agrees: edge(verifiers, prng), valid: false }
    return tallyOf(from, to, `${seed}/${kind}`, answer)
  }
}

function tallyOf(from: number, to: number, seed: string, answer: (prng: Prng, index: number) => Answer): Tally {
  const tally = { cases: to - from, valid: 0, disagreements: 0, firstSeed: null as string | null }
  for (let index = from; index < to; index++) {
    const caseSeed = `${seed}/${index}`
    const { agrees, valid } = answer(new Prng(caseSeed), index)
    if (valid) tally.valid++
    if (agrees) continue
    tally.disagreements++
    tally.firstSeed ??= caseSeed
  }
  return tally
}
