import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createServer } from 'node:net'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { EXIT, EXIT_MEANINGS } from '../../src/cli/exit-codes.ts'
import { explain, main } from '../../src/cli/main.ts'

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname
let folder: string
before(() => void (folder = mkdtempSync(join(tmpdir(), 'stakecube-cli-'))))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a command in this process; what it printed, and how it ended as the program would. */
async function run(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const write = process.stdout.write.bind(process.stdout)
  let out = ''
  // The test runner's own reports pass here as bytes; commands print text.
  process.stdout.write = ((chunk: string | Uint8Array) => {
    if (typeof chunk !== 'string') return write(chunk)
    out += chunk
    return true
  }) as typeof process.stdout.write
  try {
    return { code: await main(argv), out, err: '' }
  } catch (error) {
    const { code, sentence } = explain(error)
    return { code, out, err: sentence }
  } finally {
    process.stdout.write = write
  }
}

const assertOneSentence = (text: string): void => {
  assert.match(text, /^[^\n]+$/)
  assert.doesNotMatch(text, /\bat .*:\d+:\d+/)
  assert.doesNotMatch(text, /internal error/)
}

test('help lists every command and every exit code', async () => {
  const { code, out } = await run('--help')
  assert.equal(code, EXIT.ok)
  for (const name of ['devnet', 'light', 'wallet', 'verify', 'chain', 'sim', 'vectors'])
    assert.match(out, new RegExp(`^  ${name} `, 'm'))
  for (const [name, meaning] of Object.entries(EXIT_MEANINGS)) {
    const line = out.split('\n').find((text) => text.includes(meaning))
    assert.ok(line?.includes(String(EXIT[name as keyof typeof EXIT])), name)
  }
  assert.equal((await run()).code, EXIT.usage)
})

test('version names package, protocol and store versions', async () => {
  const { out } = await run('--version', '--json')
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  assert.deepEqual(JSON.parse(out), { package: version, protocol: 1, nodeStore: 1, lightStore: 1 })
  assert.match((await run('--version')).out, /^stakecube \S+ \(protocol 1, node store 1, light store 1\)\n$/)
})

const specFile = (name: string): string => join(folder, name)
const BAD: readonly (readonly [title: string, code: number, says: RegExp, argv: () => string[]])[] = [
  ['an unknown command', EXIT.usage, /unknown command "frob"; commands are devnet/, () => ['frob']],
  ['a name of Object.prototype as command', EXIT.usage, /unknown command "constructor"/, () => ['constructor']],
  ['an unknown flag', EXIT.usage, /unknown flag --frob; see stakecube devnet --help/, () => ['devnet', '--frob']],
  ['a flag without its value', EXIT.usage, /--data needs a value: --data DIR/, () => ['devnet', '--data']],
  ['a flag swallowing the next flag', EXIT.usage, /--data needs a value/, () => ['devnet', '--data', '--json']],
  [
    'a number that is none',
    EXIT.usage,
    /--http must be a whole number from 0 to 65535, got "x"/,
    () => ['devnet', '--http', 'x'],
  ],
  ['a number out of range', EXIT.usage, /--validators .* 1 to 64, got "65"/, () => ['devnet', '--validators', '65']],
  ['a fraction where none can be', EXIT.usage, /whole number/, () => ['devnet', '--validators', '1.5']],
  ['a flag given twice', EXIT.usage, /--http is given twice/, () => ['devnet', '--http', '1', '--http', '2']],
  ['a switch with a value', EXIT.usage, /--reset takes no value/, () => ['devnet', '--reset=yes']],
  [
    'a devnet of dead validators alone',
    EXIT.usage,
    /--dead leaves none of the 2 validators/,
    () => [
      ...['devnet', '--data', specFile('dead'), '--http', '0', '--p2p-port', '0'],
      ...['--validators', '2', '--dead', '0', '--dead', '1'],
    ],
  ],
  ['a stray operand', EXIT.usage, /unexpected operand "x"/, () => ['devnet', 'x']],
  ['a missing operand', EXIT.usage, /FILE is missing/, () => ['chain', 'new']],
  [
    'a preset that is none',
    EXIT.usage,
    /devnet, paper, production, got "x"/,
    () => ['chain', 'new', 'f', '--preset', 'x'],
  ],
  ['parameters that no chain may have', EXIT.usage, /minStake/, () => ['chain', 'new', specFile('s'), '--stake', '5']],
  ['a missing chain spec', EXIT.input, /cannot read .*gone.* \(ENOENT\)/, () => ['chain', 'show', specFile('gone')]],
  ['a chain spec that is no JSON', EXIT.input, /not JSON/, () => ['chain', 'show', specFile('garbage')]],
  ['a folder that does not exist', EXIT.environment, /make it first/, () => ['chain', 'new', specFile('no/such/x')]],
  [
    'a file where the data folder should be',
    EXIT.environment,
    /name another folder/,
    () => ['devnet', '--data', specFile('garbage/x')],
  ],
  [
    'a devnet folder whose spec is damaged',
    EXIT.input,
    /chain\.json: .*not JSON/,
    () => ['devnet', '--data', specFile('broken')],
  ],
]

