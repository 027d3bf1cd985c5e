/**
 * `node --import tsx tools/plot-scale.ts [REPORT.json [PAGE.html]]`: what check `scale` measured as a page with table and plots;
 * docs/measured/scale.json and scale.html unless named.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CheckReport } from './checks/registry.ts'
import { PLOT_STYLE, escaped, lines, type Line } from '../src/sim/plots.ts'
import type { ScaleRow } from '../src/sim/scale.ts'

const FOLDER = fileURLToPath(new URL('../docs/measured/', import.meta.url))
const [source = `${FOLDER}scale.json`, target = `${FOLDER}scale.html`] = process.argv.slice(2)
const KIBIBYTE = 1024

interface Published {
  readonly processes: number
  readonly mebibytesPerNodeBlock: number
  readonly blockTimeS: number
}

const report = readReport()
const valueOf = (id: string): unknown => report.results.find((result) => result.id === id)?.value
const rows = report.results.map(({ value }) => value).filter((value): value is ScaleRow => isRow(value))
const published = valueOf('published') as readonly Published[]

function readReport(): CheckReport {
  const known = JSON.parse(readFileSync(source, 'utf8')) as CheckReport
  if (known.name === 'scale') return known
  throw new Error(`${source} is not a report of check "scale" but of "${known.name}": run check -- scale --out FILE`)
}

function isRow(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'bytesPerNodeBlock' in value
}

const curve = (name: string, color: string, withCrypto: boolean, of: (row: ScaleRow) => number): Line => ({
  name,
  color,
  points: rows.filter((row) => row.withCrypto === withCrypto).map((row) => [row.nodes, of(row)]),
})

const both = (title: string, of: (row: ScaleRow) => number): string =>
  lines(
    title,
    [curve('cryptography charged', '#d9730d', true, of), curve('cryptography free', '#2f6fde', false, of)],
    true,
  )

const cells = (tag: 'td' | 'th', values: readonly (string | number)[]): string =>
  `<tr>${values.map((value) => `<${tag}>${escaped(String(value))}</${tag}>`).join('')}</tr>`

const kibibytes = (size: number): string => `${Math.round(size)} KiB`

const table = rows.map((row) =>
  cells('td', [
    row.nodes,
    row.withCrypto ? 'charged' : 'free',
    row.voters,
    row.messagesPerNodeBlock,
    kibibytes(row.bytesPerNodeBlock / KIBIBYTE),
    `${row.finalityMedianMs} ms`,
    `${row.finalityP99Ms} ms`,
    `${row.linksMean} (${row.linksMax})`,
    row.routedPerBlock === 0 ? 0 : `${row.routedPerBlock} (${row.hopsMean.toFixed(1)})`,
    row.transactionsPerBlock.toFixed(1),
  ]),
)
const quoted = published.map(({ processes, mebibytesPerNodeBlock, blockTimeS }) =>
  cells('td', [
    processes,
    `${kibibytes(mebibytesPerNodeBlock * KIBIBYTE)} (${mebibytesPerNodeBlock} MiB)`,
    `${blockTimeS} s`,
  ]),
)

/** A noted object as a table of its names and numbers. */
const facts = (id: string): string =>
  `<table>${Object.entries(valueOf(id) as Record<string, number>)
    .map((fact) => cells('td', fact))
    .join('')}</table>`

const page = [
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>StakeCube: how it scales</title>',
  '<style>body{font:15px/1.5 system-ui;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2430}table{border-collapse:collapse}',
  `td,th{padding:.15rem .9rem .15rem 0;text-align:right;vertical-align:bottom}td{white-space:nowrap}.wide{overflow-x:auto}td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}${PLOT_STYLE}</style>`,
  '<h1>How it scales</h1>',
  `<p>Simulated (check <code>scale</code>, commit ${escaped(report.commit.slice(0, 12))}, seed ${escaped(report.seed)}): production consensus and ledger, f = F = 5 (256 committee seats, flat rule), model signatures, about 5 to 10 payments a block. Each row is one run: what nodes sent from the moment that the first of them had block 2 until the first had block ${2 + Math.max(...rows.map(({ blocks }) => blocks))}, 80 bytes of overhead a message included, and the time to final at every node in that while, so block 2 at the others is in it. Routed: messages of all nodes for one node that went over others.</p>`,
  '<p>Runs are short, so one event shows. A node that lacks something asks all, and all that can answer do: a hundred answers in a small network, thousands in a large one, most of them routed. A 99th percentile about 3 s above the median is a block for which the network waited until votes are sent again, after 3 s. docs/simulation.md says in which rows either happened.</p>',
  '<div class="wide"><table>',
  cells('th', [
    'nodes',
    'cryptography',
    'keys in committee',
    'messages per node and block',
    'bytes per node and block',
    'final, median',
    'final, p99',
    'links, mean (most)',
    'routed per block (hops)',
    'transactions in a block',
  ]),
  ...table,
  '</table></div>',
  both('Time to final, median (virtual ms) by nodes', (row) => row.finalityMedianMs),
  both('Time to final, 99th percentile (virtual ms) by nodes', (row) => row.finalityP99Ms),
  both('Bytes per node and block (KiB) by nodes', (row) => row.bytesPerNodeBlock / 1024),
  both('Messages per node and block by nodes', (row) => row.messagesPerNodeBlock),
  "<h2>What StakeCube's authors published</h2>",
  '<p>For N processes on a cluster, f = F = 5, at most 10 transactions per proposer. The block times came from hardware that we do not have, so they are quoted, not divided.</p>',
  '<table>',
  cells('th', ['processes', 'bytes per node and block', 'block time']),
  ...quoted,
  '</table>',
  '<h2>Network model</h2>',
  facts('network'),
  '<p>One-way delay: latencyMs plus up to jitterMs, one message in fifty up to ten times the jitter. Nodes are connected along the links of the cube only: to their own shards and to two nodes across each bit. Broadcasts go through a tree over links, of that fan-out, without duplicates; what is for one node that is not linked takes so many routes that share no shard between. Uplinks queue. All stake is equal.</p>',
  '<h2>Cryptography, ms per operation, as charged</h2>',
  facts('cryptography'),
  '</html>\n',
].join('\n')
writeFileSync(target, page)
