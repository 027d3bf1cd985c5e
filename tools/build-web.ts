/**
 * The page: bundles web/pages to dist/web (ES modules, split, so that libp2p loads only once there is something to connect
 * to), copies what stands beside it, and says how large each file is on the wire.
 */
import { build, type Metafile } from 'esbuild'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { BROWSER_BUNDLE, ROOT, bundleFile, refuseForbidden, sizeLine, sizeOf, type Size } from './browser-bundle.ts'
import { componentDocs } from './component-docs.ts'
import { elementTypes, manifest } from './manifest.ts'
import { notices } from './notices.ts'
import { themeCss } from './theme-css.ts'

const PAGES = join(ROOT, 'web/pages')
const EXAMPLES = join(ROOT, 'web/examples')
const DOCS = join(ROOT, 'web/docs')
const OUT = join(ROOT, 'dist/web')
/** Becomes part of theme.css. */
const BASE_CSS = 'base.css'
const BANNER = '/* StakeCube, Apache-2.0; licences of what is bundled: third-party-notices.txt */'

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

/** The examples that are one static page and its script: those with a build of their own are projects of their own. */
const staticExamples = (): string[] => readdirSync(EXAMPLES).filter((file) => statSync(join(EXAMPLES, file)).isFile())

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
const { metafile } = await build({
  ...BROWSER_BUNDLE,
  entryPoints: readdirSync(PAGES)
    .filter((file) => extname(file) === '.ts')
    .map((file) => join(PAGES, file)),
  outdir: OUT,
  splitting: true,
  sourcemap: 'linked',
  sourcesContent: false,
  chunkNames: 'chunks/[name]-[hash]',
  banner: { js: BANNER },
})
refuseForbidden(metafile)
for (const file of readdirSync(PAGES))
  if (extname(file) !== '.ts' && file !== BASE_CSS) copyFileSync(join(PAGES, file), join(OUT, file))
writeFileSync(join(OUT, 'theme.css'), themeCss(manifest(), readFileSync(join(PAGES, BASE_CSS), 'utf8')))
// Beside the chunks as dist/browser stands beside dist/client, which is where the client looks for it.
const worker = await bundleFile(join(ROOT, 'web/bundles/worker.ts'), { banner: BANNER, again: false })
mkdirSync(join(OUT, 'browser'))
writeFileSync(join(OUT, 'browser/worker.js'), worker.code)
mkdirSync(join(OUT, 'examples'))
for (const file of staticExamples()) copyFileSync(join(EXAMPLES, file), join(OUT, 'examples', file))
mkdirSync(join(OUT, 'docs'))
for (const file of readdirSync(DOCS)) copyFileSync(join(DOCS, file), join(OUT, 'docs', file))
for (const [file, text] of componentDocs(manifest())) writeFileSync(join(OUT, 'docs', file), text)
writeFileSync(join(OUT, 'third-party-notices.txt'), notices(metafile) + '\n')
writeFileSync(join(OUT, 'custom-elements.json'), JSON.stringify(manifest(), undefined, 2) + '\n')
writeFileSync(join(OUT, 'elements.d.ts'), elementTypes(manifest()))

const outputs = Object.keys(metafile.outputs).filter((file) => !file.endsWith('.map'))
const files = [...outputs.map((file) => relative(OUT, join(ROOT, file))), 'browser/worker.js']
const sizes = files.map((file) => sizeOf(OUT, file)).sort((a, b) => b.bytes - a.bytes)
const start = startFiles(metafile, 'dist/web/index.js').map((file) => sizeOf(OUT, relative(OUT, join(ROOT, file))))
const total = (list: readonly Size[]) => list.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0)
writeFileSync(
  join(OUT, 'sizes.json'),
  JSON.stringify({ start: start.map(({ file }) => file), files: sizes }, undefined, 2),
)
for (const size of sizes) if (size.bytes > 2000) console.log(sizeLine(size))
const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`
console.log(`page: ${kB(total(start))} gz before the first render, ${kB(total(sizes))} gz in all`)
