/**
 * A libp2p host for boards: TCP and WebSocket, nothing native, no gossip, no datastore. It dials and listens on nothing unless
 * told to.
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
}

export async function createEdgeHost(options: EdgeHostOptions = {}): Promise<Libp2p> {
  return createLibp2p({
    ...(options.seed === undefined ? {} : { privateKey: await identityFrom(options.seed) }),
    nodeInfo: { userAgent: AGENT },
    addresses: { listen: [] },
    transports: [tcp(), webSockets()],
    ...securedAndMultiplexed(),
    connectionGater: GATER_FOR_ANY_ADDRESS,
    connectionManager: { maxConnections: 16, maxIncomingPendingConnections: 4 },
    connectionMonitor: { enabled: false },
  })
}
