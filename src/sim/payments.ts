/** Transactions of simulated wallets. */
import { assert } from '../base/assert.ts'
import type { Hash32 } from '../base/brand.ts'
import { KIND, type Output, type Utxo } from '../chain/output.ts'
import { encodeTx, txid, type Tx, type TxBody } from '../chain/transaction.ts'
import { ed25519Sign } from '../crypto/ed25519.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { Account } from './cast.ts'

export const PLAIN_TOPIC = new Uint8Array(8)

/** A transaction of one account, up to its change. */
export interface Plan {
  readonly from: Account
  /** All of them are `from`'s to spend. */
  readonly inputs: readonly Utxo[]
  readonly outputs: readonly Output[]
  readonly expiry: bigint
  readonly topic?: Uint8Array
}

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

/** `plan` with its change as the last output, and the least fee for its length; undefined if the inputs do not reach. */
export function makeTx(kernels: Kernels, chainId: Hash32, minFeePerByte: bigint, plan: Plan): Tx | undefined {
  const sum = (outputs: readonly Output[]) => outputs.reduce((total, { amount }) => total + amount, 0n)
  const bodyWith = (change: bigint): TxBody => ({
    chainId,
    topic: plan.topic ?? PLAIN_TOPIC,
    expiry: plan.expiry,
    inputs: plan.inputs.map(({ outpoint }) => outpoint),
    outputs: [...plan.outputs, transfer(plan.from.owner, change)],
    payload: new Uint8Array(0),
  })
  const unsigned = plan.inputs.map(() => ({ pk: plan.from.pk, signature: new Uint8Array(64) }))
  const { length } = encodeTx({ body: bodyWith(0n), witnesses: unsigned })
  const change = sum(plan.inputs.map(({ output }) => output)) - sum(plan.outputs) - BigInt(length) * minFeePerByte
  return change > 0n ? signTx(kernels, bodyWith(change), plan.from) : undefined
}

/** A payment with change, and the least fee for its length. The inputs must reach. */
export function makePayment(kernels: Kernels, chainId: Hash32, minFeePerByte: bigint, payment: Payment): Tx {
  const { to, amount, ...plan } = payment
  const tx = makeTx(kernels, chainId, minFeePerByte, { ...plan, outputs: [transfer(to, amount)] })
  assert(tx !== undefined, `a payment of ${amount} needs larger inputs`)
  return tx
}

export const transfer = (owner: Uint8Array, amount: bigint): Output => ({
  kind: KIND.transfer,
  amount,
  owner,
  data: new Uint8Array(0),
})
