/**
 * The edge file: everything a board needs in dist/edge/stakecube.mjs, which Node 18 and later run without node_modules. Scalar
 * kernels only (ARMv6 has no SIMD), nothing native; in parts (edge-parts.ts), of which a command loads its own; the licences of
 * what is in it lie beside it.
 */
import { build, type Metafile, type Plugin } from 'esbuild'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { packParts } from './edge-parts.ts'
import { bundledPackage, notices } from './notices.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OUT = join(ROOT, 'dist/edge')
const FILE = join(OUT, 'stakecube.mjs')
/** What must never be in a file for boards: native parts, and what only full nodes need. */
const FORBIDDEN = [
  'node-datachannel',
  'classic-level',
  'level',
  'datastore-level',
  '@libp2p/webrtc',
  '@libp2p/gossipsub',
]

/** Modules that the board has its own of, by the end of their path. */
const STAND_INS: readonly (readonly [of: RegExp, path: string])[] = [
  [/client\/node-network\.ts$/, 'src/edge/network.ts'],
  [/crypto\/bls-noble\.ts$|^\.\.\/bls-noble\.ts$/, 'src/edge/no-noble.ts'],
  [/^\.\/stake\.ts$/, 'src/edge/no-stake.ts'],
  [/^\.\/twin\/index\.ts$/, 'src/edge/no-twin.ts'],
  [/wasm\/simd\.gen\.ts$/, 'src/kernels/wasm/scalar.gen.ts'],
  [/^@chainsafe\/as-(chacha20poly1305|sha256)$/, 'src/edge/noise-primitives.ts'],
  [/^@libp2p\/logger$/, 'src/edge/silent-logger.ts'],
  [/^@noble\/curves\/ed25519/, 'src/edge/ed25519.ts'],
  [/mock-muxer\.js$|^@noble\/ciphers\/|^@noble\/curves\/secp256k1/, 'src/edge/left-out.ts'],
]

const standIns: Plugin = {
  name: 'stand-ins',
  setup(bundle) {
    for (const [filter, path] of STAND_INS) bundle.onResolve({ filter }, () => ({ path: join(ROOT, path) }))
  },
}

/** The wasm in its tightest form: base64 of raw wasm hardly shrinks in an archive. Node unpacks it when it is asked for. */
const packedWasm: Plugin = {
  name: 'packed-wasm',
  setup(bundle) {
    bundle.onLoad({ filter: /\.gen\.ts$/ }, ({ path }) => {
      const base64 = /export const wasm =\s*'([^']*)'/.exec(readFileSync(path, 'utf8'))![1]!
      const packed = brotliCompressSync(Buffer.from(base64, 'base64')).toString('base64')
      const contents = `import { brotliDecompressSync } from 'node:zlib'
        export const wasm = brotliDecompressSync(Buffer.from('${packed}', 'base64')).toString('base64')`
      return { contents, loader: 'js' }
    })
  },
}

function refuseForbidden(metafile: Metafile): void {
  const found = new Set(Object.keys(metafile.inputs).map(bundledPackage))
  const bad = FORBIDDEN.filter((name) => found.has(name))
  if (bad.length > 0) throw new Error(`these must not be in the edge file: ${bad.join(', ')}`)
}

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
const { metafile, outputFiles } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/edge/main.ts'],
  outdir: OUT,
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node18',
  minify: true,
  legalComments: 'none',
  metafile: true,
  define: { 'process.env.NODE_ENV': '"production"', EDGE_VERSION: JSON.stringify(version) },
  external: ['bufferutil', 'utf-8-validate'],
  logLevel: 'warning',
  plugins: [standIns, packedWasm],
})
refuseForbidden(metafile)
writeFileSync(join(OUT, 'third-party-notices.txt'), notices(metafile) + '\n')
const text = await packParts(outputFiles, 'main.js')
writeFileSync(FILE, text, { mode: 0o755 })
const gzipBytes = gzipSync(text, { level: 9 }).length
console.log(`edge file: ${(text.length / 1000).toFixed(1)} kB, ${(gzipBytes / 1000).toFixed(1)} kB gz`)
