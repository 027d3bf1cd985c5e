/**
 * Check `pack`: the package as others get it. `npm pack`, installed in an empty project; what lies there is weighed and searched
 * for what must not; publint and attw read it; TypeScript checks a program that uses every entry; then a Vite build, a webpack
 * build, a page with one module script and two pages under strict policies follow a live devnet in Chromium, each from its
 * own origin, and the elements say "Verified" there.
 *
 * The devnet runs from this repository; the pages use nothing of it. Run `npm run build` before.
 */
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import { homedir, tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import type { Browser } from 'playwright-core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { DevnetProcess, drawPortBase, freePort } from '../devnet-process.ts'
import { launch } from '../../test/e2e/live-page.ts'
import { NODE_PROGRAM, PAGES, TYPES_PROGRAM, type PackedPage } from './pack-pages.ts'
import { measured, noted, type CheckOutcome, type CheckResult } from './registry.ts'

const run = promisify(execFile)
const INSTALLED_BYTES_MAX = 40_000_000
/** Never installed with us: React Native, and whatever has a native part. */
const FORBIDDEN =
  /^(react-native.*|node-datachannel|@node-datachannel\/.*|classic-level|level|node-gyp-build|@libp2p\/.*)$/
/** Hosts that code which reports home would name; those in licences and comments of ours are none. */
const TELEMETRY =
  /google-analytics|googletagmanager|sentry\.io|segment\.(io|com)|mixpanel|posthog|amplitude\.com|cloudflare-dns|dns\.google/

export async function pack(): Promise<CheckOutcome> {
  for (const file of ['dist/browser/stakecube.js', 'dist/web/elements.js', 'dist/vendor/libp2p.js'])
    if (!existsSync(file)) return { results: [], notRun: [`${file} is not there: run "npm run build" first`] }
  const folder = mkdtempSync(join(lonelyFolder(), 'stakecube-pack-'))
  const starting = startDevnet(folder)
  try {
    const { tarball, project } = await install(folder)
    const results = [...weigh(project), ...(await readings(tarball, project)), ...(await programs(project))]
    return { results: [...results, ...(await pages(project, await starting))], notRun: [] }
  } finally {
    await starting.then((devnet) => devnet.stop()).catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  }
}
export { pack as run }

/** Where no node_modules stands above: Node and bundlers look upward and would find there what was not installed. */
function lonelyFolder(): string {
  const hasModules = (folder: string): boolean =>
    existsSync(join(folder, 'node_modules')) || (dirname(folder) !== folder && hasModules(dirname(folder)))
  const found = [tmpdir(), '/var/tmp', homedir()].find((folder) => existsSync(folder) && !hasModules(folder))
  if (found === undefined)
    throw new Error(`a node_modules stands above ${tmpdir()}, /var/tmp and ${homedir()}: remove one`)
  return found
}

async function startDevnet(folder: string): Promise<DevnetProcess> {
  const options = { folder: join(folder, 'devnet'), httpPort: await freePort(), p2pPort: drawPortBase() }
  return DevnetProcess.start({ ...options, flags: ['--validators', '4'] })
}

async function install(folder: string): Promise<{ readonly tarball: string; readonly project: string }> {
  const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder])
  const tarball = join(folder, stdout.trim().split('\n').at(-1)!)
  const project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], { cwd: project })
  return { tarball, project }
}

/** Bytes of all files below `folder`. */
const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)

function weigh(project: string): CheckResult[] {
  const modules = join(project, 'node_modules')
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>
  }
  const packages = Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, ''))
  const forbidden = packages.filter((name) => FORBIDDEN.test(name))
  const dist = join(modules, 'stakecube/dist')
  const scripts = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => /\.m?js$/.test(file))
  const reporting = scripts.filter((file) => TELEMETRY.test(readFileSync(join(dist, file), 'utf8')))
  const noticesMissing = ['web', 'browser', 'vendor', 'edge'].filter(
    (part) =>
      existsSync(join(dist, part)) &&
      !readdirSync(join(dist, part)).some((file) => file.includes('third-party-notices')),
  )
  return [
    measured('installedBytes', bytesBelow(modules), 'B', '<=', INSTALLED_BYTES_MAX),
    noted('packages', packages.length, 'packages'),
    noted('packageNames', packages, ''),
    { ...noted('forbidden', forbidden, ''), op: '==', bar: [], pass: forbidden.length === 0 },
    {
      ...noted('scripts that name a host that reports are sent to', reporting, ''),
      op: '==',
      bar: [],
      pass: reporting.length === 0,
    },
    {
      ...noted('bundles without third-party notices', noticesMissing, ''),
      op: '==',
      bar: [],
      pass: noticesMissing.length === 0,
    },
  ]
}

async function readings(tarball: string, project: string): Promise<CheckResult[]> {
  const { messages, pkg } = await publint({ pkgDir: join(project, 'node_modules/stakecube'), strict: true })
  const faults = messages.map((message) => formatMessage(message, pkg) ?? message.code)
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
  // The package is made of ES modules: what require() and the resolution of Node 10 would find is not offered.
  const found: readonly { readonly kind: string; readonly resolutionKind?: string }[] =
    'problems' in analysis ? analysis.problems : [{ kind: 'no types' }]
  const problems = found
    .filter(({ resolutionKind = '' }) => !['node10', 'node16-cjs'].includes(resolutionKind))
    .filter(({ kind }) => kind !== 'CJSResolvesToESM')
    .map((problem) => JSON.stringify(problem))
  return [
    { ...noted('publint', faults, 'messages'), op: '==', bar: [], pass: faults.length === 0 },
    { ...noted('attw', problems, 'problems'), op: '==', bar: [], pass: problems.length === 0 },
  ]
}

