/** The network of a light client in a page: webrtc-direct, WebSocket and relayed connections. Main thread only. */
import { createBrowserHost, type BrowserHostOptions } from '../net/browser-host.ts'
import { createNetwork } from '../net/network.ts'
import type { NetworkFactory } from './index.ts'

/** A host of its own, with a new identity each time unless a seed is given. */
export function browserNetwork(options: BrowserHostOptions = {}): NetworkFactory {
  return async (chainId) => createNetwork(await createBrowserHost(options), chainId)
}
