/** Stands in for crypto/bls-noble.ts in the edge file, which has the wasm kernel: every Node 18 compiles WebAssembly. */
import type { BlsVerifier } from '../crypto/bls-contract.ts'

export function createNobleBls(): BlsVerifier {
  throw new Error('this Node runs without WebAssembly: start it without --jitless')
}
