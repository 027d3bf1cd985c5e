import { css, html, nothing, type TemplateResult } from 'lit'
import { property, state } from 'lit/decorators.js'
import { problemOf, type Problem, type ProofFacts } from '../client/facts.ts'
import { StakecubeElement, define } from './element.ts'
import { sign } from './icons.ts'
import { theme } from './theme.ts'

/** Longest file that is read: far above any honest proof, far below what could hurt. */
const FILE_BYTES_MAX = 4 * 1024 * 1024

/**
 * Shows a proof step by step: what was compared and whether it held. Takes a proof as a property, or a `.scproof` file
 * that is dropped or chosen, which is then verified on this device alone.
 *
 * @fires error - When a file cannot be read or verified.
 * @csspart drop - Where files are dropped.
 * @csspart steps - The list of steps.
 */
export class StakecubeProof extends StakecubeElement {
  static override styles = [
    theme,
    css`
      .drop {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.75rem;
        padding: 0.75rem 1rem;
        border: 1.5px dashed var(--_line-strong);
        border-radius: var(--_radius);
      }
      .drop.over {
        background: var(--_accent-soft);
        border-color: var(--_accent);
      }
      .drop input {
        flex: 1 1 14rem;
        border: none;
        background: none;
        padding: 0;
        min-height: 0;
      }
      .drop label {
        margin: 0;
      }
      .drop input::file-selector-button {
        font: inherit;
        font-weight: 600;
        color: var(--_accent);
        background: transparent;
        border: 1px solid var(--_line-strong);
        border-radius: 8px;
        padding: 0.35rem 0.9rem;
        margin-right: 0.75rem;
        min-height: 2.25rem;
        cursor: pointer;
      }
      .verdict {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        margin-top: 1rem;
        font-weight: 700;
      }
      .steps {
        margin-top: 0.5rem;
        border-left: 2px solid var(--_line);
        margin-left: 0.45rem;
      }
      .steps li {
        position: relative;
        padding: 0 0 0.75rem 1.4rem;
      }
      .steps .sign {
        position: absolute;
        left: calc(-0.6em - 1px);
        top: 0.2em;
        width: 1.2em;
        height: 1.2em;
        padding: 0.1em;
        background: var(--_card);
        border: 1.5px solid currentColor;
        border-radius: 50%;
      }
      .steps b {
        display: block;
        font-weight: 600;
      }
    `,
  ]

  /** The proof to show. */
  @property({ attribute: false }) accessor proof: ProofFacts | undefined

  @state() private accessor problem: Problem | undefined
  @state() private accessor over = false

  protected override view(): TemplateResult {
    return html`
      <div
        class="drop small ${this.over ? 'over' : ''}"
        part="drop"
        @dragover=${this.#onDragOver}
        @dragleave=${() => (this.over = false)}
        @drop=${this.#onDrop}
      >
        <label for="file">Check a proof file</label>
        <input id="file" type="file" accept=".scproof,application/octet-stream" @change=${this.#onChosen} />
      </div>
      ${this.problem === undefined ? nothing : html`<p class="bad small" role="alert">${this.problem.sentence}</p>`}
      ${this.proof === undefined ? nothing : this.#inspected(this.proof)}
    `
  }

  #inspected({ ok, title, steps, file }: ProofFacts): TemplateResult {
    return html`
      <p class="verdict ${ok ? 'good' : 'bad'}" role="status">
        ${sign(ok ? 'check' : 'cross')} ${title}: ${ok ? 'every step holds' : 'refused'}
      </p>
      <ol class="steps small" part="steps" aria-label="Steps of the verification">
        ${steps.map(
          ({ title: step, detail, held }) =>
            html`<li>
              <span class=${held ? 'good' : 'bad'}>${sign(held ? 'check' : 'cross')}</span>
              <b>${step}<span class="visually-hidden">${held ? ', holds' : ', fails'}</span></b>
              <span class="mono soft">${detail}</span>
            </li>`,
        )}
      </ol>
      ${file === undefined ? nothing : html`<button class="quiet small" @click=${() => this.#save(file)}>Save as .scproof</button>`}
    `
  }

  #save(file: Uint8Array): void {
    const url = URL.createObjectURL(new Blob([file as BlobPart], { type: 'application/octet-stream' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `stakecube-block-${this.proof?.height ?? 0}.scproof`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }

  readonly #onDragOver = (event: DragEvent): void => {
    event.preventDefault()
    this.over = true
  }

  readonly #onDrop = (event: DragEvent): void => {
    event.preventDefault()
    this.over = false
    const file = event.dataTransfer?.files[0]
    if (file !== undefined) void this.#inspect(file)
  }

  readonly #onChosen = (event: Event): void => {
    const file = (event.target as HTMLInputElement).files?.[0]
    if (file !== undefined) void this.#inspect(file)
  }

  async #inspect(file: File): Promise<void> {
    this.problem = this.proof = undefined
    if (file.size > FILE_BYTES_MAX)
      return this.#refuse({
        code: 'file-too-large',
        sentence: `A proof file has at most ${FILE_BYTES_MAX} bytes; ${file.name} has ${file.size}.`,
      })
    if (this.client === undefined)
      return this.#refuse({ code: 'no-client', sentence: 'There is no client that could check the file yet.' })
    try {
      this.proof = await this.client.inspect(new Uint8Array(await file.arrayBuffer()))
    } catch (cause) {
      this.#refuse(problemOf(cause))
    }
  }

  #refuse(problem: Problem): void {
    this.problem = problem
    this.fail(problem)
  }
}
define('stakecube-proof', StakecubeProof)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-proof': StakecubeProof
  }
}
