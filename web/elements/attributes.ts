/** What is given to an element as text or number, whoever gives it: attributes, scripts, and frameworks with types of their own. */

/**
 * Makes text of the named properties: nothing of null (a removed attribute), a list into words, anything else into what it is
 * written as. For `willUpdate`, before they are read.
 */
export function asTexts(host: object, names: readonly string[]): void {
  const properties = host as Record<string, unknown>
  for (const name of names) {
    const value = properties[name]
    if (value !== undefined && typeof value !== 'string') properties[name] = textOf(value)
  }
}

function textOf(value: unknown): string | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) return value.join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A count as a number, also where digits came as text; undefined for null (a removed attribute). */
export function countIn(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'number' ? value : NaN
}
