/**
 * Check `joining`: on a devnet with short epochs a stranger's wallet stakes, is drawn three epochs later, its validator
 * process follows, signs, is killed and catches up; it unstakes, is drawn no more, and gets the money back after unbonding.
 *
 * Everything runs as users run it: commands in processes of their own. What is measured is read from final blocks and their
 * certificates by a full node of this process, which verifies all of them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bitAt, toHex } from '../../src/base/bytes.ts'
import { epochOf, firstHeightOf, unbondingEpochs, type ChainParams } from '../../src/chain/params.ts'
import { chainIdOf, parseChainSpec } from '../../src/chain/spec.ts'
import { committeeOf, genesisLedger, type Ledger } from '../../src/ledger/ledger.ts'
import { createNodeEngine } from '../../src/node/engine.ts'
import { Execution } from '../../src/node/execution.ts'
import { FullNode } from '../../src/node/node.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const BUILT = 'dist/cli/main.js'
/** The built command where there is one, which starts in half the time. */
const CLI = existsSync(BUILT) ? [BUILT] : ['--import', 'tsx', 'src/cli/main.ts']
const COMMAND_TIMEOUT_MS = 180_000
const WAIT_TIMEOUT_MS = 400_000
/** A client may be so many times as far behind as a command takes to start. */
const TRUST_STARTS = 10
const TRUST_S_MAX = 60

interface Extent {
  readonly validators: number
  readonly blockTimeMs: number
  /** At least; unbonding takes one and a half of it. */
  readonly trustS: number
  /** Blocks that the others make at least while the stranger is dead. */
  readonly absentBlocks: number
  /** Epochs that it stays after it has come back. */
  readonly stayEpochs: number
}

const SHORT: Extent = { validators: 3, blockTimeMs: 750, trustS: 15, absentBlocks: 4, stayEpochs: 0 }
const FULL: Extent = { validators: 4, blockTimeMs: 1500, trustS: 45, absentBlocks: 12, stayEpochs: 8 }
/** A trust period so short that unbonding does not take all day is short for a client that starts on a busy machine, too. */
const ATTEMPTS_MAX = 8
/** Undecided (a stale head), and no connection: on a busy machine worth another try. */
const EXIT_AGAIN = [5, 6]
const FUNDS = 400_000_000n
const STAKE = 300_000_000n

