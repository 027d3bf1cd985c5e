import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { property, query, state } from 'lit/decorators.js'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import {
  problemOf,
  type PaymentProgress,
  type PaymentStage,
  type Problem,
  type ProofFacts,
  type Wallet,
} from '../client/facts.ts'
import { asTexts } from './attributes.ts'
import { StakecubeElement, define } from './element.ts'
import { formatAmount, formatCount, parseAmount, shortHex } from './format.ts'
import { sign } from './icons.ts'
import { theme } from './theme.ts'

const STAGES: readonly (readonly [PaymentStage, string])[] = [
  ['proving', 'Prove what the account owns'],
  ['signed', 'Sign on this device'],
  ['sent', 'Hand it to a peer'],
  ['final', 'Final, and proven to be in the block'],
]

interface Payment {
  readonly to: string
  readonly amount: bigint
  readonly progress: PaymentProgress | undefined
  readonly problem: Problem | undefined
}

/**
 * A form that pays, and shows how far a payment is until it is final and proven.
 *
 * @fires paid - CustomEvent with `detail: ProofFacts` once the payment is final and its inclusion was verified here.
 * @fires error - CustomEvent with `detail: { code, sentence }` when an attribute or what was entered cannot be used, or a payment
 *   failed.
 * @csspart form - The form.
 * @csspart progress - The stages of the last payment.
 */
export class StakecubePay extends StakecubeElement {
  static override styles = [
    theme,
    css`
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 9rem) auto;
        gap: 0.75rem;
        align-items: end;
      }
      @media (max-width: 40rem) {
        form {
          grid-template-columns: minmax(0, 1fr);
        }
      }
      .fault {
        grid-column: 1 / -1;
      }
      .stages {
        margin: 1rem 0 0.5rem;
        display: grid;
        gap: 0.35rem;
      }
      .stages li {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        color: var(--_ink-soft);
      }
      .stages li.done {
        color: var(--_good);
      }
      .stages li.now {
        color: var(--_ink);
        font-weight: 600;
      }
      .dot {
        width: 1em;
        text-align: center;
      }
      li.now .dot {
        animation: wait 1.2s ease-in-out infinite alternate;
      }
      @keyframes wait {
        to {
          opacity: 0.3;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        li.now .dot {
          animation: none;
        }
      }
    `,
  ]

  /** Who pays. */
  @property({ attribute: false }) accessor wallet: Wallet | undefined
  /** Who may be suggested as payee. */
  @property({ attribute: false }) accessor payees: readonly Pick<Wallet, 'name' | 'owner'>[] = []
  /** Owner to pay, 32 hex digits: fixed if set, else asked for. */
  @property() accessor to: string | undefined
  /** Units to pay: fixed if set, else asked for. */
  @property() accessor amount: string | undefined
  /** Name of a topic under which the payment can be found. */
  @property() accessor topic: string | undefined

