import { css, html, nothing, svg, type PropertyValues, type TemplateResult } from 'lit'
import { property } from 'lit/decorators.js'
import { HEADS_KEPT, type HeadFacts } from '../client/facts.ts'
import { StakecubeElement, define } from './element.ts'
import { formatDuration, median } from './format.ts'
import { theme } from './theme.ts'

const WIDTH = 320
const HEIGHT = 96
const BAR_HEIGHT = 22
/** With fewer blocks the line starts in the middle rather than fill the width. */
const BANDS_MIN = 16
/** Blocks that are looked at unless it is told otherwise. */
const COUNT = 60

/**
 * How long blocks take from their own time stamp until this device has verified that they are final, and which share of
 * the committee signed them: a line and bars over the last blocks, oldest on the left.
 *
 * @csspart figure - The drawing with its caption.
 */
export class StakecubeFinality extends StakecubeElement {
  static override styles = [
    theme,
    css`
      .numbers {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 2rem;
        margin-bottom: 0.5rem;
      }
      .numbers dt {
        font-size: 0.875rem;
        color: var(--_ink-soft);
      }
      .numbers dd {
        font-size: 1.5rem;
        font-weight: 700;
        line-height: 1.2;
      }
      svg {
        display: block;
        width: 100%;
        height: auto;
        overflow: visible;
      }
      .area {
        fill: var(--_accent-soft);
      }
      .line {
        fill: none;
        stroke: var(--_accent);
        stroke-width: 2;
        stroke-linejoin: round;
        vector-effect: non-scaling-stroke;
      }
      .last {
        fill: var(--_accent);
      }
      .median {
        stroke: var(--_ink-soft);
        stroke-dasharray: 4 4;
        vector-effect: non-scaling-stroke;
      }
      .bar {
        fill: var(--_good);
      }
      .bar.rest {
        fill: var(--_line);
      }
      figcaption {
        margin-top: 0.5rem;
      }
    `,
  ]

  /** How many blocks are looked at, 1 to 64. */
  @property({ type: Number }) accessor count = 60
  #count = COUNT

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed)
    if (changed.has('count')) this.#count = this.checkedCount('count', this.count, HEADS_KEPT, COUNT)
  }

  protected override view(): TemplateResult {
    const heads = this.facts.heads
      .slice(0, this.#count)
      .filter(({ delayMs }) => delayMs !== undefined)
      .reverse()
    const delays = heads.map(({ delayMs }) => delayMs!)
    const middle = median(delays)
    if (middle === undefined) return html`<p class="soft">Delays appear with the first block that becomes final.</p>`
    const slowest = Math.max(...delays)
    return html`
      <dl class="numbers">
        <div>
          <dt>Last block</dt>
          <dd>${formatDuration(delays[delays.length - 1]!)}</dd>
        </div>
        <div>
          <dt>Median</dt>
          <dd>${formatDuration(middle)}</dd>
        </div>
        <div>
          <dt>Slowest</dt>
          <dd>${formatDuration(slowest)}</dd>
        </div>
      </dl>
      <figure part="figure">
        ${this.#chart(heads, delays, middle, slowest)}
        <figcaption class="small soft">
          From a block's time stamp until this device had verified its certificate, by its own clock, over the last
          ${delays.length} ${delays.length === 1 ? 'block' : 'blocks'}. Bars: share of the seats that signed.
        </figcaption>
      </figure>
    `
  }

  #chart(heads: readonly HeadFacts[], delays: readonly number[], middle: number, slowest: number): TemplateResult {
    // A band for each block, its bar and its point of the line in the middle of it; the newest is at the right edge.
    const step = WIDTH / Math.max(1, Math.min(this.#count, Math.max(BANDS_MIN, delays.length)))
    const left = WIDTH - step * (delays.length - 0.5)
    const right = WIDTH - step / 2
    const y = (ms: number) => HEIGHT * (1 - ms / (slowest * 1.15 || 1))
    const points = delays.map((ms, index) => `${(left + index * step).toFixed(1)},${y(ms).toFixed(1)}`)
    const last = delays[delays.length - 1]!
    return html`<svg
      viewBox="0 0 ${WIDTH} ${HEIGHT + 8 + BAR_HEIGHT}"
      role="img"
      aria-label="Finality delay over ${delays.length} blocks: median ${formatDuration(middle)}, slowest ${formatDuration(slowest)}."
    >
      ${svg`<polygon class="area" points="${left},${HEIGHT} ${points.join(' ')} ${right},${HEIGHT}"></polygon>
        <line class="median" x1="0" x2=${WIDTH} y1=${y(middle)} y2=${y(middle)}></line>
        <polyline class="line" points=${points.join(' ')}></polyline>
        <circle class="last" cx=${right} cy=${y(last)} r="3.5"></circle>`}
      ${heads.map((head, index) => this.#bar(head, left + index * step, step))}
    </svg>`
  }

  #bar({ seatsSigned, seatCount }: HeadFacts, x: number, step: number): unknown {
    if (seatCount === 0) return nothing
    const height = (BAR_HEIGHT * seatsSigned) / seatCount
    const bottom = HEIGHT + 8 + BAR_HEIGHT
    const width = Math.max(1, step * 0.7)
    const left = x - width / 2
    return svg`<rect class="bar rest" x=${left} y=${bottom - BAR_HEIGHT} width=${width} height=${BAR_HEIGHT}></rect>
      <rect class="bar" x=${left} y=${bottom - height} width=${width} height=${height}></rect>`
  }
}
define('stakecube-finality', StakecubeFinality)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-finality': StakecubeFinality
  }
}
