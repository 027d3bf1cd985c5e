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
  /** What the thread said since {@link hold}. */
  #held: (() => void)[] | undefined

  /** A thread that is there, and has loaded its code: on a busy machine that alone may take longer than a client waits. */
  static async loaded(): Promise<ThreadWorker> {
    const worker = new ThreadWorker()
    await new Promise<void>((resolve, reject) => {
      worker.thread.once('message', () => resolve())
      worker.thread.once('error', reject)
    })
    return worker
  }

  constructor(script = 'model-worker.ts') {
    const url = new URL(script, import.meta.url).href
    // Node 20 starts no thread from TypeScript, whatever its loader: tsx is registered first.
    const load = `import(${JSON.stringify(url)})`
    const start = script.endsWith('.ts') ? `import('tsx/esm/api').then(({ register }) => (register(), ${load}))` : load
    this.thread = new Worker(start, { eval: true, execArgv: [] })
    this.exited = new Promise((resolve) => this.thread.once('exit', () => resolve()))
    // Nobody may listen yet.
    this.thread.on('error', () => undefined)
  }

  postMessage(message: unknown): void {
    this.messageCount++
    this.thread.postMessage(message)
  }

  /** From now on it seems busy, until {@link release}. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const tell of held) tell()
  }

  terminate(): unknown {
    return this.thread.terminate()
  }

  addEventListener(type: 'message' | 'error' | 'messageerror', listener: Listener): void {
    if (type === 'message')
      this.thread.on('message', (data: unknown) => {
        if (this.#held === undefined) listener({ data })
        else this.#held.push(() => listener({ data }))
      })
    else this.thread.on(type, (error: Error) => listener({ message: error.message }))
  }
}
