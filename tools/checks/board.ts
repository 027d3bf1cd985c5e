/**
 * Check `board`: the edge file on the emulated board, and on this machine beside it, against a live devnet on this machine.
 *
 * On each the product is installed by packaging/install.sh and started by its wrapper, and bare Node's memory is taken with the
 * wrapper's own flags and environment. Then a first start from genesis, with the CPU time of its hops; following (30 minutes in the full
 * form), with CPU time for each header, heap, resident memory, bytes on the network and bytes written; and power cuts: SIGKILL
 * at a seeded moment, then a write that was torn at a seeded byte, put into the store as a cut would leave it. What was
 * reported final is printed, and the next start must begin there or later. Every figure of the board is of an "emulated
 * ARM1176"; what emulation costs shows in the ratios of the two.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Prng } from '../../src/base/prng.ts'
import { chooseSlot, encodePages, PAGE_BYTES, readSlot } from '../../src/store/card-pages.ts'
import {
  BOARD,
  boardMissing,
  HOST,
  Installation,
  type HeadLine,
  type Target,
  type TargetProcess,
} from './board-target.ts'
import { COMMAND, DevnetProcess, type ReadyEvent } from '../devnet-process.ts'
import { countingProxy, type CountingProxy } from './counting-proxy.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const EDGE_FILE = 'dist/edge/stakecube.mjs'
const MB = 1_000_000
const RSS_OVER_NODE_MAX = 24 * MB
/** An SD card of a few dollars bears some terabytes; a gigabyte a day is a thousand days. This is far below. */
const WRITTEN_PER_DAY_MAX = 50 * MB
const DEVNET_READY_MS = 180_000
/** Generous: an emulated board beside other work is slow, and slowness is not what this check is about. */
const HEAD_TIMEOUT_MS = 900_000
const DAY_S = 86_400

interface Plan {
  /** Epochs that the devnet has before the first start: each is one hop. */
  readonly epochs: number
  readonly followS: number
  readonly cuts: number
  readonly bareS: number
}

const FULL: Plan = { epochs: 6, followS: 1800, cuts: 100, bareS: 15 }
const SHORT: Plan = { epochs: 2, followS: 6, cuts: 2, bareS: 2 }
const SHORT_BOARD: Plan = { epochs: 2, followS: 6, cuts: 1, bareS: 6 }

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const missing = boardMissing()
  const targets = missing === undefined ? [BOARD, HOST] : [HOST]
  const outcome = await runOn(targets, seed, full)
  return missing === undefined
    ? outcome
    : { ...outcome, notRun: [...outcome.notRun, `${missing}; only the host was run`] }
}

