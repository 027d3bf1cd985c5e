/** Field and curve operations of the kernel against BigInt arithmetic: one function per operation, true iff they agree. */
import { bls12_381 as bls } from '@noble/curves/bls12-381.js'
import type { Prng } from '../../src/base/prng.ts'
import { fieldElement, integer } from './bls-cases.ts'
import { A, B, C, D, FP2_BYTES, FP_BYTES } from './bls-field-machine.ts'
import type { FieldMachine, Fp12Value, Fp2Value } from './bls-field-machine.ts'

const { Fp, Fp2, Fp12 } = bls.fields
const P = Fp.ORDER
const EDGES = [0n, 1n, 2n, P - 1n, P - 2n, (P - 1n) / 2n, (P + 1n) / 2n, 1n << 380n, (1n << 364n) - 1n]

const X = 0xd201000000010000n
/** The eigenvalue of the endomorphism, −x². */
const LAMBDA = bls.fields.Fr.create(-X * X)

function element(prng: Prng): bigint {
  return prng.chance(0.2) ? prng.pick(EDGES) : fieldElement(prng)
}

function element2(prng: Prng): Fp2Value {
  return Fp2.fromBigTuple([element(prng), element(prng)])
}

function element12(prng: Prng): Fp12Value {
  const part = () => ({ c0: element2(prng), c1: element2(prng), c2: element2(prng) })
  return { c0: part(), c1: part() }
}

/** Puts `value` in one of the forms that an operand may have: p more, or spread to the given size. */
function putLoose(machine: FieldMachine, at: number, value: bigint, size: number, prng: Prng): void {
  machine.put(at, value, prng.pick([0n, 0n, 1n, 3n]))
  if (prng.chance(0.5)) machine.loosen(at, 1 + prng.below(size))
}

const same12 = (a: Fp12Value, b: Fp12Value): boolean => Fp12.eql(a, b)

function putPoint(machine: FieldMachine, at: number, point: { toAffine(): { x: bigint; y: bigint } }): void {
  const { x, y } = point.toAffine()
  machine.put(at, x)
  machine.put(at + FP_BYTES, y)
  machine.put(at + 2 * FP_BYTES, 1n)
}

type Operation = (machine: FieldMachine, prng: Prng) => boolean

