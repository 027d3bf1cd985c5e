/** The network of a light client on a board; stands in for client/node-network.ts in the edge file (tools/build-edge.ts). */
import type { HostOptions } from '../net/host.ts'
import type { NetworkFactory } from '../client/index.ts'

/** TCP and WebSocket; libp2p is evaluated when the network is made. */
export function nodeNetwork(options: HostOptions = {}): NetworkFactory {
  return async (chainId) => {
    await import('../net/polyfills.ts')
    const [{ createEdgeHost }, { createNetwork }] = await Promise.all([
      import('./host.ts'),
      import('../net/network.ts'),
    ])
    return createNetwork(await createEdgeHost(options.seed === undefined ? {} : { seed: options.seed }), chainId)
  }
}
