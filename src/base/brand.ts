/** Branded types for what must not mix. A brand exists only in the type checker. */
declare const brand: unique symbol
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }

/** 32 bytes: a block hash, txid, Merkle root, seed … */
export type Hash32 = Uint8Array
