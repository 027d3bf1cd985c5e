/** A report in one file: ratios with their bars in front, then every case as horizontal bars. No scripts, no fonts, no links. */
import type { BenchReport, CaseResult } from './report.ts'
import { duration, networkRows, verdictOf } from './table.ts'

const escape = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

const STYLE = `
:root { color-scheme: light dark; --own: #0b6e4f; --peer: #8a8f98; --miss: #b3261e; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; font-variant-numeric: tabular-nums; vertical-align: middle; }
td.number, th.number { text-align: right; }
.bar { height: .9rem; background: var(--peer); min-width: 2px; border-radius: 2px; }
.own .bar { background: var(--own); }
.own th { font-weight: 700; }
.missed { color: var(--miss); font-weight: 700; }
h2 { margin-top: 2.5rem; }
td.wide { width: 55%; }`

function ratioRows(report: BenchReport): string {
  return report.ratios
    .filter(({ bar }) => bar !== null)
    .map((ratio) => {
      const verdict = verdictOf(ratio)
      const words = ratio.op === '>=' ? `faster than ${ratio.peer}` : `of the time of ${ratio.peer}`
      return `<tr><th>${escape(ratio.id)}</th><td class="number">${ratio.ratio.toFixed(2)} ×</td>
<td>${escape(`${ratio.impl}: ${words}`)}</td><td>${escape(`${ratio.op} ${ratio.bar}, bold ${ratio.bold}`)}</td>
<td class="${verdict === 'MISSED' ? 'missed' : ''}">${verdict}</td></tr>`
    })
    .join('\n')
}

function caseSection(id: string, cases: readonly CaseResult[]): string {
  const slowest = Math.max(...cases.map(({ medianNs }) => medianNs))
  const rows = [...cases]
    .sort((a, b) => a.medianNs - b.medianNs)
    .map(({ impl, medianNs, p10Ns, p90Ns }) => {
      const own = ['simd', 'scalar', 'twin', 'kernel'].includes(impl)
      const title = `${impl}: ${duration(medianNs)}, from ${duration(p10Ns)} (p10) to ${duration(p90Ns)} (p90)`
      return `<tr class="${own ? 'own' : ''}"><th scope="row">${escape(impl)}</th><td class="number">${duration(medianNs)}</td>
<td class="wide"><div class="bar" role="img" aria-label="${escape(title)}" title="${escape(title)}" style="width:${((100 * medianNs) / slowest).toFixed(1)}%"></div></td></tr>`
    })
    .join('\n')
  return `<h2>${escape(id)}</h2><table><tbody>${rows}</tbody></table>`
}

/** A verifier in each column. */
function networkSection({ network }: BenchReport): string {
  if (network === undefined) return ''
  const [headings, ...verifiers] = networkRows(network)
  const rows = headings!.map((heading, at) => {
    const cells = verifiers.map((row) => `<td class="number">${escape(row[at]!)}</td>`)
    return `<tr><th scope="row">${escape(heading)}</th>${cells.join('')}</tr>`
  })
  return `<h2>The network, before and after</h2>
<p>CPU of a devnet in one process, and time to final in the simulator with these costs, by verifier.</p>
<table><tbody>${rows.join('\n')}</tbody></table>`
}

export function htmlReport(report: BenchReport): string {
  const { machine } = report
  const ids = [...new Set(report.cases.map(({ id }) => id))]
  const sections = ids.map((id) =>
    caseSection(
      id,
      report.cases.filter((result) => result.id === id),
    ),
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>StakeCube kernels: ${escape(machine.engine)}</title><style>${STYLE}</style></head><body>
<h1>StakeCube kernels</h1>
<p>${escape(machine.engine)} on ${escape(machine.cpu)}, ${machine.cores} cores, ${escape(report.date)}, commit ${escape(report.commit)}.
Medians of samples that took turns over ${report.processes} processes; shorter bars are better; ours are green.</p>
<table><thead><tr><th>case</th><th class="number">ratio</th><th></th><th>bar</th><th></th></tr></thead>
<tbody>${ratioRows(report)}</tbody></table>
${sections.join('\n')}
${networkSection(report)}
</body></html>
`
}
