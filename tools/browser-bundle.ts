/**
 * How everything for browsers is bundled: the page, the elements, the client in one file, the verifier alone. What is left
 * out of libp2p is named here, each with its reason, and nothing native, or of React Native, gets in.
 */
import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { minify } from 'terser'
import { bundledPackage } from './notices.ts'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What must never be on a browser's path. */
const FORBIDDEN = [
  ...['node-datachannel', 'react-native', 'classic-level', 'level', 'datastore-level', 'ws', 'node-gyp-build'],
  ...['node-forge', '@libp2p/keychain', '@peculiar'],
]
const isForbidden = (input: string): boolean => {
  const name = bundledPackage(input)
  return (
    name !== undefined &&
    FORBIDDEN.some((bad) => name === bad || name.startsWith(`${bad}-`) || name.startsWith(`${bad}/`))
  )
}

export function refuseForbidden(metafile: Metafile): void {
  const found = Object.keys(metafile.inputs).filter(isForbidden)
  if (found.length > 0) throw new Error(`these must not reach a browser: ${found.join(', ')}`)
}

/**
 * Embeds build/NAME.wasm as text of one code point a byte instead of base64: brotli sees whole bytes, which saves a quarter
 * of each kernel on the wire. The module's contract, base64 in `wasm`, stays.
 */
const wasmAsText: Plugin = {
  name: 'wasm-as-text',
  setup: (bundle) =>
    bundle.onLoad({ filter: /[\\/](scalar|simd|bls)\.gen\.ts$/ }, ({ path }) => {
      const name = /(\w+)\.gen\.ts$/.exec(path)![1]!
      const text = readFileSync(join(ROOT, `build/${name}.wasm`)).toString('latin1')
      return { contents: `export const wasm = btoa(${JSON.stringify(text)})`, loader: 'ts' }
    }),
}

/** Parts of libp2p that a page has no use for, and what stands in for them. */
const LEFT_OUT: readonly { readonly name: string; readonly file: RegExp; readonly instead: string }[] = [
  {
    // Debug output that is switched on by localStorage: nobody reads it in a page that embeds us.
    name: 'weald',
    file: /[\\/]weald[\\/]dist[\\/]src[\\/](index|browser|node)\.js$/,
    instead: `const silent = (namespace) => Object.assign(() => {}, {
        enabled: false, color: '', diff: 0, log() {}, namespace, destroy: () => true, extend: silent, useColors: () => false })
      export default Object.assign(silent, { formatters: {}, enabled: () => false, enable() {}, disable: () => '' })`,
  },
  {
    // /dnsaddr is looked up over HTTPS at Cloudflare and Google: a page asks nobody but its peers.
    name: '@multiformats/dns',
    file: /@multiformats[\\/]dns[\\/]dist[\\/]src[\\/]index\.js$/,
    instead: `export const RecordType = { A: 1, CNAME: 5, TXT: 16, AAAA: 28 }
      export const dns = () => ({ query: async () => { throw new Error('/dnsaddr addresses are not looked up in pages') } })`,
  },
  {
    // Keys of libp2p peers on Bitcoin's curve: those of StakeCube have their account's Ed25519 key.
    name: '@noble/curves/secp256k1',
    file: /@noble[\\/]curves[\\/]secp256k1\.js$/,
    instead: `const refuse = () => { throw new Error('secp256k1 keys are not supported in pages') }
      export const secp256k1 = { getPublicKey: refuse, sign: refuse, verify: refuse, utils: { randomSecretKey: refuse },
        Point: { fromBytes: refuse, fromHex: refuse } }`,
  },
  {
    // An encoding of bytes as emoji, which no address uses.
    name: 'base256emoji',
    file: /multiformats[\\/]dist[\\/]src[\\/]bases[\\/]base256emoji\.js$/,
    instead: 'export {}',
  },
]

const leftOut: Plugin = {
  name: 'left-out',
  setup: (bundle) => {
    for (const { file, instead } of LEFT_OUT)
      bundle.onLoad({ filter: file }, () => ({ contents: instead, loader: 'js' }))
  },
}

/** The file for all leaves out the build for engines without SIMD, which are those before 2023: they run the twin. */
export const withoutScalar: Plugin = {
  name: 'without-scalar',
  setup: (bundle) =>
    bundle.onLoad({ filter: /[\\/]scalar\.gen\.ts$/ }, () => ({ contents: "export const wasm = ''", loader: 'ts' })),
}

/** package.json says that our modules have no side effects; those of web/ do: they define elements. */
const definesElements: Plugin = {
  name: 'defines-elements',
  setup: (bundle) =>
    bundle.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      resolveDir.startsWith(join(ROOT, 'web')) ? { path: resolve(resolveDir, path), sideEffects: true } : undefined,
    ),
}

/** Options that all bundles for browsers share. */
export const BROWSER_BUNDLE = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  charset: 'utf8',
  minify: true,
  legalComments: 'none',
  metafile: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
  plugins: [definesElements, wasmAsText, leftOut],
} as const satisfies BuildOptions

/**
 * One file of `entry` and all that it needs, as it stands in dist/browser. `again`: minified a second time by terser, which sees
 * across what esbuild has put into one scope; it takes 10 s and 4 % off the whole client on the wire.
 */
export async function bundleFile(
  entry: string,
  { banner, again }: { readonly banner: string; readonly again: boolean },
): Promise<{ readonly code: string; readonly metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    ...BROWSER_BUNDLE,
    plugins: [withoutScalar, ...BROWSER_BUNDLE.plugins],
    entryPoints: [entry],
    outdir: 'dist',
    write: false,
  })
  refuseForbidden(metafile)
  const [file] = outputFiles
  if (file === undefined || outputFiles.length !== 1) throw new Error(`${entry} became ${outputFiles.length} files`)
  if (!again) return { code: `${banner}\n${file.text}`, metafile }
  const format = { ecma: 2020, comments: false, preamble: banner } as const
  const { code } = await minify(file.text, { module: true, compress: { ecma: 2020, passes: 1 }, format })
  if (code === undefined) throw new Error(`${entry} became nothing`)
  return { code, metafile }
}

export interface Size {
  readonly file: string
  readonly bytes: number
  readonly gzipBytes: number
  readonly brotliBytes: number
}

/** Size on disk and on the wire, with the best that gzip and brotli do. */
export function sizeOf(folder: string, file: string): Size {
  const bytes = readFileSync(join(folder, file))
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
  return { file, bytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length, brotliBytes: brotli.length }
}

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
export const sizeLine = ({ file, bytes, gzipBytes, brotliBytes }: Size): string =>
  `${kB(bytes).padStart(9)} ${kB(gzipBytes).padStart(9)} gz ${kB(brotliBytes).padStart(9)} br  ${file}`
