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
const MEBIBYTE = 1024 * 1024

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

const table = rows.map((row) =>
  cells('td', [
    row.nodes,
    row.withCrypto ? 'charged' : 'free',
    row.voters,
    row.messagesPerNodeBlock,
    `${(row.bytesPerNodeBlock / MEBIBYTE).toFixed(3)} MiB`,
    `${row.finalityMedianMs} ms`,
    `${row.finalityP99Ms} ms`,
    `${row.linksMean} (${row.linksMax})`,
    row.transactionsPerBlock.toFixed(1),
  ]),
)
const quoted = published.map(({ processes, mebibytesPerNodeBlock, blockTimeS }) =>
  cells('td', [processes, `${mebibytesPerNodeBlock} MiB`, `${blockTimeS} s`]),
)

const page = [
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>StakeCube: how it scales</title>',
  '<style>body{font:15px/1.5 system-ui;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2430}table{border-collapse:collapse}',
  `td,th{padding:.15rem .9rem .15rem 0;text-align:right;vertical-align:bottom}td{white-space:nowrap}pre{white-space:pre-wrap}${PLOT_STYLE}</style>`,
  '<h1>How it scales</h1>',
  `<p>Simulated (check <code>scale</code>, commit ${escaped(report.commit.slice(0, 12))}, seed ${escaped(report.seed)}): production consensus and ledger, f = F = 5 (256 committee seats, flat rule), model signatures. Sent bytes with 80 bytes of overhead a message. Time to final: from the block's time to its finality, over nodes and blocks.</p>`,
  '<table>',
  cells('th', [
    'nodes',
    'cryptography',
    'keys in committee',
    'messages per node and block',
    'bytes per node and block',
    'final, median',
    'final, p99',
    'links, mean (most)',
    'transactions in a block',
  ]),
  ...table,
  '</table>',
  both('Time to final, median (virtual ms) by nodes', (row) => row.finalityMedianMs),
  both('Time to final, 99th percentile (virtual ms) by nodes', (row) => row.finalityP99Ms),
  both('Bytes per node and block (KiB) by nodes', (row) => row.bytesPerNodeBlock / 1024),
  both('Messages per node and block by nodes', (row) => row.messagesPerNodeBlock),
  "<h2>What StakeCube's authors published</h2>",
  '<p>For N processes on a cluster, f = F = 5, at most 10 transactions per proposer. The block times came from hardware that we do not have, so they are quoted, not divided.</p>',
  '<table>',
  cells('th', ['processes', 'bytes/node/block', 'block time']),
  ...quoted,
  '</table>',
  '<h2>Network model</h2>',
  `<pre>${escaped(JSON.stringify(valueOf('network'), undefined, 2))}</pre>`,
  '<p>One-way delay: latencyMs plus up to jitterMs, one message in fifty up to ten times the jitter. Nodes are connected along the links of the cube only: to their own shards and to two nodes across each bit. Broadcasts go through a tree over links, of that fan-out, without duplicates; what is for one node that is not linked takes so many routes that share no shard between. Uplinks queue. All stake is equal.</p>',
  '<h2>Cryptography, ms per operation, as charged</h2>',
  `<pre>${escaped(JSON.stringify(valueOf('cryptography'), undefined, 2))}</pre>`,
  '</html>\n',
].join('\n')
writeFileSync(target, page)
