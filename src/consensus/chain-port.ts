/**
 * The chain below the agreement, as the agreement sees it: who sits in the committee, what a next block may be, and where
 * final blocks go. ledger-chain.ts implements it over the ledger; tests may use a toy.
 */
import type { Hash32 } from '../base/brand.ts'
import type { Result } from '../base/verdict.ts'
import type { Block } from '../chain/block.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import type { Header } from '../chain/header.ts'
import type { ChainParams } from '../chain/params.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'

/** What a proposer decides about its block; the rest follows from the ledger and the mempool. */
export interface BlockPlan {
  readonly round: number
  readonly timeMs: bigint
  /** The proposer's BLS signature on the reveal message, 96 bytes. */
  readonly reveal: Uint8Array
  /** Encoded certificate of the parent; empty for height ≤ 1. */
  readonly parentCert: Uint8Array
}

export interface ChainPort {
  readonly chainId: Hash32
  readonly params: ChainParams
  /** The last final block. */
  head(): { readonly header: Header; readonly hash: Hash32 }
  /** The certificate that `head` was committed with; undefined at height 0. */
  headCert(): FinalityCert | undefined
  /** The committee that signs the block of `height`; asked for head.height + 1 only. Undefined for an empty cube. */
  committee(height: bigint): CommitteeKeys | undefined
  /** The block on top of `head` that this node proposes. */
  buildBlock(plan: BlockPlan): Block
  /**
   * Whether `block` is the valid next block: everything that the ledger decides, the parent certificate included
   * ([FIN-2]), the reveal's signature and the clock not. Pure: the same block gives the same answer.
   */
  validateBlock(block: Block): Result<unknown>
  /** Makes a block that `validateBlock` accepted and `cert` finalises the new head. */
  commit(block: Block, cert: FinalityCert): void
}
