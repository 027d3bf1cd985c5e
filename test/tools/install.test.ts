/** packaging/install.sh, really run, below a folder (DESTDIR), and the units by systemd's own check. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const root = mkdtempSync(join(tmpdir(), 'stakecube-install-'))
after(() => rmSync(root, { recursive: true, force: true }))
const at = (path: string): string => join(root, path)
const UNITS = ['stakecube-light.service', 'stakecube-publish.service']

function run(file: string, ...args: readonly string[]) {
  const env = { ...process.env, DESTDIR: root }
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', env })
  return { status, stdout, stderr }
}
const install = (...args: readonly string[]) => run('packaging/install.sh', ...args)
const program = (...args: readonly string[]) => run(at('usr/local/bin/stakecube'), ...args)

/** Everything below the folder that is no folder. */
const files = (): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()

test('what install.sh is not told in its own words it refuses, and does nothing', () => {
  for (const args of [
    ['--help'],
    ['--remove', '--dta'],
    ['--remove --data'],
    ['--data'],
    ['--remove', '--data', 'x'],
  ]) {
    const { status, stderr } = install(...args)
    equal(status, 2, stderr)
    equal(stderr, 'install: usage: install.sh [--remove [--data]]\n')
  }
  deepEqual(files(), [])
})

test('install.sh puts a program in place that runs, with configurations that it reads', () => {
  const { status, stderr } = install()
  equal(status, 0, stderr)
  deepEqual(files(), [
    'etc/stakecube/light.conf',
    'etc/stakecube/publish.conf',
    'etc/systemd/system/stakecube-light.service',
    'etc/systemd/system/stakecube-publish.service',
    'usr/local/bin/stakecube',
    'usr/local/lib/stakecube/stakecube.mjs',
    'usr/local/share/doc/stakecube/board.md',
    'usr/local/share/doc/stakecube/third-party-notices.txt',
  ])
  const version = program('--version')
  equal(version.status, 0, version.stderr)
  match(version.stdout, /^stakecube \d/)
  for (const command of ['light', 'publish']) {
    const { status: code, stderr: said } = program(command, '--config', at(`etc/stakecube/${command}.conf`))
    equal(code, 2, said)
    // The file is read, and says nothing yet.
    match(said, /^stakecube: (name a chain with --spec FILE|give --topic NAME and --queue DIR)[^\n]*\n$/)
  }
})

test('a mistyped option in the installed configuration is named with its line and the nearest there is', () => {
  const file = at('etc/stakecube/light.conf')
  const before = readFileSync(file, 'utf8')
  writeFileSync(file, `${before}\nsave-evry = 60\n`)
  const { status, stderr } = program('light', '--config', file)
  writeFileSync(file, before)
  equal(status, 3)
  equal(
    stderr,
    `stakecube: ${file}:${before.split('\n').length + 1}: unknown option "save-evry"; did you mean "save-every"?\n`,
  )
})

test('a second install leaves what the operator wrote', () => {
  appendFileSync(at('etc/stakecube/light.conf'), 'metrics = 9100\n')
  equal(install().status, 0)
  match(readFileSync(at('etc/stakecube/light.conf'), 'utf8'), /^metrics = 9100$/m)
})

test('the units start what is installed', () => {
  for (const unit of UNITS) {
    const started = /^ExecStart=.*?(\/usr\/local\/\S+)/m.exec(readFileSync(at(`etc/systemd/system/${unit}`), 'utf8'))
    ok(existsSync(at(started![1]!)), `${unit} starts ${started![1]}`)
  }
})

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0
test('systemd-analyze has nothing against the units', { skip: analyze ? false : 'systemd-analyze is not here' }, () => {
  mkdirSync(at('verify'))
  for (const unit of UNITS) {
    const text = readFileSync(at(`etc/systemd/system/${unit}`), 'utf8')
    // Where this install put them.
    const moved = text.replaceAll('/usr/local/bin/stakecube', at('usr/local/bin/stakecube'))
    writeFileSync(at(`verify/${unit}`), moved.replace(/^Documentation=.*$/m, ''))
  }
  const paths = UNITS.map((unit) => at(`verify/${unit}`))
  const { status, stdout, stderr } = run('systemd-analyze', 'verify', ...paths)
  rmSync(at('verify'), { recursive: true })
  // It also names faults of units of this machine's own.
  deepEqual(
    `${stdout}${stderr}`.split('\n').filter((line) => line.includes('stakecube')),
    [],
  )
  equal(status, 0, stderr)
})

test('--remove leaves the configuration and the data, --remove --data nothing', () => {
  mkdirSync(at('var/lib/private/stakecube/light'), { recursive: true })
  writeFileSync(at('var/lib/private/stakecube/light/card.0'), 'kept')
  const removed = install('--remove')
  equal(removed.status, 0, removed.stderr)
  match(removed.stdout, /^kept: /)
  deepEqual(files(), [
    'etc/stakecube/light.conf',
    'etc/stakecube/publish.conf',
    'var/lib/private/stakecube/light/card.0',
  ])
  equal(install('--remove', '--data').status, 0)
  deepEqual(files(), [])
  equal(install('--remove', '--data').status, 0, 'again, with nothing there')
})
