/** The model vectors of the Merkle, state and topic proofs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, hex, isZero, toHex } from '../../src/base/bytes.ts'
import { Reader } from '../../src/chain/codec.ts'
import { encodeOutpoint, readOutpoint, readOutput, type Utxo } from '../../src/chain/output.ts'
import { createTwin } from '../../src/kernels/twin/index.ts'
import { HistoryLog, verifyHistoryProof } from '../../src/proofs/history.ts'
import { buildMultiproof, buildRangeProof, verifyMultiproof, verifyRangeProof } from '../../src/proofs/merkle.ts'
import { stateKey } from '../../src/proofs/state-entry.ts'
import {
  buildStateProof,
  decodeStateProof,
  encodeStateProof,
  verifyStateProof,
  type StateProof,
} from '../../src/proofs/state-proof.ts'
import { StateTree } from '../../src/proofs/state-tree.ts'
import { buildTopicRange, verifyTopicRange, wholeTopic } from '../../src/proofs/topics.ts'
import { readVectors, vectorsMissing } from '../kernels/vectors.ts'

const kernels = createTwin()
const skip = vectorsMissing
const join = (list: readonly string[]) => concatBytes(...list.map(hex))

interface HistoryCase {
  leafCount: number
  leaves: string[]
  root: string
  inclusion: { index: number; proof: string[] }[]
  consistency: { first: number; firstRoot: string; proof: string[] }[]
  ranges: { start: number; end: number; proof: string[]; valid: boolean }[]
  multiproofs: { indices: number[]; proof: string[]; valid: boolean }[]
}

test('history vectors: roots, inclusion and consistency at every size are the model’s', { skip }, () => {
  for (const { leaves, root, inclusion, consistency } of readVectors<{ cases: HistoryCase[] }>('model/history.json')
    .cases) {
    const history = HistoryLog.of(kernels, leaves.map(hex))
    assert.equal(toHex(history.root()), root)
    for (const { index, proof } of inclusion) {
      assert.equal(toHex(history.inclusionProof(index)), proof.join(''))
      const size = BigInt(leaves.length)
      const verified = verifyHistoryProof(kernels, hex(root), size, BigInt(index), hex(leaves[index]!), join(proof))
      assert.equal(verified.kind, 'accepted')
    }
    for (const { first, firstRoot, proof } of consistency) {
      assert.equal(toHex(history.root(first)), firstRoot)
      assert.equal(toHex(history.consistencyProof(first)), proof.join(''))
    }
  }
})

test('history vectors: range proofs and multiproofs are built and judged as the model does', { skip }, () => {
  let refused = 0
  for (const { leaves, root, ranges, multiproofs } of readVectors<{ cases: HistoryCase[] }>('model/history.json')
    .cases) {
    const leafHashes = leaves.length === 0 ? new Uint8Array(0) : kernels.leafHashes(join(leaves), 32)
    for (const { start, end, proof, valid } of ranges) {
      const proven = leafHashes.subarray(32 * start, 32 * end)
      const verified = verifyRangeProof(kernels, hex(root), leaves.length, start, proven, join(proof))
      assert.equal(verified.kind === 'accepted', valid)
      if (valid) assert.equal(toHex(buildRangeProof(kernels, leafHashes, start, end)), proof.join(''))
      else refused++
    }
    for (const { indices, proof, valid } of multiproofs) {
      const proven = concatBytes(...indices.map((index) => leafHashes.subarray(32 * index, 32 * index + 32)))
      const verified = verifyMultiproof(kernels, hex(root), leaves.length, indices, proven, join(proof))
      assert.equal(verified.kind === 'accepted', valid)
      if (valid) assert.equal(toHex(buildMultiproof(kernels, leafHashes, indices)), proof.join(''))
      else refused++
    }
  }
  assert.ok(refused > 0)
})

interface UtxoJson {
  outpointHex: string
  createdHeight: string
  outputHex: string
}
interface StateFile {
  trees: { utxos: UtxoJson[]; keys: string[]; root: string }[]
  cases: {
    name: string
    tree: number
    root: string
    prefixBits: number
    prefixHex: string
    proof: { siblings: string[]; leaves: UtxoJson[]; other: { key: string; value: string } | null }
    valid: boolean
    expectedSet: string[] | null
  }[]
}

const utxoOf = ({ outpointHex, createdHeight, outputHex }: UtxoJson): Utxo => ({
  outpoint: readOutpoint(new Reader(hex(outpointHex))),
  createdHeight: BigInt(createdHeight),
  output: readOutput(new Reader(hex(outputHex))),
})

test('state vectors: keys, roots and proofs are the model’s, and what the model refuses is refused', { skip }, () => {
  const { trees, cases } = readVectors<StateFile>('model/state.json')
  const built = trees.map(({ utxos, keys, root }) => {
    const decoded = utxos.map(utxoOf)
    assert.deepEqual(
      decoded.map(({ outpoint, output }) => toHex(stateKey(kernels, outpoint, output))),
      keys,
    )
    const tree = StateTree.of(kernels, decoded)
    assert.ok(tree.kind === 'accepted')
    assert.equal(toHex(tree.value.root), root)
    return tree.value
  })
  for (const { name, tree, root, prefixBits, prefixHex, proof: json, valid, expectedSet } of cases) {
    const other = json.other === null ? {} : { other: { key: hex(json.other.key), value: hex(json.other.value) } }
    const proof: StateProof = { siblings: json.siblings.map(hex), leaves: json.leaves.map(utxoOf), ...other }
    const verified = verifyStateProof(kernels, hex(root), prefixBits, hex(prefixHex), proof)
    assert.equal(verified.kind === 'accepted', valid, name)
    if (verified.kind === 'rejected') continue
    assert.deepEqual(
      verified.value.map(({ outpoint }) => toHex(encodeOutpoint(outpoint))),
      expectedSet,
    )
    assert.deepEqual(buildStateProof(built[tree]!, prefixBits, hex(prefixHex)), { kind: 'accepted', value: proof })
    assert.deepEqual(decodeStateProof(encodeStateProof(proof)), { kind: 'accepted', value: proof })
  }
  assert.ok(isZero(built[0]!.root))
})

interface TopicCase {
  name: string
  leaves: string[]
  txCount: number
  root: string
  topic: string
  start: number
  rangeLeaves: string[]
  proof: string[]
  valid: boolean
  expected: string[] | null
}

test('topic vectors: complete lists are accepted, everything else is refused', { skip }, () => {
  for (const json of readVectors<{ cases: TopicCase[] }>('model/topics.json').cases) {
    const { name, txCount, root, topic, start, rangeLeaves, proof, valid, expected } = json
    const verified = verifyTopicRange(kernels, hex(root), txCount, hex(topic), start, rangeLeaves.map(hex), join(proof))
    assert.equal(verified.kind === 'accepted', valid, name)
    if (verified.kind === 'rejected') continue
    assert.deepEqual(verified.value.map(toHex), expected)
    const range = buildTopicRange(kernels, json.leaves.map(hex), wholeTopic(hex(topic)))
    assert.deepEqual(
      { ...range, leaves: range.leaves.map(toHex), proof: toHex(range.proof) },
      { start, leaves: rangeLeaves, proof: proof.join('') },
    )
  }
})
