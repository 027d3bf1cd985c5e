/**
 * Everything that signs, and the memory of it ([BFT-1]): what is signed goes into the safety record first, the record to
 * disk, and only after the driver's report does what depends on it happen. Nothing is signed twice, or below the record.
 */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { toHex } from '../base/bytes.ts'
import { encodeBlock, type Block } from '../chain/block.ts'
import { VOTE, voteMessage, type VoteType } from '../chain/certificate.ts'
import { HEADER_LENGTH, blockHash } from '../chain/header.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { Kernels } from '../kernels/contract.ts'
import { revealMessage } from '../crypto/keys.ts'
import type { AgreementEffect, SavedState } from './events.ts'
import type { HeightState } from './height-state.ts'
import { encodeAggregate, proposalMessage, type ProposalMessage, type VotesMessage } from './messages.ts'
import { decodeSafetyRecord, encodeSafetyRecord, type SafetyRecord } from './safety-record.ts'
import type { Seats, Voter } from './seats.ts'

export interface SignatoryWorld {
  readonly kernels: Kernels
  readonly chainId: Hash32
  readonly signer: BlsSigner
  readonly secretKeys: readonly Uint8Array[]
  emit(effect: AgreementEffect): void
}

/** What one signature adds to the record of its round. */
type Signed = Pick<SafetyRecord, 'prevote'> | Pick<SafetyRecord, 'precommit'> | Pick<SafetyRecord, 'hasProposed'>

export class Signatory {
  readonly #world: SignatoryWorld
  /** By public key in hex. */
  readonly #secrets: ReadonlyMap<string, Uint8Array>
  readonly #waiting: { readonly id: number; readonly run: () => void }[] = []
  #record: SafetyRecord | undefined
  #savedBlock: Uint8Array | undefined
  #lastId = 0

  constructor(world: SignatoryWorld) {
    this.#world = world
    const { signer, secretKeys } = world
    this.#secrets = new Map(secretKeys.map((secret) => [toHex(signer.publicKey(secret)), secret]))
  }

  /** Takes over what the disk still knows. */
  restore(saved: SavedState | undefined): void {
    if (saved === undefined) return
    const record = decodeSafetyRecord(saved.record)
    assert(record.kind === 'accepted', 'the driver checks what its store gives back')
    this.#record = record.value
    this.#savedBlock = saved.validBlock
  }

  /** What was signed at `height` before the start, and the bytes of its valid block; undefined for nothing. */
  recordAt(height: bigint): { readonly record: SafetyRecord; readonly validBlock: Uint8Array | undefined } | undefined {
    return this.#record?.height === height ? { record: this.#record, validBlock: this.#savedBlock } : undefined
  }

  ownVoters(seats: Seats): readonly Voter[] {
    return seats.voters.filter(({ name }) => this.#secrets.has(name))
  }

  /** Nothing is signed at a height below the one that the record speaks of: what was signed there is forgotten. */
  maySign({ own, height }: HeightState): boolean {
    return own.length > 0 && (this.#record === undefined || this.#record.height <= height)
  }

  hasProposed({ height, round }: HeightState): boolean {
    return this.#record?.height === height && this.#record.round === round && this.#record.hasProposed
  }

  // ── Signing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One entry for each of our keys. The same vote again has the same bytes. */
  votes({ own, height, round }: HeightState, type: VoteType, hash: Hash32): VotesMessage {
    const { kernels, chainId, signer } = this.#world
    const message = voteMessage(kernels, chainId, type, height, round, hash)
    const entries = own.map((voter) => ({
      seat: voter.seats[0]!,
      signature: signer.sign(this.#secretOf(voter), message),
    }))
    return { kind: 'votes', type, height, round, hash, entries }
  }

  reveal({ height }: HeightState, proposer: Voter): Uint8Array {
    const { kernels, chainId, signer } = this.#world
    return signer.sign(this.#secretOf(proposer), revealMessage(kernels, chainId, height))
  }

  /** [HDR-3] */
  proposal({ height, round, valid }: HeightState, proposer: Voter, block: Block): ProposalMessage {
    const { kernels, chainId, signer } = this.#world
    const bytes = encodeBlock(block)
    const bodyHash = kernels.sha256(bytes.subarray(HEADER_LENGTH))
    const signed = proposalMessage(kernels, chainId, height, round, blockHash(kernels, block.header), bodyHash)
    const signature = signer.sign(this.#secretOf(proposer), signed)
    const quorum = valid === undefined ? {} : { quorum: valid.quorum }
    return { kind: 'proposal', height, round, signature, ...quorum, block: bytes }
  }

  #secretOf({ name }: Voter): Uint8Array {
    const secret = this.#secrets.get(name)
    assert(secret !== undefined, 'the key is ours')
    return secret
  }

  // ── Recording ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Records a vote, and runs `run` once it is durable. */
  recordVote(state: HeightState, type: VoteType, hash: Hash32, run: () => void): void {
    this.#persist(state, type === VOTE.prevote ? { prevote: hash } : { precommit: hash }, run)
  }

  recordProposal(state: HeightState, run: () => void): void {
    this.#persist(state, { hasProposed: true }, run)
  }

  /** The `persist` effect `id`, and all before it, is durable. */
  persisted(id: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.id <= id) this.#waiting.shift()!.run()
  }

  #persist(state: HeightState, signed: Signed, run: () => void): void {
    const { valid } = state
    const isNewQuorum =
      valid !== undefined && (this.#record?.height !== state.height || this.#record.valid?.round !== valid.quorum.round)
    this.#record = { ...this.#roundSoFar(state), ...signed, ...standingOf(state) }
    const id = ++this.#lastId
    this.#waiting.push({ id, run })
    this.#world.emit({
      type: 'persist',
      id,
      record: encodeSafetyRecord(this.#record),
      ...(isNewQuorum ? { validBlock: valid.candidate.bytes, quorum: encodeAggregate(valid.quorum) } : {}),
    })
  }

  /** What was signed in this round already. */
  #roundSoFar({ height, round }: HeightState): Pick<SafetyRecord, 'prevote' | 'precommit' | 'hasProposed'> {
    const last = this.#record
    if (last === undefined || last.height !== height || last.round !== round) return { hasProposed: false }
    const { prevote, precommit, hasProposed } = last
    return {
      hasProposed,
      ...(prevote === undefined ? {} : { prevote }),
      ...(precommit === undefined ? {} : { precommit }),
    }
  }
}

/** Where we stand, with the lock and the quorum. */
const standingOf = ({ height, round, lock, valid }: HeightState) => ({
  height,
  round,
  ...(lock === undefined ? {} : { lock }),
  ...(valid === undefined ? {} : { valid: valid.quorum }),
})
