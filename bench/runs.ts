/** Ways to run the suite: in processes of Node, in a browser, on the emulated board. Each gives samples per process. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bundlePage, bundleProcess } from './bundle.ts'
import { runInBrowser, type BrowserName } from './browser/launch.ts'
import { engineOf, engineOfNode, generationOf } from './harness/engine.ts'
import type { Samples } from './harness/measure.ts'
import type { Generation } from './harness/report.ts'
import type { ProcessOptions } from './process.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const MINUTE_MS = 60_000

export interface SuiteRun {
  readonly engine: string
  readonly generation: Generation
  readonly samples: readonly (readonly Samples[])[]
}

interface ProcessOutput {
  readonly engine: { readonly node: string; readonly v8: string }
  readonly samples: readonly Samples[]
}

async function repeated<Output>(processes: number, once: (index: number) => Promise<Output>): Promise<Output[]> {
  const outputs: Output[] = []
  for (let index = 0; index < processes; index++) {
    process.stderr.write(`process ${index + 1} of ${processes}\n`)
    outputs.push(await once(index))
  }
  return outputs
}

async function runProcess(command: string, args: readonly string[], options: ProcessOptions): Promise<ProcessOutput> {
  const child = run(command, [...args, JSON.stringify(options)], {
    cwd: ROOT,
    maxBuffer: 1 << 28,
    timeout: 30 * MINUTE_MS,
  })
  child.child.stderr?.pipe(process.stderr)
  return JSON.parse((await child).stdout) as ProcessOutput
}

/** Node of the asked major version: our own, or one that is installed into .cache from its package. */
export async function nodeBinary(major: number | undefined): Promise<string> {
  if (major === undefined || process.versions.node.startsWith(`${major}.`)) return process.execPath
  const folder = `${ROOT}.cache/node${major}`
  const binary = `${folder}/node_modules/node-${process.platform}-${process.arch}/bin/node`
  if (!existsSync(binary))
    await run('npm', ['install', '--no-save', '--prefix', folder, `node-${process.platform}-${process.arch}@${major}`])
  return binary
}

export async function runInNode(binary: string, processes: number, options: ProcessOptions): Promise<SuiteRun> {
  const bundle = await bundleProcess()
  const outputs = await repeated(processes, () => runProcess(binary, [bundle], options))
  const engine = engineOfNode(outputs[0]!.engine)
  return { engine, generation: generationOf(engine), samples: outputs.map(({ samples }) => samples) }
}

export async function runOnBoard(processes: number, options: ProcessOptions): Promise<SuiteRun> {
  const bundle = await bundleProcess()
  const outputs = await repeated(processes, () => runProcess(`${ROOT}tools/board.sh`, ['run', bundle], options))
  return {
    engine: `emulated ARM1176: ${engineOfNode(outputs[0]!.engine)}`,
    generation: 'board',
    samples: outputs.map(({ samples }) => samples),
  }
}

interface Posted {
  readonly userAgent: string
  readonly isolated: boolean
  readonly samples?: readonly Samples[]
  readonly error?: string
}

export async function runInPage(browser: BrowserName, processes: number, options: ProcessOptions): Promise<SuiteRun> {
  const scripts = await bundlePage()
  const { rounds, sampleMs, warmUpMs, merkleLog, only } = options
  const query = `?post&rounds=${rounds}&sampleMs=${sampleMs}&warmUpMs=${warmUpMs}&merkleLog=${merkleLog}&only=${only.join()}`
  const outputs = await repeated(processes, async () => {
    const posted = JSON.parse(await runInBrowser(browser, scripts, query, 15 * MINUTE_MS)) as Posted
    if (posted.samples === undefined) throw new Error(`${browser}: ${posted.error ?? 'no samples'}`)
    if (!posted.isolated) throw new Error(`${browser}: the page is not isolated, its clock is too coarse`)
    return { engine: engineOf(posted.userAgent), samples: posted.samples }
  })
  const engine = outputs[0]!.engine
  return { engine, generation: generationOf(engine), samples: outputs.map(({ samples }) => samples) }
}
