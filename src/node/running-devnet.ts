/** A devnet that runs, as the command sees it: in this process or in many. */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../base/bytes.ts'
import { chainIdOf } from '../chain/spec.ts'
import { genesisLedger } from '../ledger/ledger.ts'
import type { Log } from '../ports/index.ts'
import type { FinalBytes } from './agreement-driver.ts'
import type { DevnetConfig } from './devnet-config.ts'
import type { Devnet } from './devnet.ts'
import type { NodeEngine } from './engine.ts'
import { Execution } from './execution.ts'
import { FullNode } from './node.ts'
import type { ProcessDevnet } from './process-devnet.ts'

export interface BlockFacts {
  readonly height: number
  readonly round: number
  readonly transactions: number
}

export const factsOf = ({ block, cert }: FinalBytes): BlockFacts => ({
  height: Number(block.header.height),
  round: cert.round,
  transactions: block.body.transactions.length,
})

export interface RunningDevnet {
  readonly addresses: readonly string[]
  /** HEIGHT:HASH of the farthest final block. */
  readonly checkpoint: string
  /** Base addresses of /metrics and /health. */
  readonly monitors: readonly string[]
  /** Nodes of this process that payments can be given to. */
  readonly trafficNodes: readonly FullNode[]
  stop(): Promise<void>
}

export function runningTogether(devnet: Devnet): RunningDevnet {
  return {
    get addresses() {
      return devnet.nodes.flatMap((node) => node.addresses)
    },
    get checkpoint() {
      const { header, hash } = devnet.best.ledger
      return `${header.height}:${toHex(hash)}`
    },
    monitors: [],
    trafficNodes: devnet.nodes,
    stop: () => devnet.stop(),
  }
}

export function runningInProcesses(devnet: ProcessDevnet, observer: FullNode | undefined): RunningDevnet {
  return {
    get addresses() {
      return devnet.addresses
    },
    get checkpoint() {
      return `${devnet.best.height}:${devnet.best.hash}`
    },
    get monitors() {
      return devnet.processes.flatMap(({ ready }) => ready?.monitor ?? [])
    },
    trafficNodes: observer === undefined ? [] : [observer],
    stop: async () => {
      await observer?.stop()
      await devnet.stop()
    },
  }
}

export interface ObserverOptions {
  readonly engine: NodeEngine
  readonly config: DevnetConfig
  /** The devnet's folder; what the observer fetched in an earlier run is forgotten. */
  readonly folder: string
  readonly log: Log
  readonly onFinal?: (final: FinalBytes) => void
  /** Addresses to dial; those the validators listen on unless given. */
  readonly peers?: readonly string[]
}

/** A full node of this process without stake beside validators in others: it verifies everything and signs nothing. */
export async function startObserver(devnet: ProcessDevnet, options: ObserverOptions): Promise<FullNode> {
  const { engine, config, log, onFinal, peers } = options
  const folder = join(options.folder, 'observer')
  rmSync(folder, { recursive: true, force: true })
  const chain = { params: config.spec.params, chainId: chainIdOf(engine.kernels, config.spec) }
  const node = await FullNode.open({
    ...{ engine, execution: new Execution(engine, chain), genesis: genesisLedger(engine, config.spec), folder, log },
    ...{
      seed: new Uint8Array(randomBytes(32)),
      secretKeys: [],
      listen: [],
      isFullyConnected: true,
      trustsOwnStore: true,
    },
    peers: peers ?? devnet.addresses.filter((address) => /\/tcp\/\d+\/p2p\//.test(address)),
    ...(onFinal === undefined ? {} : { onFinal }),
  })
  node.begin()
  return node
}