/** A typed program over every entry, a program in Node, and what is said when a native part is missing. */
async function programs(project: string): Promise<CheckResult[]> {
  writeFileSync(join(project, 'types.ts'), TYPES_PROGRAM)
  writeFileSync(join(project, 'program.js'), NODE_PROGRAM)
  const flags = [
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--lib',
    'es2023,dom,esnext.disposable',
  ]
  const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc')
  const typed = await outcome(process.execPath, [tsc, ...flags, 'types.ts'], project)
  const node = await outcome(process.execPath, ['program.js'], project)
  const cli = join(project, 'node_modules/.bin/stakecube')
  const version = await outcome(cli, ['--version'], project)
  const devnet = await outcome(
    cli,
    ['devnet', '--data', join(project, 'devnet'), '--http', '0', '--p2p-port', '0'],
    project,
  )
  const asks = /npm install (classic-level|node-datachannel)/.test(devnet.said) && devnet.code !== 0
  return [
    { ...noted('a typed program over every entry', typed.said, ''), op: '==', bar: '', pass: typed.code === 0 },
    { ...noted('a program in Node', node.said, ''), op: '==', bar: 'ok', pass: node.code === 0 && node.said === 'ok' },
    { ...noted('stakecube --version', version.said, ''), op: '==', bar: 'exit 0', pass: version.code === 0 },
    {
      ...noted('a missing native part is asked for in a sentence', devnet.said, ''),
      op: '==',
      bar: 'npm install …',
      pass: asks,
    },
  ]
}

async function outcome(
  file: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly said: string }> {
  try {
    const { stdout, stderr } = await run(file, [...args], { cwd, timeout: 60_000 })
    return { code: 0, said: (stdout + stderr).trim() }
  } catch (cause) {
    const { code, stdout = '', stderr = '' } = cause as { code?: number; stdout?: string; stderr?: string }
    return { code: typeof code === 'number' ? code : 1, said: (stdout + stderr).trim().slice(-1500) }
  }
}

// ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function pages(project: string, devnet: DevnetProcess): Promise<CheckResult[]> {
  const config = await (await fetch(new URL('/devnet.json', devnet.ready.page))).text()
  const browser = await launch()
  try {
    return await Promise.all(PAGES.map((page) => tryPage(project, config, page, browser)))
  } finally {
    await browser.close()
  }
}

async function tryPage(project: string, config: string, page: PackedPage, browser: Browser): Promise<CheckResult> {
  const id = `${page.name}: loads and verifies in Chromium`
  try {
    const root = await buildPage(project, page)
    writeFileSync(join(root, 'config.json'), config)
    const server = await serve(root, page.policy)
    try {
      const said = await visit(browser, `http://localhost:${portOf(server)}/`)
      return { ...noted(id, said, ''), op: '==', bar: 'verified', pass: said.startsWith('verified') }
    } finally {
      server.close()
      server.closeAllConnections()
    }
  } catch (cause) {
    return { ...noted(id, String(cause).slice(0, 600), ''), op: '==', bar: 'verified', pass: false }
  }
}

/** Writes the page into a folder of the project and builds it there as its author would; the folder to serve. */
async function buildPage(project: string, { name, files, bundler }: PackedPage): Promise<string> {
  const root = join(project, name.replaceAll(/[^a-z]+/g, '-'))
  mkdirSync(root)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text)
  if (bundler === undefined) {
    symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))
    return root
  }
  const out = join(root, 'out')
  if (bundler === 'vite') {
    const { build } = await import('vite')
    await build({ root, logLevel: 'error', configFile: false, build: { outDir: out, target: 'es2022' } })
  } else await webpackBuild(root, out)
  return out
}

async function webpackBuild(root: string, out: string): Promise<void> {
  const { default: webpack } = await import('webpack')
  const compiler = webpack({
    context: root,
    mode: 'production',
    entry: './main.js',
    output: { path: out },
    performance: false,
  })
  const stats = await promisify(compiler.run.bind(compiler))()
  if (stats?.hasErrors() !== false) throw new Error(stats?.toString({ all: false, errors: true }))
  writeFileSync(join(out, 'index.html'), readFileSync(join(root, 'index.html')))
}

const TYPES: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.json': 'application/json' },
  ...{ '.css': 'text/css', '.wasm': 'application/wasm' },
}

async function serve(root: string, policy: string | undefined): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (path === '/favicon.ico') return void response.writeHead(204).end()
    const file = join(root, path === '/' ? 'index.html' : path)
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end()
    const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }
    response.writeHead(200, policy === undefined ? headers : { ...headers, 'content-security-policy': policy })
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const portOf = (server: Server): number => (server.address() as { port: number }).port

/** What the page says of itself (`data-said` of its body) once it has verified new blocks, or why it has not. */
async function visit(browser: Browser, url: string): Promise<string> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => (message.type() === 'error' ? errors.push(message.text()) : undefined))
  try {
    await page.goto(url)
    // Not by evaluating text in the page, which a strict policy forbids.
    const body = page.locator('body[data-said]')
    await body.waitFor({ state: 'attached', timeout: 120_000 })
    // That a policy without 'wasm-unsafe-eval' refuses WebAssembly is how the client learns that it has to do without.
    if (page.workers().length === 0) errors.push('no worker verifies')
    const real = errors.filter((text) => !/WebAssembly/.test(text))
    return real.length === 0 ? ((await body.getAttribute('data-said')) ?? '') : `errors: ${real.join('; ')}`
  } catch (cause) {
    return `nothing in time: ${String(cause).slice(0, 100)}; ${errors.join('; ')}`
  } finally {
    await context.close()
  }
}
