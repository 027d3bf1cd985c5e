/** Kernels in Chromium: the WebAssembly builds answer what the twin answers, on random input and random split points. */
import { concatBytes } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import type { Kernels } from '../../src/kernels/contract.ts'
import { bestKernel, loadKernels } from '../../src/kernels/load.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { equal, ok } from './expect.ts'

const SEED = `web-${Date.now()}`

/** All functions of the contract on the same random input, as one list of answers. */
function answers(kernels: Kernels, random: Prng): unknown[] {
  const message = random.bytes(random.below(700))
  const leaves = Array.from({ length: 1 + random.below(40) }, () => random.bytes(32))
  const hashes = kernels.leafHashes(concatBytes(...leaves), 32)
  const size = leaves.length
  const index = random.below(size)
  const path = kernels.inclusionProof(hashes, index)
  const first = 1 + random.below(size)
  const consistency = kernels.consistencyProof(hashes, first)
  const root = kernels.merkleRoot(hashes)
  const leaf = hashes.subarray(32 * index, 32 * index + 32)
  const keys = [...leaves].sort(compare)
  const total = 1n + (random.uint64() >> 9n)
  const stream = kernels.sha256Stream()
  for (let at = 0; at < message.length;) {
    const next = Math.min(message.length, at + 1 + random.below(150))
    stream.update(message.subarray(at, next))
    at = next
  }
  return [
    ...[kernels.sha256(message), stream.digest(), kernels.sha256Many(concatBytes(...leaves), 32), hashes, root, path],
    kernels.tagged('stakecube/vote').hash(message, leaves[0]!),
    kernels.tagged('stakecube/seat').hashMany(concatBytes(...leaves), 32),
    kernels.rootFromInclusion(BigInt(index), BigInt(size), leaf, path),
    kernels.verifyConsistency(
      BigInt(first),
      BigInt(size),
      kernels.merkleRoot(hashes.subarray(0, 32 * first)),
      root,
      consistency,
    ),
    consistency,
    kernels.stateRoot(concatBytes(...keys.map((key, rank) => concatBytes(key, leaves[rank]!))), 0),
    ...[kernels.stateLeaf(keys[0]!, root), kernels.stateNode(root, keys[0]!), kernels.leafHash(message)],
    kernels.select(random.uint64() % (total + 1n), total, BigInt(1 + random.below(4000)), random.bytes(32)),
  ]
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let index = 0; index < 32; index++) if (a[index] !== b[index]) return a[index]! - b[index]!
  return 0
}

describe(`kernels in Chromium (seed ${SEED})`, () => {
  it('finds SIMD here', () => equal(bestKernel(), 'simd'))

  for (const name of ['scalar', 'simd'] as const)
    it(`${name} agrees with the twin`, async () => {
      const kernels = await loadKernels({ prefer: name })
      equal(kernels.name, name)
      for (let round = 0; round < 150; round++) {
        const [got, expected] = [kernels, twin].map((each) => answers(each, new Prng(`${SEED}/${round}`)))
        equal(got, expected, `round ${round} of seed ${SEED}`)
      }
    })

  it('the answers are not all the same', () => {
    ok(String(answers(twin, new Prng('a'))) !== String(answers(twin, new Prng('b'))), 'they differ')
  })
})
