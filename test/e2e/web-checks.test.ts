/** The short forms of the checks of the page and the package: each as `npm run check -- NAME` runs it. */
import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { run as a11y } from '../../tools/checks/a11y.ts'
import { pack } from '../../tools/checks/pack.ts'
import { run as pageSoak } from '../../tools/checks/page-soak.ts'
import { run as worker } from '../../tools/checks/worker.ts'
import type { CheckOutcome } from '../../tools/checks/registry.ts'

const OPTIONS = { seed: 'test', full: false }
const failures = ({ results, notRun }: CheckOutcome): string[] => [
  ...results.filter(({ pass }) => !pass).map(({ id, value }) => `${id}: ${JSON.stringify(value)}`),
  ...notRun,
]

test(
  'pack: the package installs small, reads well, and verifies in every kind of page',
  { timeout: 400_000 },
  async () => deepEqual(failures(await pack()), []),
)
test('a11y: axe finds nothing, and the keyboard reaches everything', { timeout: 400_000 }, async () =>
  deepEqual(failures(await a11y(OPTIONS)), []),
)
test('worker: what verifies leaves the main thread of a page alone', { timeout: 400_000 }, async () => {
  // Milliseconds are those of the machine: here the page with a worker is held to the one without.
  const outcome = await worker(OPTIONS)
  const longest = outcome.results.filter(({ id }) => id.includes('longest task'))
  const others = outcome.results.filter((result) => !longest.includes(result) && !result.id.startsWith('tasks of'))
  deepEqual(failures({ ...outcome, results: others }), [])
  const [without, ...withWorker] = longest.map(({ value }) => Number(value)).toReversed()
  ok(withWorker.length === 3 && Math.max(...withWorker) < without!, JSON.stringify(longest))
})
test('page-soak: a page that follows stays quick and small', { timeout: 400_000 }, async () => {
  // Beside other tests a task waits for a processor; how long it may take is asked on a quiet machine.
  const outcome = await pageSoak(OPTIONS)
  const results = outcome.results.filter(({ id }) => id !== 'tasksOver50ms' && id !== 'blocks followed')
  deepEqual(failures({ ...outcome, results }), [])
})
