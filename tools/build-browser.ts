/**
 * The client and the verifier, one file each, to dist/browser, with the licences of what is in them. Pages load them as
 * they are; bundlers take them for package.json's exports, so that nobody installs libp2p to build a page.
 */
import { build } from 'esbuild'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BROWSER_BUNDLE, ROOT, refuseForbidden, sizeLine, sizeOf } from './browser-bundle.ts'
import { notices } from './notices.ts'

const OUT = join(ROOT, 'dist/browser')
const BUNDLES = ['stakecube', 'verifier'] as const

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
for (const name of BUNDLES) {
  const notice = `${name}.third-party-notices.txt`
  const { metafile } = await build({
    ...BROWSER_BUNDLE,
    entryPoints: [join(ROOT, `web/bundles/${name}.ts`)],
    outfile: join(OUT, `${name}.js`),
    banner: { js: `/* StakeCube, Apache-2.0; licences of what is bundled: ${notice} */` },
  })
  refuseForbidden(metafile)
  writeFileSync(join(OUT, notice), notices(metafile) + '\n')
  writeFileSync(join(OUT, `${name}.d.ts`), `export * from '../web/bundles/${name}.js'\n`)
  console.log(sizeLine(sizeOf(OUT, `${name}.js`)))
}
