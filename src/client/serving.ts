/**
 * Serving other light clients: the archive of the machine behind the responder of the network. What is given out verifies
 * itself; evidence that comes in is verified before anything follows from it.
 */
import { accepted, type Result } from '../base/verdict.ts'
import type { Archive } from '../light/archive.ts'
import { FinalBell, followResponder } from '../net/follow-responder.ts'
import type { Charge, ProtocolName, Responder } from '../ports/network.ts'
import { answer } from '../wire/answer.ts'
import { encodeAnswer, refused } from '../wire/envelope.ts'

/**
 * What a request counts beyond itself where a few bytes cost much: evidence two pairings, hops a history path and a committee
 * for each of up to 64. A page answers on the thread that follows the chain.
 */
const COST: Partial<Readonly<Record<ProtocolName, number>>> = { evidence: 20, hops: 8 }

/** Before the first head, for who asks too much, and once the client has stopped: ask somebody else. */
const busy = (): Uint8Array => encodeAnswer(refused('busy'), () => new Uint8Array(0))

export class Serving implements Responder {
  readonly #archive: Archive
  readonly #isRunning: () => boolean
  readonly #bell = new FinalBell()

  constructor(archive: Archive, isRunning: () => boolean) {
    this.#archive = archive
    this.#isRunning = isRunning
  }

  request(protocol: Exclude<ProtocolName, 'follow'>, request: Uint8Array, charge?: Charge): Result<Uint8Array> {
    const isOpen = this.#archive.isReady && (this.#isRunning() || protocol === 'evidence')
    const cost = COST[protocol]
    const isAffordable = cost === undefined || charge?.(cost) !== false
    return isOpen && isAffordable ? answer(this.#archive, protocol, request) : accepted(busy())
  }

  follow(request: Uint8Array, signal: unknown): Result<AsyncIterable<Uint8Array>> {
    if (!this.#archive.isReady || !this.#isRunning()) return accepted(only(busy()))
    return followResponder(this.#archive, this.#bell)(request, { peer: '', signal: signal as AbortSignal })
  }

  /** There is a new head: whoever follows gets it. */
  tell(): void {
    this.#bell.ring()
  }
}

async function* only(frame: Uint8Array): AsyncIterable<Uint8Array> {
  yield frame
}