/** On the targets given. */
export async function runOn(targets: readonly Target[], seed: string, full: boolean): Promise<CheckOutcome> {
  if (!existsSync(EDGE_FILE)) return { results: [], notRun: [`${EDGE_FILE} is not there: run "npm run build" first`] }
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-board-'))
  const devnet = await DevnetProcess.start({
    folder: join(folder, 'devnet'),
    flags: ['--validators', '4'],
    command: existsSync('dist/cli/main.js') ? ['dist/cli/main.js'] : COMMAND,
    readyMs: DEVNET_READY_MS,
  })
  try {
    const planOf = (target: Target) => (full ? FULL : target.isEmulated ? SHORT_BOARD : SHORT)
    const trials = targets.map((target) => {
      const installation = new Installation(target, folder)
      return new Trial(installation, folder, devnet.ready, planOf(target), new Prng(`${seed}/${target.name}`))
    })
    for (const trial of trials) await trial.measureBareNode()
    await devnet.reaches(16 * planOf(targets[0]!).epochs + 2)
    for (const trial of trials) await trial.measureFirstStart()
    // Following and cutting go on side by side; CPU time is each process's own.
    await Promise.all(trials.flatMap((trial) => [trial.follow(), trial.cutPower()]))
    const [first, second] = trials
    const results = trials.flatMap((trial) => trial.results())
    return { results: second === undefined ? results : [...results, ...ratios(first!, second)], notRun: [] }
  } finally {
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

// ── One target ───────────────────────────────────────────────────────────────────────────────────────────────────────

interface Figures {
  nodeVersion: string
  cpuModel: string
  cuts: number
  lostFinal: number
  firstHeadMs: number
  storedHeadMs: number
  rssOverNodeBytes: number
  bareNodeBytes: number
  bareNodeDefaultBytes: number
  wholeProcessBytes: number
  heapBytes: number
  cpuMsPerHeader: number
  cpuMsPerHop: number
  netBytesPerHour: number
  bytesWrittenPerDay: number
  headersFollowed: number
  followedS: number
  contradictions: number
  tornBytes: number
}

class Trial {
  readonly target: Target
  readonly figures: Figures = {
    ...{ nodeVersion: '', cpuModel: '', cuts: 0, lostFinal: 0, firstHeadMs: 0, storedHeadMs: 0 },
    ...{ rssOverNodeBytes: 0, bareNodeBytes: 0, bareNodeDefaultBytes: 0, wholeProcessBytes: 0, heapBytes: 0 },
    ...{ cpuMsPerHeader: 0, cpuMsPerHop: 0 },
    ...{ netBytesPerHour: 0, bytesWrittenPerDay: 0, headersFollowed: 0, followedS: 0, contradictions: 0, tornBytes: 0 },
  }
  /** Of each minute of following: the most over bare Node, and the heap at its end. */
  readonly minutes: { readonly rssOverNodeBytes: number; readonly heapBytes: number }[] = []
  readonly #installation: Installation
  readonly #folder: string
  readonly #devnet: ReadyEvent
  readonly #plan: Plan
  readonly #prng: Prng
  readonly #hashes = new Map<number, string>()

  constructor(installation: Installation, folder: string, devnet: ReadyEvent, plan: Plan, prng: Prng) {
    this.target = installation.target
    this.#installation = installation
    this.#folder = folder
    this.#devnet = devnet
    this.#plan = plan
    this.#prng = prng
  }

  async measureBareNode(): Promise<void> {
    const facts = this.#installation.node(
      true,
      '-p',
      'JSON.stringify({event:"head",height:0,hash:process.version,source:(require("fs").readFileSync("/proc/cpuinfo","utf8").match(/model name\\s*: (.*)/)||[])[1]})',
    )
    await facts.exited
    const [said] = facts.heads
    this.figures.nodeVersion = said?.hash ?? 'unknown'
    this.figures.cpuModel = this.target.isEmulated
      ? `${this.target.title} (qemu-arm -cpu arm1176)`
      : (said?.source ?? '')
    this.figures.bareNodeBytes = await this.#idleNode(true)
    this.figures.bareNodeDefaultBytes = await this.#idleNode(false)
  }

  async #idleNode(isLimited: boolean): Promise<number> {
    const bare = this.#installation.node(isLimited, '-e', 'setInterval(() => {}, 1000)')
    await bare.idle(1000 * this.#plan.bareS)
    const { program } = bare.residentBytes()
    await bare.end('SIGKILL')
    return program
  }

  #start(store: string, peers: readonly string[], flags: readonly string[]): TargetProcess {
    const light = this.#installation.start(
      ...['light', '--json', '--spec', this.#devnet.spec],
      ...['--store', join(this.#folder, `${this.target.name}-${store}`)],
      ...peers.flatMap((peer) => ['--peer', peer]),
      ...flags,
    )
    void light.head((head) => (this.#note(head), false), 2 ** 31 - 1).catch(() => undefined)
    return light
  }

  /** Of one height there must never be two hashes, in any run. */
  #note({ height, hash }: HeadLine): void {
    const known = this.#hashes.get(height)
    if (known !== undefined && known !== hash) this.figures.contradictions++
    this.#hashes.set(height, hash)
  }

  /** From genesis to the head of the chain, at once told: one hop for each epoch. */
  async measureFirstStart(): Promise<void> {
    const light = this.#start('first', this.#devnet.tcpPeers, ['--save-every', '0'])
    try {
      const genesis = await light.head(({ source }) => source === 'genesis', HEAD_TIMEOUT_MS)
      const cpuBefore = light.cpuMs()
      const first = await light.head(({ source }) => isPeer(source), HEAD_TIMEOUT_MS)
      this.figures.firstHeadMs = first.sinceStartMs
      const wanted = Math.floor(16 * this.#plan.epochs)
      const caughtUp = await light.head(({ height }) => height >= wanted, HEAD_TIMEOUT_MS)
      const hops = Math.floor(caughtUp.height / 16) - Math.floor(genesis.height / 16)
      this.figures.cpuMsPerHop = (light.cpuMs() - cpuBefore) / hops
    } finally {
      await light.end('SIGINT')
    }
  }

  /** As a board follows for months: the store written once a minute, one peer, everything counted from outside. */
  async follow(): Promise<void> {
    const peer = this.#devnet.tcpPeers[0]!
    const port = Number(/\/tcp\/(\d+)/.exec(peer)![1])
    const proxy = await countingProxy(port)
    const flags = this.#plan === FULL ? [] : ['--save-every', '1']
    const light = this.#start(
      'follow',
      [peer.replace(`/tcp/${port}`, `/tcp/${proxy.port}`)],
      [...flags, '--metrics', '0'],
    )
    try {
      await light.head(({ source }) => isPeer(source), HEAD_TIMEOUT_MS)
      // What starting costs is not what following costs.
      await sleep(this.#plan === FULL ? 90_000 : 3000)
      await this.#measureFollowing(light, proxy)
    } finally {
      await light.end('SIGINT')
      await proxy.close()
    }
  }

  async #measureFollowing(light: TargetProcess, proxy: CountingProxy): Promise<void> {
    const before = { cpuMs: light.cpuMs(), bytes: proxy.bytes, atMs: performance.now(), ...(await scrape(light)) }
    for (let minute = 0; minute < this.#plan.followS / 60; minute++) {
      const rssOverNodeBytes = await this.#mostOverNode(light, Math.min(60, this.#plan.followS - 60 * minute))
      this.minutes.push({ rssOverNodeBytes, heapBytes: (await scrape(light)).heap })
      this.figures.rssOverNodeBytes = Math.max(this.figures.rssOverNodeBytes, rssOverNodeBytes)
      if (this.#plan === FULL) process.stderr.write(`${this.#minuteLine()}\n`)
    }
    const after = { cpuMs: light.cpuMs(), bytes: proxy.bytes, atMs: performance.now(), ...(await scrape(light)) }
    const seconds = (after.atMs - before.atMs) / 1000
    const headers = after.height - before.height
    if (headers < 1) throw new Error(`${this.target.title}: no header came in ${seconds} s: ${light.complaints}`)
    this.figures.followedS = seconds
    this.figures.headersFollowed = headers
    this.figures.cpuMsPerHeader = (after.cpuMs - before.cpuMs) / headers
    this.figures.netBytesPerHour = ((after.bytes - before.bytes) * 3600) / seconds
    this.figures.bytesWrittenPerDay = ((after.written - before.written) * DAY_S) / seconds
    this.figures.heapBytes = after.heap
  }

  /** The most resident memory over bare Node's own in the next `seconds`. */
  async #mostOverNode(light: TargetProcess, seconds: number): Promise<number> {
    let most = 0
    for (let left = seconds; left > 0; left -= 5) {
      await sleep(1000 * Math.min(5, left))
      const { program, whole } = light.residentBytes()
      most = Math.max(most, program - this.figures.bareNodeBytes)
      this.figures.wholeProcessBytes = Math.max(this.figures.wholeProcessBytes, whole)
    }
    return most
  }

  #minuteLine(): string {
    const { rssOverNodeBytes, heapBytes } = this.minutes.at(-1)!
    const mb = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`
    const { length } = this.minutes
    return `board: ${this.target.title}, minute ${length}: ${mb(rssOverNodeBytes)} over bare Node, heap ${mb(heapBytes)}, ${this.figures.cuts} cuts`
  }

  async cutPower(): Promise<void> {
    const startMs: number[] = []
    let reported = 0
    for (let cut = 0; cut <= this.#plan.cuts; cut++) {
      const everyS = this.#prng.pick([0, 0.5, 2])
      const light = this.#start('cuts', this.#devnet.tcpPeers, ['--save-every', String(everyS)])
      try {
        const isBlind = cut > 0 && cut < this.#plan.cuts && this.#prng.chance(0.3)
        if (isBlind) await sleep(this.#prng.float() * (startMs.at(-1) ?? 3000))
        else await light.head(() => true, HEAD_TIMEOUT_MS)
        if (cut === this.#plan.cuts) break
        if (!isBlind) await this.#untilSomeMoment(light, cut)
      } finally {
        await light.end('SIGKILL')
        const [first] = light.heads
        if (first !== undefined && first.height < reported) this.figures.lostFinal++
        if (first?.source === 'store') startMs.push(first.sinceStartMs)
      }
      reported = Math.max(reported, ...light.heads.map(({ height }) => height))
      this.#tearWrite(join(this.#folder, `${this.target.name}-cuts`))
      this.figures.cuts++
    }
    this.figures.storedHeadMs = startMs.toSorted((a, b) => a - b)[startMs.length >> 1] ?? 0
  }

  /** Some heads of peers, or a moment that has nothing to do with them. The first run must have something to lose. */
  async #untilSomeMoment(light: TargetProcess, cut: number): Promise<void> {
    if (cut > 0 && this.#prng.chance(0.6)) return sleep(5000 * this.#prng.float())
    let wanted = 1 + this.#prng.below(3)
    await light.head(({ source }) => isPeer(source) && --wanted <= 0, HEAD_TIMEOUT_MS)
  }

  /** A next write, of which a seeded number of bytes reached the card: after the last record, or in the other slot. */
  #tearWrite(store: string): void {
    const files = [0, 1].map((index) => join(store, `card.${index}`))
    const slots = files.map((file) => new Uint8Array(readFileSync(file)))
    const reads = slots.map(readSlot)
    const current = chooseSlot(reads)
    if (current === undefined) throw new Error(`${store} holds no whole slot after a kill`)
    const read = reads[current]!
    const isSwitch = this.#prng.chance(0.2)
    const generation = isSwitch ? { number: read.generation.number + 1, salt: this.#prng.bytes(8) } : read.generation
    const writes = isSwitch ? read.entries : new Map([['head', this.#prng.bytes(600 + this.#prng.below(6000))]])
    const record = encodePages(generation, isSwitch ? 0 : read.sequence, writes)
    const target = isSwitch ? 1 - current : current
    // The last byte of the payload is what makes a record whole, and random bytes are never zero for long.
    const length = record.findLastIndex((byte) => byte !== 0)
    const torn = record.subarray(0, this.#prng.below(length))
    const start = (isSwitch ? 1 : read.page) * PAGE_BYTES
    if (start + torn.length > slots[target]!.length) return
    slots[target]!.set(torn, start)
    writeFileSync(files[target]!, slots[target]!)
    this.figures.tornBytes += torn.length
  }

  results(): CheckResult[] {
    const { figures, target } = this
    const id = (name: string) => (target.isEmulated ? name : `host.${name}`)
    const unit = (text: string) => (target.isEmulated ? `${text} (${target.title})`.trim() : text)
    const whole = (name: keyof Figures, text: string) => noted(id(name), Math.round(Number(figures[name])), unit(text))
    return [
      noted(id('nodeVersion'), figures.nodeVersion, ''),
      noted(id('cpuModel'), figures.cpuModel, ''),
      measured(id('cuts'), figures.cuts, unit('power cuts'), '>=', this.#plan.cuts),
      measured(id('lostFinal'), figures.lostFinal, unit('starts below what was reported final'), '==', 0),
      measured(id('contradictions'), figures.contradictions, unit('heights with two hashes'), '==', 0),
      whole('firstHeadMs', 'ms from process start to the first head of a peer'),
      whole('storedHeadMs', 'ms from process start to the stored head, median'),
      target.isEmulated
        ? measured(id('rssOverNodeBytes'), figures.rssOverNodeBytes, unit('B'), '<=', RSS_OVER_NODE_MAX)
        : whole('rssOverNodeBytes', 'B'),
      noted(id('rssOverNodeBytesByMinute'), this.minutes.map(rssOf), unit('B, the most of each minute')),
      noted(id('heapBytesByMinute'), this.minutes.map(heapOf), unit('B')),
      whole('bareNodeBytes', 'B resident of bare Node, with the same flags and environment'),
      whole('bareNodeDefaultBytes', 'B resident of bare Node without any'),
      whole(
        'wholeProcessBytes',
        target.isEmulated ? 'B resident with the emulator and its translations' : 'B resident',
      ),
      whole('heapBytes', 'B of JavaScript heap in use'),
      noted(id('cpuMsPerHeader'), round(figures.cpuMsPerHeader), unit('ms')),
      noted(id('cpuMsPerHop'), round(figures.cpuMsPerHop), unit('ms')),
      whole('netBytesPerHour', 'B in both directions'),
      measured(id('bytesWrittenPerDay'), Math.round(figures.bytesWrittenPerDay), unit('B'), '<=', this.#writtenMax()),
      measured(id('headersFollowed'), figures.headersFollowed, unit('headers'), '>=', 1),
      measured(id('followedS'), Math.round(figures.followedS), unit('s'), '>=', this.#plan.followS),
      whole('tornBytes', 'B of torn writes put into the store'),
    ]
  }

  /** The bar is for a store that is written once a minute; the short form writes each second to see any write at all. */
  #writtenMax(): number {
    return this.#plan === FULL ? WRITTEN_PER_DAY_MAX : 60 * WRITTEN_PER_DAY_MAX
  }
}

const rssOf = ({ rssOverNodeBytes }: { readonly rssOverNodeBytes: number }): number => rssOverNodeBytes
const heapOf = ({ heapBytes }: { readonly heapBytes: number }): number => heapBytes
const isPeer = (source: string): boolean => source !== 'genesis' && source !== 'store'
const round = (value: number): number => Math.round(10 * value) / 10

function ratios({ figures: board }: Trial, { figures: host }: Trial): CheckResult[] {
  const names = [
    'firstHeadMs',
    'storedHeadMs',
    'cpuMsPerHeader',
    'cpuMsPerHop',
    'heapBytes',
    'netBytesPerHour',
  ] as const
  return names.map((name) => noted(`ratio.${name}`, round(board[name] / host[name]), 'emulated ARM1176 : host'))
}

/** From the process's own metrics. */
async function scrape(light: TargetProcess): Promise<{ height: number; heap: number; written: number }> {
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(light.complaints)?.[0]
  if (url === undefined) throw new Error(`no metrics: ${light.complaints}`)
  const text = await (await fetch(`${url}metrics`)).text()
  const value = (name: string) => Number(new RegExp(`^stakecube_${name} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  return { height: value('head_height'), heap: value('heap_used_bytes'), written: value('store_written_bytes_total') }
}
