import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { property, state } from 'lit/decorators.js'
import { fetchText, parseCheckpoint, parseConfig, parsePeers, type ClientConfig } from '../client/config.ts'
import { ClientProblem, problemOf, type ClientSource, type Problem, type Wallet } from '../client/facts.ts'
import { CLIENT_CONTEXT, CLIENT_PROVIDED_EVENT, type ContextRequestEvent } from '../controllers/client-context.ts'
import { asTexts } from './attributes.ts'
import { define } from './element.ts'
import { theme } from './theme.ts'

/** What a client is started with. */
const GIVEN = ['src', 'chain', 'checkpoint', 'peers', 'relays'] as const

/**
 * Owns a light client and gives it to the elements inside of it (or that name it with `for`). Shows nothing while all is
 * well. What it is told by attributes wins over the document at `src`.
 *
 * @slot - The elements that use the client.
 * @csspart problem - The sentence that says why there is no client.
 * @fires ready - When the client has started; `wallets` is known from here on.
 * @fires error - CustomEvent with `detail: { code, sentence }`: a wrong attribute, chain or checkpoint, no way to start, or a
 *   client that stopped.
 */
export class StakecubeClient extends LitElement {
  static override styles = [
    theme,
    css`
      :host {
        display: contents;
      }
      .problem {
        margin: 0 0 1rem;
        padding: 0.75rem 1rem;
        border: 1px solid var(--_bad);
        border-radius: var(--_radius);
        background: var(--_card);
      }
    `,
  ]

  /** Address of a configuration document such as a devnet's `/devnet.json`. */
  @property() accessor src: string | undefined
  /** Chain spec: JSON text, or the address of it. */
  @property() accessor chain: string | undefined
  /** To start from: "height:hash", or a share or link from another client; without one the client starts from genesis. */
  @property() accessor checkpoint: string | undefined
  /** Multiaddrs of peers, separated by white space. */
  @property() accessor peers: string | undefined

  /** Multiaddrs of relays, separated by white space, through which other pages may follow this one; it serves nobody without. */
  @property() accessor relays: string | undefined

  @state() private accessor problem: Problem | undefined
  readonly #subscribers = new Set<(client: ClientSource | undefined) => void>()
  #client: ClientSource | undefined
  #config: ClientConfig | undefined
  #generation = 0
  #unsubscribe: (() => void) | undefined

  constructor() {
    super()
    this.addEventListener('context-request', this.#onRequest)
  }

  /** The running client; undefined before `ready`. */
  get client(): ClientSource | undefined {
    return this.#client
  }

  /** What the running client was started with. */
  get config(): ClientConfig | undefined {
    return this.#config
  }

  /** Accounts that the configuration brought along (devnets). */
  get wallets(): readonly Wallet[] {
    return this.#config?.wallets ?? []
  }

  /** Calls back now, perhaps with no client yet, and on each change until the returned function is called. */
  provideTo(callback: (client: ClientSource | undefined) => void): () => void {
    this.#subscribers.add(callback)
    callback(this.#client)
    return () => this.#subscribers.delete(callback)
  }

  override connectedCallback(): void {
    super.connectedCallback()
    window.dispatchEvent(new Event(CLIENT_PROVIDED_EVENT))
    if (this.hasUpdated) void this.#start()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#generation++
    this.#replace(undefined)
  }

  protected override willUpdate(): void {
    asTexts(this, GIVEN)
  }

  protected override updated(changed: PropertyValues): void {
    if (GIVEN.some((name) => changed.has(name))) void this.#start()
  }

  protected override render(): TemplateResult {
    const { problem } = this
    return html`
      ${problem === undefined ? nothing : html`<p class="problem bad" part="problem" role="alert">${problem.sentence}</p>`}
      <slot></slot>
    `
  }

  readonly #onRequest = (event: ContextRequestEvent): void => {
    if (event.context !== CLIENT_CONTEXT) return
    event.stopPropagation()
    if (!event.subscribe) return event.callback(this.#client)
    const unsubscribe = (): void => void this.#subscribers.delete(provide)
    const provide = (client: ClientSource | undefined): void => event.callback(client, unsubscribe)
    this.provideTo(provide)
  }

  async #start(): Promise<void> {
    const generation = ++this.#generation
    this.problem = undefined
    if (GIVEN.every((name) => this[name] === undefined)) return this.#replace(undefined)
    try {
      const config = await this.#configure()
      const { startLiveClient } = await import('../client/live-client.ts')
      if (generation !== this.#generation) return
      const client = await startLiveClient(config)
      if (generation !== this.#generation) return void client.close()
      this.#config = config
      this.#replace(client)
      this.#onFacts(client)
      this.dispatchEvent(new CustomEvent('ready'))
    } catch (cause) {
      if (generation === this.#generation) this.#fail(problemOf(cause))
    }
  }

  async #configure(): Promise<ClientConfig> {
    const { src } = this
    if (src?.trim() === '')
      throw new ClientProblem('bad-config', '`src` is empty; it is the address of a configuration document.')
    const fromSource = src === undefined ? undefined : parseConfig(await fetchText(src), src)
    const chainSpec = await this.#chainSpec(fromSource?.chainSpec)
    const peers = this.peers === undefined ? (fromSource?.peers ?? []) : parsePeers(this.peers)
    if (peers.length === 0)
      throw new ClientProblem('no-peers', 'No peer is named: give their addresses in `peers` or `src`.')
    return {
      chainSpec,
      checkpoint: this.checkpoint === undefined ? fromSource?.checkpoint : parseCheckpoint(this.checkpoint),
      checkpointText: this.checkpoint ?? fromSource?.checkpointText,
      peers,
      wallets: fromSource?.wallets ?? [],
      relays: this.relays === undefined ? [] : parsePeers(this.relays),
    }
  }

  async #chainSpec(fallback: string | undefined): Promise<string> {
    const chain = this.chain?.trim()
    if (chain === undefined || chain === '') {
      if (fallback !== undefined) return fallback
      throw new ClientProblem('no-chain', 'No chain is named: give a chain spec in `chain` or `src`.')
    }
    return chain.startsWith('{') ? chain : fetchText(chain)
  }

  #replace(client: ClientSource | undefined): void {
    const before = this.#client
    if (before === client) return
    this.#unsubscribe?.()
    this.#unsubscribe = client?.subscribe(() => this.#onFacts(client))
    this.#client = client
    for (const callback of this.#subscribers) callback(client)
    void before?.close()
  }

  /** What went wrong later is told like what went wrong at the start, and taken back when it is over. */
  #onFacts({ facts }: ClientSource): void {
    const { problem } = facts
    if (problem?.code === this.problem?.code && problem?.sentence === this.problem?.sentence) return
    if (problem === undefined) this.problem = undefined
    else this.#fail(problem)
  }

  #fail(problem: Problem): void {
    this.problem = problem
    const { code, sentence } = problem
    this.dispatchEvent(new CustomEvent('error', { detail: { code, sentence } }))
  }
}
define('stakecube-client', StakecubeClient)

declare global {
  interface HTMLElementTagNameMap {
    'stakecube-client': StakecubeClient
  }
}
