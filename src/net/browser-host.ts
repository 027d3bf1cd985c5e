/**
 * A libp2p host for pages: dials webrtc-direct, WebSocket, relayed and `/webrtc` addresses. It listens on nothing unless it
 * is given relays: then other pages reach it through one of these, and go on without it once connected. No Node imports; about
 * 150 kB gzipped, so load it lazily: `const { createBrowserHost } = await import('stakecube/net/browser-host')`.
 *
 * RTCPeerConnection does not exist in workers: create it on the main thread.
 */
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { AGENT, GATER_FOR_ANY_ADDRESS, securedAndMultiplexed } from './host-parts.ts'
import { identityFrom } from './identity.ts'

export interface BrowserHostOptions {
  /** The account's secret key, 32 bytes; without it the page has a new identity each time. */
  readonly seed?: Uint8Array
  /** Multiaddrs of relays, ending in /p2p/<PeerId>, through which other pages may connect to this one. */
  readonly relays?: readonly string[]
}

export async function createBrowserHost(options: BrowserHostOptions = {}): Promise<Libp2p> {
  const relays = options.relays ?? []
  return createLibp2p({
    ...(options.seed === undefined ? {} : { privateKey: await identityFrom(options.seed) }),
    nodeInfo: { userAgent: AGENT },
    addresses: { listen: relays.length === 0 ? [] : ['/webrtc', ...relays.map((relay) => `${relay}/p2p-circuit`)] },
    transports: [
      webRTCDirect(),
      webSockets(),
      webRTC({ rtcConfiguration: { iceServers: [] } }),
      circuitRelayTransport(),
    ],
    ...securedAndMultiplexed(),
    connectionGater: GATER_FOR_ANY_ADDRESS,
    connectionManager: { maxConnections: 32 },
    // A page that verifies may be busy for a while; TCP and SCTP notice dead peers by themselves.
    connectionMonitor: { abortConnectionOnPingFailure: false, pingInterval: 30_000 },
    services: { identify: identify(), ping: ping() },
  })
}
