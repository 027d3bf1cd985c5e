/** Bundles the suite once for Node and the emulated board, and once for pages: the same code is measured everywhere. */
import { build, type BuildOptions } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { buildWasm } from '../tools/build-wasm.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const COMMON: BuildOptions = { bundle: true, format: 'esm', minify: false, logLevel: 'error' }

/** Returns the path of a module that Node 18 and later run. */
export async function bundleProcess(): Promise<string> {
  await buildWasm()
  const outfile = path('../.cache/bench/process.mjs')
  await build({ ...COMMON, entryPoints: [path('process.ts')], platform: 'node', target: 'node18', outfile })
  return outfile
}

/** Returns the scripts of the page by name. */
export async function bundlePage(): Promise<ReadonlyMap<string, string>> {
  await buildWasm()
  const entryPoints = { 'page.js': path('browser/page.ts'), 'worker.js': path('browser/worker.ts') }
  const scripts = new Map<string, string>()
  for (const [name, entry] of Object.entries(entryPoints)) {
    const { outputFiles } = await build({
      ...COMMON,
      entryPoints: [entry],
      platform: 'browser',
      target: 'es2022',
      write: false,
      alias: { 'node:crypto': path('browser/no-crypto.ts') },
    })
    scripts.set(`/${name}`, outputFiles![0]!.text)
  }
  return scripts
}
