/**
 * `npm run bench`: our kernels against the twin and the peers, over the same cases in Node, in browsers and on the emulated
 * board. Exits 1 if a ratio misses its bar.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { bundlePage } from './bundle.ts'
import { servePage } from './browser/serve.ts'
import { comparison } from './harness/compare.ts'
import { htmlReport } from './harness/html.ts'
import { missingTargets, ratiosOf, summarise, type BenchReport } from './harness/report.ts'
import { caseTable, networkTable, ratioTable } from './harness/table.ts'
import { nodeBinary, runInNode, runInPage, runOnBoard, type SuiteRun } from './runs.ts'
import type { NetworkCost } from './verify/network.ts'

const USAGE = `npm run bench -- [where] [what] [output]

where   (nothing)            this Node
        --node MAJOR         another Node, installed into .cache on first use
        --browser NAME       chromium or firefox, headless
        --board              the emulated ARM1176 (tools/board.sh)
        --serve              only serve the page, for any browser on this machine
what    --only A,B           cases whose id contains A or B
        --quick              fewer and shorter samples, one process
        --processes N        processes that take part (3)
        --rounds N           samples of each case in each process (12)
        --network            also the devnet's CPU a block and the simulator's cost model, noble and kernel (Node)
output  --json FILE  --html FILE  --compare FILE`

function options() {
  const { values } = parseArgs({
    options: {
      node: { type: 'string' },
      browser: { type: 'string' },
      board: { type: 'boolean', default: false },
      serve: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      processes: { type: 'string' },
      rounds: { type: 'string' },
      network: { type: 'boolean', default: false },
      json: { type: 'string' },
      html: { type: 'string' },
      compare: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  return values
}

type Options = ReturnType<typeof options>

function count(name: string, text: string | undefined, normal: number): number {
  const value = Number(text ?? normal)
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} must be a whole number from 1 on, got "${text}"`)
  return value
}

const wordsOf = ({ only }: Options) => only.split(',').filter((word) => word !== '')

async function measureSuite(values: Options): Promise<SuiteRun & { processes: number }> {
  const processes = count('processes', values.processes, values.quick ? 1 : 3)
  const rounds = count('rounds', values.rounds, values.quick ? 5 : 12)
  const suite = {
    rounds,
    sampleMs: values.board ? 100 : values.quick ? 2 : 5,
    warmUpMs: values.board ? 1500 : values.quick ? 100 : 300,
    merkleLog: values.board ? 10 : 16,
    slow: values.board,
    only: wordsOf(values),
  }
  if (values.board) return { ...(await runOnBoard(processes, suite)), processes }
  if (values.browser !== undefined) {
    if (values.browser !== 'chromium' && values.browser !== 'firefox')
      throw new Error(`--browser must be chromium or firefox, got "${values.browser}"`)
    return { ...(await runInPage(values.browser, processes, suite)), processes }
  }
  const major = values.node === undefined ? undefined : count('node', values.node, 20)
  return { ...(await runInNode(await nodeBinary(major), processes, suite)), processes }
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

function reportOf(run: SuiteRun & { processes: number }, only: readonly string[]): BenchReport {
  const { engine, generation, samples, processes } = run
  const cases = summarise(samples)
  return {
    kind: 'stakecube-bench',
    date: new Date().toISOString(),
    commit: commit(),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, engine, generation },
    processes,
    cases,
    ratios: ratiosOf(samples, generation),
    notRun: missingTargets(cases, generation, only),
  }
}

/** Loads the devnet only where it is asked for, and after the kernels were built. */
async function networkCosts(): Promise<readonly NetworkCost[]> {
  const { measureNetwork, NETWORK_DEFAULTS } = await import('./verify/network.ts')
  return measureNetwork(NETWORK_DEFAULTS)
}

async function serve(): Promise<never> {
  const { url } = await servePage(await bundlePage(), () => undefined)
  console.log(`Open ${url} in any browser on this machine. Ctrl-C ends it.`)
  return new Promise<never>(() => undefined)
}

async function main(): Promise<number> {
  const values = options()
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  if (values.serve) return serve()
  if (values.network && (values.board || values.browser !== undefined || values.node !== undefined))
    throw new Error('--network runs in this Node: leave out --board, --browser and --node')
  const measuredReport = reportOf(await measureSuite(values), wordsOf(values))
  const network = values.network ? await networkCosts() : undefined
  const report: BenchReport = network === undefined ? measuredReport : { ...measuredReport, network }
  console.log(`\n${report.machine.engine} on ${report.machine.cpu}, ${report.machine.cores} cores\n`)
  console.log(caseTable(report.cases))
  console.log(`\n${ratioTable(report.ratios)}`)
  if (network !== undefined) console.log(`\n${networkTable(network)}`)
  for (const missing of report.notRun) console.log(`NOT RUN ${missing}`)
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, undefined, 1) + '\n')
  if (values.html !== undefined) writeFileSync(values.html, htmlReport(report))
  if (values.compare !== undefined)
    console.log(`\n${comparison(report, JSON.parse(readFileSync(values.compare, 'utf8')) as BenchReport)}`)
  return report.ratios.every(({ pass }) => pass) ? 0 : 1
}

try {
  // A stopped devnet may leave handles open.
  process.exit(await main())
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
  process.exitCode = 2
}
