/** A worker thread that verifies with the model scheme, as the fixture's chains are signed. */
import { parentPort } from 'node:worker_threads'
import { serveMachine, type ToWorker, type WorkerScope } from '../../src/client/machine-worker.ts'
import { modelEngine } from '../light/fixture-view.ts'

const scope: WorkerScope = { postMessage: (message) => parentPort!.postMessage(message), onmessage: null }
let planted: string | undefined
const bls: typeof modelEngine.bls = new Proxy(modelEngine.bls, {
  get: (target, name, receiver) => {
    if (planted !== undefined && name === 'verify') throw new Error(planted)
    return Reflect.get(target, name, receiver) as unknown
  },
})
parentPort!.on('message', (data: ToWorker & { readonly crash?: string; readonly plant?: string }) => {
  // The end of the thread, and a bug in the core, in the midst of its life.
  if (data.crash !== undefined) throw new Error(data.crash)
  planted ??= data.plant
  scope.onmessage?.({ data })
})
serveMachine(scope, async () => ({ ...modelEngine, bls }))
// What ThreadWorker.loaded waits for.
parentPort!.postMessage({ kind: 'loaded' })
