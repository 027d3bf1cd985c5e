/**
 * Conflicts of final blocks ([LC-5], [EVI-2]) that clients and nodes report: judged, kept on disk, passed on. A conflict
 * that holds means that this chain has two final histories; nothing is done about it but to keep the proof and to say so.
 *
 * Attacks. A report costs at most two pairing checks, and each certificate that holds is remembered; reports are bounded
 * in count. Keys given up long ago can sign anything: a conflict about a height whose block here is older than the trust
 * period is refused.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { blockHash } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import type { Chain } from '../ledger/ledger.ts'
import { verifyHistoryProof } from '../proofs/history.ts'
import { verifyCert, type CommitteeKeys } from '../verify/certificate.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import { encodeConflict, type ConflictEvidence, type EvidenceResponse } from '../wire/evidence.ts'

const CONFLICTS_MAX = 64

export interface ConflictsWorld {
  readonly engine: Engine
  readonly chain: Chain
  nowMs(): number
  committee(epoch: number): CommitteeKeys | undefined
  /** The block of this node at `height`, while it has one. */
  final(height: bigint): CertifiedHeader | undefined
  /** A conflict that holds and is new. */
  onConflict(evidence: ConflictEvidence, bytes: Uint8Array, name: string): void
}

export class Conflicts {
  readonly #world: ConflictsWorld
  readonly #names = new Set<string>()

  constructor(world: ConflictsWorld) {
    this.#world = world
  }

  get count(): number {
    return this.#names.size
  }

  /** What was kept in an earlier run, by name. */
  restore(names: Iterable<string>): void {
    for (const name of names) this.#names.add(name)
  }

  report(evidence: ConflictEvidence): EvidenceResponse {
    const name = this.#nameOf(evidence)
    if (this.#names.has(name)) return { outcome: 'known', reason: '' }
    if (this.#names.size >= CONFLICTS_MAX) return { outcome: 'rejected', reason: 'too much is kept already' }
    const reason = this.#whyNone(evidence)
    if (reason !== undefined) return { outcome: 'rejected', reason }
    this.#names.add(name)
    this.#world.onConflict(evidence, encodeConflict(evidence), name)
    return { outcome: 'kept', reason: '' }
  }

  /** By the two blocks, in either order: other certificates for the same blocks are the same conflict. */
  #nameOf({ first, second }: ConflictEvidence): string {
    const { kernels } = this.#world.engine
    const hashes = [first, second].map(({ header }) => toHex(blockHash(kernels, header)))
    return hashes.sort().join('-')
  }

  #whyNone(evidence: ConflictEvidence): string | undefined {
    const { first, second } = evidence
    const heights = this.#whyHeights(evidence)
    if (heights !== undefined) return heights
    const { kernels } = this.#world.engine
    const hash = blockHash(kernels, first.header)
    if (evidence.kind === 1 && equalBytes(hash, blockHash(kernels, second.header))) return 'the headers are the same'
    if (evidence.kind === 2) {
      if (equalBytes(hash, evidence.leafHash)) return 'the history holds the block that is said to be missing'
      if (!this.#isInHistory(evidence)) return 'the history path does not lead to the header'
    }
    return this.#whyNotCertified(first) ?? this.#whyNotCertified(second)
  }

  #whyHeights({ kind, first, second }: ConflictEvidence): string | undefined {
    const [a, b] = [first.header.height, second.header.height]
    if (kind === 1 && a !== b) return 'the headers have different heights'
    if (kind === 2 && a >= b) return 'the first header is not below the second'
    const genuine = this.#world.final(a)
    if (genuine === undefined) return 'no block of that height is final here'
    const { trustPeriodMs } = this.#world.chain.params
    const isOld = this.#world.nowMs() - Number(genuine.header.timeMs) > trustPeriodMs
    return isOld ? 'the block of that height is older than the trust period' : undefined
  }

  #isInHistory({ first, second, leafHash, path }: ConflictEvidence & { readonly kind: 2 }): boolean {
    const { height, historyRoot } = second.header
    const { kernels } = this.#world.engine
    const proof = verifyHistoryProof(kernels, historyRoot, height, first.header.height, leafHash, path)
    return proof.kind === 'accepted'
  }

  #whyNotCertified({ header, cert }: CertifiedHeader): string | undefined {
    const { engine, chain } = this.#world
    if (cert === undefined) return header.height === 0n ? this.#whyNotGenesis(header) : 'a header has no certificate'
    const keys = this.#world.committee(epochOf(header.height, chain.params))
    if (keys === undefined) return 'the committee of a header is not at hand'
    const verdict = verifyCert(engine, chain.params, chain.chainId, keys, header, cert)
    return verdict.kind === 'rejected' ? verdict.code : undefined
  }

  /** Genesis needs no certificate: there is one. */
  #whyNotGenesis(header: CertifiedHeader['header']): string | undefined {
    const { kernels } = this.#world.engine
    const own = this.#world.final(0n)
    const isOwn = own !== undefined && equalBytes(blockHash(kernels, own.header), blockHash(kernels, header))
    return isOwn ? undefined : 'a header of height 0 is not the genesis of this chain'
  }
}
