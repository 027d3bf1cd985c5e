/**
 * Check `mesh`: light clients in Node and in Chromium, of which one alone can reach a validator, all follow the chain
 * through each other. Pages find each other through a relay and speak over WebRTC; then the relay goes, and they go on.
 *
 *     validator ◀─ first (Node) ◀─┬─ node 2 ◀─ node 3 …          (TCP)
 *                                 └─ bridge (Node, relay) ◀─ page 1 ◀─ page 2 ◀─ page 3 …
 *                                                      ws       webrtc    webrtc
 *
 * Who may dial whom is all that a client is told: its list of peers. Each one's connections are read at the end.
 */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { toHex } from '../../src/base/bytes.ts'
import { formatChainSpec, parseChainSpec, type ChainSpec } from '../../src/chain/spec.ts'
import { createLightClient, type Checkpoint, type LightClient } from '../../src/client/index.ts'
import { nodeNetwork } from '../../src/client/node-network.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { BROWSER_BUNDLE, bundleFile } from '../browser-bundle.ts'
import { CHROMIUM_FLAGS, chromiumPath } from '../chromium.ts'
import { DevnetProcess } from '../devnet-process.ts'
import type { MeshPage, MeshState } from './mesh-page.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'

const START_TIMEOUT_MS = 180_000
const FOLLOW_TIMEOUT_MS = 180_000
/** Blocks that everyone must have followed, before the relay goes and again after. */
const BLOCKS = 3
const POLL_MS = 100