export const FIELD_CASES: Readonly<Record<string, Operation>> = {
  fpMul(machine, prng) {
    const [a, b] = [element(prng), element(prng)]
    // Sizes n·m ≤ 8, both signs.
    const size = prng.pick([1, 2, 4])
    putLoose(machine, A, a, size, prng)
    putLoose(machine, B, b, size === 4 ? 1 : 2, prng)
    machine.call['fpMul']!(C, A, B)
    return machine.get(C) === Fp.mul(a, b) && machine.isTight(C)
  },
  fpSqr(machine, prng) {
    const a = element(prng)
    putLoose(machine, A, a, 1, prng)
    machine.call['fpSqr']!(A, A)
    return machine.get(A) === Fp.sqr(a) && machine.isTight(A)
  },
  combine(machine, prng) {
    const [a, b] = [element(prng), element(prng)]
    const [m, n] = [BigInt(prng.below(25) - 12), BigInt(prng.below(25) - 12)]
    putLoose(machine, A, a, 3, prng)
    putLoose(machine, B, b, 3, prng)
    machine.call['combineOne']!(C, A, m, B, n)
    return machine.get(C) === Fp.create(m * a + n * b) && machine.isTight(C)
  },
  fpToPlain(machine, prng) {
    const a = element(prng)
    machine.put(A, a)
    machine.put(B, 0n)
    machine.call['subOne']!(C, B, A)
    machine.call['reduceOne']!(C, C)
    machine.call['fpToPlain']!(C, C)
    // A plain value reads as value·R⁻¹, so putting the expected one back in Montgomery form compares both.
    return machine.get(C) === Fp.mul(Fp.neg(a), machine.get(putPlainOne(machine)))
  },
  fpInverse(machine, prng) {
    const a = element(prng)
    machine.put(A, a)
    machine.call['fpInverse']!(A, A)
    return machine.get(A) === (a === 0n ? 0n : Fp.inv(a))
  },
  fp2Mul(machine, prng) {
    const [a, b] = [element2(prng), element2(prng)]
    for (const [at, value] of [
      [A, a],
      [B, b],
    ] as const) {
      putLoose(machine, at, value.c0, 1, prng)
      putLoose(machine, at + FP_BYTES, value.c1, 1, prng)
    }
    machine.call['fp2Mul']!(C, A, B)
    return Fp2.eql(machine.get2(C), Fp2.mul(a, b)) && machine.isTight(C) && machine.isTight(C + FP_BYTES)
  },
  fp2Sqr(machine, prng) {
    const a = element2(prng)
    putLoose(machine, A, a.c0, 1, prng)
    putLoose(machine, A + FP_BYTES, a.c1, 1, prng)
    machine.call['fp2Sqr']!(A, A)
    return Fp2.eql(machine.get2(A), Fp2.sqr(a))
  },
  fp2Inverse(machine, prng) {
    const a = element2(prng)
    machine.put2(A, a)
    machine.call['fp2Inverse']!(A, A)
    return Fp2.eql(machine.get2(A), Fp2.is0(a) ? a : Fp2.inv(a))
  },
  fp2Root(machine, prng) {
    const a = prng.chance(0.5) ? Fp2.sqr(element2(prng)) : element2(prng)
    machine.put2(A, a)
    const found = machine.call['fp2Root']!(C, A) === 1
    const norm = Fp.add(Fp.sqr(a.c0), Fp.sqr(a.c1))
    const isSquare = norm === 0n || Fp.pow(norm, (P - 1n) / 2n) === 1n
    return found === isSquare && (!found || Fp2.eql(Fp2.sqr(machine.get2(C)), a))
  },
  fp12Mul(machine, prng) {
    const [a, b] = [element12(prng), element12(prng)]
    machine.put12(A, a)
    machine.put12(B, b)
    machine.call['fp12Mul']!(C, A, B)
    return same12(machine.get12(C), Fp12.mul(a, b))
  },
  fp12Sqr(machine, prng) {
    const a = element12(prng)
    machine.put12(A, a)
    machine.call['fp12Sqr']!(A, A)
    return same12(machine.get12(A), Fp12.sqr(a))
  },
  fp12MulByLine(machine, prng) {
    const [a, line] = [element12(prng), [element2(prng), element2(prng), element2(prng)] as const]
    machine.put12(A, a)
    for (const [index, part] of line.entries()) machine.put2(B + index * FP2_BYTES, part)
    machine.call['fp12MulByLine']!(A, B, B + FP2_BYTES, B + 2 * FP2_BYTES)
    const zero = Fp2.ZERO
    const full = { c0: { c0: line[0], c1: line[1], c2: zero }, c1: { c0: zero, c1: line[2], c2: zero } }
    return same12(machine.get12(A), Fp12.mul(a, full))
  },
  fp12Inverse(machine, prng) {
    const a = element12(prng)
    machine.put12(A, a)
    machine.call['fp12Inverse']!(A, A)
    return same12(machine.get12(A), Fp12.inv(a))
  },
  cyclotomic(machine, prng) {
    const a = element12(prng)
    const unitary = Fp12.div(Fp12.conjugate(a), a)
    const cyclotomic = Fp12.mul(Fp12.frobeniusMap(unitary, 2), unitary)
    machine.put12(A, cyclotomic)
    machine.call['fp12CyclotomicSqr']!(A, A)
    machine.put12(B, a)
    machine.call['fp12Frobenius']!(B, B)
    return same12(machine.get12(A), Fp12.sqr(cyclotomic)) && same12(machine.get12(B), Fp12.frobeniusMap(a, 1))
  },
  /** Sums of points: different, equal, opposite, with the identity; affine and Jacobian. */
  addPoints(machine, prng) {
    const scalar = () => BigInt(1 + prng.below(2 ** 31))
    const p = bls.G1.Point.BASE.multiply(scalar())
    const kind = prng.below(4)
    const q = kind === 0 ? p : kind === 1 ? p.negate() : bls.G1.Point.BASE.multiply(scalar())
    putPoint(machine, A, p)
    putPoint(machine, B, q)
    if (prng.chance(0.5)) rescale(machine, B, fieldElement(prng))
    if (prng.chance(0.5)) rescale(machine, A, fieldElement(prng))
    let expected = p.add(q)
    if (kind === 3) {
      machine.put(B + 2 * FP_BYTES, 0n)
      expected = p
    }
    machine.call['addPoints']!(FP_BYTES, C, A, B)
    machine.call['addPoints']!(FP_BYTES, D, B, A)
    return [C, D].every((at) => samePoint(machine, at, expected))
  },
  /** (a + bλ)·P + (c + dλ)·Q, with zero and largest scalars among them. */
  combination(machine, prng) {
    const scalar = () =>
      prng.chance(0.2) ? prng.pick([0n, 1n, 7n, 8n, (1n << 64n) - 1n, 1n << 63n]) : integer(prng.bytes(8))
    const terms = Array.from({ length: 1 + prng.below(3) }, () => ({
      point: bls.G1.Point.BASE.multiply(BigInt(1 + prng.below(2 ** 31))),
      a: scalar(),
      b: scalar(),
    }))
    machine.call['beginCombination']!()
    let expected = bls.G1.Point.ZERO
    for (const { point, a, b } of terms) {
      putPoint(machine, A, point)
      machine.call['addTerm']!(FP_BYTES, A, BigInt.asIntN(64, a), BigInt.asIntN(64, b))
      expected = expected.add(point.multiplyUnsafe(bls.fields.Fr.create(a + b * LAMBDA)))
    }
    machine.call['finishCombination']!(FP_BYTES, C)
    return samePoint(machine, C, expected)
  },
}

function putPlainOne(machine: FieldMachine): number {
  machine.put(D, 1n)
  machine.call['fpToPlain']!(D, D)
  return D
}

/** The same Jacobian point with another Z. */
function rescale(machine: FieldMachine, at: number, z: bigint): void {
  const z2 = Fp.sqr(z)
  machine.put(at, Fp.mul(machine.get(at), z2))
  machine.put(at + FP_BYTES, Fp.mul(machine.get(at + FP_BYTES), Fp.mul(z2, z)))
  machine.put(at + 2 * FP_BYTES, Fp.mul(machine.get(at + 2 * FP_BYTES), z))
}

function samePoint(machine: FieldMachine, at: number, expected: typeof bls.G1.Point.BASE): boolean {
  const z = machine.get(at + 2 * FP_BYTES)
  if (z === 0n || expected.is0()) return z === 0n && expected.is0()
  const { x, y } = expected.toAffine()
  const z2 = Fp.sqr(z)
  return machine.get(at) === Fp.mul(x, z2) && machine.get(at + FP_BYTES) === Fp.mul(y, Fp.mul(z2, z))
}
