/** The client commands as a person runs them, against a devnet in a process of its own. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { COMMAND, DevnetProcess, drawPortBase, freePort } from '../../tools/devnet-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-commands-'))
let devnet: DevnetProcess

before(async () => {
  const options = { folder: join(folder, 'devnet'), httpPort: await freePort(), p2pPort: drawPortBase() }
  devnet = await DevnetProcess.start({ ...options, flags: ['--validators', '4'] })
})
after(async () => {
  await devnet.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function stakecube(...argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...COMMAND, ...argv], { timeout: 90_000 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, out, err })
    })
  })
}
const json = ({ out }: Ended) => JSON.parse(out.trim().split('\n').at(-1)!) as Record<string, unknown>

test('a payment is final with a proof that verifies offline, and both balances are proven to have changed', async () => {
  const at = ['--devnet', devnet.ready.page, '--json']
  const balanceOf = async (name: string) => {
    const ended = await stakecube('wallet', 'balance', '--wallet', name, ...at)
    equal(ended.code, 0, ended.err)
    return BigInt(json(ended)['spendable'] as string)
  }
  const [alice, bob] = [await balanceOf('alice'), await balanceOf('bob')]
  const file = join(folder, 'payment.scproof')
  const sent = await stakecube(
    'wallet',
    'send',
    'bob',
    '1234567',
    '--wallet',
    'alice',
    '--genesis',
    '--proof-out',
    file,
    ...at,
  )
  equal(sent.code, 0, sent.err)
  const { fee, txid } = json(sent) as { fee: string; txid: string }
  equal(await balanceOf('bob'), bob + 1_234_567n)
  equal(await balanceOf('alice'), alice - 1_234_567n - BigInt(fee))
  const verified = await stakecube('verify', file, '--spec', devnet.ready.spec, '--json')
  equal(verified.code, 0, verified.err)
  match(json(verified)['fact'] as string, new RegExp(`transaction ${txid} is number`))
  const forged = Uint8Array.from(readFileSync(file))
  forged[forged.length - 40]! ^= 1
  writeFileSync(file, forged)
  const refused = await stakecube('verify', file, '--spec', devnet.ready.spec)
  equal(refused.code, 4)
  match(refused.err, /is rejected: /)
})

test('light catches up from the checkpoint and from genesis, and a second run goes on from its store', async () => {
  const store = join(folder, 'light')
  const first = await stakecube(
    'light',
    '--devnet',
    devnet.ready.page,
    '--genesis',
    '--once',
    '--json',
    '--store',
    store,
  )
  equal(first.code, 0, first.err)
  const heads = first.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { height: number; source: string })
  equal(heads[0]!.source, 'genesis')
  ok(heads.at(-1)!.height > 0)
  const second = await stakecube('light', '--devnet', devnet.ready.page, '--once', '--json', '--store', store)
  equal(second.code, 0, second.err)
  const again = second.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { height: number; source: string })
  deepEqual([again[0]!.source, again[0]!.height], ['store', heads.at(-1)!.height])
})

test('the example of docs/examples does in Node what it says, with the built package', async () => {
  const argv = ['docs/examples/node-client.mjs', devnet.ready.page]
  const out = await new Promise<string>((resolve, reject) =>
    execFile(process.execPath, argv, { timeout: 120_000 }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stdout}${stderr}`)),
    ),
  )
  for (const line of [/^verified, .* old, /m, /: complete, proven$/m, /^payment final$/m, /: 1 transactions$/m])
    match(out, line)
  match(out, /^proof file of \d+ bytes: accepted\none bit changed: rejected$/m)
  match(out, /^a second client goes on from block \d+$/m)
  match(out, /^range-invalid: blocks from 5 up to, without, 5 were asked for: .*\ndone$/m)
})

test('a payment beyond the balance says both amounts and ends with the exit code for bad input', async () => {
  const argv = ['wallet', 'send', 'bob', '99000000000000', '--wallet', 'alice', '--devnet', devnet.ready.page]
  const { code, err } = await stakecube(...argv)
  equal(code, 3)
  match(err, /needs 99\d+ micro-units .* and \d+ can be spent/)
})
