/**
 * The shell around the light machine, wherever that runs: carries out its commands over a network and a store, feeds back what
 * happened, and owns every promise, timer and AbortSignal.
 *
 * Notices are passed on only after the saves before them are done: a head that the user was told about is on disk.
 */
import type { Store } from '../ports/index.ts'
import { TransportError, type Network, type PeerName } from '../ports/network.ts'
import type { LightEvent, LightNotice } from '../light/contract.ts'
import { AddressBook } from '../light/address-book.ts'
import { Prng } from '../base/prng.ts'
import { toHex } from '../base/bytes.ts'
import type { Kernels } from '../kernels/contract.ts'
import { asTransportError, Dialer } from './dialer.ts'
import { Liveness, type Connectivity, type LivenessLimits } from './liveness.ts'
import { ClientError } from './errors.ts'
import { guarded } from './events.ts'
import { reasonOf, type HostEffect, type HostFault, type MachineHost } from './machine-host.ts'
import { Saver } from './saver.ts'

const TICK_MS = 1000
/** Where the address book stands in the store. */
const ADDRESSES_KEY = 'addresses'
/** Notices that can wait for the store's next write: nobody's call ends with them. */
const WAITS_FOR_NOBODY: ReadonlySet<string> = new Set(['head', 'peer', 'progress', 'warning'])

const randomBytes = (length: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(length))

export interface DriverOptions {
  readonly host: MachineHost
  /** Still being made, perhaps: what is stored is verified and told meanwhile. */
  readonly network: Promise<Network>
  readonly store: Store
  readonly peers: readonly string[]
  readonly nowMs: () => number
  readonly kernels: Kernels
  readonly liveness: LivenessLimits
  onConnectivity(what: Connectivity): void
  onNotice(notice: LightNotice): void
  /** A bug, or the worker that verified is gone: the machine has stopped. Told in order with the notices. */
  onFault(error: ClientError): void
  /** A network that failed in a way that it should not. */
  onNetworkFault(error: ClientError): void
  onDialFailure(address: string, message: string): void
  onStoreFailure(error: ClientError): void
  /** About once a second. */
  onTick(): void
}

export class Driver {
  readonly #options: DriverOptions
  readonly #host: MachineHost
  #network: Network | undefined
  readonly #abort = new AbortController()
  readonly #streams = new Map<string, AbortController>()
  #dialer: Dialer | undefined
  #book: AddressBook | undefined
  #liveness: Liveness | undefined
  /** Told before the book was read from the store. */
  #toldEarly: (readonly [address: string, toldBy: string])[] = []
  #savedTried = ''
  #hasFailed = false
  readonly #saver: Saver
  /** Saves and notices, in order. */
  #tail: Promise<void> = Promise.resolve()
  #timer: ReturnType<typeof setInterval> | undefined
  #unsubscribe: () => void = () => undefined

