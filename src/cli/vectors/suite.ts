/** What a kind of vectors is to the runner. */
import type { Engine } from '../../crypto/engine.ts'
import type { Fields } from './fields.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export interface Outcome {
  /** What the file says. Never an input of `got`. */
  readonly expected: Json
  /** What the public code paths answer. */
  readonly got: Json
}

/** Prepares what the cases of a file share and answers one case at a time. */
export type Suite = (engine: Engine, file: Fields) => (testCase: Fields) => Outcome
