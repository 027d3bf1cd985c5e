/** Runs a file of test vectors through the public code paths, with the kernels and BLS that the caller chose. */
import type { Engine } from '../../crypto/engine.ts'
import { headerSuite, transactionSuite } from './codecs.ts'
import { auditSuite, cubeSuite } from './cube.ts'
import { certificateSuite } from './certificate.ts'
import { Fields, VectorFileError } from './fields.ts'
import { consistencySuite, inclusionSuite, selectSuite, taggedHashSuite } from './hashing.ts'
import { parseExactJson } from './json.ts'
import { possessionSuite, voteSuite } from './signing.ts'
import type { Json, Suite } from './suite.ts'
import { historySuite, stateSuite, topicsSuite } from './trees.ts'

export const SUITES = {
  sortition: selectSuite,
  'rfc9162-inclusion': inclusionSuite,
  'rfc9162-consistency': consistencySuite,
  'tagged-hash': taggedHashSuite,
  select: selectSuite,
  pop: possessionSuite,
  vote: voteSuite,
  tx: transactionSuite,
  state: stateSuite,
  cube: cubeSuite,
  audit: auditSuite,
  header: headerSuite,
  certificate: certificateSuite,
  history: historySuite,
  topics: topicsSuite,
} as const satisfies Readonly<Record<string, Suite>>

export type VectorKind = keyof typeof SUITES
export const VECTOR_KINDS = Object.keys(SUITES) as VectorKind[]

export interface VectorFailure {
  /** Of the case in the file, from 0. */
  readonly index: number
  readonly expected: Json
  readonly got: Json
}
export interface VectorReport {
  readonly cases: number
  readonly passed: number
  readonly failed: readonly VectorFailure[]
}

/** Throws VectorFileError, one sentence, for a file that is no vector file of this kind. */
export function runVectors(kind: VectorKind, fileText: string, engine: Engine): VectorReport {
  const file = new Fields(parseFile(fileText), '')
  const cases = file.objects('cases')
  const answer = SUITES[kind](engine, file)
  const failed: VectorFailure[] = []
  for (const [index, testCase] of cases.entries()) {
    const { expected, got } = answerCase(answer, testCase)
    const difference = differenceOf(expected, got)
    if (difference !== undefined) failed.push({ index, ...difference })
  }
  return { cases: cases.length, passed: cases.length - failed.length, failed }
}

function parseFile(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch (error) {
    throw new VectorFileError(`the vector file is not JSON (${(error as Error).message}); correct it`)
  }
}

/** What the code under test throws says that an input is outside its domain: the case fails, the run goes on. */
function answerCase(answer: ReturnType<Suite>, testCase: Fields): { readonly expected: Json; readonly got: Json } {
  try {
    return answer(testCase)
  } catch (error) {
    if (error instanceof VectorFileError) throw error
    return { expected: 'an answer', got: `threw: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** Undefined when equal; of two objects only the fields that differ. */
function differenceOf(expected: Json, got: Json): { readonly expected: Json; readonly got: Json } | undefined {
  if (isEqual(expected, got)) return undefined
  if (!isRecord(expected) || !isRecord(got)) return { expected, got }
  const names = [...new Set([...Object.keys(expected), ...Object.keys(got)])]
  const differing = names.filter((name) => !isEqual(expected[name] ?? null, got[name] ?? null))
  const pick = (from: { readonly [key: string]: Json }) =>
    Object.fromEntries(differing.map((name) => [name, from[name] ?? null]))
  return { expected: pick(expected), got: pick(got) }
}

function isRecord(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** Structural equality; the order of an object's fields does not matter. */
function isEqual(a: Json, b: Json): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    const [left, right] = [a as readonly Json[], b as readonly Json[]]
    return left.length === right.length && left.every((item, index) => isEqual(item, right[index]!))
  }
  if (!isRecord(a) || !isRecord(b)) return a === b
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isEqual(a[name]!, b[name]!))
  )
}
