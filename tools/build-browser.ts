/**
 * What browsers load as it is, to dist/browser: the whole client, its network alone, the verifier, and the worker that verifies for
 * a client, one file each, with types and the licences of what is in them. package.json's exports name them, so that nobody installs libp2p to build a page.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT, bundleFile, sizeLine, sizeOf } from './browser-bundle.ts'
import { notices } from './notices.ts'

const OUT = join(ROOT, 'dist/browser')
const BUNDLES = ['stakecube', 'network', 'verifier', 'worker'] as const

/** The types of an entry, which stand beside those that tsc wrote for src/. */
function typesOf(entry: string): string {
  const { outputText, diagnostics } = ts.transpileDeclaration(readFileSync(entry, 'utf8'), { fileName: entry })
  if (diagnostics !== undefined && diagnostics.length > 0)
    throw new Error(`${entry} needs types on all that it exports`)
  return outputText.replaceAll("'../../src/", "'../").replaceAll(/\.ts(?=['"])/g, '.js')
}

rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
for (const name of BUNDLES) {
  const entry = join(ROOT, `web/bundles/${name}.ts`)
  const notice = `${name}.third-party-notices.txt`
  const banner = `/* StakeCube, Apache-2.0; licences of what is bundled: ${notice} */`
  const { code, metafile } = await bundleFile(entry, { banner, again: name === 'stakecube' })
  writeFileSync(join(OUT, `${name}.js`), code)
  writeFileSync(join(OUT, notice), notices(metafile) + '\n')
  writeFileSync(join(OUT, `${name}.d.ts`), typesOf(entry))
  console.log(sizeLine(sizeOf(OUT, `${name}.js`)))
}
