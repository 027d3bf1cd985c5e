/** `stakecube devnet`: a network of validators on this machine, with ready-made wallets, the page, and traffic if wanted. */
import { existsSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toHex } from '../base/bytes.ts'
import { isInsecure } from '../chain/params.ts'
import type { Hash32 } from '../base/brand.ts'
import { chainIdOf, formatChainSpec } from '../chain/spec.ts'
import { ed25519PublicKey } from '../crypto/ed25519.ts'
import { ownerOf } from '../crypto/keys.ts'
import { findBusyPort, type PortUse } from '../net/ports-free.ts'
import {
  DevnetConfigError,
  hasDevnet,
  loadDevnet,
  makeDevnet,
  saveDevnet,
  TRAFFIC_WALLET,
  type DevnetConfig,
} from '../node/devnet-config.ts'
import { Devnet, portsOf } from '../node/devnet.ts'
import { ProcessDevnet } from '../node/process-devnet.ts'
import { createNodeEngine, type NodeEngine } from '../node/engine.ts'
import { startPageServer, type PageServer } from '../node/page-server.ts'
import {
  factsOf,
  runningInProcesses,
  runningTogether,
  startObserver,
  type BlockFacts,
  type RunningDevnet,
} from '../node/running-devnet.ts'
import { Traffic } from '../node/traffic.ts'
import type { Log } from '../ports/index.ts'
import { StoreError } from '../store/store-error.ts'
import { parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'

const DEFAULT_FOLDER = '.stakecube/devnet'
const DEFAULT_VALIDATORS = 8
const DEFAULT_HTTP_PORT = 8080
const DEFAULT_P2P_PORT = 4100
const STOP_TIMEOUT_MS = 8000
const HOST = '127.0.0.1'

const DEFINITION: CommandDefinition = {
  name: 'devnet',
  summary:
    'Runs a network of validators in this process, or with --processes in one for each, with wallets full of play money\n' +
    'and the web page. Goes on from where it stopped; Ctrl-C stops it. A devnet is for trying things out: its committees are small and its keys are public.',
  flags: {
    validators: {
      kind: 'number',
      value: 'N',
      low: 1,
      high: 64,
      help: `validators with equal stake (${DEFAULT_VALIDATORS})`,
    },
    data: { kind: 'text', value: 'DIR', help: `where chain and keys are kept (${DEFAULT_FOLDER})` },
    http: {
      kind: 'number',
      value: 'PORT',
      low: 0,
      high: 65_535,
      help: `port of the page; 0 takes any (${DEFAULT_HTTP_PORT})`,
    },
    'p2p-port': {
      kind: 'number',
      value: 'BASE',
      low: 0,
      high: 65_343,
      help: `first of three ports for each validator; 0 takes any (${DEFAULT_P2P_PORT})`,
    },
    traffic: { kind: 'number', value: 'TPS', low: 0, high: 1000, fraction: true, help: 'payments per second (0)' },
    'block-time': { kind: 'number', value: 'MS', low: 50, high: 600_000, help: 'least time between blocks (1000)' },
    'epoch-length': { kind: 'number', value: 'N', low: 1, high: 100_000, help: 'blocks in an epoch (16)' },
    'trust-period': {
      kind: 'number',
      value: 'S',
      low: 1,
      high: 315_360_000,
      help: 'trust period in seconds (14 days)',
    },
    dead: { kind: 'text', value: 'I', many: true, help: 'leave validator I out, as if it were dead; may be repeated' },
    processes: { kind: 'switch', help: 'each validator in a process of its own; one that dies is started again' },
    'no-restart': { kind: 'switch', help: 'with --processes: a validator that dies stays dead' },
    blocks: { kind: 'number', value: 'N', low: 1, high: 1_000_000_000, help: 'stop by itself after N new blocks' },
    reset: { kind: 'switch', help: 'forget the devnet in DIR and start a new one' },
  },
}

export async function devnetCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  if (line.has('no-restart') && !line.has('processes')) throw usage(DEFINITION, '--no-restart needs --processes')
  const folder = resolve(line.text('data') ?? DEFAULT_FOLDER)
  if (line.has('reset')) await forget(folder)
  const engine = await createNodeEngine()
  const config = await configFor(line, folder, engine)
  await checkPorts(line, config)
  return new DevnetRun(line, folder, engine, config).run()
}

/** Deletes what a devnet put into `folder`, and nothing else. */
async function forget(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  const ours = (await readdir(folder)).filter((name) =>
    /^(chain\.json|devnet-keys\.json|devnet\.json|validator-\d+|observer)$/.test(name),
  )
  for (const name of ours) await rm(join(folder, name), { recursive: true, force: true })
}

