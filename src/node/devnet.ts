/** All validators of a devnet in one process: each with its own store, host, ports and keys; computing parts are shared. */
import { join } from 'node:path'
import { chainIdOf } from '../chain/spec.ts'
import type { AgreementTimes } from '../consensus/agreement.ts'
import { genesisLedger, type Chain, type Ledger } from '../ledger/ledger.ts'
import type { Log } from '../ports/index.ts'
import type { FinalBytes } from './agreement-driver.ts'
import type { DevnetConfig } from './devnet-config.ts'
import type { NodeEngine } from './engine.ts'
import { Execution } from './execution.ts'
import { FullNode } from './node.ts'

const CONNECT_TIMEOUT_MS = 5000

export interface DevnetOptions {
  readonly engine: NodeEngine
  readonly config: DevnetConfig
  readonly folder: string
  /** First of 3 × validators consecutive ports, see {@link portsOf}; 0: any. */
  readonly portBase: number
  readonly host?: string
  readonly webrtc?: boolean
  readonly log: Log
  readonly times?: AgreementTimes
  /** Validators to leave out: they are dead. */
  readonly dead?: readonly number[]
  /** Each block once, as soon as the first validator has it on disk. */
  readonly onFinal?: (final: FinalBytes, validator: number) => void
  readonly onFailure?: (error: unknown) => void
}

export class Devnet {
  readonly chain: Chain
  readonly genesis: Ledger
  readonly nodes: readonly FullNode[]

  private constructor(chain: Chain, genesis: Ledger, nodes: readonly FullNode[]) {
    this.chain = chain
    this.genesis = genesis
    this.nodes = nodes
  }

  /** Starts all validators. If one cannot, those that did are stopped again and the reason is thrown. */
  static async start(options: DevnetOptions): Promise<Devnet> {
    const { engine, config } = options
    const chain = { params: config.spec.params, chainId: chainIdOf(engine.kernels, config.spec) }
    const genesis = genesisLedger(engine, config.spec)
    const execution = new Execution(engine, chain)
    const nodes: FullNode[] = []
    const announce = onceForEachHeight(options)
    try {
      for (const index of config.validators.keys())
        if (options.dead?.includes(index) !== true)
          nodes.push(await startValidator(options, execution, genesis, index, nodes, announce))
    } catch (error) {
      await Promise.all(nodes.map((node) => node.stop()))
      throw error
    }
    await connected(nodes)
    for (const node of nodes) node.begin()
    return new Devnet(chain, genesis, nodes)
  }

  /** The validator that is farthest. */
  get best(): FullNode {
    return this.nodes.reduce((best, node) => (node.height > best.height ? node : best))
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }
}

async function startValidator(
  options: DevnetOptions,
  execution: Execution,
  genesis: Ledger,
  index: number,
  started: readonly FullNode[],
  announce: (final: FinalBytes, validator: number) => void,
): Promise<FullNode> {
  const { engine, config, log, onFailure } = options
  const { seed, blsSecret } = config.validators[index]!
  return FullNode.open({
    ...{ engine, execution, genesis, seed, secretKeys: [blsSecret], log, isFullyConnected: true },
    // A devnet is stopped and started as a whole ([LC-1]).
    trustsOwnStore: true,
    folder: join(options.folder, `validator-${index}`),
    listen: listenAddresses(options, index),
    peers: started.map((node) => tcpAddress(node)),
    onFinal: (final) => announce(final, index),
    ...(options.times === undefined ? {} : { times: options.times }),
    ...(onFailure === undefined ? {} : { onFailure }),
  })
}

/** Resolves when every node is connected to every other, or after a while: rounds without the proposer cost time-outs. */
async function connected(nodes: readonly FullNode[]): Promise<void> {
  const deadlineMs = performance.now() + CONNECT_TIMEOUT_MS
  const isMissing = (node: FullNode): boolean => node.connectionCount < nodes.length - 1
  while (nodes.some(isMissing) && performance.now() < deadlineMs)
    await new Promise((resolve) => setTimeout(resolve, 20))
}

export interface ValidatorPorts {
  /** In UDP that of webrtc-direct. */
  readonly tcp: number
  readonly ws: number
  /** Of metrics and health, which a validator in a process of its own has. */
  readonly monitor: number
}

/** How many ports each validator has. */
export const VALIDATOR_PORT_COUNT = 3

/** Ports of a validator: its own run of consecutive numbers, the same at every start; 0: any. */
export function portsOf(portBase: number, index: number): ValidatorPorts {
  const tcp = portBase + VALIDATOR_PORT_COUNT * index
  return portBase === 0 ? { tcp: 0, ws: 0, monitor: 0 } : { tcp, ws: tcp + 1, monitor: tcp + 2 }
}

function listenAddresses({ portBase, host = '127.0.0.1', webrtc = true }: DevnetOptions, index: number): string[] {
  const { tcp, ws } = portsOf(portBase, index)
  const streams = [`/ip4/${host}/tcp/${tcp}`, `/ip4/${host}/tcp/${ws}/ws`]
  return webrtc ? [...streams, `/ip4/${host}/udp/${tcp}/webrtc-direct`] : streams
}

const tcpAddress = (node: FullNode): string => node.addresses.find((address) => /\/tcp\/\d+\/p2p\//.test(address))!

function onceForEachHeight({ onFinal }: DevnetOptions): (final: FinalBytes, validator: number) => void {
  let announced = 0n
  return (final, validator) => {
    if (final.block.header.height <= announced) return
    announced = final.block.header.height
    onFinal?.(final, validator)
  }
}
