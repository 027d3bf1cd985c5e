/**
 * Stake: put in, given up and taken back. Like payments all of it is computed on the device from a proven unspent set.
 *
 * A stake made in a block of epoch s is drawn from epoch s+3 on. Given up in epoch s it stays in the cube through s+2 and
 * can be spent from its release epoch on ([DRAW-1], [UNB-1]).
 */
import type { Hash32 } from '../base/brand.ts'
import { equalBytes } from '../base/bytes.ts'
import { stakeData, unbondingData } from '../chain/output-data.ts'
import { KIND, type Output, type Utxo } from '../chain/output.ts'
import { epochOf, type ChainParams } from '../chain/params.ts'
import { releaseEpochOf, stakeOutput, unbondingOutput } from '../chain/stake-outputs.ts'
import { encodeTx, TX_INPUT_COUNT_MAX, txid, type Tx, type TxBody } from '../chain/transaction.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import { ed25519Sign } from '../crypto/ed25519.ts'
import { credentialOf } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'
import { ClientError } from './errors.ts'
import type { Account } from './wallet.ts'

export interface StakingChain {
  readonly chainId: Hash32
  readonly params: ChainParams
}

interface StakingRequest {
  readonly account: Account
  /** The account's complete unspent set, proven. */
  readonly utxos: readonly Utxo[]
  /** Last height at which it may be included. */
  readonly expiry: bigint
}

export interface StakingTx {
  readonly tx: Tx
  readonly txid: Hash32
  readonly fee: bigint
  /** What moves: staked, given up or taken back, in micro-units. */
  readonly amount: bigint
}

/** Inputs left for the fee when stake is given up. */
const FEE_INPUTS = 4

/** Binds `amount` as stake for the BLS key behind `blsSecret`. Throws ClientError. */
export function buildStake(
  kernels: Kernels,
  signer: BlsSigner,
  chain: StakingChain,
  request: StakingRequest & { readonly amount: bigint; readonly blsSecret: Uint8Array },
): StakingTx {
  const { account, amount, blsSecret } = request
  const least = chain.params.minStake
  if (amount < least) throw new ClientError('amount-too-small', { amount, least })
  const output = stakeOutput(kernels, signer, { chainId: chain.chainId, owner: account.owner, blsSecret, amount })
  return { ...compose(kernels, chain, request, [], [output]), amount }
}

/**
 * Gives up `stakes` in a block of `epoch` and of no other; the fee comes from transfers. At most 60 of them in one
 * transaction. Throws ClientError.
 */
export function buildUnstake(
  kernels: Kernels,
  chain: StakingChain,
  request: StakingRequest & { readonly stakes: readonly Utxo[]; readonly epoch: number },
): StakingTx & { readonly stakes: readonly Utxo[]; readonly releaseEpoch: number } {
  const stakes = request.stakes.slice(0, TX_INPUT_COUNT_MAX - FEE_INPUTS)
  const outputs = stakes.map((utxo) => unbondingOutput(kernels, chain.params, request.epoch, utxo))
  const releaseEpoch = releaseEpochOf(chain.params, request.epoch)
  return { ...compose(kernels, chain, request, stakes, outputs), amount: sumOf(stakes), stakes, releaseEpoch }
}

/** Makes a transfer of all stake that is free in `epoch`; undefined if none is. At most 64 outputs at once. */
export function buildWithdrawal(
  kernels: Kernels,
  chain: StakingChain,
  request: StakingRequest & { readonly epoch: number },
): StakingTx | undefined {
  const free = bindingsOf(kernels, chain.params, request.account.owner, request.utxos)
    .filter(({ releaseEpoch }) => releaseEpoch !== undefined && releaseEpoch <= request.epoch)
    .map(({ utxo }) => utxo)
    .slice(0, TX_INPUT_COUNT_MAX)
  return free.length === 0 ? undefined : { ...compose(kernels, chain, request, free, []), amount: sumOf(free) }
}

