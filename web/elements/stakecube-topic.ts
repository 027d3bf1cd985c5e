import { css, html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { property, state } from 'lit/decorators.js'
import { toHex } from '../../src/base/bytes.ts'
import {
  TOPIC_ENTRIES_KEPT,
  problemOf,
  type ClientSource,
  type Problem,
  type TopicEntry,
  type TopicFacts,
} from '../client/facts.ts'
import { ClockController } from '../controllers/clock-controller.ts'
import { asTexts, countIn } from './attributes.ts'
import { StakecubeElement, define } from './element.ts'
import { formatAge, formatCount, shortHex } from './format.ts'
import { sign } from './icons.ts'
import { theme } from './theme.ts'

const BLOCKS_MAX = 10_000
/** Blocks that a topic is shown over unless it is told otherwise. */
const BLOCKS = 100
/** Entries that are listed unless it is told otherwise. */
const COUNT = 8

/**
 * Everything that was said under a topic in the last blocks, proven to be complete: no peer can leave one out, add one, or
 * skip a block.
 *
 * @fires topic - CustomEvent with `detail: TopicFacts` whenever more blocks have been proven.
 * @fires error - CustomEvent with `detail: { code, sentence }`: a topic or count that cannot be, or no proof.
 * @slot - Shown above the list, for instance a heading.
 * @csspart summary - How many there are, and the blocks that were proven.
 * @csspart list - The list, newest first.
 */
export class StakecubeTopic extends StakecubeElement {
  static override styles = [
    theme,
    css`
      .summary {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 0.6rem;
      }
      .count {
        font-size: 1.75rem;
        font-weight: 700;
        line-height: 1.2;
      }
      .proven {
        display: flex;
        align-items: baseline;
        gap: 0.4rem;
      }
      ol {
        margin-top: 0.5rem;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 1rem;
        padding: 0.3rem 0;
        border-top: 1px solid var(--_line);
      }
    `,
  ]

  /** Name of the topic, or its 16 hex digits. */
  @property() accessor topic: string | undefined
  /** How many blocks before the head to begin with. */
  @property({ type: Number }) accessor blocks = 100
  /** How many entries to list, 1 to 100. */
  @property({ type: Number }) accessor count = 8

  @state() private accessor proven: TopicFacts | undefined
  @state() private accessor problem: Problem | undefined
  readonly #clock = new ClockController(this)
  #watch: AbortController | undefined
  #watched: ClientSource | undefined
  #count = COUNT

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop()
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed)
    asTexts(this, ['topic'])
    if (changed.has('blocks')) this.blocks = countIn(this.blocks) ?? BLOCKS
    if (changed.has('count')) this.#count = this.checkedCount('count', this.count, TOPIC_ENTRIES_KEPT, COUNT)
    if (changed.has('topic')) this.fault('topic', this.topic === '' ? NO_TOPIC : undefined)
    if (changed.has('blocks')) this.fault('blocks', isBlocks(this.blocks) ? undefined : noBlocks(this.blocks))
    if (changed.has('topic') || changed.has('blocks') || this.client !== this.#watched) this.#start()
  }

  #stop(): void {
    this.#watch?.abort()
    this.#watch = this.#watched = undefined
  }

  #start(): void {
    this.#stop()
    this.proven = this.problem = undefined
    const { topic, blocks, client } = this
    this.#watched = client
    if (topic === undefined || topic === '' || !isBlocks(blocks) || client === undefined) return
    const watch = (this.#watch = new AbortController())
    client
      .watchTopic(topic, { blocks, signal: watch.signal }, (facts) => this.#show(watch, facts))
      .catch((cause: unknown) => (this.#watch === watch ? this.#refuse(problemOf(cause)) : undefined))
  }

  #show(watch: AbortController, facts: TopicFacts): void {
    if (this.#watch !== watch) return
    this.proven = facts
    this.problem = undefined
    this.dispatchEvent(new CustomEvent('topic', { detail: facts }))
  }

  #refuse(problem: Problem): void {
    this.problem = problem
    this.fail(problem)
  }

  protected override view(): TemplateResult {
    const { proven, problem } = this
    return html`
      <slot></slot>
      ${problem === undefined ? nothing : html`<p class="bad small" role="alert">${problem.sentence}</p>`}
      ${proven === undefined ? (problem === undefined ? this.#waiting() : nothing) : this.#list(proven)}
    `
  }

  #waiting(): TemplateResult {
    return html`<p class="soft small">
      ${this.topic === undefined || this.topic === '' ? 'No topic chosen.' : isBlocks(this.blocks) ? 'Asking a peer for a proof …' : ''}
    </p>`
  }

  #list({ entries, count, start, end }: TopicFacts): TemplateResult {
    const shown = entries.slice(0, this.#count)
    return html`
      <p class="summary" part="summary">
        <span class="count">${formatCount(count)}</span>
        <span>${count === 1 ? 'transaction' : 'transactions'}</span>
      </p>
      <p class="proven small good">
        ${sign('check')}<span>Proven complete: blocks ${formatCount(start)} to ${formatCount(end - 1n)}</span>
      </p>
      <ol class="small" part="list" aria-label="Transactions of the topic, newest first">
        ${shown.map((entry) => this.#entry(entry))}
      </ol>
    `
  }

  #entry({ txid, height }: TopicEntry): TemplateResult {
    const head = this.facts.heads.find(({ header }) => header.height === height)
    const age = head === undefined ? '' : `, ${formatAge(Math.max(0, this.#clock.nowMs - Number(head.header.timeMs)))}`
    return html`<li>
      <span>block ${formatCount(height)}${age}</span><span class="mono soft">${shortHex(toHex(txid))}</span>
    </li>`
  }
}
const isBlocks = (blocks: number): boolean => Number.isInteger(blocks) && blocks >= 1 && blocks <= BLOCKS_MAX
const noBlocks = (blocks: number): Problem => ({
  code: 'bad-blocks',
  sentence: `A topic is shown over 1 to ${formatCount(BLOCKS_MAX)} blocks, not ${blocks}.`,
})
const NO_TOPIC: Problem = { code: 'bad-topic', sentence: 'A topic has a name, or 16 hex digits.' }

define('stakecube-topic', StakecubeTopic)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-topic': StakecubeTopic
  }
}
