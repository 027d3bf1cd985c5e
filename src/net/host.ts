/**
 * A libp2p host for Node: TCP, WebSocket and, unless left out, webrtc-direct.
 *
 * The webrtc-direct certificate, whose hash is part of the address, is kept in `datastorePath`, so that addresses printed
 * today still work tomorrow. @libp2p/webrtc has a native part and is loaded only when asked for: boards without a prebuilt
 * one use TCP and WebSocket.
 */
import './polyfills.ts'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { gossipsub, type GossipSub, type GossipsubOpts } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { keychain } from '@libp2p/keychain'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import type { LevelDatastore } from 'datastore-level'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { TransportError } from '../ports/network.ts'
import type { StoreWarning } from '../store/store-error.ts'
import { AGENT, GATER_FOR_ANY_ADDRESS, securedAndMultiplexed } from './host-parts.ts'
import { identityFrom } from './identity.ts'
import { freeUdpPort } from './ports-free.ts'

const DAY_MS = 86_400_000
/** libp2p renews by setTimeout, whose longest delay is 24.8 days: a longer life would renew, and change the address, at once. */
const CERTIFICATE_LIFESPAN_MS = 24 * DAY_MS

export interface HostOptions {
  /** The account's secret key, 32 bytes; without it the host has a new identity each time. */
  readonly seed?: Uint8Array
  /** Multiaddrs to listen on, such as /ip4/127.0.0.1/tcp/4001; none for a client. */
  readonly listen?: readonly string[]
  /** Multiaddrs to tell peers in place of those listened on; an empty list tells none. */
  readonly announce?: readonly string[]
  /** Folder in which libp2p keeps its peers and its webrtc-direct certificate; created if missing. */
  readonly datastorePath?: string
  /** That folder was damaged and renamed, and a new one is started. Default: a warning of the process, on stderr. */
  readonly onStoreSetAside?: (warning: StoreWarning) => void
  /** The first write to that folder that failed; what is in it is found or made again, so the host goes on without. */
  readonly onStoreFailure?: (error: Error) => void
  /** Load webrtc-direct, which needs the optional package node-datachannel. Default: if it is there, or listened on. */
  readonly webrtc?: boolean
  /** Take part in gossip with these options. */
  readonly gossip?: Partial<GossipsubOpts>
  /** Relay connections between pages. */
  readonly relay?: boolean
  readonly connectionCountMax?: number
  /** Refuses a peer before anything of it is read. */
  readonly refusesPeer?: (peer: string) => boolean
}

// What the services are called in libp2p's components.
type Services = { pubsub: GossipSub }
/** A host with gossip; `services.pubsub` exists iff `gossip` was given. */
export type Host = Libp2p<Services>

/** Starts the host. Rejects when an address is busy (see {@link ./ports-free.ts} to ask first), or with StoreError. */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const datastore =
    options.datastorePath === undefined ? undefined : await openDatastore(options.datastorePath, options)
  if (datastore !== undefined) goOnWithout(datastore, options.onStoreFailure ?? (() => undefined))
  const host = await createLibp2p(await libp2pOptions(options, datastore))
  if (datastore !== undefined) closeWith(host, datastore)
  return host as unknown as Host
}

async function libp2pOptions(options: HostOptions, datastore: LevelDatastore | undefined): Promise<Libp2pOptions> {
  const refuses = options.refusesPeer ?? (() => false)
  return {
    ...(options.seed === undefined ? {} : { privateKey: await identityFrom(options.seed) }),
    ...(datastore === undefined ? {} : { datastore }),
    nodeInfo: { userAgent: AGENT },
    addresses: {
      listen: await Promise.all((options.listen ?? []).map(withUdpPort)),
      ...(options.announce === undefined
        ? {}
        : { announce: [...options.announce], announceFilter: announcedOf(options.announce) }),
    },
    transports: [tcp(), webSockets(), ...(await webrtcTransports(options))],
    ...securedAndMultiplexed(),
    connectionGater: {
      ...GATER_FOR_ANY_ADDRESS,
      denyInboundEncryptedConnection: (peer) => refuses(peer.toString()),
      denyDialPeer: (peer) => refuses(peer.toString()),
    },
    connectionManager: {
      maxConnections: options.connectionCountMax ?? 128,
      // Per remote IP and second: on a devnet all peers share one.
      inboundConnectionThreshold: 32,
      maxIncomingPendingConnections: 32,
    },
    connectionMonitor: { abortConnectionOnPingFailure: false, pingInterval: 30_000 },
    services: {
      identify: identify(),
      ping: ping(),
      ...(datastore === undefined ? {} : { keychain: keychain() }),
      ...(options.relay === true ? { relay: circuitRelayServer() } : {}),
      ...(options.gossip === undefined ? {} : { pubsub: gossipsub(options.gossip) }),
    },
  }
}