/** A client of either kind, as the check sees it. */
interface Member {
  readonly name: string
  readonly kind: 'node' | 'page'
  state(): Promise<MeshState>
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  const [nodeCount, pageCount] = full ? [5, 5] : [3, 2]
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-mesh-'))
  const mesh = new Mesh()
  try {
    const devnet = await mesh.startDevnet(join(folder, 'devnet'))
    await mesh.addNodes(devnet, nodeCount)
    await mesh.addPages(pageCount)
    return await outcome(mesh, devnet, nodeCount + pageCount)
  } finally {
    await mesh.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function outcome(mesh: Mesh, { validators }: Devnet, clientCount: number): Promise<CheckOutcome> {
  const startedMs = performance.now()
  const followed = await mesh.follow()
  const catchUpMs = Math.round(performance.now() - startedMs)
  const before = await mesh.states()
  const said = Object.fromEntries(mesh.members.map(({ name }, index) => [name, before[index]?.sentence]))
  const members = mesh.members.length
  await mesh.closeBridge()
  const pages = mesh.members.filter(({ kind }) => kind === 'page')
  const afterRelay = await mesh.follow(pages)
  const states = [...before, ...(await mesh.states())]
  const reach = before.filter(({ peers }) => peers.some(({ name }) => validators.has(name)))
  const through = (part: string) => before.filter(({ peers }) => peers.some(({ address }) => address.includes(part)))
  const isPage = ({ address }: MeshState['peers'][number]): boolean => address.includes('/p2p-circuit/webrtc')
  const onlyPages = before.filter(({ peers }) => peers.length > 0 && peers.every(isPage))
  return {
    results: [
      measured('clients', members, 'clients', '==', clientCount),
      measured('clientsThatReachAValidator', reach.length, 'clients', '==', 1),
      measured('following', followed.length, `clients, ${BLOCKS} new blocks`, '==', clientCount),
      measured('heightsWithTwoHashes', contradictions(states), 'heights', '==', 0),
      measured('pagesOverWebRTC', through('/p2p-circuit/webrtc').length, 'pages', '==', pages.length - 1),
      measured('pagesWhoseOnlyPeersArePages', onlyPages.length, 'pages', '==', pages.length - 1),
      measured('followingWithoutTheRelay', afterRelay.length, `pages, ${BLOCKS} new blocks`, '==', pages.length),
      noted('firstBlocks', catchUpMs, 'ms from the last start until everyone had followed'),
      noted('said', said, ''),
    ],
    notRun: [],
  }
}

function contradictions(states: readonly MeshState[]): number {
  const known = new Map<string, Set<string>>()
  for (const { hashes } of states)
    for (const [height, hash] of Object.entries(hashes)) known.set(height, (known.get(height) ?? new Set()).add(hash))
  return [...known.values()].filter(({ size }) => size > 1).length
}

interface Devnet {
  readonly spec: ChainSpec
  readonly tcpPeers: readonly string[]
  /** PeerIds. */
  readonly validators: ReadonlySet<string>
}

class Mesh {
  readonly members: Member[] = []
  readonly #clients: LightClient[] = []
  #devnet: DevnetProcess | undefined
  #spec: ChainSpec | undefined
  #checkpoint: Checkpoint | undefined
  #browser: Browser | undefined
  #server: Server | undefined
  #bridge: LightClient | undefined
  #bridgeMember: Member | undefined

  async startDevnet(folder: string): Promise<Devnet> {
    this.#devnet = await DevnetProcess.start({ folder, flags: ['--validators', '1'], readyMs: START_TIMEOUT_MS })
    const { ready } = this.#devnet
    const spec = parseChainSpec(readFileSync(ready.spec, 'utf8'))
    if (spec.kind === 'rejected') throw new Error(`the devnet's chain spec: ${spec.code}`)
    this.#spec = spec.value
    const validators = new Set(ready.tcpPeers.map((address) => address.split('/p2p/')[1]!))
    return { spec: spec.value, tcpPeers: ready.tcpPeers, validators }
  }

  /** The first one has the validators; the second is the bridge and relay of the pages; each further one has two before it. */
  async addNodes({ tcpPeers }: Devnet, count: number): Promise<void> {
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const first = await this.#addNode('first', tcpPeers, { listen })
    const head = await first.whenHead(({ header }) => header.height > 0n, within(FOLLOW_TIMEOUT_MS))
    this.#checkpoint = { height: head.header.height, hash: head.hash }
    this.#bridge = await this.#addNode('bridge', await first.addresses(), {
      listen: [...listen, '/ip4/127.0.0.1/tcp/0/ws'],
      relay: true,
    })
    for (let index = 2; index < count; index++) {
      const before = this.#clients.slice(-2).filter((client) => client !== this.#bridge)
      const addresses = (await Promise.all(before.map((client) => client.addresses()))).flat()
      await this.#addNode(`node ${index + 1}`, addresses, { listen: [...listen, '/ip4/127.0.0.1/tcp/0/ws'] })
    }
  }

