/** `stakecube cube`: the hypercube of the newest epoch, from a committee that was verified, as a tree or as JSON. */
import type { Committee } from '../chain/committee.ts'
import { ClientError, type LightClient } from '../client/index.ts'
import { pictureJson, pictureOf, type CubePicture, type ShardPicture } from '../cube/picture.ts'
import { asCliError } from './client-exit.ts'
import { parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CLIENT_FLAGS, openClient, readChainInputs } from './light-inputs.ts'

const TIMEOUT_MS = 30_000
/** Longest answer of a validator that is read: the largest cube is well below. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024

const DEFINITION: CommandDefinition = {
  name: 'cube',
  summary:
    'Prints the hypercube of the newest epoch: shards by label, their seats, core, spares, stake, neighbours and who sits\n' +
    'in the committee. It is what a light client has verified, or with --validator what your own node has executed.',
  flags: {
    ...CLIENT_FLAGS,
    validator: {
      kind: 'text',
      value: 'URL',
      help: 'ask your own node: the address of its metrics, such as http://127.0.0.1:9464',
    },
    members: { kind: 'switch', help: 'name the credentials in the cores of the committee too (--json always does)' },
  },
  epilogue:
    'The stake of a shard is its part of all stake by seats. A committee names the members of its own cores only.\n' +
    'example: stakecube cube --devnet http://127.0.0.1:8080',
}

export async function cubeCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const validator = line.text('validator')
  if (validator !== undefined) {
    const others = ['devnet', 'spec', 'checkpoint', 'store'].filter((flag) => line.has(flag))
    if (others.length > 0 || line.texts('peer').length > 0)
      throw usage(DEFINITION, `--validator goes alone, not with --${others[0] ?? 'peer'}`)
    print(line, await fromValidator(validator))
    return EXIT.ok
  }
  print(line, pictureOf(await verifiedCommittee(line)))
  return EXIT.ok
}

function print(line: CommandLine, picture: CubePicture): void {
  const text = line.has('json') ? JSON.stringify(pictureJson(picture)) : treeText(picture, line.has('members'))
  process.stdout.write(`${text}\n`)
}

// ── Sources ──────────────────────────────────────────────────────────────────────────────────────────────────────────

async function verifiedCommittee(line: CommandLine): Promise<Committee> {
  const inputs = await readChainInputs('cube', line)
  const warn = (text: string) => process.stderr.write(`stakecube cube: ${text}\n`)
  let client: LightClient | undefined
  try {
    client = await openClient(line, inputs, warn)
    return await caughtUp(client)
  } catch (error) {
    throw asCliError(error)
  } finally {
    await client?.close()
  }
}

/** The audited committee of the head's epoch, once the client follows. */
function caughtUp(client: LightClient): Promise<Committee> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new CliError('network', `no peer has shown the chain within ${TIMEOUT_MS / 1000} s: check the addresses`),
        ),
      TIMEOUT_MS,
    )
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      act()
    }
    const look = (): void => {
      if (client.phase === 'following' && client.committee !== undefined) settle(() => resolve(client.committee!))
    }
    client.on('phase', look)
    client.on('head', look)
    client.on('error', (error: ClientError) => settle(() => reject(error)))
    client.on('warning', ({ code, sentence }) => {
      if (code === 'trusted-stale') settle(() => reject(new CliError('undecided', sentence)))
    })
    client.start().catch((error: unknown) => settle(() => reject(error as Error)))
  })
}

async function fromValidator(address: string): Promise<CubePicture> {
  const url = urlOf(address)
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const text = await response.text()
    if (!response.ok || text.length > ANSWER_BYTES_MAX) throw new Error(`HTTP ${response.status}`)
    const json = JSON.parse(text) as CubePicture
    const shards = json.shards.map((shard) => ({
      ...{ ...shard, stake: BigInt(shard.stake), committeePlace: shard.committeePlace ?? undefined },
      members: shard.members?.map((member) => ({ ...member, stake: BigInt(member.stake) })),
    }))
    return { ...json, stake: BigInt(json.stake), shards }
  } catch (error) {
    const { cause, message } = error as Error
    const reason = cause instanceof Error ? cause.message : message
    throw new CliError('network', `cannot read ${url} (${reason}): is the node running with "monitorPort"?`)
  }
}

function urlOf(address: string): string {
  try {
    return new URL('/cube', address).href
  } catch {
    throw new CliError('input', `"${address.slice(0, 120)}" is not an address such as http://127.0.0.1:9464`)
  }
}

// ── The tree ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export function treeText(picture: CubePicture, withMembers: boolean): string {
  const { epoch, f, F, dimension, seats, stake, shards } = picture
  const size = `${3 * F + 1} committee shards of ${3 * f + 1} core seats`
  const head = `epoch ${epoch}: ${shards.length} shards, ${seats} seats, dimension ${dimension}, stake ${stake}; f = ${f}, F = ${F}: ${size}`
  // A cube that is not split is one shard, whose label is empty.
  const root = shards[0]?.label === '' ? [`(all)  ${shardText(shards[0])}`] : []
  return [head, ...root, ...branch(shards, '', '', withMembers)].join('\n')
}

/** Lines for the part of the cube below `label`; `indent` stands before each. */
function branch(shards: readonly ShardPicture[], label: string, indent: string, withMembers: boolean): string[] {
  const leaf = shards.find((shard) => shard.label === label)
  if (leaf !== undefined) return withMembers ? memberLines(leaf, indent) : []
  return ['0', '1'].flatMap((bit) => {
    const child = label + bit
    const shard = shards.find((other) => other.label === child)
    const isLast = bit === '1'
    const line = `${indent}${isLast ? '└─ ' : '├─ '}${child}${shard === undefined ? '…' : `  ${shardText(shard)}`}`
    return [line, ...branch(shards, child, `${indent}${isLast ? '   ' : '│  '}`, withMembers)]
  })
}

function shardText({ seats, core, spares, stake, committeePlace, neighbours }: ShardPicture): string {
  const place = committeePlace === undefined ? '' : `  committee ${committeePlace + 1}`
  const across = neighbours.map((labels) => labels.join('|')).join(' ')
  return `${seats} seats: core ${core}, spares ${spares}  stake ${stake}  neighbours ${across}${place}`
}

const memberLines = ({ members = [] }: ShardPicture, indent: string): string[] =>
  members.map(({ credential, stake, drawEpoch, seat }) => {
    return `${indent}· ${credential.slice(0, 16)}…  stake ${stake}  drawn in epoch ${drawEpoch}, seat ${seat}`
  })
