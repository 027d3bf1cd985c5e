/** What all elements share: a client, found by context, by `for` or set as a property, how bad attributes are told, and the theme. */
import { LitElement, html, type CSSResultGroup, type PropertyValues, type TemplateResult } from 'lit'
import { property } from 'lit/decorators.js'
import type { ClientFacts, ClientSource, Problem } from '../client/facts.ts'
import { ClientController } from '../controllers/client-controller.ts'
import { asTexts, countIn } from './attributes.ts'
import { theme } from './theme.ts'

/**
 * @fires error - CustomEvent with `detail: { code, sentence }` when an attribute cannot be used, or something that the element was
 *   asked for failed.
 */
export abstract class StakecubeElement extends LitElement {
  static override styles: CSSResultGroup = [theme]

  /** Id of the `<stakecube-client>` to use, for elements that do not stand inside of one. */
  @property({ attribute: 'for' }) accessor provider: string | undefined

  readonly #live = new ClientController(this)
  /** Attributes that cannot be used, and why, by name. */
  readonly #faults = new Map<string, Problem>()

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
    asTexts(this, ['provider'])
    if (changed.has('provider') && (this.hasUpdated || this.provider !== undefined))
      this.#live.useProvider(this.provider)
    this.fault('for', this.#live.isMissing ? noProvider(this.provider ?? '') : undefined)
  }

  /** What the element shows, below what is wrong with its attributes. */
  protected abstract view(): TemplateResult

  protected override render(): TemplateResult {
    const faults = [...this.#faults.values()]
    return html`${faults.map(({ sentence }) => html`<p class="bad small" role="alert">${sentence}</p>`)}${this.view()}`
  }

  /** Says that the attribute `name` cannot be used, and tells it by `error` once; undefined takes that back. For `willUpdate`. */
  protected fault(name: string, problem: Problem | undefined): void {
    const before = this.#faults.get(name)
    if (problem === undefined) this.#faults.delete(name)
    else this.#faults.set(name, problem)
    if (problem !== undefined && problem.sentence !== before?.sentence) this.fail(problem)
  }

  /** `given` where it is a whole number from 1 to `most`; else `otherwise`, and the fault is said. For `willUpdate`. */
  protected checkedCount(name: string, given: unknown, most: number, otherwise: number): number {
    const value = countIn(given) ?? otherwise
    const isGood = Number.isInteger(value) && value >= 1 && value <= most
    const sentence = `\`${name}\` is a whole number from 1 to ${most}, not ${value}; ${otherwise} is used.`
    this.fault(name, isGood ? undefined : { code: `bad-${name}`, sentence })
    return isGood ? value : otherwise
  }

  protected fail(problem: Problem): void {
    const { code, sentence } = problem
    this.dispatchEvent(new CustomEvent('error', { detail: { code, sentence } }))
  }
}

const noProvider = (id: string): Problem => ({
  code: 'no-provider',
  sentence: `There is no <stakecube-client id="${id}"> on this page, which \`for\` names.`,
})

/** Defines an element once, also when two bundles on a page bring it. */
export function define(name: string, element: CustomElementConstructor): void {
  if (customElements.get(name) === undefined) customElements.define(name, element)
}
