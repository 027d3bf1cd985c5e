/** The chain as one node has it, for the servers to answer from: the newest ledgers in memory, all that is final in the store. */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { decodeBlock, type Block } from '../chain/block.ts'
import { decodeCert, type FinalityCert } from '../chain/certificate.ts'
import { committeeSeatCount, decodeCommittee, type Committee } from '../chain/committee.ts'
import type { Engine } from '../crypto/engine.ts'
import type { Kernels } from '../kernels/contract.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import { txid as txidOf, type Tx } from '../chain/transaction.ts'
import { committeeOf, type Chain, type Ledger } from '../ledger/ledger.ts'
import { buildStateProof, encodeStateProof } from '../proofs/state-proof.ts'
import { buildTopicRange, encodeTopicRange, txLeaf } from '../proofs/topics.ts'
import { buildTransactionProof, encodeTransactionProof } from '../proofs/transaction.ts'
import { verifyCert } from '../verify/certificate.ts'
import { buildCompact, type CompactCommittee } from '../verify/compact.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import type { ChainView } from '../wire/chain-view.ts'
import type { ConflictEvidence, EvidenceResponse } from '../wire/evidence.ts'
import type { Prefix } from '../wire/proof.ts'
import type { SubmitResponse } from '../wire/submit.ts'

/** Ledgers and blocks that stay in memory; state proofs are served for these heights. */
const RECENT_COUNT = 128n
const CONFLICTS_MAX = 64

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
  /** Two final blocks conflict: the chain is broken. */
  onConflict(evidence: ConflictEvidence): void
}

export class NodeView implements ChainView {
  readonly #options: NodeViewOptions
  readonly #kernels: Kernels
  readonly #recent = new Map<bigint, Recent>()
  readonly #recentTxs = new Map<string, bigint>()
  readonly #conflicts = new Map<string, ConflictEvidence>()
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
    const committee = this.committee(epoch)
    return committee && buildCompact(this.#kernels, { committee, head: committee.head }, bitmap)
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

  topicProof(height: bigint, prefix: Prefix): Uint8Array | undefined {
    const leaves = this.#leaves(height)
    if (leaves === undefined) return undefined
    return encodeTopicRange(buildTopicRange(this.#kernels, leaves, prefix))
  }

  submit(tx: Tx): SubmitResponse {
    return this.#options.submit(tx)
  }

  /** Keeps two certified headers of one height that differ ([EVI-2]); anything else that a client may think it saw is not kept. */
  reportConflict(evidence: ConflictEvidence): EvidenceResponse {
    const { first, second } = evidence
    if (evidence.kind !== 1) return { outcome: 'rejected', reason: 'this node keeps conflicts of one height only' }
    const name = [first, second].map(({ header }) => toHex(header.stateRoot) + toHex(header.parent)).join()
    if (this.#conflicts.has(name)) return { outcome: 'known', reason: '' }
    if (this.#conflicts.size >= CONFLICTS_MAX) return { outcome: 'rejected', reason: 'too much is kept already' }
    const reason = this.#whyNoConflict(first, second)
    if (reason !== undefined) return { outcome: 'rejected', reason }
    this.#conflicts.set(name, evidence)
    this.#options.onConflict(evidence)
    return { outcome: 'kept', reason: '' }
  }

  #whyNoConflict(first: CertifiedHeader, second: CertifiedHeader): string | undefined {
    if (first.header.height !== second.header.height) return 'the headers have different heights'
    const keys = committeeOf(this.#head.ledger, epochOf(first.header.height, this.params))
    if (keys === undefined) return 'the committee of that height is not at hand'
    const { engine, chain } = this.#options
    for (const { header, cert } of [first, second]) {
      if (cert === undefined) return 'genesis has no certificate'
      const verdict = verifyCert(engine, chain.params, chain.chainId, keys, header, cert)
      if (verdict.kind === 'rejected') return verdict.code
    }
    return equalBytes(first.cert!.blockHash, second.cert!.blockHash) ? 'the headers are the same' : undefined
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
