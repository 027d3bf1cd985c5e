import { css, html, nothing, svg, type SVGTemplateResult, type TemplateResult } from 'lit'
import { state } from 'lit/decorators.js'
import type { Committee } from '../../src/chain/committee.ts'
import { dimensionsOf, edges, labelBits, project, type Point } from './cube-geometry.ts'
import { StakecubeElement, define } from './element.ts'
import { formatCount } from './format.ts'
import { sign } from './icons.ts'
import { quorumOf, signersByShard } from './quorum.ts'
import { theme } from './theme.ts'

const SIZE = 440
const MARGIN = 38

interface Drawing {
  readonly committee: Committee
  readonly labels: readonly string[]
  readonly points: readonly Point[]
  readonly edges: readonly [number, number][]
  /** Index into the committee for each shard of the cube, −1 for those outside. */
  readonly ranks: readonly number[]
}

/**
 * The hypercube of shards: every vertex a shard, the committee's shards filled, a ring of their seats around each, lit
 * where the seat signed the last certificate. The list beside it says the same in words and numbers.
 *
 * @csspart figure - The drawing.
 * @csspart shards - The list of the committee's shards.
 */
export class StakecubeCube extends StakecubeElement {
  static override styles = [
    theme,
    css`
      .both {
        display: grid;
        grid-template-columns: minmax(0, 5fr) minmax(14rem, 4fr);
        gap: 1rem 1.5rem;
        align-items: center;
      }
      @container (max-width: 34rem) {
        .both {
          grid-template-columns: minmax(0, 1fr);
        }
      }
      :host {
        container-type: inline-size;
      }
      svg.drawing {
        display: block;
        width: 100%;
        max-width: 30rem;
        margin-inline: auto;
      }
      .edge {
        stroke: var(--_line-strong);
        stroke-width: 1;
        opacity: 0.5;
      }
      .edge.inside {
        stroke: var(--_accent);
        stroke-width: 2;
        opacity: 0.9;
      }
      .vertex circle.body {
        fill: var(--_card);
        stroke: var(--_line-strong);
        stroke-width: 1.5;
      }
      .vertex text {
        fill: var(--_ink-soft);
        font: 500 11px var(--_mono);
        text-anchor: middle;
        dominant-baseline: central;
      }
      .vertex text.long {
        font-size: 8.5px;
      }
      .vertex.member circle.body {
        fill: var(--_accent-soft);
        stroke: var(--_accent);
      }
      .vertex.member text {
        fill: var(--_ink);
        font-weight: 700;
      }
      .vertex.pointed circle.body {
        stroke-width: 4;
      }
      .seat {
        fill: var(--_card);
        stroke: var(--_accent);
        stroke-width: 1.2;
        transition: fill 0.3s;
      }
      .seat.signed {
        fill: var(--_accent);
      }
      li {
        display: grid;
        grid-template-columns: 4.5rem auto 1fr;
        align-items: center;
        gap: 0.75rem;
        padding: 0.2rem 0.5rem;
        border-radius: 6px;
      }
      li.pointed {
        background: var(--_accent-soft);
      }
      .label {
        font-family: var(--_mono);
        font-weight: 700;
      }
      .seats {
        display: inline-flex;
        flex-wrap: wrap;
        gap: 3px;
      }
      .seats i {
        width: 11px;
        height: 11px;
        border-radius: 3px;
        border: 1.5px solid var(--_accent);
      }
      .seats i.signed {
        background: var(--_accent);
      }
      li.many .seats {
        display: none;
      }
      .count {
        display: inline-flex;
        align-items: center;
        gap: 0.35rem;
        justify-self: end;
      }
      .summary {
        margin-bottom: 0.75rem;
      }
    `,
  ]

  @state() private accessor pointed = -1
  #drawing: Drawing | undefined

  protected override view(): TemplateResult {
    const { committee, head, chain } = this.facts
    if (committee === undefined) return html`<p class="soft">The committee appears once this device has audited it.</p>`
    const drawing = this.#draw(committee)
    // Between two epochs the head may already be the next committee's: its bitmap belongs to another list of seats.
    const bitmap = head !== undefined && head.epoch === committee.head.epoch ? head.cert?.bitmap : undefined
    const signers = signersByShard(committee, bitmap)
    const signed = signers.flat().filter(Boolean).length
    const seatCount = signers.flat().length
    const shards = committee.head.cube.length
    const rule = chain?.params.quorum
    return html`
      <p class="summary small soft">
        Epoch <b>${formatCount(committee.head.epoch)}</b>: ${formatCount(shards)} ${shards === 1 ? 'shard' : 'shards'}
        form a cube of ${dimensionsOf(drawing.labels)} dimensions; ${committee.shards.length} of them were drawn for the
        committee.
        ${
          bitmap === undefined
            ? nothing
            : html`<b>${signed} of ${seatCount}</b> seats signed block
                ${formatCount(head!.header.height)}${rule === undefined ? nothing : `, ${quorumOf(rule, seatCount)}`}.`
        }
      </p>
      <div class="both">
        <figure part="figure">
          ${this.#svg(drawing, signers, `${signed} of ${seatCount} committee seats signed.`)}
        </figure>
        <ol part="shards" aria-label="Committee shards and who signed the last certificate">
          ${signers.map((seats, rank) => this.#row(drawing, seats, rank))}
        </ol>
      </div>
    `
  }

