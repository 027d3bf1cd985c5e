/**
 * What is measured. A suite is a list of measurements; several of them may share a case id and differ in the implementation.
 * All of it runs unchanged in Node, in a page and on the emulated board.
 */
import type { Kernels } from '../../src/kernels/contract.ts'

/** One implementation of one case, ready to run. */
export interface Measurement {
  /** The case, e.g. `sha256-64`. */
  readonly id: string
  /** Who does it, e.g. `simd`, `@noble/hashes`. */
  readonly impl: string
  /** Does the work once. A promise is awaited. */
  readonly run: () => unknown
  /** True if what `run` gives is the right answer; asked before anything is timed. */
  readonly check: (answer: unknown) => boolean
  /** Set if `run` gives promises. */
  readonly asynchronous?: boolean
}

/** What an environment offers. */
export interface Environment {
  /** The builds that this engine runs; twin always. */
  readonly kernels: readonly Kernels[]
  /** Node's crypto module, where there is one. */
  readonly nodeCrypto?: typeof import('node:crypto')
  readonly subtle?: SubtleCrypto
  /** Half minutes are too long for one run: of what takes so long, only our own kernel is measured. */
  readonly slow?: boolean
  /** log₂ of the leaves in the large Merkle trees. */
  readonly merkleLog: number
}

export type CaseMaker = (environment: Environment) => Promise<Measurement[]> | Measurement[]

export function sameBytes(expected: Uint8Array): (answer: unknown) => boolean {
  return (answer) => {
    const bytes = answer instanceof ArrayBuffer ? new Uint8Array(answer) : (answer as Uint8Array)
    return bytes?.length === expected.length && expected.every((byte, index) => bytes[index] === byte)
  }
}

export const kernelNamed = (environment: Environment, name: string): Kernels =>
  environment.kernels.find((kernels) => kernels.name === name)!
