/**
 * Where a page's client starts from: the chain, a checkpoint, peers. From a configuration document (`/devnet.json` of a
 * devnet), from attributes, or from the page's address. Remote text, so every fault is a {@link ClientProblem} with one sentence.
 */
import type { Hash32 } from '../../src/base/brand.ts'
import { fromHex } from '../../src/base/bytes.ts'
import { sentence } from '../../src/base/sentence.ts'
import { CHECKPOINT_TEXT_SENTENCES, parseCheckpoint as parseText } from '../../src/light/checkpoint-text.ts'
import type { Checkpoint } from '../../src/verify/trust.ts'
import { ClientProblem, type Wallet } from './facts.ts'

export interface ClientConfig {
  /** JSON text of the chain spec. */
  readonly chainSpec: string
  readonly checkpoint: Checkpoint | undefined
  /** As it was given: a share names its chain, which is compared once the chain's id is known. */
  readonly checkpointText?: string | undefined
  /** Multiaddrs, tried in this order. */
  readonly peers: readonly string[]
  /** Accounts that come with a devnet, secret keys and all. */
  readonly wallets: readonly Wallet[]
  /** Multiaddrs of relays through which other pages may follow this one; with none it serves nobody. */
  readonly relays?: readonly string[]
}

/** Longest configuration or chain spec that is read. */
const CONFIG_BYTES_MAX = 8 * 1024 * 1024

/** Height and hash in any form that {@link ../../src/light/checkpoint-text.ts} reads; `chainId` refuses a share of another chain. */
export function parseCheckpoint(text: string, chainId?: Hash32): Checkpoint {
  const parsed = parseText(text, chainId)
  if (parsed.kind === 'accepted') return parsed.value
  const { code, operands } = parsed
  throw new ClientProblem('bad-checkpoint', `Wrong checkpoint: ${sentence(CHECKPOINT_TEXT_SENTENCES[code], operands)}.`)
}

/** Multiaddrs separated by white space or commas. */
export function parsePeers(text: string): string[] {
  const peers = text.split(/[\s,]+/).filter((peer) => peer !== '')
  for (const peer of peers)
    if (!/^\/.+\/p2p\/[A-Za-z0-9]+$/.test(peer))
      throw new ClientProblem('bad-peer', `A peer is a multiaddr that ends in /p2p/ and its id, not "${peer}".`)
  return peers
}

/** Text at `url`, not longer than is sensible. */
export async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { cache: 'no-store' }).catch((cause: unknown) => {
    throw new ClientProblem('config-unreachable', `${url} cannot be loaded: is the devnet running?`, { cause })
  })
  if (!response.ok) throw new ClientProblem('config-unreachable', `${url} answers ${response.status}.`)
  const text = await response.text()
  if (text.length > CONFIG_BYTES_MAX)
    throw new ClientProblem('bad-config', `${url} has ${text.length} characters, more than ${CONFIG_BYTES_MAX}.`)
  return text
}

/** Reads the document of a devnet: `{ chainSpec, checkpoint, peers, wsPeers, wallets }`. */
export function parseConfig(text: string, source: string): ClientConfig {
  const document = parseObject(text, source)
  const { chainSpec, checkpoint } = document
  const rtcPeers = stringsOf(document['peers'])
  if (chainSpec === undefined) throw new ClientProblem('bad-config', `${source} names no chainSpec.`)
  return {
    chainSpec: typeof chainSpec === 'string' ? chainSpec : JSON.stringify(chainSpec),
    checkpoint: typeof checkpoint === 'string' ? parseCheckpoint(checkpoint) : undefined,
    checkpointText: typeof checkpoint === 'string' ? checkpoint : undefined,
    peers: stringsOf(rtcPeers.length > 0 ? rtcPeers : document['wsPeers']).flatMap(parsePeers),
    wallets: Array.isArray(document['wallets']) ? document['wallets'].flatMap(parseWallet) : [],
  }
}

function parseObject(text: string, source: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new ClientProblem('bad-config', `${source} is not JSON.`, { cause })
  }
  throw new ClientProblem('bad-config', `${source} is not a JSON object.`)
}

const stringsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

function parseWallet(value: unknown): Wallet[] {
  if (typeof value !== 'object' || value === null) return []
  const { name, secretKeyHex, owner } = value as Record<string, unknown>
  const secretKey = typeof secretKeyHex === 'string' ? fromHex(secretKeyHex) : undefined
  const ownerBytes = typeof owner === 'string' ? fromHex(owner) : undefined
  if (secretKey?.length !== 32 || ownerBytes?.length !== 16) return []
  return [{ name: String(name), secretKey, owner: ownerBytes }]
}
