/**
 * Where the light machine runs: in this thread, or in a worker (worker-host.ts). The driver gives it events and carries out the
 * effects of each step, in order; everything that verifies happens behind this port.
 */
import { accepted, type Operands, type Result, type Verdict } from '../base/verdict.ts'
import type { Committee } from '../chain/committee.ts'
import type { Header } from '../chain/header.ts'
import type { ChainSpec } from '../chain/spec.ts'
import type { Engine } from '../crypto/engine.ts'
import type { LightConfig, LightEffect, LightEvent, LightPhase } from '../light/contract.ts'
import { LightMachine } from '../light/machine.ts'
import { verifyProofFile, type ProvenFile } from '../light/proof-file.ts'
import type { TrustFacts } from '../light/trust-meter.ts'
import type { Update } from '../verify/light.ts'
import type { Checkpoint } from '../verify/trust.ts'
import { answer, nextUpdate, type RequestProtocol } from '../wire/answer.ts'
import { refusalFrame, refused, type Answer } from '../wire/envelope.ts'
import type { ConflictEvidence, EvidenceResponse } from '../wire/evidence.ts'

/** What a machine is made from, as it may be sent to a worker. */
export interface MachineConfig extends Pick<LightConfig, 'seed' | 'checkpoint' | 'weakCommitteesAllowed'> {
  readonly spec: ChainSpec
  /** It keeps what it verifies for other clients. */
  readonly serves?: boolean
}

/** What the client tells of the machine between its notices. */
export interface MachineState {
  readonly phase: LightPhase
  /** Of the trusted head, which may not be saved yet. */
  readonly header: Header | undefined
  readonly witnessCount: number
  /** Of the trusted head's epoch, once it is audited. */
  readonly committee: Committee | undefined
  readonly trust: Pick<TrustFacts, 'advancedMs' | 'conflictCount' | 'rejectedPeerCount'> & {
    readonly peers: LightMachine['trustFacts']['peers']
  }
}

/** A code of the client; not yet its error, whose sentences a worker need not carry. */
export interface HostFault {
  readonly code: 'internal-fault' | 'worker-failed'
  readonly operands: Operands
  readonly cause?: unknown
}

export interface HostEvents {
  /** One step was taken: its effects, to be carried out in order. */
  onStepped(effects: readonly HostEffect[]): void
  /**
   * It is over: `internal-fault` if the machine threw, which is a bug of ours and no fault of a peer or the network (what it holds
   * cannot be relied on, so it is not stepped again); `worker-failed` if its worker is gone.
   */
  onFault(fault: HostFault): void
}

/** The host itself steps again where there is work left. */
export type HostEffect = Exclude<LightEffect, { readonly kind: 'resume-soon' }>

export interface ProofTask {
  readonly checkpoint: Checkpoint | undefined
  readonly bytes: Uint8Array
  readonly nowMs: bigint
}

/** In this thread an answer is there at once; from a worker it is a promise, which rejects when the host is closed or fails. */
export type Soon<Value> = Value | Promise<Value>

export interface MachineHost {
  /** As of the last step that was carried out. */
  readonly state: MachineState
  /** Before the first event. */
  attach(events: HostEvents): void
  /** Events are stepped one by one, in order. */
  deliver(event: LightEvent): void
  /** Resolves when all that was delivered before is stepped and its effects have been carried out. */
  settled(): Promise<void>
  /** A proof file, judged as by {@link verifyProofFile}; what comes back holds no keys. */
  verifyProof(task: ProofTask): Soon<Verdict<ProvenFile>>
  /** For other clients, of a machine that serves: the response frame for a request; `busy` before the first head. */
  answer(protocol: RequestProtocol, request: Uint8Array): Soon<Result<Uint8Array>>
  /** The same for streams: the update that leads on from `height`; none while there is nothing newer. */
  next(height: bigint): Soon<Answer<Update | undefined>>
  close(): void
}

/** Whatever was thrown, within a sentence. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

/** The machine in this thread, stepped at once. */
export class LocalHost implements MachineHost {
  readonly #machine: LightMachine
  readonly #config: LightConfig
  #events: HostEvents | undefined
  readonly #queue: LightEvent[] = []
  #isStepping = false
  #resuming: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(engine: Engine, { serves = false, ...config }: MachineConfig) {
    const onReport = (evidence: ConflictEvidence): EvidenceResponse => this.#onReport(evidence)
    this.#config = { engine, ...config, ...(serves ? { onReport } : {}) }
    this.#machine = new LightMachine(this.#config)
  }

  get state(): MachineState {
    const { committee, advancedMs, conflictCount, rejectedPeerCount, peers } = this.#machine.trustFacts
    const { witnessCount, phase, trusted } = this.#machine
    return {
      phase,
      header: trusted?.header,
      witnessCount,
      committee,
      trust: { advancedMs, conflictCount, rejectedPeerCount, peers },
    }
  }

  attach(events: HostEvents): void {
    this.#events = events
  }

  /** Calls from within a step wait for their turn. */
  deliver(event: LightEvent): void {
    if (this.#isClosed) return
    this.#queue.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    let { kind } = event
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        kind = next.kind
        this.#step(next)
      }
    } catch (cause) {
      this.close()
      this.#events?.onFault({ code: 'internal-fault', operands: { event: kind, reason: reasonOf(cause) }, cause })
    } finally {
      this.#isStepping = false
    }
  }

  #step(event: LightEvent): void {
    const effects: HostEffect[] = []
    for (const effect of this.#machine.step(event)) {
      if (effect.kind === 'resume-soon') this.#resumeSoon()
      else effects.push(effect)
    }
    this.#events?.onStepped(effects)
  }

  /** After letting others run: a long catch-up is many short steps. */
  #resumeSoon(): void {
    this.#resuming ??= setTimeout(() => {
      this.#resuming = undefined
      this.deliver({ kind: 'work-resumed' })
    }, 0)
  }

  async settled(): Promise<void> {}

  verifyProof({ checkpoint, bytes, nowMs }: ProofTask): Verdict<ProvenFile> {
    const { engine, spec, weakCommitteesAllowed } = this.#config
    const verdict = verifyProofFile(engine, spec, checkpoint, bytes, nowMs, weakCommitteesAllowed)
    if (verdict.kind !== 'accepted') return verdict
    const { value } = verdict
    return accepted({ ...value, trusted: { ...value.trusted, committee: undefined } })
  }

  answer(protocol: RequestProtocol, request: Uint8Array): Result<Uint8Array> {
    const { archive } = this.#machine
    return archive?.isReady === true ? answer(archive, protocol, request) : accepted(refusalFrame('busy'))
  }

  next(height: bigint): Answer<Update | undefined> {
    const { archive } = this.#machine
    return archive?.isReady === true ? nextUpdate(archive, height) : refused('busy')
  }

  /** Another client sent it: judged at once, and a client that finds it true has stopped. */
  #onReport(evidence: ConflictEvidence): EvidenceResponse {
    const isHalted = (): boolean => this.#machine.phase === 'halted'
    if (isHalted()) return { outcome: 'known', reason: '' }
    this.deliver({ kind: 'evidence-received', evidence })
    return isHalted()
      ? { outcome: 'kept', reason: '' }
      : { outcome: 'rejected', reason: 'it does not show this client that two final blocks conflict' }
  }

  close(): void {
    this.#isClosed = true
    this.#queue.length = 0
    clearTimeout(this.#resuming)
  }
}
