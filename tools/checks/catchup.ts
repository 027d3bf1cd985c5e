/**
 * Check `catchup`: a client that was away for 52 epochs, 13 days, from its checkpoint to a head that it can follow, with f = F
 * = 5 and 0 to 25 % of the seats absent from each certificate, in Node, in Chromium and on the emulated board; beside the
 * naive way and beside hops verified one by one; and a warm start in Chromium. The short form has fewer hops, no board, and no
 * bars for ratios: over a few hops the last committee, which both ways fetch in full, outweighs the rest.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build, type BuildOptions } from 'esbuild'
import { chromium, type Browser } from 'playwright-core'
import { toHex } from '../../src/base/bytes.ts'
import { blockHash } from '../../src/chain/header.ts'
import { formatChainSpec } from '../../src/chain/spec.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { answer, type RequestProtocol } from '../../src/wire/answer.ts'
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.ts'
import { ABSENT_PERCENTS, catchupChain, CatchupView, type CatchupChain } from './catchup-fixture.ts'
import { machine, makeEngine, naive, type CatchupMode, type CatchupResult, type CatchupTask } from './catchup-run.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const HOPS = { full: 52, short: 8 }
/** The chain is kept between runs, so it has a seed of its own. */
const CHAIN_SEED = 'catchup'
/** The percentage at which the ways are compared. */
const COMPARED_PERCENT = 2
const REPEATS = 3
const MINUTE_MS = 60_000

const run_ = promisify(execFile)
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

type Environment = 'node' | 'chromium' | 'board'

interface Measurement extends CatchupResult {
  readonly cpuMs: number
  readonly rssMaxBytes: number
}

interface Row {
  readonly environment: Environment
  readonly absentPercent: number
  readonly mode: CatchupMode
  readonly bytes: number
  readonly cpuMs: number
  readonly wallMs: number
  readonly hopsPerS: number
  readonly rssMaxBytes: number
  /** The least of the runs: steps by the wall clock are never shorter than they are. */
  readonly stepsMs: number
  readonly stepMsMax: number
  readonly hops: number
  readonly isAtHead: boolean
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  const engine = await makeEngine()
  const hops = full ? HOPS.full : HOPS.short
  const chain = catchupChain(engine, CHAIN_SEED, hops)
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-catchup-'))
  try {
    const lab = new Lab(folder, await bundle(), await Tasks.of(engine, chain))
    const notRun: string[] = []
    for (const environment of full ? (['node', 'chromium', 'board'] as const) : (['node', 'chromium'] as const))
      try {
        await lab.measureAll(environment, full)
      } catch (error) {
        notRun.push(`${environment}: ${error instanceof Error ? error.message : String(error)}`)
      }
    const warm = await lab.warmStarts(full ? 5 : 2)
    return { results: [...resultsOf(lab.rows, hops, full), ...warmResults(warm, full)], notRun }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// ── Results ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function resultsOf(rows: readonly Row[], hops: number, full: boolean): CheckResult[] {
  const results = [
    noted('signatures', 'bls', 'scheme'),
    noted('link', '10 Mbit/s, 40 ms there and back, simulated, the same for each row', ''),
    noted('rows', rows, 'runs'),
    measured('runs', rows.length, 'runs', '>=', full ? 3 * 7 : 2 * 4),
    measured('hopsMissing', rows.filter((row) => row.hops !== hops).length, 'runs', '==', 0),
    measured('notAtHead', rows.filter(({ isAtHead }) => !isAtHead).length, 'runs', '==', 0),
  ]
  for (const environment of new Set(rows.map((row) => row.environment))) {
    const of = (mode: CatchupMode) =>
      rows.find((row) => row.environment === environment && row.mode === mode && row.absentPercent === COMPARED_PERCENT)
    const [batched, single, naiveWay, cached] = [of('batched'), of('one-by-one'), of('naive'), of('naive-cached')]
    if (batched === undefined || single === undefined || naiveWay === undefined) continue
    const ratio = (id: string, value: number, bar: number) =>
      full ? measured(id, value, 'times', '>=', bar) : noted(id, value, 'times')
    results.push(
      ratio(`${environment}: naive bytes / bytes`, rounded(naiveWay.bytes / batched.bytes), 8),
      ratio(`${environment}: naive cpu / cpu`, rounded(naiveWay.cpuMs / batched.cpuMs), 5),
      ratio(`${environment}: one by one / batched, steps`, rounded(single.stepsMs / batched.stepsMs), 1.3),
    )
    if (cached !== undefined)
      results.push(
        noted(`${environment}: naive cpu with keys decoded once / cpu`, rounded(cached.cpuMs / batched.cpuMs), 'times'),
      )
  }
  return results
}

interface WarmStart {
  readonly headMs: number
  readonly auditMs: number
  readonly scriptMs: number
  /** CPU time of the page's process from navigation to the audited committee. */
  readonly cpuMs: number
  readonly isHead: boolean
}

function warmResults(starts: readonly WarmStart[], full: boolean): CheckResult[] {
  const median = Math.round(medianOf(starts.map(({ headMs }) => headMs)))
  return [
    noted('chromium: warm starts, from navigation to head, to audited committee', starts, 'ms'),
    measured('chromium: warm starts at another head', starts.filter(({ isHead }) => !isHead).length, 'starts', '==', 0),
    full
      ? measured('chromium: warm start, median', median, 'ms', '<', 300)
      : noted('chromium: warm start, median', median, 'ms'),
  ]
}

const rounded = (value: number): number => Math.round(100 * value) / 100
const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

// ── Tasks: the same requests and answers for each environment ────────────────────────────────────────────────────────

class Tasks {
  readonly spec: string
  readonly nowMs: bigint
  readonly headHeight: string
  /** What the client had saved at the end. */
  readonly saved = new Map<string, Uint8Array>()
  readonly #tasks = new Map<string, CatchupTask>()

