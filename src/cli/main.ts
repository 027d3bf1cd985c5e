#!/usr/bin/env node
/**
 * The `stakecube` command: picks the command, loads only its code, and turns whatever comes out into an exit code.
 * A person sees one sentence, never a stack trace (STAKECUBE_DEBUG=1 shows it).
 */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CliError, EXIT, EXIT_MEANINGS, type ExitName } from './exit-codes.ts'

const LINGER_MS = 3000

type Run = (argv: string[]) => Promise<number>

interface Command {
  readonly summary: string
  readonly load: () => Promise<Run>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  devnet: {
    summary: 'run a network of validators on this machine, with wallets and the web page',
    load: async () => (await import('./devnet.ts')).devnetCommand,
  },
  light: {
    summary: 'follow a network without a screen: verify every head, resume after a crash',
    load: async () => (await import('./light.ts')).lightCommand,
  },
  wallet: {
    summary: 'make a key, read a proven balance, send a payment',
    load: async () => (await import('./wallet.ts')).walletCommand,
  },
  verify: {
    summary: 'verify a proof file (.scproof) offline',
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
  chain: {
    summary: 'make and show chain specs',
    load: async () => (await import('./chain.ts')).chainCommand,
  },
  sim: {
    summary: 'run the deterministic simulator from a seed',
    load: async () => (await import('./sim.ts')).simCommand,
  },
  vectors: {
    summary: 'run a file of test vectors through the public code paths',
    load: async () => (await import('./vectors/index.ts')).vectorsCommand,
  },
}

export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(overview())
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === '--version') return printVersions(rest)
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined)
    throw new CliError('usage', `unknown command "${name}"; commands are ${Object.keys(COMMANDS).join(', ')}`)
  const run = await command.load()
  return run(rest)
}

async function printVersions(rest: readonly string[]): Promise<number> {
  const { versions } = await import('./versions.ts')
  const all = versions()
  const text = rest.includes('--json')
    ? JSON.stringify(all)
    : `stakecube ${all.package} (protocol ${all.protocol}, node store ${all.nodeStore}, light store ${all.lightStore})`
  process.stdout.write(`${text}\n`)
  return EXIT.ok
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length))
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  const codes = Object.entries(EXIT_MEANINGS).map(
    ([name, meaning]) => `  ${String(EXIT[name as ExitName]).padStart(3)}  ${meaning}`,
  )
  return [
    'usage: stakecube COMMAND [flags]        stakecube COMMAND --help        stakecube --version [--json]',
    '',
    'commands',
    ...commands,
    '',
    'exit codes',
    ...codes,
    '',
  ].join('\n')
}

/** The exit code and the sentence for whatever a command threw. */
export function explain(error: unknown): { readonly code: number; readonly sentence: string } {
  if (error instanceof CliError) return { code: EXIT[error.exit], sentence: error.message }
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  const family = FAMILIES[name]
  if (family !== undefined) return { code: EXIT[family], sentence: message }
  const first = message.split('\n', 1)[0] ?? ''
  return { code: EXIT.bug, sentence: `internal error: ${first} (run again with STAKECUBE_DEBUG=1 and report it)` }
}

/** Errors of the shell that carry a whole sentence, by name, so that their code need not be loaded. */
const FAMILIES: Readonly<Record<string, ExitName>> = { StoreError: 'store', TransportError: 'network' }

/** libp2p leaves some promises of streams and dials alone that a peer broke off: a peer must not end the program with that. */
const BROKEN_OFF =
  /^(Stream|Connection|Muxer|Muxed|Abort|Timeout|Dial|Closed|UnexpectedEOF|UnsupportedProtocol)\w*Error$/

function endWith(error: unknown): void {
  const { code, sentence } = explain(error)
  if (process.env['STAKECUBE_DEBUG'] === '1') console.error(error)
  process.stderr.write(`stakecube: ${sentence}\n`)
  process.exitCode = code
}

function watchForStrays(): void {
  process.on('unhandledRejection', (error) => {
    if (error instanceof Error && BROKEN_OFF.test(error.name)) return
    endWith(error)
    process.exit()
  })
  process.on('uncaughtException', (error) => {
    endWith(error)
    process.exit()
  })
}

async function runAsProgram(): Promise<void> {
  watchForStrays()
  // A reader that goes away (`stakecube … | head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.bug),
  )
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    endWith(error)
  }
  // Whatever a command forgot to close must not keep a finished program alive.
  setTimeout(() => process.exit(), LINGER_MS).unref()
}

/** Through a link in node_modules/.bin too. */
function isProgram(): boolean {
  const started = process.argv[1]
  return started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)
}

if (isProgram()) await runAsProgram()
