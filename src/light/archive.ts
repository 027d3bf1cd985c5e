/**
 * What a light client holds for other light clients: the headers it accepted, their certificates, the committees of their
 * epochs, and the history paths that lead from one to the next. All of it verifies itself, so whoever gets it from here
 * need not trust this client.
 *
 * A light client has no history tree, but a run of consecutive headers is enough of one: the left siblings in the path of
 * leaf `start` are the roots of the complete subtrees of the leaves before it, and every leaf from there on is known, so any
 * later size can be rebuilt. Where the client jumped, by a hop, it keeps the one path that took it across.
 *
 *     … start ─ start+1 ─ start+2 ═══ hop ═══▶ start ─ start+1 ─ …
 *           a run: any two of it              the next run
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { concatBytes, equalBytes } from '../base/bytes.ts'
import type { Committee } from '../chain/committee.ts'
import { blockHash } from '../chain/header.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import { buildCompact, type CompactCommittee } from '../verify/compact.ts'
import type { Trusted } from '../verify/light.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import type { ChainView } from '../wire/chain-view.ts'
import type { ConflictEvidence, EvidenceResponse } from '../wire/evidence.ts'
import type { SubmitResponse } from '../wire/submit.ts'

/** Headers that are kept, certificates and leaves with them: about 1 kB each. */
export const ARCHIVE_HEADER_COUNT_MAX = 4096
/** Committees that are kept: at most 300 kB each. */
export const ARCHIVE_COMMITTEE_COUNT_MAX = 16

/** Compact committees that are kept: a few kB each. */
export const ARCHIVE_COMPACT_COUNT_MAX = 512

/** Consecutive headers whose hashes are all known, from `start` on. */
interface Run {
  readonly start: bigint
  /** Complete subtrees of the leaves before `start`, left to right; undefined until the first path from there has come. */
  peaks: readonly Hash32[] | undefined
  /** Leaf hashes of start, start + 1, … */
  readonly leaves: Hash32[]
  /** Roots of complete subtrees of the leaves, by where they start and how long they are: they never change. */
  readonly roots: Map<string, Hash32>
}

/** How a head was reached: by `path`, from the head of height `height`. */
export interface ArchiveStep {
  readonly height: bigint
  readonly path: Uint8Array
}

export interface ArchiveOptions {
  readonly kernels: Kernels
  readonly params: ChainParams
  readonly chainId: Hash32
  /** Evidence that another client sent: verified, kept and told by whoever it is given to. */
  reportConflict(evidence: ConflictEvidence): EvidenceResponse
}

export class Archive implements ChainView {
  /** It proves headers and nothing else. */
  readonly isLight = true
  readonly chainId: Hash32
  readonly params: ChainParams
  readonly #kernels: Kernels
  readonly #options: ArchiveOptions
  readonly #finals = new Map<bigint, CertifiedHeader>()
  readonly #committees = new Map<number, CommitteeKeys>()
  /** What came with a compact hop, by epoch: good for the certificate of that height alone. */
  readonly #compacts = new Map<number, { readonly height: bigint; readonly compact: CompactCommittee }>()
  /** Ascending; the last one ends at the head. */
  #runs: Run[] = []
  /** Hops between runs, by the height they start from. */
  readonly #hops = new Map<bigint, { readonly to: bigint; readonly path: Uint8Array }>()
  #head: CertifiedHeader | undefined

  constructor(options: ArchiveOptions) {
    this.#options = options
    this.#kernels = options.kernels
    this.chainId = options.chainId
    this.params = options.params
  }

  /** False until the first head: nothing can be answered before. */
  get isReady(): boolean {
    return this.#head !== undefined
  }

  /**
   * A head was accepted: `path` led to it from the head before, of height `from`. Without them it is where the client
   * started. What came by a compact hop is given on as such.
   */
  accept({ header, cert, committee, compact }: Trusted, from?: ArchiveStep): void {
    const final: CertifiedHeader = { header, cert }
    if (from === undefined || this.#head?.header.height !== from.height) this.#runs = [this.#newRun(final)]
    else this.#extend(final, from.path)
    this.#head = final
    this.#finals.set(header.height, final)
    if (committee !== undefined) this.#committees.set(committee.head.epoch, committee)
    else if (compact !== undefined) this.#compacts.set(compact.head.epoch, { height: header.height, compact })
    this.#forget()
  }

  /** The full committee of an epoch that was reached by a compact hop. */
  learn(keys: CommitteeKeys): void {
    this.#committees.set(keys.head.epoch, keys)
  }

  #leafOf({ header }: CertifiedHeader): Hash32 {
    return this.#kernels.leafHash(blockHash(this.#kernels, header))
  }

