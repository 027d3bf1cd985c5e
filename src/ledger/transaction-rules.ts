/**
 * [TX-1], [DEV-1], [UNB-1]: whether one transaction may stand in the block at a height, judged against the state before
 * that block. The cheap rules come first, then the ones that read the state, and the signatures last.
 *
 * A rule answers with its own code and the values that disagreed.
 */
import { equalBytes, toHex } from '../base/bytes.ts'
import { accepted, rejected, type Rejected, type Result } from '../base/verdict.ts'
import type { Hash32 } from '../base/brand.ts'
import { DEVICE_ROLE, deviceData, escrowData, stakeData, unbondingData } from '../chain/output-data.ts'
import { encodeOutpoint, KIND, type Outpoint, type Output, type Owner, type Utxo } from '../chain/output.ts'
import { epochOf, unbondingEpochs, type ChainParams } from '../chain/params.ts'
import { STAKE_LIMIT } from '../chain/spec-rules.ts'
import { TX_EXPIRY_HEIGHTS_MAX, type TxBody } from '../chain/transaction.ts'
import { ed25519Verify } from '../crypto/ed25519.ts'
import type { Engine } from '../crypto/engine.ts'
import { credentialOf, deviceMessage, ownerOf, possessionMessage } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { TxCode } from './ledger-codes.ts'
import type { PreparedTx, VerifiedCache } from './prepared-transaction.ts'

const U64_LIMIT = 1n << 64n
const DEVICE_ROLE_MAX = DEVICE_ROLE.coordination

export interface Chain {
  readonly params: ChainParams
  readonly chainId: Hash32
}

/** The state before the block, as far as one transaction reads it. */
export interface StateView {
  utxo(outpoint: Outpoint): Utxo | undefined
  /** The outpoint of a device key's live registration. */
  registration(deviceKey: Uint8Array): Outpoint | undefined
}

/** Where a transaction would stand. */
export interface TxPlace {
  readonly chain: Chain
  readonly state: StateView
  /** Of the block. */
  readonly height: bigint
}

/** A transaction that is valid at a place. */
export interface CheckedTx extends PreparedTx {
  /** The outputs that its inputs spend, in order. */
  readonly spent: readonly Utxo[]
  readonly fee: bigint
}

type Fault = Rejected<TxCode> | undefined

/** Everything but the signatures. */
export function checkTxRules(kernels: Kernels, place: TxPlace, prepared: PreparedTx): Result<CheckedTx, TxCode> {
  const { body } = prepared.tx
  const early =
    checkForm(place, prepared) ?? checkInputsDistinct(body) ?? checkOutputs(place.chain.params, body.outputs)
  if (early !== undefined) return early
  const spent: Utxo[] = []
  for (const [index, outpoint] of body.inputs.entries()) {
    const utxo = place.state.utxo(outpoint)
    if (utxo === undefined) return rejected('tx-input-missing', { index, outpoint: showOutpoint(outpoint) })
    spent.push(utxo)
  }
  const fee = feeOf(spent, body.outputs)
  if (fee.kind === 'rejected') return fee
  const fault =
    checkFee(place.chain.params, fee.value, prepared.byteCount) ??
    checkUnbonding(kernels, place, body, spent) ??
    checkRegistrations(place, body) ??
    checkSpenders(kernels, place, prepared, spent)
  return fault ?? accepted({ ...prepared, spent, fee: fee.value })
}

/** All of [TX-1]; signatures that `cache` remembers are not checked again. */
export function checkTx(
  engine: Engine,
  place: TxPlace,
  prepared: PreparedTx,
  cache?: VerifiedCache,
): Result<CheckedTx, TxCode> {
  const checked = checkTxRules(engine.kernels, place, prepared)
  if (checked.kind === 'rejected' || cache?.hasVerified(prepared.digest) === true) return checked
  const signatures = checkSignatures(engine, place.chain.chainId, prepared)
  if (signatures !== undefined) return signatures
  cache?.remember(prepared.digest)
  return checked
}

export const showOutpoint = ({ txid, index }: Outpoint): string => `${toHex(txid)}:${index}`

// ── Form ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

