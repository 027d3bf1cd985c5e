/** The page of the check `worker`: a client over recorded answers catches up, reads a proof file, and starts again on its store. */
import { hex, toHex } from '../../src/base/bytes.ts'
import { createLightClient, parseChainSpec, type LightClient } from '../../src/client/index.ts'
import type { Network } from '../../src/ports/network.ts'
import { openIdbStore } from '../../src/store/idb.ts'

export interface WorkerTask {
  readonly spec: string
  readonly height: string
  readonly hash: string
  readonly headHeight: string
  readonly nowMs: number
  /** Responses in hex by protocol and request in hex. */
  readonly answers: Readonly<Record<string, string>>
  /** A proof file from the checkpoint to the head, in hex. */
  readonly proof: string
}

export interface WorkerRun {
  /** From start() to the first head, and to the audited committee of the last one. */
  readonly headMs: number
  readonly auditMs: number
  readonly height: string
  readonly warnings: readonly string[]
}

const GIVE_UP_MS = 30_000

const never = (): Promise<never> => new Promise(() => undefined)

/** One peer that answers from the record, and streams nothing. */
class RecordedNetwork implements Network {
  readonly #answers: ReadonlyMap<string, Uint8Array>
  readonly #isOffline: boolean
  constructor(answers: ReadonlyMap<string, Uint8Array>, isOffline: boolean) {
    this.#answers = answers
    this.#isOffline = isOffline
  }
  connect(): Promise<string> {
    return this.#isOffline ? never() : Promise.resolve('recorded')
  }
  async request(_: string, protocol: string, request: Uint8Array): Promise<Uint8Array> {
    const answer = this.#answers.get(`${protocol} ${toHex(request)}`)
    if (answer === undefined) throw new Error(`a request that was not recorded: ${protocol} ${toHex(request)}`)
    // A turn of its own, as a message of a connection has.
    await new Promise((resolve) => setTimeout(resolve, 5))
    return answer
  }
  stream(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => ({ next: never }) }
  }
  async disconnect(): Promise<void> {}
  onDisconnect(): () => void {
    return () => undefined
  }
  async close(): Promise<void> {}
}

let task: WorkerTask
let answers: ReadonlyMap<string, Uint8Array>
let proof: Uint8Array
let client: LightClient

/** What costs time and is no part of a client is done before anything is measured. */
async function prepare(given: WorkerTask): Promise<void> {
  task = given
  answers = new Map(Object.entries(task.answers).map(([request, answer]) => [request, hex(answer)]))
  proof = hex(task.proof)
}

/** Makes a client and leaves it as it is before its start. `isOffline`: nobody can be reached. */
async function open(store: string, worker: boolean, isOffline: boolean): Promise<void> {
  const spec = parseChainSpec(task.spec)
  if (spec.kind === 'rejected') throw new Error(spec.code)
  client = await createLightClient({
    spec: spec.value,
    peers: ['/ip4/127.0.0.1/tcp/1/p2p/recorded'],
    checkpoint: { height: BigInt(task.height), hash: hex(task.hash) },
    store: await openIdbStore(store),
    network: new RecordedNetwork(answers, isOffline),
    nowMs: () => task.nowMs,
    worker,
  })
}

/** Until the head's committee is audited. */
async function run(): Promise<WorkerRun> {
  const warnings: string[] = []
  const startedMs = performance.now()
  let headMs: number | undefined
  const done = new Promise<WorkerRun>((resolve, reject) => {
    client.on('warning', ({ code, sentence }) => warnings.push(`${code}: ${sentence}`))
    client.on('error', reject)
    client.on('head', () => (headMs ??= performance.now() - startedMs))
    const giveUp = () =>
      reject(new Error(`no audited head in ${GIVE_UP_MS} ms: ${client.phase} ${warnings.join('; ')}`))
    setTimeout(giveUp, GIVE_UP_MS)
    const poll = setInterval(() => {
      if (headMs === undefined || client.committee === undefined) return
      if (String(client.head?.header.height) !== task.headHeight) return
      clearInterval(poll)
      resolve({ headMs, auditMs: performance.now() - startedMs, height: String(client.head!.header.height), warnings })
    }, 5)
  })
  void client.start().catch(() => undefined)
  return done
}

/** What the client says of the proof file. */
const verify = async (): Promise<string> => (await client.verifyProof(proof)).kind

const close = (): Promise<void> => client.close()

export type WorkerPage = typeof page
const page = { prepare, open, run, verify, close }
Object.assign(globalThis, { page })
