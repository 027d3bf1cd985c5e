/**
 * Serving other light clients: what the machine holds, behind the responder of the network. What is given out verifies
 * itself; evidence that comes in is verified before anything follows from it.
 */
import { accepted, type Result } from '../base/verdict.ts'
import { FinalBell, followAnswers } from '../net/follow-responder.ts'
import type { Charge, ProtocolName, Responder } from '../ports/network.ts'
import { refusalFrame } from '../wire/envelope.ts'
import type { MachineHost, Soon } from './machine-host.ts'

/**
 * What a request counts beyond itself where a few bytes cost much: evidence two pairings, hops a history path and a committee
 * for each of up to 64. A page answers where it verifies.
 */
const COST: Partial<Readonly<Record<ProtocolName, number>>> = { evidence: 20, hops: 8 }

/** What answers: a machine that serves. */
export type Answering = Pick<MachineHost, 'answer' | 'next'>

export class Serving implements Responder {
  readonly #host: Answering
  readonly #isRunning: () => boolean
  readonly #bell = new FinalBell()

  constructor(host: Answering, isRunning: () => boolean) {
    this.#host = host
    this.#isRunning = isRunning
  }

  /** Who asks too much, and who asks a client that has stopped, is told to ask somebody else. */
  request(
    protocol: Exclude<ProtocolName, 'follow'>,
    request: Uint8Array,
    charge?: Charge,
  ): Soon<Result<Uint8Array, string>> {
    const isOpen = this.#isRunning() || protocol === 'evidence'
    const cost = COST[protocol]
    const isAffordable = cost === undefined || charge?.(cost) !== false
    return isOpen && isAffordable ? this.#host.answer(protocol, request) : accepted(refusalFrame('busy'))
  }

  follow(request: Uint8Array, signal: unknown): Result<AsyncIterable<Uint8Array>> {
    if (!this.#isRunning()) return accepted(only(refusalFrame('busy')))
    const next = (height: bigint) => this.#host.next(height)
    return followAnswers(next, this.#bell)(request, { peer: '', signal: signal as AbortSignal })
  }

  /** There is a new head: whoever follows gets it. */
  tell(): void {
    this.#bell.ring()
  }
}

async function* only(frame: Uint8Array): AsyncIterable<Uint8Array> {
  yield frame
}
