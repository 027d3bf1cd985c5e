/**
 * Writes assembly/bls/limbs.ts (the unrolled limb arithmetic) and assembly/bls/constants.ts (field constants in
 * Montgomery form). Run `node --import tsx tools/generate-bls-field.ts` after a change; both files are committed.
 *
 * A field element is 14 signed limbs of 28 bits in i32, least significant first; see assembly/bls/limbs.ts.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { format, resolveConfig } from 'prettier'

const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn
/** |x|; the curve's parameter is −x. */
const X = 0xd201000000010000n
const LIMB_COUNT = 14
const LIMB_BITS = 28n
const LIMB_MASK = (1n << LIMB_BITS) - 1n
const COLUMN_COUNT = 2 * LIMB_COUNT - 1
const R = 1n << (LIMB_BITS * BigInt(LIMB_COUNT))

type Fp2 = readonly [bigint, bigint]

const mod = (value: bigint): bigint => ((value % P) + P) % P

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (base = mod(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = mod(result * base)
    base = mod(base * base)
  }
  return result
}

const inverse = (value: bigint): bigint => power(value, P - 2n)
const multiply2 = (a: Fp2, b: Fp2): Fp2 => [mod(a[0] * b[0] - a[1] * b[1]), mod(a[0] * b[1] + a[1] * b[0])]

function inverse2([c0, c1]: Fp2): Fp2 {
  const norm = inverse(c0 * c0 + c1 * c1)
  return [mod(c0 * norm), mod(-c1 * norm)]
}

function power2(base: Fp2, exponent: bigint): Fp2 {
  let result: Fp2 = [1n, 0n]
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = multiply2(result, base)
    base = multiply2(base, base)
  }
  return result
}

function limbsOf(value: bigint): bigint[] {
  return Array.from({ length: LIMB_COUNT }, (_, index) => (value >> (LIMB_BITS * BigInt(index))) & LIMB_MASK)
}

const P_LIMBS = limbsOf(P)

/** −p⁻¹ mod 2^28. */
function montgomeryFactor(): bigint {
  let value = 1n
  for (let round = 0; round < 6; round++) value = (value * (2n - P * value)) & LIMB_MASK
  return -value & LIMB_MASK
}

const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const lines = (count: number, line: (index: number) => string): string => indices(count).map(line).join('')
const limb = (pointer: string, index: number): string => `<i64>load<i32>(${pointer}, ${4 * index})`

/** Σ first(i)·second(j) over i + j = column, i and j in [0, 14). */
function columnSum(column: number, term: (i: number, j: number) => string): string[] {
  return indices(LIMB_COUNT)
    .filter((i) => column - i >= 0 && column - i < LIMB_COUNT)
    .map((i) => term(i, column - i))
}

function mulWide(): string {
  // `a` in locals and `b` from memory at each use: V8 then multiplies at one product a cycle; both in locals spill.
  return `/** w = a·b: 27 columns of i64, column k = Σ aᵢ·bⱼ over i + j = k, not carried. */
export function mulWide(w: usize, a: usize, b: usize): void {
${lines(LIMB_COUNT, (i) => `  const a${i} = ${limb('a', i)}\n`)}${lines(
    COLUMN_COUNT,
    (k) => `  store<i64>(w, ${columnSum(k, (i, j) => `a${i} * ${limb('b', j)}`).join(' + ')}, ${8 * k})\n`,
  )}}
`
}

function sqrWide(): string {
  const term = (i: number, j: number) => (i < j ? `d${i} * a${j}` : i === j ? `a${i} * a${i}` : '')
  return `/** w = a², as mulWide(w, a, a) in half the products. */
export function sqrWide(w: usize, a: usize): void {
${lines(LIMB_COUNT, (i) => `  const a${i} = ${limb('a', i)}\n`)}${lines(
    LIMB_COUNT - 1,
    (i) => `  const d${i} = a${i} + a${i}\n`,
  )}${lines(COLUMN_COUNT, (k) => `  store<i64>(w, ${columnSum(k, term).filter(Boolean).join(' + ')}, ${8 * k})\n`)}}
`
}

