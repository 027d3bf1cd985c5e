/**
 * Stands in for parts of libp2p's packages that the edge file never runs: a test double, the slow cipher beside OpenSSL's, and
 * keys other than Ed25519, which no peer of a StakeCube chain has (§1).
 */
const leftOut = (): never => {
  throw new Error('this part of libp2p is left out of the edge file: peers have Ed25519 keys')
}

export const mockMuxer = leftOut
export const chacha20poly1305 = leftOut
export const secp256k1 = { getPublicKey: leftOut, sign: leftOut, verify: leftOut, utils: { randomSecretKey: leftOut } }
