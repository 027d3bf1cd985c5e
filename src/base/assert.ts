/**
 * Assertions. A failed one is a bug of ours or of the caller, never hostile input: remote bytes yield values
 * ({@link ./verdict.ts}), so nothing below a composition root catches an AssertionError.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws AssertionError with `message` (name the argument and both values) unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** Asserts `low <= value <= high` and that `value` is an integer. */
export function assertRange(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new AssertionError(`${name} must be an integer in [${low}, ${high}], got ${value}`)
}

/** Asserts the exact byte length of `bytes`. */
export function assertLength(name: string, bytes: Uint8Array, length: number): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== length)
    throw new AssertionError(`${name} must be ${length} bytes, got ${bytes?.length}`)
}

/** For the end of an exhaustive switch: a value that the types say cannot exist. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value ${String(value)}`)
}
