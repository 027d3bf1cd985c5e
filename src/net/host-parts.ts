/** What hosts in Node and in pages have in common. */
import type { ConnectionGater } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'

/** The name under which hosts introduce themselves (identify). */
export const AGENT = 'stakecube/1'

/** libp2p refuses loopback and private addresses in pages by default; a devnet lives there. */
export const GATER_FOR_ANY_ADDRESS: ConnectionGater = { denyDialMultiaddr: () => false }

export const securedAndMultiplexed = (): Pick<Libp2pOptions, 'connectionEncrypters' | 'streamMuxers'> => ({
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
})
