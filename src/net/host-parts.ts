/** What hosts in Node and in pages have in common. */
import type { ConnectionGater } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'

/** The name under which hosts introduce themselves (identify). */
export const AGENT = 'stakecube/1'

/** libp2p refuses loopback and private addresses in pages by default; a devnet lives there. */
export const GATER_FOR_ANY_ADDRESS: ConnectionGater = { denyDialMultiaddr: () => false }

/**
 * Streams that a fresh connection may open before this side has attached its handlers; with more, the muxer ends the
 * connection. Its default of 10 cuts off an honest client that asks several things at once right after dialling; servers
 * bound each peer by themselves.
 */
const EARLY_STREAM_COUNT_MAX = 64

export const securedAndMultiplexed = (): Pick<Libp2pOptions, 'connectionEncrypters' | 'streamMuxers'> => ({
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ maxEarlyStreams: EARLY_STREAM_COUNT_MAX })],
})