  @query('#to') private accessor toInput!: HTMLInputElement
  @query('#amount') private accessor amountInput!: HTMLInputElement
  @state() private accessor refused: { readonly field: 'to' | 'amount'; readonly sentence: string } | undefined
  @state() private accessor payment: Payment | undefined

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed)
    asTexts(this, ['to', 'amount', 'topic'])
    const { to, amount } = this
    if (changed.has('to')) this.fault('to', to === undefined || ownerIn(to) !== undefined ? undefined : noPayee(to))
    if (changed.has('amount')) {
      const isGood = amount === undefined || parseAmount(amount) !== undefined
      this.fault('amount', isGood ? undefined : noAmount(amount, 1n))
    }
  }

  get #busy(): boolean {
    const { payment } = this
    return payment !== undefined && payment.problem === undefined && payment.progress?.stage !== 'final'
  }

  protected override view(): TemplateResult {
    const ready = this.client !== undefined && this.wallet !== undefined && this.facts.head !== undefined
    const { refused } = this
    return html`
      <form part="form" novalidate @submit=${this.#onSubmit}>
        <div>
          <label for="to">Pay to</label>
          <input
            id="to"
            name="to"
            class="mono"
            list="payees"
            autocomplete="off"
            spellcheck="false"
            required
            placeholder="owner, 32 hex digits"
            .value=${this.to ?? ''}
            ?readonly=${this.to !== undefined}
            aria-invalid=${refused?.field === 'to'}
            aria-describedby="fault"
          />
          <datalist id="payees">
            ${this.payees.map(({ name, owner }) => html`<option value=${toHex(owner)}>${name}</option>`)}
          </datalist>
        </div>
        <div>
          <label for="amount">Units</label>
          <input
            id="amount"
            name="amount"
            inputmode="decimal"
            autocomplete="off"
            required
            placeholder="1.50"
            .value=${this.amount ?? ''}
            ?readonly=${this.amount !== undefined}
            aria-invalid=${refused?.field === 'amount'}
            aria-describedby="fault"
          />
        </div>
        <button type="submit" ?disabled=${!ready || this.#busy}>${this.#busy ? 'Paying …' : 'Pay'}</button>
        <p id="fault" class="fault small bad" aria-live="polite">${refused?.sentence ?? ''}</p>
      </form>
      ${this.payment === undefined ? nothing : this.#progress(this.payment)}
    `
  }

  #progress({ to, amount, progress, problem }: Payment): TemplateResult {
    const reached = progress === undefined ? -1 : STAGES.findIndex(([stage]) => stage === progress.stage)
    // 'proving' is reported when it begins, the others when they are done.
    const doneCount = progress === undefined || progress.stage === 'proving' ? 0 : reached + 1
    const proof = progress?.proof
    return html`
      <div part="progress">
        <ol class="stages small" aria-label="Payment of ${formatAmount(amount)} units to ${shortHex(to)}">
          ${STAGES.map(([, title], index) => {
            const done = index < doneCount
            const now = index === doneCount && problem === undefined
            return html`<li class=${done ? 'done' : now ? 'now' : ''} aria-current=${now ? 'step' : nothing}>
              <span class="dot" aria-hidden="true">${done ? sign('check') : now ? '●' : '○'}</span>
              ${title}${done ? html`<span class="visually-hidden">, done</span>` : nothing}
            </li>`
          })}
        </ol>
        <p class="small ${problem === undefined ? 'good' : 'bad'}" role="status">
          ${problem !== undefined ? problem.sentence : proof === undefined ? '' : this.#paidSentence(amount, proof)}
        </p>
      </div>
    `
  }

  #paidSentence(amount: bigint, proof: ProofFacts): string {
    const where = proof.height === undefined ? '' : ` in block ${formatCount(proof.height)}`
    return `${formatAmount(amount)} units are paid${where}, for good: a final block is never taken back.`
  }

  readonly #onSubmit = (event: Event): void => {
    event.preventDefault()
    if (!this.#busy) void this.#pay()
  }

  async #pay(): Promise<void> {
    const { client, wallet } = this
    const to = this.#readPayee()
    const amount = to === undefined ? undefined : this.#readAmount()
    if (client === undefined || wallet === undefined || to === undefined || amount === undefined) return
    this.refused = undefined
    this.payment = { to: toHex(to), amount, progress: undefined, problem: undefined }
    try {
      const options = this.topic === undefined ? {} : { topic: this.topic }
      const proof = await client.pay(wallet, to, amount, (progress) => this.#advance({ progress }), options)
      this.dispatchEvent(new CustomEvent('paid', { detail: proof }))
    } catch (cause) {
      const problem = problemOf(cause)
      this.#advance({ problem })
      this.fail(problem)
    }
  }

  #advance(change: Partial<Payment>): void {
    if (this.payment !== undefined) this.payment = { ...this.payment, ...change }
  }

  #readPayee(): Uint8Array | undefined {
    const owner = ownerIn(this.toInput.value)
    if (owner === undefined) this.#refuse('to', noPayee(this.toInput.value))
    return owner
  }

  #readAmount(): bigint | undefined {
    const amount = parseAmount(this.amountInput.value)
    const least = this.facts.chain?.params.minOutput ?? 1n
    if (amount !== undefined && amount >= least) return amount
    this.#refuse('amount', noAmount(this.amountInput.value, least))
    return undefined
  }

  #refuse(field: 'to' | 'amount', problem: Problem): void {
    this.refused = { field, sentence: problem.sentence }
    ;(field === 'to' ? this.toInput : this.amountInput).focus()
    this.fail(problem)
  }
}

function ownerIn(text: string): Uint8Array | undefined {
  const owner = fromHex(text.trim())
  return owner?.length === 16 ? owner : undefined
}

function noPayee(given: string): Problem {
  const text = given.trim()
  const what = text === '' ? 'none was given' : `this has ${text.length} characters: "${text.slice(0, 40)}"`
  return { code: 'bad-payee', sentence: `A payee has 32 hex digits; ${what}.` }
}

const noAmount = (given: string, least: bigint): Problem => ({
  code: 'bad-amount',
  sentence: `At least ${formatAmount(least, 0)} units, with up to six decimals; given was "${given.trim().slice(0, 40)}".`,
})

define('stakecube-pay', StakecubePay)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-pay': StakecubePay
  }
}
