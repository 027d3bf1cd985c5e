/** `follow` of §9 on the server: updates as blocks become final, until the client goes. */
import { accepted, type Result } from '../base/verdict.ts'
import type { RequestContext } from './serve.ts'
import { nextUpdate } from '../wire/answer.ts'
import type { ChainView } from '../wire/chain-view.ts'
import { served } from '../wire/envelope.ts'
import { decodeFollowRequest, encodeFollowFrame } from '../wire/follow.ts'

/** Wakes whoever waits for the next final block. */
export class FinalBell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Resolves at the next ring, or when `signal` aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', wake)
      this.#waiting.add(wake)
    })
  }
}

type Found = ReturnType<typeof nextUpdate>
/** The update that leads on from `height`; none while there is nothing newer. */
export type Next = (height: bigint) => Found | Promise<Found>

export const followResponder = (view: ChainView, bell: FinalBell) =>
  followAnswers((height) => nextUpdate(view, height), bell)

/** The same where the view is elsewhere, as in a worker. */
export function followAnswers(next: Next, bell: FinalBell) {
  return (request: Uint8Array, { signal }: RequestContext): Result<AsyncIterable<Uint8Array>, string> => {
    const decoded = decodeFollowRequest(request)
    return decoded.kind === 'rejected' ? decoded : accepted(updates(next, bell, decoded.value.fromHeight, signal))
  }
}

async function* updates(
  nextOf: Next,
  bell: FinalBell,
  fromHeight: bigint,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  let height = fromHeight
  while (!signal.aborted) {
    const found = nextOf(height)
    // What is there at once is used at once: a ring between looking and waiting would be missed.
    const next = found instanceof Promise ? await found : found
    if (next.kind === 'refused') {
      yield encodeFollowFrame(next)
      return
    }
    if (next.body === undefined) await bell.next(signal)
    else {
      yield encodeFollowFrame(served(next.body))
      height = next.body.header.height
    }
  }
}
