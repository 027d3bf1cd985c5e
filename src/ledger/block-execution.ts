/**
 * The state transition: what a block makes of the ledger before it, and the header that it must therefore have.
 *
 * Building and checking share one transition: the builder takes the header that comes out, the checker compares it field
 * by field. What is *not* decided here: who may propose, the reveal's signature, clocks and votes (consensus).
 */
import type { Hash32 } from '../base/brand.ts'
import { assert } from '../base/assert.ts'
import { compareBytes, equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import { EVIDENCE_COUNT_MAX, type Block, type Body } from '../chain/block.ts'
import { decodeCert, type FinalityCert } from '../chain/certificate.ts'
import type { DecodeCode } from '../chain/codec.ts'
import { blockHash, HEADER_LENGTH, type Header } from '../chain/header.ts'
import { deviceData } from '../chain/output-data.ts'
import { KIND, type Utxo } from '../chain/output.ts'
import { epochOf } from '../chain/params.ts'
import type { Tx } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import { firstDrawEpoch } from '../cube/draws.ts'
import type { Kernels } from '../kernels/contract.ts'
import { txLeaf } from '../proofs/topics.ts'
import { txRootOf } from '../proofs/transaction.ts'
import { verifyCert, type CertCode } from '../verify/certificate.ts'
import { electEpoch, type EpochRecord } from './epochs.ts'
import { checkEvidence, type EvidenceEffect } from './evidence.ts'
import type { BlockCode, EvidenceCode, TxCode } from './ledger-codes.ts'
import { changeOutputs, epochRecord, stateView, type Ledger, type StakeEnd } from './ledger-value.ts'
import { prepareTx, type VerifiedCache } from './prepared-transaction.ts'
import { accrue, EMPTY_BOOK, payOut, type Payout } from './rewards.ts'
import { checkTx, showOutpoint, type Chain, type CheckedTx, type TxPlace } from './transaction-rules.ts'

export type LedgerCode = TxCode | BlockCode | EvidenceCode | CertCode | DecodeCode

/** What a proposer decides. */
export interface BlockPlan {
  readonly round: number
  readonly timeMs: bigint
  readonly reveal: Uint8Array
  /** Encoded; empty for height ≤ 1. It has been verified. */
  readonly parentCert: Uint8Array
  /** Candidates, best first. What does not fit or is not valid stays out. */
  readonly transactions: readonly Tx[]
  /** Candidates as well. */
  readonly evidence?: readonly Uint8Array[]
}

/** 32 zero bytes: parentCertHash where there is no certificate. */
const NO_CERT_HASH: Hash32 = new Uint8Array(32)

// ── Transactions of a block ──────────────────────────────────────────────────────────────────────────────────────────

/** Bytes of a block without transactions: header, reveal, certificate, evidence and the two counts. */
const bodyFrameBytes = (parentCert: Uint8Array, evidence: readonly Uint8Array[]): number =>
  HEADER_LENGTH + 96 + 2 + parentCert.length + 4 + 2 + evidence.reduce((sum, item) => sum + 2 + item.length, 0)

/** [TX-2] and the limits, for transactions admitted one by one in any order. */
class TxSet {
  readonly #chain: Chain
  readonly #spent = new Set<string>()
  readonly #devices = new Set<string>()
  #stakeCount = 0
  #bytes: number

  constructor(chain: Chain, bytes: number) {
    this.#chain = chain
    this.#bytes = bytes
  }

  hasSpent(outpoint: string): boolean {
    return this.#spent.has(outpoint)
  }

  /** Takes `checked` in, or says why not and stays as it was. */
  admit(checked: CheckedTx, index: number): Rejected<BlockCode> | undefined {
    const { blockBytesMax, blockStakeMax } = this.#chain.params
    const { inputs, outputs } = checked.tx.body
    const outpoints = inputs.map(showOutpoint)
    const devices = outputs.flatMap(({ kind, data }) =>
      kind === KIND.device ? [toHex(deviceData(data).deviceKey)] : [],
    )
    const double = outpoints.find((outpoint) => this.#spent.has(outpoint))
    if (double !== undefined) return rejected('block-double-spend', { index, outpoint: double })
    if (devices.some((device) => this.#devices.has(device))) return rejected('block-device-twice', { index })
    const count = this.#stakeCount + outputs.filter(({ kind }) => kind === KIND.stake).length
    if (count > blockStakeMax) return rejected('block-stake-count', { count, countMax: blockStakeMax })
    const bytes = this.#bytes + 2 + checked.byteCount
    if (bytes > blockBytesMax) return rejected('block-bytes', { bytes, bytesMax: blockBytesMax })
    for (const outpoint of outpoints) this.#spent.add(outpoint)
    for (const device of devices) this.#devices.add(device)
    this.#stakeCount = count
    this.#bytes = bytes
    return undefined
  }
}

const leafOf = ({ tx, txid }: CheckedTx): Uint8Array => txLeaf(tx.body.topic, txid)

function checkTransactions(
  engine: Engine,
  place: TxPlace,
  transactions: readonly Tx[],
  set: TxSet,
  cache: VerifiedCache | undefined,
): Result<CheckedTx[], TxCode | BlockCode> {
  const all: CheckedTx[] = []
  for (const [index, tx] of transactions.entries()) {
    const prepared = cache?.prepare(tx) ?? prepareTx(engine.kernels, tx)
    const checked = checkTx(engine, place, prepared, cache)
    if (checked.kind === 'rejected')
      return rejected(checked.code, { ...checked.operands, transaction: toHex(prepared.txid) })
    const before = all.at(-1)
    if (before !== undefined && compareBytes(leafOf(before), leafOf(checked.value)) >= 0)
      return rejected('block-tx-order', { index })
    const fault = set.admit(checked.value, index)
    if (fault !== undefined) return fault
    all.push(checked.value)
  }
  return accepted(all)
}

function createdBy({ tx, txid }: CheckedTx, createdHeight: bigint): Utxo[] {
  return tx.body.outputs.map((output, index) => ({ outpoint: { txid, index }, createdHeight, output }))
}

// ── The transition ───────────────────────────────────────────────────────────────────────────────────────────────────

/** A body whose parts have been checked. */
interface CheckedBody {
  readonly cert: FinalityCert | undefined
  readonly parentCertHash: Hash32
  readonly reveal: Uint8Array
  readonly transactions: readonly CheckedTx[]
  readonly evidence: EvidenceEffect
}

const NO_PAYOUT: Payout = { outputs: [], issued: 0n, burnt: 0n }

/** The ledger after the block, header included. The header's round and timeMs are the caller's. */
function applyBody(
  engine: Engine,
  chain: Chain,
  parent: Ledger,
  { round, timeMs }: Pick<Header, 'round' | 'timeMs'>,
  body: CheckedBody,
): Result<Ledger, BlockCode> {
  const { kernels } = engine
  const { params, chainId } = chain
  const height = parent.header.height + 1n
  const epoch = epochOf(height, params)
  const isFirst = epoch > epochOf(parent.header.height, params)
  const payout = isFirst ? payOut(kernels, chain, epoch - 1, parent.rewards, parent.money.issued, height) : NO_PAYOUT
  const created = [
    ...body.transactions.flatMap((tx) => createdBy(tx, height)),
    ...body.evidence.created,
    ...payout.outputs,
  ]
  const spent = [...body.transactions.flatMap((tx) => tx.spent), ...body.evidence.burnt]
  const outputs = changeOutputs(parent.outputs, spent, created)
  if (outputs === undefined) return rejected('block-state-key', { height })
  const { epochs, stakeEnds } = isFirst ? nextEpoch(engine, chain, parent, epoch) : parent
  const leaves = body.transactions.map(leafOf)
  const history = parent.history.append(parent.hash)
  const header: Header = {
    chainId,
    height,
    round,
    timeMs,
    parent: parent.hash,
    parentCertHash: body.parentCertHash,
    seed: kernels.tagged('stakecube/seed').hash(parent.header.seed, body.reveal),
    txRoot: txRootOf(kernels, leaves),
    txCount: leaves.length,
    stateRoot: outputs.tree.root,
    committeeRoot: recordIn(epochs, epoch).root,
    nextCommitteeRoot: recordIn(epochs, epoch + 1).root,
    historyRoot: history.root(),
  }
  const fees = body.transactions.reduce((sum, { fee }) => sum + fee, 0n)
  const signers = recordIn(parent.epochs, epochOf(parent.header.height, params))
  const cert = body.cert === undefined ? undefined : { signers, bitmap: body.cert.bitmap }
  return accepted({
    header,
    hash: blockHash(kernels, header),
    outputs,
    history,
    epochs,
    stakeEnds,
    rewards: accrue(isFirst ? EMPTY_BOOK : parent.rewards, fees, cert),
    money: {
      issued: parent.money.issued + payout.issued,
      burnt: parent.money.burnt + payout.burnt + body.evidence.amountBurnt,
    },
    delta: { created, spent: spent.map(({ outpoint }) => outpoint), epochsChanged: isFirst },
  })
}

const recordIn = (epochs: readonly EpochRecord[], epoch: number): EpochRecord => epochs[epoch - epochs[0]!.epoch]!

/** What the first block of `epoch` adds: the record of epoch + 1 ([DRAW-1]), and the stake that the last epoch ended with. */
function nextEpoch(
  engine: Engine,
  { params }: Chain,
  parent: Ledger,
  epoch: number,
): { readonly epochs: readonly EpochRecord[]; readonly stakeEnds: readonly StakeEnd[] } {
  const { stakes } = parent.stakeEnds.find((end) => end.epoch === Math.max(-1, epoch - 2))!
  const draws = parent.epochs.map(({ draw }) => draw)
  const next = electEpoch(engine, params, epoch + 1, stakes.values(), parent.header.seed, draws)
  const oldest = Math.min(firstDrawEpoch(params.seatLifetime, epoch + 1), epoch - 1)
  return {
    epochs: [...parent.epochs.filter((record) => record.epoch >= oldest), next],
    stakeEnds: [...parent.stakeEnds.slice(-1), { epoch: epoch - 1, stakes: parent.outputs.stakes }],
  }
}

// ── Checking ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The ledger after `block` on top of `ledger`, or the first rule that the block breaks. Checks everything except the
 * proposer (its signature and the reveal's), clocks and the block's own certificate. `cache` saves signature checks.
 */
export function executeBlock(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  block: Block,
  cache?: VerifiedCache,
): Result<Ledger, LedgerCode> {
  const { header, body } = block
  const place = checkPlace(chain, ledger, header)
  if (place !== undefined) return place
  const checked = checkBody(engine, chain, ledger, block, cache)
  if (checked.kind === 'rejected') return checked
  const result = applyBody(engine, chain, ledger, header, { ...checked.value, reveal: body.reveal })
  if (result.kind === 'rejected') return result
  return compareHeaders(header, result.value.header, epochOf(header.height, chain.params)) ?? result
}

type Fault = Rejected<LedgerCode> | undefined

/** Where the block stands: chain, height, parent, [HDR-1]. */
function checkPlace({ chainId, params }: Chain, ledger: Ledger, header: Header): Fault {
  const parent = ledger.header
  if (!equalBytes(header.chainId, chainId))
    return rejected('block-chain', { got: toHex(header.chainId), expected: toHex(chainId) })
  if (header.height !== parent.height + 1n)
    return rejected('block-height', { got: header.height, expected: parent.height + 1n })
  if (!equalBytes(header.parent, ledger.hash))
    return rejected('block-parent', { got: toHex(header.parent), expected: toHex(ledger.hash) })
  const least = parent.timeMs + BigInt(params.blockTimeMs)
  if (header.timeMs < least) return rejected('block-time', { got: header.timeMs, least })
  const epoch = epochOf(header.height, params)
  return epochRecord(ledger, epoch)?.committee === undefined ? rejected('block-committee-none', { epoch }) : undefined
}

function checkBody(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  { header, body }: Block,
  cache: VerifiedCache | undefined,
): Result<Omit<CheckedBody, 'reveal'>, LedgerCode> {
  const bytes = bodyFrameBytes(body.parentCert, body.evidence)
  const { blockBytesMax } = chain.params
  if (bytes > blockBytesMax) return rejected('block-bytes', { bytes, bytesMax: blockBytesMax })
  const cert = checkParentCert(engine, chain, ledger, header, body, cache)
  if (cert.kind === 'rejected') return cert
  const set = new TxSet(chain, bytes)
  const place: TxPlace = { chain, state: stateView(ledger), height: header.height }
  const transactions = checkTransactions(engine, place, body.transactions, set, cache)
  if (transactions.kind === 'rejected') return transactions
  const evidence = checkEvidence(engine, chain, ledger, body.evidence, (outpoint) =>
    set.hasSpent(showOutpoint(outpoint)),
  )
  if (evidence.kind === 'rejected') return evidence
  const parentCertHash = header.parentCertHash
  return accepted({ cert: cert.value, parentCertHash, transactions: transactions.value, evidence: evidence.value })
}

/** [FIN-2]: the body's certificate of the parent, which the header names by its hash. */
function checkParentCert(
  engine: Engine,
  { params, chainId }: Chain,
  ledger: Ledger,
  { height, parentCertHash }: Header,
  { parentCert }: Body,
  cache: VerifiedCache | undefined,
): Result<FinalityCert | undefined, LedgerCode> {
  const expected = certHashOf(engine.kernels, height, parentCert)
  if (height <= 1n && parentCert.length > 0) return rejected('block-cert-present', { height, bytes: parentCert.length })
  if (height > 1n && parentCert.length === 0) return rejected('block-cert-absent', { height })
  if (!equalBytes(parentCertHash, expected))
    return rejected('block-cert-hash', { got: toHex(parentCertHash), expected: toHex(expected) })
  if (height <= 1n) return accepted(undefined)
  const decoded = decodeCert(parentCert)
  if (decoded.kind === 'rejected') return decoded
  const name = `certificate ${toHex(expected)} of ${toHex(ledger.hash)}`
  if (cache?.hasVerified(name) === true) return decoded
  const keys = epochRecord(ledger, epochOf(ledger.header.height, params))!.committee!
  const verified = verifyCert(engine, params, chainId, keys, ledger.header, decoded.value)
  if (verified.kind === 'rejected') return verified
  cache?.remember(name)
  return decoded
}

const certHashOf = (kernels: Kernels, height: bigint, parentCert: Uint8Array): Hash32 =>
  height <= 1n ? NO_CERT_HASH : kernels.sha256(parentCert)

/** The header as it is against the header as it follows. */
function compareHeaders(got: Header, expected: Header, epoch: number): Fault {
  if (got.txCount !== expected.txCount)
    return rejected('block-tx-count', { got: got.txCount, expected: expected.txCount })
  const roots = [
    ['block-seed', got.seed, expected.seed, {}],
    ['block-tx-root', got.txRoot, expected.txRoot, {}],
    ['block-state-root', got.stateRoot, expected.stateRoot, {}],
    ['block-committee-root', got.committeeRoot, expected.committeeRoot, { epoch }],
    ['block-next-committee-root', got.nextCommitteeRoot, expected.nextCommitteeRoot, { epoch: epoch + 1 }],
    ['block-history-root', got.historyRoot, expected.historyRoot, {}],
  ] as const
  for (const [code, a, b, operands] of roots)
    if (!equalBytes(a, b)) return rejected(code, { got: toHex(a), expected: toHex(b), ...operands })
  return undefined
}

// ── Building ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The block that `plan` makes on top of `ledger`. Transactions and evidence that are not valid here, clash with better
 * ones or do not fit are left out. A time that breaks [HDR-1] makes a block that {@link executeBlock} refuses.
 */
export function buildBlock(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  plan: BlockPlan,
  cache?: VerifiedCache,
): Block {
  const { kernels } = engine
  const { reveal, parentCert } = plan
  const { kept, effect } = chooseEvidence(engine, chain, ledger, plan)
  const set = new TxSet(chain, bodyFrameBytes(parentCert, kept))
  const chosen = chooseTransactions(engine, chain, ledger, plan, effect, set, cache)
  const parts = {
    cert: decodedCert(parentCert),
    parentCertHash: certHashOf(kernels, ledger.header.height + 1n, parentCert),
  }
  const make = (transactions: readonly CheckedTx[]) =>
    applyBody(engine, chain, ledger, plan, { ...parts, reveal, transactions, evidence: effect })
  const whole = make(chosen)
  const transactions = whole.kind === 'accepted' ? chosen : withoutSharedKeys(ledger, chosen, effect)
  const result = whole.kind === 'accepted' ? whole : make(transactions)
  assert(result.kind === 'accepted', 'transactions without shared state keys must apply')
  return {
    header: result.value.header,
    body: { reveal, parentCert, transactions: transactions.map(({ tx }) => tx), evidence: kept },
  }
}

/** The planned evidence that holds, each beside those before it. */
function chooseEvidence(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  { evidence = [] }: BlockPlan,
): { readonly kept: readonly Uint8Array[]; readonly effect: EvidenceEffect } {
  let kept: readonly Uint8Array[] = []
  let effect: EvidenceEffect = { created: [], burnt: [], amountBurnt: 0n }
  for (const item of evidence.slice(0, EVIDENCE_COUNT_MAX)) {
    const together = checkEvidence(engine, chain, ledger, [...kept, item], () => false)
    if (together.kind === 'rejected') continue
    kept = [...kept, item]
    effect = together.value
  }
  return { kept, effect }
}

/** The planned transactions that are valid and fit, in block order. */
function chooseTransactions(
  engine: Engine,
  chain: Chain,
  ledger: Ledger,
  { transactions }: BlockPlan,
  { burnt }: EvidenceEffect,
  set: TxSet,
  cache: VerifiedCache | undefined,
): CheckedTx[] {
  const place: TxPlace = { chain, state: stateView(ledger), height: ledger.header.height + 1n }
  const gone = new Set(burnt.map(({ outpoint }) => showOutpoint(outpoint)))
  const chosen: CheckedTx[] = []
  for (const tx of transactions) {
    if (tx.body.inputs.some((input) => gone.has(showOutpoint(input)))) continue
    const checked = checkTx(engine, place, cache?.prepare(tx) ?? prepareTx(engine.kernels, tx), cache)
    if (checked.kind === 'rejected') continue
    if (set.admit(checked.value, chosen.length) === undefined) chosen.push(checked.value)
  }
  return chosen.sort((a, b) => compareBytes(leafOf(a), leafOf(b)))
}

/** Leaves out each transaction whose outputs would share a state key with what is there: 2^64 work for whoever makes one. */
function withoutSharedKeys(ledger: Ledger, chosen: readonly CheckedTx[], effect: EvidenceEffect): CheckedTx[] {
  const height = ledger.header.height + 1n
  let outputs = changeOutputs(ledger.outputs, effect.burnt, effect.created) ?? ledger.outputs
  return chosen.filter((tx) => {
    const changed = changeOutputs(outputs, tx.spent, createdBy(tx, height))
    if (changed !== undefined) outputs = changed
    return changed !== undefined
  })
}

function decodedCert(parentCert: Uint8Array): FinalityCert | undefined {
  if (parentCert.length === 0) return undefined
  const decoded = decodeCert(parentCert)
  assert(decoded.kind === 'accepted', 'the parent certificate of a plan must be well formed')
  return decoded.value
}
