/**
 * Requests that are small to send and dear to answer: what they cost is counted against the peer, and is done in slices, so
 * that votes are not late because of them. The answer itself then finds everything made.
 */
import { epochOf } from '../chain/params.ts'
import type { RequestContext } from '../net/serve.ts'
import { COMMITTEE_FORM } from '../wire/update.ts'
import { decodeHopsRequest } from '../wire/hops.ts'
import { decodeProofRequest } from '../wire/proof.ts'
import type { NodeView } from './node-view.ts'

/** Requests that count as much as one block hashed for a topic, and as one committee decoded. */
const BLOCK_COST = 1 / 4
const COMMITTEE_COST = 1

/** False when the peer has used up what it may cost: the request is refused. */
export async function prepareAnswer(
  view: NodeView,
  protocol: string,
  request: Uint8Array,
  { charge, signal }: Pick<RequestContext, 'charge' | 'signal'>,
): Promise<boolean> {
  const jobs = jobsOf(view, protocol, request)
  if (jobs.length === 0) return true
  const [{ cost }] = jobs as [Job]
  if (charge?.(cost * jobs.length) === false) return false
  for (const { run } of jobs) {
    if (signal.aborted) return false
    run()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return true
}

interface Job {
  readonly cost: number
  run(): void
}

function jobsOf(view: NodeView, protocol: string, request: Uint8Array): readonly Job[] {
  if (protocol === 'proof') return topicJobs(view, request)
  return protocol === 'hops' ? committeeJobs(view, request) : []
}

function topicJobs(view: NodeView, request: Uint8Array): readonly Job[] {
  const asked = decodeProofRequest(request)
  if (asked.kind === 'rejected' || asked.value.kind !== 4) return []
  const { start, end, prefix } = asked.value
  const last = view.head().header.height + 1n
  const jobs: Job[] = []
  for (let height = start; height < end && height < last; height++)
    if (!view.hasTopicProof(height, prefix))
      jobs.push({ cost: BLOCK_COST, run: () => void view.topicProof(height, prefix) })
  return jobs
}

function committeeJobs(view: NodeView, request: Uint8Array): readonly Job[] {
  const asked = decodeHopsRequest(request)
  if (asked.kind === 'rejected' || (asked.value.forms & (1 << COMMITTEE_FORM.compact)) === 0) return []
  const first = epochOf(asked.value.fromHeight, view.params) + 1
  const last = Math.min(first + asked.value.countMax, epochOf(view.head().header.height, view.params) + 1)
  const jobs: Job[] = []
  for (let epoch = first; epoch < last; epoch++)
    if (!view.hasCommitteeKeys(epoch)) jobs.push({ cost: COMMITTEE_COST, run: () => void view.committeeKeys(epoch) })
  return jobs
}
