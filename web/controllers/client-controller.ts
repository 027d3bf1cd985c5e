/** Binds a Lit element to a client: finds it, subscribes, asks for a render on every change, lets go on disconnect. */
import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { NO_FACTS, type ClientFacts, type ClientSource } from '../client/facts.ts'
import { CLIENT_PROVIDED_EVENT, ContextRequestEvent } from './client-context.ts'

type Host = ReactiveControllerHost & HTMLElement

/** An element outside of a provider names one by id (`for`). */
interface Provider extends Element {
  provideTo(callback: (client: ClientSource | undefined) => void): () => void
}

/** A provider may be put on the page a little later than who names it. */
const PROVIDER_GRACE_MS = 1000

export class ClientController implements ReactiveController {
  readonly #host: Host
  #explicit: ClientSource | undefined
  #providerId: string | undefined
  #client: ClientSource | undefined
  #unsubscribe: (() => void) | undefined
  #unprovide: (() => void) | undefined
  #isMissing = false
  #grace: ReturnType<typeof setTimeout> | undefined

  constructor(host: Host) {
    this.#host = host
    host.addController(this)
  }

  get client(): ClientSource | undefined {
    return this.#client
  }

  get facts(): ClientFacts {
    return this.#client?.facts ?? NO_FACTS
  }

  /** The provider that is named by id has not appeared. */
  get isMissing(): boolean {
    return this.#isMissing
  }

  /** A client set as a property wins over one that is found; undefined goes back to looking. */
  use(client: ClientSource | undefined): void {
    this.#explicit = client
    if (this.#host.isConnected) this.#find()
  }

  /** Takes the client of the provider with this id instead of the nearest ancestor's. */
  useProvider(id: string | undefined): void {
    this.#providerId = id
    if (this.#host.isConnected) this.#find()
  }

  hostConnected(): void {
    window.addEventListener(CLIENT_PROVIDED_EVENT, this.#onProvided)
    this.#find()
  }

  hostDisconnected(): void {
    window.removeEventListener(CLIENT_PROVIDED_EVENT, this.#onProvided)
    this.#leave()
  }

  readonly #onProvided = (): void => {
    if (this.#client === undefined) this.#find()
  }

  #find(): void {
    this.#leave()
    if (this.#explicit !== undefined) return this.#bind(this.#explicit)
    if (this.#providerId !== undefined) return this.#findById(this.#providerId)
    this.#host.dispatchEvent(
      new ContextRequestEvent((client, unsubscribe) => {
        if (unsubscribe !== undefined) this.#unprovide = unsubscribe
        this.#bind(client)
      }, true),
    )
  }

  #findById(id: string): void {
    const root = this.#host.getRootNode() as Document | ShadowRoot
    const provider = root.getElementById(id) as Provider | null
    if (provider !== null && 'provideTo' in provider)
      this.#unprovide = provider.provideTo((client) => this.#bind(client))
    else this.#grace = setTimeout(() => this.#miss(), PROVIDER_GRACE_MS)
  }

  #miss(): void {
    this.#isMissing = true
    this.#host.requestUpdate()
  }

  #bind(client: ClientSource | undefined): void {
    this.#unsubscribe?.()
    this.#client = client
    this.#unsubscribe = client?.subscribe(() => this.#host.requestUpdate())
    this.#host.requestUpdate()
  }

  #leave(): void {
    this.#unsubscribe?.()
    this.#unprovide?.()
    this.#unsubscribe = this.#unprovide = undefined
    this.#client = undefined
    this.#isMissing = false
    clearTimeout(this.#grace)
  }
}
