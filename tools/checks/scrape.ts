/** Reading a validator's /metrics as Prometheus would. */

/** The sum of all samples of each metric, by name. */
export async function scrape(monitor: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${monitor}/metrics`, { signal: AbortSignal.timeout(20_000) })
  if (!response.ok) throw new Error(`${monitor}/metrics answered HTTP ${response.status}`)
  const sums = new Map<string, number>()
  for (const line of (await response.text()).split('\n')) {
    const match = /^([a-z_]+)(?:\{[^}]*\})? (\S+)$/.exec(line)
    if (match !== null) sums.set(match[1]!, (sums.get(match[1]!) ?? 0) + Number(match[2]))
  }
  return sums
}

export const MIB = 1024 * 1024
export const CPU = 'process_cpu_seconds_total'
export const RSS = 'process_resident_memory_bytes'

/** The value below which `part` (0 to 1) of `values` lie; NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const ascending = [...values].sort((a, b) => a - b)
  return ascending[Math.min(ascending.length - 1, Math.floor(part * ascending.length))] ?? Number.NaN
}
