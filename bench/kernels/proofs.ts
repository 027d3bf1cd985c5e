/** Proofs: made from a whole tree, and verified, many in one call and one by one; and the root of a state. */
import { concatBytes, equalBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { sameBytes, type Environment, type Measurement } from '../harness/case.ts'
import { peers } from './peers.ts'

const COUNT = 4096
const PROOFS = 64

/** Inclusion in a perfect tree by any SHA-256. */
function rootOf(leaf: Uint8Array, index: number, path: Uint8Array, sha256: (message: Uint8Array) => Uint8Array) {
  const node = new Uint8Array(65)
  node[0] = 1
  let hash = leaf
  for (let at = 0; at < path.length; at += 32, index >>= 1) {
    node.set(hash, (index & 1) === 1 ? 33 : 1)
    node.set(path.subarray(at, at + 32), (index & 1) === 1 ? 1 : 33)
    hash = sha256(node)
  }
  return hash
}

export async function proofCases(environment: Environment): Promise<Measurement[]> {
  const random = new Prng('proofs')
  const leaves = random.bytes(32 * COUNT)
  const indices = Array.from({ length: PROOFS }, () => random.below(COUNT))
  const { root, proofs } = twin.inclusionProofs(leaves, indices)
  const own = concatBytes(...indices.map((index) => leaves.subarray(32 * index, 32 * index + 32)))
  const leafOf = (at: number) => own.subarray(32 * at, 32 * at + 32)
  const bigIndices = indices.map(BigInt)
  const allTrue = (answer: unknown) => (answer as boolean[]).length === PROOFS && (answer as boolean[]).every(Boolean)
  const sameTree = (answer: unknown) => {
    const tree = answer as { root: Uint8Array; proofs: Uint8Array[] }
    return equalBytes(tree.root, root) && tree.proofs.every((path, at) => equalBytes(path, proofs[at]!))
  }
  const entries = stateEntries(random)
  const stateRoot = sameBytes(twin.stateRoot(entries, 0))
  const measurements: Measurement[] = []
  for (const kernels of environment.kernels) {
    const impl = kernels.name
    const verify = () => kernels.verifyInclusions(root, BigInt(COUNT), bigIndices, own, proofs)
    const build = () => kernels.inclusionProofs(leaves, indices)
    measurements.push({ id: 'proofs-build', impl, run: build, check: sameTree })
    measurements.push({ id: 'proofs-verify', impl, run: verify, check: allTrue })
    measurements.push({ id: 'state-root', impl, run: () => kernels.stateRoot(entries, 0), check: stateRoot })
  }
  for (const { impl, sha256 } of await peers(environment)) {
    if (measurements.some((known) => known.impl === impl)) continue
    const run = () => indices.map((index, at) => equalBytes(rootOf(leafOf(at), index, proofs[at]!, sha256), root))
    measurements.push({ id: 'proofs-verify', impl, run, check: allTrue })
  }
  return measurements
}

/** 4096 entries with ascending random keys. */
function stateEntries(random: Prng): Uint8Array {
  const entries = Array.from({ length: COUNT }, () => random.bytes(64))
  return concatBytes(...entries.sort(byKey))
}

function byKey(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < 32; at++) if (a[at] !== b[at]) return a[at]! - b[at]!
  return 0
}
