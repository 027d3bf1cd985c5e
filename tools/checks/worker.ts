/**
 * Check `worker`: with `worker: true` no task of a page's main thread, verification's or any other, takes 16 ms of processor
 * time: while the client catches up over epochs of the production committee (f = F = 5, batches of 16 hops), while a proof
 * file of as many hops is verified, and while a client starts again on its store, where the first head comes from the compact
 * form and the audit of all 256 seats after it. Beside it the same in the page's own thread, which shows that the measure sees.
 *
 * Chromium's own trace tells the tasks of the renderer's main thread, each with the thread time that it took: a busy machine
 * makes no task longer.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { toHex } from '../../src/base/bytes.ts'
import { formatChainSpec } from '../../src/chain/spec.ts'
import { exportProof } from '../../src/client/proof-export.ts'
import type { Engine } from '../../src/crypto/engine.ts'
import { verifyProofFile } from '../../src/light/proof-file.ts'
import type { Network } from '../../src/ports/network.ts'
import { answer, type RequestProtocol } from '../../src/wire/answer.ts'
import { bundleFile } from '../browser-bundle.ts'
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.ts'
import { catchupChain, CatchupView, type CatchupChain } from './catchup-fixture.ts'
import { machine, makeEngine } from './catchup-run.ts'
import type { TraceEvent } from './page-tasks.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'
import type { WorkerPage, WorkerRun, WorkerTask } from './worker-page.ts'

const TASK_MS_MAX = 16
const HOPS = { full: 52, short: 8 }
const ROUNDS = { full: 5, short: 1 }
const ABSENT_PERCENT = 2
/** The chain of the check `catchup`, kept between runs. */
const CHAIN_SEED = 'catchup'

type Place = 'worker' | 'thread'
type Part = 'catch-up' | 'proof file' | 'warm start'

interface Measured {
  readonly place: Place
  readonly part: Part
  /** Longest task of the main thread, in thread time. */
  readonly taskMsMax: number
  readonly tasksOver: number
  readonly run: WorkerRun | undefined
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  const engine = await makeEngine()
  const hops = full ? HOPS.full : HOPS.short
  const task = await record(engine, catchupChain(engine, CHAIN_SEED, hops))
  const rounds = full ? ROUNDS.full : ROUNDS.short
  const { rows, fallbacks } = await withPage(async (page, urlOf) => {
    await page.evaluate((given) => (globalThis as unknown as { page: WorkerPage }).page.prepare(given), task)
    const found: Measured[] = []
    for (let round = 0; round < rounds; round++)
      for (const place of ['worker', 'thread'] as const) found.push(...(await measure(page, place, `${place}${round}`)))
    return { rows: found, fallbacks: await withoutWorker(page, urlOf, task) }
  })
  return { results: [...resultsOf(rows, task), ...fallbacks], notRun: [] }
}

function resultsOf(rows: readonly Measured[], { headHeight }: WorkerTask): CheckResult[] {
  const of = (place: Place, part?: Part) => rows.filter((row) => row.place === place && (part ?? row.part) === row.part)
  const longest = (list: readonly Measured[]) => Math.max(...list.map(({ taskMsMax }) => taskMsMax))
  const runs = rows.flatMap(({ run: one }) => (one === undefined ? [] : [one]))
  const warm = of('worker', 'warm start').map(({ run: one }) => one!)
  const results = (['catch-up', 'proof file', 'warm start'] as const).map((part) =>
    measured(`worker, ${part}: longest task of the main thread`, longest(of('worker', part)), 'ms', '<', TASK_MS_MAX),
  )
  return [
    ...results,
    measured(
      'tasks of 16 ms and more',
      of('worker').reduce((sum, row) => sum + row.tasksOver, 0),
      'tasks',
      '==',
      0,
    ),
    measured('the same in the page’s thread, longest task', longest(of('thread')), 'ms', '>', TASK_MS_MAX),
    measured(
      'warnings',
      runs.reduce((sum, { warnings }) => sum + warnings.length, 0),
      'warnings',
      '==',
      0,
    ),
    measured('runs not at the head', runs.filter(({ height }) => height !== headHeight).length, 'runs', '==', 0),
    measured('warm starts whose head waited for the audit', warm.filter(({ headMs, auditMs }) => headMs >= auditMs).length, 'starts', '==', 0), // prettier-ignore
    noted('rows', rows, ''),
  ]
}

// ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Catches up on an empty store, verifies the proof file, closes, and starts again on what was stored. */
async function measure(page: Page, place: Place, store: string): Promise<readonly Measured[]> {
  const run = () => page.evaluate(() => (globalThis as unknown as { page: WorkerPage }).page.run())
  const verify = () => page.evaluate(() => (globalThis as unknown as { page: WorkerPage }).page.verify())
  const close = () => page.evaluate(() => (globalThis as unknown as { page: WorkerPage }).page.close())
  const open = (isOffline: boolean) =>
    page.evaluate(
      ([name, isWorker, offline]) => (globalThis as unknown as { page: WorkerPage }).page.open(name, isWorker, offline),
      [store, place === 'worker', isOffline] as const,
    )
  const rows: Measured[] = []
  const traced = async (part: Part, act: () => Promise<WorkerRun | undefined>): Promise<void> => {
    const { value, taskMs } = await mainThreadTasks(page, act)
    process.stderr.write(`${place}, ${part}: ${Math.round(Math.max(0, ...taskMs))} ms\n`)
    const taskMsMax = Math.round(10 * Math.max(0, ...taskMs)) / 10
    rows.push({ place, part, taskMsMax, tasksOver: taskMs.filter((ms) => ms >= TASK_MS_MAX).length, run: value })
  }
  await traced('catch-up', async () => (await open(false), run()))
  await traced('proof file', async () => {
    const verdict = await verify()
    if (verdict !== 'accepted') throw new Error(`the proof file is ${verdict}`)
    return undefined
  })
  await close()
  await traced('warm start', async () => (await open(true), run()))
  await close()
  return rows
}