function checkForm({ chain, height }: TxPlace, { tx, byteCount }: PreparedTx): Fault {
  const { chainId, expiry, payload } = tx.body
  const { txBytesMax, payloadBytesMax } = chain.params
  if (!equalBytes(chainId, chain.chainId))
    return rejected('tx-chain', { got: toHex(chainId), expected: toHex(chain.chainId) })
  if (byteCount > txBytesMax) return rejected('tx-bytes', { bytes: byteCount, bytesMax: txBytesMax })
  if (payload.length > payloadBytesMax)
    return rejected('tx-payload', { bytes: payload.length, bytesMax: payloadBytesMax })
  if (expiry < height) return rejected('tx-expired', { expiry, height })
  const expiryMax = height + TX_EXPIRY_HEIGHTS_MAX
  return expiry > expiryMax ? rejected('tx-expiry-far', { expiry, expiryMax, height }) : undefined
}

function checkInputsDistinct({ inputs }: TxBody): Fault {
  const seen = new Map<string, number>()
  for (const [index, outpoint] of inputs.entries()) {
    const name = showOutpoint(outpoint)
    const first = seen.get(name)
    if (first !== undefined) return rejected('tx-input-twice', { first, index })
    seen.set(name, index)
  }
  return undefined
}

function checkOutputs(params: ChainParams, outputs: readonly Output[]): Fault {
  for (const [index, { kind, amount, data }] of outputs.entries()) {
    if (kind !== KIND.device && amount < params.minOutput)
      return rejected('tx-output-dust', { index, amount, least: params.minOutput })
    if (kind === KIND.stake && amount < params.minStake)
      return rejected('tx-stake-small', { index, amount, least: params.minStake })
    if (kind === KIND.stake && amount >= STAKE_LIMIT)
      return rejected('tx-stake-large', { index, amount, limit: STAKE_LIMIT })
    if (kind === KIND.device && deviceData(data).role > DEVICE_ROLE_MAX)
      return rejected('tx-device-role', { index, role: deviceData(data).role, roleMax: DEVICE_ROLE_MAX })
  }
  return undefined
}

// ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const sumOf = (outputs: readonly Output[]): bigint => outputs.reduce((sum, { amount }) => sum + amount, 0n)

function feeOf(spent: readonly Utxo[], outputs: readonly Output[]): Result<bigint, TxCode> {
  const [into, out] = [sumOf(spent.map(({ output }) => output)), sumOf(outputs)]
  if (into >= U64_LIMIT) return rejected('tx-sum-overflow', { side: 'inputs', sum: into })
  if (out >= U64_LIMIT) return rejected('tx-sum-overflow', { side: 'outputs', sum: out })
  return out > into ? rejected('tx-sum', { inputs: into, outputs: out }) : accepted(into - out)
}

function checkFee({ minFeePerByte }: ChainParams, fee: bigint, bytes: number): Fault {
  const feeMin = minFeePerByte * BigInt(bytes)
  return fee < feeMin ? rejected('tx-fee', { fee, feeMin, bytes }) : undefined
}

// ── Stake ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** [UNB-1]: stake input i goes into unbonding output i and nowhere else; unbonding outputs arise only so. */
function checkUnbonding(kernels: Kernels, { chain, height }: TxPlace, body: TxBody, spent: readonly Utxo[]): Fault {
  const epoch = epochOf(height, chain.params)
  for (const [index, utxo] of spent.entries()) {
    if (utxo.output.kind !== KIND.stake) continue
    const releaseEpoch = epoch + 3 + unbondingEpochs(chain.params)
    const fault = checkUnbondingOutput(kernels, index, utxo, body.outputs[index], releaseEpoch)
    if (fault !== undefined) return fault
  }
  const unearned = body.outputs.findIndex(
    ({ kind }, index) => kind === KIND.unbonding && spent[index]?.output.kind !== KIND.stake,
  )
  return unearned === -1 ? undefined : rejected('tx-unbonding-unearned', { index: unearned })
}

function checkUnbondingOutput(
  kernels: Kernels,
  index: number,
  { outpoint, output: stake }: Utxo,
  output: Output | undefined,
  releaseEpoch: number,
): Fault {
  const fault = (field: string, got: string | number | bigint, expected: string | number | bigint) =>
    rejected('tx-unbonding', { index, field, got, expected })
  if (output === undefined || output.kind !== KIND.unbonding)
    return fault('kind', output?.kind ?? 'none', KIND.unbonding)
  if (!equalBytes(output.owner, stake.owner)) return fault('owner', toHex(output.owner), toHex(stake.owner))
  if (output.amount !== stake.amount) return fault('amount', output.amount, stake.amount)
  const data = unbondingData(output.data)
  const credential = credentialOf(kernels, outpoint)
  const { blsPk } = stakeData(stake.data)
  if (data.releaseEpoch !== releaseEpoch) return fault('releaseEpoch', data.releaseEpoch, releaseEpoch)
  if (!equalBytes(data.credential, credential)) return fault('credential', toHex(data.credential), toHex(credential))
  return equalBytes(data.blsPk, blsPk) ? undefined : fault('blsPk', toHex(data.blsPk), toHex(blsPk))
}

