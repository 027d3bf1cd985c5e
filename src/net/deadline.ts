/** One time limit and the other reasons to give up, as one AbortSignal that says which it was. */
import { TransportError } from '../ports/network.ts'

export class Deadline {
  readonly #controller = new AbortController()
  readonly #open: Set<Deadline>
  readonly #source: AbortSignal | undefined
  readonly #timer: ReturnType<typeof setTimeout>
  readonly #cancel = (): void => this.cancel()
  #reason: TransportError | undefined

  /** Stands in `open` until cleared, so that its owner can cancel all of them; `source` cancels it too. */
  constructor(timeoutMs: number, open: Set<Deadline>, source?: AbortSignal) {
    this.#open = open
    this.#source = source
    open.add(this)
    const late = new TransportError('timeout', `no answer within ${timeoutMs} ms`)
    this.#timer = setTimeout(() => this.#giveUp(late), timeoutMs)
    if (source?.aborted === true) this.cancel()
    else source?.addEventListener('abort', this.#cancel)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  cancel(): void {
    this.#giveUp(new TransportError('aborted', 'the request was cancelled'))
  }

  /** `promise`, or the reason as soon as there is one. */
  race<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(this.#reason)
      if (this.signal.aborted) fail()
      this.signal.addEventListener('abort', fail, { once: true })
      promise.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', fail))
    })
  }

  /** The reason of ours behind whatever was thrown, if this deadline has ended. */
  get reason(): TransportError | undefined {
    return this.#reason
  }

  /** From here on only cancelling counts. */
  stopTimer(): void {
    clearTimeout(this.#timer)
  }

  clear(): void {
    this.stopTimer()
    this.#open.delete(this)
    this.#source?.removeEventListener('abort', this.#cancel)
  }

  #giveUp(reason: TransportError): void {
    this.#reason ??= reason
    this.#controller.abort(this.#reason)
  }
}