async function configFor(line: CommandLine, folder: string, engine: NodeEngine): Promise<DevnetConfig> {
  try {
    if (!hasDevnet(folder)) return await newConfig(line, folder, engine)
    const config = await loadDevnet(folder)
    checkAgainstFlags(line, folder, config)
    return config
  } catch (error) {
    if (error instanceof DevnetConfigError) throw new CliError('input', error.message, { cause: error })
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || error instanceof CliError) throw error
    throw new CliError('environment', `cannot write to ${folder} (${code}): name another folder with --data DIR`)
  }
}

async function newConfig(line: CommandLine, folder: string, engine: NodeEngine): Promise<DevnetConfig> {
  const blockTimeMs = line.number('block-time')
  const epochLength = line.number('epoch-length')
  const trustPeriodS = line.number('trust-period')
  const config = makeDevnet(engine, line.number('validators') ?? DEFAULT_VALIDATORS, Date.now(), {
    ...(blockTimeMs === undefined ? {} : { blockTimeMs }),
    ...(epochLength === undefined ? {} : { epochLength }),
    ...(trustPeriodS === undefined ? {} : { trustPeriodMs: 1000 * trustPeriodS }),
  })
  await saveDevnet(folder, config)
  return config
}

/** A flag that the chain on disk contradicts would be ignored; say so instead. */
function checkAgainstFlags(line: CommandLine, folder: string, { spec, validators }: DevnetConfig): void {
  const fixed = [
    ['validators', validators.length],
    ['block-time', spec.params.blockTimeMs],
    ['epoch-length', spec.params.epochLength],
    ['trust-period', spec.params.trustPeriodMs / 1000],
  ] as const
  for (const [flag, stored] of fixed) {
    const asked = line.number(flag)
    if (asked !== undefined && asked !== stored)
      throw usage(
        DEFINITION,
        `the devnet in ${folder} has --${flag} ${stored}, not ${asked}: add --reset to start a new one, or name another folder with --data`,
      )
  }
}

