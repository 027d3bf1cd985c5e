/**
 * What a server answers the §9 protocols from. The full node implements it over its database, a light client over what it
 * holds, the simulator over memory. Reads are synchronous and answer undefined for what is not here (any more).
 */
import type { Hash32 } from '../base/brand.ts'
import type { Committee } from '../chain/committee.ts'
import type { ChainParams } from '../chain/params.ts'
import type { Tx } from '../chain/transaction.ts'
import type { CompactCommittee } from '../verify/compact.ts'
import type { CertifiedHeader } from './certified-header.ts'
import type { ConflictEvidence, EvidenceResponse } from './evidence.ts'
import type { Prefix } from './proof.ts'
import type { SubmitResponse } from './submit.ts'

export interface ChainView {
  readonly chainId: Hash32
  readonly params: ChainParams
  /** A light client: it proves headers and knows nothing of transactions and state. */
  readonly isLight?: boolean
  /** Where not every height can be reached: the farthest one up to `most` that one step leads to from `from`. */
  reach?(from: bigint, most: bigint): bigint | undefined
  /** The newest final header with its certificate (genesis without one). */
  head(): CertifiedHeader
  /** The lowest height that hops and headers are served from. */
  oldestHeight(): bigint
  /** The final header at `height` with a certificate (any valid one). */
  final(height: bigint): CertifiedHeader | undefined
  committee(epoch: number): Committee | undefined
  /** The compact form of it for a certificate with this bitmap ([LC-4c]). A view without it serves full ones only. */
  compactCommittee?(epoch: number, bitmap: Uint8Array): CompactCommittee | undefined
  /** RFC 9162 inclusion path of header `index` in the tree over the hashes of headers 0 … size−1. index < size. */
  historyPath(index: bigint, size: bigint): Uint8Array | undefined
  /** Where `txid` is final, with the encoded PROOF-2 of it under that block's txRoot. */
  transaction(txid: Hash32): { readonly height: bigint; readonly proof: Uint8Array } | undefined
  /** The encoded [STATE-1] proof of a key prefix under the stateRoot of `height`; `too-large` if a longer prefix would do. */
  stateProof(height: bigint, prefix: Prefix): Uint8Array | 'too-large' | undefined
  /** The encoded PROOF-4 of one block's transactions under a topic prefix. */
  topicProof(height: bigint, prefix: Prefix): Uint8Array | undefined
  submit(tx: Tx): SubmitResponse
  reportConflict(evidence: ConflictEvidence): EvidenceResponse
}
