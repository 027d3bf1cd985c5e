/** `stakecube light`: a light client without a screen. One line for each verified head; Ctrl-C ends it cleanly. */
import { toHex } from '../base/bytes.ts'
import {
  checkpointText,
  shareText,
  type ClientError,
  type Head,
  type LightClient,
  type Trust,
} from '../client/index.ts'
import { asCliError } from './client-exit.ts'
import { CONFIG_FLAGS, parseCommandLine, usage, type CommandDefinition, type CommandLine } from './command-line.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { CLIENT_FLAGS, openClient, readChainInputs, shortHash, storeMetrics } from './light-inputs.ts'
import { hasRole, ROLE_FLAGS } from './role-flags.ts'
import { isService, SERVICE_FLAGS } from './service-flags.ts'

/** With --once or --until-height: how long the first peer may take, and how long a peer may bring nothing that verifies. */
const FIRST_PEER_MS = 30_000
const NOTHING_NEW_MS = 90_000

const DEFINITION: CommandDefinition = {
  name: 'light',
  hasConfig: true,
  summary: 'Follows a chain and verifies every head. With --store it goes on from what it had verified.',
  flags: {
    ...CLIENT_FLAGS,
    ...SERVICE_FLAGS,
    ...CONFIG_FLAGS,
    serve: {
      kind: 'text',
      value: 'ADDR',
      help: 'let other light clients follow through this one, at a multiaddr such as /ip4/0.0.0.0/tcp/4005; may be given often',
      many: true,
    },
    ...ROLE_FLAGS,
    relay: { kind: 'switch', help: 'with --serve: also relay connections between pages' },
    once: { kind: 'switch', help: 'stop when it has caught up with a peer' },
    'until-height': { kind: 'number', value: 'H', help: 'stop at this height', low: 0, high: Number.MAX_SAFE_INTEGER },
  },
  epilogue: 'example: stakecube light --devnet http://127.0.0.1:8080 --store ./light-store',
}

export async function lightCommand(argv: string[]): Promise<number> {
  const line = parseCommandLine(DEFINITION, argv)
  if (line === undefined) return EXIT.ok
  const inputs = await readChainInputs('light', line)
  if (line.has('relay') && line.texts('serve').length === 0)
    throw usage(DEFINITION, '--relay needs --serve ADDR: a relay must be reachable')
  const isJson = line.has('json')
  const warn = (text: string) => process.stderr.write(`stakecube light: ${text}\n`)
  try {
    const show = (text: string, event: object) => print(isJson ? JSON.stringify(event) : text)
    const role = hasRole(line)
      ? await (await import('./roles.ts')).roleOf(DEFINITION, line, inputs, { show, warn })
      : undefined
    const client = await openClient(line, role?.inputs ?? inputs, warn, role?.parts)
    const refused = new Promise<never>((_, reject) => role?.begin(client, reject))
    refused.catch(() => undefined)
    if (isService(line)) {
      const { startService } = await import('./service.ts')
      const metrics = () => [...storeMetrics(client), ...(role?.metrics() ?? [])]
      const service = await startService(line, { client, note: warn, metrics })
      client.on('closed', () => void service.close())
    }
    // A run with a goal ends in the line of a head: there each one carries what is relied on.
    const hasGoal = line.has('once') || line.number('until-height') !== undefined
    const showTrust = (trust: Trust) =>
      isJson && hasGoal
        ? undefined
        : print(isJson ? JSON.stringify({ event: 'trust', ...trustJson(trust) }) : `  ${trust.sentence}`)
    if (line.texts('serve').length > 0) void showAddresses(client, isJson)
    return await follow(
      client,
      line,
      (head) => print(isJson ? headJson(head, client) : headLine(head)),
      showTrust,
      refused,
    )
  } catch (error) {
    throw asCliError(error)
  }
}

/** Where others reach this client, once it listens. */
async function showAddresses(client: LightClient, isJson: boolean): Promise<void> {
  const addresses = await client.addresses().catch(() => [])
  if (isJson) print(JSON.stringify({ event: 'serving', addresses }))
  else for (const address of addresses) print(`serving at ${address}`)
}

const print = (text: string) => process.stdout.write(`${text}\n`)

/** Runs until the goal, a failure or a signal; closes the client in any case. */
async function follow(
  client: LightClient,
  line: CommandLine,
  show: (head: Head) => void,
  showTrust: (trust: Trust) => unknown,
  refused: Promise<never>,
): Promise<number> {
  const stop = new AbortController()
  const interrupt = () => stop.abort('interrupted')
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  client.on('head', show)
  // A line for each head says how old it is; this one is for what changes besides.
  let said = ''
  client.on('trust', (trust) => {
    const now = [trust.phase, trust.freshness, trust.isWitnessed, trust.conflictCount].join()
    if (now !== said) showTrust(trust)
    said = now
  })
  const hasGoal = line.has('once') || line.number('until-height') !== undefined
  try {
    const outcome = Promise.race([ended(client, line, stop.signal, hasGoal), refused])
    await Promise.race([client.start(), outcome])
    return await outcome
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    await client.close()
  }
}

