/**
 * The history of a chain (§6): the RFC 9162 tree over the hashes of its headers, readable at every size it ever had.
 *
 * A HistoryLog is an immutable value: a size over an append-only log of complete subtrees. Appending to a value that is the
 * longest of its log extends the log in place (values made before keep their size and read the same); appending another
 * hash to a value that is not the longest copies the log first. So ledgers share one log, and a fork of candidates costs
 * a copy once. Appending hashes O(log n) nodes at most, two on average; root, inclusion and consistency hash O(log n)
 * nodes for each hash they return.
 *
 *     level 0   leaf hash of every header hash
 *     level k   roots of the complete subtrees of 2^k leaves, from the left
 */
import { assert, assertLength, assertRange } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { accepted, rejected, type Result } from '../base/verdict.ts'
import type { Kernels } from '../kernels/contract.ts'
import { emptyMerkleRoot, splitOf } from './merkle.ts'

/** Concatenated 32-byte hashes in a buffer that doubles. */
class HashColumn {
  #bytes: Uint8Array
  #count: number

  constructor(bytes: Uint8Array = new Uint8Array(32 * 64), count = 0) {
    this.#bytes = bytes
    this.#count = count
  }

  get count(): number {
    return this.#count
  }

  at(index: number): Hash32 {
    return this.#bytes.subarray(32 * index, 32 * index + 32)
  }

  push(hash: Hash32): void {
    if (32 * this.#count === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(hash, 32 * this.#count++)
  }

  /** A column of the first `count` hashes that shares nothing with this one. */
  copy(count: number): HashColumn {
    const bytes = new Uint8Array(32 * Math.max(64, 2 * count))
    bytes.set(this.#bytes.subarray(0, 32 * count))
    return new HashColumn(bytes, count)
  }
}

/** Grows at its end only; every complete subtree of it is stored. */
class SharedLog {
  readonly #kernels: Kernels
  readonly #hashes: HashColumn
  readonly #levels: HashColumn[]

  constructor(kernels: Kernels, hashes = new HashColumn(), levels: HashColumn[] = [new HashColumn()]) {
    this.#kernels = kernels
    this.#hashes = hashes
    this.#levels = levels
  }

  get size(): number {
    return this.#hashes.count
  }

  hashAt(index: number): Hash32 {
    return this.#hashes.at(index)
  }

  append(hash: Hash32): void {
    this.#hashes.push(hash)
    let node = this.#kernels.leafHash(hash)
    for (let level = 0; ; level++) {
      const column = (this.#levels[level] ??= new HashColumn())
      column.push(node)
      if (column.count % 2 === 1) return
      node = this.#kernels.nodeHash(column.at(column.count - 2), node)
    }
  }

  copy(size: number): SharedLog {
    const levels = this.#levels.map((column, level) => column.copy(Math.floor(size / 2 ** level)))
    return new SharedLog(this.#kernels, this.#hashes.copy(size), levels)
  }

  /** MTH of the leaves [start, end), start a multiple of the largest power of two in the range: a subtree of the RFC. */
  subtree(start: number, end: number): Hash32 {
    const level = Math.floor(Math.log2(end - start))
    const complete = 2 ** level
    const left = this.#levels[level]!.at(start / complete)
    return end - start === complete ? left.slice() : this.#kernels.nodeHash(left, this.subtree(start + complete, end))
  }
}

function join(parts: readonly Hash32[]): Uint8Array {
  const joined = new Uint8Array(32 * parts.length)
  parts.forEach((part, index) => joined.set(part, 32 * index))
  return joined
}

export class HistoryLog {
  readonly #kernels: Kernels
  readonly #log: SharedLog
  /** Number of header hashes. */
  readonly size: number

  private constructor(kernels: Kernels, log: SharedLog, size: number) {
    this.#kernels = kernels
    this.#log = log
    this.size = size
  }

  static empty(kernels: Kernels): HistoryLog {
    return new HistoryLog(kernels, new SharedLog(kernels), 0)
  }

  /** The history of `hashes`, 32 bytes each, from header 0 on. Hashes 2n nodes. */
  static of(kernels: Kernels, hashes: Iterable<Hash32>): HistoryLog {
    let history = HistoryLog.empty(kernels)
    for (const hash of hashes) history = history.append(hash)
    return history
  }

  append(hash: Hash32): HistoryLog {
    assertLength('hash', hash, 32)
    let log = this.#log
    if (log.size === this.size) log.append(hash)
    else if (!equalBytes(log.hashAt(this.size), hash)) {
      log = log.copy(this.size)
      log.append(hash)
    }
    return new HistoryLog(this.#kernels, log, this.size + 1)
  }

  /** The header hash at `index`, copied. */
  hashAt(index: number): Hash32 {
    assertRange('index', index, 0, this.size - 1)
    return this.#log.hashAt(index).slice()
  }

  /** Root over the first `size` hashes. */
  root(size = this.size): Hash32 {
    assertRange('size', size, 0, this.size)
    return size === 0 ? emptyMerkleRoot(this.#kernels) : this.#log.subtree(0, size)
  }

  /** Inclusion path of leaf `index` in the tree of the first `size` hashes, leaf to root, concatenated. */
  inclusionProof(index: number, size = this.size): Uint8Array {
    assertRange('size', size, 1, this.size)
    assertRange('index', index, 0, size - 1)
    const path: Hash32[] = []
    const descend = (start: number, end: number): void => {
      if (end - start === 1) return
      const middle = start + splitOf(end - start)
      if (index < middle) descend(start, middle)
      else descend(middle, end)
      path.push(index < middle ? this.#log.subtree(middle, end) : this.#log.subtree(start, middle))
    }
    descend(0, size)
    return join(path)
  }

  /** Consistency proof between the first `first` hashes and the first `size`; 0 < first ≤ size; empty if equal. */
  consistencyProof(first: number, size = this.size): Uint8Array {
    assertRange('size', size, 1, this.size)
    assertRange('first', first, 1, size)
    const proof: Hash32[] = []
    const descend = (start: number, end: number, whole: boolean): void => {
      if (first === end) {
        if (!whole) proof.push(this.#log.subtree(start, end))
        return
      }
      const middle = start + splitOf(end - start)
      if (first <= middle) {
        descend(start, middle, whole)
        proof.push(this.#log.subtree(middle, end))
      } else {
        descend(middle, end, false)
        proof.push(this.#log.subtree(start, middle))
      }
    }
    descend(0, size, true)
    return join(proof)
  }
}

export type HistoryCode = 'history-proof'
export const HISTORY_CODES: readonly HistoryCode[] = ['history-proof']

/**
 * [PROOF-1]: header `hash` is at `index` in the history of `size` headers under `root`. `path` may come from anywhere.
 */
export function verifyHistoryProof(
  kernels: Kernels,
  root: Hash32,
  size: bigint,
  index: bigint,
  hash: Hash32,
  path: Uint8Array,
): Result<void, HistoryCode> {
  const computed = hash.length === 32 ? kernels.rootFromInclusion(index, size, kernels.leafHash(hash), path) : undefined
  return computed !== undefined && equalBytes(computed, root)
    ? accepted(undefined)
    : rejected('history-proof', { index, size, pathBytes: path.length })
}

/** Narrows a height to an index of the history; heights beyond 2^53 blocks cannot be built here. */
export function historyIndex(height: bigint): number {
  assert(height >= 0n && height <= BigInt(Number.MAX_SAFE_INTEGER), `height ${height} is no index`)
  return Number(height)
}