/**
 * `/udp/0` with a port of its own. The transport would look for one that is free for TCP, which on a busy machine is now and
 * then not free for UDP.
 */
async function withUdpPort(address: string): Promise<string> {
  const match = /^\/ip[46]\/([^/]+)\/udp\/0\//.exec(address)
  return match === null ? address : address.replace('/udp/0/', `/udp/${await freeUdpPort(match[1]!)}/`)
}

type AnnounceFilter = NonNullable<NonNullable<Libp2pOptions['addresses']>['announceFilter']>

/** libp2p takes an empty `announce` for none given; told none means none. */
const announcedOf =
  ({ length }: readonly string[]): AnnounceFilter =>
  (addresses) =>
    length === 0 ? [] : addresses

const isWebrtc = (address: string): boolean => address.includes('/webrtc-direct')

type Transports = NonNullable<Libp2pOptions['transports']>

/** webrtc-direct unless left out; a host that neither listens on it nor was told to load it does without. */
async function webrtcTransports({ webrtc, listen = [] }: HostOptions): Promise<Transports> {
  if (webrtc === false) return []
  try {
    const { webRTCDirect } = await import('@libp2p/webrtc')
    return [webRTCDirect({ certificateLifespan: CERTIFICATE_LIFESPAN_MS }) as Transports[number]]
  } catch (cause) {
    const isNeeded = webrtc === true || listen.some(isWebrtc)
    if (isMissing(cause) && !isNeeded) return []
    throw missingPart(cause, 'webrtc-direct needs the optional package node-datachannel: npm install node-datachannel')
  }
}

async function openDatastore(path: string, { listen = [], onStoreSetAside }: HostOptions): Promise<LevelDatastore> {
  const warn = onStoreSetAside ?? (({ message }) => process.emitWarning(message))
  try {
    const { openLevelDatastore } = await import('../store/level-datastore.ts')
    return await openLevelDatastore(path, (warning) => warn(listen.some(isWebrtc) ? withNewAddress(warning) : warning))
  } catch (cause) {
    throw missingPart(
      cause,
      `a host that keeps ${path} needs the optional package classic-level: npm install classic-level`,
    )
  }
}

/** What a lost certificate means: PeerId, TCP and WebSocket addresses do not come from the store. */
const withNewAddress = (warning: StoreWarning): StoreWarning => ({
  ...warning,
  message: `${warning.message}: the webrtc-direct address has a new certhash, so give it to those who have the old one`,
})

/** libp2p leaves promises of its writes alone: on a full disk each would end the program, with no sentence for its user. */
function goOnWithout(datastore: LevelDatastore, onFailure: (error: Error) => void): void {
  let hasFailed = false
  const failed = (error: Error): void => {
    // What comes after the end was not worth keeping.
    if (hasFailed || datastore.db.status !== 'open') return
    hasFailed = true
    onFailure(error)
  }
  const [put, remove, batch] = [
    datastore.put.bind(datastore),
    datastore.delete.bind(datastore),
    datastore.batch.bind(datastore),
  ]
  datastore.put = (key, ...rest) => put(key, ...rest).catch((error: Error) => (failed(error), key))
  datastore.delete = (...args) => remove(...args).catch(failed)
  datastore.batch = () => {
    const { commit, ...rest } = batch()
    return { ...rest, commit: async (...args) => await Promise.resolve(commit(...args)).catch(failed) }
  }
}

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'

/** A native part that is not installed, as a sentence; anything else stays what it is. */
const missingPart = (cause: unknown, sentence: string): unknown =>
  isMissing(cause) ? new TransportError('part-missing', sentence, { cause }) : cause

/** libp2p does not close a datastore that it was given. */
function closeWith(host: Libp2p, datastore: LevelDatastore): void {
  const stop = host.stop.bind(host)
  host.stop = async () => {
    await stop()
    await datastore.close()
  }
}
