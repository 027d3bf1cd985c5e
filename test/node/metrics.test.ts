import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { counter, counters, formatMetrics, gauge, processMetrics } from '../../src/node/metrics.ts'

test('metrics are written in the text format, with labels and help escaped', () => {
  const text = formatMetrics([
    gauge('a', 'line\nand \\', 1.5),
    counter('b_total', 'B.', 2),
    counters('c_total', 'C.', 'reason', { 'say "no"\\\n': 3, plain: 4 }),
    gauge('d', 'D.', Infinity),
  ])
  equal(
    text,
    '# HELP a line\\nand \\\\\n# TYPE a gauge\na 1.5\n# HELP b_total B.\n# TYPE b_total counter\nb_total 2\n' +
      '# HELP c_total C.\n# TYPE c_total counter\nc_total{reason="say \\"no\\"\\\\\\n"} 3\nc_total{reason="plain"} 4\n' +
      '# HELP d D.\n# TYPE d gauge\nd +Inf\n',
  )
})

test('a process tells its processor time, memory and start under the standard names', () => {
  const text = formatMetrics(processMetrics(0))
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds'])
    match(text, new RegExp(`^${name} [0-9.]+$`, 'm'))
})
