/** Devices against a live devnet: registered, changed, refused to others, revoked, each looked up with its proof. */
import { equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { edgeDevnet } from './edge-devnet.ts'

const { file, online, stakecube } = edgeDevnet('device')

test('a device is registered, changes its role, is nobody else’s to revoke, and is gone once revoked', () => {
  equal(stakecube('wallet', 'new', file('board.json')).status, 0)
  const board = ['--device-key', file('board.json')]
  const registered = stakecube(
    'device',
    'register',
    ...board,
    '--wallet',
    'alice',
    '--metadata',
    'roof',
    '--json',
    ...online,
  )
  equal(registered.status, 0, registered.stderr)
  const { device } = JSON.parse(registered.stdout) as { device: string }
  const shown = stakecube('device', 'show', device, ...online)
  equal(shown.status, 0, shown.stderr)
  match(shown.stdout, /^registered as light by [0-9a-f]{32} since height \d+: roof$/m)

  // Changed by another payer, since the device itself signs; then it is that payer's.
  equal(stakecube('device', 'register', ...board, '--wallet', 'bob', '--role', 'coordination', ...online).status, 0)
  match(stakecube('device', 'show', device, ...online).stdout, /^registered as coordination by /m)

  const foreign = stakecube('device', 'revoke', device, '--wallet', 'alice', ...online)
  equal(foreign.status, 3)
  match(foreign.said.join(), /only its owner or the device itself may revoke it$/)
  equal(stakecube('device', 'revoke', device, '--wallet', 'bob', ...online).status, 0)
  const gone = stakecube('device', 'show', device, ...online)
  equal(gone.status, 4)
  match(gone.stdout, /^not registered, proven at height \d+$/m)
  match(
    stakecube('device', 'revoke', device, '--wallet', 'bob', ...online).said.join(),
    /is not registered: there is nothing to revoke$/,
  )
  equal(readFileSync(file('board.json'), 'utf8').includes(device), false, 'the device key is the public one')
})
