import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { property, state } from 'lit/decorators.js'
import { toHex } from '../../src/base/bytes.ts'
import { HEADS_KEPT, type HeadFacts } from '../client/facts.ts'
import { ClockController } from '../controllers/clock-controller.ts'
import { StakecubeElement, define } from './element.ts'
import { formatAge, formatCount, formatDuration, formatTime } from './format.ts'
import { cubeIcon } from './icons.ts'
import { keyedList, type ListItem } from './keyed-list.ts'
import { quorumOf } from './quorum.ts'
import { theme } from './theme.ts'

/** Blocks that a strip holds unless it is told otherwise. */
const COUNT = 24

/**
 * The verified blocks as a strip of cubes, newest first, each filled by the share of the committee that signed it.
 * A press on one shows what was verified.
 *
 * @csspart strip - The scrolling list.
 * @csspart detail - What is shown of the chosen block.
 */
export class StakecubeHeads extends StakecubeElement {
  static override styles = [
    theme,
    css`
      ol {
        display: flex;
        gap: 0.5rem;
        overflow-x: auto;
        padding: 0.25rem 0.25rem 0.75rem;
        scrollbar-width: thin;
        mask-image: linear-gradient(to right, #000 calc(100% - 4rem), transparent);
      }
      li {
        flex: 0 0 auto;
        position: relative;
      }
      li.first-of-epoch {
        border-right: 2px dashed var(--_line-strong);
        padding-right: 0.5rem;
      }
      button.block {
        display: grid;
        justify-items: center;
        width: 6.6rem;
        padding: 0.6rem 0.4rem;
        color: var(--_ink);
        background: var(--_card);
        border: 1px solid var(--_line);
        border-radius: var(--_radius);
        font-weight: 400;
        line-height: 1.35;
      }
      button.block[aria-pressed='true'] {
        border-color: var(--_accent);
        box-shadow: inset 0 0 0 1px var(--_accent);
      }
      .height {
        font-weight: 700;
      }
      .cube {
        width: 3.6rem;
        margin: 0.15rem 0 0.3rem;
      }
      .empty path {
        fill: var(--_ground);
      }
      .rim {
        fill: none;
        stroke: var(--_accent);
        stroke-width: 1.2;
        stroke-linejoin: round;
      }
      .side {
        fill: var(--_accent);
      }
      .side.left {
        opacity: 0.72;
      }
      .side.right {
        opacity: 0.9;
      }
      .side.top {
        opacity: 0.5;
      }
      li:first-child button.block {
        animation: arrive 0.45s ease-out;
      }
      @keyframes arrive {
        from {
          opacity: 0;
          transform: translateX(-1.5rem) scale(0.92);
        }
      }
      @media (prefers-reduced-motion: reduce) {
        li:first-child button.block {
          animation: none;
        }
      }
      .detail {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 0.25rem 1.25rem;
        margin-top: 0.5rem;
        padding: 1rem;
        border: 1px solid var(--_line);
        border-radius: var(--_radius);
        background: var(--_card);
      }
      .detail dt {
        color: var(--_ink-soft);
      }
      .empty-strip {
        padding: 2rem 0.25rem;
      }
      @media (max-width: 30rem) {
        .detail {
          grid-template-columns: 1fr;
          gap: 0;
        }
        .detail dd {
          margin-bottom: 0.5rem;
        }
      }
    `,
  ]

  /** How many blocks the strip holds, 1 to 64. */
  @property({ type: Number }) accessor count = 24

  @state() private accessor chosen: bigint | undefined

  readonly #clock = new ClockController(this)
  #count = COUNT

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed)
    if (changed.has('count')) this.#count = this.checkedCount('count', this.count, HEADS_KEPT, COUNT)
  }

  protected override view(): TemplateResult {
    const heads = this.facts.heads.slice(0, this.#count)
    if (heads.length === 0)
      return html`<p class="soft empty-strip">No block has been verified yet. The first one appears here.</p>`
    const chosen = heads.find(({ header }) => header.height === this.chosen)
    return html`
      <ol
        part="strip"
        aria-label="Verified blocks, newest first"
        ${keyedList(heads.map((head) => this.#block(head)))}
      ></ol>
      ${chosen === undefined ? nothing : this.#detail(chosen)}
    `
  }

  #block(head: HeadFacts): ListItem {
    const { header, seatsSigned, seatCount } = head
    const { height } = header
    const epochLength = this.facts.chain?.params.epochLength
    const first = epochLength !== undefined && height % BigInt(epochLength) === 0n
    const count = header.txCount
    const content = html`<button
      class="block"
      aria-pressed=${this.chosen === height}
      title=${first ? `First block of epoch ${head.epoch}: a new committee` : nothing}
      @click=${() => (this.chosen = this.chosen === height ? undefined : height)}
    >
      <span class="height">${formatCount(height)}</span>
      ${cubeIcon(`fill-${height}`, seatCount === 0 ? 0 : seatsSigned / seatCount)}
      <span class="small">${count === 0 ? 'empty' : `${formatCount(count)} tx`}</span>
      <span class="small soft"
        >${
          head.delayMs === undefined
            ? formatAge(this.#clock.nowMs - Number(header.timeMs))
            : formatDuration(head.delayMs)
        }</span
      >
    </button>`
    return { key: height, className: first ? 'first-of-epoch' : '', content }
  }

  #detail({ header, hash, cert, epoch, seatsSigned, seatCount, delayMs }: HeadFacts): TemplateResult {
    const rule = this.facts.chain?.params.quorum
    return html`<dl class="detail small" part="detail" aria-label="Block ${header.height}">
      <dt>Block</dt>
      <dd><b>${formatCount(header.height)}</b>, epoch ${formatCount(epoch)}, ${formatTime(header.timeMs)}</dd>
      <dt>Hash</dt>
      <dd class="mono">${toHex(hash)}</dd>
      <dt>Signed by</dt>
      <dd>
        ${
          cert === undefined
            ? 'nobody: it is the start that this client was given'
            : `${seatsSigned} of ${seatCount} committee seats${rule === undefined ? '' : `, ${quorumOf(rule, seatCount)}`}, in round ${cert.round}`
        }
      </dd>
      <dt>Final here after</dt>
      <dd>${delayMs === undefined ? 'verified while catching up' : formatDuration(delayMs)}</dd>
      <dt>State root</dt>
      <dd class="mono">${toHex(header.stateRoot)}</dd>
      <dt>History root</dt>
      <dd class="mono">${toHex(header.historyRoot)}</dd>
    </dl>`
  }
}
define('stakecube-heads', StakecubeHeads)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-heads': StakecubeHeads
  }
}
