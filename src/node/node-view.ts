/** The chain as one node has it, for the servers to answer from: the newest ledgers in memory, all that is final in the store. */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { decodeBlock, type Block } from '../chain/block.ts'
import { decodeCert, type FinalityCert } from '../chain/certificate.ts'
import { committeeSeatCount, decodeCommittee, type Committee } from '../chain/committee.ts'
import type { Engine } from '../crypto/engine.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { ChainParams } from '../chain/params.ts'
import { txid as txidOf, type Tx } from '../chain/transaction.ts'
import { committeeOf, type Chain, type Ledger } from '../ledger/ledger.ts'
import { buildStateProof, encodeStateProof } from '../proofs/state-proof.ts'
import { buildTopicRange, encodeTopicRange, txLeaf } from '../proofs/topics.ts'
import { buildTransactionProof, encodeTransactionProof } from '../proofs/transaction.ts'
import { committeeKeys, type CommitteeKeys } from '../verify/certificate.ts'
import { buildCompact, type CompactCommittee } from '../verify/compact.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import type { ChainView } from '../wire/chain-view.ts'
import type { ConflictEvidence, EvidenceResponse } from '../wire/evidence.ts'
import type { Prefix } from '../wire/proof.ts'
import type { SubmitResponse } from '../wire/submit.ts'

/** Ledgers and blocks that stay in memory; state proofs are served for these heights. */
const RECENT_COUNT = 128n
/** Committees with their keys decoded, for hops and conflicts: a client catches up over many epochs in one request. */
const KEYS_MAX = 256
/** Topic proofs made ahead of an answer; one request asks for at most TOPIC_BLOCK_COUNT_MAX. */
const TOPIC_PROOFS_MAX = 1024

/** Reads of what is final and no longer in memory. */
export interface FinalSource {
  block(height: bigint): Uint8Array | undefined
  cert(height: bigint): Uint8Array | undefined
  committee(epoch: number): Uint8Array | undefined
  heightOf(txid: Hash32): bigint | undefined
}

/** A final block with the ledger after it. */
export interface Recent {
  readonly ledger: Ledger
  readonly block: Block
  readonly cert: FinalityCert | undefined
}

export interface NodeViewOptions {
  readonly engine: Engine
  readonly chain: Chain
  readonly source: FinalSource
  /** Where the store left off. */
  readonly start: Recent
  /** Takes a client's transaction. */
  submit(tx: Tx): SubmitResponse
  /** Takes a client's report of two final blocks that conflict. */
  reportConflict(evidence: ConflictEvidence): EvidenceResponse
}

export class NodeView implements ChainView {
  readonly #options: NodeViewOptions
  readonly #kernels: Kernels
  readonly #recent = new Map<bigint, Recent>()
  readonly #recentTxs = new Map<string, bigint>()
  readonly #keys = new Map<number, CommitteeKeys>()
  readonly #topicProofs = new Map<string, Uint8Array>()
  #head: Recent

  constructor(options: NodeViewOptions) {
    this.#options = options
    this.#kernels = options.engine.kernels
    this.#head = options.start
    this.advance(options.start)
  }

  get chainId(): Hash32 {
    return this.#options.chain.chainId
  }

  get params(): ChainParams {
    return this.#options.chain.params
  }