describe('bad input ends in one sentence and the right exit code:', () => {
  before(async () => {
    writeFileSync(specFile('garbage'), 'garbage')
    const { mkdirSync } = await import('node:fs')
    mkdirSync(specFile('broken'))
    writeFileSync(specFile('broken/chain.json'), '{')
  })
  for (const [title, code, says, argv] of BAD)
    test(title, async () => {
      const { err, ...ended } = await run(...argv())
      assertOneSentence(err)
      assert.match(err, says)
      assert.equal(ended.code, code)
    })
})

test('validator --check refuses a data folder in whose place a file is, and passes one that is yet to be made', async () => {
  const spec = await run('chain', 'new', specFile('checked.json'), '--validators', '1')
  const keys = await run('validator', '--new-keys', specFile('checked-keys.json'))
  assert.deepEqual([spec.code, keys.code], [EXIT.ok, EXIT.ok])
  const check = (data: string): ReturnType<typeof run> => {
    const config = { chainSpec: 'checked.json', data, keys: 'checked-keys.json', listen: [], peers: [] }
    writeFileSync(specFile('validator.json'), JSON.stringify(config))
    return run('validator', '--config', specFile('validator.json'), '--check')
  }
  for (const data of ['data', 'made/with/parents', '.', folder]) assert.equal((await check(data)).code, EXIT.ok, data)
  for (const data of ['checked.json', 'checked.json/data']) {
    const { code, err } = await check(data)
    assert.equal(code, EXIT.input, data)
    assertOneSentence(err)
    assert.match(err, /validator\.json: "data" must be a folder, .*, got .*checked\.json.* a file: name another folder/)
    assert.ok(err.includes(specFile(data)), err)
  }
})

test('a chain spec is made, shown, and not overwritten', async () => {
  const file = specFile('chain.json')
  const made = await run('chain', 'new', file, '--validators', '3', '--preset', 'paper', '--json')
  assert.equal(made.code, EXIT.ok, made.err)
  const { chainId, keysFile } = JSON.parse(made.out) as { chainId: string; keysFile: string }
  assert.equal((JSON.parse(readFileSync(keysFile, 'utf8')) as { validators: unknown[] }).validators.length, 3)
  const shown = JSON.parse((await run('chain', 'show', file, '--json')).out) as Record<string, unknown>
  assert.equal(shown['chainId'], chainId)
  assert.equal(shown['quorum'], 'two-level')
  assert.equal(shown['stakeOutputs'], 3)
  const again = await run('chain', 'new', file)
  assert.equal(again.code, EXIT.input)
  assert.match(again.err, /--force/)
})

