/**
 * A program of commands: picks the command, loads only its code, and turns whatever comes out into an exit code.
 * A person sees one sentence, never a stack trace (STAKECUBE_DEBUG=1 shows it).
 */
import { CliError, EXIT, EXIT_MEANINGS, type ExitName } from './exit-codes.ts'

const LINGER_MS = 3000

type Run = (argv: string[]) => Promise<number>

export interface Command {
  readonly summary: string
  readonly load: () => Promise<Run>
}

export type Commands = Readonly<Record<string, Command>>

export async function runCommand(commands: Commands, argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === 'help') {
    process.stdout.write(overview(commands))
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === '--version') return printVersions(rest)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined)
    throw new CliError('usage', `unknown command "${name}"; commands are ${Object.keys(commands).join(', ')}`)
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

function overview(commands: Commands): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  const codes = Object.entries(EXIT_MEANINGS).map(
    ([name, meaning]) => `  ${String(EXIT[name as ExitName]).padStart(3)}  ${meaning}`,
  )
  return [
    'usage: stakecube COMMAND [flags]        stakecube COMMAND --help        stakecube --version [--json]',
    '',
    'commands',
    ...rows,
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
  const part = /^Cannot find package '([^']+)'/.exec(message)?.[1]
  if (part !== undefined)
    return { code: EXIT.environment, sentence: `this command needs the optional package ${part}: npm install ${part}` }
  const first = message.split('\n', 1)[0] ?? ''
  return { code: EXIT.bug, sentence: `internal error: ${first} (run again with STAKECUBE_DEBUG=1 and report it)` }
}

/** Errors of the shell that carry a whole sentence, by name, so that their code need not be loaded. */
const FAMILIES: Readonly<Record<string, ExitName>> = {
  StoreError: 'store',
  TransportError: 'network',
  ConfigError: 'input',
  TrustError: 'undecided',
}

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

export async function runAsProgram(commands: Commands): Promise<void> {
  watchForStrays()
  // A reader that goes away (`stakecube … | head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.bug),
  )
  try {
    process.exitCode = await runCommand(commands, process.argv.slice(2))
  } catch (error) {
    endWith(error)
  }
  // Whatever a command forgot to close must not keep a finished program alive.
  setTimeout(() => process.exit(), LINGER_MS).unref()
}