  /** A block became final. */
  advance(recent: Recent): void {
    const { height } = recent.ledger.header
    this.#head = recent
    this.#recent.set(height, recent)
    for (const name of this.#txNames(recent.block)) this.#recentTxs.set(name, height)
    const old = this.#recent.get(height - RECENT_COUNT)
    if (old === undefined) return
    this.#recent.delete(height - RECENT_COUNT)
    for (const name of this.#txNames(old.block)) this.#recentTxs.delete(name)
  }

  /** The ledger after the block at `height`, while it is recent. */
  ledgerAt(height: bigint): Ledger | undefined {
    return this.#recent.get(height)?.ledger
  }

  head(): CertifiedHeader {
    return { header: this.#head.ledger.header, cert: this.#head.cert }
  }

  oldestHeight(): bigint {
    return 0n
  }

  final(height: bigint): CertifiedHeader | undefined {
    const recent = this.#recent.get(height)
    if (recent !== undefined) return { header: recent.ledger.header, cert: recent.cert }
    const block = this.#storedBlock(height)
    return block === undefined ? undefined : { header: block.header, cert: this.#storedCert(height) }
  }

  committee(epoch: number): Committee | undefined {
    const kept = committeeOf(this.#head.ledger, epoch)
    if (kept !== undefined) return kept.committee
    const bytes = this.#options.source.committee(epoch)
    if (bytes === undefined) return undefined
    const decoded = decodeCommittee(bytes, committeeSeatCount(this.params))
    assert(decoded.kind === 'accepted', `the stored committee of epoch ${epoch} must decode`)
    return decoded.value
  }

  compactCommittee(epoch: number, bitmap: Uint8Array): CompactCommittee | undefined {
    const keys = this.committeeKeys(epoch)
    return keys && buildCompact(this.#kernels, keys, bitmap)
  }

  /** The committee with its keys decoded, which is done once and remembered. */
  committeeKeys(epoch: number): CommitteeKeys | undefined {
    const known = committeeOf(this.#head.ledger, epoch) ?? this.#keys.get(epoch)
    if (known !== undefined) return known
    const committee = this.committee(epoch)
    const keys = committee && committeeKeys(this.#options.engine, committee)
    if (keys?.kind !== 'accepted') return undefined
    remember(this.#keys, epoch, keys.value, KEYS_MAX)
    return keys.value
  }

  /** Whether `committeeKeys` costs no decoding. */
  hasCommitteeKeys(epoch: number): boolean {
    return committeeOf(this.#head.ledger, epoch) !== undefined || this.#keys.has(epoch)
  }

  historyPath(index: bigint, size: bigint): Uint8Array | undefined {
    if (size > this.#head.ledger.header.height) return undefined
    return this.#head.ledger.history.inclusionProof(Number(index), Number(size))
  }

  transaction(txid: Hash32): { readonly height: bigint; readonly proof: Uint8Array } | undefined {
    const height = this.#recentTxs.get(toHex(txid)) ?? this.#options.source.heightOf(txid)
    const leaves = height === undefined ? undefined : this.#leaves(height)
    if (height === undefined || leaves === undefined) return undefined
    const index = leaves.findIndex((leaf) => equalBytes(leaf.subarray(8), txid))
    if (index < 0) return undefined
    return { height, proof: encodeTransactionProof(buildTransactionProof(this.#kernels, leaves, index)) }
  }

  stateProof(height: bigint, { bits, bytes }: Prefix): Uint8Array | 'too-large' | undefined {
    const recent = this.#recent.get(height)
    if (recent === undefined) return undefined
    const proof = buildStateProof(recent.ledger.outputs.tree, bits, bytes)
    return proof.kind === 'rejected' ? 'too-large' : encodeStateProof(proof.value)
  }

  /** Hashes a whole block, once: the proof is remembered. */
  topicProof(height: bigint, prefix: Prefix): Uint8Array | undefined {
    const name = topicName(height, prefix)
    const known = this.#topicProofs.get(name)
    if (known !== undefined) return known
    const leaves = this.#leaves(height)
    if (leaves === undefined) return undefined
    const proof = encodeTopicRange(buildTopicRange(this.#kernels, leaves, prefix))
    remember(this.#topicProofs, name, proof, TOPIC_PROOFS_MAX)
    return proof
  }

  /** Whether `topicProof` costs no hashing. */
  hasTopicProof(height: bigint, prefix: Prefix): boolean {
    return this.#topicProofs.has(topicName(height, prefix))
  }

  submit(tx: Tx): SubmitResponse {
    return this.#options.submit(tx)
  }

  reportConflict(evidence: ConflictEvidence): EvidenceResponse {
    return this.#options.reportConflict(evidence)
  }

  #leaves(height: bigint): Uint8Array[] | undefined {
    const block = this.#recent.get(height)?.block ?? this.#storedBlock(height)
    return block?.body.transactions.map(({ body }) => txLeaf(body.topic, txidOf(this.#kernels, body)))
  }

  #txNames(block: Block): string[] {
    return block.body.transactions.map((tx) => toHex(txidOf(this.#kernels, tx.body)))
  }

  #storedBlock(height: bigint): Block | undefined {
    const bytes = this.#options.source.block(height)
    if (bytes === undefined) return undefined
    const decoded = decodeBlock(bytes)
    assert(decoded.kind === 'accepted', `the stored block ${height} must decode`)
    return decoded.value
  }

  #storedCert(height: bigint): FinalityCert | undefined {
    const bytes = this.#options.source.cert(height)
    if (bytes === undefined) return undefined
    const decoded = decodeCert(bytes)
    assert(decoded.kind === 'accepted', `the stored certificate ${height} must decode`)
    return decoded.value
  }
}

const topicName = (height: bigint, { bits, bytes }: Prefix): string => `${height}/${bits}/${toHex(bytes)}`

/** Sets an entry, and forgets the oldest one beyond `sizeMax`. */
function remember<Key, Value>(entries: Map<Key, Value>, key: Key, value: Value, sizeMax: number): void {
  if (entries.size >= sizeMax) entries.delete(entries.keys().next().value!)
  entries.set(key, value)
}
