/** The few functions of node:assert/strict that shared suites use. */
import { equal as sameStructure, ok as truthy } from '../expect.ts'

export const ok = (value: unknown, message = 'expected a true value'): void => truthy(value, message)
export const equal = (actual: unknown, expected: unknown): void => {
  if (!Object.is(actual, expected)) throw new Error(`expected ${String(expected)}, got ${String(actual)}`)
}
export const deepEqual = (actual: unknown, expected: unknown): void => sameStructure(actual, expected)

/** Rejects with an error that has these properties. */
export async function rejects(promise: Promise<unknown>, expected: Readonly<Record<string, unknown>>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause as Record<string, unknown>,
  )
  if (error === undefined) throw new Error('expected a rejection')
  for (const [name, value] of Object.entries(expected)) sameStructure(error[name], value, name)
}
