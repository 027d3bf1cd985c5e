/** Metrics in the text format of Prometheus (version 0.0.4), and those that every process has under their standard names. */

export interface Metric {
  /** As in `stakecube_chain_height`; counters end in `_total`. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function formatMetrics(metrics: readonly Metric[]): string {
  const lines = metrics.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}`),
  ])
  return `${lines.join('\n')}\n`
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return ''
  const escaped = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join()}}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}

export const gauge = (name: string, help: string, value: number): Metric => ({
  ...{ name, type: 'gauge', help, samples: [{ value }] },
})

export const counter = (name: string, help: string, value: number): Metric => ({
  ...{ name, type: 'counter', help, samples: [{ value }] },
})

/** A counter with one sample for each key of `counts`, under `label`. */
export const counters = (
  name: string,
  help: string,
  label: string,
  counts: Readonly<Record<string, number>>,
): Metric => ({
  ...{ name, type: 'counter', help },
  samples: Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value })),
})

/** Processor time, memory and start of this process, and the delay of its event loop in seconds. */
export function processMetrics(eventLoopLagS: number): Metric[] {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return [
    counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', (user + system) / 1e6),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
    gauge(
      'process_start_time_seconds',
      'Start time of the process since unix epoch in seconds.',
      Math.round(performance.timeOrigin) / 1000,
    ),
    gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', heapUsed),
    gauge('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', external),
    gauge(
      'nodejs_eventloop_lag_seconds',
      'Mean lag of the event loop since the last scrape in seconds.',
      eventLoopLagS,
    ),
  ]
}
