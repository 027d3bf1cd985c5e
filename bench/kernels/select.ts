/** Select for a small and a large stake, and the draws of a whole committee of 256 seats. */
import { concatBytes, u32, u64 } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import type { DrawAudit, Kernels } from '../../src/kernels/contract.ts'
import type { Environment, Measurement } from '../harness/case.ts'

const DIGESTS = 32
const SEATS_TARGET = 4096n

interface Stake {
  readonly id: string
  readonly n: bigint
  readonly total: bigint
}

/** A stake that wins a seat now and then, and one that wins about four hundred. */
const STAKES: readonly Stake[] = [
  { id: 'select-small', n: 20_000_000_000n, total: 100_000_000_000_000n },
  { id: 'select-large', n: 10_000_000_000_000n, total: 100_000_000_000_000n },
]

export function selectCases({ kernels }: Environment): Measurement[] {
  const digests = Array.from({ length: DIGESTS }, (_, at) => new Prng(`digest ${at}`).bytes(32))
  const measurements: Measurement[] = []
  for (const { id, n, total } of STAKES) {
    const draw = (own: Kernels) => digests.map((digest) => own.select(n, total, SEATS_TARGET, digest))
    const expected = draw(twin).join()
    const check = (answer: unknown) => (answer as bigint[]).join() === expected
    for (const own of kernels) measurements.push({ id, impl: own.name, run: () => draw(own), check })
  }
  return measurements
}

/** A committee as (f, F) = (5, 5) has it: 256 members, drawn in 8 epochs, most with one seat of a few. */
function committee(): { draws: Uint8Array; members: Uint8Array } {
  const random = new Prng('committee')
  const totals = Array.from({ length: 8 }, () => 100_000_000_000_000n + BigInt(random.uint32()))
  const draws = concatBytes(...totals.map((total, epoch) => concatBytes(u32(epoch), random.bytes(32), u64(total))))
  const stakes = Array.from({ length: 400 }, () => ({
    credential: random.bytes(32),
    amount: 20_000_000_000n * BigInt(1 + random.below(32)),
    epoch: random.below(8),
  }))
  const members = Array.from({ length: 256 }, () => {
    const { credential, amount, epoch } = random.pick(stakes)
    return concatBytes(random.bytes(48), credential, u64(amount), u32(epoch), u32(random.below(4)))
  })
  return { draws, members: concatBytes(...members) }
}

export function auditCases({ kernels }: Environment): Measurement[] {
  const { draws, members } = committee()
  const text = ({ digests, positions, seats }: DrawAudit) => [digests.join(), positions.join(), seats.join()].join()
  const expected = text(twin.auditDraws(draws, members, SEATS_TARGET))
  return kernels.map((own) => ({
    id: 'audit-256',
    impl: own.name,
    run: () => own.auditDraws(draws, members, SEATS_TARGET),
    check: (answer) => text(answer as DrawAudit) === expected,
  }))
}
