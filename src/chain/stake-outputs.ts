/** The outputs with which stake begins and ends (§3), as wallets, validators and the simulator make them. */
import type { Hash32 } from '../base/brand.ts'
import { assert } from '../base/assert.ts'
import type { BlsSigner } from '../crypto/bls-contract.ts'
import { credentialOf, possessionMessage } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'
import { encodeStakeData, encodeUnbondingData, stakeData } from './output-data.ts'
import { KIND, type Output, type Owner, type Utxo } from './output.ts'
import { unbondingEpochs, type ChainParams } from './params.ts'

/** A kind-1 output for the BLS key behind `blsSecret`. For genesis `chainId` is 32 zero bytes (§1). */
export function stakeOutput(
  kernels: Kernels,
  signer: BlsSigner,
  stake: { readonly chainId: Hash32; readonly owner: Owner; readonly blsSecret: Uint8Array; readonly amount: bigint },
): Output {
  const { chainId, owner, blsSecret, amount } = stake
  const blsPk = signer.publicKey(blsSecret)
  const popSig = signer.provePossession(blsSecret, possessionMessage(kernels, chainId, owner, blsPk))
  return { kind: KIND.stake, amount, owner, data: encodeStakeData({ blsPk, popSig }) }
}

/** First epoch in which stake that is given up in a block of `epoch` can be spent ([UNB-1]). */
export const releaseEpochOf = (params: ChainParams, epoch: number): number => epoch + 3 + unbondingEpochs(params)

/** The kind-2 output that the stake `utxo` becomes when a block of `epoch` spends it: valid in no other epoch ([UNB-1]). */
export function unbondingOutput(kernels: Kernels, params: ChainParams, epoch: number, utxo: Utxo): Output {
  const { outpoint, output } = utxo
  assert(output.kind === KIND.stake, `only stake unbonds, got kind ${output.kind}`)
  const { blsPk } = stakeData(output.data)
  const data = encodeUnbondingData({
    releaseEpoch: releaseEpochOf(params, epoch),
    credential: credentialOf(kernels, outpoint),
    blsPk,
  })
  return { kind: KIND.unbonding, amount: output.amount, owner: output.owner, data }
}
