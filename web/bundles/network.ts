/** The network of a page alone, libp2p included: for pages that bundle the client from the package themselves. */
export { browserNetwork, type BrowserNetworkOptions } from '../../src/client/browser-network.ts'
