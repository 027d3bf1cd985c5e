/** Roots of large trees, from leaf hashes in a Uint8Array to the root in another. */
import { Prng } from '../../src/base/prng.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { sameBytes, type Environment, type Measurement } from '../harness/case.ts'
import { asSha256HashInto, peers } from './peers.ts'

type Hash = (message: Uint8Array) => Uint8Array

/** A tree of 64-byte nodes by any SHA-256. */
function tree64(leaves: Uint8Array, sha256: Hash): Uint8Array {
  const level = new Uint8Array(leaves.length / 2)
  let from = leaves
  for (let length = leaves.length; length > 32; length /= 2) {
    for (let at = 0; at < length; at += 64) level.set(sha256(from.subarray(at, at + 64)), at / 2)
    from = level
  }
  return level.slice(0, 32)
}

/** as-sha256's own bulk call, level by level. */
function tree64ByHashInto(leaves: Uint8Array): Uint8Array {
  const work = new Uint8Array(leaves.length)
  let from = leaves
  let at = 0
  while (from.length > 32) {
    const to = work.subarray(at, at + from.length / 2)
    asSha256HashInto(from, to)
    at += to.length
    from = to
  }
  return from.slice()
}

/** A perfect RFC 9162 tree by any SHA-256. */
function treeRfc9162(leaves: Uint8Array, sha256: Hash): Uint8Array {
  const level = new Uint8Array(leaves.length / 2)
  const node = new Uint8Array(65)
  node[0] = 1
  let from = leaves
  for (let length = leaves.length; length > 32; length /= 2) {
    for (let at = 0; at < length; at += 64) {
      node.set(from.subarray(at, at + 64), 1)
      level.set(sha256(node), at / 2)
    }
    from = level
  }
  return level.slice(0, 32)
}

export async function merkleCases(environment: Environment): Promise<Measurement[]> {
  const count = 2 ** environment.merkleLog
  const random = new Prng('merkle')
  const leaves = random.bytes(32 * count)
  const measurements: Measurement[] = []
  const plain = sameBytes(twin.hashTree64(leaves))
  const prefixed = sameBytes(twin.merkleRoot(leaves))
  for (const kernels of environment.kernels) {
    const impl = kernels.name
    measurements.push({ id: 'merkle-64', impl, run: () => kernels.hashTree64(leaves), check: plain })
    measurements.push({ id: 'merkle-rfc9162', impl, run: () => kernels.merkleRoot(leaves), check: prefixed })
  }
  for (const { impl, sha256 } of await peers(environment)) {
    if (measurements.some((own) => own.impl === impl)) continue
    const run64 = impl.includes('as-sha256') ? () => tree64ByHashInto(leaves) : () => tree64(leaves, sha256)
    measurements.push({ id: 'merkle-64', impl, run: run64, check: plain })
    measurements.push({ id: 'merkle-rfc9162', impl, run: () => treeRfc9162(leaves, sha256), check: prefixed })
  }
  return measurements
}
