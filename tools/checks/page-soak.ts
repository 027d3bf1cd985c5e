/**
 * Check `page-soak`: the dashboard follows a live devnet with traffic for thirty minutes in Chromium. No task of our scripts
 * may hold the main thread for more than 50 ms from minute 2 on, and what is reachable after a forced collection at the
 * end may be at most 1.1 times what it was at minute 5. The short form is the same with seconds for minutes.
 *
 * Tasks are taken from the browser's own long-animation-frame entries, which name the script and function that a task
 * entered by and how long it ran; a long task that no script of ours entered (layout, collection) is told beside them.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CDPSession } from 'playwright-core'
import { DevnetProcess, drawPortBase, freePort } from '../devnet-process.ts'
import { LivePage, launch } from '../../test/e2e/live-page.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

const TASK_MS_MAX = 50

interface Plan {
  /** Start of the time in which tasks count, the first collection, and the end, in ms after the page has opened. */
  readonly quietFromMs: number
  readonly firstCollectionMs: number
  readonly endMs: number
  /** Most heap at the end, as a multiple of the first collection's. */
  readonly heapRatioMax: number
}
const FULL: Plan = { quietFromMs: 120_000, firstCollectionMs: 300_000, endMs: 1_800_000, heapRatioMax: 1.1 }
/** Short of a full strip of blocks the page still grows towards it, so the short form allows more. */
const SHORT: Plan = { quietFromMs: 10_000, firstCollectionMs: 15_000, endMs: 40_000, heapRatioMax: 1.5 }

/** One entry into our scripts that took long, as the browser tells it; times in ms since the page began. */
interface LongScript {
  readonly atMs: number
  readonly durationMs: number
  readonly what: string
}
interface Seen {
  readonly scripts: readonly LongScript[]
  /** Tasks over 50 ms of any kind. */
  readonly tasks: readonly { readonly atMs: number; readonly durationMs: number }[]
}

/** Runs in the page before anything of ours. */
const WATCH = `
  globalThis.__soak = { scripts: [], tasks: [] }
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      for (const script of entry.scripts)
        if (script.duration > ${TASK_MS_MAX / 2})
          globalThis.__soak.scripts.push({
            atMs: script.startTime,
            durationMs: script.duration,
            what: [script.invoker, script.sourceURL.split('/').slice(3).join('/'), script.sourceFunctionName].join(' '),
          })
  }).observe({ type: 'long-animation-frame', buffered: true })
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) globalThis.__soak.tasks.push({ atMs: startTime, durationMs: duration })
  }).observe({ type: 'longtask', buffered: true })
`

const elapsed = (sinceMs: number, untilMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, untilMs - (performance.now() - sinceMs))))

/** Bytes of JavaScript that are reachable after a forced collection. */
async function heapBytes(session: CDPSession): Promise<number> {
  // Two: the first runs finalizers whose targets only the second frees.
  for (let round = 0; round < 2; round++) await session.send('HeapProfiler.collectGarbage')
  return (await session.send('Runtime.getHeapUsage')).usedSize
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  const plan = full ? FULL : SHORT
  execFileSync(process.execPath, ['--import', 'tsx', 'tools/build-web.ts'], { stdio: 'ignore' })
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-soak-'))
  const flags = ['--validators', '4', '--traffic', '2']
  const devnet = await DevnetProcess.start({ folder, httpPort: await freePort(), p2pPort: drawPortBase(), flags })
  const browser = await launch()
  try {
    return await soak(plan, await LivePage.open(browser, devnet.ready.page, {}, WATCH))
  } finally {
    await browser.close()
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function soak(plan: Plan, live: LivePage): Promise<CheckOutcome> {
  const openedMs = performance.now()
  const session = await live.page.context().newCDPSession(live.page)
  const first = await live.until('following', ({ phase, height }) => phase === 'following' && height !== undefined)
  const readyMs = performance.now() - openedMs
  await elapsed(openedMs, plan.firstCollectionMs)
  const firstHeap = await heapBytes(session)
  await elapsed(openedMs, plan.endMs)
  const seen = await live.page.evaluate(() => (globalThis as unknown as { __soak: Seen }).__soak)
  const lastHeap = await heapBytes(session)
  const last = await live.until('a head', ({ height }) => height !== undefined)
  // The collections are ours, not the page's: what happened around the first is left out.
  const counts = ({ atMs }: { readonly atMs: number }) =>
    atMs >= plan.quietFromMs && Math.abs(atMs - plan.firstCollectionMs) > 3000
  const scripts = seen.scripts.filter(counts)
  const over = scripts.filter(({ durationMs }) => durationMs > TASK_MS_MAX)
  const tasks = seen.tasks.filter(counts)
  const longest = (list: readonly { readonly durationMs: number }[]): number =>
    Math.round(Math.max(0, ...list.map(({ durationMs }) => durationMs)))
  const heads = last.height! - first.height!
  return {
    results: [
      measured('tasksOver50ms', over.length, 'tasks of our scripts', '==', 0),
      measured('heapRatio', Number((lastHeap / firstHeap).toFixed(3)), '× of the first', '<=', plan.heapRatioMax),
      measured('blocks followed', heads, 'blocks', '>=', Math.floor((plan.endMs - readyMs) / 4000)),
      measured('phase at the end is following', last.phase === 'following' ? 1 : 0, '', '==', 1),
      measured('errors that the page logged', live.errors.length, 'errors', '==', 0),
      noted('which', over.slice(0, 20), ''),
      noted('longest task of our scripts', longest(scripts), 'ms (25 and less are not told apart)'),
      noted('long tasks of any kind', { count: tasks.length, longestMs: longest(tasks) }, ''),
      noted('first heap', firstHeap, 'B'),
      noted('last heap', lastHeap, 'B'),
      noted('minutes', Number((plan.endMs / 60_000).toFixed(2)), 'min'),
    ],
    notRun: [],
  }
}