test('a chain spec with a forged possession signature is rejected', async () => {
  const file = specFile('forged.json')
  await run('chain', 'new', file, '--validators', '1')
  const spec = JSON.parse(readFileSync(file, 'utf8')) as { outputs: { owner: string }[] }
  spec.outputs[0]!.owner = '00'.repeat(16)
  writeFileSync(file, JSON.stringify(spec))
  const { code, err } = await run('chain', 'show', file)
  assertOneSentence(err)
  assert.equal(code, EXIT.rejected)
})

/** A devnet in a process of its own, its JSON events as they come. */
class Process {
  readonly child: ChildProcessWithoutNullStreams
  readonly events: Record<string, unknown>[] = []
  #waiting: (() => void)[] = []
  stderr = ''
  readonly ended: Promise<number | null>

  constructor(...argv: string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...argv])
    let rest = ''
    this.child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.events.push(JSON.parse(line) as Record<string, unknown>)
      this.#wake()
    })
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.ended = new Promise((resolve) =>
      this.child.on('close', (code) => {
        resolve(code)
        this.#wake()
      }),
    )
  }

  async event(wanted: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.events.find(wanted)
      if (found !== undefined) return found
      if (this.child.exitCode !== null) throw new Error(`ended with ${this.child.exitCode}: ${this.stderr}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

const isBlock = ({ event }: Record<string, unknown>): boolean => event === 'block'

test('devnet: ready, blocks, page, Ctrl-C; the second start has the same addresses and goes on', async () => {
  const data = join(folder, 'devnet')
  const ports = await freePorts()
  const argv = ['devnet', '--data', data, '--validators', '1', '--block-time', '200', '--json', ...ports.flags]
  const first = new Process(...argv)
  const ready = await first.event(({ event }) => event === 'ready')
  await first.event(({ event, height }) => event === 'block' && (height as number) >= 2)
  const description = (await (await fetch(`http://localhost:${ports.http}/devnet.json`)).json()) as Record<
    string,
    unknown
  >
  assert.deepEqual(description['peers'], ready['peers'])
  assert.match(String(description['checkpoint']), /^\d+:[0-9a-f]{64}$/)
  const foreign = await fetch(`http://127.0.0.1:${ports.http}/..%2f..%2fpackage.json`)
  assert.ok(foreign.status >= 400)

  // While it runs, its ports and its folder are taken.
  const busy = new Process(...argv)
  assert.equal(await busy.ended, EXIT.environment)
  assertOneSentence(busy.stderr.trim())
  assert.match(busy.stderr, /port \d+ \(\w+\) is in use/)
  const locked = new Process('devnet', '--data', data, '--json', '--http', '0', '--p2p-port', '0')
  assert.equal(await locked.ended, EXIT.store)
  assertOneSentence(locked.stderr.trim())
  assert.match(locked.stderr, /in use by another process/)

  first.child.kill('SIGINT')
  assert.equal(await first.ended, EXIT.ok)
  assert.equal(first.stderr, '')
  const last = Math.max(...first.events.filter(isBlock).map(({ height }) => height as number))

  const second = new Process(...argv, '--blocks', '2')
  const again = await second.event(({ event }) => event === 'ready')
  assert.deepEqual(again['peers'], ready['peers'])
  const next = await second.event(isBlock)
  assert.ok((next['height'] as number) > last - 1)
  assert.equal(await second.ended, EXIT.ok)

  const contradicted = await run('devnet', '--data', data, '--validators', '3')
  assert.equal(contradicted.code, EXIT.usage)
  assert.match(contradicted.err, /has --validators 1, not 3: add --reset/)
})

/** Two ranges of ports that are free right now. */
async function freePorts(): Promise<{ readonly http: number; readonly flags: string[] }> {
  const [http, p2p] = await Promise.all([freePort(), freePort()])
  return { http: http!, flags: ['--http', String(http), '--p2p-port', String(Math.min(p2p!, 65_000))] }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
