/** Assertions and waiting in browser tests, where node:assert is not. */

export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : part instanceof Uint8Array ? `bytes ${[...part]}` : part,
  )

/** Structural equality, bigints and bytes included. */
export function equal(actual: unknown, expected: unknown, what = 'value'): void {
  const [a, b] = [shown(actual), shown(expected)]
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`)
}

/** Resolves once `condition` holds, asked every 10 ms (a page in the background has no frames); fails after `timeoutMs`. */
export async function until(what: string, condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const startedMs = performance.now()
  while (!condition()) {
    if (performance.now() - startedMs > timeoutMs) throw new Error(`waited ${timeoutMs} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The message of what `act` rejects with. */
export async function rejection(act: () => Promise<unknown>): Promise<Error> {
  try {
    await act()
  } catch (cause) {
    return cause as Error
  }
  throw new Error('expected a rejection')
}