  #draw(committee: Committee): Drawing {
    if (this.#drawing?.committee === committee) return this.#drawing
    const labels = committee.head.cube.map(({ label }) => labelBits(label))
    const inCommittee = committee.shards.map(({ label }) => labelBits(label))
    this.#drawing = {
      committee,
      labels,
      points: project(labels),
      edges: edges(labels),
      ranks: labels.map((label) => inCommittee.indexOf(label)),
    }
    return this.#drawing
  }

  #svg(drawing: Drawing, signers: readonly boolean[][], summary: string): SVGTemplateResult | TemplateResult {
    const { labels, points, ranks } = drawing
    const radius = Math.max(5, Math.min(20, 62 / Math.sqrt(labels.length)))
    const at = ({ x, y }: Point) => ({ x: SIZE / 2 + x * (SIZE / 2 - MARGIN), y: SIZE / 2 + y * (SIZE / 2 - MARGIN) })
    return html`<svg
      class="drawing"
      viewBox="0 0 ${SIZE} ${SIZE}"
      role="img"
      aria-label="Hypercube of ${labels.length} shards. ${summary} The list next to it has the details."
    >
      ${drawing.edges.map(([a, b]) => {
        const [from, to] = [at(points[a]!), at(points[b]!)]
        const inside = ranks[a]! >= 0 && ranks[b]! >= 0
        return svg`<line class="edge ${inside ? 'inside' : ''}" x1=${from.x} y1=${from.y} x2=${to.x} y2=${to.y}></line>`
      })}
      ${points.map((point, index) => this.#vertex(at(point), radius, labels[index]!, ranks[index]!, signers))}
    </svg>`
  }

  #vertex(at: Point, radius: number, label: string, rank: number, signers: readonly boolean[][]): SVGTemplateResult {
    const seats = signers[rank] ?? []
    const ring = radius + 6
    return svg`<g
      class="vertex ${rank >= 0 ? 'member' : ''} ${rank >= 0 && rank === this.pointed ? 'pointed' : ''}"
      @pointerenter=${() => (this.pointed = rank)} @pointerleave=${() => (this.pointed = -1)}
    >
      <circle class="body" cx=${at.x} cy=${at.y} r=${radius}></circle>
      ${radius < 13 ? nothing : svg`<text class=${label.length > 4 ? 'long' : ''} x=${at.x} y=${at.y}>${label === '' ? 'all' : label}</text>`}
      ${seats.map((signed, seat) => {
        const angle = (2 * Math.PI * seat) / seats.length - Math.PI / 2
        return svg`<circle class="seat ${signed ? 'signed' : ''}" r=${seats.length > 10 ? 1.8 : 3.2}
          cx=${at.x + ring * Math.cos(angle)} cy=${at.y + ring * Math.sin(angle)}></circle>`
      })}
    </g>`
  }

  #row(drawing: Drawing, seats: readonly boolean[], rank: number): TemplateResult {
    const label = drawing.labels[drawing.ranks.indexOf(rank)] ?? '?'
    const signed = seats.filter(Boolean).length
    // Only the two-level rule asks something of each shard; the flat one counts all seats together.
    const asked = this.facts.chain?.params.quorum === 'two-level' ? 2 * drawing.committee.head.f + 1 : undefined
    const met = asked === undefined || signed >= asked
    return html`<li
      class="${seats.length > 20 ? 'many' : ''} ${rank === this.pointed ? 'pointed' : ''}"
      @pointerenter=${() => (this.pointed = rank)}
      @pointerleave=${() => (this.pointed = -1)}
    >
      <span class="label"><span class="visually-hidden">Shard </span>${label === '' ? 'all' : label}</span>
      <span class="seats" aria-hidden="true">${seats.map((bit) => html`<i class=${bit ? 'signed' : ''}></i>`)}</span>
      <span class="count small ${asked === undefined ? 'soft' : met ? 'good' : 'warn'}">
        ${asked === undefined ? nothing : sign(met ? 'check' : 'bang')} ${signed} of ${seats.length}<span
          class="visually-hidden"
        >
          signed</span
        >
      </span>
    </li>`
  }
}
define('stakecube-cube', StakecubeCube)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-cube': StakecubeCube
  }
}