  constructor(options: DriverOptions) {
    this.#options = options
    this.#host = options.host
    this.#host.attach({
      onStepped: (effects) => {
        for (const effect of effects) this.#carryOut(effect)
      },
      onFault: (fault) => this.#onFault(fault),
    })
    this.#saver = new Saver(options.store, randomBytes(12), (error) => options.onStoreFailure(error))
    // Whoever awaits it hears of a failure; nobody may before start.
    options.network.catch(() => undefined)
  }

  /** The multiaddr that a peer was reached at. */
  addressOf(peer: PeerName): string | undefined {
    return this.#dialer?.addressOf(peer)
  }

  /** Reads the store, starts the machine and begins to dial. Rejects if the store cannot be read or there is no network. */
  async start(): Promise<void> {
    const { store, nowMs } = this.#options
    const saved = await this.#saver.load()
    this.deliver({ kind: 'started', nowMs: BigInt(nowMs()), saved })
    await this.#host.settled()
    store.flush?.()
    await this.#tail
    const network = await this.#options.network
    if (this.#abort.signal.aborted) return
    this.#connect(network, saved.get(ADDRESSES_KEY))
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#dialer?.pump()
  }

  #connect(network: Network, savedBook: Uint8Array | undefined): void {
    this.#network = network
    const { peers, kernels, liveness, onDialFailure, onConnectivity } = this.#options
    const prng = new Prng(toHex(randomBytes(16)))
    this.#book = AddressBook.restore(kernels, prng, savedBook, randomBytes(32), peers)
    for (const [address, toldBy] of this.#toldEarly) this.#book.add(address, toldBy)
    const life = { tell: onConnectivity, hurry: () => (this.#dialer?.hurry(), this.#dialer?.pump()) }
    this.#liveness = new Liveness(network, liveness, life, this.#abort.signal)
    const events = {
      onConnected: (peer: PeerName) => {
        this.#liveness?.heard(peer)
        this.deliver({ kind: 'peer-connected', peer })
        this.#saveBook()
      },
      onFailure: (address: string, { message }: TransportError) => onDialFailure(address, message),
    }
    this.#dialer = new Dialer(network, this.#book, events, this.#abort.signal)
    this.#unsubscribe = network.onDisconnect((peer) => {
      this.#liveness?.gone(peer)
      this.#dialer?.onDisconnected(peer)
      this.deliver({ kind: 'peer-disconnected', peer })
    })
  }

  /** Addresses that somebody told, dialled when there is room; `toldBy`: his own address, empty for the application. */
  addPeers(addresses: readonly string[], toldBy: string): void {
    for (const address of addresses) {
      if (this.#book === undefined) this.#toldEarly.push([address, toldBy])
      else this.#book.add(address, toldBy)
    }
    this.#dialer?.pump()
  }

  /** As addPeers; whoever was told before and is not among them is hung up on and forgotten. */
  movePeers(addresses: readonly string[], toldBy: string): void {
    this.#toldEarly = []
    this.#book?.keep(addresses)
    this.#dialer?.release()
    this.addPeers(addresses, toldBy)
  }

  /** When the peers that were once reached are others than those saved. */
  #saveBook(): void {
    const tried = this.#book!.tried.toSorted().join()
    if (tried === this.#savedTried) return
    this.#savedTried = tried
    this.#save(new Map([[ADDRESSES_KEY, this.#book!.encode()]]))
  }

  #tick(): void {
    this.#liveness?.tick()
    this.deliver({ kind: 'ticked', nowMs: BigInt(this.#options.nowMs()) })
    const { advancedMs = 0n } = this.#host.state.trust
    const spare = this.#dialer?.toRotate(this.#options.nowMs() - Number(advancedMs))
    if (spare !== undefined) void this.#network?.disconnect(spare).catch(() => undefined)
    this.#dialer?.pump()
    if (this.#saver.isDue()) this.#save(new Map())
    this.#options.onTick()
  }

  /** Gives the machine an event; nothing any more once this is closed. */
  deliver(event: LightEvent): void {
    if (!this.#abort.signal.aborted && !this.#hasFailed) this.#host.deliver(event)
  }

  /** The machine threw, or its worker is gone: it is not stepped again; what it told before is told and saved. */
  #onFault({ code, operands, cause }: HostFault): void {
    const error = new ClientError(code, operands, { cause })
    this.#hasFailed = true
    for (const stream of this.#streams.values()) stream.abort()
    this.#tail = this.#tail.then(() => guarded(() => this.#options.onFault(error)))
  }

  #carryOut(effect: HostEffect): void {
    // What a worker still sends of steps that were under way is not begun any more.
    if (this.#abort.signal.aborted) return
    switch (effect.kind) {
      case 'send-request':
        return void this.#request(effect)
      case 'open-follow':
        return void this.#follow(effect)
      case 'close-follow':
        return this.#streams.get(effect.streamId)?.abort()
      case 'drop-peer':
        if (effect.remember) this.#dialer?.onRefused(effect.peer)
        return void this.#network?.disconnect(effect.peer).catch(() => undefined)
      case 'save':
        return this.#save(effect.writes)
      case 'emit': {
        const { notice } = effect
        // Somebody may be waiting for this one; heads may wait for the store's next write.
        if (!WAITS_FOR_NOBODY.has(notice.kind)) this.#options.store.flush?.()
        this.#tail = this.#tail.then(() => this.#tell(notice))
      }
    }
  }

  #tell(notice: LightNotice): void {
    guarded(() => this.#options.onNotice(notice))
  }

  /** Begun at once, so that a store may write several commits together; what follows waits for it. */
  #save(writes: ReadonlyMap<string, Uint8Array | undefined>): void {
    const saved = this.#saver.save(writes)
    this.#tail = this.#tail.then(() => saved)
  }

  async #request({
    requestId,
    peer,
    protocol,
    bytes,
    timeoutMs,
    responseBytesMax,
  }: HostEffect & { kind: 'send-request' }): Promise<void> {
    let event: LightEvent
    try {
      // Closing the network ends what is under way; a signal shared by all requests would gather listeners.
      const options = { timeoutMs, responseBytesMax }
      const response = await this.#network!.request(peer, protocol, bytes, options)
      this.#liveness?.heard(peer)
      event = { kind: 'response-received', requestId, bytes: response }
    } catch (error) {
      event = { kind: 'request-failed', requestId, code: this.#transportError(error).code }
    }
    this.deliver(event)
  }

  /** Networks reject with TransportError: anything else is a bug in one, and is told as that. */
  #transportError(error: unknown): TransportError {
    if (!(error instanceof TransportError) && !this.#abort.signal.aborted)
      this.#options.onNetworkFault(new ClientError('network-fault', { reason: reasonOf(error) }, { cause: error }))
    return asTransportError(error)
  }

  async #follow({
    streamId,
    peer,
    bytes,
    timeoutMs,
    responseBytesMax,
  }: HostEffect & { kind: 'open-follow' }): Promise<void> {
    const abort = new AbortController()
    this.#streams.set(streamId, abort)
    const signal = AbortSignal.any([abort.signal, this.#abort.signal])
    try {
      const options = { timeoutMs, responseBytesMax, signal }
      for await (const frame of this.#network!.stream(peer, 'follow', bytes, options)) {
        if (signal.aborted) return
        this.#liveness?.heard(peer)
        this.deliver({ kind: 'frame-received', streamId, bytes: frame })
        // A peer that streams faster than a worker verifies waits, and fills nobody's memory.
        await this.#host.settled()
      }
    } catch (error) {
      // Whatever ended it, the machine asks the peer for its status before it follows again.
      if (!signal.aborted) this.#transportError(error)
    } finally {
      this.#streams.delete(streamId)
      this.deliver({ kind: 'stream-ended', streamId })
    }
  }

  /** Stops everything; what was saved before is saved. */
  async close(): Promise<void> {
    if (this.#abort.signal.aborted) return this.#tail
    this.#abort.abort()
    this.#host.close()
    clearInterval(this.#timer)
    this.#unsubscribe()
    if (this.#saver.isDue(true)) this.#save(new Map())
    this.#options.store.flush?.()
    await this.#tail
    const network = await this.#options.network.catch(() => undefined)
    await network?.close().catch(() => undefined)
    await this.#options.store.close().catch(() => undefined)
  }
}
