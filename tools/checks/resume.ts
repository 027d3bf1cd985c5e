/**
 * Check `resume`: a headless client in its own process syncs from genesis against a live devnet process, over TCP and over
 * webrtc-direct, follows, is killed with SIGKILL at random moments, and each time goes on from what it had verified.
 *
 * What it said is what it must still know: a head is printed after it is saved, so after a kill the first head must be the
 * last one printed, or a later one, and of one height there must never be two hashes.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Prng } from '../../src/base/prng.ts'
import { COMMAND, DevnetProcess } from '../devnet-process.ts'
import { measured, noted, type CheckOptions, type CheckOutcome, type CheckResult } from './registry.ts'

const START_TIMEOUT_MS = 60_000
const HEAD_TIMEOUT_MS = 45_000
/** Blocks that a client must have followed one by one, after catching up, before the killing begins. */
const FOLLOWED_COUNT = 2

interface HeadEvent {
  readonly event: 'head'
  readonly height: number
  readonly hash: string
  /** 'genesis', 'store', or the peer that brought it. */
  readonly source: string
}

export async function run({ seed, full }: CheckOptions): Promise<CheckOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-resume-'))
  const devnet = await DevnetProcess.start({
    folder: join(folder, 'devnet'),
    flags: ['--validators', '4'],
    readyMs: START_TIMEOUT_MS,
  })
  try {
    const { ready } = devnet
    const results: CheckResult[] = [noted('signatures', 'bls', '')]
    const hashes = new Map<number, string>()
    for (const [transport, peers] of [
      ['tcp', ready.tcpPeers],
      ['webrtc-direct', ready.peers],
    ] as const) {
      const trial = new Trial(join(folder, transport), ready.spec, peers, new Prng(`${seed}/${transport}`), hashes)
      await trial.run(full ? 30 : 5)
      results.push(...trial.results(transport))
    }
    return { results, notRun: [] }
  } finally {
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

// ── One client and its kills ─────────────────────────────────────────────────────────────────────────────────────────

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

class Trial {
  readonly #store: string
  readonly #spec: string
  readonly #peers: readonly string[]
  readonly #prng: Prng
  /** What any client has ever said of a height. */
  readonly #hashes: Map<number, string>
  #kills = 0
  #resumed = 0
  #lost = 0
  #contradictions = 0
  #highest = 0
  #firstCaughtUp = 0
  #tornCount = 0
  readonly #firstHeadMs: number[] = []

  constructor(store: string, spec: string, peers: readonly string[], prng: Prng, hashes: Map<number, string>) {
    this.#store = store
    this.#spec = spec
    this.#peers = peers
    this.#prng = prng
    this.#hashes = hashes
  }

  /** A first run to the head and beyond, `killCount` runs that are killed, and one that must still follow. */
  async run(killCount: number): Promise<void> {
    this.#firstCaughtUp = await this.#runUntilFollowed()
    for (let count = 0; count < killCount; count++) await this.#runAndKill()
    await this.#runUntilFollowed()
    this.#tornCount = readdirSync(this.#store).filter((name) => name.includes('set-aside')).length
  }

  /** SIGKILL after a number of heads, or at a moment up to twice the time that a start takes, drawn from the seed. */
  async #runAndKill(): Promise<void> {
    const headCount = this.#prng.chance(0.5) ? 1 + this.#prng.below(3) : Infinity
    const startMs = this.#firstHeadMs.at(-1) ?? 2500
    const delayMs = headCount === Infinity ? this.#prng.float() * 2 * startMs : HEAD_TIMEOUT_MS
    const client = this.#start()
    let seen = 0
    await Promise.race([
      new Promise<void>((resolve) => client.onHead(() => (++seen >= headCount ? resolve() : undefined))),
      new Promise<void>((resolve) => setTimeout(resolve, delayMs).unref()),
      client.exited,
    ])
    this.#kills++
    await end(client.child, 'SIGKILL')
  }

  /** Ends with SIGINT once new blocks have been followed one by one; the height reached. */
  async #runUntilFollowed(): Promise<number> {
    const client = this.#start()
    let followed = 0
    let height = 0
    const done = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the client did not follow in time')), HEAD_TIMEOUT_MS)
      client.onHead((head) => {
        followed = head.height === height + 1 ? followed + 1 : 0
        height = head.height
        if (followed < FOLLOWED_COUNT) return
        clearTimeout(timer)
        resolve()
      })
      client.exited.then(
        (code) => reject(new Error(`the client ended with ${code}: ${client.complaints()}`)),
        () => undefined,
      )
    })
    try {
      await done
    } finally {
      await end(client.child, 'SIGINT')
    }
    return height
  }

  #start() {
    const flags = [
      '--spec',
      this.#spec,
      '--store',
      this.#store,
      '--json',
      ...this.#peers.flatMap((peer) => ['--peer', peer]),
    ]
    const startedMs = performance.now()
    const child = spawn(process.execPath, [...COMMAND, 'light', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    const listeners: ((head: HeadEvent) => void)[] = []
    const before = this.#highest
    let complaints = ''
    let isFirst = true
    child.stderr.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-2000)))
    createInterface({ input: child.stdout }).on('line', (text) => {
      const head = parseHead(text)
      if (head === undefined) return
      if (isFirst) this.#judgeFirst(head, before, performance.now() - startedMs)
      isFirst = false
      this.#note(head)
      for (const listener of listeners) listener(head)
    })
    const exited = once(child, 'exit').then(([code]) => code as number | null)
    return {
      child,
      exited,
      onHead: (to: (head: HeadEvent) => void) => listeners.push(to),
      complaints: () => complaints,
    }
  }

  #judgeFirst(head: HeadEvent, before: number, sinceStartMs: number): void {
    if (before === 0) return
    this.#firstHeadMs.push(sinceStartMs)
    if (head.source === 'store') this.#resumed++
    if (head.height < before) this.#lost++
  }

  #note({ height, hash }: HeadEvent): void {
    const known = this.#hashes.get(height)
    if (known !== undefined && known !== hash) this.#contradictions++
    this.#hashes.set(height, hash)
    this.#highest = Math.max(this.#highest, height)
  }

  results(transport: string): CheckResult[] {
    const median = this.#firstHeadMs.toSorted((a, b) => a - b)[this.#firstHeadMs.length >> 1] ?? 0
    return [
      measured(`${transport}: height reached from genesis`, this.#firstCaughtUp, 'blocks', '>', 0),
      measured(`${transport}: kills`, this.#kills, 'SIGKILLs', '>=', 5),
      measured(`${transport}: starts that went on from the store`, this.#resumed, 'starts', '>=', 1),
      measured(
        `${transport}: starts whose first head was not the stored one`,
        this.#firstHeadMs.length - this.#resumed,
        'starts',
        '==',
        0,
      ),
      measured(`${transport}: starts below a head that had been printed`, this.#lost, 'starts', '==', 0),
      measured(`${transport}: heights with two hashes`, this.#contradictions, 'heights', '==', 0),
      measured(
        `${transport}: blocks gained since the first run`,
        this.#highest - this.#firstCaughtUp,
        'blocks',
        '>',
        0,
      ),
      noted(`${transport}: torn writes seen and set aside`, this.#tornCount, 'files'),
      noted(`${transport}: process start to stored head, median`, Math.round(median), 'ms'),
    ]
  }
}

/** A line that a kill cut off is no head. */
function parseHead(text: string): HeadEvent | undefined {
  try {
    const event = JSON.parse(text) as HeadEvent
    return event.event === 'head' ? event : undefined
  } catch {
    return undefined
  }
}
