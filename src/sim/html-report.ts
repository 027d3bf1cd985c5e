/** A campaign as one HTML page without scripts: the summary, what was planted, and plots as SVG. */
import type { CampaignSummary, PlantedResult } from './campaign.ts'
import { PLOT_STYLE, escaped, histogram, lines } from './plots.ts'
import type { RunOptions } from './run-options.ts'
import type { RunReport, RunTrace } from './simulate.ts'

export interface SingleRun {
  readonly options: RunOptions
  readonly trace: RunTrace
}

export function htmlReport(
  summary: CampaignSummary,
  planted: readonly PlantedResult[],
  reports: readonly RunReport[],
  single?: SingleRun,
): string {
  const rows = Object.entries(summary).map(([name, value]) =>
    row(name, Array.isArray(value) ? value.join(', ') || 'none' : String(value)),
  )
  const bugs = planted.map(({ bug, checker, caught, seed }) =>
    row(bug, caught ? `caught by ${checker}, seed ${seed}` : 'NOT CAUGHT'),
  )
  const failed = reports
    .filter(({ ok }) => !ok)
    .map(({ seed, violations }) =>
      row(seed, violations.map(({ checker, detail }) => `${checker}: ${detail}`).join('; ')),
    )
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>StakeCube simulation</title>',
    '<style>body{font:15px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2430}table{border-collapse:collapse}',
    `td{padding:.15rem .9rem .15rem 0;vertical-align:top}td:first-child{color:#55606e}${PLOT_STYLE}</style>`,
    '<h1>StakeCube simulation</h1>',
    `<p>Signatures: <b>${escaped(summary.signatures)}</b>. Every run repeats exactly from its seed and its flags: <code>stakecube sim --seed SEED</code>.</p>`,
    `<table>${rows.join('')}</table>`,
    '<p>Time to final runs by the world’s clock, from when a block was made to when a node had it final: how wrong the nodes’ clocks are shows in what they do only.</p>',
    ...(single === undefined ? campaignPlots(reports) : singlePlots(single)),
    bugs.length === 0 ? '' : `<h2>Planted bugs</h2><table>${bugs.join('')}</table>`,
    failed.length === 0 ? '<p>No run failed.</p>' : `<h2>Failed runs</h2><table>${failed.join('')}</table>`,
    '</html>\n',
  ].join('\n')
}

const row = (name: string, value: string): string => `<tr><td>${escaped(name)}</td><td>${escaped(value)}</td></tr>`

const campaignPlots = (reports: readonly RunReport[]): string[] => [
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
    'Messages sent per node and block',
    reports.map((report) => report.messagesPerNodeBlock),
  ),
  histogram(
    'Final blocks in a run',
    reports.map((report) => report.height),
  ),
]

function singlePlots({ options, trace }: SingleRun): string[] {
  const { blocks, epochs } = trace
  return [
    lines('Time to final by block (virtual ms)', [
      { name: 'last honest node', color: '#d9730d', points: blocks.map(({ height, lastMs }) => [height, lastMs]) },
      { name: 'median', color: '#2f6fde', points: blocks.map(({ height, medianMs }) => [height, medianMs]) },
    ]),
    lines('Cube by epoch', [
      { name: 'shards', color: '#2f6fde', points: epochs.map(({ epoch, shards }) => [epoch, shards]) },
      { name: 'seats', color: '#8c8fa3', points: epochs.map(({ epoch, seats }) => [epoch, seats]) },
    ]),
    `<h2>The run</h2><pre>${escaped(JSON.stringify(options, plain, 2))}</pre>`,
  ]
}

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint'
    ? String(value)
    : value instanceof Map
      ? Object.fromEntries(value as Map<number, string>)
      : value
