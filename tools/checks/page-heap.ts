/** What a page holds after a forced collection: its own heap and those of its workers, which the page's does not tell of. */
import type { CDPSession, Page } from 'playwright-core'

export interface PageHeap {
  /** Bytes of JavaScript that are reachable, compiled code included, of the page and of its workers. */
  readonly bytes: number
  readonly workerBytes: readonly number[]
  /** Nodes of the document, detached ones that something still holds included. */
  readonly nodes: number
}

/** Bytes of the page's own heap by what they are: `code` is what the engine compiled, `native` what is outside of the heap. */
export type HeapKinds = Readonly<Record<string, number>>

interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly unknown[] }
  }
  readonly nodes: readonly number[]
}

interface WorkerReply {
  readonly id?: number
  readonly result?: { readonly usedSize?: number }
  readonly error?: { readonly message: string }
}

export class HeapProbe {
  readonly #session: CDPSession
  /** Sessions with the workers that live. */
  readonly #workers = new Set<string>()
  readonly #waiting = new Map<number, (reply: WorkerReply) => void>()
  #sentCount = 0

  private constructor(session: CDPSession) {
    this.#session = session
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') this.#workers.add(sessionId)
    })
    session.on('Target.detachedFromTarget', ({ sessionId }) => this.#workers.delete(sessionId))
    session.on('Target.receivedMessageFromTarget', ({ message }) => {
      const reply = JSON.parse(message) as WorkerReply
      if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply)
    })
  }

  static async of(page: Page): Promise<HeapProbe> {
    const session = await page.context().newCDPSession(page)
    const probe = new HeapProbe(session)
    await session.send('Performance.enable')
    await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
    return probe
  }

  /** Forces collections first: two, for the first runs finalizers whose targets only the second frees. */
  async measure(): Promise<PageHeap> {
    for (let round = 0; round < 2; round++) {
      for (const worker of this.#workers) await this.#ask(worker, 'HeapProfiler.collectGarbage')
      await this.#session.send('HeapProfiler.collectGarbage')
    }
    const workerBytes: number[] = []
    for (const worker of this.#workers) workerBytes.push((await this.#ask(worker, 'Runtime.getHeapUsage')).usedSize!)
    const { usedSize } = await this.#session.send('Runtime.getHeapUsage')
    const { metrics } = await this.#session.send('Performance.getMetrics')
    return {
      bytes: workerBytes.reduce((sum, bytes) => sum + bytes, usedSize),
      workerBytes,
      nodes: metrics.find(({ name }) => name === 'Nodes')?.value ?? 0,
    }
  }

  /** From a snapshot, which holds up the page for a second or two: tells growth of data from a compiler that warms up. */
  async kinds(): Promise<HeapKinds> {
    const chunks: string[] = []
    const onChunk = ({ chunk }: { readonly chunk: string }): void => void chunks.push(chunk)
    this.#session.on('HeapProfiler.addHeapSnapshotChunk', onChunk)
    await this.#session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
    this.#session.off('HeapProfiler.addHeapSnapshotChunk', onChunk)
    return bytesByKind(JSON.parse(chunks.join('')) as Snapshot)
  }

  async #ask(sessionId: string, method: string): Promise<NonNullable<WorkerReply['result']>> {
    const id = ++this.#sentCount
    const reply = new Promise<WorkerReply>((resolve) => this.#waiting.set(id, resolve))
    await this.#session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    const { result, error } = await reply
    this.#waiting.delete(id)
    if (error !== undefined) throw new Error(`${method} in a worker: ${error.message}`)
    return result ?? {}
  }
}

function bytesByKind({ snapshot: { meta }, nodes }: Snapshot): HeapKinds {
  const { node_fields: fields, node_types: types } = meta
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')]
  const names = types[type] as readonly string[]
  const kinds: Record<string, number> = {}
  for (let at = 0; at < nodes.length; at += fields.length) {
    const name = names[nodes[at + type]!]!
    kinds[name] = (kinds[name] ?? 0) + nodes[at + size]!
  }
  return kinds
}

/** What each kind grew by, the most first; kinds that hardly changed are left out. */
export function growth(first: HeapKinds, last: HeapKinds): HeapKinds {
  const grown = Object.keys(last).map((kind) => [kind, last[kind]! - (first[kind] ?? 0)] as const)
  return Object.fromEntries(grown.filter(([, bytes]) => Math.abs(bytes) > 1000).sort(([, a], [, b]) => b - a))
}
