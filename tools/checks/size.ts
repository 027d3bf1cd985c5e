/** check `size`: each wasm file, and the JavaScript that comes with it, stays within its budget (kernels.md, issues 3, 5 and 6). */
import { build } from 'esbuild'
import { existsSync, statSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { measured, type CheckOutcome, type CheckResult } from './registry.ts'

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
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  return outputFiles.reduce((sum, file) => sum + brotliCompressSync(file.contents, quality).length, 0)
}

export async function run(): Promise<CheckOutcome> {
  const results: CheckResult[] = []
  const notRun: string[] = []
  for (const [file, bytesMax] of WASM_BUDGETS) {
    if (existsSync(file)) results.push(measured(file, statSync(file).size, 'B', '<=', bytesMax))
    else notRun.push(`${file} is not there: run "npm run build" first`)
  }
  for (const [id, entry, external, bytesMax] of BUNDLE_BUDGETS)
    results.push(measured(id, await bundleBytes(entry, external), 'B brotli', '<=', bytesMax))
  return { results, notRun }
}