interface Event {
  readonly event: string
  readonly [name: string]: unknown
}

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-joining-'))
  const trial = new Trial(folder, full)
  try {
    return { results: await trial.run(), notRun: [] }
  } finally {
    await trial.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

class Trial {
  readonly #folder: string
  readonly #extent: Extent
  readonly #startedMs = performance.now()
  #trustS = 0
  readonly #children: Service[] = []
  #observer: Observer | undefined
  /** Flags that reach the devnet: its spec and its validators. */
  #reach: readonly string[] = []

  constructor(folder: string, full: boolean) {
    this.#folder = folder
    this.#extent = full ? FULL : SHORT
  }

  async run(): Promise<CheckResult[]> {
    const keys = this.#path('keys.json')
    const askedMs = performance.now()
    const { blsPk } = await this.#ask('validator', '--new-keys', keys)
    // Where a command takes long to start, clients fall behind: they may be so for longer, and unbonding takes longer then.
    const startS = (performance.now() - askedMs) / 1000
    this.#trustS = Math.max(this.#extent.trustS, Math.min(TRUST_S_MAX, Math.ceil(TRUST_STARTS * startS)))
    const { owner } = await this.#ask('wallet', 'new', this.#path('wallet.json'))
    const devnet = this.#service([
      ...['devnet', '--validators', String(this.#extent.validators), '--data', join(this.#folder, 'devnet')],
      ...['--block-time', String(this.#extent.blockTimeMs), '--epoch-length', '2'],
      ...['--trust-period', String(this.#trustS), '--http', '0', '--p2p-port', '0', '--json'],
    ])
    const ready = await devnet.until(({ event }) => event === 'ready', 'the devnet is ready')
    const { spec, tcpPeers } = ready as unknown as { readonly spec: string; readonly tcpPeers: readonly string[] }
    const page = String(ready['page'])
    this.#reach = ['--devnet', page]
    this.#observer = await Observer.open(join(this.#folder, 'observer'), spec, tcpPeers)
    this.#tell('the devnet runs')
    const start = () => this.#startValidator(spec, keys, tcpPeers)
    const validator = start()
    await this.#ask('wallet', 'send', String(owner), String(FUNDS), '--wallet', 'alice', ...this.#reach)
    await validator.until(({ event }) => event === 'block', "the stranger's validator follows")
    this.#tell('the stranger has money and follows')
    return this.#joinAndLeave(String(blsPk), keys, validator, start)
  }

  async #joinAndLeave(blsPk: string, keys: string, validator: Service, start: () => Service): Promise<CheckResult[]> {
    const observer = this.#observer!
    const own = ['--key', this.#path('wallet.json'), ...this.#reach]
    const staked = await this.#ask('wallet', 'stake', String(STAKE), '--validator-keys', keys, ...own)
    this.#tell('it has staked')
    const listed = this.#ask('wallet', 'stakes', ...own)
    await observer.until(() => observer.signedBlocks(blsPk) >= 3, 'the stranger has signed three blocks')
    const firstEpoch = observer.epochsOf(blsPk)[0]!
    this.#tell('it has signed')
    const early = await listed
    const [cube, absence] = await Promise.all([
      this.#ask('cube', ...this.#reach),
      this.#dieAndCatchUp(blsPk, validator, start),
    ])
    const unstaked = await this.#ask('wallet', 'unstake', ...own)
    this.#tell('it has given its stake up')
    const tooEarly = await this.#again('wallet', 'withdraw', ...own)
    await observer.until(() => observer.height + 1 >= Number(unstaked['releaseHeight']), 'the unbonding time is over')
    const lastEpoch = observer.epochsOf(blsPk).at(-1)!
    this.#tell('its stake is free')
    const withdrawn = await this.#ask('wallet', 'withdraw', ...own)
    const balance = await this.#ask('wallet', 'balance', ...own)
    this.#tell('it has been paid')
    const fees = BigInt(String(staked['fee'])) + BigInt(String(unstaked['fee'])) + BigInt(String(withdrawn['fee']))
    const { params } = observer
    return [
      measured('firstEpochAfterStake', firstEpoch - Number(staked['epoch']), 'epochs until the first seats', '==', 3),
      measured('listedStakes', (early['stakes'] as unknown[]).length, 'stakes of the account after staking', '==', 1),
      measured('epochsInCommittee', observer.epochsOf(blsPk).length, 'epochs with committee seats', '>=', 3),
      measured(
        'cubeAgrees',
        Number(coreKeys(cube).has(blsPk) === observer.epochsOf(blsPk).includes(Number(cube['epoch']))),
        '1: `stakecube cube` names its key in the committee iff final blocks do',
        '==',
        1,
      ),
      measured('signedBlocks', observer.signedBlocks(blsPk), 'final blocks with its signature', '>=', 3),
      ...absence,
      measured('lastEpochAfterUnstake', lastEpoch - Number(unstaked['epoch']), 'epochs until the last seats', '<=', 2),
      measured(
        'releaseEpochs',
        Number(unstaked['releaseEpoch']) - Number(unstaked['epoch']),
        'epochs until the money is free',
        '==',
        3 + unbondingEpochs(params),
      ),
      measured(
        'withdrawTooEarly',
        tooEarly.complaints.includes('is free from epoch') ? (tooEarly.code ?? -1) : -1,
        'exit code (5: not yet, and since when)',
        '==',
        5,
      ),
      measured(
        'withdrawnAfter',
        Number(withdrawn['height']) - Number(firstHeightOf(Number(unstaked['releaseEpoch']), params)),
        'blocks after the first of the release epoch',
        '>=',
        0,
      ),
      measured('bound', Number(balance['bound']), 'micro-units still bound', '==', 0),
      measured(
        'rewards',
        Number(BigInt(String(balance['spendable'])) - FUNDS + fees),
        'micro-units more than it began with, fees apart',
        '>',
        0,
      ),
      noted(
        'extent',
        {
          height: observer.height,
          epochs: observer.epoch,
          ...this.#extent,
          trustS: this.#trustS,
          program: CLI.at(-1),
        },
        '',
      ),
    ]
  }

  /** kill -9 in a committee; the others go on; it comes back, fetches what it missed and signs again. */
  async #dieAndCatchUp(blsPk: string, validator: Service, start: () => Service): Promise<CheckResult[]> {
    const observer = this.#observer!
    await validator.end('SIGKILL')
    const killedAt = observer.height
    const { absentBlocks, stayEpochs } = this.#extent
    await observer.until(() => observer.height >= killedAt + absentBlocks, 'the others go on without the stranger')
    this.#tell('it was dead while the others went on')
    const [signedBefore, missed] = [observer.signedBlocks(blsPk), observer.height - killedAt]
    const back = await start().until(
      (event) => event.event === 'block' && Number(event['height']) > killedAt + absentBlocks,
      'the stranger catches up',
    )
    await observer.until(() => observer.signedBlocks(blsPk) >= signedBefore + 3, 'the stranger signs again')
    this.#tell('it has caught up and signed again')
    const stayUntil = observer.epoch + stayEpochs
    await observer.until(() => observer.epoch >= stayUntil, 'the stranger stays for a while')
    return [
      measured('missedBlocks', missed, 'blocks while it was dead', '>=', absentBlocks),
      measured('caughtUpTo', Number(back['height']) - killedAt, 'blocks beyond the kill', '>', absentBlocks),
      measured('signedAfterwards', observer.signedBlocks(blsPk) - signedBefore, 'final blocks', '>=', 3),
    ]
  }

  /** On stderr: how long what took. */
  #tell(what: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1)
    process.stderr.write(`joining: ${seconds} s, height ${this.#observer?.height ?? 0}: ${what}\n`)
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }

  #startValidator(spec: string, keys: string, peers: readonly string[]): Service {
    const file = this.#path('validator.json')
    const config = { chainSpec: spec, data: this.#path('stranger'), keys, listen: ['/ip4/127.0.0.1/tcp/0'], peers }
    writeFileSync(file, JSON.stringify({ ...config, fullyConnected: true }))
    return this.#service(['validator', '--config', file, '--trust-own-store', '--json'])
  }

  #service(args: readonly string[]): Service {
    const service = new Service(args)
    this.#children.push(service)
    return service
  }

  /** A command that must end well: the last object that it prints. */
  async #ask(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const { code, answer, complaints } = await this.#again(...args)
    if (code !== 0) throw new Error(`stakecube ${args.slice(0, 2).join(' ')} ended with ${code}: ${complaints}`)
    return answer
  }

  /** Until it was not kept from it by a busy machine. What may have been sent is not asked for twice: it would be paid twice. */
  async #again(...args: readonly string[]) {
    let attempt = await this.#try(...args)
    const isFinal = ({ complaints }: typeof attempt) => /what was sent|is free from epoch/.test(complaints)
    for (let count = 1; EXIT_AGAIN.includes(attempt.code ?? 0) && !isFinal(attempt) && count < ATTEMPTS_MAX; count++)
      attempt = await this.#try(...args)
    return attempt
  }

  async #try(...args: readonly string[]) {
    const service = this.#service([...args, '--json'])
    const code = await service.ended(COMMAND_TIMEOUT_MS)
    return { code, answer: service.last, complaints: service.complaints }
  }

  async stop(): Promise<void> {
    await this.#observer?.close()
    for (const child of this.#children.toReversed()) await child.end('SIGINT')
  }
}