async function checkPorts(line: CommandLine, { validators }: DevnetConfig): Promise<void> {
  const base = line.number('p2p-port') ?? DEFAULT_P2P_PORT
  const http = line.number('http') ?? DEFAULT_HTTP_PORT
  const uses: PortUse[] = http === 0 ? [] : [{ protocol: 'tcp', host: HOST, port: http }]
  for (const index of base === 0 ? [] : validators.keys()) {
    const { tcp, ws, monitor } = portsOf(base, index)
    for (const port of line.has('processes') ? [tcp, ws, monitor] : [tcp, ws])
      uses.push({ protocol: 'tcp', host: HOST, port })
    uses.push({ protocol: 'udp', host: HOST, port: tcp })
  }
  const busy = await findBusyPort(uses)
  if (busy === undefined) return
  const flag = busy.port === http && busy.protocol === 'tcp' ? '--http' : '--p2p-port'
  const reason = busy.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${busy.code})`
  throw new CliError(
    'environment',
    `port ${busy.port} (${busy.protocol}) ${reason}: stop that program, or choose another with ${flag}`,
  )
}

class DevnetRun {
  readonly #line: CommandLine
  readonly #folder: string
  readonly #engine: NodeEngine
  readonly #config: DevnetConfig
  readonly #isJson: boolean
  #devnet: RunningDevnet | undefined
  #page: PageServer | undefined
  #traffic: Traffic | undefined
  #lastMs = performance.now()
  #pairings = 0
  #blocksLeft: number
  #finish: (code: number) => void = () => undefined

  constructor(line: CommandLine, folder: string, engine: NodeEngine, config: DevnetConfig) {
    this.#line = line
    this.#folder = folder
    this.#engine = engine
    this.#config = config
    this.#isJson = line.has('json')
    this.#blocksLeft = line.number('blocks') ?? Infinity
  }

  /** Until Ctrl-C, the last block asked for, or a failure. Everything is stopped when it resolves. */
  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => (this.#finish = resolve))
    const interrupt = (): void => this.#interrupt()
    process.on('SIGINT', interrupt)
    process.on('SIGTERM', interrupt)
    try {
      await this.#start()
      return await ended
    } catch (error) {
      throw explained(error)
    } finally {
      await this.#stop()
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
      this.#say({ event: 'stopped' }, 'stopped; the chain is kept')
    }
  }

  async #start(): Promise<void> {
    const { validators } = this.#config
    this.#say(
      { event: 'starting', validators: validators.length, folder: this.#folder },
      `starting ${validators.length} validators in ${shown(this.#folder)} …`,
    )
    const dead = this.#dead()
    this.#devnet = await (this.#line.has('processes') ? this.#startProcesses(dead) : this.#startTogether(dead))
    this.#page = await startPageServer({
      port: this.#line.number('http') ?? DEFAULT_HTTP_PORT,
      folder: fileURLToPath(new URL('../../dist/web', import.meta.url)),
      devnetJson: () => JSON.stringify(this.#description(), undefined, 2),
    })
    this.#startTraffic()
    this.#announce()
  }

  async #startTogether(dead: readonly number[]): Promise<RunningDevnet> {
    const devnet = await Devnet.start({
      ...{ engine: this.#engine, config: this.#config, folder: this.#folder, host: HOST, dead, log: this.#logPort },
      portBase: this.#line.number('p2p-port') ?? DEFAULT_P2P_PORT,
      onFinal: (final) => this.#onFinal(factsOf(final)),
      onFailure: (error) => this.#onFailure(error),
    })
    return runningTogether(devnet)
  }

  async #startProcesses(dead: readonly number[]): Promise<RunningDevnet> {
    let highest = 0
    const devnet = await ProcessDevnet.start({
      ...{ config: this.#config, folder: this.#folder, dead, log: this.#logPort },
      portBase: this.#line.number('p2p-port') ?? DEFAULT_P2P_PORT,
      command: [...process.execArgv, process.argv[1]!],
      restarts: !this.#line.has('no-restart'),
      onFinal: (final) => {
        if (final.height <= highest) return
        highest = final.height
        this.#onFinal(final)
      },
    })
    const observer = { engine: this.#engine, config: this.#config, folder: this.#folder, log: this.#logPort }
    return runningInProcesses(devnet, this.#hasTraffic ? await startObserver(devnet, observer) : undefined)
  }

  get #hasTraffic(): boolean {
    return (this.#line.number('traffic') ?? 0) > 0
  }

  get #logPort(): Log {
    return { log: (level, message, fields) => this.#log(level, message, fields) }
  }

  #dead(): number[] {
    const { validators } = this.#config
    const dead = this.#line.texts('dead').map((text) => {
      const index = Number(text)
      if (!Number.isInteger(index) || index < 0 || index >= validators.length)
        throw usage(DEFINITION, `--dead must be a validator from 0 to ${validators.length - 1}, got "${text}"`)
      return index
    })
    if (new Set(dead).size === validators.length)
      throw usage(DEFINITION, `--dead leaves none of the ${validators.length} validators: leave one out of --dead`)
    return dead
  }

  #startTraffic(): void {
    const transactionsPerSecond = this.#line.number('traffic') ?? 0
    const wallet = this.#config.wallets.find(({ name }) => name === TRAFFIC_WALLET)
    if (transactionsPerSecond === 0 || wallet === undefined) return
    const nodes = this.#devnet!.trafficNodes
    const chain = { params: this.#config.spec.params, chainId: this.#chainId }
    this.#traffic = new Traffic({
      ...{ kernels: this.#engine.kernels, chain, secretKey: wallet.secretKey, transactionsPerSecond, nodes },
    })
    this.#traffic.start()
  }

  /** What /devnet.json says: the contract with the page and with tools. */
  #description() {
    const { kernels } = this.#engine
    const { addresses, checkpoint } = this.#devnet!
    return {
      chainSpec: JSON.parse(formatChainSpec(this.#config.spec)) as unknown,
      checkpoint,
      peers: addresses.filter((address) => address.includes('/webrtc-direct/')),
      wsPeers: addresses.filter((address) => address.includes('/ws/')),
      tcpPeers: addresses.filter((address) => /\/tcp\/\d+\/p2p\//.test(address)),
      wallets: this.#config.wallets.map(({ name, secretKey }) => ({
        ...{ name, secretKeyHex: toHex(secretKey) },
        owner: toHex(ownerOf(kernels, ed25519PublicKey(secretKey))),
      })),
    }
  }

  get #chainId(): Hash32 {
    return chainIdOf(this.#engine.kernels, this.#config.spec)
  }

  #announce(): void {
    const description = this.#description()
    // The same description beside the chain, so that --devnet takes the data folder too, also when nothing runs.
    writeFileSync(join(this.#folder, 'devnet.json'), JSON.stringify(description, undefined, 2), { mode: 0o600 })
    const page = `http://localhost:${this.#page!.port}/`
    const specFile = join(this.#folder, 'chain.json')
    const light = `stakecube light --spec ${shown(specFile)} --checkpoint ${description.checkpoint} --peer ${description.tcpPeers[0]!}`
    const { params } = this.#config.spec
    this.#say(
      {
        ...{ event: 'ready', page, checkpoint: description.checkpoint, spec: specFile, light },
        ...{ peers: description.peers, wsPeers: description.wsPeers, tcpPeers: description.tcpPeers },
        chainId: toHex(this.#chainId),
        ...(this.#devnet!.monitors.length === 0 ? {} : { monitors: this.#devnet!.monitors }),
      },
      [
        '',
        `  page         ${page}`,
        `  checkpoint   ${description.checkpoint}`,
        `  follow it    ${commandPrefix()}${light.slice('stakecube'.length)}`,
        `  over webrtc  the same with --peer ${description.peers[0] ?? '(no webrtc-direct)'}`,
        `  wallets      ${this.#config.wallets.map(({ name }) => name).join(', ')} (keys in ${shown(join(this.#folder, 'devnet-keys.json'))}, and on the page)`,
        ...this.#devnet!.monitors.slice(0, 1).map(
          (url) => `  metrics      ${url}/metrics, and so on for each validator`,
        ),
        `  stop         Ctrl-C; the same command goes on from the stored chain`,
        ...(isInsecure(params)
          ? ['', `  Not secure: (f, F) = (${params.f}, ${params.F}) is for trying things out.`]
          : []),
        '',
      ].join('\n'),
    )
  }

  #onFinal({ height, round, transactions }: BlockFacts): void {
    const nowMs = performance.now()
    const facts = {
      ...{ height, round, transactions, sinceLastMs: Math.round(nowMs - this.#lastMs) },
      // Validators in other processes count their own: /metrics.
      ...(this.#line.has('processes') ? {} : { pairings: this.#engine.bls.pairingCount - this.#pairings }),
    }
    this.#lastMs = nowMs
    this.#pairings = this.#engine.bls.pairingCount
    this.#say(
      { event: 'block', ...facts },
      `block ${facts.height}  round ${facts.round}  ${facts.transactions} tx  ${facts.sinceLastMs} ms${'pairings' in facts ? `  ${facts.pairings} pairings` : ''}`,
    )
    if (--this.#blocksLeft <= 0) this.#finish(EXIT.ok)
  }

  #onFailure(error: unknown): void {
    const { message } = error instanceof Error ? error : { message: String(error) }
    this.#log('error', `a validator stopped: ${message}`)
    this.#finish(error instanceof StoreError ? EXIT.store : EXIT.bug)
  }

  #interrupt(): void {
    this.#finish(EXIT.ok)
    // Whatever hangs must not hold a person's terminal; a second Ctrl-C does not wait at all.
    setTimeout(() => process.exit(EXIT.interrupted), STOP_TIMEOUT_MS).unref()
    process.once('SIGINT', () => process.exit(EXIT.interrupted))
  }

  async #stop(): Promise<void> {
    this.#traffic?.stop()
    await Promise.all([this.#page?.stop(), this.#devnet?.stop()])
  }

  #log(level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (level === 'debug') return
    const shownFields = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]))
    const text = Object.entries(shownFields).map(([key, value]) => ` ${key}=${value}`)
    this.#say({ event: 'log', level, message, ...shownFields }, `${level}: ${message}${text.join('')}`)
  }

  #say(event: Readonly<Record<string, unknown>>, text: string): void {
    process.stdout.write(this.#isJson ? `${JSON.stringify(event)}\n` : `${text}\n`)
  }
}

/** How this program was started, so that the printed line works when pasted. */
function commandPrefix(): string {
  const script = process.argv[1] ?? ''
  return script.endsWith('.js') || script.endsWith('.ts') ? `node ${shown(script)}` : 'stakecube'
}

/** A path as short as it can be from here. */
function shown(path: string): string {
  const near = relative(process.cwd(), path)
  return near === '' ? '.' : near.startsWith('..') ? path : near
}

function explained(error: unknown): unknown {
  if (error instanceof CliError) return error
  const { code, name, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || name === 'UnsupportedListenAddressesError')
    return new CliError(
      'environment',
      'a port of a validator is in use: stop the program that has it, or choose others with --p2p-port and --http',
      { cause: error },
    )
  if (error instanceof StoreError) return new CliError('store', message, { cause: error })
  return error
}
