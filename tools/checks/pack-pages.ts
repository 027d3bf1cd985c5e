/** What check `pack` builds in the empty project: pages as their authors would write them, and two programs. */

export interface PackedPage {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly bundler?: 'vite' | 'webpack'
  /** Content-Security-Policy that it is served with. */
  readonly policy?: string
}

/** A page tells that it is done by `data-said` on its body. It follows from the package's own parts until two blocks have come. */
const CLIENT = (imports: string): string => `${imports}
const say = (text) => (document.body.dataset.said = text)
try {
  const config = await (await fetch('./config.json')).json()
  const spec = parseChainSpec(JSON.stringify(config.chainSpec))
  if (spec.kind !== 'accepted') throw new Error(spec.code)
  const client = await createLightClient({
    spec: spec.value, peers: config.peers, store: await openIdbStore('packed'), network: browserNetwork(), worker: true,
  })
  let first
  client.on('head', ({ header, signedSeats, seats }) => {
    if (header.height === 0n) return
    first ??= header.height
    if (header.height >= first + 2n) say('verified block ' + header.height + ', signed by ' + signedSeats + ' of ' + seats)
  })
  client.on('warning', ({ code, sentence }) => code === 'worker-unavailable' && say('failed: ' + sentence))
  client.on('error', (error) => say('error ' + error.code))
  await client.start()
} catch (cause) {
  say('failed: ' + cause)
}
`

/** The elements say it. */
const ELEMENTS = `
const status = document.querySelector('stakecube-status')
document.querySelector('stakecube-client').addEventListener('error', (event) => (document.body.dataset.said = 'error ' + event.detail.sentence))
const timer = setInterval(() => {
  if (status.level !== 'verified' && status.level !== 'unwitnessed') return
  clearInterval(timer)
  document.body.dataset.said = 'verified: ' + status.level
}, 100)
`
const BODY = '<stakecube-client src="./config.json"><stakecube-status></stakecube-status></stakecube-client>'
const html = (head: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>${head}</head><body>${body}</body></html>`

const FROM_PACKAGE = `import { createLightClient, parseChainSpec } from 'stakecube'
import { browserNetwork } from 'stakecube/browser'
import { openIdbStore } from 'stakecube/store/idb'`
const STANDALONE =
  "import { createLightClient, parseChainSpec, browserNetwork, openIdbStore } from './node_modules/stakecube/dist/browser/stakecube.js'"

const STRICT =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"
const WITH_WASM = STRICT.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")

export const PAGES: readonly PackedPage[] = [
  {
    name: 'vite, the elements',
    bundler: 'vite',
    files: {
      'index.html': html('<script type="module" src="./main.js"></script>', BODY),
      'main.js': `import 'stakecube/elements'\n${ELEMENTS}`,
    },
  },
  {
    name: 'webpack, the client',
    bundler: 'webpack',
    files: { 'index.html': html('<script defer src="./main.js"></script>', ''), 'main.js': CLIENT(FROM_PACKAGE) },
  },
  {
    name: 'static page, one module script',
    files: { 'index.html': html('', `<script type="module">${CLIENT(STANDALONE)}</script>`) },
  },
  {
    name: 'strict policy with wasm, the elements',
    policy: WITH_WASM,
    files: {
      'index.html': html(
        '<script type="module" src="./node_modules/stakecube/dist/web/elements.js"></script><script type="module" src="./main.js"></script>',
        BODY,
      ),
      'main.js': ELEMENTS,
    },
  },
  {
    name: 'strict policy without wasm, the client',
    policy: STRICT,
    files: { 'index.html': html('<script type="module" src="./main.js"></script>', ''), 'main.js': CLIENT(STANDALONE) },
  },
]

export const TYPES_PROGRAM = `import { createLightClient, parseChainSpec, type LightClient } from 'stakecube'
import { browserNetwork } from 'stakecube/browser'
import { nodeNetwork } from 'stakecube/node'
import { openIdbStore } from 'stakecube/store/idb'
import { openFileStore } from 'stakecube/store/file'
import { createMemoryStore } from 'stakecube/store/memory'
import { verifyProofFile } from 'stakecube/proof-file'
import { loadKernels } from 'stakecube/kernels'
import { loadBls } from 'stakecube/bls'
import * as standalone from 'stakecube/standalone'
import { loadVerifier } from 'stakecube/verifier'
import { StakecubeStatus } from 'stakecube/elements'
const spec = parseChainSpec('{}')
if (spec.kind === 'accepted') {
  const client: LightClient = await createLightClient({
    spec: spec.value, peers: [], store: createMemoryStore(), network: Math.random() < 1 ? browserNetwork() : nodeNetwork({ webrtc: false }), worker: true,
  })
  const height: bigint | undefined = client.head?.header.height
  const status: StakecubeStatus = document.createElement('stakecube-status')
  status.compact = height === 1n
  status.client = client
}
export { openIdbStore, openFileStore, verifyProofFile, loadKernels, loadBls, standalone, loadVerifier }
`

export const NODE_PROGRAM = `import { createLightClient, parseChainSpec } from 'stakecube'
import { nodeNetwork } from 'stakecube/node'
import { createMemoryStore } from 'stakecube/store/memory'
import { loadVerifier } from 'stakecube/verifier'
if (parseChainSpec('{').kind !== 'rejected') throw new Error('accepted a broken chain spec')
const network = await nodeNetwork()(new Uint8Array(32))
await network.close()
const { kernels, bls } = await loadVerifier()
if (kernels.sha256(new Uint8Array(0))[0] !== 0xe3 || typeof bls.verify !== 'function') throw new Error('no engine')
console.log(typeof createLightClient === 'function' && typeof createMemoryStore === 'function' ? 'ok' : 'exports are missing')
process.exit(0)
`
