/** SHA-256 of the peers, each called in the fastest way that its own documentation offers. */
import * as asSha256 from '@chainsafe/as-sha256'
import { sha256 as noble } from '@noble/hashes/sha2.js'
import { createSHA256 } from 'hash-wasm'
import type { Environment } from '../harness/case.ts'

export interface Peer {
  readonly impl: string
  readonly sha256: (message: Uint8Array) => Uint8Array
}

/** Peers with synchronous one-shot hashing, our own builds first. */
export async function peers(environment: Environment): Promise<Peer[]> {
  const wasm = await createSHA256()
  const list: Peer[] = environment.kernels.map((kernels) => ({ impl: kernels.name, sha256: kernels.sha256 }))
  list.push({ impl: '@noble/hashes', sha256: noble })
  list.push({ impl: 'hash-wasm', sha256: (message) => wasm.init().update(message).digest('binary') })
  list.push({ impl: '@chainsafe/as-sha256', sha256: asSha256.digest })
  const { nodeCrypto } = environment
  if (nodeCrypto !== undefined) {
    list.push({
      impl: 'node:crypto createHash',
      sha256: (message) => nodeCrypto.createHash('sha256').update(message).digest(),
    })
    // Since Node 20.12.
    if ('hash' in nodeCrypto)
      list.push({ impl: 'node:crypto hash', sha256: (message) => nodeCrypto.hash('sha256', message, 'buffer') })
  }
  return list
}

/** Its SIMD build where the engine has SIMD; the same choice as its default. */
export const asSha256HashInto = asSha256.hashInto
