/**
 * What must hold in every run. Each checker is proven able to fail by a planted bug (planted-bugs.ts).
 *
 *   one-final-block    no two final blocks at one height, and every certificate verifies by itself
 *   valid-chain        the final chain, executed anew from genesis without caches, gives its own roots
 *   money-conserved    outputs, waiting fees and burnt money add up to genesis and rewards, recomputed by height
 *   no-double-sign     no honest node signs two votes for one (type, height, round), or two proposals for one (height, round),
 *                      crashes included
 *   no-honest-blamed   no honest node calls another honest node faulty
 *   progress           after the network heals every honest node finalises more blocks
 */
import { assert } from '../base/assert.ts'
import { toHex } from '../base/bytes.ts'
import type { Block } from '../chain/block.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import type { CommitteeHead, Member } from '../chain/committee.ts'
import { KIND, encodeOutpoint, type Outpoint } from '../chain/output.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import type { ChainSpec } from '../chain/spec.ts'
import { decodeMessage, type ProposalMessage } from '../consensus/messages.ts'
import type { Engine } from '../crypto/engine.ts'
import { credentialOf } from '../crypto/keys.ts'
import { committeeOf, executeBlock, genesisLedger, totalAmount, unaccounted, type Ledger } from '../ledger/ledger.ts'
import { verifyCert } from '../verify/certificate.ts'
import { FRAME } from './sim-node.ts'

export const CHECKERS = [
  'one-final-block',
  'valid-chain',
  'money-conserved',
  'no-double-sign',
  'no-honest-blamed',
  'progress',
] as const
export type CheckerName = (typeof CHECKERS)[number]

/** First bytes of the messages that bind their signer. */
const PROPOSAL_KIND = 1
const VOTES_KIND = 2

/** The first ones tell the story. */
const VIOLATIONS_PER_CHECKER_MAX = 3

export interface Violation {
  readonly checker: CheckerName
  readonly detail: string
}

/** What happened to stake and cube in the final chain. */
export interface StakeHistory {
  epochs: number
  /** Stake outputs that transactions made, and that unbonded or burnt. */
  stakesJoined: number
  stakesLeft: number
  /** Epochs whose cube has more shards than the one before, and fewer. */
  splits: number
  merges: number
  /** Epochs whose committee has a member that was not drawn at genesis. */
  newcomerEpochs: number
}

/** The cube of one epoch. */
export interface EpochShape {
  readonly epoch: number
  readonly shards: number
  readonly seats: number
  /** f and F as that epoch has them ([CUBE-2]). */
  readonly f: number
  readonly F: number
}

/** What the checkers must know of who signs. */
export interface Signers {
  /** Who signs for a committee seat at a height. */
  nodeOfSeat(height: bigint, seat: number): number | undefined
  /** What a proposal binds `node` to, and with which of its keys; undefined for a proposal that somebody else signed. */
  ownProposal(
    node: number,
    proposal: ProposalMessage,
  ): { readonly key: string; readonly signed: Uint8Array } | undefined
}

interface FinalBlock {
  readonly block: Block
  readonly hash: string
  readonly cert: FinalityCert
  readonly node: number
}

export class Checkers {
  readonly violations: Violation[] = []
  /** Filled in by {@link executeAnew}. */
  readonly history: StakeHistory = {
    epochs: 0,
    stakesJoined: 0,
    stakesLeft: 0,
    splits: 0,
    merges: 0,
    newcomerEpochs: 0,
  }
  /** Filled in by {@link executeAnew}: the cubes that made or will make blocks. */
  readonly shapes: EpochShape[] = []
  readonly #params: ChainParams
  /** First final block of each height. */
  readonly #finals = new Map<number, FinalBlock>()
  readonly #signed = new Map<string, string>()
  readonly #genesisCredentials = new Set<string>()
  readonly #signers: Signers

  constructor(params: ChainParams, signers: Signers) {
    this.#params = params
    this.#signers = signers
  }

  get height(): number {
    return this.#finals.size
  }

