/**
 * The whole light client in one file for browsers, libp2p and WebRTC included: `import { createLightClient, browserNetwork,
 * openIdbStore } from './stakecube.js'`. No build step, no other file.
 */
export * from '../../src/client/index.ts'
export { browserNetwork } from '../../src/client/browser-network.ts'
export { openIdbStore } from '../../src/store/idb.ts'
export { createMemoryStore } from '../../src/store/memory.ts'
