/**
 * Check `load`: a devnet of 8 validators, each a process, under payments at several rates. A payment's latency runs from its
 * acceptance by a node without stake in this process to that node having it final and on disk. Processor time and memory
 * are each validator's own, from its /metrics.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '../../src/base/bytes.ts'
import { chainIdOf } from '../../src/chain/spec.ts'
import { txid } from '../../src/chain/transaction.ts'
import { makeDevnet, saveDevnet, TRAFFIC_WALLET, type DevnetConfig } from '../../src/node/devnet-config.ts'
import { createNodeEngine, type NodeEngine } from '../../src/node/engine.ts'
import type { FullNode } from '../../src/node/node.ts'
import { ProcessDevnet } from '../../src/node/process-devnet.ts'
import { startObserver } from '../../src/node/running-devnet.ts'
import { Traffic } from '../../src/node/traffic.ts'
import { measured, noted, type CheckOptions, type CheckOutcome } from './registry.ts'
import { CPU, MIB, quantile, RSS, scrape } from './scrape.ts'

const MAIN = 'dist/cli/main.js'
const VALIDATORS = 8
const OUTPUTS = 3000

interface Form {
  readonly rates: readonly number[]
  readonly warmMs: number
  readonly runMs: number
  readonly settleMs: number
}
const SHORT: Form = { rates: [10], warmMs: 2000, runMs: 12_000, settleMs: 15_000 }
const FULL: Form = { rates: [5, 10, 20, 40, 80, 160], warmMs: 5000, runMs: 60_000, settleMs: 30_000 }

export async function run({ full }: CheckOptions): Promise<CheckOutcome> {
  if (!existsSync(MAIN)) return { results: [], notRun: [`${MAIN} is not there: run "npm run build" first`] }
  const folder = mkdtempSync(join(tmpdir(), 'stakecube-load-'))
  const engine = await createNodeEngine()
  const config = makeDevnet(engine, VALIDATORS, Date.now(), {}, OUTPUTS)
  await saveDevnet(folder, config)
  const warnings: string[] = []
  const log = { log: (_level: string, message: string) => void warnings.push(message) }
  const devnet = await ProcessDevnet.start({
    ...{ config, folder, portBase: 0, webrtc: false, command: [MAIN], restarts: false, log },
  })
  const load = new Load(engine, config, devnet)
  try {
    await load.observe(folder, log)
    return { results: await load.measure(full ? FULL : SHORT), notRun: warnings.filter((text) => /ended/.test(text)) }
  } finally {
    await load.stop()
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Measure {
  readonly offered: number
  readonly tps: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly blockMs: number
  /** Of one core, in percent, one for each validator. */
  readonly cpu: readonly number[]
  readonly rssMiB: readonly number[]
  readonly lost: number
}

class Load {
  readonly #engine: NodeEngine
  readonly #config: DevnetConfig
  readonly #devnet: ProcessDevnet
  readonly #sentMs = new Map<string, number>()
  readonly #latencies: { readonly atMs: number; readonly ms: number }[] = []
  readonly #blockMs: number[] = []
  #observer: FullNode | undefined
  #traffic: Traffic | undefined

  constructor(engine: NodeEngine, config: DevnetConfig, devnet: ProcessDevnet) {
    this.#engine = engine
    this.#config = config
    this.#devnet = devnet
  }

  async observe(folder: string, log: { log(level: string, message: string): void }): Promise<void> {
    const { kernels } = this.#engine
    this.#observer = await startObserver(this.#devnet, {
      ...{ engine: this.#engine, config: this.#config, folder, log },
      onFinal: ({ block }) => {
        const nowMs = performance.now()
        this.#blockMs.push(nowMs)
        for (const { body } of block.body.transactions) {
          const name = toHex(txid(kernels, body))
          const sentMs = this.#sentMs.get(name)
          if (sentMs !== undefined) this.#latencies.push({ atMs: sentMs, ms: nowMs - sentMs })
          this.#sentMs.delete(name)
        }
      },
    })
    const start = this.#observer.height + 3n
    while (this.#observer.height < start) await pause(50)
  }

