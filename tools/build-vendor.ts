/**
 * libp2p for Node, bundled once to dist/vendor: one file for each module that dist/ imports, with shared chunks, so that all of
 * dist/ uses the same instances. Afterwards the imports in dist/ point there.
 */
import { build } from 'esbuild'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ROOT } from './browser-bundle.ts'
import { notices } from './notices.ts'
import { NATIVE, isVendored } from './vendored.ts'

const DIST = join(ROOT, 'dist')
const OUT = join(DIST, 'vendor')
/** Bundles of their own, which hold what they need. */
const BUNDLED = ['vendor', 'web', 'browser', 'edge/stakecube.mjs', 'docs']
/** Installed with us, and used by dist/ too. */
const DEPENDENCIES = ['@noble/curves', '@noble/hashes', 'ws']
const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'".][^'"]*)\2/g

const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.m?js$/.test(file) && !BUNDLED.some((bundled) => file === bundled || file.startsWith(`${bundled}/`)),
)
const fileOf = (specifier: string): string => specifier.replace('@', '').replaceAll('/', '-')

const specifiers = new Set<string>()
for (const file of files)
  for (const [, , , specifier] of readFileSync(join(DIST, file), 'utf8').matchAll(IMPORT))
    if (isVendored(specifier!)) specifiers.add(specifier!)
if (specifiers.size === 0) throw new Error('dist/ imports nothing of libp2p: build the library first')

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
const { metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: [...specifiers].map((specifier) => ({ in: specifier, out: fileOf(specifier) })),
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
  chunkNames: 'chunks/[name]-[hash]',
  // Modules in the older format ask for Node's own by require.
  banner: {
    js: "import { createRequire as vendorRequire } from 'node:module'; const require = vendorRequire(import.meta.url);",
  },
  external: [...NATIVE, ...DEPENDENCIES.flatMap((name) => [name, `${name}/*`])].concat('node-datachannel/*'),
  logLevel: 'warning',
})
writeFileSync(join(OUT, 'third-party-notices.txt'), notices(metafile) + '\n')

for (const file of files) {
  const path = join(DIST, file)
  const text = readFileSync(path, 'utf8')
  const pointed = text.replace(IMPORT, (whole, before: string, quote: string, specifier: string) => {
    if (!isVendored(specifier)) return whole
    const target = relative(dirname(path), join(OUT, `${fileOf(specifier)}.js`))
    return `${before}${quote}${target.startsWith('.') ? target : `./${target}`}${quote}`
  })
  if (pointed !== text) writeFileSync(path, pointed)
}
const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0)
console.log(`vendor: ${specifiers.size} modules, ${(bytes / 1e6).toFixed(1)} MB`)
