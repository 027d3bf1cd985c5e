/** `stakecube validator`: one validator or full node in this process, as its configuration file says. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { toHex } from '../base/bytes.ts'
import { isInsecure } from '../chain/params.ts'
import { chainIdOf } from '../chain/spec.ts'
import { peerNameOf } from '../net/identity.ts'
import type { FinalBytes } from '../node/agreement-driver.ts'
import { createNodeEngine, type NodeEngine } from '../node/engine.ts'
import { exampleValidatorConfig } from '../node/validator-config.ts'
import { readValidatorFiles, Validator, type ValidatorFiles } from '../node/validator.ts'
import { StoreError } from '../store/store-error.ts'
import { parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT, type ExitName } from './exit-codes.ts'

const STOP_TIMEOUT_MS = 8000

const DEFINITION: CommandDefinition = {
  name: 'validator',
  summary:
    'Runs one validator, or a full node without stake, as FILE says. Ctrl-C stops it; the same command goes on from its\n' +
    'store. Two processes with the same keys sign twice and lose their stake: run one.',
  flags: {
    config: { kind: 'text', value: 'FILE', help: 'the configuration; --example explains every option' },
    example: { kind: 'switch', help: 'print an explained configuration and end' },
    'new-keys': { kind: 'text', value: 'FILE', help: 'make new secret keys in FILE, which must not exist, and end' },
    check: { kind: 'switch', help: 'read the configuration and the files that it names, and end' },
    'trust-own-store': {
      kind: 'switch',
      help: 'go on from a store older than the trust period: only when the whole network was stopped',
    },
  },
  epilogue: 'docs/validator.md says how to operate one.',
}

export async function validatorCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const file = line.text('config')
  const keysFile = line.text('new-keys')
  const asked = [line.has('example'), keysFile !== undefined, file !== undefined].filter(Boolean).length
  if (asked !== 1) throw usage(DEFINITION, 'give one of --config FILE, --example and --new-keys FILE')
  if (line.has('example')) {
    process.stdout.write(exampleValidatorConfig())
    return EXIT.ok
  }
  if (keysFile !== undefined) return newKeys(keysFile, line)
  const files = await readValidatorFiles(resolve(file!))
  if (line.has('check')) return describe(files, line)
  return new ValidatorRun(line, files, await createNodeEngine()).run()
}

async function newKeys(path: string, line: CommandLine): Promise<number> {
  const { signer } = await createNodeEngine()
  const seed = new Uint8Array(randomBytes(32))
  const blsSecret = signer.secretKeyFrom(randomBytes(32))
  const keys = { seed: toHex(seed), blsSecrets: [toHex(blsSecret)] }
  try {
    await writeFile(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const what = code === 'EEXIST' ? 'is there already: name another file' : `cannot be written (${code})`
    throw new CliError('input', `${path} ${what}`)
  }
  const peer = await peerNameOf(seed)
  const facts = { event: 'keys', file: path, peer, blsPk: toHex(signer.publicKey(blsSecret)) }
  say(line, facts, `${path} holds new keys: PeerId ${peer}, BLS key ${facts.blsPk}`)
  return EXIT.ok
}

async function describe({ config, spec, keys }: ValidatorFiles, line: CommandLine): Promise<number> {
  const { kernels } = await createNodeEngine()
  const facts = {
    ...{ event: 'checked', chain: spec.name, chainId: toHex(chainIdOf(kernels, spec)) },
    ...{ peer: await peerNameOf(keys.seed), stakes: keys.blsSecrets.length, data: config.data },
  }
  say(
    line,
    facts,
    `chain "${facts.chain}" ${facts.chainId}, PeerId ${facts.peer}, ${facts.stakes} BLS keys, data in ${facts.data}`,
  )
  return EXIT.ok
}

const say = (line: CommandLine, event: Readonly<Record<string, unknown>>, text: string): void =>
  void process.stdout.write(line.has('json') ? `${JSON.stringify(event)}\n` : `${text}\n`)

class ValidatorRun {
  readonly #line: CommandLine
  readonly #files: ValidatorFiles
  readonly #engine: NodeEngine
  #validator: Validator | undefined
  #finish: (code: number) => void = () => undefined

  constructor(line: CommandLine, files: ValidatorFiles, engine: NodeEngine) {
    this.#line = line
    this.#files = files
    this.#engine = engine
  }

  /** Until a signal, a failure, or the end of the supervisor that started this process. */
  async run(): Promise<number> {
    const ended = new Promise<number>((finish) => (this.#finish = finish))
    const interrupt = (): void => this.#interrupt()
    process.on('SIGINT', interrupt)
    process.on('SIGTERM', interrupt)
    // A supervisor opens an IPC channel; when it dies, whatever way, its validators stop.
    process.once('disconnect', interrupt)
    try {
      await this.#start()
      return await ended
    } catch (error) {
      throw explained(error)
    } finally {
      await this.#validator?.stop()
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
      process.off('disconnect', interrupt)
      if (process.connected) process.disconnect()
      say(this.#line, { event: 'stopped' }, 'stopped; the chain is kept')
    }
  }

  async #start(): Promise<void> {
    const { config, spec } = this.#files
    say(this.#line, { event: 'starting', data: config.data }, `starting in ${config.data} …`)
    this.#validator = await Validator.start({
      ...{ ...this.#files, engine: this.#engine, trustsOwnStore: this.#line.has('trust-own-store') },
      log: { log: (level, message, fields) => this.#log(level, message, fields) },
      onFinal: (final) => this.#onFinal(final),
      onFailure: (error) => this.#onFailure(error),
    })
    const { node, monitor } = this.#validator
    const { height } = node.ledger.header
    const facts = {
      ...{ event: 'ready', height: Number(height), hash: toHex(node.ledger.hash), addresses: node.addresses },
      ...(monitor === undefined ? {} : { monitor: `http://127.0.0.1:${monitor.port}` }),
    }
    const notes = [
      `ready at height ${height}`,
      ...node.addresses.map((address) => `  ${address}`),
      ...(monitor === undefined ? [] : [`  http://127.0.0.1:${monitor.port}/metrics and /health`]),
      ...(isInsecure(spec.params)
        ? [`Not secure: (f, F) = (${spec.params.f}, ${spec.params.F}) is for trying out.`]
        : []),
    ]
    say(this.#line, facts, notes.join('\n'))
  }

  #onFinal({ block, hash, cert }: FinalBytes): void {
    const { height } = block.header
    const transactions = block.body.transactions.length
    const facts = { height: Number(height), hash: toHex(hash), round: cert.round, transactions }
    if (this.#files.config.logLevel === 'debug' || this.#line.has('json'))
      say(this.#line, { event: 'block', ...facts }, `block ${height}  round ${cert.round}  ${transactions} tx`)
  }

  #onFailure(error: unknown): void {
    const { message } = error instanceof Error ? error : { message: String(error) }
    this.#log('error', `stopping, nothing is signed any more: ${message}`)
    this.#finish(EXIT[exitOf(error)])
  }

  #interrupt(): void {
    this.#finish(EXIT.ok)
    setTimeout(() => process.exit(EXIT.interrupted), STOP_TIMEOUT_MS).unref()
  }

  #log(level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const shown = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]))
    const text = Object.entries(shown).map(([key, value]) => ` ${key}=${value}`)
    say(this.#line, { event: 'log', level, message, ...shown }, `${level}: ${message}${text.join('')}`)
  }
}

const exitOf = (error: unknown): ExitName => (error instanceof StoreError ? 'store' : 'bug')

function explained(error: unknown): unknown {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || name === 'UnsupportedListenAddressesError')
    return new CliError(
      'environment',
      `an address to listen on is in use or cannot be had (${message.split('\n', 1)[0]}): stop the program that has it, or change "listen" or "monitorPort"`,
      { cause: error },
    )
  return error
}
