/**
 * The page: bundles web/pages to dist/web (ES modules, split, so that libp2p loads only once there is something to connect
 * to), copies what stands beside it, and says how large each file is on the wire. Fails if anything native, or of React
 * Native, would reach a browser.
 */
import { build, type Metafile, type Plugin } from 'esbuild'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = join(ROOT, 'web/pages')
const EXAMPLES = join(ROOT, 'web/examples')
const OUT = join(ROOT, 'dist/web')

/** What must never be on a browser's path. */
const FORBIDDEN = [
  'node-datachannel',
  'react-native',
  'classic-level',
  'level',
  'datastore-level',
  'ws',
  'node-gyp-build',
]
const isForbidden = (input: string): boolean => {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]
  return name !== undefined && FORBIDDEN.some((bad) => name === bad || name.startsWith(`${bad}-`))
}

interface Size {
  readonly file: string
  readonly bytes: number
  readonly gzipBytes: number
  readonly brotliBytes: number
}

function sizeOf(file: string): Size {
  const bytes = readFileSync(join(OUT, file))
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
  return { file, bytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length, brotliBytes: brotli.length }
}

function refuseForbidden(metafile: Metafile): void {
  const found = Object.keys(metafile.inputs).filter(isForbidden)
  if (found.length > 0) throw new Error(`these must not reach a browser: ${found.join(', ')}`)
}

/** The files that load before anything is clicked: the entry and what it imports statically. */
function startFiles(metafile: Metafile, entry: string): string[] {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const { path, kind } of metafile.outputs[file]?.imports ?? []) if (kind === 'import-statement') visit(path)
  }
  visit(entry)
  return [...seen]
}

/** Licences of every package in the bundle, once each: they go where the code goes. */
function notices(metafile: Metafile): string {
  const folders = new Set<string>()
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]
    if (folder !== undefined) folders.add(folder)
  }
  return [...folders].sort().map(noticeOf).join('\n\n')
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Record<
    string,
    string
  >
  const files = readdirSync(join(ROOT, folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  const texts = files.map((file) => readFileSync(join(ROOT, folder, file), 'utf8').trim())
  return [`${name} ${version} (${license ?? 'see text'})`, ...texts].join('\n\n')
}

/** package.json says that our modules have no side effects; those of web/ do: they define elements. */
const definesElements: Plugin = {
  name: 'defines-elements',
  setup: (bundle) =>
    bundle.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      resolveDir.startsWith(join(ROOT, 'web')) ? { path: resolve(resolveDir, path), sideEffects: true } : undefined,
    ),
}

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: readdirSync(PAGES)
    .filter((file) => extname(file) === '.ts')
    .map((file) => join(PAGES, file)),
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  sourcemap: 'linked',
  legalComments: 'none',
  metafile: true,
  chunkNames: 'chunks/[name]-[hash]',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
  plugins: [definesElements],
})
refuseForbidden(metafile)
for (const file of readdirSync(PAGES)) if (extname(file) !== '.ts') copyFileSync(join(PAGES, file), join(OUT, file))
mkdirSync(join(OUT, 'examples'))
for (const file of readdirSync(EXAMPLES)) copyFileSync(join(EXAMPLES, file), join(OUT, 'examples', file))
writeFileSync(join(OUT, 'third-party-notices.txt'), notices(metafile) + '\n')

const outputs = Object.keys(metafile.outputs).filter((file) => !file.endsWith('.map'))
const sizes = outputs.map((file) => sizeOf(relative(OUT, join(ROOT, file)))).sort((a, b) => b.bytes - a.bytes)
const start = startFiles(metafile, 'dist/web/index.js').map((file) => sizeOf(relative(OUT, join(ROOT, file))))
const total = (list: readonly Size[]) => list.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0)
writeFileSync(
  join(OUT, 'sizes.json'),
  JSON.stringify({ start: start.map(({ file }) => file), files: sizes }, undefined, 2),
)
const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(9)
for (const { file, bytes, gzipBytes, brotliBytes } of sizes)
  if (bytes > 2000) console.log(`${kB(bytes)} ${kB(gzipBytes)} gz ${kB(brotliBytes)} br  ${file}`)
console.log(`page: ${kB(total(start)).trim()} gz before the first render, ${kB(total(sizes)).trim()} gz in all`)
