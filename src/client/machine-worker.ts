/**
 * The worker's side of worker mode: a machine with its own kernels, stepped by the events that come as messages. Nothing here
 * touches the network, the store or the page; what is posted is plain data, copied by structured clone.
 *
 * Messages are handled one by one in the order in which they were posted, so the driver sees what it would see of a machine in
 * its own thread, only later.
 */
import type { Operands, Result, Verdict } from '../base/verdict.ts'
import type { Committee } from '../chain/committee.ts'
import { loadBls } from '../crypto/bls-kernel/load.ts'
import type { Engine } from '../crypto/engine.ts'
import { loadKernels } from '../kernels/load.ts'
import type { LightEvent } from '../light/contract.ts'
import type { ProvenFile } from '../light/proof-file.ts'
import type { Update } from '../verify/light.ts'
import type { RequestProtocol } from '../wire/answer.ts'
import type { Answer } from '../wire/envelope.ts'
import { LocalHost, type HostEffect, type MachineConfig, type MachineState, type ProofTask } from './machine-host.ts'

/** By this name a worker knows that it was started to verify. */
export const WORKER_NAME = 'stakecube-verifier'

export type Question =
  | { readonly kind: 'proof'; readonly task: ProofTask }
  | { readonly kind: 'answer'; readonly protocol: RequestProtocol; readonly request: Uint8Array }
  | { readonly kind: 'next'; readonly height: bigint }

export interface Replies {
  readonly proof: Verdict<ProvenFile>
  readonly answer: Result<Uint8Array>
  readonly next: Answer<Update | undefined>
}

export type ToWorker =
  /** The first, once. */
  | { readonly kind: 'open'; readonly config: MachineConfig }
  | { readonly kind: 'event'; readonly event: LightEvent }
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }

/** The committee is large and changes once an epoch: it comes along only where it is another one than before. */
export type PostedState = Omit<MachineState, 'committee'> & {
  readonly committee?: { readonly is: Committee | undefined }
}

export type FromWorker =
  /** With what it computes. */
  | { readonly kind: 'opened'; readonly kernels: string; readonly bls: string }
  | { readonly kind: 'stepped'; readonly effects: readonly HostEffect[]; readonly state: PostedState }
  /** It cannot be opened. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** The machine threw: an `internal-fault` with these operands. */
  | { readonly kind: 'fault'; readonly operands: Operands }
  /** An event was stepped; one for each, in order. */
  | { readonly kind: 'done' }
  | { readonly kind: 'reply'; readonly id: number; readonly value: Replies[Question['kind']] }

/** What a worker's own scope, or the far end of any channel, offers. */
export interface WorkerScope {
  postMessage(message: FromWorker): void
  onmessage: ((event: { readonly data: ToWorker }) => void) | null
}

/** Takes one machine and steps it for as long as the worker lives. */
export function serveMachine(scope: WorkerScope, load = loadEngine): void {
  scope.onmessage = ({ data }) => {
    if (data.kind !== 'open') return
    open(scope, data.config, load).catch((error: unknown) => {
      // A promise that nobody awaits is no error of the worker: it has to be told.
      scope.postMessage({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
    })
  }
}

async function loadEngine(): Promise<Engine> {
  const kernels = await loadKernels()
  return { kernels, bls: await loadBls({ sha256: (bytes) => kernels.sha256(bytes) }) }
}

async function open(scope: WorkerScope, config: MachineConfig, load: () => Promise<Engine>): Promise<void> {
  const engine = await load()
  const host = new LocalHost(engine, config)
  let told: Committee | undefined
  host.attach({
    onStepped: (effects) => {
      const { committee, ...state } = host.state
      const isOther = committee !== told
      told = committee
      const posted = isOther ? { ...state, committee: { is: committee } } : state
      scope.postMessage({ kind: 'stepped', effects, state: posted })
    },
    onFault: ({ operands }) => scope.postMessage({ kind: 'fault', operands }),
  })
  scope.onmessage = ({ data }) => {
    if (data.kind === 'question') {
      scope.postMessage({ kind: 'reply', id: data.id, value: replyOf(host, data.question) })
    } else if (data.kind === 'event') {
      host.deliver(data.event)
      scope.postMessage({ kind: 'done' })
    }
  }
  scope.postMessage({ kind: 'opened', kernels: engine.kernels.name, bls: engine.bls.engine })
}

function replyOf(host: LocalHost, question: Question): Replies[Question['kind']] {
  switch (question.kind) {
    case 'proof':
      return host.verifyProof(question.task)
    case 'answer':
      return host.answer(question.protocol, question.request)
    case 'next':
      return host.next(question.height)
  }
}
