/** What the module exports. Raw: numbers in, numbers out; the host owns all checks. */
export { compress } from './compress'
export { finish, hash, hashMany, start } from './hash'
export { ARENA, ARENA_END, MIDSTATES, MIDSTATE_COUNT, RESULT, STATE, TAILS } from './memory'
export { IV } from './constants'
export {
  buildTree, consistencyProof, foldProofs, hashTree64, inclusionProof, merkleRoot, rootFromInclusion, treeProofs,
  verifyConsistency,
} from './merkle'
export { auditDraws, AUDIT_MEMBER_BYTES } from './audit'
export { stateRoot, STATE_ENTRY_BYTES } from './state'
export { select, SELECT_DIGEST } from './select'

/** Messages hashed at once by the bulk kernels: 4 in the SIMD build, 1 in the scalar one. */
export const LANES: i32 = ASC_FEATURE_SIMD ? 4 : 1
