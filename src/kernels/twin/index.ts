/**
 * The twin: every kernel in plain TypeScript, pure and synchronous. Oracle of the AssemblyScript builds in the tests, and
 * what runs where WebAssembly does not. It shares no code with them; only the argument checks (../checks.ts) are common.
 */
import { assert } from '../../base/assert.ts'
import { concatBytes } from '../../base/bytes.ts'
import type { Kernels, Sha256Stream, TaggedHash } from '../contract.ts'
import * as checks from '../checks.ts'
import * as bulk from './bulk.ts'
import * as merkle from './merkle.ts'
import { select } from './select.ts'
import { hash, hashMany, HASH_BYTES, Sha256State } from './sha256.ts'
import { stateLeaf, stateNode, stateSubtree, ENTRY_BYTES } from './state.ts'

/** As much as the kernels take, so that callers do not depend on which one they have. */
const INPUT_BYTES_MAX = 1 << 22

class TwinStream implements Sha256Stream {
  readonly #state = new Sha256State()
  #ended = false

  update(bytes: Uint8Array): this {
    assert(!this.#ended, 'update after digest')
    checks.checkBytes('bytes', bytes)
    this.#state.update(bytes)
    return this
  }

  digest(): Uint8Array {
    assert(!this.#ended, 'digest may be called once')
    this.#ended = true
    const out = new Uint8Array(HASH_BYTES)
    this.#state.finishInto(out, 0)
    return out
  }
}

class TwinTaggedHash implements TaggedHash {
  readonly #midstate = new Sha256State()

  constructor(tag: string) {
    const prefix = hash(checks.utf8(tag))
    this.#midstate.update(prefix)
    this.#midstate.update(prefix)
  }

  hash(...parts: readonly Uint8Array[]): Uint8Array {
    const state = this.#midstate.clone()
    for (const part of parts) {
      checks.checkBytes('part', part)
      state.update(part)
    }
    const out = new Uint8Array(HASH_BYTES)
    state.finishInto(out, 0)
    return out
  }

  hashMany(messages: Uint8Array, messageLength: number): Uint8Array {
    const count = checks.checkMessages(messages, messageLength)
    const out = new Uint8Array(count * HASH_BYTES)
    for (let index = 0; index < count; index++) {
      const state = this.#midstate.clone()
      state.update(messages, index * messageLength, (index + 1) * messageLength)
      state.finishInto(out, index * HASH_BYTES)
    }
    return out
  }
}

/** A fresh twin. Instances share nothing but constants; one is enough for a program. */
export function createTwin(): Kernels {
  const tags = new Map<string, TaggedHash>()
  let input = new Uint8Array(0)
  const kernels: Kernels = {
    name: 'twin',
    inputBytesMax: INPUT_BYTES_MAX,
    inputView(length) {
      checks.checkInputLength(length, INPUT_BYTES_MAX)
      if (input.length < length) input = new Uint8Array(length)
      return input.subarray(0, length)
    },
    reduceLevel(level, nodes) {
      checks.checkHashes('level', level)
      return bulk.reduceLevel(level, nodes)
    },
    hashTree64(hashes) {
      checks.checkPerfect(hashes)
      return bulk.hashTree64(hashes)
    },
    inclusionProofs(leafHashes, indices) {
      checks.checkIndices(leafHashes, indices)
      return bulk.inclusionProofs(leafHashes, indices)
    },
    verifyInclusions(root, size, indices, leafHashes, paths) {
      checks.checkProofs(root, size, indices, leafHashes, paths)
      return bulk.verifyInclusions(root, size, indices, leafHashes, paths)
    },
    auditDraws(draws, members, expected) {
      checks.checkAudit(draws, members, expected)
      return bulk.auditDraws(kernels, draws, members, expected)
    },
    sha256(message) {
      checks.checkBytes('message', message)
      return hash(message)
    },
    sha256Stream: () => new TwinStream(),
    sha256Many(messages, messageLength) {
      checks.checkMessages(messages, messageLength)
      return hashMany(messages, messageLength)
    },
    tagged(tag) {
      let tagged = tags.get(tag)
      if (tagged === undefined) tags.set(tag, (tagged = new TwinTaggedHash(tag)))
      return tagged
    },
    leafHash(data) {
      checks.checkBytes('data', data)
      return merkle.leafHash(data)
    },
    leafHashes(leaves, leafLength) {
      checks.checkMessages(leaves, leafLength)
      return merkle.leafHashes(leaves, leafLength)
    },
    nodeHash(left, right) {
      checks.checkPair(left, right)
      return merkle.nodeHash(left, right)
    },
    merkleRoot(leafHashes) {
      checks.checkHashes('leafHashes', leafHashes)
      return merkle.merkleRoot(leafHashes)
    },
    inclusionProof(leafHashes, index) {
      checks.checkIndex(leafHashes, index)
      return concatBytes(...merkle.inclusionProof(leafHashes, index))
    },
    consistencyProof(leafHashes, firstSize) {
      checks.checkFirstSize(leafHashes, firstSize)
      return concatBytes(...merkle.consistencyProof(leafHashes, firstSize, true))
    },
    rootFromInclusion(index, size, leafHash, path) {
      checks.checkU64('index', index)
      checks.checkU64('size', size)
      return merkle.rootFromInclusion(index, size, leafHash, path)
    },
    verifyConsistency(firstSize, secondSize, firstRoot, secondRoot, proof) {
      checks.checkU64('firstSize', firstSize)
      checks.checkU64('secondSize', secondSize)
      return merkle.verifyConsistency(firstSize, secondSize, firstRoot, secondRoot, proof)
    },
    stateLeaf(key, value) {
      checks.checkPair(key, value)
      return stateLeaf(key, value)
    },
    stateNode(left, right) {
      checks.checkPair(left, right)
      return stateNode(left, right)
    },
    stateRoot(entries, depth) {
      checks.checkEntries(entries, depth)
      return stateSubtree(entries, 0, entries.length / ENTRY_BYTES, depth)
    },
    select(n, total, expected, digest) {
      checks.checkSelect(n, total, expected, digest)
      return select(n, total, expected, digest)
    },
  }
  return kernels
}

/** The twin that everybody may share. */
export const twin: Kernels = createTwin()
