/** The network of a light client in a page: webrtc-direct, WebSocket and relayed connections. Main thread only. */
import { createBrowserHost } from '../net/browser-host.ts'
import { ServingNetwork } from '../net/serving-network.ts'
import type { NetworkFactory } from './index.ts'

/** The same as net/browser-host.ts takes; written out, so that the types of the package need none of libp2p's. */
export interface BrowserNetworkOptions {
  /** The account's secret key, 32 bytes; without it the page has a new identity each time. */
  readonly seed?: Uint8Array
  /** Multiaddrs of relays, ending in /p2p/<PeerId>: other pages can then reach this one, and go on without the relay once connected. */
  readonly relays?: readonly string[]
}

/** A host of its own, with a new identity each time unless a seed is given. */
export function browserNetwork(options: BrowserNetworkOptions = {}): NetworkFactory {
  return async (chainId) => new ServingNetwork(await createBrowserHost(options), chainId)
}
