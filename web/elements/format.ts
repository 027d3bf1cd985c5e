/** Numbers, hashes and times as a person reads them, and back. */

/** Micro-units in a unit: amounts are shown and entered in units with up to six decimals. */
export const MICRO_PER_UNIT = 1_000_000n

const GROUP = '\u202f'

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, GROUP)

/** 1234567890n → "1 234.56789" (narrow no-break space). At least `decimalsMin` decimals. */
export function formatAmount(microUnits: bigint, decimalsMin = 2): string {
  const whole = grouped((microUnits / MICRO_PER_UNIT).toString())
  const fraction = (microUnits % MICRO_PER_UNIT).toString().padStart(6, '0').replace(/0+$/, '').padEnd(decimalsMin, '0')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** Micro-units of what a person typed ("12", "0.5", "1 000,25"), or undefined when it is no positive amount below 2^64. */
export function parseAmount(text: string): bigint | undefined {
  const match = /^(\d{1,14})(?:[.,](\d{1,6}))?$/.exec(text.trim().replace(/[\s\u202f']/g, ''))
  if (match === null) return undefined
  const amount = BigInt(match[1]!) * MICRO_PER_UNIT + BigInt((match[2] ?? '').padEnd(6, '0'))
  return amount > 0n && amount < 1n << 64n ? amount : undefined
}

/** "1 234" for heights and counts. */
export const formatCount = (count: bigint | number): string => grouped(count.toString())

/** The first and last `digits` hex digits of a hash. */
export const shortHex = (hex: string, digits = 6): string =>
  hex.length <= 2 * digits + 1 ? hex : `${hex.slice(0, digits)}…${hex.slice(-digits)}`

/** "0.84 s", "12 s", "3 min", "2 h", "5 d". */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(ms < 995 ? 2 : 1)} s`
  if (ms < 99_500) return `${Math.round(ms / 1000)} s`
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 129_600_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} d`
}

/** "just now", "4 s ago", "3 min ago": an age in whole seconds, so that it does not flicker. */
export function formatAge(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 2) return 'just now'
  return seconds < 100 ? `${seconds} s ago` : `${formatDuration(ms)} ago`
}

/** Local time of day with seconds. */
export const formatTime = (timeMs: bigint | number): string =>
  new Date(Number(timeMs)).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** The middle value (mean of the two middle ones); undefined for none. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
