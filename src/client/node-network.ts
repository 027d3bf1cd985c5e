/** The network of a light client in Node: TCP, WebSocket and, where its native part is there, webrtc-direct. */
import { createHost, type HostOptions } from '../net/host.ts'
import { createNetwork } from '../net/network.ts'
import type { NetworkFactory } from './index.ts'

/** A host of its own, with a new identity each time unless a seed is given; listens on nothing. */
export function nodeNetwork(options: HostOptions = {}): NetworkFactory {
  return async (chainId) => createNetwork(await createHost(options), chainId)
}
