import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { concatBytes, hex, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { twin } from '../../src/kernels/twin/index.ts'
import { BUILDS } from './builds.ts'
import { readVectors, vectorsMissing } from './vectors.ts'

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

/** Hashes of a proof joined, or undefined if one is not 32 bytes: that is refused where the proof is decoded. */
function joined(proof: readonly string[] | null): Uint8Array | undefined {
  const hashes = (proof ?? []).map(fromBase64)
  return hashes.every((hash) => hash.length === 32) ? concatBytes(...hashes) : undefined
}

interface InclusionCase {
  readonly name: string
  readonly leafIdx: string
  readonly treeSize: string
  readonly root: string
  readonly leafHash: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

interface ConsistencyCase {
  readonly name: string
  readonly size1: string
  readonly size2: string
  readonly root1: string
  readonly root2: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

interface HistoryCase {
  readonly leafCount: number
  readonly leaves: readonly string[]
  readonly root: string
  readonly inclusion: readonly { readonly index: number; readonly proof: readonly string[] }[]
  readonly consistency: readonly { readonly first: number; readonly proof: readonly string[] }[]
}

for (const kernels of BUILDS)
  describe(`RFC 9162 trees, ${kernels.name}`, () => {
    test('the hashes of a leaf and a node are prefixed', () => {
      const random = new Prng('prefix')
      const [left, right] = [random.bytes(32), random.bytes(32)]
      const byNode = (...parts: Uint8Array[]) =>
        toHex(
          createHash('sha256')
            .update(concatBytes(...parts))
            .digest(),
        )
      assert.equal(toHex(kernels.leafHash(left)), byNode(Uint8Array.of(0), left))
      assert.equal(toHex(kernels.nodeHash(left, right)), byNode(Uint8Array.of(1), left, right))
      assert.equal(toHex(kernels.merkleRoot(new Uint8Array(0))), byNode())
    })

    test('inclusion vectors of transparency-dev', { skip: vectorsMissing }, () => {
      const { cases } = readVectors<{ cases: readonly InclusionCase[] }>('rfc9162/inclusion.json')
      assert.ok(cases.length > 0)
      for (const { name, leafIdx, treeSize, root, leafHash, proof, wantErr } of cases) {
        const path = joined(proof)
        const shown = path && kernels.rootFromInclusion(BigInt(leafIdx), BigInt(treeSize), fromBase64(leafHash), path)
        const valid = shown !== undefined && toHex(shown) === toHex(fromBase64(root))
        assert.equal(valid, !wantErr, name)
      }
    })

    test('consistency vectors of transparency-dev', { skip: vectorsMissing }, () => {
      const { cases } = readVectors<{ cases: readonly ConsistencyCase[] }>('rfc9162/consistency.json')
      assert.ok(cases.length > 0)
      for (const { name, size1, size2, root1, root2, proof, wantErr } of cases) {
        const hashes = joined(proof)
        const sizes = [BigInt(size1), BigInt(size2)] as const
        const valid =
          hashes !== undefined && kernels.verifyConsistency(...sizes, fromBase64(root1), fromBase64(root2), hashes)
        assert.equal(valid, !wantErr, name)
      }
    })

    test('model/history.json', { skip: vectorsMissing }, () => {
      const { cases } = readVectors<{ cases: readonly HistoryCase[] }>('model/history.json')
      assert.ok(cases.length > 0)
      for (const { leafCount, leaves, root, inclusion, consistency } of cases) {
        const hashes = kernels.leafHashes(concatBytes(...leaves.map(hex)), 32)
        assert.equal(hashes.length, 32 * leafCount)
        assert.equal(toHex(kernels.merkleRoot(hashes)), root)
        for (const { index, proof } of inclusion)
          assert.equal(toHex(kernels.inclusionProof(hashes, index)), proof.join(''))
        for (const { first, proof } of consistency)
          assert.equal(toHex(kernels.consistencyProof(hashes, first)), proof.join(''))
      }
    })

    test('every proof of every tree of up to 40 leaves leads to its root, and to no other leaf', () => {
      const leaves = new Prng('trees').bytes(32 * 40)
      for (let count = 1; count <= 40; count++) {
        const hashes = leaves.subarray(0, 32 * count)
        const root = kernels.merkleRoot(hashes)
        assert.equal(toHex(root), toHex(twin.merkleRoot(hashes)))
        for (let index = 0; index < count; index++) {
          const leaf = hashes.slice(32 * index, 32 * index + 32)
          const path = kernels.inclusionProof(hashes, index)
          assert.deepEqual(kernels.rootFromInclusion(BigInt(index), BigInt(count), leaf, path), root)
          const elsewhere = kernels.rootFromInclusion(BigInt(index + 1), BigInt(count), leaf, path)
          assert.notDeepEqual(elsewhere, root, `leaf ${index} of ${count} as leaf ${index + 1}`)
          const proof = kernels.consistencyProof(hashes, index + 1)
          const first = kernels.merkleRoot(hashes.subarray(0, 32 * (index + 1)))
          assert.ok(kernels.verifyConsistency(BigInt(index + 1), BigInt(count), first, root, proof))
        }
      }
    })

    test('a path folds 64-bit indices and sizes', () => {
      const random = new Prng('64 bits')
      const size = (1n << 64n) - 1n
      const leaf = random.bytes(32)
      const path = random.bytes(32 * 64)
      for (const index of [0n, 1n, size >> 1n, size - 1n, 1n << 63n]) {
        const exact = [64, 63, 62, 1, 2].map((length) => path.subarray(0, 32 * length))
        for (const shown of exact)
          assert.deepEqual(
            kernels.rootFromInclusion(index, size, leaf, shown),
            twin.rootFromInclusion(index, size, leaf, shown),
          )
      }
      assert.equal(kernels.rootFromInclusion(size, size, leaf, path), undefined)
    })

    test('hostile lengths are refused, not thrown', () => {
      const hash = new Uint8Array(32)
      const long = new Uint8Array(32 * 1000)
      assert.equal(kernels.rootFromInclusion(0n, 2n, hash, hash.subarray(1)), undefined)
      assert.equal(kernels.rootFromInclusion(0n, 2n, hash.subarray(1), hash), undefined)
      assert.equal(kernels.rootFromInclusion(0n, 2n, hash, long), undefined)
      assert.equal(kernels.rootFromInclusion(0n, 0n, hash, new Uint8Array(0)), undefined)
      assert.equal(kernels.verifyConsistency(1n, 2n, hash, hash.subarray(1), hash), false)
      assert.equal(kernels.verifyConsistency(1n, 2n, hash, hash, hash.subarray(1)), false)
      assert.equal(kernels.verifyConsistency(1n, 2n, hash, hash, long), false)
      assert.equal(kernels.verifyConsistency(0n, 2n, hash, hash, hash), false)
      assert.equal(kernels.verifyConsistency(3n, 2n, hash, hash, hash), false)
    })

    test(
      'a tree larger than kernel memory is the tree of its perfect subtrees',
      { skip: kernels === BUILDS[0] },
      () => {
        const count = 200_003
        const hashes = new Prng('large').bytes(32 * 1000)
        const leaves = new Uint8Array(32 * count)
        for (let index = 0; index < count; index++)
          leaves.set(hashes.subarray(32 * (index % 997), 32 * (index % 997) + 32), 32 * index)
        const root = twin.merkleRoot(leaves)
        assert.deepEqual(kernels.merkleRoot(leaves), root)
        const indices = [0, 65_535, 65_536, 199_999, 200_002]
        const tree = kernels.inclusionProofs(leaves, indices)
        assert.deepEqual(tree.root, root)
        for (const [at, index] of indices.entries()) {
          const leaf = leaves.slice(32 * index, 32 * index + 32)
          assert.deepEqual(twin.rootFromInclusion(BigInt(index), BigInt(count), leaf, tree.proofs[at]!), root)
          assert.deepEqual(kernels.inclusionProof(leaves, index), tree.proofs[at])
        }
        for (const first of [1, 65_536, 131_072, 131_073, 196_608, 196_610, 200_002, count]) {
          const proof = kernels.consistencyProof(leaves, first)
          const firstRoot = kernels.merkleRoot(leaves.subarray(0, 32 * first))
          assert.ok(twin.verifyConsistency(BigInt(first), BigInt(count), firstRoot, root, proof), `first ${first}`)
        }
      },
    )
  })
