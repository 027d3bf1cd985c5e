/** Building the next block from what waits: the other half of block-execution.ts over the same transition. */
import { assert } from '../base/assert.ts'
import { compareBytes } from '../base/bytes.ts'
import { EVIDENCE_COUNT_MAX, type Block } from '../chain/block.ts'
import { decodeCert, type FinalityCert } from '../chain/certificate.ts'
import type { Tx } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import { applyBody, bodyFrameBytes, certHashOf, createdBy, leafOf, TxSet } from './block-transition.ts'
import { checkEvidence, type EvidenceEffect } from './evidence.ts'
import { changeOutputs, stateView, type Ledger } from './ledger-value.ts'
import { prepareTx, type VerifiedCache } from './prepared-transaction.ts'
import { checkTx, showOutpoint, type Chain, type CheckedTx, type TxPlace } from './transaction-rules.ts'

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