/** One bound output of an account. */
export interface Binding {
  readonly utxo: Utxo
  readonly credential: Hash32
  readonly blsPk: Uint8Array
  /** First epoch in which the stake is drawn; undefined once it is given up. */
  readonly drawnFrom: number | undefined
  /** First epoch in which it can be spent; undefined while it is staked. */
  readonly releaseEpoch: number | undefined
}

/** Stake and unbonding outputs of `owner`, in the order of `utxos`. */
export function bindingsOf(
  kernels: Kernels,
  params: ChainParams,
  owner: Uint8Array,
  utxos: readonly Utxo[],
): Binding[] {
  return utxos.flatMap((utxo): Binding[] => {
    const { outpoint, createdHeight, output } = utxo
    if (!equalBytes(output.owner, owner)) return []
    if (output.kind === KIND.stake) {
      const drawnFrom = createdHeight === 0n ? 0 : epochOf(createdHeight, params) + 3
      const { blsPk } = stakeData(output.data)
      return [{ utxo, credential: credentialOf(kernels, outpoint), blsPk, drawnFrom, releaseEpoch: undefined }]
    }
    if (output.kind !== KIND.unbonding) return []
    return [{ utxo, ...unbondingData(output.data), drawnFrom: undefined }]
  })
}

const sumOf = (utxos: readonly Utxo[]): bigint => utxos.reduce((sum, { output }) => sum + output.amount, 0n)

/** `fixed` inputs first, so that output i answers input i; then the largest transfers until outputs and fee are covered. */
function compose(
  kernels: Kernels,
  { chainId, params }: StakingChain,
  { account, utxos, expiry }: StakingRequest,
  fixed: readonly Utxo[],
  outputs: readonly Output[],
): Pick<StakingTx, 'tx' | 'txid' | 'fee'> {
  const money = utxos
    .filter(({ output }) => output.kind === KIND.transfer && equalBytes(output.owner, account.owner))
    .sort((a, b) => (a.output.amount < b.output.amount ? 1 : -1))
  const needed = outputs.reduce((sum, { amount }) => sum + amount, 0n)
  let short = 0n
  for (let count = 0; count <= money.length && fixed.length + count <= TX_INPUT_COUNT_MAX; count++) {
    const inputs = [...fixed, ...money.slice(0, count)]
    if (inputs.length === 0) continue
    const bodyWith = (change: readonly Output[]): TxBody => ({
      ...{ chainId, topic: new Uint8Array(8), expiry, payload: new Uint8Array(0) },
      ...{ inputs: inputs.map(({ outpoint }) => outpoint), outputs: [...outputs, ...change] },
    })
    const left = sumOf(inputs) - needed
    const fee = feeOf(params, bodyWith([transfer(account.owner, 0n)]))
    if (left - fee >= params.minOutput && left > fee)
      return finish(kernels, account, bodyWith([transfer(account.owner, left - fee)]), fee)
    if (outputs.length > 0 && left >= feeOf(params, bodyWith([]))) return finish(kernels, account, bodyWith([]), left)
    short = needed + fee
  }
  throw new ClientError('funds-missing', { needed: short, available: sumOf(money) + sumOf(fixed) })
}

const feeOf = ({ minFeePerByte }: ChainParams, body: TxBody): bigint =>
  minFeePerByte * BigInt(encodeTx({ body, witnesses: body.inputs.map(() => EMPTY_WITNESS) }).length)

const EMPTY_WITNESS = { pk: new Uint8Array(32), signature: new Uint8Array(64) }

function finish(kernels: Kernels, { secretKey, pk }: Account, body: TxBody, fee: bigint) {
  const id = txid(kernels, body)
  const signature = ed25519Sign(secretKey, id)
  return { tx: { body, witnesses: body.inputs.map(() => ({ pk, signature })) }, txid: id, fee }
}

const transfer = (owner: Uint8Array, amount: bigint): Output => ({
  kind: KIND.transfer,
  amount,
  owner,
  data: new Uint8Array(0),
})