/** Thread time, in ms, of each task of the page's main thread while `act` runs. */
async function mainThreadTasks<Value>(
  page: Page,
  act: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly taskMs: readonly number[] }> {
  const browser = page.context().browser()!
  await browser.startTracing(page, {
    categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'],
  })
  let value: Value
  let trace: Buffer
  try {
    value = await act()
  } finally {
    trace = await browser.stopTracing()
  }
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: readonly TraceEvent[] }
  const isMain = mainThreads(traceEvents)
  const tasks = traceEvents.filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && isMain(event))
  if (tasks.length === 0) throw new Error('the trace has no tasks of a main thread')
  const timed = tasks.map(({ tdur }) => tdur)
  if (!timed.some((time) => time !== undefined)) throw new Error('the trace has no thread times')
  return { value, taskMs: timed.map((time) => (time ?? 0) / 1000) }
}

function mainThreads(events: readonly TraceEvent[]): (event: TraceEvent) => boolean {
  const keyOf = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(keyOf)
  return (event) => mains.includes(keyOf(event))
}

/** The pages whose worker cannot be started, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  '/far/away/': 'a worker file that is not there',
  '/strict/': 'a policy that forbids workers',
}

/** They verify all the same, and say so once. */
async function withoutWorker(page: Page, urlOf: (path: string) => string, task: WorkerTask): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const [path, what] of Object.entries(WITHOUT)) {
    await page.goto(urlOf(path))
    await page.waitForFunction('globalThis.page !== undefined')
    const { height, warnings } = await page.evaluate(
      async (given) => {
        const { page: client } = globalThis as unknown as { page: WorkerPage }
        await client.prepare(given.task)
        await client.open(given.path, true, false)
        return client.run()
      },
      { task, path },
    )
    const isTold = warnings.length === 1 && warnings[0]!.startsWith('worker-unavailable: ')
    const pass = height === task.headHeight && isTold
    results.push({
      ...noted(`${what}: the page verifies, and says why`, warnings, ''),
      op: '==',
      bar: 'one warning',
      pass,
    })
  }
  return results
}

async function withPage<Value>(use: (page: Page, urlOf: (path: string) => string) => Promise<Value>): Promise<Value> {
  const files = await bundles()
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const body = files.get(path)
    const type = path.endsWith('/') ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8'
    if (path === '/strict/') response.setHeader('content-security-policy', "worker-src 'none'")
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser: Browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS] })
  try {
    const page = await browser.newPage()
    const urlOf = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
    await page.goto(urlOf('/'))
    await page.waitForFunction('globalThis.page !== undefined')
    return await use(page, urlOf)
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}

/** The client in a folder beside `browser`, as in the package. */
async function bundles(): Promise<ReadonlyMap<string, string>> {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  const { outputFiles } = await build({
    ...{ bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true, logLevel: 'error' },
    entryPoints: [file('worker-page.ts')],
    write: false,
  })
  const { code } = await bundleFile(file('../../web/bundles/worker.ts'), { banner: '', again: false })
  const pageOf = (script: string): string =>
    `<!doctype html><meta charset="utf-8"><title>worker</title><script type="module" src="${script}"></script>`
  const script = outputFiles[0]!.text
  return new Map([
    ...[['/', pageOf('/client/page.js')] as const, ['/strict/', pageOf('/client/page.js')] as const],
    // No browser/worker.js beside this one.
    ...[['/far/away/', pageOf('/far/away/page.js')] as const, ['/far/away/page.js', script] as const],
    ...[['/client/page.js', script] as const, ['/browser/worker.js', code] as const],
  ])
}

// ── What the page is given ───────────────────────────────────────────────────────────────────────────────────────────

/** All that a client asks on its way is answered from the record. */
async function record(engine: Engine, chain: CatchupChain): Promise<WorkerTask> {
  const { spec, checkpoint, nowMs } = chain
  const view = new CatchupView(engine.kernels, chain, ABSENT_PERCENT)
  const answers: Record<string, string> = {}
  const ask = async (protocol: string, request: Uint8Array): Promise<Uint8Array> => {
    const response = answer(view, protocol as RequestProtocol, request)
    if (response.kind === 'rejected') throw new Error(`the server refuses a request: ${response.code}`)
    answers[`${protocol} ${toHex(request)}`] = toHex(response.value)
    return response.value
  }
  await machine(engine, spec, checkpoint, nowMs, ask, 16, () => performance.now())
  const network = { request: (_: string, protocol: string, bytes: Uint8Array) => ask(protocol, bytes) }
  const verify = async (bytes: Uint8Array) => verifyProofFile(engine, spec, checkpoint, bytes, nowMs)
  const context = { engine, spec, checkpoint, network: network as unknown as Network, verify }
  const proof = await exportProof(context, 'server', {
    kind: 1,
    height: checkpoint.height + BigInt(spec.params.epochLength),
  })
  if (proof.kind === 'rejected') throw new Error(`no proof file was made: ${proof.code}`)
  return {
    spec: formatChainSpec(spec),
    ...{ height: String(checkpoint.height), hash: toHex(checkpoint.hash) },
    headHeight: String(chain.headers.length - 1),
    nowMs: Number(nowMs),
    answers,
    proof: toHex(proof.value.bytes),
  }
}