/** A command in a process of its own, and what it says on standard output: one JSON object a line. */
class Service {
  readonly #child: ChildProcess
  readonly #args: readonly string[]
  readonly #heard: Event[] = []
  readonly #exited: Promise<number | null>
  #ring: () => void = () => undefined
  complaints = ''

  constructor(args: readonly string[]) {
    this.#args = args
    this.#child = spawn(process.execPath, [...CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null)
    void this.#exited.then(() => this.#ring())
    this.#child.stderr!.on(
      'data',
      (chunk: Buffer) => (this.complaints = (this.complaints + chunk.toString()).slice(-2000)),
    )
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#hear(line))
  }

  #hear(line: string): void {
    try {
      this.#heard.push(JSON.parse(line) as Event)
    } catch {
      return
    }
    this.#ring()
  }

  get last(): Readonly<Record<string, unknown>> {
    return this.#heard.at(-1) ?? {}
  }

  /** The first event, from now on or before, that `isIt`. */
  async until(isIt: (event: Event) => boolean, what: string): Promise<Event> {
    const deadline = timeout(WAIT_TIMEOUT_MS)
    for (let index = 0; ;) {
      for (; index < this.#heard.length; index++) if (isIt(this.#heard[index]!)) return this.#heard[index]!
      const rung = new Promise<'rung'>((resolve) => (this.#ring = () => resolve('rung')))
      const { exitCode, signalCode } = this.#child
      if (exitCode !== null || signalCode !== null || (await Promise.race([rung, deadline])) === 'late')
        throw new Error(
          `not so: ${what}; stakecube ${this.#args[0]} said ${this.complaints || 'nothing'} (exit ${exitCode})`,
        )
    }
  }

  async ended(limitMs: number): Promise<number | null> {
    const code = await Promise.race([this.#exited, timeout(limitMs)])
    if (code !== 'late') return code
    await this.end('SIGKILL')
    return null
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
    if ((await Promise.race([this.#exited, timeout(15_000)])) === 'late') this.#child.kill('SIGKILL')
  }
}

function timeout(ms: number): Promise<'late'> {
  return new Promise((resolve) => setTimeout(() => resolve('late'), ms).unref())
}

/** A full node without stake that follows the devnet and remembers who sat in committees and who signed. */
class Observer {
  readonly params: ChainParams
  readonly #node: FullNode
  /** BLS keys in hex with a seat in an epoch's committee. */
  readonly #members: ReadonlyMap<number, ReadonlySet<string>>
  /** By BLS key in hex: final blocks whose certificate has one of its bits. */
  readonly #signed: ReadonlyMap<string, number>
  readonly #bell: Bell

  private constructor(node: FullNode, params: ChainParams, seen: Seen) {
    this.#node = node
    this.params = params
    this.#members = seen.members
    this.#signed = seen.signed
    this.#bell = seen.bell
  }

  static async open(folder: string, specFile: string, peers: readonly string[]): Promise<Observer> {
    const engine = await createNodeEngine()
    const spec = parseChainSpec(readFileSync(specFile, 'utf8'))
    if (spec.kind === 'rejected') throw new Error(`the devnet's spec is rejected: ${spec.code}`)
    const { params } = spec.value
    const chain = { params, chainId: chainIdOf(engine.kernels, spec.value) }
    const seen: Seen = { members: new Map(), signed: new Map(), bell: new Bell() }
    let node: FullNode | undefined
    node = await FullNode.open({
      ...{ engine, execution: new Execution(engine, chain), genesis: genesisLedger(engine, spec.value), folder, peers },
      ...{ seed: crypto.getRandomValues(new Uint8Array(32)), secretKeys: [], listen: [], trustsOwnStore: true },
      ...{ isFullyConnected: true, log: { log: () => undefined } },
      onFinal: ({ block, cert }) => note(seen, params, node?.ledger, Number(block.header.height), cert.bitmap),
    })
    node.begin()
    return new Observer(node, params, seen)
  }

  get height(): number {
    return Number(this.#node.ledger.header.height)
  }

  get epoch(): number {
    return epochOf(this.#node.ledger.header.height, this.params)
  }

  /** Epochs in whose committee the key has a seat, ascending. */
  epochsOf(blsPk: string): number[] {
    return [...this.#members].flatMap(([epoch, keys]) => (keys.has(blsPk) ? [epoch] : [])).sort((a, b) => a - b)
  }

  signedBlocks(blsPk: string): number {
    return this.#signed.get(blsPk) ?? 0
  }

  async until(isDone: () => boolean, what: string): Promise<void> {
    const deadline = timeout(WAIT_TIMEOUT_MS)
    while (!isDone())
      if ((await Promise.race([this.#bell.next(), deadline])) === 'late')
        throw new Error(`not so at height ${this.height}: ${what}`)
  }

  close(): Promise<void> {
    return this.#node.stop()
  }
}

interface Seen {
  readonly members: Map<number, Set<string>>
  readonly signed: Map<string, number>
  readonly bell: Bell
}

class Bell {
  #waiting: (() => void)[] = []

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Hex of the BLS keys that the JSON of `stakecube cube` names. */
function coreKeys(cube: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const { shards } = cube as { readonly shards: readonly { readonly members: readonly { blsPk: string }[] | null }[] }
  return new Set(shards.flatMap(({ members }) => (members ?? []).map(({ blsPk }) => blsPk)))
}

/** The committee of the block's epoch as the ledger after it has it, and whose bits its certificate has. */
function note(seen: Seen, params: ChainParams, ledger: Ledger | undefined, height: number, bitmap: Uint8Array): void {
  const epoch = epochOf(BigInt(height), params)
  const committee = ledger === undefined ? undefined : committeeOf(ledger, epoch)
  if (committee !== undefined) {
    const keys = committee.seatKeys.map(({ bytes }) => toHex(bytes))
    seen.members.set(epoch, new Set(keys))
    const signers = new Set(keys.filter((_, seat) => bitAt(bitmap, seat) === 1))
    for (const key of signers) seen.signed.set(key, (seen.signed.get(key) ?? 0) + 1)
  }
  seen.bell.ring()
}
