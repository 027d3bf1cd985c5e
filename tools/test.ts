/**
 * `npm test`: everything, in one command. Stages run one after another (two cores), every stage runs even when an earlier
 * one failed, and the last line counts the tests. `npm test -- unit` and the like run some stages only.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chromiumPath } from './chromium.ts'

interface Stage {
  readonly name: string
  readonly command: readonly string[]
  /** How many tests the stage's output says it ran; absent: the stage counts as one test. */
  readonly count?: (output: string) => { passed: number; failed: number }
}

/** All test files below test/, without those that need a browser or a live devnet. */
function testFiles(wanted: (path: string) => boolean): string[] {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  return files.filter((path) => path.endsWith('.test.ts') && wanted(path)).map((path) => `test/${path}`)
}
const isBrowser = (path: string) => path.startsWith('web/')
const isEndToEnd = (path: string) => path.startsWith('e2e/')

/** node:test's closing lines, in its spec or tap form. */
function countNodeTests(output: string): { passed: number; failed: number } {
  const number = (word: string) =>
    Number([...output.matchAll(new RegExp(`^[#ℹ] ${word} (\\d+)`, 'gm'))].at(-1)?.[1] ?? 0)
  return { passed: number('pass'), failed: number('fail') + number('cancelled') }
}

/** web-test-runner's closing line: "12/12 test files | 40 passed, 0 failed". */
function countWebTests(output: string): { passed: number; failed: number } {
  const match = [...output.matchAll(/(\d+) passed, (\d+) failed/g)].at(-1)
  return { passed: Number(match?.[1] ?? 0), failed: Number(match?.[2] ?? 0) }
}

const tsx = [process.execPath, '--import', 'tsx']
const nodeTest = (files: readonly string[], concurrency: number) => [
  ...tsx,
  '--test',
  `--test-concurrency=${concurrency}`,
  '--test-reporter=spec',
  ...files,
]

const STAGES: readonly Stage[] = [
  { name: 'build', command: [...tsx, 'tools/build.ts'] },
  { name: 'lint', command: ['npm', 'run', '-s', 'lint'] },
  {
    name: 'unit',
    command: nodeTest(
      testFiles((path) => !isBrowser(path) && !isEndToEnd(path)),
      2,
    ),
    count: countNodeTests,
  },
  { name: 'web', command: ['npx', 'web-test-runner'], count: countWebTests },
  { name: 'e2e', command: nodeTest(testFiles(isEndToEnd), 1), count: countNodeTests },
]

/** Runs a stage with its output shown as it comes. */
function run(stage: Stage): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const [file, ...args] = stage.command
    const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const)
      from.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        to.write(chunk)
      })
    child.on('error', (error) => resolve({ code: 127, output: String(error) }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

async function main(): Promise<number> {
  const names = process.argv.slice(2)
  const unknown = names.find((name) => !STAGES.some((stage) => stage.name === name))
  if (unknown !== undefined) {
    console.error(`test: no stage is named "${unknown}"; there are ${STAGES.map(({ name }) => name).join(', ')}`)
    return 2
  }
  const wanted = STAGES.filter(({ name }) => names.length === 0 || names.includes(name))
  if (wanted.some(({ name }) => name === 'web' || name === 'e2e')) chromiumPath()
  if (!existsSync('../shared/vectors'))
    console.log('test: ../shared/vectors is not here; the suites that read it say so')
  let passed = 0
  let failed = 0
  const broken: string[] = []
  for (const stage of wanted) {
    const startedMs = performance.now()
    console.log(`\n── ${stage.name} ──`)
    const { code, output } = await run(stage)
    const counted = stage.count?.(output) ?? { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }
    passed += counted.passed
    failed += counted.failed
    const ranNothing = stage.count !== undefined && counted.passed + counted.failed === 0
    if (code !== 0 || ranNothing) broken.push(stage.name)
    if ((code !== 0 && counted.failed === 0) || ranNothing) failed++
    console.log(`── ${stage.name}: exit ${code}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    if (stage.name === 'build' && code !== 0) break
  }
  if (broken.length > 0) console.log(`\nfailed stages: ${broken.join(', ')}`)
  console.log(`\n${passed} passed, ${failed} failed`)
  return failed === 0 && broken.length === 0 ? 0 : 1
}

try {
  process.exit(await main())
} catch (error) {
  console.error(`test: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}
