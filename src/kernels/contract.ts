/**
 * The Kernels contract: SHA-256, RFC 9162 Merkle trees, the state tree's hashing and Select.
 *
 * Three implementations answer the same to the last bit: `twin` (plain TypeScript, oracle and fallback), and the
 * AssemblyScript builds `scalar` and `simd`. Composition roots choose one (load.ts) and pass it down; core code takes a
 * `Kernels` argument and never imports an implementation.
 *
 * Every array argument is read during the call and never kept. Results are fresh arrays unless the name ends in `Into`.
 * "Hashes" are concatenated 32-byte values; a count follows from the length. Lengths, indices and counts out of range
 * throw AssertionError before any memory is touched: they are bugs of the caller, not remote data.
 */
import type { Hash32 } from '../base/brand.ts'

export type KernelName = 'twin' | 'scalar' | 'simd'

/** Incremental SHA-256. `digest` may be called once; `update` after it asserts. */
export interface Sha256Stream {
  update(bytes: Uint8Array): this
  digest(): Hash32
}

/** H(tag, ·) of §1 with the midstate of the 64-byte prefix cached. Safe to keep for the life of the kernels. */
export interface TaggedHash {
  /** SHA-256(SHA-256(tag) ‖ SHA-256(tag) ‖ parts…). */
  hash(...parts: readonly Uint8Array[]): Hash32
  /** `count` equal-length messages, concatenated; 32 bytes out for each. */
  hashMany(messages: Uint8Array, messageLength: number): Uint8Array
}

/** What [LC-4] asks about every member of a committee. Entry i belongs to member i. */
export interface DrawAudit {
  /** H("stakecube/draw", D, credential), 32 bytes each. */
  readonly digests: Uint8Array
  /** H("stakecube/seat", D, credential, seat), 32 bytes each. */
  readonly positions: Uint8Array
  /** Select(amount, S, expected, digest). */
  readonly seats: BigUint64Array
}

/** A whole RFC 9162 tree, as far as it was asked for. */
export interface ProvenTree {
  readonly root: Hash32
  /** Inclusion path of each index asked for, in the same order. */
  readonly proofs: readonly Uint8Array[]
}

export interface Kernels {
  readonly name: KernelName

  /** Plain SHA-256 of a message of any length; what does not fit the arena is streamed. */
  sha256(message: Uint8Array): Hash32
  sha256Stream(): Sha256Stream
  /** `messages.length / messageLength` messages of `messageLength ≥ 1` bytes each; 32 bytes out for each. */
  sha256Many(messages: Uint8Array, messageLength: number): Uint8Array
  /** Cached by tag. The tag is UTF-8. */
  tagged(tag: string): TaggedHash

  // ── RFC 9162 §2.1 ────────────────────────────────────────────────────────────────────────────────────────────────
  /** SHA256(0x00 ‖ data), data of any length. */
  leafHash(data: Uint8Array): Hash32
  /** Leaf hashes of `leaves.length / leafLength` equal-length leaves. */
  leafHashes(leaves: Uint8Array, leafLength: number): Uint8Array
  /** SHA256(0x01 ‖ left ‖ right). */
  nodeHash(left: Hash32, right: Hash32): Hash32
  /** Root over leaf hashes; SHA256("") for none. */
  merkleRoot(leafHashes: Uint8Array): Hash32
  /** Inclusion path of leaf `index`, leaf to root, concatenated. 0 ≤ index < count. */
  inclusionProof(leafHashes: Uint8Array, index: number): Uint8Array
  /** Consistency proof between the first `firstSize` leaves and all of them; 0 < firstSize ≤ count; empty if equal. */
  consistencyProof(leafHashes: Uint8Array, firstSize: number): Uint8Array
  /**
   * Recomputes the root from a path. Undefined if the path has the wrong number of hashes for (index, size) or
   * index ≥ size. 64-bit indices and sizes. `leafHash` and `path` may come from anywhere: a leaf hash that is not 32
   * bytes or a path that is no multiple of it gives undefined. (A caller that joins hashes checks the length of each.)
   */
  rootFromInclusion(index: bigint, size: bigint, leafHash: Hash32, path: Uint8Array): Hash32 | undefined
  /**
   * True iff `proof` shows that the tree (firstSize, firstRoot) is a prefix of (secondSize, secondRoot). Roots and proof
   * may come from anywhere: wrong lengths, and a firstSize of 0, give false.
   */
  verifyConsistency(
    firstSize: bigint,
    secondSize: bigint,
    firstRoot: Hash32,
    secondRoot: Hash32,
    proof: Uint8Array,
  ): boolean

  // ── State tree, §4 ───────────────────────────────────────────────────────────────────────────────────────────────
  /** SHA256(0x00 ‖ key 32 ‖ value 32). */
  stateLeaf(key: Hash32, value: Hash32): Hash32
  /** SHA256(left ‖ right), 64 bytes hashed. */
  stateNode(left: Hash32, right: Hash32): Hash32
  /**
   * Root of the subtree at `depth` (0 = whole tree) that holds exactly these entries: `entries` is (key 32 ‖ value 32)
   * repeated, strictly ascending by key and all sharing their first `depth` bits (asserted). 32 zero bytes for none.
   */
  stateRoot(entries: Uint8Array, depth: number): Hash32

  // ── Sortition, §7 ────────────────────────────────────────────────────────────────────────────────────────────────
  /** Seats that `n` of `total` units win when `expected` are expected. 0 ≤ n ≤ total, n < 2^56, expected ≥ 1, digest 32 B. */
  select(n: bigint, total: bigint, expected: bigint, digest: Hash32): bigint

  // ── Bulk: everything in one call, so that data stays where the kernels work ─────────────────────────────────────
  /**
   * Where the kernels read their input: a view of `length` bytes. What is written there and passed on as the first argument
   * of the next call is not copied again. Its content is lost with any call, and the view must not be kept. 0 ≤ length ≤
   * `inputBytesMax`.
   */
  inputView(length: number): Uint8Array
  readonly inputBytesMax: number
  /**
   * One level of a tree up, in place: neighbours are hashed as §4 nodes (`plain`, 64 bytes) or RFC 9162 nodes (65 bytes),
   * and the parents overwrite the front of `level`. A last odd hash moves up as it is. Returns the new count.
   */
  reduceLevel(level: Uint8Array, nodes: 'plain' | 'rfc9162'): number
  /** Root of the perfect binary tree of 64-byte nodes SHA256(left ‖ right); the count of hashes is a power of two. */
  hashTree64(hashes: Uint8Array): Hash32
  /** Root of all leaf hashes and the paths of many of them. Indices in [0, count), any order, repeats allowed. */
  inclusionProofs(leafHashes: Uint8Array, indices: readonly number[]): ProvenTree
  /**
   * Do these paths show these leaves under `root`? Entry i of the three lists belongs together. `paths` and `leafHashes`
   * may come from anywhere: what has a wrong length or does not fit (index, size) is false.
   */
  verifyInclusions(
    root: Hash32,
    size: bigint,
    indices: readonly bigint[],
    leafHashes: Uint8Array,
    paths: readonly Uint8Array[],
  ): boolean[]
  /**
   * The draws of a whole committee, [LC-4]: `draws` as in CommitteeHead without the count (epoch u32 ‖ D 32 ‖ S u64, 44
   * bytes each), `members` as Member (96 bytes each), `expected` = seatsTarget. The bytes may come from anywhere: a member
   * whose drawEpoch is not listed, or whose amount is 2^56 or more or above that S, gets zeros.
   */
  auditDraws(draws: Uint8Array, members: Uint8Array, expected: bigint): DrawAudit
}
