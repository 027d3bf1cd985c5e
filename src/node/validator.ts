/** One validator as its configuration file describes it: what is read, opened, watched and closed. */
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sentence } from '../base/sentence.ts'
import { chainIdOf, parseChainSpec, SPEC_SENTENCES, type ChainSpec } from '../chain/spec.ts'
import { genesisLedger } from '../ledger/ledger.ts'
import type { Log } from '../ports/index.ts'
import type { FinalBytes } from './agreement-driver.ts'
import type { NodeEngine } from './engine.ts'
import { Execution } from './execution.ts'
import { Monitor } from './monitor.ts'
import { FullNode } from './node.ts'
import {
  ConfigError,
  LOG_THRESHOLDS,
  parseValidatorConfig,
  parseValidatorKeys,
  type LogThreshold,
  type ValidatorConfig,
  type ValidatorKeys,
} from './validator-config.ts'

/** What a configuration file and the files that it names hold. */
export interface ValidatorFiles {
  readonly config: ValidatorConfig
  readonly spec: ChainSpec
  readonly keys: ValidatorKeys
}

/** Reads the file at `path` and those that it names; its data folder is there or can be made. Rejects with ConfigError. */
export async function readValidatorFiles(path: string): Promise<ValidatorFiles> {
  const config = parseValidatorConfig(path, await readText(path, 'configuration'))
  checkDataFolder(path, config)
  const spec = parseChainSpec(await readText(config.chainSpec, 'chain spec'))
  if (spec.kind === 'rejected')
    throw new ConfigError(`${config.chainSpec}: ${sentence(SPEC_SENTENCES[spec.code], spec.operands)}`)
  return { config, spec: spec.value, keys: parseValidatorKeys(config.keys, await readText(config.keys, 'keys')) }
}

/** A file in the way of the folder, or of one above it, is named. */
function checkDataFolder(path: string, { data }: ValidatorConfig): void {
  let there = data
  while (!existsSync(there)) there = dirname(there)
  if (statSync(there).isDirectory()) return
  const inTheWay = there === data ? 'which is a file' : `and ${there} is a file`
  throw new ConfigError(
    `${path}: "data" must be a folder, or a path where one can be made, got ${data}, ${inTheWay}: name another folder`,
  )
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `cannot read the ${what} ${path} (${(error as NodeJS.ErrnoException).code}): name a file that is there`,
    )
  }
}

export interface ValidatorOptions extends ValidatorFiles {
  readonly engine: NodeEngine
  readonly trustsOwnStore: boolean
  readonly log: Log
  readonly onFinal: (final: FinalBytes) => void
  readonly onFailure: (error: unknown) => void
}

const CONNECT_TIMEOUT_MS = 3000

export class Validator {
  readonly node: FullNode
  readonly monitor: Monitor | undefined

  private constructor(node: FullNode, monitor: Monitor | undefined) {
    this.node = node
    this.monitor = monitor
  }

  /** Opens, listens, connects and takes part. Rejects with what went wrong; nothing runs then. */
  static async start(options: ValidatorOptions): Promise<Validator> {
    const { engine, spec, config, keys } = options
    const chain = { params: spec.params, chainId: chainIdOf(engine.kernels, spec) }
    const node = await FullNode.open({
      ...{ engine, execution: new Execution(engine, chain), genesis: genesisLedger(engine, spec) },
      ...{ folder: config.data, seed: keys.seed, secretKeys: keys.blsSecrets },
      ...{ listen: config.listen, peers: config.peers, isFullyConnected: config.fullyConnected },
      ...{ connectionCountMax: config.connectionCountMax, keepsJournal: config.journal },
      ...{ trustsOwnStore: options.trustsOwnStore },
      ...(config.announce === undefined ? {} : { announce: config.announce }),
      log: filtered(options.log, config.logLevel),
      ...{ onFinal: options.onFinal, onFailure: options.onFailure },
    })
    try {
      const monitor =
        config.monitorPort === undefined ? undefined : await Monitor.start(config.monitorPort, node, engine)
      await connected(node, config.peers.length)
      node.begin()
      return new Validator(node, monitor)
    } catch (error) {
      await node.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.monitor?.stop()
    await this.node.stop()
  }
}

const filtered = (log: Log, threshold: LogThreshold): Log => ({
  log: (level, message, fields) => {
    if (LOG_THRESHOLDS.indexOf(level) >= LOG_THRESHOLDS.indexOf(threshold)) log.log(level, message, fields)
  },
})

/** Resolves when the peers are there, or after a while: the first rounds then do not run into the void. */
async function connected(node: FullNode, peerCount: number): Promise<void> {
  const deadlineMs = performance.now() + CONNECT_TIMEOUT_MS
  while (node.connectionCount < peerCount && performance.now() < deadlineMs)
    await new Promise((resolve) => setTimeout(resolve, 20))
}
