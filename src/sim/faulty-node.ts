/**
 * Byzantine validators. Each runs the honest machine and lies about what comes out of it: it has real keys, so what it
 * sends is signed where it likes. Its strategy may be taken away (`reform`), which makes it honest from then on.
 */
import { assert } from '../base/assert.ts'
import { equalBytes, isZero } from '../base/bytes.ts'
import type { Prng } from '../base/prng.ts'
import { decodeBlock, encodeBlock, type Block } from '../chain/block.ts'
import { NIL_HASH, voteMessage } from '../chain/certificate.ts'
import { HEADER_LENGTH, blockHash } from '../chain/header.ts'
import type { AgreementEffect } from '../consensus/events.ts'
import {
  decodeMessage,
  encodeMessage,
  proposalMessage,
  type AggregateMessage,
  type Message,
  type ProposalMessage,
  type VotesMessage,
} from '../consensus/messages.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import type { Engine } from '../crypto/engine.ts'
import { FRAME, SimNode, frameOf, type NodeSetup } from './sim-node.ts'

export const STRATEGIES = [
  'silent',
  'equivocating',
  'garbage',
  'withholding',
  'invalid-proposals',
  'lying-aggregates',
  'replaying',
  'hasty',
  'mixed',
] as const
export type Strategy = (typeof STRATEGIES)[number]

export interface FaultySetup<Snapshot> extends NodeSetup<Snapshot> {
  readonly engine: Engine
  readonly signer: BlsSigner
  readonly secretKeys: readonly Uint8Array[]
  readonly prng: Prng
  readonly strategy: Strategy
  readonly nodeCount: number
}

const MIXED: readonly Strategy[] = STRATEGIES.filter((name) => name !== 'mixed' && name !== 'silent')

export class FaultyNode<Snapshot> extends SimNode<Snapshot> {
  readonly #faulty: FaultySetup<Snapshot>
  #strategy: Strategy | undefined
  readonly #heard: Uint8Array[] = []
  /** Hashes that others proposed or voted for, to vote for as well. */
  #otherHash = NIL_HASH

  constructor(setup: FaultySetup<Snapshot>) {
    super(setup)
    this.#faulty = setup
    this.#strategy = setup.strategy
  }

  get strategy(): Strategy | undefined {
    return this.#strategy
  }

  reform(): void {
    this.#strategy = undefined
  }

  override receive(from: number, frame: Uint8Array): void {
    if (frame[0] === FRAME.agreement && this.#heard.length < 200) this.#heard.push(frame.slice(1))
    super.receive(from, frame)
  }

  protected override handle(effect: AgreementEffect): void {
    const isMessage = effect.type === 'broadcast' || effect.type === 'send-to-key' || effect.type === 'send-to-peer'
    if (this.#strategy === undefined || !isMessage) return super.handle(effect)
    const strategy = this.#strategy === 'mixed' ? this.#faulty.prng.pick(MIXED) : this.#strategy
    const message = decodeMessage(effect.bytes, this.setupParams)
    assert(message.kind === 'accepted', 'our own message decodes')
    // A proposal that is handed on to one peer is somebody else's: there is nothing of ours to sign anew.
    if (message.value.kind === 'proposal' && effect.type !== 'broadcast' && strategy !== 'silent')
      return super.handle(effect)
    this.#lie(strategy, message.value, effect)
  }

  #lie(strategy: Strategy, message: Message, effect: AgreementEffect): void {
    switch (strategy) {
      case 'silent':
        return
      case 'garbage':
        return this.#sendGarbage(message)
      case 'equivocating':
        if (message.kind === 'votes') return this.#voteTwice(message)
        if (message.kind === 'proposal') return this.#proposeTwice(message)
        return super.handle(effect)
      case 'withholding':
        return message.kind === 'proposal' || message.kind === 'block' ? undefined : super.handle(effect)
      case 'invalid-proposals':
        return message.kind === 'proposal' ? this.#proposeWrong(message) : super.handle(effect)
      case 'lying-aggregates':
        return message.kind === 'aggregate' ? this.#aggregateWrong(message) : super.handle(effect)
      case 'replaying':
        return this.#replay(message)
      case 'hasty':
        return message.kind === 'proposal' ? this.#proposeHasty(message) : super.handle(effect)
      case 'mixed':
        return
    }
  }

  protected get setupParams() {
    assert(this.chain !== undefined, 'a node that speaks is up')
    return this.chain.params
  }

  #sendTo(to: number, message: Message): void {
    if (to !== this.index) this.send(to, frameOf(FRAME.agreement, encodeMessage(message)))
  }

