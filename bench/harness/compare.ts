/**
 * The change against an earlier report: medians of the same case and implementation, and the ratios. Two engines of the
 * same major version should agree in their ratios within a few per cent; both are named.
 */
import type { BenchReport } from './report.ts'
import { duration } from './table.ts'

/** How far apart two ratios of the same engine may be. */
const RATIO_SPREAD = 0.15

const signed = (change: number) => `${change > 0 ? '+' : ''}${(100 * change).toFixed(1)} %`

export function comparison(now: BenchReport, before: BenchReport): string {
  const lines = [`${now.machine.engine} against ${before.machine.engine} (${before.date}, ${before.commit}):`]
  for (const { id, impl, medianNs } of now.cases) {
    const old = before.cases.find((result) => result.id === id && result.impl === impl)
    if (old === undefined) continue
    const change = (medianNs - old.medianNs) / old.medianNs
    lines.push(`  ${id} ${impl}: ${duration(old.medianNs)} → ${duration(medianNs)} (${signed(change)})`)
  }
  return [...lines, ...ratioLines(now, before)].join('\n')
}

function ratioLines(now: BenchReport, before: BenchReport): string[] {
  const lines: string[] = []
  for (const { id, impl, peer, ratio, bar } of now.ratios) {
    const old = before.ratios.find((result) => result.id === id && result.impl === impl && result.peer === peer)
    if (old === undefined || bar === null) continue
    const change = (ratio - old.ratio) / old.ratio
    const far = Math.abs(change) > RATIO_SPREAD ? `, more than ${100 * RATIO_SPREAD} % apart` : ''
    lines.push(`  ratio ${id} ${impl} : ${peer}: ${old.ratio} → ${ratio} (${signed(change)}${far})`)
  }
  return lines
}
