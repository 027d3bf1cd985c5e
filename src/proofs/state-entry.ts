/** Keys and values of the state tree (§4): how an unspent output becomes a leaf. */
import type { Hash32 } from '../base/brand.ts'
import { concatBytes, u64 } from '../base/bytes.ts'
import { encodeOutpoint, encodeOutput, KIND, type Outpoint, type Output, type Utxo } from '../chain/output.ts'
import { ownerOf } from '../crypto/keys.ts'
import type { Kernels } from '../kernels/contract.ts'

/** First 16 bytes of the state key: the owner; for kind 4 the owner of the device key, so that one proof shows its registration. */
export function stateKeyOwner(kernels: Kernels, output: Output): Uint8Array {
  return output.kind === KIND.device ? ownerOf(kernels, output.data.subarray(0, 32)) : output.owner
}

/** `owner 16 ‖ first 16 bytes of H("stakecube/outpoint", Outpoint)`. */
export function stateKey(kernels: Kernels, outpoint: Outpoint, output: Output): Hash32 {
  const place = kernels.tagged('stakecube/outpoint').hash(encodeOutpoint(outpoint))
  return concatBytes(stateKeyOwner(kernels, output), place.subarray(0, 16))
}

/** `H("stakecube/utxo", Outpoint, createdHeight u64, Output)`. */
export function stateValue(kernels: Kernels, { outpoint, createdHeight, output }: Utxo): Hash32 {
  return kernels.tagged('stakecube/utxo').hash(encodeOutpoint(outpoint), u64(createdHeight), encodeOutput(output))
}
