/** The edge file as a board gets it: alone in a folder, run by this machine's Node. */
import { deepEqual, doesNotThrow, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { compileFunction } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { unpackParts } from '../../tools/edge-parts.ts'

const BUILT = 'dist/edge/stakecube.mjs'
const folder = mkdtempSync(join(tmpdir(), 'stakecube-edge-'))
after(() => rmSync(folder, { recursive: true }))
const FILE = join(folder, 'stakecube.mjs')
if (existsSync(BUILT)) copyFileSync(BUILT, FILE)

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [FILE, ...args], { cwd: folder, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('the edge file is built, and runs alone in an empty folder', () => {
  ok(existsSync(BUILT), `${BUILT} is not there: npm run build`)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const { status, stdout } = run('--version', '--json')
  equal(status, 0)
  equal((JSON.parse(stdout) as { package: string }).package, version)
})

test('the edge file has the commands of a board and says so of any other', () => {
  for (const name of ['light', 'wallet', 'verify', 'bench']) {
    const { status, stdout, stderr } = run(name, '--help')
    equal(status, 0, stderr)
    match(stdout, /^usage: stakecube|^stakecube/m)
  }
  const { status, stderr } = run('devnet')
  equal(status, 2)
  match(stderr, /^stakecube: unknown command "devnet"[^\n]*\n$/)
})

test('a wallet is made and addressed, and a bad proof file refused, by the edge file alone', () => {
  const key = join(folder, 'key.json')
  const made = run('wallet', 'new', key)
  equal(made.status, 0, made.stderr)
  equal(run('wallet', 'address', '--key', key).stdout, made.stdout)
  const refused = run('verify', key, '--spec', key)
  equal(refused.status, 3)
  equal(refused.stderr.trim().split('\n').length, 1)
})

test('the licences of everything in the edge file lie beside it', () => {
  const notices = readFileSync('dist/edge/third-party-notices.txt', 'utf8')
  for (const name of ['libp2p', 'ws', '@noble/ed25519', '@libp2p/noise'])
    ok(
      notices.split('\n').some((line) => line.startsWith(`${name} `)),
      `no notice for ${name}`,
    )
})

test('the edge file is parts of plain code, none with anything native, and far from its limit of 250 kB gzipped', () => {
  const text = readFileSync(BUILT, 'utf8')
  const parts = unpackParts(text)
  ok(parts.has('./main.js') && parts.size > 10, `${parts.size} parts`)
  for (const [name, code] of parts) {
    doesNotThrow(() => compileFunction(code), name)
    deepEqual(code.match(/node-datachannel|classic-level/g), null, `something native is in ${name}`)
  }
  // Nothing of the file stands outside of the parts but its loader.
  const rest = text.replaceAll(/^ {2}"\.\/[^"]+": '[A-Za-z0-9+/=]+',$/gm, '')
  ok(rest.length < 2000, `${rest.length} characters`)
  ok(gzipSync(text, { level: 9 }).length < 250_000)
})
