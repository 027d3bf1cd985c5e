/** A campaign as one HTML page without scripts: the summary, what was planted, and plots as SVG. */
import type { CampaignSummary, PlantedResult } from './campaign.ts'
import type { RunReport } from './simulate.ts'

const WIDTH = 640
const HEIGHT = 220
const MARGIN = 44
const BIN_COUNT = 40

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export function htmlReport(
  summary: CampaignSummary,
  planted: readonly PlantedResult[],
  reports: readonly RunReport[],
): string {
  const rows = Object.entries(summary).map(([name, value]) =>
    row(name, Array.isArray(value) ? value.join(', ') || 'none' : String(value)),
  )
  const bugs = planted.map(({ bug, checker, caught, seed }) =>
    row(bug, caught ? `caught by ${checker}, seed ${seed}` : 'NOT CAUGHT'),
  )
  const failed = reports.filter(({ ok }) => !ok).map((report) => row(report.seed, report.violations[0]?.detail ?? ''))
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>StakeCube simulation</title>',
    '<style>body{font:15px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2430}table{border-collapse:collapse}',
    'td{padding:.15rem .9rem .15rem 0;vertical-align:top}td:first-child{color:#55606e}svg{background:#f6f8fa;border-radius:6px}',
    'rect.bar{fill:#2f6fde}text{font:11px system-ui;fill:#55606e}</style>',
    '<h1>StakeCube simulation</h1>',
    `<p>Signatures: <b>${escaped(summary.signatures)}</b>. Every run repeats exactly from its seed: <code>stakecube sim --seed SEED</code>.</p>`,
    `<table>${rows.join('')}</table>`,
    '<p>Time to final runs from the time in the block, which its proposer’s clock set: where that clock is ahead, it may be below zero.</p>',
    histogram(
      'Time to final (virtual ms, median of a run)',
      reports.map((report) => report.finalityMedianMs),
    ),
    histogram(
      'Time to final (virtual ms, 99th percentile of a run)',
      reports.map((report) => report.finalityP99Ms),
    ),
    histogram(
      'Bytes sent per node and block',
      reports.map((report) => report.bytesPerNodeBlock),
    ),
    histogram(
      'Final blocks in a run',
      reports.map((report) => report.height),
    ),
    bugs.length === 0 ? '' : `<h2>Planted bugs</h2><table>${bugs.join('')}</table>`,
    failed.length === 0 ? '<p>No run failed.</p>' : `<h2>Failed runs</h2><table>${failed.join('')}</table>`,
    '</html>\n',
  ].join('\n')
}

const row = (name: string, value: string): string => `<tr><td>${escaped(name)}</td><td>${escaped(value)}</td></tr>`

function histogram(title: string, values: readonly number[]): string {
  if (values.length === 0) return ''
  const sorted = [...values].sort((a, b) => a - b)
  const low = Math.min(0, sorted[0]!)
  const high = Math.max(low + 1, sorted[Math.floor(0.995 * (sorted.length - 1))]!)
  const bins = Array.from({ length: BIN_COUNT }, () => 0)
  for (const value of values)
    bins[Math.max(0, Math.min(BIN_COUNT - 1, Math.floor((BIN_COUNT * (value - low)) / (high - low))))]!++
  const most = Math.max(...bins)
  const step = (WIDTH - 2 * MARGIN) / BIN_COUNT
  const bars = bins.map((count, bin) => {
    const height = ((HEIGHT - 2 * MARGIN) * count) / most
    const x = (MARGIN + bin * step).toFixed(1)
    return `<rect class="bar" x="${x}" y="${(HEIGHT - MARGIN - height).toFixed(1)}" width="${(step - 1).toFixed(1)}" height="${height.toFixed(1)}"/>`
  })
  const label = (x: number, anchor: string, text: string) =>
    `<text x="${x}" y="${HEIGHT - MARGIN + 16}" text-anchor="${anchor}">${text}</text>`
  return [
    `<h2>${escaped(title)}</h2>`,
    `<svg role="img" aria-label="${escaped(title)}" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    ...bars,
    label(MARGIN, 'start', String(Math.round(low))),
    label(WIDTH - MARGIN, 'end', `${Math.round(high)}${sorted.at(-1)! > high ? ' and more' : ''}`),
    `<text x="${MARGIN}" y="${MARGIN - 10}">${most} runs at most; median ${Math.round(sorted[sorted.length >> 1]!)}</text>`,
    '</svg>',
  ].join('\n')
}
