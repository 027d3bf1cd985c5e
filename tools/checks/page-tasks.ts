/**
 * How long tasks hold a page's main thread, told twice: by the wall clock, as somebody at the page feels it, and by the
 * processor time that the thread was given. On a machine that others use too a task may take long because it was not let run;
 * the two figures side by side tell that from a task that is long.
 *
 * By the wall clock: the browser's own long-animation-frame entries, which name the script that a task entered by. Of the
 * processor: the browser's trace of its task queue, which has the thread's clock beside the other. What is seen is taken out
 * of the page at short intervals: a watcher that gathers its findings in the page's heap would measure itself.
 */
import type { Browser, CDPSession, Page } from 'playwright-core'

/** One entry into a script that took long by the wall clock; times in ms since the page began. */
export interface LongScript {
  readonly atMs: number
  readonly durationMs: number
  readonly what: string
}

/** A task of any kind on the page's main thread, by both clocks. */
export interface Task {
  readonly durationMs: number
  /** What the thread's clock says; undefined for the few tasks of which the browser does not know it. */
  readonly processorMs: number | undefined
  /** Where it was posted. */
  readonly what: string
}

export interface SeenTasks {
  /** Entries into scripts of more than {@link SCRIPT_MS_MIN}. */
  readonly scripts: readonly LongScript[]
  /** Tasks of more than 50 ms of any kind, by the wall clock alone, gaps of the trace included. */
  readonly longTasksMs: readonly number[]
  /** Tasks of more than {@link TASK_MS_MIN} by either clock; those of the moments between two stretches of the trace are missing. */
  readonly tasks: readonly Task[]
  /** The same of the page's workers, in which nobody waits for them. */
  readonly workerTasks: readonly Task[]
}

const SCRIPT_MS_MIN = 25
const TASK_MS_MIN = 10

/** To run in the page before anything of ours. */
export const WATCH = `
  globalThis.__soak = { scripts: [], longTasks: [] }
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      for (const script of entry.scripts)
        if (script.duration > ${SCRIPT_MS_MIN})
          globalThis.__soak.scripts.push({
            atMs: script.startTime,
            durationMs: script.duration,
            what: [script.invoker, script.sourceURL.split('/').slice(3).join('/'), script.sourceFunctionName].join(' '),
          })
  }).observe({ type: 'long-animation-frame', buffered: true })
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      globalThis.__soak.longTasks.push({ atMs: startTime, durationMs: duration })
  }).observe({ type: 'longtask', buffered: true })
`

interface Drained {
  readonly nowMs: number
  readonly scripts: readonly LongScript[]
  readonly longTasks: readonly { readonly atMs: number; readonly durationMs: number }[]
}

/** Of Chromium's trace, as far as the checks read it. */
export interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  /** Microseconds. */
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly src_file?: string; readonly src_func?: string; readonly name?: string }
}

/** Names the page's main thread in the trace. */
const MARK = 'stakecube-page'

export class TaskWatch {
  readonly #page: Page
  readonly #session: CDPSession
  readonly #seen = {
    scripts: [] as LongScript[],
    longTasksMs: [] as number[],
    tasks: [] as Task[],
    workerTasks: [] as Task[],
  }
  #events: TraceEvent[] = []
  #sinceMs = 0

  private constructor(page: Page, session: CDPSession) {
    this.#page = page
    this.#session = session
    session.on('Tracing.dataCollected', ({ value }) => this.#events.push(...(value as unknown as TraceEvent[])))
  }

  /** `page` has {@link WATCH} in it. */
  static async of(browser: Browser, page: Page): Promise<TaskWatch> {
    return new TaskWatch(page, await browser.newBrowserCDPSession())
  }

  get seen(): SeenTasks {
    return this.#seen
  }

  /** What began before now does not count: it was not the page's own doing, or not yet asked about. */
  async disregard(): Promise<void> {
    this.#sinceMs = (await this.#drain()).nowMs
  }

  /** Watches while `wait` runs. */
  async during(wait: () => Promise<void>): Promise<void> {
    await this.#session.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: ['toplevel', 'blink.user_timing'], excludedCategories: ['*'] },
    })
    await this.#page.evaluate((name) => performance.mark(name), MARK)
    await wait()
    const complete = new Promise<void>((resolve) => this.#session.once('Tracing.tracingComplete', () => resolve()))
    await this.#session.send('Tracing.end')
    await complete
    const { tasks, workerTasks } = tasksOf(this.#events)
    this.#seen.tasks.push(...tasks)
    this.#seen.workerTasks.push(...workerTasks)
    this.#events = []
    const { scripts, longTasks } = await this.#drain()
    const counts = ({ atMs }: { readonly atMs: number }): boolean => atMs >= this.#sinceMs
    this.#seen.scripts.push(...scripts.filter(counts))
    this.#seen.longTasksMs.push(...longTasks.filter(counts).map(({ durationMs }) => durationMs))
  }

  #drain(): Promise<Drained> {
    return this.#page.evaluate(() => {
      const { __soak: soak } = globalThis as unknown as { __soak: { scripts: unknown[]; longTasks: unknown[] } }
      performance.clearMarks()
      return {
        nowMs: performance.now(),
        scripts: soak.scripts.splice(0),
        longTasks: soak.longTasks.splice(0),
      } as unknown as Drained
    })
  }
}

function tasksOf(events: readonly TraceEvent[]): Pick<SeenTasks, 'tasks' | 'workerTasks'> {
  const mark = events.find(({ name }) => name === MARK)
  if (mark === undefined) throw new Error('the trace does not show which thread is the page')
  const ofPage = events.filter(({ pid }) => pid === mark.pid)
  const workers = ofPage.filter(({ name, args }) => name === 'thread_name' && args?.name?.startsWith('DedicatedWorker'))
  const ofThreads = (tids: readonly number[]): readonly Task[] =>
    ofPage
      .filter(({ name, ph, tid }) => ph === 'X' && tids.includes(tid) && name.endsWith('::RunTask'))
      .map(asTask)
      .filter(({ durationMs, processorMs }) => Math.max(durationMs, processorMs ?? 0) > TASK_MS_MIN)
  return { tasks: ofThreads([mark.tid]), workerTasks: ofThreads(workers.map(({ tid }) => tid)) }
}

const asTask = ({ dur = 0, tdur, args }: TraceEvent): Task => ({
  durationMs: dur / 1000,
  processorMs: tdur === undefined ? undefined : tdur / 1000,
  what: `${args?.src_file?.split('/').at(-1) ?? ''} ${args?.src_func ?? ''}`,
})