  constructor(chain: CatchupChain) {
    this.spec = formatChainSpec(chain.spec)
    this.nowMs = chain.nowMs
    this.headHeight = String(chain.headers.length - 1)
  }

  static async of(engine: Engine, chain: CatchupChain): Promise<Tasks> {
    const tasks = new Tasks(chain)
    for (const percent of ABSENT_PERCENTS)
      for (const mode of percent === COMPARED_PERCENT ? (['batched', 'naive'] as const) : (['batched'] as const))
        await tasks.#record(engine, chain, percent, mode)
    return tasks
  }

  task(mode: CatchupMode, percent: number): CatchupTask {
    const recorded = mode.startsWith('naive') ? 'naive' : 'batched'
    return { ...this.#tasks.get(`${recorded} ${percent}`)!, mode }
  }

  async #record(engine: Engine, chain: CatchupChain, percent: number, mode: 'batched' | 'naive'): Promise<void> {
    const view = new CatchupView(engine.kernels, chain, percent)
    const answers: Record<string, string> = {}
    const ask = async (protocol: string, request: Uint8Array): Promise<Uint8Array> => {
      const response = answer(view, protocol as RequestProtocol, request)
      if (response.kind === 'rejected') throw new Error(`the server refuses a request: ${response.code}`)
      answers[`${protocol} ${toHex(request)}`] = Buffer.from(response.value).toString('base64')
      return response.value
    }
    const { spec, checkpoint, nowMs } = chain
    const onSave = (writes: ReadonlyMap<string, Uint8Array | undefined>) => {
      for (const [key, value] of writes)
        if (value === undefined) this.saved.delete(key)
        else this.saved.set(key, value)
    }
    // One batch size or another: what is asked does not depend on it.
    if (mode === 'batched') await machine(engine, spec, checkpoint, nowMs, ask, 16, () => performance.now(), onSave)
    else await naive(engine, spec, checkpoint, nowMs, ask, false, () => performance.now())
    this.#tasks.set(`${mode} ${percent}`, {
      mode,
      spec: this.spec,
      height: String(checkpoint.height),
      hash: toHex(checkpoint.hash),
      headHash: toHex(blockHash(engine.kernels, chain.headers.at(-1)!)),
      nowMs: String(nowMs),
      answers,
    })
  }
}

// ── Environments ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Bundle {
  readonly processPath: string
  readonly page: string
}

async function bundle(): Promise<Bundle> {
  const common: BuildOptions = { bundle: true, format: 'esm', logLevel: 'error', minify: true }
  const processPath = here('../../.cache/catchup/process.mjs')
  mkdirSync(here('../../.cache/catchup'), { recursive: true })
  const entry = here('catchup-process.ts')
  await build({ ...common, entryPoints: [entry], platform: 'node', target: 'node18', outfile: processPath })
  const { outputFiles } = await build({
    ...common,
    entryPoints: [here('catchup-page.ts')],
    platform: 'browser',
    target: 'es2022',
    write: false,
  })
  return { processPath, page: outputFiles[0]!.text }
}

class Lab {
  readonly rows: Row[] = []
  readonly #folder: string
  readonly #bundle: Bundle
  readonly #tasks: Tasks

  constructor(folder: string, bundled: Bundle, tasks: Tasks) {
    this.#folder = folder
    this.#bundle = bundled
    this.#tasks = tasks
  }

  async measureAll(environment: Environment, full: boolean): Promise<void> {
    const percents = full ? ABSENT_PERCENTS : [COMPARED_PERCENT, 25]
    for (const percent of percents) await this.#measure(environment, 'batched', percent, full)
    for (const mode of ['one-by-one', 'naive'] as const) await this.#measure(environment, mode, COMPARED_PERCENT, full)
    if (full && environment !== 'board') await this.#measure(environment, 'naive-cached', COMPARED_PERCENT, full)
  }

