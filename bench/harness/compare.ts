/** The change against an earlier report: medians of the same case and implementation. */
import type { BenchReport } from './report.ts'
import { duration } from './table.ts'

export function comparison(now: BenchReport, before: BenchReport): string {
  const lines = [`against ${before.date}, ${before.commit}, ${before.machine.engine}:`]
  for (const { id, impl, medianNs } of now.cases) {
    const old = before.cases.find((result) => result.id === id && result.impl === impl)
    if (old === undefined) continue
    const change = (100 * (medianNs - old.medianNs)) / old.medianNs
    const sign = change > 0 ? '+' : ''
    lines.push(`  ${id} ${impl}: ${duration(old.medianNs)} → ${duration(medianNs)} (${sign}${change.toFixed(1)} %)`)
  }
  return lines.join('\n')
}
