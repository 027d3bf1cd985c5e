/**
 * Accounts and payments. Everything here is computed on the device from a proven unspent set; nothing is sent.
 *
 * Amounts are micro-units. The fee is the least that the chain takes: minFeePerByte × the bytes of the transaction.
 */
import { assertLength } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { compareBytes, equalBytes, fromHex } from '../base/bytes.ts'
import { KIND, type Output, type Owner, type Utxo } from '../chain/output.ts'
import type { ChainParams } from '../chain/params.ts'
import { encodeTx, TX_INPUT_COUNT_MAX, txid, type Tx, type TxBody } from '../chain/transaction.ts'
import { ed25519PublicKey, ed25519Sign } from '../crypto/ed25519.ts'
import { ownerOf } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'
import { ClientError } from './errors.ts'

export interface Account {
  /** Ed25519 secret, 32 bytes. */
  readonly secretKey: Uint8Array
  /** Ed25519 public key, 32 bytes. */
  readonly pk: Uint8Array
  /** 16 bytes: what others pay to. */
  readonly owner: Owner
}

/** The account of a 32-byte secret. */
export function accountOf(kernels: Kernels, secretKey: Uint8Array): Account {
  assertLength('secretKey', secretKey, 32)
  const pk = ed25519PublicKey(secretKey)
  return { secretKey, pk, owner: ownerOf(kernels, pk) }
}

/** A new account from the platform's strong randomness. */
export function newAccount(kernels: Kernels): Account {
  return accountOf(kernels, globalThis.crypto.getRandomValues(new Uint8Array(32)))
}

/** An owner in the form that people pass around: 32 hex digits. Undefined if it is not one. */
export function parseOwner(text: string): Owner | undefined {
  const bytes = fromHex(text.trim())
  return bytes?.length === 16 ? bytes : undefined
}

export interface Balance {
  /** Transfers that can be spent now. */
  readonly spendable: bigint
  /** Stake and unbonding outputs. */
  readonly bound: bigint
  /** Escrows that this owner made: whoever may spend one now is a matter of height and secret. */
  readonly escrowed: bigint
}

/** What a complete unspent set of `owner` adds up to. */
export function balanceOf(owner: Owner, utxos: readonly Utxo[]): Balance {
  const sum = (...kinds: readonly number[]) =>
    utxos
      .filter(({ output }) => kinds.includes(output.kind) && equalBytes(output.owner, owner))
      .reduce((total, { output }) => total + output.amount, 0n)
  return { spendable: sum(KIND.transfer), bound: sum(KIND.stake, KIND.unbonding), escrowed: sum(KIND.escrow) }
}

export interface PaymentRequest {
  readonly account: Account
  /** The account's complete unspent set, proven. Outputs of other kinds or owners are left alone. */
  readonly utxos: readonly Utxo[]
  readonly to: Owner
  readonly amount: bigint
  /** Last height at which it may be included: at most 10 000 above the head. */
  readonly expiry: bigint
  /** 8 bytes; zero unless given. */
  readonly topic?: Uint8Array
  /** At most payloadBytesMax; empty unless given. */
  readonly payload?: Uint8Array
}

export interface Payment {
  readonly tx: Tx
  readonly txid: Hash32
  readonly fee: bigint
  readonly change: bigint
  readonly inputs: readonly Utxo[]
}

/**
 * A signed payment: the largest transfers first, until they cover amount and fee; change back to the payer unless it is
 * below the dust limit, where it goes to the fee. The same request gives the same bytes. Throws ClientError.
 */
export function buildPayment(
  kernels: Kernels,
  chain: { readonly chainId: Hash32; readonly params: ChainParams },
  request: PaymentRequest,
): Payment {
  const { params } = chain
  const { account, amount } = request
  if (amount < params.minOutput) throw new ClientError('amount-too-small', { amount, least: params.minOutput })
  const spendable = spendableOf(account.owner, request.utxos)
  const inputs: Utxo[] = []
  let total = 0n
  for (const utxo of spendable) {
    inputs.push(utxo)
    total += utxo.output.amount
    const payment = total < amount ? undefined : tryPayment(kernels, chain, request, inputs, total)
    if (payment !== undefined) return payment
    if (inputs.length === TX_INPUT_COUNT_MAX) break
  }
  throw shortOf(chain, request, spendable, inputs)
}

function spendableOf(owner: Owner, utxos: readonly Utxo[]): Utxo[] {
  const own = utxos.filter(({ output }) => output.kind === KIND.transfer && equalBytes(output.owner, owner))
  return own.sort((a, b) => {
    if (a.output.amount !== b.output.amount) return a.output.amount > b.output.amount ? -1 : 1
    return compareBytes(a.outpoint.txid, b.outpoint.txid) || a.outpoint.index - b.outpoint.index
  })
}

/** With change if it is worth an output, else without; undefined if the inputs do not reach. */
function tryPayment(
  kernels: Kernels,
  { chainId, params }: { readonly chainId: Hash32; readonly params: ChainParams },
  request: PaymentRequest,
  inputs: readonly Utxo[],
  total: bigint,
): Payment | undefined {
  const bodyWith = (outputs: readonly Output[]): TxBody => ({
    chainId,
    topic: request.topic ?? new Uint8Array(8),
    expiry: request.expiry,
    inputs: inputs.map(({ outpoint }) => outpoint),
    outputs,
    payload: request.payload ?? new Uint8Array(0),
  })
  const feeOf = (body: TxBody) => params.minFeePerByte * BigInt(encodeTx(unsigned(body)).length)
  const paid = transfer(request.to, request.amount)
  const withChange = bodyWith([paid, transfer(request.account.owner, 0n)])
  const change = total - request.amount - feeOf(withChange)
  if (change >= params.minOutput && change > 0n) {
    const outputs = [paid, transfer(request.account.owner, change)]
    return finish(kernels, request.account, bodyWith(outputs), inputs, feeOf(withChange), change)
  }
  const exact = bodyWith([paid])
  const fee = total - request.amount
  return fee < feeOf(exact) ? undefined : finish(kernels, request.account, exact, inputs, fee, 0n)
}

/** As long as the signed one. */
const unsigned = (body: TxBody): Tx => ({
  body,
  witnesses: body.inputs.map(() => ({ pk: new Uint8Array(32), signature: new Uint8Array(64) })),
})

function finish(
  kernels: Kernels,
  account: Account,
  body: TxBody,
  inputs: readonly Utxo[],
  fee: bigint,
  change: bigint,
): Payment {
  const id = txid(kernels, body)
  const signature = ed25519Sign(account.secretKey, id)
  const tx: Tx = { body, witnesses: body.inputs.map(() => ({ pk: account.pk, signature })) }
  return { tx, txid: id, fee, change, inputs: [...inputs] }
}

const transfer = (owner: Owner, amount: bigint): Output => ({
  kind: KIND.transfer,
  amount,
  owner,
  data: new Uint8Array(0),
})

function shortOf(
  { params }: { readonly params: ChainParams },
  { amount }: PaymentRequest,
  spendable: readonly Utxo[],
  inputs: readonly Utxo[],
): ClientError {
  const available = spendable.reduce((sum, { output }) => sum + output.amount, 0n)
  if (inputs.length === TX_INPUT_COUNT_MAX && spendable.length > inputs.length && available >= amount)
    return new ClientError('outputs-too-many', { count: spendable.length, most: TX_INPUT_COUNT_MAX })
  const leastBytes = 189n + 132n * BigInt(Math.max(1, inputs.length))
  return new ClientError('funds-missing', { needed: amount + params.minFeePerByte * leastBytes, available })
}
