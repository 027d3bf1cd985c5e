/**
 * A libp2p host for boards: TCP and WebSocket, nothing native, no gossip, no datastore. It listens on nothing unless told to; a
 * board that lives long may relay connections between others.
 */
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import type { Libp2p } from '@libp2p/interface'
import { createLibp2p } from 'libp2p'
import { AGENT, GATER_FOR_ANY_ADDRESS, securedAndMultiplexed } from '../net/host-parts.ts'
import { identityFrom } from '../net/identity.ts'

export interface EdgeHostOptions {
  /** The account's secret key, 32 bytes; without it the host has a new identity each time. */
  readonly seed?: Uint8Array
  /** Multiaddrs to listen on, TCP or WebSocket. */
  readonly listen?: readonly string[]
  /** Relay connections between others; needs `listen`. */
  readonly relay?: boolean
}

/** Connections at a time: a client has a few peers; who serves others has 512 MB to do it in. */
const CONNECTION_COUNT_MAX = { client: 16, server: 64 }

export async function createEdgeHost(options: EdgeHostOptions = {}): Promise<Libp2p> {
  const listen = [...(options.listen ?? [])]
  return createLibp2p({
    ...(options.seed === undefined ? {} : { privateKey: await identityFrom(options.seed) }),
    nodeInfo: { userAgent: AGENT },
    addresses: { listen },
    transports: [tcp(), webSockets()],
    ...securedAndMultiplexed(),
    connectionGater: GATER_FOR_ANY_ADDRESS,
    connectionManager: {
      maxConnections: listen.length > 0 ? CONNECTION_COUNT_MAX.server : CONNECTION_COUNT_MAX.client,
      maxIncomingPendingConnections: 4,
    },
    connectionMonitor: { enabled: false },
    services: options.relay === true ? (await import('./relay.ts')).relayServices() : {},
  })
}
