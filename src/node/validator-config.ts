/**
 * The one file that configures a validator: its options in one table, from which parsing, every error and the explained
 * example follow.
 *
 * The file is JSON in which a line that begins with `//` is a comment. Paths are relative to the file's folder. Parsing is
 * strict: an option that is unknown, repeated, missing or of another kind throws ConfigError, naming it, what was found and
 * what is allowed.
 */
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { resolve } from 'node:path'
import { fromHex } from '../base/bytes.ts'

export interface ValidatorConfig {
  /** Path of the chain spec. */
  readonly chainSpec: string
  /** Data folder of this node alone. */
  readonly data: string
  /** Path of the secret keys. */
  readonly keys: string
  readonly listen: readonly string[]
  /** Addresses to tell peers in place of those listened on; undefined: those. */
  readonly announce: readonly string[] | undefined
  readonly peers: readonly string[]
  readonly fullyConnected: boolean
  readonly connectionCountMax: number
  /** Port of metrics and health on loopback; undefined: none. */
  readonly monitorPort: number | undefined
  readonly logLevel: LogThreshold
  readonly journal: boolean
}

export const LOG_THRESHOLDS = ['debug', 'info', 'warn', 'error'] as const
export type LogThreshold = (typeof LOG_THRESHOLDS)[number]

/** The file is not what it must be; the message is one sentence. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

interface Option {
  /** As it stands in the example; undefined: the option must be given. */
  readonly byDefault?: unknown
  readonly example: unknown
  /** Lines of the explanation. */
  readonly help: readonly string[]
  /** What is allowed, to end "must be …". */
  readonly allowed: string
  isAllowed(value: unknown): boolean
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && !value.includes('\0')
const isWhole = (low: number, high: number) => (value: unknown) =>
  Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high
