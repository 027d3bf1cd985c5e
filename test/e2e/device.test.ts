/** Devices against a live devnet: registered, changed, refused to others, revoked, each looked up with its proof. */
import { equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DevnetProcess, drawPortBase, freePort } from './devnet-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-device-'))
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

function stakecube(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/edge/stakecube.mjs', ...args], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  const said = stderr.split('\n').filter((line) => line.startsWith('stakecube: '))
  return { status, stdout, stderr, said: said.join('\n') }
}

test('a device is registered, changes its role, is nobody else’s to revoke, and is gone once revoked', () => {
  equal(stakecube('wallet', 'new', file('board.json')).status, 0)
  const online = ['--devnet', file('devnet')]
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
  match(foreign.said, /only its owner or the device itself may revoke it$/)
  equal(stakecube('device', 'revoke', device, '--wallet', 'bob', ...online).status, 0)
  const gone = stakecube('device', 'show', device, ...online)
  equal(gone.status, 4)
  match(gone.stdout, /^not registered, proven at height \d+$/m)
  match(
    stakecube('device', 'revoke', device, '--wallet', 'bob', ...online).said,
    /is not registered: there is nothing to revoke$/,
  )
  equal(readFileSync(file('board.json'), 'utf8').includes(device), false, 'the device key is the public one')
})
