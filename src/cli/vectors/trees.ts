/** Kinds `state`, `history` and `topics`: proofs built, verified, and refused. */
import { concatBytes, toHex } from '../../base/bytes.ts'
import { Reader } from '../../chain/codec.ts'
import { encodeOutpoint, encodeOutput, readOutpoint, readOutput, type Utxo } from '../../chain/output.ts'
import type { Engine } from '../../crypto/engine.ts'
import type { Kernels } from '../../kernels/contract.ts'
import { HistoryLog, verifyHistoryProof } from '../../proofs/history.ts'
import { buildMultiproof, buildRangeProof, verifyMultiproof, verifyRangeProof } from '../../proofs/merkle.ts'
import { stateKey } from '../../proofs/state-entry.ts'
import { buildStateProof, verifyStateProof, type StateProof } from '../../proofs/state-proof.ts'
import { StateTree } from '../../proofs/state-tree.ts'
import { buildTopicRange, TX_LEAF_LENGTH, verifyTopicRange, wholeTopic } from '../../proofs/topics.ts'
import { VectorFileError, type Fields } from './fields.ts'
import { areHashes } from './hashing.ts'
import type { Json, Outcome, Suite } from './suite.ts'

// ── state ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

interface TreeAnswer {
  readonly tree: StateTree
  readonly expected: Json
  readonly got: Json
}

export const stateSuite: Suite = ({ kernels }, file) => {
  const trees = file.objects('trees').map((item) => buildTree(kernels, item))
  return (testCase) => {
    const number = testCase.number('tree')
    const answer = trees[number]
    if (answer === undefined)
      throw new VectorFileError(`${testCase.place}.tree must be below ${trees.length}, got ${number}`)
    return answerState(kernels, answer, testCase)
  }
}

function buildTree(kernels: Kernels, item: Fields): TreeAnswer {
  const utxos = item.objects('utxos').map((utxo) => readUtxoFields(utxo))
  if (!areUtxos(utxos)) throw new VectorFileError(`${item.place}.utxos must all decode; correct the vector file`)
  const tree = StateTree.of(kernels, utxos)
  if (tree.kind === 'rejected') throw new VectorFileError(`${item.place}.utxos are no state (${tree.code})`)
  return {
    tree: tree.value,
    expected: { root: item.text('root'), keys: item.raw('keys') as Json },
    got: {
      root: toHex(tree.value.root),
      keys: utxos.map(({ outpoint, output }) => toHex(stateKey(kernels, outpoint, output))),
    },
  }
}

function answerState(kernels: Kernels, answer: TreeAnswer, testCase: Fields): Outcome {
  const valid = testCase.flag('valid')
  const prefixBits = testCase.number('prefixBits')
  const prefix = testCase.hex('prefixHex')
  if (prefixBits > 256 || prefix.length !== (prefixBits + 7) >> 3)
    throw new VectorFileError(`${testCase.place}.prefixHex must have the ${prefixBits} bits of prefixBits, at most 256`)
  const proof = readStateProofFields(testCase.object('proof'))
  const verdict =
    proof === undefined ? undefined : verifyStateProof(kernels, testCase.hex('root'), prefixBits, prefix, proof)
  const set = verdict?.kind === 'accepted' ? verdict.value.map(({ outpoint }) => toHex(encodeOutpoint(outpoint))) : null
  const expected = { valid, expectedSet: valid ? (testCase.raw('expectedSet') as Json) : null, tree: answer.expected }
  const got = { valid: set !== null, expectedSet: set, tree: answer.got }
  if (!valid) return { expected, got }
  const built = buildStateProof(answer.tree, prefixBits, prefix)
  return {
    expected: { ...expected, proof: testCase.raw('proof') as Json },
    got: { ...got, proof: built.kind === 'accepted' ? stateProofJson(built.value) : null },
  }
}

/** Undefined for a proof whose parts do not decode: no verifier would ever see it. */
function readStateProofFields(fields: Fields): StateProof | undefined {
  const leaves = fields.objects('leaves').map(readUtxoFields)
  if (!areUtxos(leaves)) return undefined
  const proof = { siblings: fields.hexes('siblings'), leaves }
  if (!fields.has('other')) return proof
  const other = fields.object('other')
  return { ...proof, other: { key: other.hex('key'), value: other.hex('value') } }
}

function readUtxoFields(fields: Fields): Utxo | undefined {
  const outpointReader = new Reader(fields.hex('outpointHex'))
  const outpoint = outpointReader.finish(readOutpoint(outpointReader))
  const outputReader = new Reader(fields.hex('outputHex'))
  const output = outputReader.finish(readOutput(outputReader))
  if (outpoint.kind === 'rejected' || output.kind === 'rejected') return undefined
  return { outpoint: outpoint.value, createdHeight: fields.u64('createdHeight'), output: output.value }
}

const areUtxos = (utxos: (Utxo | undefined)[]): utxos is Utxo[] => utxos.every((utxo) => utxo !== undefined)

const stateProofJson = ({ siblings, leaves, other }: StateProof): Json => ({
  siblings: siblings.map(toHex),
  leaves: leaves.map(({ outpoint, createdHeight, output }) => ({
    outpointHex: toHex(encodeOutpoint(outpoint)),
    createdHeight: String(createdHeight),
    outputHex: toHex(encodeOutput(output)),
  })),
  other: other === undefined ? null : { key: toHex(other.key), value: toHex(other.value) },
})

// ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export const historySuite: Suite =
  ({ kernels }) =>
  (testCase) => {
    const leaves = testCase.hexes('leaves')
    if (!areHashes(leaves)) throw new VectorFileError(`${testCase.place}.leaves must be 32 bytes each`)
    const history = HistoryLog.of(kernels, leaves)
    const leafHashes = concatBytes(...leaves.map((leaf) => kernels.leafHash(leaf)))
    const root = testCase.hex('root')
    return {
      expected: {
        leafCount: testCase.number('leafCount'),
        root: testCase.text('root'),
        inclusion: testCase.objects('inclusion').map((item) => ({ proof: item.raw('proof') as Json, valid: true })),
        consistency: testCase.objects('consistency').map((item) => ({
          firstRoot: item.text('firstRoot'),
          proof: item.raw('proof') as Json,
          valid: true,
        })),
        ranges: testCase.objects('ranges').map(expectedProof),
        multiproofs: testCase.objects('multiproofs').map(expectedProof),
      },
      got: {
        leafCount: history.size,
        root: toHex(kernels.merkleRoot(leafHashes)),
        inclusion: testCase.objects('inclusion').map((item) => answerInclusion(kernels, history, root, item)),
        consistency: testCase.objects('consistency').map((item) => answerConsistency(kernels, history, root, item)),
        ranges: testCase.objects('ranges').map((item) => answerRange(kernels, leafHashes, root, item)),
        multiproofs: testCase.objects('multiproofs').map((item) => answerMultiproof(kernels, leafHashes, root, item)),
      },
    }
  }

/** The proof of a valid item must also be what we build; that of another is only judged. */
const expectedProof = (item: Fields): Json =>
  item.flag('valid') ? { valid: true, proof: item.raw('proof') as Json } : { valid: false }

function answerInclusion(kernels: Kernels, history: HistoryLog, root: Uint8Array, item: Fields): Json {
  const index = item.number('index')
  const proof = item.hexes('proof')
  const [size, leaf] = [BigInt(history.size), history.hashAt(index)]
  const verdict = verifyHistoryProof(kernels, root, size, BigInt(index), leaf, concatBytes(...proof))
  return { proof: split(history.inclusionProof(index)), valid: areHashes(proof) && verdict.kind === 'accepted' }
}

function answerConsistency(kernels: Kernels, history: HistoryLog, root: Uint8Array, item: Fields): Json {
  const first = item.number('first')
  const proof = item.hexes('proof')
  const [size, firstRoot] = [BigInt(history.size), item.hex('firstRoot')]
  const holds = kernels.verifyConsistency(BigInt(first), size, firstRoot, root, concatBytes(...proof))
  return {
    firstRoot: toHex(history.root(first)),
    proof: split(history.consistencyProof(first)),
    valid: areHashes(proof) && holds,
  }
}

function answerRange(kernels: Kernels, leafHashes: Uint8Array, root: Uint8Array, item: Fields): Json {
  const [start, end] = [item.number('start'), item.number('end')]
  const [proof, count] = [item.hexes('proof'), leafHashes.length / 32]
  const inside = start < end && end <= count
  const claimed = leafHashes.subarray(32 * start, 32 * end)
  const verdict = verifyRangeProof(kernels, root, count, start, claimed, concatBytes(...proof))
  const valid = inside && areHashes(proof) && verdict.kind === 'accepted'
  return valid ? { valid, proof: split(buildRangeProof(kernels, leafHashes, start, end)) } : { valid }
}

function answerMultiproof(kernels: Kernels, leafHashes: Uint8Array, root: Uint8Array, item: Fields): Json {
  const [indices, proof] = [item.numbers('indices'), item.hexes('proof')]
  const claimed = concatBytes(...indices.map((index) => leafHashes.subarray(32 * index, 32 * index + 32)))
  const count = leafHashes.length / 32
  const verdict = verifyMultiproof(kernels, root, count, indices, claimed, concatBytes(...proof))
  const valid = areHashes(proof) && verdict.kind === 'accepted'
  return valid ? { valid, proof: split(buildMultiproof(kernels, leafHashes, indices)) } : { valid }
}

/** Concatenated hashes as a list of hex. */
export function split(hashes: Uint8Array): string[] {
  return Array.from({ length: hashes.length / 32 }, (_, index) => toHex(hashes.subarray(32 * index, 32 * index + 32)))
}

// ── topics ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const topicsSuite: Suite =
  ({ kernels }: Engine) =>
  (testCase) => {
    const valid = testCase.flag('valid')
    const topic = testCase.bytes('topic', 8)
    const proof = testCase.hexes('proof')
    const [start, rangeLeaves] = [testCase.number('start'), testCase.hexes('rangeLeaves')]
    const [root, txCount] = [testCase.hex('root'), testCase.number('txCount')]
    const verdict = verifyTopicRange(kernels, root, txCount, topic, start, rangeLeaves, concatBytes(...proof))
    const txids = areHashes(proof) && verdict.kind === 'accepted' ? verdict.value.map(toHex) : null
    const expected = { valid, txids: valid ? (testCase.raw('expected') as Json) : null }
    const got = { valid: txids !== null, txids }
    if (!valid) return { expected, got }
    const leaves = testCase.hexes('leaves')
    if (leaves.some(({ length }) => length !== TX_LEAF_LENGTH))
      throw new VectorFileError(`${testCase.place}.leaves must be ${TX_LEAF_LENGTH} bytes each`)
    const built = buildTopicRange(kernels, leaves, wholeTopic(topic))
    return {
      expected: {
        ...expected,
        start,
        rangeLeaves: testCase.raw('rangeLeaves') as Json,
        proof: testCase.raw('proof') as Json,
      },
      got: { ...got, start: built.start, rangeLeaves: built.leaves.map(toHex), proof: split(built.proof) },
    }
  }
