/** The network of a light client in Node: TCP, WebSocket and, where its native part is there, webrtc-direct. */
import { createHost } from '../net/host.ts'
import { ServingNetwork } from '../net/serving-network.ts'
import type { LeaseResponder } from '../ports/network.ts'
import type { NetworkFactory } from './index.ts'

/** What a client needs of net/host.ts's options; written out, so that the types of the package need none of libp2p's. */
export interface NodeNetworkOptions {
  /** The account's secret key, 32 bytes; without it the host has a new identity each time. */
  readonly seed?: Uint8Array
  /** Load webrtc-direct, which needs the optional package node-datachannel. Default: if that is installed. */
  readonly webrtc?: boolean
  /** Multiaddrs to listen on, for a client that serves others; none unless given. */
  readonly listen?: readonly string[]
  /** Relay connections between pages; needs `listen`. */
  readonly relay?: boolean
  /** Be a coordination node that answers `lease` so; needs `listen`. */
  readonly lease?: LeaseResponder
}

/** A host of its own, with a new identity each time unless a seed is given; listens on nothing unless told to. */
export function nodeNetwork(options: NodeNetworkOptions = {}): NetworkFactory {
  return async (chainId) => new ServingNetwork(await createHost(options), chainId, options.lease)
}