const isListOf = (isItem: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.length <= 256 && value.every(isItem)

function partsOf(value: unknown): readonly string[] | undefined {
  try {
    return multiaddr(value as string)
      .getComponents()
      .map(({ name }) => name)
  } catch {
    return undefined
  }
}

const isListenAddress = (value: unknown): boolean => {
  const parts = typeof value === 'string' ? partsOf(value) : undefined
  return parts !== undefined && !parts.includes('p2p') && (parts.includes('tcp') || parts.includes('webrtc-direct'))
}

function isPeerAddress(value: unknown): boolean {
  if (typeof value !== 'string' || partsOf(value)?.at(-1) !== 'p2p') return false
  try {
    return peerIdFromString(value.slice(value.lastIndexOf('/') + 1)) !== undefined
  } catch {
    return false
  }
}

const OPTIONS = {
  chainSpec: {
    example: 'chain.json',
    help: ['Path of the chain spec ("stakecube chain new" makes one). All nodes of a chain have the same file.'],
    allowed: 'a path',
    isAllowed: isText,
  },
  data: {
    example: 'data',
    help: ['Folder of the chain, the vote record and the libp2p certificate. Made if missing; one node alone uses it.'],
    allowed: 'a path',
    isAllowed: isText,
  },
  keys: {
    example: 'keys.json',
    help: [
      'Path of the secret keys ("stakecube validator --new-keys FILE" makes one): {"seed": 64 hex digits of the account',
      'and libp2p identity, "blsSecrets": [64 hex digits of each stake]}. With no blsSecrets the node only follows.',
    ],
    allowed: 'a path',
    isAllowed: isText,
  },
  listen: {
    example: ['/ip4/0.0.0.0/tcp/4100', '/ip4/0.0.0.0/tcp/4101/ws', '/ip4/0.0.0.0/udp/4100/webrtc-direct'],
    help: ['Multiaddrs to listen on: TCP for nodes, WebSocket and webrtc-direct for light clients and pages.'],
    allowed: 'a list of at most 256 multiaddrs over tcp or webrtc-direct, without /p2p',
    isAllowed: isListOf(isListenAddress),
  },
  announce: {
    byDefault: null,
    example: null,
    help: ['Multiaddrs to tell peers, when they reach this node by others than those above; null: those above.'],
    allowed: 'null or a list of at most 256 multiaddrs',
    isAllowed: (value) =>
      value === null || isListOf((item) => typeof item === 'string' && partsOf(item) !== undefined)(value),
  },
  peers: {
    example: [],
    help: [
      'Nodes to stay connected to: multiaddrs that end in /p2p/PEERID. A node that is gone is dialled again, with pauses',
      'of 0.5 to 15 s.',
    ],
    allowed: 'a list of at most 256 multiaddrs that end in /p2p/<PeerId>',
    isAllowed: isListOf(isPeerAddress),
  },
  fullyConnected: {
    byDefault: false,
    example: false,
    help: [
      'true when every validator of the chain is connected to every other: gossip then need not pass messages on.',
    ],
    allowed: 'true or false',
    isAllowed: (value) => typeof value === 'boolean',
  },
  connectionCountMax: {
    byDefault: 128,
    example: 128,
    help: ['Connections at a time; light clients count too.'],
    allowed: 'a whole number from 4 to 4096',
    isAllowed: isWhole(4, 4096),
  },
  monitorPort: {
    byDefault: null,
    example: 9464,
    help: ['Port on 127.0.0.1 of /metrics (Prometheus) and /health; 0: any free one, which is printed; null: none.'],
    allowed: 'null or a whole number from 0 to 65535',
    isAllowed: (value) => value === null || isWhole(0, 65_535)(value),
  },
  logLevel: {
    byDefault: 'info',
    example: 'info',
    help: ['What is logged: debug, info, warn or error, and what is above it.'],
    allowed: LOG_THRESHOLDS.join(', '),
    isAllowed: (value) => LOG_THRESHOLDS.includes(value as LogThreshold),
  },
  journal: {
    byDefault: false,
    example: false,
    help: [
      'Keep what this node says in the agreement, one JSON line for each vote, sum and proposal, in journal.jsonl of the',
      'data folder, for an audit of what was signed. Grows by about 2 kB a block; never read by the node.',
    ],
    allowed: 'true or false',
    isAllowed: (value) => typeof value === 'boolean',
  },
} satisfies Record<keyof ValidatorConfig, Option>

const TABLE: Readonly<Record<string, Option>> = OPTIONS

/** `text` of the file at `path`. Throws ConfigError. */
export function parseValidatorConfig(path: string, text: string): ValidatorConfig {
  const given = readJson(path, text)
  for (const name of Object.keys(given))
    if (!Object.hasOwn(TABLE, name))
      throw new ConfigError(`${path}: unknown option "${name.slice(0, 60)}"; the nearest is "${nearest(name)}"`)
  const values = Object.fromEntries(
    Object.entries(TABLE).map(([name, option]) => [name, valueOf(path, name, option, given)]),
  ) as Record<keyof ValidatorConfig, unknown>
  const pathOf = (name: keyof ValidatorConfig): string => resolve(path, '..', values[name] as string)
  return {
    ...(values as unknown as ValidatorConfig),
    ...{ chainSpec: pathOf('chainSpec'), data: pathOf('data'), keys: pathOf('keys') },
    announce: (values.announce ?? undefined) as readonly string[] | undefined,
    monitorPort: (values.monitorPort ?? undefined) as number | undefined,
  }
}

function valueOf(path: string, name: string, option: Option, given: Readonly<Record<string, unknown>>): unknown {
  if (!Object.hasOwn(given, name)) {
    if (option.byDefault !== undefined) return option.byDefault
    throw new ConfigError(`${path}: "${name}" is missing: it must be ${option.allowed}`)
  }
  const value = given[name]
  if (option.isAllowed(value)) return value
  throw new ConfigError(`${path}: "${name}" must be ${option.allowed}, got ${JSON.stringify(value).slice(0, 120)}`)
}

function readJson(path: string, text: string): Readonly<Record<string, unknown>> {
  const lines = text.split('\n').map((line) => (/^\s*\/\//.test(line) ? '' : line))
  let json: unknown
  try {
    json = JSON.parse(lines.join('\n'))
  } catch (error) {
    throw new ConfigError(`${path} is not JSON with // comment lines: ${(error as Error).message.split('\n', 1)[0]}`)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError(`${path} must hold one JSON object; "stakecube validator --example" prints one`)
  const repeated = repeatedName(lines)
  if (repeated !== undefined) throw new ConfigError(`${path}: "${repeated}" is given twice`)
  return json as Readonly<Record<string, unknown>>
}

/** JSON.parse takes the last of two; an operator meant one of them. Options hold no objects, so every name is an option. */
function repeatedName(lines: readonly string[]): string | undefined {
  const names = [...lines.join('\n').matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?/g)].flatMap(([, name, colon]) =>
    colon === undefined ? [] : [name!],
  )
  return names.find((name, index) => names.indexOf(name) !== index)
}

function nearest(name: string): string {
  const [best] = Object.keys(TABLE)
    .map((option) => ({ option, distance: distanceOf(name.toLowerCase(), option.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  return best!.option
}

/** Letters to insert, remove or change (Levenshtein); of long names the first 60 count. */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...from.slice(0, 60)].entries()) {
    const next = [i + 1]
    for (let j = 1; j <= to.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (letter === to[j - 1] ? 0 : 1)))
    row = next
  }
  return row[to.length]!
}

/** A file with every option, its explanation and its default. */
export function exampleValidatorConfig(): string {
  const entries = Object.entries(TABLE).map(([name, { help, example, byDefault }], index, all) => {
    const fallback = byDefault === undefined ? 'Must be given.' : `Default: ${JSON.stringify(byDefault)}.`
    const comment = [...help, fallback].map((line) => `  // ${line}`)
    return [...comment, `  "${name}": ${JSON.stringify(example)}${index < all.length - 1 ? ',' : ''}`].join('\n')
  })
  return `{\n${entries.join('\n\n')}\n}\n`
}

export interface ValidatorKeys {
  /** Ed25519 secret, 32 bytes. */
  readonly seed: Uint8Array
  /** BLS secrets, 32 bytes each. */
  readonly blsSecrets: readonly Uint8Array[]
}

/** `text` of the keys file at `path`. Throws ConfigError, which shows nothing of what is in it. */
export function parseValidatorKeys(path: string, text: string): ValidatorKeys {
  try {
    const json = JSON.parse(text) as { seed: unknown; blsSecrets: unknown }
    const names = Object.keys(json).sort().join()
    if (names !== 'blsSecrets,seed' || !Array.isArray(json.blsSecrets) || json.blsSecrets.length > 64)
      throw new Error('other fields')
    return { seed: secretOf(json.seed), blsSecrets: json.blsSecrets.map(secretOf) }
  } catch {
    throw new ConfigError(
      `${path} does not hold a validator's keys: {"seed": 64 hex digits, "blsSecrets": [at most 64 of 64 hex digits each]}`,
    )
  }
}

function secretOf(text: unknown): Uint8Array {
  const bytes = typeof text === 'string' ? fromHex(text) : undefined
  if (bytes?.length !== 32) throw new Error('a secret has 32 bytes')
  return bytes
}
