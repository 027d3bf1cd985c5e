import { css, html, nothing, type TemplateResult } from 'lit'
import type { Trust } from '../../src/light/trust-meter.ts'
import { property } from 'lit/decorators.js'
import { headAgeMs, trustOf, type TrustLevel } from '../client/trust.ts'
import { ClockController } from '../controllers/clock-controller.ts'
import { StakecubeElement, define } from './element.ts'
import { formatAge, formatCount, formatDuration } from './format.ts'
import { sign, type Sign } from './icons.ts'
import { theme } from './theme.ts'

const TONES: Readonly<Record<TrustLevel, readonly [tone: string, sign: Sign]>> = {
  starting: ['soft', 'dots'],
  connecting: ['soft', 'dots'],
  syncing: ['soft', 'dots'],
  verified: ['good', 'check'],
  unwitnessed: ['warn', 'one'],
  stale: ['warn', 'pause'],
  offline: ['warn', 'cross'],
  expired: ['bad', 'bang'],
  stopped: ['bad', 'bang'],
}

/** `part` of `whole` as a whole percentage, rounded down. */
const percent = (part: bigint, whole: bigint): string => (whole === 0n ? '0 %' : `${(100n * part) / whole} %`)

/**
 * A badge that says how much of the page may be relied on, why, and how old it is. Screen readers hear changes of the
 * level and nothing of each block.
 *
 * @csspart badge - The line with sign, word, height and age.
 * @csspart sentence - The sentence below it.
 * @csspart meter - The trust meter: who signed, who agrees, how long it may be relied on, what was seen to be wrong.
 */
export class StakecubeStatus extends StakecubeElement {
  static override styles = [
    theme,
    css`
      .badge {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 0.6rem;
      }
      .word {
        display: inline-flex;
        align-items: center;
        gap: 0.4rem;
        font-weight: 700;
      }
      .sign {
        padding: 0.15em;
        border: 2px solid currentColor;
        border-radius: 50%;
        width: 1.35em;
        height: 1.35em;
      }
      .sentence {
        max-width: 60ch;
      }
      .meter {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
        gap: 0.75rem 1.5rem;
        margin-top: 0.9rem;
      }
      .meter dt {
        color: var(--_ink-soft);
      }
      .meter dd {
        font-weight: 600;
      }
      .bar {
        display: block;
        height: 0.35rem;
        margin: 0.2rem 0;
        border-radius: 1rem;
        background: var(--_line);
        overflow: hidden;
      }
      .bar rect {
        fill: currentColor;
      }
    `,
  ]

  /** Leave the sentence and the meter out. */
  @property({ type: Boolean, reflect: true }) accessor compact = false

  readonly #clock = new ClockController(this)

  /** The level shown, for tests and scripts. */
  get level(): TrustLevel {
    return trustOf(this.facts, this.#clock.nowMs).level
  }

  protected override view(): TemplateResult {
    const nowMs = this.#clock.nowMs
    const trust = trustOf(this.facts, nowMs)
    const [tone, signName] = TONES[trust.level]
    const ageMs = headAgeMs(this.facts, nowMs)
    const { head, peers } = this.facts
    return html`
      <div class="badge" part="badge">
        <span class="word ${tone}" role="status">${sign(signName)}${trust.word}</span>
        ${
          head === undefined || ageMs === undefined
            ? nothing
            : html`<span class="small soft">
                block <b>${formatCount(head.header.height)}</b>, ${formatAge(ageMs)}, ${peers.length}
                ${peers.length === 1 ? 'peer' : 'peers'}
              </span>`
        }
      </div>
      ${
        this.compact
          ? nothing
          : html`<p class="sentence small soft" part="sentence">${trust.sentence}</p>
              ${this.facts.trust === undefined ? nothing : this.#meter(this.facts.trust, nowMs)}`
      }
    `
  }

  #meter(
    { weight, agreeingCount, networkCount, isWitnessed, isLocal, conflictCount, rejectedPeerCount }: Trust,
    nowMs: number,
  ): TemplateResult {
    const where = isLocal ? 'on private networks' : `in ${networkCount} ${networkCount === 1 ? 'network' : 'networks'}`
    return html`<dl class="meter small" part="meter" aria-label="Trust meter">
      <div>
        <dt>Signed by</dt>
        ${
          weight === undefined
            ? html`<dd class="soft">nobody: it is the start that was given</dd>`
            : this.#row(
                weight.signedSeats / weight.seats,
                `${weight.signedSeats} of ${weight.seats} seats, ${percent(weight.signedStake, weight.stake)} of their stake`,
              )
        }
      </div>
      <div>
        <dt>Same head seen at</dt>
        ${this.#row(Math.min(1, agreeingCount / 3), agreeingCount === 0 ? 'no peer now' : `${agreeingCount} ${agreeingCount === 1 ? 'peer' : 'peers'} ${where}`, isWitnessed)}
      </div>
      <div>
        <dt>May be trusted for</dt>
        ${this.#reach(nowMs)}
      </div>
      <div>
        <dt>Seen to be wrong</dt>
        <dd class=${conflictCount > 0 ? 'bad' : rejectedPeerCount > 0 ? 'warn' : ''}>
          ${conflictCount === 0 && rejectedPeerCount === 0 ? 'nothing' : `${conflictCount} conflicts, ${rejectedPeerCount} peers dropped`}
        </dd>
      </div>
    </dl>`
  }

  /** How much of the trust period [LC-1] is left. */
  #reach(nowMs: number): TemplateResult {
    const periodMs = this.facts.chain?.params.trustPeriodMs
    const ageMs = headAgeMs(this.facts, nowMs)
    if (periodMs === undefined || ageMs === undefined) return html`<dd class="soft">not known yet</dd>`
    const leftMs = Math.max(0, periodMs - ageMs)
    return this.#row(leftMs / periodMs, `${formatDuration(leftMs)} without news`, leftMs > 0)
  }

  #row(share: number, text: string, good = true): TemplateResult {
    return html`<dd>
      <svg class="bar ${good ? 'good' : 'warn'}" width="100%" aria-hidden="true">
        <rect width="${Math.round(100 * share)}%" height="100%" />
      </svg>
      ${text}
    </dd>`
  }
}
define('stakecube-status', StakecubeStatus)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-status': StakecubeStatus
  }
}
