/**
 * Conflicts of final blocks ([LC-5], [EVI-2]) that clients and nodes report: judged, kept on disk, passed on. A conflict
 * that holds means that this chain has two final histories; nothing is done about it but to keep the proof and to say so.
 *
 * Attacks. A report costs at most two pairing checks, and each certificate that holds is remembered; reports are bounded
 * in count. Keys given up long ago can sign anything: a conflict about a height whose block here is older than the trust
 * period is refused.
 */
import { toHex } from '../base/bytes.ts'
import { blockHash } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import type { Chain } from '../ledger/ledger.ts'
import type { CommitteeKeys } from '../verify/certificate.ts'
import { verifyHeightConflict, verifyHistoryConflict, type Certified } from '../verify/conflict.ts'
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
    const age = this.#whyTooOld(evidence)
    if (age !== undefined) return age
    const first = this.#certified(evidence.first)
    const second = this.#certified(evidence.second)
    if (first === undefined || second === undefined)
      return 'a header has no certificate, or its committee is not at hand'
    const { engine, chain } = this.#world
    const verdict =
      evidence.kind === 1
        ? verifyHeightConflict(engine, chain, first, second)
        : verifyHistoryConflict(engine, chain, first, second, evidence.leafHash, evidence.path)
    return verdict.kind === 'rejected' ? verdict.code : undefined
  }

  #whyTooOld({ first }: ConflictEvidence): string | undefined {
    const genuine = this.#world.final(first.header.height)
    if (genuine === undefined) return 'no block of that height is final here'
    const { trustPeriodMs } = this.#world.chain.params
    const isOld = this.#world.nowMs() - Number(genuine.header.timeMs) > trustPeriodMs
    return isOld ? 'the block of that height is older than the trust period' : undefined
  }

  #certified({ header, cert }: CertifiedHeader): Certified | undefined {
    const committee = this.#world.committee(epochOf(header.height, this.#world.chain.params))
    return cert === undefined || committee === undefined ? undefined : { header, cert, committee }
  }
}