function redc(): string {
  const column = (k: number) => `load<i64>(w, ${8 * k}) - load<i64>(x, ${8 * k}) - load<i64>(y, ${8 * k})`
  const low = (k: number) => `  acc += ${[column(k), ...indices(k).map((i) => `m${i} * ${P_LIMBS[k - i]}`)].join(' + ')}
  const m${k} = <i64>((<u32>acc * ${montgomeryFactor()}) & ${LIMB_MASK})
  acc = (acc + m${k} * ${P_LIMBS[0]}) >> ${LIMB_BITS}
`
  const high = (k: number) => `  acc += ${[
    column(k),
    ...indices(LIMB_COUNT)
      .filter((i) => k - i < LIMB_COUNT)
      .map((i) => `m${i} * ${P_LIMBS[k - i]}`),
  ].join(' + ')}
  store<i32>(r, <i32>acc & ${LIMB_MASK}, ${4 * (k - LIMB_COUNT)})
  acc >>= ${LIMB_BITS}
`
  return `/** r = (w − x − y)·2⁻³⁹² mod p, tight; wide arguments as mulWide makes them. Every column of w − x − y is within ±2^62.9. */
export function redc(r: usize, w: usize, x: usize, y: usize): void {
  let acc: i64 = 0
${lines(LIMB_COUNT, low)}${lines(LIMB_COUNT - 1, (k) => high(k + LIMB_COUNT))}  store<i32>(r, <i32>acc, ${
    4 * (LIMB_COUNT - 1)
  })
}
`
}

/** ⌊2³² / (p / 2^364)⌋: a quotient estimate from the top limb. */
const QUOTIENT_FACTOR = (1n << (32n + LIMB_BITS * 13n)) / P

function reduction(name: string, doc: string, parameters: string, value: (i: number) => string): string {
  const top = LIMB_COUNT - 1
  return `/** ${doc} */
export function ${name}(r: usize, ${parameters}): void {
  const q = ((${value(top)}) * ${QUOTIENT_FACTOR}) >> 32
  let acc: i64 = 0
${lines(
  top,
  (i) => `  acc += ${value(i)} - q * ${P_LIMBS[i]}
  store<i32>(r, <i32>acc & ${LIMB_MASK}, ${4 * i})
  acc >>= ${LIMB_BITS}
`,
)}  store<i32>(r, <i32>(acc + ${value(top)} - q * ${P_LIMBS[top]}), ${4 * top})
}
`
}

function limbwise(name: string, doc: string, operator: string): string {
  return `/** ${doc} */
export function ${name}(r: usize, a: usize, b: usize): void {
${lines(LIMB_COUNT, (i) => `  store<i32>(r, load<i32>(a, ${4 * i}) ${operator} load<i32>(b, ${4 * i}), ${4 * i})\n`)}}
`
}

const LIMBS = `/**
 * Limb arithmetic of the base field, generated by tools/generate-bls-field.ts.
 *
 * An element is 14 signed limbs of radix 2²⁸ in i32 (56 bytes, least significant first) that stand for a·2³⁹² mod p.
 *   tight   limbs 0…12 in [0, 2²⁸), limb 13 takes the rest with its sign; what redc, reduce and combine write.
 *           The value is within [−0.1p, 1.1p], since inputs stay below ten times p and 2³⁹² / p > 2500.
 *   loose   what limbwise sums and differences of tight elements are: |limb| < n·2²⁸ ("size n"), n ≤ 7.
 * A product's columns must stay within 63 bits: mulWide then redc takes sizes n·m ≤ 8; a difference of two products
 * (fp2Mul) sizes n·m ≤ 4.
 */

${mulWide()}
${sqrWide()}
${redc()}
${reduction('reduceOne', 'r = a mod p, tight, for loose a with |value| < 2¹⁰p.', 'a: usize', (i) => limb('a', i))}
${reduction(
  'combineOne',
  'r = m·a + n·b mod p, tight, for |m·a + n·b| < 2¹⁰p.',
  'a: usize, m: i64, b: usize, n: i64',
  (i) => `${limb('a', i)} * m + ${limb('b', i)} * n`,
)}
${limbwise('addOne', 'r = a + b limb by limb: loose.', '+')}
${limbwise('subOne', 'r = a − b limb by limb: loose; the size of a difference of tight elements is 1.', '-')}`

// ── Constants ──────────────────────────────────────────────────────────────────────────────────────────────────────

