/** Bad input to `light`, `wallet` and `verify`: one sentence each, with the exit code of the table. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { toHex } from '../../src/base/bytes.ts'
import { formatChainSpec } from '../../src/chain/spec.ts'
import { CliError, type ExitName } from '../../src/cli/exit-codes.ts'
import { lightCommand } from '../../src/cli/light.ts'
import { verifyCommand } from '../../src/cli/verify.ts'
import { walletCommand } from '../../src/cli/wallet.ts'
import { openFileStore } from '../../src/store/file.ts'
import { encodeLogHeader } from '../../src/store/record-log.ts'
import { fixtureOf } from '../light/fixture-view.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-cli-'))
after(() => rmSync(folder, { recursive: true }))
const path = (name: string) => join(folder, name)
const write = (name: string, text: string | Uint8Array) => (writeFileSync(path(name), text), path(name))

const chain = fixtureOf({ epochs: 2, real: true })
const spec = write('chain.json', formatChainSpec(chain.spec))
const peer = '/ip4/127.0.0.1/tcp/9/p2p/12D3KooWFa1RCG98m6GT5gczEc2N9BvLXPpRNn9ES3iVbFsArwU3'
const hash = toHex(chain.ledger(3).hash)

async function refusal(run: Promise<number>): Promise<CliError> {
  try {
    ok(false, `ended with ${await run} where a refusal was expected`)
  } catch (error) {
    ok(error instanceof CliError, `not a CliError: ${String(error)}`)
    return error
  }
}

interface Case {
  readonly title: string
  readonly command: (argv: string[]) => Promise<number>
  readonly argv: readonly string[]
  readonly exit: ExitName
  readonly says: RegExp
}

const garbage = write('garbage', 'this is no json')
const noDevnet = write('other.json', '{"name":"x"}')
const badKey = write('bad.key', '{"secretKey":"12"}')
const noProof = write('x.scproof', 'SCPROOF0 and so on')
const shortProof = write('short.scproof', 'SCPROOF1')
const light = lightCommand
const wallet = walletCommand
const verify = verifyCommand

const CASES: readonly Case[] = [
  { title: 'no chain', command: light, argv: ['--peer', peer], exit: 'usage', says: /--spec FILE/ },
  { title: 'an unknown flag', command: light, argv: ['--sped', spec], exit: 'usage', says: /--sped/ },
  { title: 'no peer', command: light, argv: ['--spec', spec], exit: 'usage', says: /--peer/ },
  {
    title: 'no file',
    command: light,
    argv: ['--spec', path('none'), '--peer', peer],
    exit: 'input',
    says: /none \(ENOENT\)/,
  },
  {
    title: 'a spec that is no JSON',
    command: light,
    argv: ['--spec', garbage, '--peer', peer],
    exit: 'input',
    says: /garbage/,
  },
  {
    title: 'an address without a peer',
    command: light,
    argv: ['--spec', spec, '--peer', '/ip4/1.2.3.4/tcp/1'],
    exit: 'input',
    says: /ends in \/p2p/,
  },
  ...['/foo/p2p/xx', '/ip4/1.2.3.4/tcp/1/p2p/abc', peer.replace('127', '300')].map((address) => ({
    title: `the address ${address.slice(0, 24)}`,
    command: light,
    argv: ['--spec', spec, '--peer', address],
    exit: 'input' as const,
    says: /is not a peer address/,
  })),
  {
    title: 'a checkpoint without a height',
    command: light,
    argv: ['--spec', spec, '--peer', peer, '--checkpoint', hash],
    exit: 'input',
    says: /HEIGHT:HASH/,
  },
  {
    title: 'a height that is none',
    command: light,
    argv: ['--until-height', 'x'],
    exit: 'usage',
    says: /whole number/,
  },
  {
    title: 'a file that is no devnet',
    command: light,
    argv: ['--devnet', noDevnet],
    exit: 'input',
    says: /does not describe a devnet/,
  },
  {
    title: 'a folder without a devnet',
    command: light,
    argv: ['--devnet', folder],
    exit: 'input',
    says: /no devnet\.json/,
  },
  {
    title: 'a devnet that does not run',
    command: light,
    argv: ['--devnet', 'http://127.0.0.1:9'],
    exit: 'network',
    says: /is the devnet running/,
  },
  { title: 'no such wallet command', command: wallet, argv: ['steal'], exit: 'usage', says: /"steal"/ },
  {
    title: 'a key file that is none',
    command: wallet,
    argv: ['address', '--key', badKey],
    exit: 'input',
    says: /not a key file/,
  },
  {
    title: 'two keys',
    command: wallet,
    argv: ['address', '--key', badKey, '--wallet', 'a'],
    exit: 'usage',
    says: /not both/,
  },
  {
    title: 'an owner that is none',
    command: wallet,
    argv: ['balance', 'abc', '--spec', spec, '--peer', peer],
    exit: 'input',
    says: /32 hex digits/,
  },
  { title: 'no proof file', command: verify, argv: [path('none'), '--spec', spec], exit: 'input', says: /ENOENT/ },
  {
    title: 'a file that is no proof',
    command: verify,
    argv: [noProof, '--spec', spec],
    exit: 'rejected',
    says: /begins with/,
  },
  {
    title: 'a proof file cut short',
    command: verify,
    argv: [shortProof, '--spec', spec],
    exit: 'rejected',
    says: /bytes are/,
  },
]

for (const { title, command, argv, exit, says } of CASES)
  test(`${title}: one sentence and the exit code "${exit}"`, async () => {
    const error = await refusal(command([...argv]))
    equal(error.exit, exit, error.message)
    match(error.message, says)
    ok(!error.message.includes('\n') && !error.message.includes(' at '), error.message)
  })

test('a store of a newer version, and one in use, end with the exit code "store" and are left alone', async () => {
  const newer = mkdtempSync(join(folder, 'newer-'))
  const bytes = encodeLogHeader(9)
  writeFileSync(join(newer, 'light.store'), bytes)
  const argv = ['--spec', spec, '--peer', peer, '--store']
  const refused = await refusal(light([...argv, newer]))
  equal(refused.exit, 'store')
  match(refused.message, /version 9/)
  deepEqual(new Uint8Array(readFileSync(join(newer, 'light.store'))), bytes)
  const used = mkdtempSync(join(folder, 'used-'))
  const store = await openFileStore(used)
  const locked = await refusal(light([...argv, used]))
  equal(locked.exit, 'store')
  match(locked.message, /in use/)
  await store.close()
})

test('a new key is written for its owner only, and never over another file', async () => {
  const file = path('new.key')
  equal(await walletCommand(['new', file, '--json']), 0)
  equal(statSync(file).mode & 0o777, 0o600)
  const before = readFileSync(file, 'utf8')
  const error = await refusal(walletCommand(['new', file]))
  equal(error.exit, 'environment')
  match(error.message, /not overwritten/)
  equal(readFileSync(file, 'utf8'), before)
})

test('a devnet answer that is too strange is refused in one sentence', async () => {
  const server = createServer((_, response) => response.end('[1,2'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await rejects(lightCommand(['--devnet', url]), { exit: 'input', message: /does not describe a devnet/ })
  server.close()
})
