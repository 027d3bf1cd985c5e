/** Which worker verifies: the one that comes with the client, one from another address, or one that was made already. */
import { WORKER_NAME } from './machine-worker.ts'
import type { MachineWorker } from './worker-host.ts'

/**
 * `true`: the worker file of the package, which bundlers carry along; for dist/browser/stakecube.js, that file itself. A string or
 * URL: where the page's own origin serves dist/browser/worker.js. An object: a Worker that runs it; it ends with the client.
 */
export type WorkerChoice = boolean | string | URL | MachineWorker

/** Throws what the engine throws, or that it has no workers. */
export function startWorker(choice: Exclude<WorkerChoice, false>): MachineWorker {
  if (typeof choice === 'object' && !(choice instanceof URL)) return choice
  if (typeof Worker !== 'function') throw new Error('this engine has no Worker')
  // Bundlers look for exactly this expression, and carry the file along.
  if (choice === true)
    return new Worker(new URL('../browser/worker.js', import.meta.url), { type: 'module', name: 'stakecube-verifier' })
  return new Worker(choice, { type: 'module', name: WORKER_NAME })
}
