/**
 * Keys and signatures as @chainsafe/blst reads them: undefined for what it refuses. It takes uncompressed points too, which §1
 * does not, so lengths are checked here.
 */
import { PublicKey, Signature } from '@chainsafe/blst'

export function keyOfBlst(bytes: Uint8Array): PublicKey | undefined {
  if (bytes.length !== 48) return undefined
  try {
    return PublicKey.fromBytes(bytes, true)
  } catch {
    return undefined
  }
}

export function signatureOfBlst(bytes: Uint8Array): Signature | undefined {
  if (bytes.length !== 96) return undefined
  try {
    return Signature.fromBytes(bytes, true, true)
  } catch {
    return undefined
  }
}