  async #addNode(
    name: string,
    peers: readonly string[],
    network: { readonly listen: readonly string[]; readonly relay?: boolean },
  ): Promise<LightClient> {
    const checkpoint = this.#checkpoint
    const client = await createLightClient({
      spec: this.#spec!,
      peers,
      store: createMemoryStore(),
      network: nodeNetwork({ ...network, webrtc: false }),
      serves: true,
      ...(checkpoint === undefined ? {} : { checkpoint }),
    })
    this.#clients.push(client)
    const hashes: Record<number, string> = {}
    client.on('head', ({ header, hash }) => (hashes[Number(header.height)] = toHex(hash)))
    await client.start()
    const member: Member = { name, kind: 'node', state: async () => stateOf(client, hashes) }
    this.members.push(member)
    if (name === 'bridge') this.#bridgeMember = member
    return client
  }

  /** Page 1 has the bridge and a further Node client; each further page has only pages before it. */
  async addPages(count: number): Promise<void> {
    const relay = (await this.#bridge!.addresses()).filter((address) => address.includes('/ws/'))
    const others = this.#clients.slice(2)
    const ws = (await Promise.all(others.map((client) => client.addresses())))
      .flat()
      .filter((one) => one.includes('/ws/'))
    this.#browser = await chromium.launch({ executablePath: chromiumPath(), args: [...CHROMIUM_FLAGS] })
    const url = await this.#servePage()
    let peers: readonly string[] = [...ws, ...(ws.length === 0 ? relay : [])]
    for (let index = 1; index <= count; index++) {
      const page = await this.#openPage(url)
      const { height, hash } = this.#checkpoint!
      const checkpoint = { height: Number(height), hash: toHex(hash) }
      const config = { spec: formatChainSpec(this.#spec!), checkpoint, peers, relays: relay }
      await page.evaluate((given) => (globalThis as unknown as { meshPage: MeshPage }).meshPage.start(given), config)
      if (page.workers().length !== 1) throw new Error('no worker verifies for a page')
      this.members.push({ name: `page ${index}`, kind: 'page', state: () => pageState(page) })
      const reached = await until('a relay takes the page', FOLLOW_TIMEOUT_MS, async () => {
        const found = await page.evaluate(() => (globalThis as unknown as { meshPage: MeshPage }).meshPage.addresses())
        return found.length > 0 ? found : undefined
      })
      peers = index === 1 ? reached : [...reached, ...peers].slice(0, 2)
    }
  }

  async #servePage(): Promise<string> {
    const { outputFiles } = await build({
      ...BROWSER_BUNDLE,
      entryPoints: [fileURLToPath(new URL('mesh-page.ts', import.meta.url))],
      write: false,
      sourcemap: false,
      outdir: 'unused',
    })
    const workerEntry = fileURLToPath(new URL('../../web/bundles/worker.ts', import.meta.url))
    const scripts: Readonly<Record<string, string>> = {
      '/client/page.js': outputFiles[0]!.text,
      '/browser/worker.js': (await bundleFile(workerEntry, { banner: '', again: false })).code,
    }
    this.#server = createServer((request, response) => {
      const script = scripts[request.url ?? '/']
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      response.end(script ?? '<!doctype html><title>mesh</title><script type="module" src="/client/page.js"></script>')
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async #openPage(url: string): Promise<Page> {
    const context = await this.#browser!.newContext()
    // tsx names functions through a helper of its own, which functions that are sent to a page would miss.
    await context.addInitScript('globalThis.__name ??= (target) => target')
    const page = await context.newPage()
    await page.goto(url)
    await page.waitForFunction(() => 'meshPage' in globalThis)
    return page
  }

  states(): Promise<MeshState[]> {
    return Promise.all(this.members.map((member) => member.state()))
  }

  /** Those of `members` that verify BLOCKS blocks beyond the highest that anyone has now. */
  async follow(members: readonly Member[] = this.members): Promise<readonly Member[]> {
    const goal = Math.max(...(await this.states()).map(({ height }) => height)) + BLOCKS
    const reached = await Promise.all(
      members.map((member) =>
        until(`${member.name} at ${goal}`, FOLLOW_TIMEOUT_MS, async () =>
          (await member.state()).height >= goal ? member : undefined,
        ).catch(() => undefined),
      ),
    )
    return reached.filter((member) => member !== undefined)
  }

  /** The relay of the pages goes. */
  async closeBridge(): Promise<void> {
    await this.#bridge!.close()
    this.members.splice(this.members.indexOf(this.#bridgeMember!), 1)
  }

  async close(): Promise<void> {
    await this.#browser?.close()
    this.#server?.close()
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.#devnet?.stop()
  }
}

const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) })

const stateOf = (client: LightClient, hashes: Readonly<Record<number, string>>): MeshState => ({
  height: Number(client.head?.header.height ?? 0n),
  hashes,
  peers: client.peers.map(({ name, address, state }) => ({ name, address, state })),
  sentence: client.trust.sentence,
})

const pageState = (page: Page): Promise<MeshState> =>
  page.evaluate(() => (globalThis as unknown as { meshPage: MeshPage }).meshPage.state())

/** The first value that `look` finds. Rejects after `timeoutMs`. */
async function until<Value>(what: string, timeoutMs: number, look: () => Promise<Value | undefined>): Promise<Value> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
