/** What keys are called and what they sign: owners, credentials, topics, and the domain-separated messages of §1, §5, §6, §8. */
import type { Hash32 } from '../base/brand.ts'
import { u32, u64 } from '../base/bytes.ts'
import { utf8 } from '../kernels/checks.ts'
import type { Kernels } from '../kernels/contract.ts'

/** In place of chainId in what genesis outputs sign: the chain's id depends on them. */
export const GENESIS_SIGNING_CHAIN_ID: Hash32 = new Uint8Array(32)

/** The 16-byte account of an Ed25519 key. */
export function ownerOf(kernels: Kernels, pk: Uint8Array): Uint8Array {
  return kernels.tagged('stakecube/owner').hash(pk).slice(0, 16)
}

/** The id of the credential that the stake output at `outpoint` is. */
export function credentialOf(kernels: Kernels, outpoint: { readonly txid: Hash32; readonly index: number }): Hash32 {
  return kernels.tagged('stakecube/credential').hash(outpoint.txid, u32(outpoint.index))
}

/** What a proof of possession signs. For a genesis output pass {@link GENESIS_SIGNING_CHAIN_ID}. */
export function possessionMessage(kernels: Kernels, chainId: Hash32, owner: Uint8Array, blsPk: Uint8Array): Hash32 {
  return kernels.tagged('stakecube/pop').hash(chainId, owner, blsPk)
}

/** What a device key signs so that `owner` may register it. For a genesis output pass {@link GENESIS_SIGNING_CHAIN_ID}. */
export function deviceMessage(
  kernels: Kernels,
  chainId: Hash32,
  owner: Uint8Array,
  deviceKey: Uint8Array,
  role: number,
): Hash32 {
  return kernels.tagged('stakecube/device').hash(chainId, owner, deviceKey, Uint8Array.of(role))
}

/** What the proposer of the block at `height` signs with BLS; the signature is the reveal. */
export function revealMessage(kernels: Kernels, chainId: Hash32, height: bigint): Hash32 {
  return kernels.tagged('stakecube/reveal').hash(chainId, u64(height))
}

/** The 8-byte topic of a name: the first bytes of its SHA-256. */
export function topicOf(kernels: Kernels, name: string): Uint8Array {
  return kernels.sha256(utf8(name)).slice(0, 8)
}
