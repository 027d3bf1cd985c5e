/** Ciphersuites of §1, and the limits that both verifiers share. */
export const BLS_SIGNATURE_SUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'
export const BLS_POSSESSION_SUITE = 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

/** How often one key or signature may count in a sum. Committees have far fewer seats (§10). */
export const BLS_WEIGHT_MAX = 65535
