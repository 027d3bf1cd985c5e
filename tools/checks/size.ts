/** check `size`: each wasm file, and the JavaScript that comes with it, stays within its budget (kernels.md, issues 3, 5 and 6). */
import { build } from 'esbuild'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { bundleFile } from '../browser-bundle.ts'
import { measured, noted, type CheckOutcome, type CheckResult } from './registry.ts'

const WASM_BUDGETS: readonly (readonly [file: string, bytesMax: number])[] = [
  ['build/scalar.wasm', 24_000],
  ['build/simd.wasm', 48_000],
  ['build/bls.wasm', 80_000],
]

/** Entry, what stays outside, and the most brotli bytes of the minified bundle, wasm embedded in it included. */
const BUNDLE_BUDGETS: readonly (readonly [
  id: string,
  entry: string,
  external: readonly string[],
  brotliBytesMax: number,
])[] = [
  ['kernels facade and twin without wasm', 'src/kernels/load.ts', ['*.gen.ts'], 10_000],
  ['scalar kernels embedded', 'src/kernels/wasm/scalar.gen.ts', [], 12_000],
  ['simd kernels embedded', 'src/kernels/wasm/simd.gen.ts', [], 20_000],
]

/** The whole edge file, in gzip bytes. */
const EDGE_FILE = 'dist/edge/stakecube.mjs'
const EDGE_GZIP_BYTES_MAX = 250_000

/** The files of dist/browser as build-browser.ts makes them, and the most brotli bytes of each (issue 6). */
const SHIPPED_BUDGETS: readonly (readonly [id: string, entry: string, brotliBytesMax: number])[] = [
  ['dist/browser/stakecube.js: whole client with libp2p and WebRTC', 'web/bundles/stakecube.ts', 200_000],
  ['dist/browser/verifier.js: verifier alone, BLS included', 'web/bundles/verifier.ts', 45_000],
  // A bar of our own. The whole client above runs itself as its worker, and needs this file for nothing.
  ['dist/browser/worker.js: the worker that verifies for a client from a bundler', 'web/bundles/worker.ts', 95_000],
]

const brotliBytes = (bytes: Uint8Array): number =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length

async function shippedResults([id, entry, bytesMax]: (typeof SHIPPED_BUDGETS)[number]): Promise<CheckResult[]> {
  const { code } = await bundleFile(entry, { banner: '/* StakeCube */', again: entry.endsWith('/stakecube.ts') })
  const bytes = Buffer.from(code)
  return [
    measured(id, brotliBytes(bytes), 'B brotli', '<', bytesMax),
    noted(`${id}, gzipped`, gzipSync(bytes, { level: 9 }).length, 'B gzip'),
  ]
}

/** Brotli bytes of `entry` bundled and minified for a page. */
export async function bundleBytes(entry: string, external: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: [...external],
    write: false,
    logLevel: 'silent',
  })
  return outputFiles.reduce((sum, file) => sum + brotliBytes(file.contents), 0)
}

export async function run(): Promise<CheckOutcome> {
  const results: CheckResult[] = []
  const notRun: string[] = []
  for (const [file, bytesMax] of WASM_BUDGETS) {
    if (existsSync(file)) results.push(measured(file, statSync(file).size, 'B', '<=', bytesMax))
    else notRun.push(`${file} is not there: run "npm run build" first`)
  }
  if (existsSync(EDGE_FILE)) {
    const bytes = gzipSync(readFileSync(EDGE_FILE), { level: 9 }).length
    results.push(measured('the whole edge file', bytes, 'B gzip', '<=', EDGE_GZIP_BYTES_MAX))
  } else notRun.push(`${EDGE_FILE} is not there: run "npm run build" first`)
  for (const [id, entry, external, bytesMax] of BUNDLE_BUDGETS)
    results.push(measured(id, await bundleBytes(entry, external), 'B brotli', '<=', bytesMax))
  for (const budget of SHIPPED_BUDGETS) results.push(...(await shippedResults(budget)))
  return { results, notRun }
}
