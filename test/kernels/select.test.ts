import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hex } from '../../src/base/bytes.ts'
import { BUILDS } from './builds.ts'
import { readVectors, vectorsMissing } from './vectors.ts'

/** Facts: answers certified with ball arithmetic (Arb), published with Algorand's sortition package. */
// prettier-ignore
const CERTIFIED: readonly (readonly [name: string, n: bigint, total: bigint, expected: bigint, digest: string, seats: bigint])[] = [
  ['toy symmetric median', 100n, 200n, 100n, '8000000000000000000000000000000000000000000000000000000000000000', 50n],
  ['toy low probability', 250n, 1000n, 1n, '5555555555555555555555555555555555555555555555555555555555555555', 0n],
  ['realistic half stake median', 1000000000000000n, 2000000000000000n, 1500n, '8000000000000000000000000000000000000000000000000000000000000000', 750n],
  ['base minimum ordinary ratio', 100000n, 10000000000000000n, 5000n, '8000000000000000000000000000000000000000000000000000000000000000', 0n],
  ['payout minimum upper tail', 30000000000n, 10000000000000000n, 5000n, 'fffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff', 5n],
  ['online stake 1500 tail', 2000000000000000n, 2000000000000000n, 1500n, 'ffffffffffffffefffffffffffffffffffffffffffffffffffffffffffffffff', 1852n],
  ['online stake 6000 tail', 2000000000000000n, 2000000000000000n, 6000n, 'fffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffff', 6667n],
  ['supply ceiling 5000 tail', 10000000000000000n, 10000000000000000n, 5000n, 'ffffffffffffffffbfffffffffffffffffffffffffffffffffffffffffffffff', 5667n],
  ['one third supply 2990 tail', 3333333333333333n, 10000000000000000n, 2990n, 'ffffffffffffffbfffffffffffffffffffffffffffffffffffffffffffffffff', 1281n],
  ['domain edge tiny probability', 72057594037927935n, 18446744073709551615n, 1n, 'ffffffffffffbfffffffffffffffffffffffffffffffffffffffffffffffffff', 5n],
  ['probability near one', 3000n, 6001n, 6000n, '8000000000000000000000000000000000000000000000000000000000000000', 3000n],
  ['large balanced probability', 3000n, 18446744073709551615n, 9223372036854775807n, '8000000000000000000000000000000000000000000000000000000000000000', 1500n],
]

interface SelectCase {
  readonly name: string
  readonly n: string
  readonly T: string
  readonly e: string
  readonly digestHex: string
  readonly seats: string
}

const MAX = 'ff'.repeat(32)
const ZERO = '00'.repeat(32)

for (const kernels of BUILDS)
  describe(`Select, ${kernels.name}`, () => {
    for (const [name, n, total, expected, digest, seats] of CERTIFIED)
      test(`certified: ${name}`, () => {
        assert.equal(kernels.select(n, total, expected, hex(digest)), seats)
      })

    test('the edges of the domain', () => {
      const u64Max = (1n << 64n) - 1n
      assert.equal(kernels.select(0n, 1n, 1n, hex(MAX)), 0n)
      assert.equal(kernels.select(1n, 1n, 1n, hex(MAX)), 1n)
      assert.equal(kernels.select(1n, 1n, u64Max, hex(ZERO)), 0n)
      assert.equal(kernels.select(5n, 5n, 7n, hex('00'.repeat(31) + '01')), 5n)
      assert.equal(kernels.select(1n, 2n, 1n, hex('7f' + 'ff'.repeat(31))), 0n)
      // Half an ulp above 1/2 the ratio still rounds to 1/2; one ulp above it does not.
      assert.equal(kernels.select(1n, 2n, 1n, hex('80' + '00'.repeat(31))), 0n)
      assert.equal(kernels.select(1n, 2n, 1n, hex('80' + '00'.repeat(14) + '01' + '00'.repeat(16))), 1n)
      assert.equal(kernels.select((1n << 56n) - 1n, u64Max, 1n, hex(ZERO)), 0n)
      assert.equal(kernels.select(3n, u64Max, u64Max - 1n, hex(MAX)), 3n)
    })

    for (const file of ['sortition/certified.json', 'model/select.json'])
      test(file, { skip: vectorsMissing }, () => {
        const { cases } = readVectors<{ cases: readonly SelectCase[] }>(file)
        assert.ok(cases.length > 0)
        for (const { name, n, T, e, digestHex, seats } of cases)
          assert.equal(kernels.select(BigInt(n), BigInt(T), BigInt(e), hex(digestHex)), BigInt(seats), `${name} n=${n}`)
      })
  })
