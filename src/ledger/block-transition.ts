/**
 * The state transition: what the checked parts of a block make of the ledger before it, and the header that the block must
 * therefore have. Building and checking share it: the builder takes the header that comes out, the checker compares.
 */
import type { Hash32 } from '../base/brand.ts'
import { toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import type { FinalityCert } from '../chain/certificate.ts'
import { blockHash, HEADER_LENGTH, type Header } from '../chain/header.ts'
import { deviceData } from '../chain/output-data.ts'
import { KIND, type Utxo } from '../chain/output.ts'
import { epochOf } from '../chain/params.ts'
import type { Engine } from '../crypto/engine.ts'
import { firstDrawEpoch } from '../cube/draws.ts'
import type { Kernels } from '../kernels/contract.ts'
import { txLeaf } from '../proofs/topics.ts'
import { txRootOf } from '../proofs/transaction.ts'
import { electEpoch, type EpochRecord } from './epochs.ts'
import type { EvidenceEffect } from './evidence.ts'
import type { BlockCode } from './ledger-codes.ts'
import { changeOutputs, type Ledger, type StakeEnd } from './ledger-value.ts'
import { accrue, EMPTY_BOOK, payOut, type Payout } from './rewards.ts'
import { showOutpoint, type Chain, type CheckedTx } from './transaction-rules.ts'

/** 32 zero bytes: parentCertHash where there is no certificate. */
const NO_CERT_HASH: Hash32 = new Uint8Array(32)

/** parentCertHash of the block at `height` that carries this certificate. */
export const certHashOf = (kernels: Kernels, height: bigint, parentCert: Uint8Array): Hash32 =>
  height <= 1n ? NO_CERT_HASH : kernels.sha256(parentCert)

// ── Transactions of a block ──────────────────────────────────────────────────────────────────────────────────────────

/** Bytes of a block without transactions: header, reveal, certificate, evidence and the two counts. */
export const bodyFrameBytes = (parentCert: Uint8Array, evidence: readonly Uint8Array[]): number =>
  HEADER_LENGTH + 96 + 2 + parentCert.length + 4 + 2 + evidence.reduce((sum, item) => sum + 2 + item.length, 0)

/** [TX-2] and the limits, for transactions admitted one by one in any order. */
export class TxSet {
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

/** Its leaf of the transaction tree. */
export const leafOf = ({ tx, txid }: CheckedTx): Uint8Array => txLeaf(tx.body.topic, txid)

/** The outputs that it makes. */
export function createdBy({ tx, txid }: CheckedTx, createdHeight: bigint): Utxo[] {
  return tx.body.outputs.map((output, index) => ({ outpoint: { txid, index }, createdHeight, output }))
}

// ── The transition ───────────────────────────────────────────────────────────────────────────────────────────────────

/** A body whose parts have been checked. */
export interface CheckedBody {
  readonly cert: FinalityCert | undefined
  readonly parentCertHash: Hash32
  readonly reveal: Uint8Array
  readonly transactions: readonly CheckedTx[]
  readonly evidence: EvidenceEffect
}

const NO_PAYOUT: Payout = { outputs: [], issued: 0n, burnt: 0n }

/** The ledger after the block, header included. The header's round and timeMs are the caller's. */
export function applyBody(
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
