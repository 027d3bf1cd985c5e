/** What all elements share: a client, found by context, by `for` or set as a property, and the theme. */
import { LitElement, type CSSResultGroup, type PropertyValues } from 'lit'
import { property } from 'lit/decorators.js'
import type { ClientFacts, ClientSource, Problem } from '../client/facts.ts'
import { ClientController } from '../controllers/client-controller.ts'
import { theme } from './theme.ts'

/**
 * @fires error - CustomEvent with `detail: { code, sentence }` when something that the element was asked for failed.
 */
export abstract class StakecubeElement extends LitElement {
  static override styles: CSSResultGroup = [theme]

  /** Id of the `<stakecube-client>` to use, for elements that do not stand inside of one. */
  @property({ attribute: 'for' }) accessor provider: string | undefined

  readonly #live = new ClientController(this)

  /** The client that is used: the nearest provider's, or one that was set. */
  get client(): ClientSource | undefined {
    return this.#live.client
  }
  set client(client: ClientSource | undefined) {
    this.#live.use(client)
  }

  protected get facts(): ClientFacts {
    return this.#live.facts
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('provider') && (this.hasUpdated || this.provider !== undefined))
      this.#live.useProvider(this.provider)
  }

  protected fail(problem: Problem): void {
    const { code, sentence } = problem
    this.dispatchEvent(new CustomEvent('error', { detail: { code, sentence } }))
  }
}

/** Defines an element once, also when two bundles on a page bring it. */
export function define(name: string, element: CustomElementConstructor): void {
  if (customElements.get(name) === undefined) customElements.define(name, element)
}
