/** A payment signed where there is no network, sent from elsewhere, against a live devnet, with the edge file. */
import { equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DevnetProcess, drawPortBase, freePort } from './devnet-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-offline-'))
const file = (name: string) => join(folder, name)
let devnet: DevnetProcess
before(async () => {
  const flags = ['--validators', '4']
  devnet = await DevnetProcess.start({
    folder: file('devnet'),
    httpPort: await freePort(),
    p2pPort: drawPortBase(),
    flags,
  })
})
after(async () => {
  await devnet?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const wallet = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/edge/stakecube.mjs', 'wallet', ...args], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status, stdout, stderr, said: stderr.split('\n').filter((line) => line.startsWith('stakecube: ')) }
}

test('a payment built and signed from a proof alone is final after being sent from elsewhere, and once only', () => {
  const online = ['--devnet', file('devnet')]
  const offline = ['--spec', devnet.ready.spec]
  const { wallets } = JSON.parse(readFileSync(join(file('devnet'), 'devnet.json'), 'utf8')) as {
    wallets: { name: string; secretKeyHex: string }[]
  }
  const alice = wallets.find(({ name }) => name === 'alice')!
  writeFileSync(file('key.json'), JSON.stringify({ secretKey: alice.secretKeyHex }))
  wallet('new', file('receiver.json'))
  const to = wallet('address', '--key', file('receiver.json')).stdout.trim()
  const balance = wallet('balance', '--wallet', 'alice', '--proof-out', file('inputs.scproof'), ...online)
  equal(balance.status, 0, balance.stderr)

  const key = ['--key', file('key.json'), '--inputs', file('inputs.scproof')]
  const signed = wallet('sign', to, '1234567', ...key, ...offline, '--out', file('payment.txt'))
  equal(signed.status, 0, signed.stderr)
  match(readFileSync(file('payment.txt'), 'utf8'), /^stakecube-tx:1:[A-Za-z0-9_-]{200,}\n$/)

  for (const _ of ['first', 'again']) {
    const sent = wallet('submit', file('payment.txt'), ...online)
    equal(sent.status, 0, sent.stderr)
    match(sent.stdout, /^final: [0-9a-f]{64} in block \d+$/m)
  }
  match(wallet('balance', to, ...online).stdout, /^1234567 micro-units to spend/)

  const bytes = readFileSync(file('inputs.scproof'))
  bytes[bytes.length - 20]! ^= 1
  writeFileSync(file('forged.scproof'), bytes)
  const forged = wallet('sign', to, '1', '--key', file('key.json'), '--inputs', file('forged.scproof'), ...offline)
  equal(forged.status, 4, forged.stderr)
  equal(forged.said.length, 1)
})

test('what is no signed transaction is said so in one sentence', () => {
  for (const text of ['', 'stakecube-tx:1:AAAA', 'zz', '00']) {
    writeFileSync(file('bad.txt'), text)
    const { status, said } = wallet('submit', file('bad.txt'), '--devnet', file('devnet'))
    equal(status, 3)
    match(said.join(), /^stakecube: .*bad\.txt is no signed transaction: make it with stakecube wallet sign$/)
  }
})
