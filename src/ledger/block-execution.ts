/**
 * Whether a block may follow a ledger, and the ledger after it.
 *
 * What is *not* decided here: who may propose, the reveal's signature, clocks and votes (consensus).
 */
import { compareBytes, equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import type { Block, Body } from '../chain/block.ts'
import { decodeCert, type FinalityCert } from '../chain/certificate.ts'
import type { DecodeCode } from '../chain/codec.ts'
import type { Header } from '../chain/header.ts'
import { epochOf } from '../chain/params.ts'
import type { Tx } from '../chain/transaction.ts'
import type { Engine } from '../crypto/engine.ts'
import { verifyCert, type CertCode } from '../verify/certificate.ts'
import { applyBody, bodyFrameBytes, certHashOf, leafOf, TxSet, type CheckedBody } from './block-transition.ts'
import { checkEvidence } from './evidence.ts'
import type { BlockCode, EvidenceCode, TxCode } from './ledger-codes.ts'
import { epochRecord, stateView, type Ledger } from './ledger-value.ts'
import { prepareTx, type VerifiedCache } from './prepared-transaction.ts'
import { checkTx, showOutpoint, type Chain, type CheckedTx, type TxPlace } from './transaction-rules.ts'

export type LedgerCode = TxCode | BlockCode | EvidenceCode | CertCode | DecodeCode

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
  if (cache?.hasVerifiedCert(ledger.hash, parentCert) === true) return decoded
  const keys = epochRecord(ledger, epochOf(ledger.header.height, params))!.committee!
  const verified = verifyCert(engine, params, chainId, keys, ledger.header, decoded.value)
  if (verified.kind === 'rejected') return verified
  cache?.rememberCert(ledger.hash, parentCert)
  return decoded
}

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
