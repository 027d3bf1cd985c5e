/** The client side of the network on a host that also answers: what a light client that serves others stands on. */
import type { Libp2p } from '@libp2p/interface'
import type { LeaseResponder, ProtocolName, Responder } from '../ports/network.ts'
import { PROTOCOLS } from '../ports/network.ts'
import { keyOfPeer } from './identity.ts'
import { Libp2pNetwork } from './network.ts'
import { serve, type RequestContext, type Server } from './serve.ts'

export class ServingNetwork extends Libp2pNetwork {
  readonly #host: Libp2p
  readonly #chainId: Uint8Array
  readonly #lease: LeaseResponder | undefined
  #server: Server | undefined

  /** `lease`: what makes it a coordination node; without it leases are refused as any other server refuses them. */
  constructor(host: Libp2p, chainId: Uint8Array, lease?: LeaseResponder) {
    super(host, chainId, true)
    this.#host = host
    this.#chainId = chainId
    this.#lease = lease
  }

  async serve(responder: Responder): Promise<void> {
    const names = PROTOCOLS.filter((name): name is Exclude<ProtocolName, 'follow'> => name !== 'follow')
    const requests = Object.fromEntries(
      names.map((name) => [
        name,
        (request: Uint8Array, context: RequestContext) =>
          name === 'lease' && this.#lease !== undefined
            ? this.#lease(request, { peer: context.peer, key: keyOfPeer(context.peer) })
            : responder.request(name, request, context.charge),
      ]),
    )
    const follow = (request: Uint8Array, { signal }: { signal: AbortSignal }) => responder.follow(request, signal)
    this.#server = await serve(this.#host, this.#chainId, { requests, streams: { follow } })
  }

  addresses(): readonly string[] {
    return this.#host.getMultiaddrs().map(String)
  }

  override async close(): Promise<void> {
    await this.#server?.stop().catch(() => undefined)
    await super.close()
  }
}
