/** What a host needs to relay connections between others; loaded only when one does. */
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2pOptions } from 'libp2p'

export const relayServices = () =>
  ({ identify: identify(), relay: circuitRelayServer() }) as NonNullable<Libp2pOptions['services']>
