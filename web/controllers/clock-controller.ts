/** Renders its host once a second while it is on a page that can be seen: ages go on when nothing else happens. */
import type { ReactiveController, ReactiveControllerHost } from 'lit'

export class ClockController implements ReactiveController {
  readonly #host: ReactiveControllerHost
  readonly #periodMs: number
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(host: ReactiveControllerHost, periodMs = 1000) {
    this.#host = host
    this.#periodMs = periodMs
    host.addController(this)
  }

  get nowMs(): number {
    return Date.now()
  }

  hostConnected(): void {
    document.addEventListener('visibilitychange', this.#onVisibility)
    this.#onVisibility()
  }

  hostDisconnected(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility)
    clearInterval(this.#timer)
  }

  readonly #onVisibility = (): void => {
    clearInterval(this.#timer)
    if (document.visibilityState === 'hidden') return
    this.#host.requestUpdate()
    this.#timer = setInterval(() => this.#host.requestUpdate(), this.#periodMs)
  }
}
