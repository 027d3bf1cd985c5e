import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCommandLine } from '../../src/cli/command-line.ts'
import { CliError } from '../../src/cli/exit-codes.ts'
import { DEFINITION, optionsOf } from '../../src/cli/sim-options.ts'
import { repeating } from '../../src/cli/sim.ts'
import { checkSpec } from '../../src/chain/spec-rules.ts'
import { randomRun } from '../../src/sim/run-options.ts'

const options = (argv: string, seed = 'x') => {
  const line = parseCommandLine(DEFINITION, argv === '' ? [] : argv.split(' '))
  assert.ok(line !== undefined)
  return optionsOf(line, seed, 'model')
}

/** Each pair contradicts itself or asks for what cannot be. */
const REFUSED: readonly (readonly [argv: string, says: RegExp])[] = [
  ['--nodes 3 --faulty 5', /--faulty 5 .* 3 nodes/],
  ['--nodes 4 --stake 1,2,3', /--nodes 4 .* 3 stakes/],
  ['--stake 1,0', /got "0" in "1,0"/],
  ['--stake 1,,2', /got "" in/],
  ['--stake 1000001', /from 1 to 1000000, got "1000001"/],
  ['--shards 3 --faults 1', /--shards 3 .* 4 shards/],
  ['--shards 4096 --faults 5', /131072 seats, at most 65535/],
  ['--fan-out 3 --loss 0.5', /--fan-out 3 .* --loss 0.5/],
  ['--routes 2 --loss 0.5', /--routes 2 .* --loss 0.5/],
  ['--routes 9', /from 1 to 8, got "9"/],
  ['--drift 1000 --drift-period 2000', /--drift 1000 .* --drift-period 2000/],
  ['--faulty 1 --strategy silent --strategy hasty', /2 times, for 1 faulty/],
  ['--loss 1', /from 0 to 0.9, got "1"/],
  ['--nodes 1e9', /from 1 to 4096, got "1e9"/],
  ['--bandwidth 0', /from 1000/],
  ['--strategy lying', /must be one of .* got "lying"/],
]

describe('stakecube sim flags', () => {
  for (const [argv, says] of REFUSED)
    it(`${argv} is refused with both values`, () => {
      assert.throws(
        () => options(argv),
        (error) => error instanceof CliError && error.exit === 'usage' && says.test(error.message),
      )
    })

  it('leave to the seed what they do not say', () => {
    const { costs: _, ...own } = options('')
    const { costs: __, ...seeded } = randomRun('x')
    assert.deepEqual(own, seeded)
  })

  it('shape stake, cube and network', () => {
    const zipf = options('--nodes 10 --stake zipf --newcomers 2 --shards 16 --faults 2 --network lan --crypto 0')
    assert.deepEqual(
      zipf.stakes.map((stakes) => stakes.length),
      [...Array.from({ length: 10 }, () => 1), 0, 0],
    )
    assert.equal(zipf.stakes[0]![0], 10n * zipf.stakes[9]![0]!)
    assert.equal(zipf.params.seatsTarget, 16 * 14)
    assert.equal(zipf.network.latencyMs, 0.5)
    assert.equal(zipf.costs, undefined)
    assert.deepEqual(options('--stake 3,2,1').stakes, [[3_000_000n], [2_000_000n], [1_000_000n]])
    assert.deepEqual(
      [...options('--faulty 3 --strategy silent --strategy mixed').faulty.values()],
      ['silent', 'mixed', 'silent'],
    )
  })

  it('make chains that a chain spec may have, for any faults and shards', () => {
    for (const faults of [1, 2, 3, 4, 5])
      for (const shards of ['', ` --shards ${3 * faults + 1}`, ' --shards 200']) {
        const { params } = options(`--faults ${faults}${shards}`)
        const verdict = checkSpec({ name: 'x', params, genesisTimeMs: 1n, outputs: [] })
        assert.ok(verdict.kind === 'rejected' && verdict.code === 'spec-no-stake', JSON.stringify(verdict))
      }
  })

  it('are repeated for one failed run without --runs, --html and --planted', () => {
    assert.deepEqual(
      repeating(['--runs', '100', '--seed', 'a', '--nodes', '4', '--html=x.html', '--planted', '--json'], 'a-17'),
      ['--seed', 'a-17', '--nodes', '4'],
    )
    assert.deepEqual(repeating(['--stake=3,2', '--runs', '2'], "it's $HOME-0"), [
      '--seed',
      `'it'\\''s $HOME-0'`,
      '--stake=3,2',
    ])
    assert.deepEqual(repeating(['--seed=-5', '--runs', '2'], '-5-0'), ['--seed=-5-0'])
  })
})
