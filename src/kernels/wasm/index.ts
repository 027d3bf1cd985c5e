/** The Kernels contract over an AssemblyScript module, scalar or SIMD. */
import type { Kernels } from '../contract.ts'
import { Machine } from './machine.ts'
import * as bulk from './bulk.ts'
import * as merkle from './merkle.ts'
import { select } from './select.ts'
import * as sha from './sha256.ts'
import * as state from './state.ts'

/** Takes over `instance`; nobody else may call it. */
export function createWasmKernels(instance: WebAssembly.Instance): Kernels {
  const machine = new Machine(instance)
  const tags = new Map<string, sha.WasmTaggedHash>()
  const tagged = (tag: string) => {
    let known = tags.get(tag)
    if (known === undefined) tags.set(tag, (known = new sha.WasmTaggedHash(machine, tag)))
    return known
  }
  // Made first, so that their midstates have places of their own.
  const auditTags = { draw: tagged('stakecube/draw'), seat: tagged('stakecube/seat') }
  return {
    name: machine.name,
    sha256: (message) => sha.sha256(machine, message),
    sha256Stream: () => new sha.WasmStream(machine),
    sha256Many: (messages, messageLength) =>
      sha.fits(machine, messageLength)
        ? sha.hashMany(machine, machine.iv, 0, -1, messages, messageLength)
        : sha.streamMany(messages, messageLength, () => new sha.WasmStream(machine)),
    tagged,
    leafHash: (data) => merkle.leafHash(machine, data),
    leafHashes: (leaves, leafLength) => merkle.leafHashes(machine, leaves, leafLength),
    nodeHash: (left, right) => merkle.nodeHash(machine, left, right),
    merkleRoot: (leafHashes) => merkle.merkleRoot(machine, leafHashes),
    inclusionProof: (leafHashes, index) => merkle.inclusionProof(machine, leafHashes, index),
    consistencyProof: (leafHashes, firstSize) => merkle.consistencyProof(machine, leafHashes, firstSize),
    rootFromInclusion: (index, size, leafHash, path) => merkle.rootFromInclusion(machine, index, size, leafHash, path),
    verifyConsistency: (firstSize, secondSize, firstRoot, secondRoot, proof) =>
      merkle.verifyConsistency(machine, firstSize, secondSize, firstRoot, secondRoot, proof),
    stateLeaf: (key, value) => state.stateLeaf(machine, key, value),
    stateNode: (left, right) => state.stateNode(machine, left, right),
    stateRoot: (entries, depth) => state.stateRoot(machine, entries, depth),
    inputBytesMax: bulk.INPUT_BYTES_MAX,
    inputView: (length) => bulk.inputView(machine, length),
    reduceLevel: (level, nodes) => bulk.reduceLevel(machine, level, nodes),
    hashTree64: (hashes) => bulk.hashTree64(machine, hashes),
    inclusionProofs: (leafHashes, indices) => bulk.inclusionProofs(machine, leafHashes, indices),
    verifyInclusions: (root, size, indices, leafHashes, paths) =>
      bulk.verifyInclusions(machine, root, size, indices, leafHashes, paths),
    auditDraws: (draws, members, expected) => bulk.auditDraws(machine, auditTags, draws, members, expected),
    select: (n, total, expected, digest) => select(machine, n, total, expected, digest),
  }
}