  #newRun(final: CertifiedHeader): Run {
    const { height } = final.header
    return { start: height, peaks: height === 0n ? [] : undefined, leaves: [this.#leafOf(final)], roots: new Map() }
  }

  #extend(final: CertifiedHeader, path: Uint8Array): void {
    const run = this.#runs.at(-1)!
    const from = run.start + BigInt(run.leaves.length) - 1n
    const { height, parent } = final.header
    if (run.leaves.length === 1) run.peaks ??= leftSiblings(from, height, path)
    // One header between: its hash is the parent of this one, which is all that its leaf needs.
    if (height === from + 2n) run.leaves.push(this.#kernels.leafHash(parent))
    if (height <= from + 2n) run.leaves.push(this.#leafOf(final))
    else {
      this.#hops.set(from, { to: height, path })
      this.#runs.push(this.#newRun(final))
    }
  }

  /** Whole runs, oldest first, beyond what may be kept. */
  #forget(): void {
    while (this.#finals.size > ARCHIVE_HEADER_COUNT_MAX) {
      const oldest = this.#runs[0]!
      const end = oldest.start + BigInt(oldest.leaves.length)
      if (this.#runs.length > 1) this.#runs.shift()
      else this.#runs = [this.#newRun(this.#head!)]
      this.#hops.delete(end - 1n)
      const from = this.#runs[0]!.start
      for (const height of this.#finals.keys()) if (height < from) this.#finals.delete(height)
    }
    for (const kept of [this.#committees, this.#compacts]) {
      const [first] = kept.keys()
      const countMax = kept === this.#committees ? ARCHIVE_COMMITTEE_COUNT_MAX : ARCHIVE_COMPACT_COUNT_MAX
      if (kept.size > countMax) kept.delete(first!)
    }
  }

  // ── What others may ask ──────────────────────────────────────────────────────────────────────────────────────────

  head(): CertifiedHeader {
    assert(this.#head !== undefined, 'an archive without a head is asked')
    return this.#head
  }

  oldestHeight(): bigint {
    return this.#runs[0]?.start ?? 0n
  }

  final(height: bigint): CertifiedHeader | undefined {
    return this.#finals.get(height)
  }

  committee(epoch: number): Committee | undefined {
    return this.#committees.get(epoch)?.committee
  }

  compactCommittee(epoch: number, bitmap: Uint8Array): CompactCommittee | undefined {
    const keys = this.#committees.get(epoch)
    if (keys !== undefined) return buildCompact(this.#kernels, keys, bitmap)
    const got = this.#compacts.get(epoch)
    const cert = got && this.#finals.get(got.height)?.cert
    return cert !== undefined && equalBytes(cert.bitmap, bitmap) ? got?.compact : undefined
  }

  /** The farthest header up to `most` that a client at `from` can be taken to in one step. */
  reach(from: bigint, most: bigint): bigint | undefined {
    const run = this.#runOf(from)
    if (run === undefined) return undefined
    const last = run.start + BigInt(run.leaves.length) - 1n
    const hop = this.#hops.get(from)
    if (hop !== undefined) return hop.to <= most && this.#hasCommittee(from, hop.to) ? hop.to : undefined
    for (let height = last < most ? last : most; height > from; height--)
      if (this.#finals.has(height) && this.#hasCommittee(from, height)) return height
    return undefined
  }

  /** A step into another epoch needs its committee. */
  #hasCommittee(from: bigint, height: bigint): boolean {
    const epoch = epochOf(height, this.params)
    const isCompact = this.#compacts.get(epoch)?.height === height
    return epoch === epochOf(from, this.params) || this.#committees.has(epoch) || isCompact
  }

  historyPath(index: bigint, size: bigint): Uint8Array | undefined {
    const hop = this.#hops.get(index)
    if (hop?.to === size) return hop.path
    const run = this.#runOf(index)
    if (run?.peaks === undefined || size > run.start + BigInt(run.leaves.length)) return undefined
    return new RunTree(this.#kernels, run, run.peaks).path(index, size)
  }

  #runOf(height: bigint): Run | undefined {
    return this.#runs.findLast(({ start, leaves }) => start <= height && height < start + BigInt(leaves.length))
  }

  transaction(): undefined {
    return undefined
  }

  stateProof(): undefined {
    return undefined
  }

  topicProof(): undefined {
    return undefined
  }

  submit(): SubmitResponse {
    return { outcome: 'rejected', reason: 'a light client takes no transactions: give it to a full node' }
  }

  reportConflict(evidence: ConflictEvidence): EvidenceResponse {
    return this.#options.reportConflict(evidence)
  }
}

/** Largest power of two below `size` (> 1): where RFC 9162 splits a tree. */
function splitOf(size: bigint): bigint {
  let power = 1n
  while (power * 2n < size) power *= 2n
  return power
}

/** The siblings on the left in the path of leaf `index` in a tree of `size`, left to right: they cover [0, index). */
function leftSiblings(index: bigint, size: bigint, path: Uint8Array): readonly Hash32[] {
  const sides: boolean[] = []
  for (let [start, end] = [0n, size]; end - start > 1n;) {
    const middle = start + splitOf(end - start)
    sides.push(index >= middle)
    if (index < middle) end = middle
    else start = middle
  }
  // The path runs from the leaf to the root, the sides from the root to the leaf.
  return sides.flatMap((isLeft, depth) => {
    const at = 32 * (sides.length - 1 - depth)
    return isLeft ? [path.slice(at, at + 32)] : []
  })
}

/**
 * RFC 9162 paths of the leaves of a run, over the complete subtrees before it. A path costs its own length in hashes, and once in
 * a run's life each complete subtree.
 */
class RunTree {
  readonly #kernels: Kernels
  readonly #start: bigint
  readonly #peaks: readonly Hash32[]
  readonly #leaves: readonly Hash32[]
  readonly #roots: Map<string, Hash32>

  constructor(kernels: Kernels, { start, leaves, roots }: Run, peaks: readonly Hash32[]) {
    this.#kernels = kernels
    this.#start = start
    this.#peaks = peaks
    this.#leaves = leaves
    this.#roots = roots
  }

  path(index: bigint, size: bigint): Uint8Array {
    const path: Hash32[] = []
    const descend = (start: bigint, end: bigint): void => {
      if (end - start === 1n) return
      const middle = start + splitOf(end - start)
      if (index < middle) descend(start, middle)
      else descend(middle, end)
      path.push(index < middle ? this.#root(middle, end) : this.#root(start, middle))
    }
    descend(0n, size)
    return concatBytes(...path)
  }

  /** Root of the leaves [start, end), a subtree of the recursion. */
  #root(start: bigint, end: bigint): Hash32 {
    const peak = end <= this.#start ? this.#peak(start, end) : undefined
    if (peak !== undefined) return peak
    if (end - start === 1n) return this.#leaves[Number(start - this.#start)]!
    const size = end - start
    const middle = start + splitOf(size)
    // Those of a size that is a power of two are the same in every later tree.
    const isComplete = 2n * (middle - start) === size
    const name = `${start}/${size}`
    const known = isComplete ? this.#roots.get(name) : undefined
    if (known !== undefined) return known
    const root = this.#kernels.nodeHash(this.#root(start, middle), this.#root(middle, end))
    if (isComplete) this.#roots.set(name, root)
    return root
  }

  /** The peaks have the sizes of the set bits of `start`, largest first. */
  #peak(start: bigint, end: bigint): Hash32 | undefined {
    let at = 0n
    for (const [index, size] of bitsOf(this.#start).entries()) {
      if (at === start && at + size === end) return this.#peaks[index]
      at += size
    }
    return undefined
  }
}

/** The powers of two that add up to `value`, largest first. */
function bitsOf(value: bigint): readonly bigint[] {
  const text = value.toString(2)
  return [...text].flatMap((bit, index) => (bit === '1' ? [1n << BigInt(text.length - 1 - index)] : []))
}