const montgomery = (value: bigint): bigint => mod(value * R)

function emit(name: string, doc: string, words: readonly (bigint | number)[], type = 'i32'): string {
  return `/** ${doc} */\nexport const ${name}: usize = memory.data<${type}>([${words.join(', ')}])\n`
}

const field = (name: string, doc: string, ...values: bigint[]): string =>
  emit(
    name,
    doc,
    values.flatMap((value) => limbsOf(montgomery(value))),
  )
const plain = (name: string, doc: string, value: bigint): string => emit(name, doc, limbsOf(value))

/** Sliding windows for a^exponent: pairs (squarings, odd power index), the first pair without squarings. */
function windows(exponent: bigint, width: number): number[] {
  const bits = exponent.toString(2)
  const steps: number[] = []
  let squarings = 0
  for (let at = 0; at < bits.length;) {
    if (bits[at] === '0') {
      squarings++
      at++
      continue
    }
    let end = Math.min(at + width, bits.length)
    while (bits[end - 1] === '0') end--
    steps.push(steps.length === 0 ? 0 : squarings + end - at, (parseInt(bits.slice(at, end), 2) - 1) / 2)
    squarings = 0
    at = end
  }
  if (squarings > 0) steps.push(squarings, 255)
  return steps
}

const XI: Fp2 = [1n, 1n]
const gamma = (k: bigint): Fp2 => power2(XI, (k * (P - 1n)) / 6n)
const xiInverse = inverse2(XI)
/** RFC 9380 §8.8.2: Z = −(2 + i), A' = 240i, B' = 1012(1 + i). */
const SSWU_Z: Fp2 = [mod(-2n), mod(-1n)]
const SSWU_A: Fp2 = [0n, 240n]
const SSWU_B: Fp2 = [1012n, 1012n]
const negate2 = ([c0, c1]: Fp2): Fp2 => [mod(-c0), mod(-c1)]
const zCubed = multiply2(SSWU_Z, multiply2(SSWU_Z, SSWU_Z))
const norm = ([c0, c1]: Fp2): bigint => mod(c0 * c0 + c1 * c1)

/** RFC 9380 E.3, coefficients ascending, the leading ones of both denominators left out. */
const ISO_A = 0x5c759507e8e333ebb5b7a9a47d7ed8532c52d39fd3a042a88b58423c50ae15d5c2638e343d9c71c6238aaaaaaaa97d6n
const ISO_B = 0x11560bf17baa99bc32126fced787c88f984f87adf7ae0c7f9a208c6b4f20a4181472aaa9cb8d555526a9ffffffffc71an
const ISO_C = 0x8ab05f8bdd54cde190937e76bc3e447cc27c3d6fbd7063fcd104635a790520c0a395554e5c6aaaa9354ffffffffe38dn
const ISO_D = 0x171d6541fa38ccfaed6dea691f5fb614cb14b4e7f4e810aa22d6108f142b85757098e38d0f671c7188e2aaaaaaaa5ed1n
const ISO_E = 0x1530477c7ab4113b59a4c18b076d11930f7da5d4a07f649bf54439d87d27e500fc8c25ebf8c92f6812cfc71c71c6d706n
const ISO_F = 0x124c9ad43b6cf79bfbf7043de3811ad0761b0f37a1e26286b0e977c69aa274524e79097a56dc4bd9e1b371c71c718b10n
const ISO_X_NUMERATOR = [ISO_A, ISO_A, 0n, ISO_B, ISO_B + 4n, ISO_C, ISO_D, 0n]
const ISO_X_DENOMINATOR = [0n, P - 72n, 12n, P - 12n]
const ISO_Y_NUMERATOR = [ISO_E, ISO_E, 0n, ISO_A - 24n, ISO_B + 2n, ISO_C + 2n, ISO_F, 0n]
const ISO_Y_DENOMINATOR = [P - 432n, P - 432n, 0n, P - 216n, 18n, P - 18n]

const G1_X = 0x17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bbn
const G1_Y = 0x08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1n
const BETA = 0x5f19672fdf76ce51ba69c6076a0f77eaddb3a93be6f89688de17d813620a00022e01fffffffefffen