  #toAll(message: Message): void {
    for (let to = 0; to < this.#faulty.nodeCount; to++) this.#sendTo(to, message)
  }

  /** Half of the nodes hear one thing, half the other; which half changes from time to time. */
  #toHalves(one: Message, other: Message): void {
    const turn = this.#faulty.prng.below(2)
    for (let to = 0; to < this.#faulty.nodeCount; to++) this.#sendTo(to, (to + turn) % 2 === 0 ? one : other)
  }

  // ── Garbage and replays ──────────────────────────────────────────────────────────────────────────────────────────

  #sendGarbage(message: Message): void {
    const { prng, nodeCount } = this.#faulty
    for (let to = 0; to < nodeCount; to++) {
      if (to === this.index) continue
      const bytes = prng.chance(0.5) ? encodeMessage(message) : prng.bytes(1 + prng.below(300))
      const flips = 1 + prng.below(8)
      for (let flip = 0; flip < flips; flip++) bytes[prng.below(bytes.length)]! ^= 1 << prng.below(8)
      const cut = prng.chance(0.3) ? bytes.subarray(0, prng.below(bytes.length) + 1) : bytes
      this.send(to, frameOf(FRAME.agreement, cut))
    }
  }

  /** What it says comes late and out of order, and with it things that others said some time ago. */
  #replay(message: Message): void {
    const { prng, queue, nodeCount } = this.#faulty
    queue.after(prng.below(4000), () => this.isUp && this.#toAll(message))
    if (this.#heard.length === 0) return
    for (let count = 0; count < 3; count++)
      this.send(prng.below(nodeCount), frameOf(FRAME.agreement, prng.pick(this.#heard)))
  }

  // ── Votes ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #voteTwice(votes: VotesMessage): void {
    const { prng } = this.#faulty
    if (!isZero(votes.hash)) this.#otherHash = votes.hash
    const other =
      !isZero(votes.hash) && prng.chance(0.7) ? NIL_HASH : prng.chance(0.5) ? this.#otherHash : prng.bytes(32)
    if (equalBytes(other, votes.hash)) return this.#toAll(votes)
    this.#toHalves(votes, this.#resigned(votes, other))
  }

  #resigned(votes: VotesMessage, hash: Uint8Array): VotesMessage {
    const { engine, signer } = this.#faulty
    const chainId = this.chain!.chainId
    const message = voteMessage(engine.kernels, chainId, votes.type, votes.height, votes.round, hash)
    const entries = votes.entries.map(({ seat, signature }) => {
      const secret = this.#secretBehind(votes, signature)
      return { seat, signature: secret === undefined ? signature : signer.sign(secret, message) }
    })
    return { ...votes, hash, entries }
  }

  /** Which of our keys made this signature. */
  #secretBehind(votes: VotesMessage, signature: Uint8Array): Uint8Array | undefined {
    const { engine, signer, secretKeys } = this.#faulty
    const { type, height, round, hash } = votes
    const message = voteMessage(engine.kernels, this.chain!.chainId, type, height, round, hash)
    return secretKeys.find((secret) => equalBytes(signer.sign(secret, message), signature))
  }

  /** Claims bits that nobody signed, sums that cancel in pairs, signatures of something else. */
  #aggregateWrong({ aggregate }: AggregateMessage): void {
    const { prng, engine, signer, secretKeys } = this.#faulty
    const bitmap = aggregate.bitmap.slice()
    const kind = prng.below(4)
    if (kind === 0) for (let count = 0; count < 4; count++) bitmap[prng.below(bitmap.length)]! |= 1 << prng.below(8)
    if (kind === 1) bitmap.fill(0xff)
    const other = signer.sign(secretKeys[0]!, prng.bytes(32))
    const shifted = engine.bls.sumSignatures([
      { signature: aggregate.signature, times: 1 },
      { signature: other, times: 1 },
    ])
    const signature = kind === 2 ? (shifted ?? other) : kind === 3 ? other : aggregate.signature
    this.#toAll({ kind: 'aggregate', aggregate: { ...aggregate, bitmap, signature } })
  }

  // ── Proposals ────────────────────────────────────────────────────────────────────────────────────────────────────

  #blockOf({ block }: ProposalMessage): Block {
    const decoded = decodeBlock(block)
    assert(decoded.kind === 'accepted', 'our own block decodes')
    return decoded.value
  }

  /** Signed with whichever of our keys the round's proposer has: the one that signed the original. */
  #signedProposal(original: ProposalMessage, block: Block): ProposalMessage {
    const { engine, signer, secretKeys } = this.#faulty
    const { chainId } = this.chain!
    const digestOf = (bytes: Uint8Array, header: Block['header']) =>
      proposalMessage(
        engine.kernels,
        chainId,
        original.height,
        original.round,
        blockHash(engine.kernels, header),
        engine.kernels.sha256(bytes.subarray(HEADER_LENGTH)),
      )
    const before = digestOf(original.block, this.#blockOf(original).header)
    const secret = secretKeys.find((key) => equalBytes(signer.sign(key, before), original.signature)) ?? secretKeys[0]!
    const bytes = encodeBlock(block)
    return { ...original, block: bytes, signature: signer.sign(secret, digestOf(bytes, block.header)) }
  }

  /** Two valid blocks for one round. */
  #proposeTwice(proposal: ProposalMessage): void {
    const { header, body } = this.#blockOf(proposal)
    const second = this.chain!.buildBlock({
      round: header.round,
      timeMs: header.timeMs + 1n,
      reveal: body.reveal,
      parentCert: body.parentCert,
    })
    if (proposal.quorum !== undefined) return this.#toAll(proposal)
    this.#toHalves(proposal, this.#signedProposal(proposal, second))
  }

  /** Well signed and wrong: each in another rule. */
  #proposeWrong(proposal: ProposalMessage): void {
    const { prng, signer, secretKeys } = this.#faulty
    const block = this.#blockOf(proposal)
    const { header, body } = block
    const forged = body.transactions.map((tx) => ({
      ...tx,
      witnesses: tx.witnesses.map((witness) => ({ ...witness, signature: prng.bytes(64) })),
    }))
    const wrong: Block[] = [
      { header: { ...header, stateRoot: prng.bytes(32) }, body },
      { header: { ...header, timeMs: header.timeMs - 1_000_000n }, body },
      { header: { ...header, round: header.round + 1 }, body },
      { header: { ...header, parent: prng.bytes(32) }, body },
      { header: { ...header, nextCommitteeRoot: prng.bytes(32) }, body },
      { header, body: { ...body, transactions: forged } },
      { header, body: { ...body, transactions: [...body.transactions, ...body.transactions] } },
      { header, body: { ...body, reveal: signer.sign(secretKeys[0]!, prng.bytes(32)) } },
      { header, body: { ...body, parentCert: prng.bytes(body.parentCert.length) } },
      this.#withOtherReveal(block, signer.sign(secretKeys[0]!, prng.bytes(32))),
    ]
    this.#toAll(this.#signedProposal(proposal, prng.pick(wrong)))
  }

  /** A block that is consistent in itself and has a reveal that is not the proposer's: a seed of its choice. */
  #withOtherReveal({ header, body }: Block, reveal: Uint8Array): Block {
    const { round, timeMs } = header
    return this.chain!.buildBlock({ round, timeMs, reveal, parentCert: body.parentCert })
  }

  /** From a little to far ahead of everybody's clock ([HDR-1]). */
  #proposeHasty(proposal: ProposalMessage): void {
    const { header, body } = this.#blockOf(proposal)
    const { params } = this.chain!
    const ahead = BigInt(this.#faulty.prng.below(3 * params.clockDriftMsMax))
    if (proposal.quorum !== undefined) return this.#toAll(proposal)
    const { round, timeMs } = header
    const block = this.chain!.buildBlock({
      round,
      timeMs: timeMs + ahead,
      reveal: body.reveal,
      parentCert: body.parentCert,
    })
    this.#toAll(this.#signedProposal(proposal, block))
  }
}
