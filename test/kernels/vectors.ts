/** Reads ../shared/vectors where the folder exists; elsewhere the suites that need it say that they did not run. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url))

/** Reason for node:test's `skip`, or false when the vectors are there. */
export const vectorsMissing: string | false = existsSync(FOLDER) ? false : `no vectors at ${FOLDER}`

/** Parses a file of vectors. Integers beyond 2^53 stand as bare numbers in rfc9162/: they come back as strings. */
export function readVectors<File>(name: string): File {
  const text = readFileSync(FOLDER + name, 'utf8')
  return JSON.parse(text.replace(/(":\s*)(\d{16,})(?=\s*[,}\n])/g, '$1"$2"')) as File
}
