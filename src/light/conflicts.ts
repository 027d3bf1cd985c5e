/**
 * What is done when two blocks may both be final ([LC-5]): claims at or below the trusted head, history paths that do not
 * lead to it, and a checkpoint against a stored chain. Two certified blocks where there can be one halt the client.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { blockHash } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import { verifyHistoryProof } from '../proofs/history.ts'
import { verifyCert } from '../verify/certificate.ts'
import { verifyUpdate, type Trusted, type Update } from '../verify/light.ts'
import { isStale } from '../verify/trust.ts'
import { verifyHeightConflict, verifyHistoryConflict, type Certified } from '../verify/conflict.ts'
import type { ConflictEvidence } from '../wire/evidence.ts'
import type { CertifiedHeader } from '../wire/certified-header.ts'
import { decodeProofResponse, encodeProofRequest, type LinkedHeader } from '../wire/proof.ts'
import type { Checkpoint } from './contract.ts'
import { certified, type LightCore, type Pending } from './core.ts'
import { judge } from './judgement.ts'
import type { Peer } from './peers.ts'

const LOOKED_UP_COUNT_MAX = 64

export class Conflicts {
  readonly #core: LightCore
  /** A checkpoint that the stored chain has still to be compared with. */
  #unchecked: Checkpoint | undefined
  /** The store says that it was compared with this one before: it is again, since stores can be written by others. */
  #isConfirmed = false
  #isDoubtTold = false
  /** Claimed blocks that were found in our history, so that the same claim is looked up once. Newest last. */
  readonly #lookedUp = new Set<string>()

  constructor(core: LightCore) {
    this.#core = core
  }

  /** Against the chain of the store, or genesis. Unless `isConfirmed`, nothing is told from its height on before that. */
  compareLater(checkpoint: Checkpoint, isConfirmed: boolean): void {
    this.#unchecked = checkpoint
    this.#isConfirmed = isConfirmed
    if (!isConfirmed) this.#core.doubt(checkpoint)
  }

  /** What a peer says about a height at or below our head: the same block, or another one that may be certified too. */
  compareClaim(peer: Peer, second: CertifiedHeader): void {
    const core = this.#core
    const { header, cert } = second
    const ours = core.recent(header.height)
    if (ours === undefined) return this.#lookUp(peer, second)
    if (equalBytes(ours.hash, blockHash(core.engine.kernels, header))) return core.agree(peer, header.height)
    const keys = core.keysAt(header.height)
    if (cert === undefined || keys === undefined || isStale(core.params, ours.header, core.nowMs)) return
    const verdict = verifyCert(core.engine, core.params, core.chainId, keys, header, cert)
    if (verdict.kind === 'rejected') return this.#core.accuse(peer, verdict.code, verdict.operands)
    core.halt({ kind: 1, first: certified(ours), second })
  }

  /**
   * A certified header below our head, of a height that was hopped over: look it up in our head's history, with the help
   * of a peer that has our head.
   */
  #lookUp(peer: Peer, claim: CertifiedHeader): void {
    const core = this.#core
    const { trusted } = core
    const { header, cert } = claim
    const keys = core.keysAt(header.height)
    if (trusted === undefined || cert === undefined) return
    if (keys === undefined) return this.#wantPrevious(header.height, trusted)
    if (header.height >= trusted.header.height || core.countPending('lookup') > 0) return
    const hash = toHex(blockHash(core.engine.kernels, header))
    if (this.#lookedUp.has(hash)) return core.agree(peer, header.height)
    const isAgreed = ({ agreedHeight }: Peer) => agreedHeight !== undefined && agreedHeight >= trusted.header.height
    const [helper] = core.peers.ranked(core.nowMs, isAgreed)
    if (helper === undefined) return
    const verdict = verifyCert(core.engine, core.params, core.chainId, keys, header, cert)
    if (verdict.kind === 'rejected') return this.#core.accuse(peer, verdict.code, verdict.operands)
    const request = encodeProofRequest({ kind: 1, at: trusted.header.height, height: header.height })
    core.send(helper, 'proof', request, { purpose: 'lookup', claim, claimant: peer.name, trusted })
  }

  /** After a compact hop the committee of the epoch before is not known: Sync asks for it, and the claim comes again. */
  #wantPrevious(height: bigint, { header }: Trusted): void {
    const { params } = this.#core
    if (epochOf(height, params) === epochOf(header.height, params) - 1) this.#core.isPreviousWanted = true
  }

  #remember(hash: string): void {
    this.#lookedUp.add(hash)
    const [oldest] = this.#lookedUp
    if (this.#lookedUp.size > LOOKED_UP_COUNT_MAX) this.#lookedUp.delete(oldest!)
  }

  onLookup(peer: Peer, { claim, claimant, trusted }: Pending & { purpose: 'lookup' }, bytes: Uint8Array): void {
    const core = this.#core
    const linked = this.#linkedHeader(peer, bytes)
    if (linked === undefined) return
    const { height } = claim.header
    const hash = blockHash(core.engine.kernels, linked.header)
    if (linked.header.height !== height || !this.#isInHistory(linked, hash, trusted.header))
      return this.#core.accuse(peer, 'history-proof', { height })
    const claimer = core.peers.get(claimant)
    if (equalBytes(hash, blockHash(core.engine.kernels, claim.header))) {
      this.#remember(toHex(hash))
      return claimer && core.agree(claimer, height)
    }
    if (isStale(core.params, linked.header, core.nowMs)) return
    core.halt({ kind: 2, first: claim, second: certified(trusted), leafHash: hash, path: linked.path })
  }

  /**
   * The history path of an update does not lead to our head: forged, or of a chain that has another block there. Ask the
   * peer what its history has at our height; a valid proof of another hash under a certified header is a conflict.
   */
  suspect(peer: Peer, update: Update, trusted: Trusted): void {
    const request = encodeProofRequest({ kind: 1, at: update.header.height, height: trusted.header.height })
    this.#core.send(peer, 'proof', request, { purpose: 'conflict', update, trusted })
  }

  onConflictProof(peer: Peer, { update, trusted }: Pending & { purpose: 'conflict' }, bytes: Uint8Array): void {
    const core = this.#core
    const linked = this.#linkedHeader(peer, bytes)
    // Whoever has nothing to show for its path, or now shows that it leads to our head after all, has sent a wrong one.
    const isForged = { trusted: toHex(trusted.hash), height: update.header.height }
    if (linked === undefined) return core.peers.get(peer.name) && core.accuse(peer, 'history-path', isForged)
    const historyLeaf = blockHash(core.engine.kernels, linked.header)
    const claimed: Update = { ...update, historyLeaf, historyPath: linked.path }
    const verdict = verifyUpdate(core.engine, core, trusted, claimed, core.nowMs)
    if (verdict.kind === 'accepted') return core.accuse(peer, 'history-path', isForged)
    if (verdict.kind === 'undecided') return
    if (judge(verdict.code) !== 'conflict') return this.#core.accuse(peer, verdict.code, verdict.operands)
    const second = { header: update.header, cert: update.cert }
    core.halt({ kind: 2, first: certified(trusted), second, leafHash: historyLeaf, path: linked.path })
  }

  #isInHistory({ header, path }: LinkedHeader, hash: Uint8Array, at: Trusted['header']): boolean {
    const { kernels } = this.#core.engine
    return verifyHistoryProof(kernels, at.historyRoot, at.height, header.height, hash, path).kind === 'accepted'
  }

  #linkedHeader(peer: Peer, bytes: Uint8Array): LinkedHeader | undefined {
    const body = this.#core.opened(peer, 'proof', decodeProofResponse(bytes))
    if (body === undefined || body.kind === 1) return body
    this.#core.accuse(peer, 'malformed', { protocol: 'proof', reason: `kind ${body.kind} where 1 was asked for` })
    return undefined
  }

  /**
   * Evidence from another client ([LC-5]): it counts where both certificates verify under committees that this client
   * knows by itself, and its own head is fresh; then it halts as if it had seen the two blocks.
   */
  onReport(evidence: ConflictEvidence): void {
    const core = this.#core
    if (core.isStopped || whyVoid(core, evidence) !== undefined) return
    core.halt(evidence)
  }

  // ── A checkpoint against the stored chain ────────────────────────────────────────────────────────────────────────

  compareCheckpoint(trusted: Trusted): void {
    const core = this.#core
    const checkpoint = this.#unchecked
    if (checkpoint === undefined || checkpoint.height > trusted.header.height) return
    const known = core.recent(checkpoint.height)
    if (known !== undefined) return this.#checkpointIs(checkpoint, known.hash)
    if (core.countPending('checkpoint') > 0) return
    const [peer] = core.peers.ranked(
      core.nowMs,
      ({ claim }) => (claim?.head.header.height ?? 0n) >= trusted.header.height,
    )
    if (peer === undefined) return
    const request = encodeProofRequest({ kind: 1, at: trusted.header.height, height: checkpoint.height })
    core.send(peer, 'proof', request, { purpose: 'checkpoint', checkpoint, at: trusted })
  }

  onCheckpointProof(peer: Peer, { checkpoint, at }: Pending & { purpose: 'checkpoint' }, bytes: Uint8Array): void {
    const linked = this.#linkedHeader(peer, bytes)
    if (this.#unchecked === undefined) return
    if (linked === undefined) return this.#unconfirmed(peer, checkpoint)
    const hash = blockHash(this.#core.engine.kernels, linked.header)
    if (linked.header.height !== checkpoint.height || !this.#isInHistory(linked, hash, at.header))
      return this.#core.accuse(peer, 'history-proof', { height: linked.header.height })
    this.#checkpointIs(checkpoint, hash)
  }

  /** Peers of little memory cannot show it. While nothing may be told for want of it, that is said, once. */
  #unconfirmed(peer: Peer, { height }: Checkpoint): void {
    const core = this.#core
    if (core.usable !== undefined || this.#isDoubtTold) return
    this.#isDoubtTold = true
    core.warn('checkpoint-unconfirmed', { peer: peer.name, height, head: core.trusted!.header.height })
  }

  #checkpointIs(checkpoint: Checkpoint, got: Uint8Array): void {
    const { height, hash } = checkpoint
    this.#unchecked = undefined
    if (equalBytes(hash, got)) return this.#isConfirmed ? undefined : this.#core.confirm(checkpoint)
    this.#core.fail('checkpoint-conflict', { height, got: toHex(got), expected: toHex(hash) })
  }
}

/** Why evidence shows nothing to this client now; undefined if it shows that two final blocks conflict. */
export function whyVoid(core: LightCore, evidence: ConflictEvidence): string | undefined {
  const { trusted } = core
  if (trusted === undefined || isStale(core.params, trusted.header, core.nowMs)) return 'no fresh head to judge it by'
  const [first, second] = [evidence.first, evidence.second].map((part) => withKeys(core, part))
  if (first === undefined || second === undefined) return 'the committee of that height is not at hand'
  if (isStale(core.params, first.header, core.nowMs)) return 'its blocks are older than the trust period'
  const verdict =
    evidence.kind === 1
      ? verifyHeightConflict(core.engine, core, first, second)
      : verifyHistoryConflict(core.engine, core, first, second, evidence.leafHash, evidence.path)
  return verdict.kind === 'rejected' ? verdict.code : undefined
}

function withKeys(core: LightCore, { header, cert }: CertifiedHeader): Certified | undefined {
  const committee = core.keysAt(header.height)
  return committee === undefined || cert === undefined ? undefined : { header, cert, committee }
}
