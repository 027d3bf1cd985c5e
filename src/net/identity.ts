/** A host's identity: the account's Ed25519 key, so that PeerId, account and device id are one thing (§1). */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { assertLength } from '../base/assert.ts'

/** `seed` is the account's secret key, 32 bytes. */
export async function identityFrom(seed: Uint8Array): Promise<Ed25519PrivateKey> {
  assertLength('seed', seed, 32)
  return generateKeyPairFromSeed('Ed25519', seed)
}

export async function peerNameOf(seed: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await identityFrom(seed)).toString()
}

/** The Ed25519 key in a PeerId, 32 bytes; undefined for text that is none, and for keys of other kinds. */
export function keyOfPeer(peer: string): Uint8Array | undefined {
  try {
    const id = peerIdFromString(peer)
    return id.type === 'Ed25519' ? id.publicKey.raw : undefined
  } catch {
    return undefined
  }
}