  async measure(form: Form) {
    const measures: Measure[] = []
    for (const rate of form.rates) {
      const measure = await this.#at(rate, form)
      measures.push(measure)
      console.error(`load: ${JSON.stringify(measure)}`)
      // Beyond what the machine carries, more load says nothing more.
      if (measure.tps < 0.7 * rate) break
    }
    const carried = measures.filter(({ tps, offered }) => tps >= 0.9 * offered)
    const best = carried.at(-1) ?? measures[0]!
    return [
      measured(
        'tpsFinal',
        best.tps,
        'transactions per second final, the highest rate offered that was carried',
        '>=',
        1,
      ),
      noted('latencyMedianMs', best.medianMs, 'ms, at that rate'),
      noted('latencyP99Ms', best.p99Ms, 'ms, at that rate'),
      noted('cpuPerValidator', best.cpu, '% of a core, each validator, at that rate'),
      noted('rssPerValidator', best.rssMiB, 'MiB, each validator, at that rate'),
      measured('validators', best.cpu.length, 'processes', '==', VALIDATORS),
      measured(
        'lost',
        measures.reduce((sum, { lost }) => sum + lost, 0),
        'accepted payments that did not become final',
        '==',
        0,
      ),
      measured('ratesCarried', carried.length, 'rates of which at least 90 % became final in time', '>=', 1),
      noted('rates', measures, 'each rate that was offered'),
    ]
  }

  async #at(rate: number, { warmMs, runMs, settleMs }: Form): Promise<Measure> {
    const observer = this.#observer!
    const wallet = this.#config.wallets.find(({ name }) => name === TRAFFIC_WALLET)!
    const { kernels } = this.#engine
    this.#traffic = new Traffic({
      ...{ kernels, secretKey: wallet.secretKey, transactionsPerSecond: rate, nodes: [observer] },
      chain: { params: this.#config.spec.params, chainId: chainIdOf(kernels, this.#config.spec) },
      onSent: ({ body }) => void this.#sentMs.set(toHex(txid(kernels, body)), performance.now()),
    })
    this.#traffic.start()
    await pause(warmMs)
    const [startMs, before] = [performance.now(), await this.#scrapeAll()]
    await pause(runMs)
    const [endMs, after] = [performance.now(), await this.#scrapeAll()]
    this.#traffic.stop()
    const settledMs = endMs + settleMs
    while (this.#sentMs.size > 0 && performance.now() < settledMs) await pause(50)
    const within = this.#latencies.filter(({ atMs }) => atMs >= startMs && atMs < endMs)
    const finalWithin = this.#latencies.filter(({ atMs, ms }) => atMs + ms >= startMs && atMs + ms < endMs)
    const latencies = within.map(({ ms }) => ms)
    const blocks = this.#blockMs.filter((ms) => ms >= startMs && ms < endMs).length
    const lost = this.#sentMs.size
    this.#sentMs.clear()
    return {
      ...{ offered: rate, tps: round((1000 * finalWithin.length) / (endMs - startMs)), lost },
      ...{ medianMs: Math.round(quantile(latencies, 0.5)), p99Ms: Math.round(quantile(latencies, 0.99)) },
      blockMs: Math.round((endMs - startMs) / blocks),
      cpu: after.map((one, index) => round((100_000 * (one.get(CPU)! - before[index]!.get(CPU)!)) / (endMs - startMs))),
      rssMiB: after.map((one) => Math.round(one.get(RSS)! / MIB)),
    }
  }

  #scrapeAll() {
    return Promise.all(this.#devnet.processes.map(({ ready }) => scrape(ready!.monitor!)))
  }

  async stop(): Promise<void> {
    this.#traffic?.stop()
    await this.#observer?.stop()
  }
}

const round = (value: number): number => Math.round(10 * value) / 10
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
