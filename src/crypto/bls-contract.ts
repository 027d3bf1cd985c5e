/**
 * The BLS contract: verification (public data only) and signing, apart from each other, so that the light client can take
 * a small verifier and nothing that knows a secret.
 *
 * Keys are in G1 (48 B compressed), signatures in G2 (96 B compressed), ciphersuite
 * BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ (§1). Points are canonical and subgroup-checked; the identity is refused,
 * also as a sum of keys. Messages are 32-byte digests.
 *
 * Implementations: noble (oracle, fallback), the AssemblyScript kernel, and, for the simulator alone, a model scheme.
 * All give the same verdict for the same bytes. Hostile bytes of any length give `undefined` or `false`, never a throw.
 */

/** A validated public key (or sum of keys). Opaque: only the verifier that made it can use it. Kept as long as you like. */
export interface BlsKey {
  /** Canonical 48-byte encoding. */
  readonly bytes: Uint8Array
}

/** A key with the number of times it counts in a sum (a validator's seats). `times` ≥ 1. */
export interface WeightedKey {
  readonly key: BlsKey
  readonly times: number
}

export interface SignedMessage {
  readonly key: BlsKey
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** The validated keys of a committee, seat by seat: bit i of a bitmap, most significant first, counts key i. */
export interface SeatKeys {
  readonly keys: readonly BlsKey[]
  /** The sum of all of them, if the caller knows it: a bitmap with few zeros then costs few subtractions. */
  readonly total?: BlsKey | undefined
}

/** A certificate or vote aggregate: the seats of `bitmap` signed `message` together. All but `seats` may come from anywhere. */
export interface SeatClaim {
  readonly seats: SeatKeys
  readonly bitmap: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/**
 * What is wrong, the cheapest reason first: a bitmap of another length or with bits beyond the seats; a signature that is
 * no canonical point of the subgroup; set seats whose keys add up to the identity (or none); a signature that is not theirs.
 */
export type SeatVerdict = 'valid' | 'bitmap' | 'signature-encoding' | 'key-sum' | 'signature'

export interface BlsVerifier {
  /** 'bls' is the real scheme; 'model' is the simulator's. Reports must print it. */
  readonly scheme: 'bls' | 'model'
  /** Which code does the work: 'noble', 'kernel' or 'model'. */
  readonly engine: 'noble' | 'kernel' | 'model'

  /** Decodes and validates a key: canonical, on the curve, in the subgroup, not the identity. Cached by bytes. */
  decodeKey(bytes: Uint8Array): BlsKey | undefined
  /** True iff `bytes` is a canonical signature in the subgroup and not the identity. */
  isSignature(bytes: Uint8Array): boolean
  /** Σ timesᵢ·keyᵢ; undefined if that is the identity or the list is empty. */
  sumKeys(keys: readonly WeightedKey[]): BlsKey | undefined
  /** total − Σ timesᵢ·keyᵢ; undefined if that is the identity. */
  subtractKeys(total: BlsKey, keys: readonly WeightedKey[]): BlsKey | undefined
  /** One pairing check of an (aggregate) signature over one message under one (sum of) key(s). */
  verify(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean
  /**
   * All of `items` at once by random linear combination; items with equal messages share a pairing. `seed` (≥ 32 bytes,
   * unpredictable to whoever made the items) gives the 128-bit coefficients. Returns the indices of the bad items,
   * ascending: empty means that all are valid.
   */
  verifyBatch(items: readonly SignedMessage[], seed: Uint8Array): readonly number[]
  /** Verifies a proof of possession: the same check under the POP ciphersuite BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. */
  verifyPossession(key: BlsKey, message: Uint8Array, signature: Uint8Array): boolean
  /** Σ timesᵢ·signatureᵢ as 96 bytes; undefined if one is not a valid point, the sum is the identity, or the list is empty. */
  sumSignatures(
    signatures: readonly { readonly signature: Uint8Array; readonly times: number }[],
  ): Uint8Array | undefined

  /** Sum of the keys of the set bits, by adding them or by taking the others from the total; undefined if it is the identity. */
  sumSeats(seats: SeatKeys, bitmap: Uint8Array): BlsKey | undefined
  /** One certificate or vote aggregate: one sum and one pairing check. */
  verifySeats(claim: SeatClaim): SeatVerdict
  /** Many of them, of any committees, with one combined check as {@link verifyBatch}; one verdict each, the same as alone. */
  verifySeatsBatch(claims: readonly SeatClaim[], seed: Uint8Array): readonly SeatVerdict[]
}

/** Holds secrets; only validators and wallets that stake construct one. Secret keys are 32 bytes, big-endian, in [1, r). */
export interface BlsSigner {
  readonly scheme: 'bls' | 'model'
  publicKey(secretKey: Uint8Array): Uint8Array
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array
  provePossession(secretKey: Uint8Array, message: Uint8Array): Uint8Array
  /** A valid secret key from at least 32 bytes of secret entropy (deterministic). */
  secretKeyFrom(entropy: Uint8Array): Uint8Array
}
