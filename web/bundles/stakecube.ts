/**
 * The whole light client in one file for browsers, libp2p and WebRTC included: `import { createLightClient, browserNetwork,
 * openIdbStore } from './stakecube.js'`. No build step, no other file: with `worker: true` the worker runs this one too.
 */
import { createLightClient as create, type LightClient, type LightClientOptions } from '../../src/client/index.ts'
import { serveMachine, WORKER_NAME, type WorkerScope } from '../../src/client/machine-worker.ts'

export * from '../../src/client/index.ts'
export { browserNetwork } from '../../src/client/browser-network.ts'
export { openIdbStore } from '../../src/store/idb.ts'
export { createMemoryStore } from '../../src/store/memory.ts'

/** A client that has not started yet. */
export function createLightClient(options: LightClientOptions): Promise<LightClient> {
  return create(options.worker === true ? { ...options, worker: import.meta.url } : options)
}

const isOurWorker = !('document' in globalThis) && (globalThis as { name?: unknown }).name === WORKER_NAME
if (isOurWorker) serveMachine(globalThis as unknown as WorkerScope)
