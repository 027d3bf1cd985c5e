/** A payment signed where there is no network, sent from elsewhere, against a live devnet, with the edge file. */
import { equal, match } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { edgeDevnet } from './edge-devnet.ts'

const { file, online, spec, stakecube } = edgeDevnet('offline')
const wallet = (...args: readonly string[]) => stakecube('wallet', ...args)

test('a payment built and signed from a proof alone is final after being sent from elsewhere, and once only', () => {
  const offline = ['--spec', spec()]
  const { wallets } = JSON.parse(readFileSync(file('devnet/devnet.json'), 'utf8')) as {
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
    const { status, said } = wallet('submit', file('bad.txt'), ...online)
    equal(status, 3)
    match(said.join(), /^stakecube: .*bad\.txt is no signed transaction: make it with stakecube wallet sign$/)
  }
})
