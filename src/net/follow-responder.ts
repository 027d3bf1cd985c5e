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

export function followResponder(view: ChainView, bell: FinalBell) {
  return (request: Uint8Array, { signal }: RequestContext): Result<AsyncIterable<Uint8Array>, string> => {
    const decoded = decodeFollowRequest(request)
    return decoded.kind === 'rejected' ? decoded : accepted(updates(view, bell, decoded.value.fromHeight, signal))
  }
}

async function* updates(
  view: ChainView,
  bell: FinalBell,
  fromHeight: bigint,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  let height = fromHeight
  while (!signal.aborted) {
    const next = nextUpdate(view, height)
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
