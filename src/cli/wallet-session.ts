/** What the commands of `stakecube wallet` share: whose account, a client that has caught up, and how they speak. */
import { fromHex } from '../base/bytes.ts'
import { accountOf, type Account, type LightClient } from '../client/index.ts'
import type { Kernels } from '../kernels/contract.ts'
import type { CommandLine } from './command-line.ts'
import { CliError } from './exit-codes.ts'
import { openClient, readTextFile, type ChainInputs } from './light-inputs.ts'

/** Until a peer has answered and the client has caught up. */
const CATCH_UP_MS = 60_000
/** A payment may be included for so many blocks. */
export const EXPIRY_HEIGHTS = 200n

export const KEY_FLAGS = {
  key: { kind: 'text', value: 'FILE', help: 'key file, from stakecube wallet new' },
  wallet: { kind: 'text', value: 'NAME', help: 'a ready-made wallet of the devnet, such as alice' },
} as const

export function print(line: CommandLine, text: string, json: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${line.has('json') ? JSON.stringify(json) : text}\n`)
}
export const warn = (text: string) => process.stderr.write(`stakecube wallet: ${text}\n`)

/** Progress belongs to people, not to whoever reads the JSON. */
export function note(line: CommandLine, text: string): void {
  if (!line.has('json')) process.stdout.write(`${text}\n`)
}

export function readKeyFile(kernels: Kernels, path: string): Account {
  let secret: unknown
  try {
    secret = (JSON.parse(readTextFile(path, 'key file')) as { secretKey?: unknown }).secretKey
  } catch (error) {
    if (error instanceof CliError) throw error
  }
  const secretKey = typeof secret === 'string' ? fromHex(secret) : undefined
  if (secretKey?.length !== 32)
    throw new CliError('input', `${path} is not a key file: make one with stakecube wallet new FILE`)
  return accountOf(kernels, secretKey)
}

/** From --key or --wallet; undefined if neither was given. */
export function findAccount(line: CommandLine, kernels: Kernels, inputs: ChainInputs | undefined): Account | undefined {
  const keyFile = line.text('key')
  const name = line.text('wallet')
  if (keyFile !== undefined && name !== undefined) throw new CliError('usage', 'give --key or --wallet, not both')
  if (keyFile !== undefined) return readKeyFile(kernels, keyFile)
  if (name === undefined) return undefined
  return accountOf(kernels, devnetWallet(inputs, name).secretKey)
}

export function devnetWallet(inputs: ChainInputs | undefined, name: string) {
  const wallets = inputs?.wallets ?? []
  const wallet = wallets.find((entry) => entry.name === name)
  if (wallet !== undefined) return wallet
  const known = wallets.map((entry) => entry.name).join(', ')
  throw new CliError(
    'input',
    `there is no wallet "${name}"; the devnet has ${known === '' ? 'none (--devnet?)' : known}`,
  )
}

/**
 * Runs `work` with a client that has caught up with a peer; closes it in any case. Ctrl-C aborts, and so does a head that turns
 * stale meanwhile: the client would answer nothing any more ([LC-1]), and the command would wait for ever.
 */
export async function withClient(
  line: CommandLine,
  inputs: ChainInputs,
  work: (client: LightClient, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController()
  const interrupt = () => stop.abort('interrupted')
  process.once('SIGINT', interrupt)
  const client = await openClient(line, inputs, warn)
  try {
    await client.start()
    await caughtUp(client, stop.signal)
    const working = work(client, stop.signal)
    return await Promise.race([working, staleness(client)]).finally(() => {
      stop.abort('over')
      working.catch(() => undefined)
    })
  } finally {
    process.off('SIGINT', interrupt)
    await client.close()
  }
}

function staleness(client: LightClient): Promise<never> {
  return new Promise((_, reject) => {
    client.on('warning', ({ code, sentence }) => {
      const advice = 'what was sent may still become final: look at the balance before you send it again'
      if (code === 'trusted-stale') reject(new CliError('undecided', `${sentence}; ${advice}`))
    })
  })
}

function caughtUp(client: LightClient, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (client.phase === 'following') return resolve()
    const timer = setTimeout(() => {
      reject(new CliError('network', `no peer brought a head within ${CATCH_UP_MS / 1000} s: check the addresses`))
    }, CATCH_UP_MS)
    const end = (settle: () => void) => {
      clearTimeout(timer)
      settle()
    }
    client.on('phase', (phase) => (phase === 'following' ? end(resolve) : undefined))
    client.on('error', (error) => (error.code === 'store-failed' ? undefined : end(() => reject(error))))
    client.on('warning', ({ code, sentence }) => {
      if (code === 'trusted-stale') end(() => reject(new CliError('undecided', sentence)))
    })
    signal.addEventListener('abort', () => end(() => reject(new CliError('interrupted', 'stopped by Ctrl-C'))))
  })
}

export function readAmount(text: string): bigint {
  if (/^[1-9]\d{0,18}$/.test(text)) return BigInt(text)
  throw new CliError('usage', `AMOUNT is a whole number of micro-units, at least 1, got "${text.slice(0, 40)}"`)
}
