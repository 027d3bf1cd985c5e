/** The Kernels contract over an AssemblyScript module, scalar or SIMD. */
import type { Kernels, TaggedHash } from '../contract.ts'
import { Machine } from './machine.ts'
import * as merkle from './merkle.ts'
import { select } from './select.ts'
import * as sha from './sha256.ts'
import * as state from './state.ts'

/** Takes over `instance`; nobody else may call it. */
export function createWasmKernels(instance: WebAssembly.Instance): Kernels {
  const machine = new Machine(instance)
  const tags = new Map<string, TaggedHash>()
  return {
    name: machine.name,
    sha256: (message) => sha.sha256(machine, message),
    sha256Stream: () => new sha.WasmStream(machine),
    sha256Many: (messages, messageLength) =>
      sha.fits(machine, messageLength)
        ? sha.hashMany(machine, machine.iv, 0, -1, messages, messageLength)
        : sha.streamMany(messages, messageLength, () => new sha.WasmStream(machine)),
    tagged(tag) {
      let tagged = tags.get(tag)
      if (tagged === undefined) tags.set(tag, (tagged = new sha.WasmTaggedHash(machine, tag)))
      return tagged
    },
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
    select: (n, total, expected, digest) => select(machine, n, total, expected, digest),
  }
}
