import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, equalBytes, toHex } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { createTwin } from '../../src/kernels/twin/index.ts'
import { HistoryLog } from '../../src/proofs/history.ts'
import { buildMultiproof, rootFromMultiproof, verifyMultiproof, verifyRangeProof } from '../../src/proofs/merkle.ts'
import { buildTransactionProof, txRootOf, verifyTransactionProof } from '../../src/proofs/transaction.ts'

const kernels = createTwin()
const leafHashesOf = (size: number) => new Prng(size).bytes(32 * size)
const pick = (hashes: Uint8Array, indices: readonly number[]) =>
  concatBytes(...indices.map((index) => hashes.subarray(32 * index, 32 * index + 32)))

/** Every node of the RFC's recursion, top first, as its leaf range. */
function nodesOf(start: number, end: number): [start: number, end: number][] {
  if (end - start === 1) return [[start, end]]
  let split = 1
  while (split * 2 < end - start) split *= 2
  return [[start, end], ...nodesOf(start, start + split), ...nodesOf(start + split, end)]
}

/** By brute force: the maximal nodes that hold none of `indices`, left to right. */
function bruteForce(leafHashes: Uint8Array, indices: readonly number[]): Uint8Array {
  const free = nodesOf(0, leafHashes.length / 32).filter(([a, b]) => !indices.some((index) => index >= a && index < b))
  const maximal = free.filter(([a, b]) => !free.some(([c, d]) => c <= a && b <= d && d - c > b - a))
  maximal.sort(([a], [b]) => a - b)
  return concatBytes(...maximal.map(([a, b]) => kernels.merkleRoot(leafHashes.subarray(32 * a, 32 * b))))
}

const treeAndSet = fc
  .integer({ min: 1, max: 70 })
  .chain((size) =>
    fc.tuple(fc.constant(size), fc.uniqueArray(fc.nat({ max: size - 1 }), { minLength: 1, maxLength: size })),
  )

test('a multiproof is the fewest nodes by brute force, and rebuilds the root', () => {
  fc.assert(
    fc.property(treeAndSet, ([size, unsorted]) => {
      const indices = [...unsorted].sort((a, b) => a - b)
      const hashes = leafHashesOf(size)
      const proof = buildMultiproof(kernels, hashes, indices)
      assert.equal(toHex(proof), toHex(bruteForce(hashes, indices)))
      const root = rootFromMultiproof(kernels, size, indices, pick(hashes, indices), proof)
      assert.ok(root.kind === 'accepted' && equalBytes(root.value, kernels.merkleRoot(hashes)))
    }),
    { numRuns: 150 },
  )
})

test('a multiproof with a bit changed, a hash more or a hash less, or another leaf set is refused', () => {
  fc.assert(
    fc.property(treeAndSet, fc.nat(), ([size, unsorted], at) => {
      const indices = [...unsorted].sort((a, b) => a - b)
      const hashes = leafHashesOf(size)
      const [root, leaves, proof] = [
        kernels.merkleRoot(hashes),
        pick(hashes, indices),
        buildMultiproof(kernels, hashes, indices),
      ]
      const judge = (set: readonly number[], leafBytes: Uint8Array, proofBytes: Uint8Array) =>
        verifyMultiproof(kernels, root, size, set, leafBytes, proofBytes)
      const flipped = (bytes: Uint8Array) => bytes.map((byte, index) => (index === at % bytes.length ? byte ^ 1 : byte))
      assert.equal(judge(indices, flipped(leaves), proof).kind, 'rejected')
      if (proof.length > 0) {
        assert.equal(judge(indices, leaves, flipped(proof)).kind, 'rejected')
        assert.equal(judge(indices, leaves, proof.subarray(32)).kind, 'rejected')
      }
      assert.equal(judge(indices, leaves, concatBytes(proof, new Uint8Array(32))).kind, 'rejected')
      assert.equal(judge([...indices].reverse().concat(indices[0]!), leaves, proof).kind, 'rejected')
      assert.equal(judge(indices.slice(1), leaves, proof).kind, 'rejected')
      assert.equal(judge([...indices.slice(0, -1), size], leaves, proof).kind, 'rejected')
    }),
    { numRuns: 100 },
  )
})

test('a range that is empty, outside the tree or of half a hash is refused before hashing', () => {
  const root = kernels.merkleRoot(leafHashesOf(5))
  const none = new Uint8Array(0)
  for (const [start, bytes] of [
    [0, 0],
    [5, 32],
    [4, 64],
    [-1, 32],
    [0.5, 32],
    [0, 33],
  ] as const)
    assert.equal(verifyRangeProof(kernels, root, 5, start, new Uint8Array(bytes), none).kind, 'rejected')
})

test('a history reads the same at every size as the kernels compute from its hashes', () => {
  const prng = new Prng('history')
  const hashes = Array.from({ length: 75 }, () => prng.bytes(32))
  const history = HistoryLog.of(kernels, hashes)
  for (let size = 1; size <= hashes.length; size++) {
    const leafHashes = kernels.leafHashes(concatBytes(...hashes.slice(0, size)), 32)
    assert.equal(toHex(history.root(size)), toHex(kernels.merkleRoot(leafHashes)))
    const index = prng.below(size)
    assert.equal(toHex(history.inclusionProof(index, size)), toHex(kernels.inclusionProof(leafHashes, index)))
    const first = 1 + prng.below(size)
    assert.equal(toHex(history.consistencyProof(first, size)), toHex(kernels.consistencyProof(leafHashes, first)))
  }
})

test('histories that fork share their past and never see the other’s future', () => {
  const prng = new Prng('fork')
  const past = Array.from({ length: 21 }, () => prng.bytes(32))
  const trunk = HistoryLog.of(kernels, past)
  const [left, right, same] = [prng.bytes(32), prng.bytes(32)]
    .map((hash) => trunk.append(hash))
    .concat(trunk.append(past[0]!))
  const again = trunk.append(left!.hashAt(21))
  assert.equal(toHex(again.root()), toHex(left!.root()))
  assert.notEqual(toHex(left!.root()), toHex(right!.root()))
  for (const branch of [left!, right!, same!]) {
    const leaves = kernels.leafHashes(concatBytes(...past, branch.hashAt(21)), 32)
    assert.equal(toHex(branch.root()), toHex(kernels.merkleRoot(leaves)))
    assert.equal(toHex(branch.root(21)), toHex(trunk.root()))
  }
})

test('a transaction proof holds for its transaction and index alone', () => {
  const prng = new Prng('transactions')
  const leaves = Array.from({ length: 11 }, () => prng.bytes(40)).sort((a, b) => (toHex(a) < toHex(b) ? -1 : 1))
  const root = txRootOf(kernels, leaves)
  for (const [index, leaf] of leaves.entries()) {
    const proof = buildTransactionProof(kernels, leaves, index)
    const judge = (txid: Uint8Array, changed: Partial<typeof proof>) =>
      verifyTransactionProof(kernels, root, leaves.length, txid, { ...proof, ...changed }).kind
    assert.equal(judge(leaf.slice(8), {}), 'accepted')
    assert.equal(judge(leaves[(index + 1) % 11]!.slice(8), {}), 'rejected')
    assert.equal(judge(leaf.slice(8), { index: (index + 1) % 11 }), 'rejected')
    assert.equal(judge(leaf.slice(8), { index: 11 }), 'rejected')
    assert.equal(judge(leaf.slice(8), { topic: prng.bytes(8) }), 'rejected')
    assert.equal(judge(leaf.slice(8), { path: proof.path.slice(32) }), 'rejected')
  }
})