  /** The median by CPU time of a few runs where ratios are judged; each in a process of its own. */
  async #measure(environment: Environment, mode: CatchupMode, percent: number, full: boolean): Promise<void> {
    const task = this.#tasks.task(mode, percent)
    const count = full && percent === COMPARED_PERCENT && environment !== 'board' ? REPEATS : 1
    const runs: Measurement[] = []
    while (runs.length < count)
      runs.push(environment === 'chromium' ? await this.#inChromium(task) : await this.#inProcess(environment, task))
    const one = runs.toSorted((a, b) => a.cpuMs - b.cpuMs)[runs.length >> 1]!
    const round = (value: number) => Math.round(10 * value) / 10
    this.rows.push({
      environment,
      absentPercent: percent,
      mode,
      bytes: one.bytes,
      cpuMs: round(one.cpuMs),
      wallMs: round(one.wallMs),
      hopsPerS: round((1000 * one.hops) / one.wallMs),
      rssMaxBytes: one.rssMaxBytes,
      stepsMs: round(Math.min(...runs.map(({ stepsMs }) => stepsMs))),
      stepMsMax: round(one.stepMsMax),
      hops: one.hops,
      isAtHead: one.isAtHead,
    })
    process.stderr.write(`${environment} ${percent} % ${mode}: ${one.bytes} B, ${Math.round(one.cpuMs)} ms CPU\n`)
  }

  async #inProcess(environment: 'node' | 'board', task: CatchupTask): Promise<Measurement> {
    const file = join(this.#folder, 'task.json')
    writeFileSync(file, JSON.stringify(task))
    const { processPath } = this.#bundle
    const [command, args] =
      environment === 'node'
        ? [process.execPath, [processPath, file]]
        : [here('../board.sh'), ['run', processPath, file]]
    const { stdout } = await run_(command, args, { timeout: 30 * MINUTE_MS, maxBuffer: 1 << 24 })
    return JSON.parse(stdout) as Measurement
  }

  async #inChromium(task: CatchupTask): Promise<Measurement> {
    return this.#withPage(async (url, browser) => {
      const page = await browser.newPage()
      await page.goto(url)
      const pid = await busiestRenderer(browser)
      const before = cpuMsOf(pid)
      let loaded = before
      await page.exposeFunction('catchupReady', () => {
        loaded = cpuMsOf(pid)
      })
      const result = await page.evaluate(
        (given) =>
          (
            globalThis as unknown as { catchup: { runCatchup(of: CatchupTask): Promise<CatchupResult> } }
          ).catchup.runCatchup(given),
        task,
      )
      const after = cpuMsOf(pid)
      return { ...result, cpuMs: after - before, stepsMs: after - loaded, rssMaxBytes: rssMaxOf(pid) }
    })
  }

  async warmStarts(count: number): Promise<WarmStart[]> {
    return this.#withPage(async (url, browser) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(url)
      const entries = Object.fromEntries([...this.#tasks.saved].map(([key, value]) => [key, toHex(value)]))
      await page.evaluate(
        (given) =>
          (
            globalThis as unknown as { catchup: { fillStore(of: Record<string, string>): Promise<void> } }
          ).catchup.fillStore(given),
        entries,
      )
      const starts: WarmStart[] = []
      while (starts.length < count) {
        const pid = await busiestRenderer(browser)
        const before = cpuMsOf(pid)
        await page.goto(`${url}?warm=${this.#tasks.nowMs}`)
        const { height, ...times } = await page.evaluate(
          () =>
            (globalThis as unknown as { warm: Promise<Omit<WarmStart, 'isHead' | 'cpuMs'> & { height: string }> }).warm,
        )
        // The same process goes on: the page is of the same site.
        const cpuMs = Math.round(cpuMsOf(pid) - before)
        starts.push({ ...times, cpuMs, isHead: height === this.#tasks.headHeight })
      }
      return starts
    })
  }

  /** A browser of its own, and a server of the page for as long. */
  async #withPage<Value>(use: (url: string, browser: Browser) => Promise<Value>): Promise<Value> {
    const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
      '/': [
        'text/html',
        '<!doctype html><meta charset="utf-8"><title>catchup</title><script type="module" src="/page.js"></script>',
      ],
      '/page.js': ['text/javascript', this.#bundle.page],
      '/spec.json': ['application/json', this.#tasks.spec],
    }
    const server = createServer((request, response) => {
      const file = files[new URL(request.url ?? '/', 'http://localhost').pathname]
      // A clock of 5 µs for the page.
      const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
      response.writeHead(file === undefined ? 404 : 200, { ...headers, 'content-type': file?.[0] ?? 'text/plain' })
      response.end(file?.[1] ?? '')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS] })
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, browser)
    } finally {
      await browser.close()
      server.closeAllConnections()
      server.close()
    }
  }
}

/** The process of the only page there is. */
async function busiestRenderer(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const renderers = processInfo.filter(({ type }) => type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime)
  if (renderers[0] === undefined) throw new Error('Chromium names no renderer process')
  return renderers[0].id
}

/** CPU time of all threads so far; Linux counts it in nanoseconds. */
function cpuMsOf(pid: number): number {
  let ns = 0
  for (const task of readdirSync(`/proc/${pid}/task`))
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0])
  return ns / 1e6
}

function rssMaxOf(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (line === null) throw new Error('the kernel tells no peak of resident memory')
  return 1024 * Number(line[1])
}
