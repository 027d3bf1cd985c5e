/**
 * Serving other light clients: the archive of the machine behind the responder of the network. What is given out verifies
 * itself; evidence that comes in is verified before anything follows from it.
 */
import { accepted, type Result } from '../base/verdict.ts'
import type { Archive } from '../light/archive.ts'
import { FinalBell, followResponder } from '../net/follow-responder.ts'
import type { ProtocolName, Responder } from '../ports/network.ts'
import { answer } from '../wire/answer.ts'
import { encodeAnswer, refused } from '../wire/envelope.ts'

/** Before the first head, and once the client has stopped: ask somebody else. */
const busy = (): Uint8Array => encodeAnswer(refused('busy'), () => new Uint8Array(0))

export class Serving implements Responder {
  readonly #archive: Archive
  readonly #isRunning: () => boolean
  readonly #bell = new FinalBell()

  constructor(archive: Archive, isRunning: () => boolean) {
    this.#archive = archive
    this.#isRunning = isRunning
  }

  request(protocol: Exclude<ProtocolName, 'follow'>, request: Uint8Array): Result<Uint8Array> {
    const isOpen = this.#archive.isReady && (this.#isRunning() || protocol === 'evidence')
    return isOpen ? answer(this.#archive, protocol, request) : accepted(busy())
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
