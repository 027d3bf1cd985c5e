/** Select over the kernels: 128-bit floats from u64 limbs, in assembly/float.ts. */
import type { Hash32 } from '../../base/brand.ts'
import * as checks from '../checks.ts'
import type { Machine } from './machine.ts'

export function select(machine: Machine, n: bigint, total: bigint, expected: bigint, digest: Hash32): bigint {
  checks.checkSelect(n, total, expected, digest)
  const { bytes, call } = machine
  const at = call.SELECT_DIGEST.value
  bytes.set(digest, at)
  return BigInt.asUintN(64, call.select(n, total, expected, at))
}