// ── Devices ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** [DEV-1] within one transaction. */
function checkRegistrations({ state }: TxPlace, { inputs, outputs }: TxBody): Fault {
  const seen = new Map<string, number>()
  for (const [index, { kind, data }] of outputs.entries()) {
    if (kind !== KIND.device) continue
    const { deviceKey } = deviceData(data)
    const name = toHex(deviceKey)
    const first = seen.get(name)
    if (first !== undefined) return rejected('tx-device-twice', { first, index })
    seen.set(name, index)
    const live = state.registration(deviceKey)
    if (live !== undefined && !inputs.some((input) => equalBytes(encodeOutpoint(input), encodeOutpoint(live))))
      return rejected('tx-device-registered', { index, outpoint: showOutpoint(live) })
  }
  return undefined
}

// ── Who may spend ────────────────────────────────────────────────────────────────────────────────────────────────────

function checkSpenders(kernels: Kernels, place: TxPlace, { tx }: PreparedTx, spent: readonly Utxo[]): Fault {
  for (const [index, { output }] of spent.entries()) {
    const spenders = spendersOf(kernels, place, tx.body, index, output)
    if (spenders.kind === 'rejected') return spenders
    const signer = ownerOf(kernels, tx.witnesses[index]!.pk)
    if (!spenders.value.some((owner) => equalBytes(owner, signer)))
      return rejected('tx-witness-owner', {
        index,
        got: toHex(signer),
        expected: spenders.value.map(toHex).join(' or '),
      })
  }
  return undefined
}

/** The accounts that may spend `output` here and now. */
function spendersOf(
  kernels: Kernels,
  { chain, height }: TxPlace,
  body: TxBody,
  index: number,
  output: Output,
): Result<readonly Owner[], TxCode> {
  if (output.kind === KIND.unbonding) {
    const [epoch, { releaseEpoch }] = [epochOf(height, chain.params), unbondingData(output.data)]
    if (epoch < releaseEpoch) return rejected('tx-unbonding-locked', { index, epoch, releaseEpoch })
  }
  if (output.kind === KIND.escrow) {
    const { deadline, hash, otherOwner } = escrowData(output.data)
    if (height >= deadline) return accepted([output.owner])
    const opens = body.payload.length === 32 && equalBytes(kernels.sha256(body.payload), hash)
    return opens ? accepted([otherOwner]) : rejected('tx-escrow-payload', { index, deadline, height })
  }
  if (output.kind === KIND.device) return accepted([output.owner, ownerOf(kernels, deviceData(output.data).deviceKey)])
  return accepted([output.owner])
}

// ── Signatures ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Witnesses, proofs of possession and device signatures. They depend on nothing but the transaction and the chain. */
function checkSignatures(engine: Engine, chainId: Hash32, { tx, txid }: PreparedTx): Fault {
  for (const [index, { pk, signature }] of tx.witnesses.entries())
    if (!ed25519Verify(pk, txid, signature)) return rejected('tx-signature', { index })
  for (const [index, output] of tx.body.outputs.entries()) {
    const fault = checkOutputSignature(engine, chainId, index, output)
    if (fault !== undefined) return fault
  }
  return undefined
}

function checkOutputSignature({ kernels, bls }: Engine, chainId: Hash32, index: number, output: Output): Fault {
  const { kind, owner, data } = output
  if (kind === KIND.stake) {
    const { blsPk, popSig } = stakeData(data)
    const key = bls.decodeKey(blsPk)
    if (key === undefined) return rejected('tx-stake-key', { index })
    const message = possessionMessage(kernels, chainId, owner, blsPk)
    return bls.verifyPossession(key, message, popSig) ? undefined : rejected('tx-possession', { index })
  }
  if (kind === KIND.device) {
    const { deviceKey, role, deviceSig } = deviceData(data)
    const message = deviceMessage(kernels, chainId, owner, deviceKey, role)
    return ed25519Verify(deviceKey, message, deviceSig) ? undefined : rejected('tx-device-signature', { index })
  }
  return undefined
}
