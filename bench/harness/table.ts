/** Text tables: ratios first, then the figures behind them. */
import type { NetworkCost } from '../verify/network.ts'
import type { CaseResult, RatioResult } from './report.ts'

/** Three digits and a unit. */
export function duration(ns: number): string {
  const [value, unit] =
    ns < 1e3 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1e3, 'µs'] : ns < 1e9 ? [ns / 1e6, 'ms'] : [ns / 1e9, 's']
  return `${value.toPrecision(3)} ${unit}`
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

export const verdictOf = ({ bar, bold, pass, op, ratio }: RatioResult): string =>
  bar === null ? '' : !pass ? 'MISSED' : (op === '>=' ? ratio >= bold! : ratio <= bold!) ? 'bold' : 'ok'

export function ratioTable(ratios: readonly RatioResult[]): string {
  const rows = ratios.map((result) => [
    result.id,
    result.op === '>=' ? `${result.impl} is faster than ${result.peer} by` : `${result.impl} takes, of ${result.peer},`,
    `${result.ratio.toFixed(2)}×`,
    result.bar === null ? '' : `${result.op} ${result.bar}`,
    verdictOf(result),
  ])
  return columns([['case', 'median ratio within a round', '', 'bar', ''], ...rows])
}

export function caseTable(cases: readonly CaseResult[]): string {
  const rows = cases.map(({ id, impl, medianNs, p10Ns, p90Ns, n }) => [
    id,
    impl,
    duration(medianNs),
    duration(p10Ns),
    duration(p90Ns),
    String(n),
  ])
  return columns([['case', 'implementation', 'median', 'p10', 'p90', 'samples'], ...rows])
}

/** Headings and one row a verifier, noble first: what the network pays with it. */
export function networkRows(network: readonly NetworkCost[]): string[][] {
  const ms = (value: number) => `${value.toPrecision(3)} ms`
  const headings = [
    ...['verifier', 'devnet', 'CPU a block', 'time a block', 'pairings a block'],
    ...['cost model: verification', 'item of a batch', 'key of a sum', 'simulated nodes', 'to final, median', 'p99'],
  ]
  const rows = network.map(({ engine, devnet, costModelMs, simulated }) => [
    engine,
    `${devnet.validators} validators, ${devnet.blocks} blocks`,
    `${devnet.cpuMsPerBlock} ms`,
    `${devnet.wallMsPerBlock} ms`,
    devnet.pairingsPerBlock.toFixed(1),
    ms(costModelMs.verifyMs),
    ms(costModelMs.batchItemMs),
    ms(costModelMs.keyItemMs),
    String(simulated.nodes),
    `${simulated.finalityMedianMs} ms`,
    `${simulated.finalityP99Ms} ms`,
  ])
  return [headings, ...rows]
}

/** The same with a verifier in each column. */
export function networkTable(network: readonly NetworkCost[]): string {
  const [headings, ...rows] = networkRows(network)
  return columns(headings!.map((heading, at) => [heading, ...rows.map((row) => row[at]!)]))
}
