/**
 * What the client commands are told: a chain spec, a checkpoint, peers and wallets, from files or from a running devnet
 * (`--devnet` reads its devnet.json). Everything malformed ends in one sentence.
 */
import { existsSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { fromHex, toHex } from '../base/bytes.ts'
import { sentence } from '../base/sentence.ts'
import { chainIdOf, parseChainSpec, SPEC_SENTENCES, type ChainSpec } from '../chain/spec.ts'
import { loadKernels } from '../kernels/load.ts'
import { CHECKPOINT_TEXT_SENTENCES, parseCheckpoint } from '../light/checkpoint-text.ts'
import { createLightClient, type Checkpoint, type LightClient, type LightClientOptions } from '../client/index.ts'
import { nodeNetwork, type NodeNetworkOptions } from '../client/node-network.ts'
import { openCardStore, type CardStore } from '../store/card.ts'
import { openFileStore } from '../store/file.ts'
import { createMemoryStore } from '../store/memory.ts'
import { StoreError } from '../store/store-error.ts'
import { isInsecure } from '../chain/params.ts'
import type { Store } from '../ports/index.ts'
import type { Network } from '../ports/network.ts'
import { readBoundedFile } from './bounded-file.ts'
import type { CommandLine, Flag } from './command-line.ts'
import { CliError } from './exit-codes.ts'
import type { Metric } from './service.ts'

/** Flags of every command that talks about a chain. */
export const CHAIN_FLAGS = {
  spec: { kind: 'text', value: 'FILE', help: 'chain spec (JSON)' },
  checkpoint: {
    kind: 'text',
    value: 'H:HASH',
    help: 'a block that you trust: HEIGHT:HASH, a share, a link with #checkpoint=…, or a file with one; genesis unless given',
  },
  devnet: {
    kind: 'text',
    value: 'DIR|URL',
    help: 'spec, checkpoint, peers and wallets of a devnet: its data folder or http://127.0.0.1:PORT',
  },
  genesis: { kind: 'switch', help: 'start from genesis, not from the checkpoint of the devnet' },
} as const satisfies Record<string, Flag>

/** Flags of the commands that follow a network. */
export const CLIENT_FLAGS = {
  ...CHAIN_FLAGS,
  peer: { kind: 'text', value: 'ADDR', help: 'multiaddr of a peer, ending in /p2p/…; may be given often', many: true },
  transport: {
    kind: 'text',
    value: 'NAME',
    help: 'of the addresses of a devnet, use these',
    oneOf: ['tcp', 'ws', 'webrtc-direct'],
  },
  store: {
    kind: 'text',
    value: 'DIR',
    help: 'keep what was verified here, and go on from it; nothing is kept without',
  },
  keep: {
    kind: 'switch',
    help: 'keep it in $XDG_DATA_HOME/stakecube (~/.local/share/stakecube) unless --store names another place',
  },
  'save-every': {
    kind: 'number',
    value: 'S',
    low: 0,
    high: 86_400,
    fraction: true,
    help: 'write the store at most every S seconds, in the layout for memory cards (60 in the edge file); heads are told once they are saved',
  },
  'allow-weak': { kind: 'switch', help: "accept committees smaller than the chain's f and F" },
} as const satisfies Record<string, Flag>

export interface NamedKey {
  readonly name: string
  readonly secretKey: Uint8Array
}

export interface ChainInputs {
  readonly spec: ChainSpec
  readonly checkpoint: Checkpoint | undefined
  readonly peers: readonly string[]
  readonly wallets: readonly NamedKey[]
}

/** Set by tools/build-edge.ts. */
declare const EDGE_VERSION: string | undefined

/** Of a chain spec, a checkpoint, a devnet's description. */
const TEXT_BYTES_MAX = 16 * 1024 * 1024

type Json = Readonly<Record<string, unknown>>

/** Reads what the flags name. `command` stands in usage errors. */
export async function readChainInputs(command: string, line: CommandLine): Promise<ChainInputs> {
  const devnetName = line.text('devnet')
  const specFile = line.text('spec')
  if (devnetName === undefined && specFile === undefined)
    throw new CliError(
      'usage',
      `name a chain with --spec FILE, or a devnet with --devnet; see stakecube ${command} --help`,
    )
  const devnet = devnetName === undefined ? undefined : await readDevnet(devnetName)
  const specText = specFile === undefined ? JSON.stringify(devnet!['chainSpec']) : readTextFile(specFile, 'chain spec')
  const spec = parseSpec(specText, specFile ?? devnetName!)
  const given = line.text('checkpoint') ?? (line.has('genesis') ? undefined : textOf(devnet, 'checkpoint'))
  const peers = line.texts('peer')
  return {
    spec,
    checkpoint: given === undefined ? undefined : parseCheckpointText(given, chainIdOf(await loadKernels(), spec)),
    peers: peers.length > 0 || devnet === undefined ? peers : devnetPeers(devnet, line.text('transport')),
    wallets: devnet === undefined ? [] : devnetWallets(devnet),
  }
}

export function parseSpec(text: string, source: string): ChainSpec {
  const spec = parseChainSpec(text)
  if (spec.kind === 'accepted') return spec.value
  throw new CliError('input', `${source}: ${sentence(SPEC_SENTENCES[spec.code], spec.operands)}`)
}

/** Any of the forms of light/checkpoint-text.ts, or the name of a file that holds one. */
export function parseCheckpointText(text: string, chainId: Uint8Array): Checkpoint {
  const isFile = !/^[\d{]|^stakecube:|#/.test(text) && existsSync(text)
  const parsed = parseCheckpoint(isFile ? readTextFile(text, 'checkpoint') : text, chainId)
  if (parsed.kind === 'accepted') return parsed.value
  throw new CliError('input', sentence(CHECKPOINT_TEXT_SENTENCES[parsed.code], parsed.operands))
}

export function readTextFile(path: string, what: string): string {
  return new TextDecoder().decode(readBoundedFile(path, what, TEXT_BYTES_MAX))
}

export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

// ── Devnets ──────────────────────────────────────────────────────────────────────────────────────────────────────────

async function readDevnet(name: string): Promise<Json> {
  const text = /^https?:/.test(name) ? await fetchDevnet(name) : readTextFile(devnetFile(name), 'devnet file')
  try {
    const json = JSON.parse(text) as unknown
    if (typeof json === 'object' && json !== null && !Array.isArray(json) && 'chainSpec' in json) return json as Json
  } catch {
    // Falls through to the one sentence for everything that is no devnet.json.
  }
  throw new CliError('input', `${name} does not describe a devnet: give the address that "stakecube devnet" printed`)
}

function devnetFile(name: string): string {
  if (!existsSync(name) || !statSync(name).isDirectory()) return name
  const file = join(name, 'devnet.json')
  if (existsSync(file)) return file
  throw new CliError('input', `${name} holds no devnet.json: give the http address that "stakecube devnet" printed`)
}

async function fetchDevnet(name: string): Promise<string> {
  const url = name.endsWith('.json') ? name : new URL('/devnet.json', name).href
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    if (response.ok) return await response.text()
    throw new Error(`HTTP ${response.status}`)
  } catch (error) {
    const { cause, message } = error as Error
    const reason = cause instanceof Error ? cause.message : message
    throw new CliError(
      'network',
      `cannot read ${url} (${reason}): is the devnet running? start it with stakecube devnet`,
    )
  }
}

const textOf = (json: Json | undefined, key: string): string | undefined =>
  typeof json?.[key] === 'string' ? json[key] : undefined

function devnetPeers(devnet: Json, transport: string | undefined): readonly string[] {
  const all = ['tcpPeers', 'wsPeers', 'peers'].flatMap((key) => (Array.isArray(devnet[key]) ? devnet[key] : []))
  const peers = [...new Set(all.filter((entry): entry is string => typeof entry === 'string'))]
  const isOf = (name: string) => (address: string) => transportOf(address) === name
  if (transport !== undefined) return peers.filter(isOf(transport))
  // Without a wish: TCP where the devnet names it, as the cheapest.
  const [best] = ['tcp', 'ws', 'webrtc-direct']
    .map((name) => peers.filter(isOf(name)))
    .filter(({ length }) => length > 0)
  return best ?? []
}

/** How an address reaches its peer, in a word. */
export function transportOf(address: string): string {
  if (address.includes('/p2p-circuit')) return 'relay'
  if (address.includes('/webrtc-direct')) return 'webrtc-direct'
  return /\/wss?(\/|$)/.test(address) ? 'ws' : 'tcp'
}

function devnetWallets(devnet: Json): readonly NamedKey[] {
  const wallets = Array.isArray(devnet['wallets']) ? (devnet['wallets'] as readonly Json[]) : []
  return wallets.flatMap((wallet) => {
    const secretKey = fromHex(textOf(wallet, 'secretKeyHex') ?? textOf(wallet, 'secretKey') ?? '')
    return secretKey?.length === 32 ? [{ name: textOf(wallet, 'name') ?? '', secretKey }] : []
  })
}

// ── Starting a client ────────────────────────────────────────────────────────────────────────────────────────────────

const cardStores = new WeakMap<LightClient, CardStore>()

/** What the client's store has written since it was opened, in whole pages; nothing for stores that do not count. */
export function storeMetrics(client: LightClient): readonly Metric[] {
  const written = cardStores.get(client)?.written
  if (written === undefined) return []
  return [
    {
      name: 'store_written_bytes_total',
      help: 'Bytes of pages written to the store.',
      kind: 'counter',
      value: written.bytes,
    },
    { name: 'store_writes_total', help: 'Writes to the store.', kind: 'counter', value: written.times },
  ]
}

/** What a client is made with besides, for its role among the devices (roles.ts). */
export type RoleParts = Pick<NodeNetworkOptions, 'seed' | 'lease'> & {
  /** Its peers are told later. */
  readonly peersLater?: boolean
  readonly onNetwork?: (network: Promise<Network>) => void
}

/** Opens the store and makes the client; warnings go to `warn`, one sentence each. */
export async function openClient(
  line: CommandLine,
  inputs: ChainInputs,
  warn: (text: string) => void,
  { peersLater = false, onNetwork, ...identity }: RoleParts = {},
): Promise<LightClient> {
  const { spec, checkpoint, peers } = inputs
  if (peers.length === 0 && !peersLater)
    throw new CliError('usage', 'no peer is known: give --peer ADDR, or a devnet that runs')
  for (const address of peers) checkAddress(address)
  if (isInsecure(spec.params))
    warn(
      `chain "${spec.name}" has committees of f = ${spec.params.f}, F = ${spec.params.F}: for trying out, not secure`,
    )
  const listen = line.texts('serve')
  for (const address of listen) checkListenAddress(address)
  const store = await openStore(line, spec.name.replaceAll(/[^A-Za-z0-9._-]/g, '_'), warn)
  const connect = nodeNetwork({
    webrtc: [...peers, ...listen].some((address) => transportOf(address) === 'webrtc-direct'),
    listen,
    relay: line.has('relay'),
    ...identity,
  })
  const options: LightClientOptions = {
    spec,
    peers,
    peersLater,
    store,
    network: (chainId) => {
      const network = connect(chainId)
      onNetwork?.(network)
      return network
    },
    serves: listen.length > 0,
    weakCommitteesAllowed: line.has('allow-weak'),
  }
  const client = await createLightClient(checkpoint === undefined ? options : { ...options, checkpoint })
  if ('written' in store) cardStores.set(client, store as CardStore)
  warnOnce(client, warn)
  return client
}

/** Boards have memory cards, and write to them once a minute. */
const SAVE_EVERY_S = typeof EDGE_VERSION === 'string' ? 60 : undefined

/** As the XDG base directory specification has it; a folder of its own for each chain. */
function dataFolder(chain: string): string {
  const home = process.env['XDG_DATA_HOME']
  return join(home !== undefined && isAbsolute(home) ? home : join(homedir(), '.local/share'), 'stakecube', chain)
}

async function openStore(line: CommandLine, chain: string, warn: (text: string) => void): Promise<Store> {
  const folder = line.text('store') ?? (line.has('keep') ? dataFolder(chain) : undefined)
  if (folder === undefined) return createMemoryStore()
  const everyS = line.number('save-every') ?? SAVE_EVERY_S
  const onWarning = ({ message }: { readonly message: string }) => warn(message)
  try {
    if (everyS === undefined) return await openFileStore(folder, { onWarning })
    return await openCardStore(folder, { onWarning, everyMs: 1000 * everyS })
  } catch (error) {
    if (error instanceof StoreError) throw new CliError('store', error.message, { cause: error })
    throw error
  }
}

export function checkAddress(address: string): void {
  if (!isPeerAddress(address))
    throw new CliError(
      'input',
      `"${address.slice(0, 120)}" is not a peer address: a multiaddr that ends in /p2p/<PeerId>`,
    )
}

function checkListenAddress(address: string): void {
  const kinds = ['tcp', 'udp']
  try {
    if (
      multiaddr(address)
        .getComponents()
        .some(({ name }) => kinds.includes(name))
    )
      return
  } catch {
    // Falls through to the one sentence for everything that is no address to listen on.
  }
  throw new CliError(
    'input',
    `"${address.slice(0, 120)}" is not an address to listen on: a multiaddr such as /ip4/0.0.0.0/tcp/4005 or /ip4/0.0.0.0/tcp/4006/ws`,
  )
}

/** Nothing but a mended address helps: a client that tried it for ever would only say so again and again. */
function isPeerAddress(address: string): boolean {
  try {
    const last = multiaddr(address).getComponents().at(-1)
    return last?.name === 'p2p' && peerIdFromString(last.value ?? '') !== undefined
  } catch {
    return false
  }
}

/** An address that cannot be reached is named once in so long, whatever reason the next try ends with. */
const UNREACHED_AGAIN_MS = 3_600_000

/** The same again and again helps nobody. */
function warnOnce(client: LightClient, warn: (text: string) => void): void {
  const told = new Set<string>()
  const toldUnreached = new Map<string, number>()
  const isOld = (text: string): boolean => {
    if (told.has(text) || told.size > 200) return true
    told.add(text)
    return false
  }
  const isStillUnreached = (address: string): boolean => {
    const atMs = toldUnreached.get(address) ?? -Infinity
    if (performance.now() - atMs < UNREACHED_AGAIN_MS || toldUnreached.size > 200) return true
    toldUnreached.set(address, performance.now())
    return false
  }
  client.on('warning', ({ code, sentence: text, operands }) => {
    if (code === 'dial-failed') {
      if (!isStillUnreached(String(operands['address']))) warn(`${text}; it is tried again, at most 30 s apart`)
    } else if (!isOld(text)) warn(text)
  })
}

export const shortHash = (hash: Uint8Array): string => toHex(hash.subarray(0, 6))
