/** The page of the check `catchup`: runs a catch-up, fills a store, and starts the client on a store that is filled. */
import { hex } from '../../src/base/bytes.ts'
import { createLightClient, parseChainSpec } from '../../src/client/index.ts'
import { openIdbStore } from '../../src/store/idb.ts'
import { runCatchup, type CatchupTask } from './catchup-run.ts'

const STORE = 'catchup'

async function fillStore(entries: Readonly<Record<string, string>>): Promise<void> {
  const store = await openIdbStore(STORE)
  await store.commit(new Map(Object.entries(entries).map(([key, text]) => [key, hex(text)])))
  await store.close()
}

/** Milliseconds from the navigation to the verified stored head, and its height; and to the audited committee. */
async function warmStart(
  nowMs: number,
): Promise<{ headMs: number; height: string; auditMs: number; scriptMs: number }> {
  const scriptMs = performance.now()
  const spec = parseChainSpec(await (await fetch('/spec.json')).text())
  if (spec.kind === 'rejected') throw new Error(spec.code)
  const client = await createLightClient({
    spec: spec.value,
    peers: ['/ip4/127.0.0.1/tcp/1/p2p/nobody'],
    store: await openIdbStore(STORE),
    network: () => new Promise(() => undefined),
    nowMs: () => nowMs,
  })
  return new Promise((resolve, reject) => {
    let head: { headMs: number; height: string } | undefined
    client.on('error', reject)
    client.on('head', ({ header }) => (head = { headMs: performance.now(), height: String(header.height) }))
    const poll = setInterval(() => {
      if (head === undefined || client.committee === undefined) return
      clearInterval(poll)
      resolve({ ...head, auditMs: performance.now(), scriptMs })
    }, 5)
    void client.start()
  })
}

/** The check reads the CPU time of this process when everything is loaded. */
const run = (task: CatchupTask) =>
  runCatchup(task, undefined, (globalThis as unknown as { catchupReady(): Promise<void> }).catchupReady)

Object.assign(globalThis, { catchup: { runCatchup: run, fillStore, warmStart } })
if (location.search.startsWith('?warm='))
  Object.assign(globalThis, { warm: warmStart(Number(location.search.slice('?warm='.length))) })
