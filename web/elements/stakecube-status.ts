import { css, html, nothing, type TemplateResult } from 'lit'
import { property } from 'lit/decorators.js'
import { headAgeMs, trustOf, type TrustLevel } from '../client/trust.ts'
import { ClockController } from '../controllers/clock-controller.ts'
import { StakecubeElement, define } from './element.ts'
import { formatAge, formatCount } from './format.ts'
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

/**
 * A badge that says how much of the page may be relied on, why, and how old it is. Screen readers hear changes of the
 * level and nothing of each block.
 *
 * @csspart badge - The line with sign, word, height and age.
 * @csspart sentence - The sentence below it.
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
    `,
  ]

  /** Leave the sentence out. */
  @property({ type: Boolean, reflect: true }) accessor compact = false

  readonly #clock = new ClockController(this)

  /** The level shown, for tests and scripts. */
  get level(): TrustLevel {
    return trustOf(this.facts, this.#clock.nowMs).level
  }

  protected override render(): TemplateResult {
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
      ${this.compact ? nothing : html`<p class="sentence small soft" part="sentence">${trust.sentence}</p>`}
    `
  }
}
define('stakecube-status', StakecubeStatus)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-status': StakecubeStatus
  }
}
