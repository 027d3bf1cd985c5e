/** The page for any browser: runs the suite in a worker, shows the table, and posts the samples if it was started by bench. */
import { engineOf, generationOf } from '../harness/engine.ts'
import type { Samples } from '../harness/measure.ts'
import { ratiosOf, summarise } from '../harness/report.ts'
import { caseTable, ratioTable } from '../harness/table.ts'

interface WorkerMessage {
  readonly round?: number
  readonly of?: number
  readonly samples?: readonly Samples[]
  readonly error?: string
}

const query = new URLSearchParams(location.search)
const output = document.querySelector('pre')!
const status = document.querySelector('p')!
const engine = engineOf(navigator.userAgent)

function show(samples: readonly Samples[]): void {
  const cases = summarise([samples])
  const ratios = ratiosOf([samples], generationOf(engine))
  output.textContent = [ratioTable(ratios), caseTable(cases)].join('\n\n')
}

async function finish(message: WorkerMessage): Promise<void> {
  if (message.samples !== undefined) show(message.samples)
  status.textContent = message.error ?? `${engine}, done.`
  if (query.has('post'))
    await fetch('/result', {
      method: 'POST',
      body: JSON.stringify({ userAgent: navigator.userAgent, isolated: crossOriginIsolated, ...message }),
    })
}

status.textContent = `${engine}: warming up…`
const worker = new Worker('/worker.js', { type: 'module' })
worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
  if (data.round !== undefined) status.textContent = `${engine}: round ${data.round} of ${data.of}`
  else void finish(data)
}
worker.onerror = (event) => void finish({ error: event.message })
worker.postMessage({
  rounds: Number(query.get('rounds') ?? 12),
  sampleMs: Number(query.get('sampleMs') ?? 5),
  warmUpMs: Number(query.get('warmUpMs') ?? 300),
  merkleLog: Number(query.get('merkleLog') ?? 16),
  only: (query.get('only') ?? '').split(',').filter((word) => word !== ''),
})