function ended(client: LightClient, line: CommandLine, signal: AbortSignal, hasGoal: boolean): Promise<number> {
  const untilHeight = line.number('until-height')
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(hasGoal ? EXIT.interrupted : EXIT.ok), { once: true })
    client.on('error', (error: ClientError) => (error.code === 'store-failed' ? warnStore(error) : reject(error)))
    client.on('warning', ({ code, sentence }) => {
      if (code === 'trusted-stale') reject(new CliError('undecided', sentence))
    })
    if (untilHeight !== undefined)
      client.on('head', ({ header }) => (header.height >= BigInt(untilHeight) ? resolve(EXIT.ok) : undefined))
    if (line.has('once')) client.on('phase', (phase) => (phase === 'following' ? resolve(EXIT.ok) : undefined))
    if (hasGoal) giveUp(client, reject)
  })
}

const warnStore = (error: ClientError) => process.stderr.write(`stakecube light: ${error.message}\n`)

/** A run with a goal ends when nobody can be reached, or when those that are bring nothing that verifies. */
function giveUp(client: LightClient, reject: (error: CliError) => void): void {
  let doubt = ''
  let isCheckpointDoubted = false
  let timer: NodeJS.Timeout | undefined
  const within = (ms: number, what: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      const exit = isCheckpointDoubted && client.head === undefined ? 'input' : 'network'
      reject(new CliError(exit, `${what} within ${ms / 1000} s: ${doubt || 'check the addresses'}`))
    }, ms)
    timer.unref()
  }
  let isReached = false
  let isFollowing = false
  const waitForMore = () => {
    if (!isReached) return
    // Who follows waits for blocks that are not made yet.
    if (isFollowing) clearTimeout(timer)
    else within(NOTHING_NEW_MS, 'no peer brought a head that verifies')
  }
  within(FIRST_PEER_MS, 'no peer could be reached')
  client.on('warning', ({ code, sentence }) => {
    // What the peers have against the checkpoint says more than that they were hung up on afterwards.
    if (isCheckpointDoubted && code !== 'checkpoint-mismatch') return
    isCheckpointDoubted ||= code === 'checkpoint-mismatch'
    doubt = sentence
  })
  client.on('peer', ({ state }) => {
    if (state !== 'connected' || isReached) return
    isReached = true
    waitForMore()
  })
  client.on('phase', (phase) => {
    isFollowing = phase === 'following'
    waitForMore()
  })
  client.on('progress', waitForMore)
  client.on('head', waitForMore)
}

function headLine(head: Head): string {
  const { header, hash, epoch, signedSeats, seats } = head
  const ageMs = head.verifiedAtMs - Number(header.timeMs)
  const origin = head.peer === undefined ? (head.cert === undefined ? '' : 'stored') : `from ${head.peer.slice(-8)}`
  const signed = head.cert === undefined ? 'genesis' : `signed by ${signedSeats} of ${seats} seats`
  const seconds = (Math.abs(ageMs) / 1000).toFixed(1)
  const age = ageMs < 0 ? `${seconds} s ahead of this clock` : `${seconds} s old`
  return `height ${header.height}  epoch ${epoch}  ${shortHash(hash)}  ${signed}  ${age}  ${origin}`
}

function headJson(head: Head, { chainId, trust }: LightClient): string {
  const { header, hash, epoch, signedSeats, seats, verifiedAtMs, peer } = head
  return JSON.stringify({
    event: 'head',
    height: Number(header.height),
    hash: toHex(hash),
    epoch,
    timeMs: Number(header.timeMs),
    txCount: header.txCount,
    signedSeats,
    seats,
    verifiedAtMs,
    source: peer ?? (head.cert === undefined ? 'genesis' : 'store'),
    checkpoint: checkpointText(head),
    share: shareText(chainId, { height: header.height, hash }),
    trust: trustJson(trust),
  })
}

function trustJson(trust: Trust): Readonly<Record<string, unknown>> {
  const { phase, freshness, height, ageMs, trustLeftMs, quietMs, weight, sentence, ...counts } = trust
  const number = (value: bigint | undefined) => (value === undefined ? null : Number(value))
  return {
    ...{ sentence, phase, freshness, height: number(height), ageMs: number(ageMs) },
    ...{ trustLeftMs: number(trustLeftMs), trustPeriodMs: Number(counts.trustPeriodMs), quietMs: number(quietMs) },
    weight: weight && { ...weight, signedStake: String(weight.signedStake), stake: String(weight.stake) },
    ...{ peers: counts.peerCount, agreeing: counts.agreeingCount, witnesses: counts.witnessCount },
    ...{
      networks: counts.networkCount,
      witnessed: counts.isWitnessed,
      local: counts.isLocal,
      conflicts: counts.conflictCount,
    },
    rejectedPeers: counts.rejectedPeerCount,
  }
}
