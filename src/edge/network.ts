/** The network of a light client on a board; stands in for client/node-network.ts in the edge file (tools/build-edge.ts). */
import type { NodeNetworkOptions } from '../client/node-network.ts'
import type { NetworkFactory } from '../client/index.ts'

/** TCP and WebSocket; libp2p is evaluated when the network is made. */
export function nodeNetwork(options: NodeNetworkOptions = {}): NetworkFactory {
  return async (chainId) => {
    await import('../net/polyfills.ts')
    const [{ createEdgeHost }, { ServingNetwork }] = await Promise.all([
      import('./host.ts'),
      import('../net/serving-network.ts'),
    ])
    return new ServingNetwork(await createEdgeHost(options), chainId, options.lease)
  }
}
