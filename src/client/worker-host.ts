/**
 * The page's side of worker mode: the machine behind messages (machine-worker.ts). A worker that cannot be started is said
 * so before anything was given to it, and the caller verifies in its own thread; one that ends later ends the client.
 */
import type { Result, Verdict } from '../base/verdict.ts'
import type { LightEvent } from '../light/contract.ts'
import type { ProvenFile } from '../light/proof-file.ts'
import type { Update } from '../verify/light.ts'
import type { RequestProtocol } from '../wire/answer.ts'
import type { Answer } from '../wire/envelope.ts'
import { ClientError } from './errors.ts'
import type { HostEvents, HostFault, MachineConfig, MachineHost, MachineState, ProofTask } from './machine-host.ts'
import type { FromWorker, PostedState, Question, Replies, ToWorker } from './machine-worker.ts'

/** How long a worker may take to load; the page verifies in its own thread then. */
const OPEN_MS_MAX = 15_000
/** A worker from which nothing came for so many ticks of the driver, about a second each, is given up. */
const SILENT_TICKS_MAX = 60

/** The part of a Worker that is used; any channel to {@link serveMachine} will do. */
export interface MachineWorker {
  postMessage(message: unknown): void
  terminate(): unknown
  addEventListener(
    type: 'message' | 'error' | 'messageerror',
    listener: (event: { readonly data?: unknown; readonly message?: unknown }) => void,
  ): void
}

interface Asked {
  resolve(value: Replies[Question['kind']]): void
  reject(error: ClientError): void
}

export class WorkerHost implements MachineHost {
  readonly #worker: MachineWorker
  #events: HostEvents | undefined
  #state: MachineState = {
    ...{ phase: 'waiting', header: undefined, witnessCount: 0, committee: undefined },
    trust: { advancedMs: undefined, conflictCount: 0, rejectedPeerCount: 0, peers: [] },
  }
  /** Events that are not done, and who waits for them. */
  #undone = 0
  #waiting: (() => void)[] = []
  #silentTicks = 0
  readonly #asked = new Map<number, Asked>()
  #askedCount = 0
  /** Why it is over. */
  #over: ClientError | undefined

  /** Hands `worker` its machine. Rejects with a plain reason if it does not come up; it is ended then. */
  static async open(worker: MachineWorker, config: MachineConfig): Promise<WorkerHost> {
    const host = new WorkerHost(worker)
    try {
      await host.#open(config)
    } catch (error) {
      host.close()
      throw error
    }
    return host
  }

  private constructor(worker: MachineWorker) {
    this.#worker = worker
  }

  #open(config: MachineConfig): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came of it in ${OPEN_MS_MAX} ms`)), OPEN_MS_MAX)
      const fail = (reason: string): void => {
        clearTimeout(timer)
        reject(new Error(reason))
        this.#fail(reason)
      }
      this.#worker.addEventListener('error', (event) => fail(messageOf(event, 'its script was not loaded')))
      this.#worker.addEventListener('messageerror', () => fail('a message could not be copied'))
      this.#worker.addEventListener('message', ({ data }) => {
        const message = data as FromWorker
        if (message.kind === 'failed') return fail(message.reason)
        if (message.kind !== 'opened') return this.#onMessage(message)
        clearTimeout(timer)
        resolve()
      })
      this.#post({ kind: 'open', config })
    })
  }

  get state(): MachineState {
    return this.#state
  }

  attach(events: HostEvents): void {
    this.#events = events
    // It may have ended since it was opened.
    const operands = this.#over?.operands
    if (operands !== undefined) queueMicrotask(() => events.onFault({ code: 'worker-failed', operands }))
  }

  deliver(event: LightEvent): void {
    if (this.#over !== undefined) return
    if (event.kind === 'ticked' && ++this.#silentTicks > SILENT_TICKS_MAX)
      return this.#fail(`no answer for ${SILENT_TICKS_MAX} s`)
    this.#undone++
    this.#post({ kind: 'event', event: withOwnBytes(event) })
  }

  settled(): Promise<void> {
    const isOver = this.#over !== undefined
    return isOver || this.#undone === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }

  verifyProof(task: ProofTask): Promise<Verdict<ProvenFile>> {
    return this.#ask<'proof'>({ kind: 'proof', task })
  }

  answer(protocol: RequestProtocol, request: Uint8Array): Promise<Result<Uint8Array>> {
    return this.#ask<'answer'>({ kind: 'answer', protocol, request })
  }

  next(height: bigint): Promise<Answer<Update | undefined>> {
    return this.#ask<'next'>({ kind: 'next', height })
  }

  close(): void {
    this.#end(new ClientError('closed'))
  }

  #ask<Kind extends Question['kind']>(question: Question & { kind: Kind }): Promise<Replies[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over)
      const id = ++this.#askedCount
      this.#asked.set(id, { resolve: resolve as Asked['resolve'], reject })
      this.#post({ kind: 'question', id, question })
    })
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #onMessage(message: Exclude<FromWorker, { kind: 'opened' | 'failed' }>): void {
    if (this.#over !== undefined) return
    this.#silentTicks = 0
    switch (message.kind) {
      case 'stepped':
        this.#state = this.#restored(message.state)
        return this.#events?.onStepped(message.effects)
      case 'done':
        if (--this.#undone === 0) this.#release()
        return
      case 'fault':
        return this.#fault({ code: 'internal-fault', operands: message.operands })
      case 'reply':
        this.#asked.get(message.id)?.resolve(message.value)
        return void this.#asked.delete(message.id)
    }
  }

  #restored({ committee, ...state }: PostedState): MachineState {
    return { ...state, committee: committee === undefined ? this.#state.committee : committee.is }
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #fail(reason: string): void {
    this.#fault({ code: 'worker-failed', operands: { reason } })
  }

  #fault(fault: HostFault): void {
    if (this.#over !== undefined) return
    this.#end(new ClientError(fault.code, fault.operands))
    this.#events?.onFault(fault)
  }

  #end(error: ClientError): void {
    if (this.#over !== undefined) return
    this.#over = error
    this.#worker.terminate()
    for (const asked of this.#asked.values()) asked.reject(error)
    this.#asked.clear()
    this.#release()
  }
}

const messageOf = ({ message }: { readonly message?: unknown }, otherwise: string): string =>
  typeof message === 'string' && message !== '' ? message : otherwise

/** A view is copied with all of its buffer: what the network cut out of a larger one goes alone. */
function withOwnBytes(event: LightEvent): LightEvent {
  if (event.kind !== 'response-received' && event.kind !== 'frame-received') return event
  const { bytes } = event
  return bytes.byteLength === bytes.buffer.byteLength ? event : { ...event, bytes: bytes.slice() }
}
