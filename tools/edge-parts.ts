/**
 * One file of many parts. What esbuild split is put into a single module, each part packed; a part is unpacked and compiled when
 * it is first asked for.
 *
 *   file = loader, then `const parts = { './NAME.js': 'brotli in base64', … }`, then load('./ENTRY.js')
 *
 * So a command compiles its own code only, and the file is smaller in an archive than a whole bundle: brotli in base64 beats
 * what gzip makes of text.
 */
import { transform, type OutputFile } from 'esbuild'
import { basename } from 'node:path'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'

/** Gives parts to each other as CommonJS modules; any other name is one of Node's own. */
const LOADER = `#!/usr/bin/env node
import { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'
import { brotliDecompressSync } from 'node:zlib'
const builtin = createRequire(import.meta.url)
const loaded = new Map()
const load = (name) => {
  const packed = parts[name]
  if (packed === undefined) return builtin(name)
  const known = loaded.get(name)
  if (known !== undefined) return known.exports
  const module = { exports: {} }
  loaded.set(name, module)
  const text = brotliDecompressSync(Buffer.from(packed, 'base64')).toString('latin1')
  compileFunction(text, ['require', 'module', 'exports'], { filename: name })(load, module, module.exports)
  return module.exports
}
`
const PART = /^ {2}"(\.\/[^"]+)": '([A-Za-z0-9+/=]+)',$/gm

/** The file's text. `parts` are ES modules that name each other by relative path; `entry`, the name of one, is run. */
export async function packParts(parts: readonly OutputFile[], entry: string): Promise<string> {
  const rows = await Promise.all(
    parts.map(async ({ path, text }) => `  ${JSON.stringify(`./${basename(path)}`)}: '${await pack(text)}',`),
  )
  return `${LOADER}const parts = {\n  __proto__: null,\n${rows.join('\n')}\n}\nload('./${entry}')\n`
}

async function pack(text: string): Promise<string> {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    minify: true,
    legalComments: 'none',
    supported: { 'dynamic-import': false },
  })
  const bytes = Buffer.from(code, 'latin1')
  // One byte a character in the file, and so in V8 too.
  if (bytes.toString('latin1') !== code) throw new Error('a part of the edge file has characters beyond Latin-1')
  return brotliCompressSync(bytes).toString('base64')
}

/** What a file of parts holds: the code of each part by its name. */
export function unpackParts(file: string): ReadonlyMap<string, string> {
  return new Map(
    [...file.matchAll(PART)].map(([, name, packed]) => [
      name!,
      brotliDecompressSync(Buffer.from(packed!, 'base64')).toString('latin1'),
    ]),
  )
}
