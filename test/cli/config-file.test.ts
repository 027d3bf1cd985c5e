import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { CONFIG_FLAGS, parseCommandLine, type CommandDefinition } from '../../src/cli/command-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'stakecube-config-'))
after(() => rmSync(folder, { recursive: true }))

const COMMAND: CommandDefinition = {
  name: 'test',
  summary: 'A command.',
  hasConfig: true,
  flags: {
    ...CONFIG_FLAGS,
    peer: { kind: 'text', value: 'ADDR', help: 'a peer', many: true },
    store: { kind: 'text', value: 'DIR', help: 'a folder' },
    metrics: { kind: 'number', value: 'PORT', help: 'a port', low: 0, high: 65_535 },
    'allow-weak': { kind: 'switch', help: 'weak' },
  },
}

function parse(text: string, ...argv: string[]) {
  const path = join(folder, 'test.conf')
  writeFileSync(path, text)
  return parseCommandLine(COMMAND, ['--config', path, ...argv])!
}

test('options come from the file, and the command line counts in place of it', () => {
  const text =
    '# a comment\npeer = /ip4/1\npeer=/ip4/2 # another\r\n\n store = /var/lib/x y\nmetrics = 9100\nallow-weak = yes\n'
  const line = parse(text)
  deepEqual(line.texts('peer'), ['/ip4/1', '/ip4/2'])
  equal(line.text('store'), '/var/lib/x y')
  equal(line.number('metrics'), 9100)
  equal(line.has('allow-weak'), true)
  const over = parse(text, '--peer', '/ip4/9', '--metrics=1')
  deepEqual(over.texts('peer'), ['/ip4/9'])
  equal(over.number('metrics'), 1)
  equal(parse('allow-weak = no\n').has('allow-weak'), false)
})

const REFUSED: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['a typo', 'store = x\npeeer = y\n', /test\.conf:2: unknown option "peeer"; did you mean "peer"\?/],
  ['another typo', 'metric = 1', /unknown option "metric"; did you mean "metrics"\?/],
  ['capitals', 'Store = 1', /unknown option "Store"; did you mean "store"\?/],
  ['a name that is near to none', 'frobnicate = 1', /unknown option "frobnicate"$/],
  ['a name of the prototype', 'constructor = 1', /unknown option "constructor"/],
  ['a line that is no option', 'store', /a line is "name = value", got "store"/],
  ['an option given twice', 'store = a\nstore = b', /:2: "store" is given twice/],
  ['an empty value', 'store =', /"store" has no value/],
  ['a switch that is neither yes nor no', 'allow-weak = true', /"allow-weak" is yes or no, got "true"/],
  ['a number out of range', 'metrics = 70000', /--metrics must be a whole number from 0 to 65535, got "70000"/],
  ['a configuration in a configuration', 'config = other', /unknown option "config"/],
]
for (const [what, text, says] of REFUSED)
  test(`a configuration with ${what} is refused in one sentence`, () => {
    throws(
      () => parse(text),
      ({ message, exit }: { message: string; exit: string }) => {
        match(message, says)
        equal(message.includes('\n'), false)
        return exit === 'input' || exit === 'usage'
      },
    )
  })

test('an unknown flag is named with the nearest', () => {
  throws(() => parse('', '--stroe', 'x'), /unknown flag --stroe; did you mean "store"\?; see stakecube test --help/)
})

test('a file that is not there is named', () => {
  throws(
    () => parseCommandLine(COMMAND, ['--config', join(folder, 'absent')]),
    /cannot read the configuration .*absent \(ENOENT\)/,
  )
})

test('the example explains every option, and is itself a configuration', () => {
  let printed = ''
  equal(
    parseCommandLine(COMMAND, ['--print-config'], (text) => (printed += text)),
    undefined,
  )
  for (const name of ['peer', 'store', 'metrics', 'allow-weak']) match(printed, new RegExp(`^#${name} = `, 'm'))
  deepEqual(parse(printed).texts('peer'), [])
})
