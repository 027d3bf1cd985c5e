/**
 * `npm run -s check -- NAME [--json] [--full] [--seed S] [--out FILE]`: runs one "must be shown" of an issue and answers
 * whether it holds. `--list` names them all. What was not run makes a check not ok.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { CHECKS, type CheckReport, type CheckResult } from './checks/registry.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    seed: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const USAGE = `check NAME [--json] [--full] [--seed S] [--out FILE]   runs one check; --full is the long form
check --list [--json]                                 names all checks with the issue item they show`

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

function list(): void {
  const rows = CHECKS.map(({ name, shows }) => ({ name, shows }))
  if (values.json) console.log(JSON.stringify(rows, undefined, 2))
  else for (const { name, shows } of rows) console.log(`${name.padEnd(14)} ${shows}`)
}

function formatResult(result: CheckResult): string {
  const verdict = result.pass ? 'ok  ' : 'FAIL'
  const bar = result.op === 'info' ? '' : ` (${result.op} ${String(result.bar)})`
  return `${verdict} ${result.id}: ${typeof result.value === 'object' ? JSON.stringify(result.value) : String(result.value)} ${result.unit}${bar}`
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  if (values.list) {
    list()
    return 0
  }
  const name = positionals[0]
  const check = CHECKS.find((entry) => entry.name === name)
  if (check === undefined || positionals.length !== 1) {
    console.error(`check: no check is named "${positionals.join(' ')}"; --list names all ${CHECKS.length}\n${USAGE}`)
    return 2
  }
  const seed = values.seed ?? randomBytes(6).toString('hex')
  const startedMs = performance.now()
  let results: readonly CheckResult[] = []
  let notRun: readonly string[] = []
  try {
    const { run } = await check.load()
    ;({ results, notRun } = await run({ seed, full: values.full }))
  } catch (error) {
    notRun = [`${check.name}: ${error instanceof Error ? error.message : String(error)}`]
  }
  const report: CheckReport = {
    name: check.name,
    ok: results.length > 0 && notRun.length === 0 && results.every((result) => result.pass),
    form: values.full ? 'full' : 'short',
    commit: git('rev-parse', 'HEAD'),
    dirty: git('status', '--porcelain') !== '',
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    },
    seed,
    durationMs: Math.round(performance.now() - startedMs),
    results,
    notRun,
  }
  const text = JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)
  if (values.out !== undefined) writeFileSync(values.out, text + '\n')
  if (values.json) console.log(text)
  else {
    for (const result of results) console.log(formatResult(result))
    for (const what of notRun) console.log(`NOT RUN ${what}`)
    console.log(
      `${report.ok ? 'ok' : 'not ok'}: ${report.name} (${report.form} form, seed ${seed}, ${report.durationMs} ms)`,
    )
  }
  return report.ok ? 0 : 1
}

process.exit(await main())
