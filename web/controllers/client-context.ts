/**
 * How an element finds its client: the web components community's context protocol (an event that bubbles up to a
 * provider), so any framework's provider will do. A provider that appears late announces itself on the window, and
 * elements that found none ask again.
 */
import type { ClientSource } from '../client/facts.ts'

export const CLIENT_CONTEXT = Symbol.for('stakecube-client')
export const CLIENT_PROVIDED_EVENT = 'stakecube-client-provided'

export type ClientCallback = (client: ClientSource | undefined, unsubscribe?: () => void) => void

/** Bubbles and crosses shadow roots; the provider stops it and calls back, again on each change if `subscribe`. */
export class ContextRequestEvent extends Event {
  readonly context = CLIENT_CONTEXT
  readonly callback: ClientCallback
  readonly subscribe: boolean
  constructor(callback: ClientCallback, subscribe: boolean) {
    super('context-request', { bubbles: true, composed: true })
    this.callback = callback
    this.subscribe = subscribe
  }
}

declare global {
  interface HTMLElementEventMap {
    'context-request': ContextRequestEvent
  }
}
