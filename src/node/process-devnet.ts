/**
 * A devnet whose validators are processes: each has its folder, a configuration file of the kind that operators write, and
 * its own memory; nothing is shared but the machine. The files are those of a devnet in one process, so either goes on where
 * the other stopped.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { toHex } from '../base/bytes.ts'
import { peerNameOf } from '../net/identity.ts'
import type { Log } from '../ports/index.ts'
import type { DevnetConfig } from './devnet-config.ts'
import { portsOf, VALIDATOR_PORT_COUNT, type ValidatorPorts } from './devnet.ts'
import { ValidatorProcess, type ProcessFinal } from './validator-process.ts'

const HOST = '127.0.0.1'

export interface ProcessDevnetOptions {
  readonly config: DevnetConfig
  /** Holds chain.json (see devnet-config.ts); each validator gets a folder in it. */
  readonly folder: string
  /** As in Devnet; 0 takes any free ports. */
  readonly portBase: number
  readonly webrtc?: boolean
  /** Validators to leave out. */
  readonly dead?: readonly number[]
  /** Arguments of `node` that run the `stakecube` command. */
  readonly command: readonly string[]
  /** A validator that dies is started again, after a pause. Default: true. */
  readonly restarts?: boolean
  readonly keepsJournal?: boolean
  readonly log: Log
  /** Every block that a validator says is final: each height once for each validator and start. */
  readonly onFinal?: (final: ProcessFinal, validator: number) => void
  readonly onDeath?: (validator: number, how: string) => void
  /** The TCP port at which `from` dials `to`, if not the one that `to` listens on: for networks that fail. */
  readonly route?: (from: number, to: number, port: number) => number
}

interface Member {
  readonly index: number
  readonly peer: string
  readonly ports: ValidatorPorts
}

type Known = Pick<ProcessFinal, 'height' | 'hash'>

export class ProcessDevnet {
  readonly processes: readonly ValidatorProcess[]
  readonly #members: readonly Member[]
  readonly #options: ProcessDevnetOptions
  #ring: () => void = () => undefined
  #isStopping = false
  #firstDeath: string | undefined
  #best: Known | undefined

  private constructor(options: ProcessDevnetOptions, members: readonly Member[]) {
    this.#options = options
    this.#members = members
    this.processes = members.map((member) => this.#makeProcess(member))
  }

  /** Starts all validators; resolves when each is ready. If one ends before, all are stopped and the reason is thrown. */
  static async start(options: ProcessDevnetOptions): Promise<ProcessDevnet> {
    const members = await membersOf(options)
    const devnet = new ProcessDevnet(options, members)
    for (const member of members) await devnet.#writeFiles(member)
    try {
      await devnet.startAll()
      return devnet
    } catch (error) {
      await devnet.stop()
      throw error
    }
  }

  /** Starts what does not run; resolves when all are ready. Rejects when one dies before that. */
  async startAll(): Promise<void> {
    this.#firstDeath = undefined
    this.#isStopping = false
    for (const process of this.processes) process.start()
    while (this.processes.some(({ ready }) => ready === undefined)) {
      if (this.#firstDeath !== undefined) throw new Error(this.#firstDeath)
      await new Promise<void>((resolve) => (this.#ring = resolve))
    }
  }

  /** Resolves when no process is left. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.processes.map((process) => process.stop()))
  }

  /** Addresses of the validators that run. */
  get addresses(): readonly string[] {
    return this.processes.flatMap(({ ready }) => ready?.addresses ?? [])
  }

  /** The farthest block that a validator has said is final; genesis is final from the start. */
  get best(): Known {
    // Each validator has said where it is before `start` resolves.
    return this.#best!
  }

  /** PeerId and TCP port of a validator. */
  endpointOf(index: number): { readonly peer: string; readonly port: number } {
    const { peer, ports } = this.#members.find((member) => member.index === index)!
    return { peer, port: ports.tcp }
  }

  #learn(known: Known): void {
    if (this.#best === undefined || known.height > this.#best.height) this.#best = known
  }

  #makeProcess({ index }: Member): ValidatorProcess {
    const { command, restarts, log, onFinal, onDeath } = this.#options
    const name = `validator ${index}`
    return new ValidatorProcess({
      // The network is stopped and started as a whole ([LC-1]).
      args: [...command, 'validator', '--config', this.#configFile(index), '--trust-own-store', '--json'],
      restarts: restarts ?? true,
      onReady: (ready) => {
        this.#learn(ready)
        this.#ring()
      },
      onFinal: (final) => {
        this.#learn(final)
        onFinal?.(final, index)
      },
      onLog: (level, message) => log.log(level as 'info', `${name}: ${message}`),
      onDeath: (how, pauseMs) => {
        const next = pauseMs === undefined ? 'it is not started again' : `started again in ${pauseMs / 1000} s`
        this.#firstDeath ??= `${name} ended (${how})`
        if (!this.#isStopping) log.log('warn', `${name} ended (${how}); ${next}`)
        onDeath?.(index, how)
        this.#ring()
      },
    })
  }

  #configFile(index: number): string {
    return join(folderOf(this.#options, index), 'validator.json')
  }

  async #writeFiles({ index, ports }: Member): Promise<void> {
    const { config, webrtc = true, route, keepsJournal = false } = this.#options
    const { seed, blsSecret } = config.validators[index]!
    const folder = folderOf(this.#options, index)
    const streams = [`/ip4/${HOST}/tcp/${ports.tcp}`, `/ip4/${HOST}/tcp/${ports.ws}/ws`]
    const peers = this.#members
      .filter((other) => other.index !== index)
      .map((other) => {
        const port = route === undefined ? other.ports.tcp : route(index, other.index, other.ports.tcp)
        return `/ip4/${HOST}/tcp/${port}/p2p/${other.peer}`
      })
    const file = {
      ...{ chainSpec: join('..', 'chain.json'), data: '.', keys: 'keys.json' },
      listen: webrtc ? [...streams, `/ip4/${HOST}/udp/${ports.tcp}/webrtc-direct`] : streams,
      ...(route === undefined ? {} : { announce: [] }),
      ...{ peers, fullyConnected: true, monitorPort: ports.monitor, journal: keepsJournal },
    }
    await mkdir(folder, { recursive: true })
    const keys = { seed: toHex(seed), blsSecrets: [toHex(blsSecret)] }
    await writeFile(join(folder, 'keys.json'), `${JSON.stringify(keys)}\n`, { mode: 0o600 })
    await writeFile(this.#configFile(index), `${JSON.stringify(file, undefined, 2)}\n`)
  }
}

const folderOf = ({ folder }: ProcessDevnetOptions, index: number): string => join(folder, `validator-${index}`)

async function membersOf({ config, dead, portBase }: ProcessDevnetOptions): Promise<Member[]> {
  const living = [...config.validators.keys()].filter((index) => dead?.includes(index) !== true)
  const free = portBase === 0 ? await freePorts(VALIDATOR_PORT_COUNT * living.length) : []
  const nextFree = (): ValidatorPorts => ({ tcp: free.pop()!, ws: free.pop()!, monitor: free.pop()! })
  return Promise.all(
    living.map(async (index) => ({
      index,
      peer: await peerNameOf(config.validators[index]!.seed),
      ports: portBase === 0 ? nextFree() : portsOf(portBase, index),
    })),
  )
}

/** TCP ports that are free now: they are known before the first validator starts, and stay when one is started again. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: HOST, port: 0 }, () => resolve(server))
  })
}