  /** Transactions in the final blocks. */
  get transactionCount(): number {
    return [...this.#finals.values()].reduce((sum, { block }) => sum + block.header.txCount, 0)
  }

  fail(checker: CheckerName, detail: string): void {
    const count = this.violations.filter((violation) => violation.checker === checker).length
    if (count < VIOLATIONS_PER_CHECKER_MAX) this.violations.push({ checker, detail })
  }

  /** An honest node has a new final block. */
  final(node: number, block: Block, hash: Uint8Array, cert: FinalityCert): void {
    const height = Number(block.header.height)
    const name = toHex(hash)
    const known = this.#finals.get(height)
    if (known === undefined) this.#finals.set(height, { block, hash: name, cert, node })
    else if (known.hash !== name)
      this.fail('one-final-block', `height ${height}: node ${known.node} has ${known.hash}, node ${node} has ${name}`)
  }

  /** An honest node puts a frame on the wire. */
  sent(node: number, frame: Uint8Array): void {
    if (frame[0] !== FRAME.agreement || (frame[1] !== VOTES_KIND && frame[1] !== PROPOSAL_KIND)) return
    const message = decodeMessage(frame.subarray(1), this.#params)
    assert(message.kind === 'accepted', 'an honest node sends what decodes')
    if (message.value.kind === 'proposal') this.#sentProposal(node, message.value)
    if (message.value.kind !== 'votes') return
    const { type, height, round, hash, entries } = message.value
    // Votes of others are handed on at somebody's request: only the node's own count.
    for (const { seat } of entries)
      if (this.#signers.nodeOfSeat(height, seat) === node)
        this.#sign(node, `type ${type} height ${height} round ${round} seat ${seat}`, hash)
  }

  /** Proposals of others are handed on, too. */
  #sentProposal(node: number, proposal: ProposalMessage): void {
    const own = this.#signers.ownProposal(node, proposal)
    const { height, round } = proposal
    if (own !== undefined) this.#sign(node, `proposal height ${height} round ${round} key ${own.key}`, own.signed)
  }

  #sign(node: number, what: string, hash: Uint8Array): void {
    const name = toHex(hash)
    const before = this.#signed.get(what)
    if (before === undefined) this.#signed.set(what, name)
    else if (before !== name) this.fail('no-double-sign', `node ${node} signed ${what} for ${before} and ${name}`)
  }

  blamed(node: number, peer: number, code: string): void {
    this.fail('no-honest-blamed', `node ${node} blames node ${peer}: ${code}`)
  }

  /** Money of a running node, at any time. */
  checkMoney(node: number, ledger: Ledger): void {
    const missing = unaccounted(ledger)
    if (missing !== 0n)
      this.fail('money-conserved', `node ${node} at height ${ledger.header.height}: ${missing} missing`)
  }

  /** Executes the final chain again, from the spec alone. */
  executeAnew(engine: Engine, spec: ChainSpec, chainId: Uint8Array): void {
    const { params } = spec
    let ledger = genesisLedger(engine, spec)
    const genesisAmount = totalAmount(ledger)
    const first = committeeOf(ledger, 0)
    if (first !== undefined) this.#noteShape(0, first.head)
    for (const { outpoint } of ledger.outputs.stakes.values())
      this.#genesisCredentials.add(toHex(credentialOf(engine.kernels, outpoint)))
    for (let height = 1; height <= this.height; height++) {
      const final = this.#finals.get(height)
      if (final === undefined) return this.fail('valid-chain', `height ${height} is missing below ${this.height}`)
      const next = executeBlock(engine, { params, chainId }, ledger, final.block)
      if (next.kind === 'rejected')
        return this.fail('valid-chain', `height ${height}: ${next.code} ${JSON.stringify(next.operands, showBigint)}`)
      const committee = committeeOf(ledger, epochOf(BigInt(height), params))
      assert(committee !== undefined, 'an executed block has a committee')
      const cert = verifyCert(engine, params, chainId, committee, final.block.header, final.cert)
      if (cert.kind === 'rejected') this.fail('one-final-block', `height ${height}: ${cert.code}`)
      this.#note(ledger, next.value)
      ledger = next.value
      this.checkMoney(-1, ledger)
    }
    this.#checkIssued(ledger, genesisAmount)
  }

  #note(before: Ledger, { delta, header, epochs }: Ledger): void {
    const { history } = this
    history.stakesJoined += delta.created.filter(({ output }) => output.kind === KIND.stake).length
    history.stakesLeft += delta.spent.filter((outpoint) => isStake(before, outpoint)).length
    const at = epochOf(header.height, this.#params)
    if (!delta.epochsChanged) return
    history.epochs = at
    const [earlier, now] = [at - 1, at].map((epoch) => epochs.find((record) => record.epoch === epoch)?.committee)
    if (now !== undefined) this.#noteShape(at, now.head)
    if (earlier === undefined || now === undefined) return
    const change = now.head.cube.length - earlier.head.cube.length
    if (change > 0) history.splits++
    if (change < 0) history.merges++
    if (now.committee.shards.some(({ members }) => members.some((member) => this.#isNewcomer(member))))
      history.newcomerEpochs++
  }

  #noteShape(epoch: number, { f, F, cube }: CommitteeHead): void {
    this.shapes.push({ epoch, shards: cube.length, seats: cube.reduce((sum, { seats }) => sum + seats, 0), f, F })
  }

  #isNewcomer({ credential }: Member): boolean {
    return !this.#genesisCredentials.has(toHex(credential))
  }

  /** Genesis and one block reward per block of each finished epoch, counted from the height alone. */
  #checkIssued({ header, money }: Ledger, genesisAmount: bigint): void {
    const epochs = BigInt(epochOf(header.height, this.#params))
    const expected = genesisAmount + epochs * this.#params.blockReward * BigInt(this.#params.epochLength)
    if (money.issued !== expected) this.fail('money-conserved', `issued ${money.issued}, expected ${expected}`)
  }
}

const isStake = ({ outputs }: Ledger, outpoint: Outpoint): boolean =>
  outputs.stakes.get(encodeOutpoint(outpoint)) !== undefined

const showBigint = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
