/** Transactions of simulated wallets. */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { KIND, type Output, type Utxo } from '../chain/output.ts'
import { encodeTx, txid, type Tx, type TxBody } from '../chain/transaction.ts'
import { ed25519Sign } from '../crypto/ed25519.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { Account } from './cast.ts'

export const PLAIN_TOPIC = new Uint8Array(8)

export interface Payment {
  readonly from: Account
  /** Kind-0 outputs of `from`. */
  readonly inputs: readonly Utxo[]
  readonly to: Uint8Array
  readonly amount: bigint
  readonly expiry: bigint
  readonly topic?: Uint8Array
}

/** `body` signed by the one account that owns every input. */
export function signTx(kernels: Kernels, body: TxBody, { secretKey, pk }: Account): Tx {
  const signature = ed25519Sign(secretKey, txid(kernels, body))
  return { body, witnesses: body.inputs.map(() => ({ pk, signature })) }
}

/** A payment with change, and the least fee for its length. The inputs must reach. */
export function makePayment(kernels: Kernels, chainId: Hash32, minFeePerByte: bigint, payment: Payment): Tx {
  const total = payment.inputs.reduce((sum, { output }) => sum + output.amount, 0n)
  const bodyWith = (change: bigint): TxBody => ({
    chainId,
    topic: payment.topic ?? PLAIN_TOPIC,
    expiry: payment.expiry,
    inputs: payment.inputs.map(({ outpoint }) => outpoint),
    outputs: [transfer(payment.to, payment.amount), transfer(payment.from.owner, change)],
    payload: new Uint8Array(0),
  })
  const unsigned = payment.inputs.map(() => ({ pk: payment.from.pk, signature: new Uint8Array(64) }))
  const { length } = encodeTx({ body: bodyWith(0n), witnesses: unsigned })
  const change = total - payment.amount - BigInt(length) * minFeePerByte
  assert(change > 0n, `a payment of ${payment.amount} needs inputs of more than ${total}`)
  return signTx(kernels, bodyWith(change), payment.from)
}

const transfer = (owner: Uint8Array, amount: bigint): Output => ({
  kind: KIND.transfer,
  amount,
  owner,
  data: new Uint8Array(0),
})
