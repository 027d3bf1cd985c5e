/**
 * Provable misbehaviour as the chain itself tells it ([EVI-1]): evidence in a block burns stake, and nothing else makes stake
 * vanish at once. A stake output can only be spent into an unbonding output of the same owner that names it ([UNB-1]), and that
 * one not before its release epoch. So of two proven sets of an owner's outputs ([PROOF-3]) the later one shows a burn:
 *
 *     a stake is gone, no unbonding output names it, and no three epochs have passed, the least that unbonding takes
 *     an unbonding output is gone before its release epoch
 *
 * Two sets further apart show less, and never something that was not so.
 */
import { toHex } from '../base/bytes.ts'
import { unbondingData } from '../chain/output-data.ts'
import { encodeOutpoint, KIND, type Utxo } from '../chain/output.ts'
import { credentialOf } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'

/** The complete unspent outputs of one owner, kinds 0 to 3, proven under a header of `epoch`. */
export interface OwnedAt {
  readonly epoch: number
  readonly utxos: readonly Utxo[]
}

const UNBONDING_EPOCHS_MIN = 3

/** The outputs of `earlier` that were burnt by the time of `later`. */
export function burntBetween(kernels: Kernels, earlier: OwnedAt, later: OwnedAt): readonly Utxo[] {
  const unspent = new Set(later.utxos.map(nameOf))
  const unbonding = new Set(
    later.utxos
      .filter(({ output }) => output.kind === KIND.unbonding)
      .map(({ output }) => toHex(unbondingData(output.data).credential)),
  )
  return earlier.utxos.filter((utxo) => {
    const { output, outpoint } = utxo
    if (unspent.has(nameOf(utxo))) return false
    if (output.kind === KIND.unbonding) return later.epoch < unbondingData(output.data).releaseEpoch
    const isWithin = later.epoch < earlier.epoch + UNBONDING_EPOCHS_MIN
    return output.kind === KIND.stake && isWithin && !unbonding.has(toHex(credentialOf(kernels, outpoint)))
  })
}

const nameOf = ({ outpoint }: Utxo): string => toHex(encodeOutpoint(outpoint))
