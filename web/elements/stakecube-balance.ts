import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { property, state } from 'lit/decorators.js'
import { fromHex } from '../../src/base/bytes.ts'
import { problemOf, type BalanceFacts, type ClientSource, type Problem } from '../client/facts.ts'
import { asTexts } from './attributes.ts'
import { StakecubeElement, define } from './element.ts'
import { formatAmount, formatCount } from './format.ts'
import { sign } from './icons.ts'
import { theme } from './theme.ts'

/**
 * What an account owns, proven to be complete under the last verified head, and proven again with each new one.
 *
 * @fires balance - CustomEvent with `detail: BalanceFacts` for each balance that was proven.
 * @csspart amount - The amount.
 */
export class StakecubeBalance extends StakecubeElement {
  static override styles = [
    theme,
    css`
      .amount {
        font-size: 2.25rem;
        font-weight: 700;
        line-height: 1.15;
        overflow-wrap: anywhere;
      }
      .amount .unit {
        font-size: 1rem;
        font-weight: 500;
        color: var(--_ink-soft);
      }
      .proven {
        display: flex;
        align-items: baseline;
        gap: 0.4rem;
      }
    `,
  ]

  /** Owner of the account: 32 hex digits. */
  @property() accessor owner: string | undefined

  @state() private accessor balance: BalanceFacts | undefined
  @state() private accessor problem: Problem | undefined
  #asking: { readonly owner: string; readonly client: ClientSource } | undefined
  #askedHeight: bigint | undefined

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed)
    asTexts(this, ['owner'])
    if (changed.has('owner')) {
      this.balance = this.problem = this.#asking = this.#askedHeight = undefined
      const bad = this.owner !== undefined && fromHex(this.owner)?.length !== 16
      if (bad) this.#refuse({ code: 'bad-owner', sentence: `An owner has 32 hex digits, not "${this.owner}".` })
    }
  }

  protected override updated(): void {
    const height = this.facts.head?.header.height
    if (height !== undefined && height !== this.#askedHeight) void this.#refresh(height)
  }

  async #refresh(height: bigint): Promise<void> {
    const { owner, client } = this
    const ownerBytes = owner === undefined ? undefined : fromHex(owner)
    if (owner === undefined || client === undefined || ownerBytes?.length !== 16 || this.#asking !== undefined) return
    const asking = (this.#asking = { owner, client })
    this.#askedHeight = height
    try {
      const balance = await client.balance(ownerBytes)
      if (this.#asking !== asking) return
      this.balance = balance
      this.problem = undefined
      this.dispatchEvent(new CustomEvent('balance', { detail: balance }))
    } catch (cause) {
      if (this.#asking === asking) this.#refuse(problemOf(cause))
    } finally {
      if (this.#asking === asking) this.#asking = undefined
      this.requestUpdate()
    }
  }

  #refuse(problem: Problem): void {
    if (this.problem?.sentence !== problem.sentence) this.fail(problem)
    this.problem = problem
  }

  protected override view(): TemplateResult {
    const { balance, problem } = this
    if (balance === undefined)
      return problem === undefined
        ? html`<p class="soft">${this.owner === undefined ? 'No account chosen.' : 'Asking a peer for a proof …'}</p>`
        : html`<p class="bad" role="alert">${problem.sentence}</p>`
    const count = balance.utxos.length
    return html`
      <p class="amount" part="amount">${formatAmount(balance.spendable)} <span class="unit">units</span></p>
      ${balance.bound === 0n ? nothing : html`<p class="small">and ${formatAmount(balance.bound)} bound as stake</p>`}
      <p class="proven small good">
        ${sign('check')}
        <span
          >Proven at block ${formatCount(balance.height)}: the complete set, ${count}
          ${count === 1 ? 'output' : 'outputs'}</span
        >
      </p>
      ${problem === undefined ? nothing : html`<p class="small warn">Not proven since: ${problem.sentence}</p>`}
    `
  }
}
define('stakecube-balance', StakecubeBalance)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-balance': StakecubeBalance
  }
}
