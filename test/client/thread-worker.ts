/** A worker thread of Node as the client's Worker: real threads, real structured clones, real ends. */
import { Worker } from 'node:worker_threads'
import type { MachineWorker } from '../../src/client/worker-host.ts'

type Listener = (event: { readonly data?: unknown; readonly message?: unknown }) => void

/** `script`: a file of this folder. */
export class ThreadWorker implements MachineWorker {
  readonly thread: Worker
  /** Resolves when the thread is gone. */
  readonly exited: Promise<void>
  messageCount = 0

  constructor(script = 'model-worker.ts') {
    const url = new URL(script, import.meta.url).href
    // Node 20 starts no thread from TypeScript, whatever its loader: tsx is registered first.
    const start = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(url)})))`
    this.thread = new Worker(start, { eval: true })
    this.exited = new Promise((resolve) => this.thread.once('exit', () => resolve()))
    // Nobody may listen yet.
    this.thread.on('error', () => undefined)
  }

  postMessage(message: unknown): void {
    this.messageCount++
    this.thread.postMessage(message)
  }

  terminate(): unknown {
    return this.thread.terminate()
  }

  addEventListener(type: 'message' | 'error' | 'messageerror', listener: Listener): void {
    if (type === 'message') this.thread.on('message', (data: unknown) => listener({ data }))
    else this.thread.on(type, (error: Error) => listener({ message: error.message }))
  }
}
