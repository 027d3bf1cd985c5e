import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import {
  ConfigError,
  exampleValidatorConfig,
  parseValidatorConfig,
  parseValidatorKeys,
} from '../../src/node/validator-config.ts'

const FILE = '/etc/stakecube/validator.json'
const PEER = '/ip4/127.0.0.1/tcp/4100/p2p/12D3KooWHs7yq4PGw6wJ9HbXxchUpdmEmsoQADt5nLoiLj1NkbGG'
const GIVEN = {
  chainSpec: 'chain.json',
  data: 'data',
  keys: '/keys.json',
  listen: ['/ip4/0.0.0.0/tcp/4100'],
  peers: [PEER],
}
const parse = (over: object) => parseValidatorConfig(FILE, JSON.stringify({ ...GIVEN, ...over }))
const says = (pattern: RegExp) => (error: unknown) => error instanceof ConfigError && pattern.test(error.message)

test('the example explains every option, parses, and paths are relative to the file', () => {
  const config = parseValidatorConfig(FILE, exampleValidatorConfig())
  equal(config.chainSpec, '/etc/stakecube/chain.json')
  equal(config.monitorPort, 9464)
  equal(config.announce, undefined)
  for (const name of Object.keys(config)) ok(exampleValidatorConfig().includes(`"${name}":`), name)
})

test('what is left out has its default, and an absolute path stays', () => {
  const { keys, journal, logLevel, connectionCountMax, monitorPort, fullyConnected } = parse({})
  deepEqual(
    [keys, journal, logLevel, connectionCountMax, monitorPort, fullyConnected],
    ['/keys.json', false, 'info', 128, undefined, false],
  )
})

test('an unknown option is named with the nearest known one', () => {
  throws(() => parse({ chainspec: 'a' }), says(/unknown option "chainspec"; the nearest is "chainSpec"/))
  throws(() => parse({ metricsPort: 1 }), says(/"metricsPort"; the nearest is "monitorPort"/))
  throws(() => parse({ ['x'.repeat(100_000)]: 1 }), says(/unknown option "x{60}";/))
  throws(() => parse({ __proto__: null, constructor: 1 }), says(/unknown option "constructor"/))
})

test('an option that is missing, repeated or not allowed is named with what was found and what is allowed', () => {
  const faults: [object, RegExp][] = [
    [{ listen: undefined }, /"listen" is missing/],
    [{ data: '' }, /"data" must be a path, got ""/],
    [{ listen: ['/ip4/0.0.0.0/udp/1'] }, /"listen" must be .*, got \["\/ip4/],
    [{ listen: [PEER] }, /"listen" must be .* without \/p2p/],
    [{ peers: ['/ip4/1.2.3.4/tcp/1'] }, /"peers" must be .* end in \/p2p/],
    [{ peers: ['/ip4/1.2.3.4/tcp/1/p2p/nobody'] }, /"peers" must be/],
    [{ peers: Array(257).fill(PEER) }, /"peers" must be a list of at most 256/],
    [{ monitorPort: 65_536 }, /"monitorPort" must be null or a whole number from 0 to 65535, got 65536/],
    [{ connectionCountMax: 3.5 }, /"connectionCountMax" must be a whole number from 4 to 4096, got 3.5/],
    [{ journal: 'yes' }, /"journal" must be true or false, got "yes"/],
    [{ logLevel: 'loud' }, /"logLevel" must be debug, info, warn, error, got "loud"/],
    [{ announce: 'x' }, /"announce" must be null or a list/],
  ]
  for (const [over, pattern] of faults) throws(() => parse(over), says(pattern), String(pattern))
  const twice = JSON.stringify(GIVEN).replace('{', '{"data":"other",')
  throws(() => parseValidatorConfig(FILE, twice), says(/"data" is given twice/))
})

test('a file that is no JSON object says so; comment lines keep the numbers of lines', () => {
  throws(() => parseValidatorConfig(FILE, '[]'), says(/must hold one JSON object/))
  throws(() => parseValidatorConfig(FILE, ''), says(/is not JSON/))
  throws(() => parseValidatorConfig(FILE, '{} // behind'), says(/is not JSON/))
})

test('keys that are not keys are refused without being shown', () => {
  const hex = 'ab'.repeat(32)
  const keys = parseValidatorKeys(FILE, JSON.stringify({ seed: hex, blsSecrets: [hex] }))
  deepEqual([keys.seed.length, keys.blsSecrets.length], [32, 1])
  const bad = [{ seed: hex }, { seed: hex, blsSecrets: [hex.slice(2)] }, { seed: hex, blsSecrets: [], more: 1 }, []]
  for (const json of bad)
    throws(
      () => parseValidatorKeys(FILE, JSON.stringify(json)),
      (error: unknown) => error instanceof ConfigError && !error.message.includes(hex.slice(4)),
    )
})