const CONSTANTS = `/** Field constants, generated by tools/generate-bls-field.ts. Elements are in Montgomery form unless the name says plain. */

/** |x|: the curve's parameter is −x. */
export const CURVE_X: u64 = ${X}
export const CURVE_X_BITS: i32 = ${X.toString(2).length}

${plain('P_PLAIN', 'p.', P)}
${plain('HALF_PLAIN', '(p − 1) / 2: a larger y has the sort flag.', (P - 1n) / 2n)}
${plain('ONE_PLAIN', '1.', 1n)}
${plain('R_SQUARED', '2^784 mod p: a product with it is Montgomery form.', mod(R * R))}
${field('ONE', '1.', 1n)}
${field('TWO_256', '2^256: joins the halves of a 512-bit number.', 1n << 256n)}
${field('HALF', '1/2.', inverse(2n))}
${emit('POWER_STEPS', 'a^((p − 3) / 4) as (squarings, odd power) pairs.', windows((P - 3n) / 4n, 5), 'u8')}
export const POWER_STEPS_END: usize = POWER_STEPS + ${windows((P - 3n) / 4n, 5).length}

${field('G1_B', '4, of y² = x³ + 4.', 4n)}
${field('G2_B', '4(1 + i), of y² = x³ + 4(1 + i).', 4n, 4n)}
${field('G1_NEGATED_BASE', 'The generator of G1 with −y.', G1_X, P - G1_Y)}
${field('BETA', 'φ(x, y) = (βx, y) is multiplication by −x² on G1.', BETA)}
${field('PSI_X', 'ψ(x, y) = (x̄·PSI_X, ȳ·PSI_Y) is multiplication by x on G2: ξ^(−(p − 1)/3).', ...power2(xiInverse, (P - 1n) / 3n))}
${field('PSI_Y', 'ξ^(−(p − 1)/2).', ...power2(xiInverse, (P - 1n) / 2n))}
${field('PSI2_X', 'ψ²(x, y) = (x·PSI2_X, −y): ξ^(−(p² − 1)/3), in Fp.', power2(xiInverse, (P * P - 1n) / 3n)[0])}
${field('FROBENIUS', 'γ¹ … γ⁵, γ = ξ^((p − 1)/6): Frobenius multiplies the coefficient of wᵏ by γᵏ.', ...[1n, 2n, 3n, 4n, 5n].flatMap(gamma))}
${field('SSWU_Z', 'Z = −(2 + i).', ...SSWU_Z)}
${field('SSWU_A', "A' = 240i.", ...SSWU_A)}
${field('SSWU_B', "B' = 1012(1 + i).", ...SSWU_B)}
${field('SSWU_MINUS_B_OVER_A', "−B'/A'.", ...negate2(multiply2(SSWU_B, inverse2(SSWU_A))))}
${field('SSWU_B_OVER_ZA', "B'/(Z·A').", ...multiply2(SSWU_B, inverse2(multiply2(SSWU_Z, SSWU_A))))}
${field('SSWU_Z_CUBED', 'Z³.', ...zCubed)}
${field('SSWU_NORM_ROOT', 'N^((p + 1)/4) for N the norm of Z³, no square: the norm root of Z³·g from that of g.', power(norm(zCubed), (P + 1n) / 4n))}
${field('ISO_X_NUMERATOR', 'RFC 9380 E.3, k_(1,0) … k_(1,3).', ...ISO_X_NUMERATOR)}
${field('ISO_X_DENOMINATOR', 'k_(2,0), k_(2,1); monic of degree 2.', ...ISO_X_DENOMINATOR)}
${field('ISO_Y_NUMERATOR', 'k_(3,0) … k_(3,3).', ...ISO_Y_NUMERATOR)}
${field('ISO_Y_DENOMINATOR', 'k_(4,0) … k_(4,2); monic of degree 3.', ...ISO_Y_DENOMINATOR)}`

/** Both files, formatted as they are committed. */
export async function generatedFiles(): Promise<{ path: string; text: string }[]> {
  const options = { ...(await resolveConfig(fileURLToPath(import.meta.url))), parser: 'typescript' } as const
  return [
    { path: 'assembly/bls/limbs.ts', text: await format(LIMBS, options) },
    { path: 'assembly/bls/constants.ts', text: await format(CONSTANTS, options) },
  ]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const { path, text } of await generatedFiles()) writeFileSync(new URL(`../${path}`, import.meta.url), text)
