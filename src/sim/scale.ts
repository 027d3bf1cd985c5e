/** How messages, bytes and time to final grow with the number of nodes: a calm network, the production committee. */
import { PRODUCTION_PARAMS, type ChainParams } from '../chain/params.ts'
import { DEFAULT_TIMES, type AgreementTimes } from '../consensus/agreement.ts'
import type { SimCosts } from './measured-costs.ts'
import type { NetworkModel } from './network.ts'
import type { RunOptions } from './run-options.ts'
import { World, type SimTools } from './world.ts'

/**
 * 100 Mbit/s uplinks, 20 to 60 ms one way (one in fifty up to 420 ms). Nodes are connected along the cube's links only: broadcasts
 * go through trees of fan-out 8 over them, and what is for one node takes two ways without a common shard between.
 */
export const SCALE_NETWORK: NetworkModel = {
  latencyMs: 20,
  jitterMs: 40,
  loss: 0,
  doubling: 0,
  bytesPerSecond: 12_500_000,
  fanOut: 8,
  routes: 2,
}

/** f = F = 5: 256 committee seats. */
export const SCALE_PARAMS: ChainParams = { ...PRODUCTION_PARAMS, blockTimeMs: 5000 }

/** The shipped ones, with a pause before resending that suits blocks of five seconds. */
export const SCALE_TIMES: AgreementTimes = { ...DEFAULT_TIMES, proposeMs: 4000, resendMs: 3000 }

export interface ScaleOptions {
  readonly seed: string
  readonly nodes: number
  /** Blocks measured, after two that warm up. */
  readonly blocks: number
  readonly costs?: SimCosts
}

export interface ScaleRow {
  readonly nodes: number
  readonly withCrypto: boolean
  readonly blocks: number
  /** Distinct keys in the committee. */
  readonly voters: number
  readonly messagesPerNodeBlock: number
  readonly bytesPerNodeBlock: number
  /** From the making of a block to its finality, over nodes and blocks. */
  readonly finalityMedianMs: number
  readonly finalityP99Ms: number
  readonly transactionsPerBlock: number
  /** Connections that a node keeps for the cube. */
  readonly linksMean: number
  readonly linksMax: number
  /** Of the messages for one node: those that took more than one hop, and their hops on average. */
  readonly routedPerBlock: number
  readonly hopsMean: number
}

const WARM_UP_BLOCKS = 2

export function measureScale(options: ScaleOptions, tools: SimTools): ScaleRow {
  const world = new World(runOptions(options), tools)
  world.start()
  const limitMs = 1000 * (options.blocks + WARM_UP_BLOCKS + 20) * 60
  world.runUntil(() => world.checkers.height >= WARM_UP_BLOCKS, limitMs)
  world.finalityMs.length = 0
  const links = world.linkCounts ?? []
  const { relayed } = world.network
  Object.assign(relayed, { messages: 0, delivered: 0, hops: 0 })
  for (const traffic of world.network.traffic) Object.assign(traffic, { messages: 0, bytes: 0 })
  const first = world.checkers.height
  world.runUntil(() => world.checkers.height >= WARM_UP_BLOCKS + options.blocks, limitMs)
  const blocks = world.checkers.height - first
  const sorted = [...world.finalityMs].sort((a, b) => a - b)
  const sum = (what: 'messages' | 'bytes') => world.network.traffic.reduce((total, one) => total + one[what], 0)
  return {
    nodes: options.nodes,
    withCrypto: options.costs !== undefined,
    blocks,
    voters: world.voterCount(0),
    messagesPerNodeBlock: Math.round(sum('messages') / (options.nodes * blocks)),
    bytesPerNodeBlock: Math.round(sum('bytes') / (options.nodes * blocks)),
    finalityMedianMs: Math.round(sorted[sorted.length >> 1] ?? 0),
    finalityP99Ms: Math.round(sorted[Math.floor(0.99 * sorted.length)] ?? 0),
    transactionsPerBlock: world.checkers.transactionCount / Math.max(1, world.checkers.height),
    linksMean: Math.round(links.reduce((total, count) => total + count, 0) / Math.max(1, links.length)),
    linksMax: Math.max(0, ...links),
    routedPerBlock: Math.round(relayed.messages / blocks),
    hopsMean: Math.round((100 * relayed.hops) / Math.max(1, relayed.delivered)) / 100,
  }
}

function runOptions({ seed, nodes, costs }: ScaleOptions): RunOptions {
  return {
    seed: `scale ${seed} ${nodes}`,
    params: SCALE_PARAMS,
    stakes: Array.from({ length: nodes }, () => [100_000_000n]),
    network: SCALE_NETWORK,
    clockOffsetMsMax: 0,
    clockPeriodMs: 0,
    diskMs: 5,
    faulty: new Map(),
    healAfterMs: 1e12,
    crashCount: 0,
    partitionCount: 0,
    eclipseCount: 0,
    walletCount: 12,
    paymentEveryMs: SCALE_PARAMS.blockTimeMs / 10,
    progressBlocks: 0,
    progressMs: 0,
    times: SCALE_TIMES,
    ...(costs === undefined ? {} : { costs }),
  }
}
